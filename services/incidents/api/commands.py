"""One route per command, read off the tables of the tracks: the row is the route."""

from collections.abc import Iterator
from inspect import cleandoc
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Response
from litestar.concurrency import sync_to_thread
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from incidents.api.call import Call
from incidents.api.operations import Contract, operation, placed, tag
from incidents.api.sizes import MAX_BODY, MAX_EVIDENCE_BODY
from incidents.cases import Done
from incidents.domain import letters
from incidents.domain.case import ROWS
from incidents.domain.glass import BREAKERS, BreakGlass, may_break
from incidents.domain.moderation import CaptureEvidence
from incidents.domain.table import Row
from incidents.store import Receipt


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """One event by its version in the case and its name."""

    version: int
    event: str


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """What a command has recorded, and the version to name in the next one."""

    events: list[Happened]
    version: int
    receipt: tuple[Receipt, ...]


def recorded(done: Done) -> Response[Recorded]:
    """Return what a command has recorded as its answer."""
    events = [Happened(version=one.version, event=one.event.TOPIC) for one in done.events]
    answer = Recorded(events=events, version=done.case.version, receipt=done.receipt)
    return Response(answer, headers=tag(answer.version) | placed(done.receipt))


def rows() -> Iterator[Row[Any]]:
    """The rows that people ask for on a case. Letters have addresses of their own."""
    for track, row in ROWS.values():
        if track is not letters.TRACK and row.for_people:
            yield row


def _route(row: Row[Any]) -> HTTPRouteHandler:
    summary, _, more = cleandoc(row.ask.__doc__ or "").partition("\n")
    who, at = ", ".join(row.who), ", ".join(row.at)
    contract = Contract(
        id=row.ask.__name__[0].lower() + row.ask.__name__[1:],
        summary=summary,
        description=f"{more}\n\nAsked by: {who}. Possible at: {at}.".strip(),
        tag="commands",
        answer=Recorded,
        body=row.ask,
        max_body=MAX_EVIDENCE_BODY if row.ask is CaptureEvidence else MAX_BODY,
        versioned=True,
        repeatable=True,
        tagged=True,
        refuses=(403, 404, 409),
    )

    async def ask(request: Call, case_id: FromPath[UUID]) -> Response[Recorded]:
        # Nothing is taken, or judged, from anybody for whom there is no such case or who may not
        # ask this on it.
        cases, user = request.installation.cases, request.user
        key_given = request.one_header("idempotency-key")
        await request.brief(cases.entitled, user, case_id, row.ask, key_given)
        body = await request.body()
        version = request.if_match()
        # A file may be large, and reading it takes its time.
        read = sync_to_thread if len(body) > MAX_BODY else request.brief
        command = await read(request.read, body, row.ask)
        key = request.key(command)
        return recorded(await cases.asked(user, case_id, command, version=version, key=key))

    return operation("POST", f"/api/cases/{{case_id:uuid}}/{row.name}", contract)(ask)


@operation(
    "POST",
    "/api/cases/{case_id:uuid}/break-glass",
    Contract(
        id="breakGlass",
        summary="Read a case that is not yours to see, in an emergency",
        description=(
            "For half an hour, reading only. The reason is kept with the case, and the headteacher "
            f"or the chair is told. Asked by: {', '.join(BREAKERS)}."
        ),
        tag="commands",
        answer=Recorded,
        body=BreakGlass,
        repeatable=True,
        tagged=True,
        refuses=(403, 404, 409),
    ),
)
async def break_glass(request: Call, case_id: FromPath[UUID]) -> Response[Recorded]:
    # Who may is asked first: it says nothing of whether there is such a case.
    may_break(request.user)
    command = request.read(await request.body(), BreakGlass)
    cases, key = request.installation.cases, request.key(command)
    return recorded(await cases.broken(request.user, case_id, command, key))


ROUTES: Final = (*(_route(row) for row in rows()), break_glass)
