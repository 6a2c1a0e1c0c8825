"""Cases as people read them: the list, and one case with what may be done to it now."""

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec
from litestar import Response
from litestar.concurrency import sync_to_thread
from litestar.params import FromPath

from incidents.api.call import Call
from incidents.api.commands import rows
from incidents.api.cursor import Cursor
from incidents.api.operations import Contract, operation, tag
from incidents.api.patience import Position, listed
from incidents.cases import NoSuchCase
from incidents.domain import case as rules
from incidents.domain.access import Sight
from incidents.domain.case import Offer
from incidents.domain.school import User
from incidents.domain.state import OPEN_DEADLINES, OPEN_LETTERS
from incidents.domain.table import Reason
from incidents.domain.vocabulary import Kind, Moderation, Moment, ReferralState, Stage
from incidents.installation import Installation
from incidents.pages import CasePage, case_page
from incidents.views import Bookmark, Filters

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
def read_case(request: Call, case_id: FromPath[UUID]) -> Response[CaseAnswer | None]:
    installation, user = request.installation, request.user
    case, much = installation.cases.seen(user, case_id)
    if request.has_version(case.version):
        return Response(None, status_code=304, headers=tag(case.version))
    page = installation.reading.page(user, case_id, installation.clock())
    actions = None
    if much is not Sight.AUDIT:
        asking = installation.cases.asking(user, case_id)
        actions = [_action(case_id, offer, much) for offer in rules.offers(case, asking)]
    return Response(
        CaseAnswer(**msgspec.structs.asdict(page), actions=actions), headers=tag(page.version)
    )


def _action(case_id: UUID, offer: Offer, much: Sight) -> Action:
    reasons = offer.reasons
    if much is not Sight.FULL and any(reason.rule == "role" for reason in reasons):
        # What else stands in the way would tell how the case stands.
        reasons = tuple(reason for reason in reasons if reason.rule == "role")
    on_case = f"/api/cases/{case_id}/{offer.command}"
    on_letter = f"/api/letters/{{letter_id}}/{offer.command.removesuffix('-letter')}"
    return Action(
        command=offer.command,
        track=offer.track,
        href=on_case if offer.command in _ON_CASES else on_letter,
        possible=not reasons,
        reasons=reasons,
    )


_ON_CASES: Final = frozenset(row.name for row in rows())

# ── the list ──────────────────────────────────────────────────────────────────────────────────────

Track = Literal["letter", "moderation", "referral"]


class CasesAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the list is narrowed to."""

    stage: Stage | None = None
    track: Track | None = None
    overdue: bool | None = None
    q: Annotated[str, msgspec.Meta(min_length=1, max_length=40)] | None = None
    cursor: Cursor | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 50
    position: Position | None = None


class CaseLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A case in a list, as far as this reader sees it."""

    case_id: UUID
    reference: str
    version: int
    sight: str
    stage: Stage
    reported_at: Moment
    updated_at: Moment | None = None
    kind: Kind | None = None
    severity: int | None = None
    lead: UUID | None = None
    moderation: Moderation | None = None
    next_due_at: Moment | None = None
    overdue: bool = False


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
async def list_cases(request: Call) -> Response[CaseList]:
    asked = request.asked(CasesAsked)
    await listed(request.installation, asked.position)
    return Response(await sync_to_thread(_list, request, asked))


def _list(request: Call, asked: CasesAsked) -> CaseList:
    installation, user, now = request.installation, request.user, request.installation.clock()
    bound = ("cases", user.school, user.id, asked.stage, asked.track, asked.overdue, asked.q)
    after = Bookmark(*request.cursors.read(asked.cursor, bound)) if asked.cursor else None
    lines: list[CaseLine] = []
    examined, more = 0, True
    while more and len(lines) < asked.limit and examined < MOST_EXAMINED:
        wanted = asked.limit - len(lines)
        found = installation.views.cases(user, _narrowed(asked), now, after, wanted)
        for case_id, _ in found:
            lines += _line(installation, user, case_id, asked, now)
        after = found[-1][1] if found else after
        examined, more = examined + len(found), len(found) == wanted
    place = (after.reported_at, after.case_id) if more and after else None
    return CaseList(cases=lines, next=request.cursors.make(place, bound) if place else None)


def _narrowed(asked: CasesAsked) -> Filters:
    """What the view may leave out: it knows more of each case than every reader may.

    Whether a case is not overdue is asked of the part of it that the reader sees.
    """
    late = asked.overdue or None
    return Filters(stage=asked.stage, track=asked.track, overdue=late, reference=asked.q)


def _line(
    installation: Installation, user: User, case_id: UUID, asked: CasesAsked, now: datetime
) -> list[CaseLine]:
    """The line, if the case itself says that this reader sees it and that the filters fit."""
    try:
        case, much = installation.cases.seen(user, case_id)
    except NoSuchCase:
        return []
    page = case_page(case, much, lambda _: None, now)
    due = [d for d in page.deadlines or () if d.state in OPEN_DEADLINES]
    overdue = any(d.overdue for d in due)
    fits = (
        asked.stage in (None, page.stage)
        and asked.overdue in (None, overdue)
        and (asked.track is None or _on_track(page, asked.track))
    )
    line = CaseLine(
        case_id=page.case_id,
        reference=page.reference,
        version=page.version,
        sight=page.sight,
        stage=page.stage,
        reported_at=page.reported_at,
        updated_at=page.updated_at,
        kind=page.kind,
        severity=page.assessment.severity if page.assessment else None,
        lead=page.lead,
        moderation=page.moderation,
        next_due_at=min((d.due_at for d in due), default=None),
        overdue=overdue,
    )
    return [line] if fits else []


def _on_track(page: CasePage, track: Track) -> bool:
    """Whether something is open on this track, as far as the page shows."""
    match track:
        case "letter":
            return any(letter.state in OPEN_LETTERS for letter in page.letters or ())
        case "moderation":
            return bool(page.on_school_account or page.actions_taken)
        case "referral":
            return any(r.state is not ReferralState.CLOSED for r in page.referrals or ())


ROUTES: Final = (list_cases, read_case)
