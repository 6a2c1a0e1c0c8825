"""The list as it would be without views: every case loaded, asked whether it is for the reader.

Slow and plain, so that one can see it is right; the views have to say the same.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec

from incidents.domain.access import Sight, opened, sight
from incidents.domain.school import User
from incidents.domain.state import OPEN_DEADLINES, Case
from incidents.pages import CasePage, case_page
from incidents.views import CaseLine, Filters
from incidents.views.lines import CLOSED, OPEN_ON


def slow_list(cases: Iterable[Case], user: User, filters: Filters, now: datetime) -> list[CaseLine]:
    """Return the lines this user is shown, newest case first."""
    newest = sorted(cases, key=lambda case: (case.reported_at, case.id.hex), reverse=True)
    return [line for case in newest if (line := slow_line(case, user, filters, now))]


def slow_line(case: Case, user: User, filters: Filters, now: datetime) -> CaseLine | None:
    much = sight(case, user)
    if much is Sight.NONE:
        return None
    shown = case_page(case, much, lambda _: None, now)
    due = [d for d in shown.deadlines or () if d.state in OPEN_DEADLINES]
    line = CaseLine(
        case_id=shown.case_id,
        reference=shown.reference,
        version=shown.version,
        sight=shown.sight,
        stage=shown.stage,
        reported_at=shown.reported_at,
        updated_at=shown.updated_at,
        kind=shown.kind,
        severity=shown.assessment.severity if shown.assessment else None,
        lead=shown.lead,
        moderation=shown.moderation,
        next_due_at=min((d.due_at for d in due), default=None),
        overdue=any(d.overdue for d in due),
    )
    return line if _fits(case, line, shown, much, user, filters) else None


def _fits(
    case: Case, line: CaseLine, shown: CasePage, much: Sight, user: User, filters: Filters
) -> bool:
    due = line.next_due_at
    asked_due = filters.due_after is not None or filters.due_before is not None
    return all(
        (
            filters.stage in (None, line.stage),
            filters.kind in (None, line.kind),
            filters.severity in (None, line.severity),
            filters.overdue in (None, line.overdue),
            line.reference.startswith(filters.reference or ""),
            filters.reported_from is None or line.reported_at >= filters.reported_from,
            filters.reported_to is None or line.reported_at < filters.reported_to,
            not asked_due or due is not None,
            due is None or filters.due_after is None or due >= filters.due_after,
            due is None or filters.due_before is None or due < filters.due_before,
            filters.person is None or filters.person in _people(shown, much, user),
            filters.track is None or _is_on(case, filters.track, shown, much, user),
        )
    )


def _people(shown: CasePage, much: Sight, user: User) -> set[UUID]:
    people = shown.people or ()
    named: list[UUID | None] = [*(p.person for p in people), *(p.user for p in people)]
    own = user.id if much is Sight.STATUS else None
    return {one for one in (*named, shown.reporter, shown.lead, own) if one}


def _is_on(case: Case, track: str, shown: CasePage, much: Sight, user: User) -> bool:
    """Whether something is open there that the reader's page or sight tells him of."""
    if track in CLOSED and CLOSED[track] not in opened(case, user):  # type: ignore[index]
        return False
    if much is Sight.MODERATION:
        letters = {x.letter for x in case.open_letters} & {x.letter for x in shown.letters or ()}
        return bool(letters) if track == "letter" else track == "moderation" and _open(case, track)
    told = much in (Sight.FULL, Sight.AUDIT) or (much is Sight.PAPERS and track == "complaint")
    return told and _open(case, track)


def _open(case: Case, track: str) -> bool:
    return OPEN_ON[track](case)  # type: ignore[index]  # of the tracks that can be asked for


def read(line: bytes) -> CaseLine:
    return msgspec.json.decode(line, type=CaseLine)
