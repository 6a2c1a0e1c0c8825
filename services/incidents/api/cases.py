"""Cases as people read them: the list, and one case with what may be done to it now."""

import dataclasses
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

import msgspec
from litestar import MediaType, Response
from litestar.concurrency import sync_to_thread
from litestar.params import FromPath

from incidents.api.call import Call
from incidents.api.cursor import Cursor
from incidents.api.operations import Contract, operation, tag
from incidents.api.patience import Position, listed
from incidents.cases import NoSuchCase
from incidents.domain import case as rules
from incidents.domain import letters
from incidents.domain.access import Sight
from incidents.domain.case import Offer
from incidents.domain.school import User
from incidents.domain.table import Reason
from incidents.domain.vocabulary import Kind, Level, Moment, Stage
from incidents.installation import Installation
from incidents.pages import CasePage
from incidents.search import words_in, words_of
from incidents.views import Bookmark, CaseLine, Entry, Filters, Line, Reader, Track, is_reference

MOST_LETTERS: Final = 100
"""Of what is searched for."""
MOST_EXAMINED: Final = 500
"""Cases looked at for one page: what the filters leave over may be on the next."""

# ── one case ──────────────────────────────────────────────────────────────────────────────────────


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """A command: open to this user now, or every reason why not."""

    command: str
    track: str
    href: str
    possible: bool
    reasons: tuple[Reason, ...]


class CaseAnswer(CasePage, frozen=True, kw_only=True, omit_defaults=True):
    """A case as this reader may see it, with what he may do. An auditor only reads."""

    actions: list[Action] | None = None


@operation(
    "GET",
    "/api/cases/{case_id:uuid}",
    Contract(
        id="readCase",
        summary="A case as it stands, and what may be done now",
        tag="cases",
        answer=CaseAnswer,
        tagged=True,
        refuses=(304, 404),
    ),
)
async def read_case(request: Call, case_id: FromPath[UUID]) -> Response[bytes | None]:
    version, answer = await request.brief(_read, request, case_id)
    if answer is None:
        return Response(None, status_code=304, headers=tag(version))
    return Response(answer, media_type=MediaType.JSON, headers=tag(version))


def _read(request: Call, case_id: UUID) -> tuple[int, bytes | None]:
    """Return the case as JSON with its version, None in its place if the client has it already."""
    installation, user = request.installation, request.user
    case, much = installation.cases.seen(user, case_id)
    if request.has_version(case.version):
        return case.version, None
    page = installation.reading.shown(user, case, much, installation.clock())
    actions = None
    if much is not Sight.AUDIT:
        asking = installation.cases.asking(user, case_id)
        on_case = f"/api/cases/{case_id}/"
        actions = [_action(on_case, offer, much) for offer in rules.offers(case, asking)]
    answer = CaseAnswer(**{name: getattr(page, name) for name in _SHOWN}, actions=actions)
    return case.version, msgspec.json.encode(answer)


_SHOWN: Final = CasePage.__struct_fields__


def _action(on_case: str, offer: Offer, much: Sight) -> Action:
    reasons = offer.reasons
    if much is not Sight.FULL and any(reason.rule == "role" for reason in reasons):
        # What else stands in the way would tell how the case stands.
        reasons = tuple(reason for reason in reasons if reason.rule == "role")
    on_letter = _ON_LETTERS.get(offer.command)
    return Action(
        command=offer.command,
        track=offer.track,
        href=on_letter or on_case + offer.command,
        possible=not reasons,
        reasons=reasons,
    )


_ON_LETTERS: Final = {
    row.name: f"/api/letters/{{letter_id}}/{row.name.removesuffix('-letter')}"
    for row in letters.TRACK.rows
}

# ── the list ──────────────────────────────────────────────────────────────────────────────────────


class CasesAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the list is narrowed to: a filter finds a case by what you are shown of it.

    `track`: something is open on it. `person`: who has a part in the case, as a person in it or as
    a user. `due_after` and `due_before` look at the next open deadline. A time "from" or "after" is
    in, one "to" or "before" is out. `q`: the beginning of a reference, from "CW-" on, or words: a
    case is found that shows you all of them, whatever their capitals and accents.
    """

    stage: Stage | None = None
    track: Track | None = None
    overdue: bool | None = None
    due_after: Moment | None = None
    due_before: Moment | None = None
    person: UUID | None = None
    reported_from: Moment | None = None
    reported_to: Moment | None = None
    kind: Kind | None = None
    severity: Level | None = None
    q: Annotated[str, msgspec.Meta(min_length=1, max_length=MOST_LETTERS)] | None = None
    cursor: Cursor | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 50
    position: Position | None = None


class CaseList(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Newest first. Where there is a `next`, ask again with it as `cursor`."""

    cases: list[CaseLine]
    next: str | None = None


@operation(
    "GET",
    "/api/cases",
    Contract(
        id="listCases",
        summary="The cases you may see, newest first",
        tag="cases",
        answer=CaseList,
        query=(CasesAsked,),
        refuses=(404,),
    ),
)
async def list_cases(request: Call) -> Response[bytes]:
    asked = request.asked(CasesAsked)
    searched = asked.q is not None and not is_reference(asked.q)
    await listed(request.installation, asked.position, searched=searched)
    answer = await (request.brief if _is_short(asked) else sync_to_thread)(_list, request, asked)
    return Response(answer, media_type=MediaType.JSON)


def _is_short(asked: CasesAsked) -> bool:
    """Whether an index leads straight to the page.

    Other cases may have to be passed by on the way to it, and to search is to read what is found.
    """
    slow = (asked.q, asked.kind, asked.severity, asked.overdue, asked.due_after, asked.due_before)
    return not any(one is not None for one in slow)


def _list(request: Call, asked: CasesAsked) -> bytes:
    """Return the page as JSON: its lines lie ready in the views, each for its readers."""
    user, filters = request.user, _filters(asked)
    bound = ("cases", user.school, user.id, filters, asked.q)
    after = request.cursors.read(asked.cursor, bound) if asked.cursor else None
    pages = _searched if asked.q is not None and filters.reference is None else _walked
    lines: list[bytes] = []
    examined = 0
    for found, looked_at, place in pages(request, asked, filters, after):
        lines += found
        examined, after = examined + looked_at, place
        if after is None or len(lines) >= asked.limit or examined >= MOST_EXAMINED:
            break
    end = b',"next":"%b"' % request.cursors.make(after, bound).encode() if after else b""
    return b'{"cases":[%b]%b}' % (b",".join(lines), end)


Place = tuple[str, str]
Pages = Iterator[tuple[list[bytes], int, Place | None]]
"""Lines, how many cases were looked at for them, and where the list goes on if it does."""


def _walked(request: Call, asked: CasesAsked, filters: Filters, after: Place | None) -> Pages:
    """Go through what the reader sees, newest first."""
    installation, user, now = request.installation, request.user, request.installation.clock()
    place, wanted = Bookmark(*after) if after else None, asked.limit
    while wanted > 0:
        found = installation.views.cases(user, filters, now, place, wanted)
        lines = list(_now(installation, user, filters, now, found.lines))
        place = found.next
        yield lines, wanted, (place.reported_at, place.case_id) if place else None
        wanted -= len(lines)


def _searched(request: Call, asked: CasesAsked, filters: Filters, after: Place | None) -> Pages:
    """Go through what the index hits, newest first; the words themselves decide."""
    installation, user = request.installation, request.user
    words = words_of(asked.q or "")
    reader = Reader(user, filters, installation.clock())
    before, wanted = int(after[0]) if after else None, asked.limit
    while wanted > 0:
        hits = installation.search.find(user, words, before, wanted)
        lines = [
            shown.json
            for _, case_id in hits
            if (shown := _line_with(words, installation, user, reader, case_id))
        ]
        before = hits[-1][0] if len(hits) == wanted else None
        yield lines, wanted, (str(before), "") if before is not None else None
        wanted -= len(lines)


def _line_with(
    words: frozenset[str],
    installation: Installation,
    user: User,
    reader: Reader,
    case_id: UUID,
) -> Line | None:
    """The line of a case, if this reader is shown all of these words in it."""
    try:
        case, much = installation.cases.seen(user, case_id)
    except NoSuchCase:
        return None
    line = reader.line(Entry.of(case))
    if line is None or not words <= words_in(installation.reading.words_shown(user, case, much)):
        return None
    return line


def _filters(asked: CasesAsked) -> Filters:
    given = msgspec.structs.asdict(asked)
    names = (field.name for field in dataclasses.fields(Filters))
    reference = asked.q if asked.q and is_reference(asked.q) else None
    return Filters(**{name: given.get(name) for name in names} | {"reference": reference})


def _now(
    installation: Installation,
    user: User,
    filters: Filters,
    now: datetime,
    lines: Sequence[Line],
) -> Iterator[bytes]:
    """The lines as they are now: who may see a case is asked of itself where it has moved on.

    A wall holds from the moment it is up, also in a list that does not know of it yet.
    """
    versions = installation.store.versions([one.case_id for one in lines])
    moved = [UUID(one.case_id) for one in lines if versions.get(one.case_id) != one.version]
    rows = {row.stream.hex: row for row in installation.store.rows(moved)}
    reader = Reader(user, filters, now)
    for one in lines:
        if versions.get(one.case_id) == one.version:
            yield one.json
        elif case := installation.cases.decoded(rows.get(one.case_id)):
            fresh = reader.line(Entry.of(case))
            yield from [fresh.json] if fresh else []


ROUTES: Final = (list_cases, read_case)
