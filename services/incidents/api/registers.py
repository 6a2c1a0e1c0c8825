"""The registers over HTTP: addresses read off their tables, and the question about a picture."""

from collections.abc import Iterator
from functools import cache
from inspect import cleandoc
from typing import Annotated, Any, Final, get_type_hints
from uuid import UUID

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from incidents.api.call import Call
from incidents.api.commands import Happened, Recorded
from incidents.api.cursor import Cursor
from incidents.api.operations import Contract, operation, placed, tag
from incidents.domain.access import Sight
from incidents.domain.facts import Sealed, Text
from incidents.domain.registers import REGISTERS
from incidents.domain.registers.images import CheckPublication
from incidents.domain.registers.register import Entry, Offer, Register
from incidents.domain.school import User
from incidents.domain.state import Deadline
from incidents.domain.table import Reason, RowOf
from incidents.domain.vocabulary import DeadlineState, Due, Moment, Role
from incidents.installation import Installation
from incidents.registers import Happening, Written, may_check
from incidents.store import Receipt

# ── what is shown of an entry ─────────────────────────────────────────────────────────────────────


class EntryAction(msgspec.Struct, frozen=True, kw_only=True):
    """Something that may be asked on an entry: open to this user now, or every reason why not."""

    command: str
    href: str
    possible: bool
    reasons: tuple[Reason, ...]


class EntryDeadline(msgspec.Struct, frozen=True, kw_only=True):
    """What is due on an entry, and when."""

    due: Due
    due_at: Moment
    state: DeadlineState


@cache
def page_of(register: Register[Any]) -> type[msgspec.Struct]:
    """The shape of an entry as people read it: words are texts, what is closed may be absent."""
    hints = get_type_hints(register.entry)
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = [("sight", str)]
    for field in msgspec.structs.fields(register.entry):
        kind = list[EntryDeadline] if field.name == "deadlines" else _told(hints[field.name])
        if field.name in register.closed or not field.required:
            fields.append((field.name, kind | None, None))
        else:
            fields.append((field.name, kind))
    fields.append(("actions", list[EntryAction] | None, None))
    doc = {"__doc__": register.entry.__doc__}
    return msgspec.defstruct(
        f"{register.entry.__name__}Page",
        fields,
        namespace=doc,
        frozen=True,
        kw_only=True,
        omit_defaults=True,
    )


def _told(hint: Any) -> Any:
    if hint == Text:
        return str
    return str | None if hint == Text | None else hint


@cache
def list_of(register: Register[Any]) -> type[msgspec.Struct]:
    """The shape of a page of a register."""
    doc = {"__doc__": "Newest first. Where there is a `next`, ask again with it as `cursor`."}
    return msgspec.defstruct(
        f"{page_of(register).__name__}s",
        [("entries", list[page_of(register)]), ("next", str | None, None)],  # type: ignore[misc]
        namespace=doc,
        frozen=True,
        kw_only=True,
        omit_defaults=True,
    )


def _page(
    installation: Installation, user: User, register: Register[Any], entry: Entry, much: Sight
) -> Any:
    words = installation.registers.words(entry, much)
    told: dict[str, Any] = {"sight": much.name.lower()}
    for name in entry.__struct_fields__:
        value = getattr(entry, name)
        if name == "deadlines":
            told[name] = [_deadline(due, deadline) for due, deadline in value.items()] or None
        elif register.shows(name, entry, user):
            told[name] = words(value) if isinstance(value, Sealed) else value
    return page_of(register)(**told)


def _deadline(due: Due, deadline: Deadline) -> EntryDeadline:
    return EntryDeadline(due=due, due_at=deadline.due_at, state=deadline.state)


def _action(register: Register[Any], entry: Entry, offer: Offer) -> EntryAction:
    return EntryAction(
        command=offer.command,
        href=f"/api/{register.path}/{entry.id}/{offer.command}",
        possible=not offer.reasons,
        reasons=offer.reasons,
    )


# ── the addresses of one register ─────────────────────────────────────────────────────────────────


class EntriesAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which part of a register. `overdue`: something on it was due and has not been done."""

    overdue: bool | None = None
    cursor: Cursor | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 50


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """The new entry. The receipt proves later that each of its events was accepted."""

    id: UUID
    version: int
    receipt: tuple[Receipt, ...]


def _recorded(done: Written[Any]) -> Response[Recorded]:
    events = [Happened(version=one.version, event=one.event.TOPIC) for one in done.events]
    answer = Recorded(events=events, version=done.entry.version, receipt=done.receipt)
    return Response(answer, headers=tag(answer.version) | placed(done.receipt))


def _contract(row: RowOf[Any, Any], **more: Any) -> Contract:
    summary, _, words = cleandoc(row.ask.__doc__ or "").partition("\n")
    at = f" Possible at: {', '.join(row.at)}." if row.at else ""
    return Contract(
        id=row.ask.__name__[0].lower() + row.ask.__name__[1:],
        summary=summary,
        description=f"{words}\n\nAsked by: {', '.join(row.who)}.{at}".strip(),
        tag="registers",
        body=row.ask,
        repeatable=True,
        tagged=True,
        **more,
    )


def _begin(register: Register[Any]) -> HTTPRouteHandler:
    ask = register.begin.ask

    async def begin(request: Call) -> Response[Begun]:
        # Nothing is taken from anybody who may not ask this, whatever it says.
        registers, user = request.installation.registers, request.user
        await request.brief(registers.entitled, user, register, None, ask)
        command = request.read(await request.body(), ask)
        done = await registers.begun(user, register, command, request.key(command))
        begun = Begun(id=done.entry.id, version=done.entry.version, receipt=done.receipt)
        location = {"Location": f"/api/{register.path}/{begun.id}"}
        return Response(begun, headers=location | tag(begun.version) | placed(done.receipt))

    contract = _contract(register.begin, answer=Begun, status=201, refuses=(403, 409))
    return operation("POST", f"/api/{register.path}", contract)(begin)


def _command(register: Register[Any], row: RowOf[Any, Any]) -> HTTPRouteHandler:
    async def ask(request: Call, entry_id: FromPath[UUID]) -> Response[Recorded]:
        registers, user = request.installation.registers, request.user
        key_given = request.one_header("idempotency-key")
        await request.brief(registers.entitled, user, register, entry_id, row.ask, key_given)
        body, version = await request.body(), request.if_match()
        command = request.read(body, row.ask)
        key = request.key(command)
        return _recorded(
            await registers.asked(user, register, entry_id, command, version=version, key=key)
        )

    contract = _contract(row, answer=Recorded, versioned=True, refuses=(403, 404, 409))
    return operation("POST", f"/api/{register.path}/{{entry_id:uuid}}/{row.name}", contract)(ask)


def _read(register: Register[Any]) -> HTTPRouteHandler:
    contract = Contract(
        id=f"read{register.entry.__name__}",
        summary=f"One {register.track.name}, and what may be done now",
        tag="registers",
        answer=page_of(register),
        tagged=True,
        refuses=(304, 404),
    )

    def read(request: Call, entry_id: FromPath[UUID]) -> Response[Any]:
        installation, user = request.installation, request.user
        entry, much = installation.registers.seen(user, register, entry_id)
        if request.has_version(entry.version):
            return Response(None, status_code=304, headers=tag(entry.version))
        page = _page(installation, user, register, entry, much)
        if much is not Sight.AUDIT:
            asking = installation.cases.asking(user, entry_id)
            offers = register.offers(entry, asking)
            actions = [_action(register, entry, offer) for offer in offers]
            page = msgspec.structs.replace(page, actions=actions)
        return Response(page, headers=tag(entry.version))

    return operation("GET", f"/api/{register.path}/{{entry_id:uuid}}", contract)(read)


class EntryEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that happened to an entry: who, in which role, when, and what was said."""

    version: int
    event: str
    recorded_at: Moment
    occurred_at: Moment
    role: Role
    user: UUID | None = None
    data: dict[str, Any] = {}


class EntryHistory(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that happened to an entry, in its order."""

    entries: list[EntryEvent]


def _history(register: Register[Any]) -> HTTPRouteHandler:
    contract = Contract(
        id=f"read{register.entry.__name__}History",
        summary=f"Everything that happened to one {register.track.name}",
        tag="registers",
        answer=EntryHistory,
        refuses=(404,),
    )

    def history(request: Call, entry_id: FromPath[UUID]) -> Response[EntryHistory]:
        found = request.installation.registers.history(request.user, register, entry_id)
        return Response(EntryHistory(entries=[_event(one) for one in found]))

    return operation("GET", f"/api/{register.path}/{{entry_id:uuid}}/history", contract)(history)


def _event(one: Happening) -> EntryEvent:
    recorded = one.recorded
    return EntryEvent(
        version=recorded.version,
        event=recorded.event.TOPIC,
        recorded_at=recorded.recorded_at,
        occurred_at=recorded.occurred_at,
        role=recorded.actor.role,
        user=recorded.actor.user,
        data=msgspec.to_builtins(one.said),
    )


def _list(register: Register[Any]) -> HTTPRouteHandler:
    contract = Contract(
        id="list" + "".join(part.capitalize() for part in register.path.split("-")),
        summary=f"Every {register.track.name} you may see, newest first",
        tag="registers",
        answer=list_of(register),
        query=(EntriesAsked,),
        refuses=(403, 404),
    )

    def entries(request: Call) -> Response[Any]:
        asked, user = request.asked(EntriesAsked), request.user
        found = request.installation.registers.entries(user, register)
        if asked.overdue is not None:
            now = request.installation.clock()
            found = [one for one in found if one[0].overdue(now) is asked.overdue]
        bound = (register.path, user.school, user.id, asked.overdue)
        if asked.cursor:
            after = request.cursors.read(asked.cursor, bound)
            found = [one for one in found if _place(one[0]) < after]
        shown, more = found[: asked.limit], len(found) > asked.limit
        pages = [_page(request.installation, user, register, *one) for one in shown]
        end = request.cursors.make(_place(shown[-1][0]), bound) if more else None
        return Response(list_of(register)(entries=pages, next=end))

    return operation("GET", f"/api/{register.path}", contract)(entries)


def _place(entry: Entry) -> tuple[str, str]:
    """Where an entry stands in the list: as text it sorts as in time."""
    return entry.begun_at.isoformat(timespec="microseconds"), str(entry.id)


# ── the question about a picture ──────────────────────────────────────────────────────────────────


class PublicationAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Yes or no, for all of them together: nobody is named, and in doubt it is no."""

    may_be_published: bool


@operation(
    "POST",
    "/api/publication-check",
    Contract(
        id="checkPublication",
        summary="Whether a picture of these people may be published",
        description=(
            "Anybody's wish not to be pictured is respected. The answer is yes or no for the "
            "picture, never who; that it was asked is recorded, not about whom."
        ),
        tag="registers",
        answer=PublicationAnswer,
        body=CheckPublication,
        repeatable=True,
        refuses=(403,),
    ),
)
async def check_publication(request: Call) -> Response[PublicationAnswer]:
    may_check(request.user)
    command = request.read(await request.body(), CheckPublication)
    key = request.key(command)
    checked = await request.installation.registers.checked(request.user, command, key)
    answer = PublicationAnswer(may_be_published=checked.may_be_published)
    return Response(answer, headers=placed(checked.receipt))


def _routes() -> Iterator[HTTPRouteHandler]:
    for register in REGISTERS:
        yield _list(register)
        yield _begin(register)
        yield _read(register)
        yield _history(register)
        for row in register.track.rows:
            if row.for_people:
                yield _command(register, row)
    yield check_publication


ROUTES: Final = tuple(_routes())
