"""Figures for governors, and the ledger of what was decided not to be done."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Response

from incidents.api.call import Call
from incidents.api.cursor import Cursor
from incidents.api.operations import Contract, operation
from incidents.api.problems import Kind, Problem
from incidents.cases import NoSuchCase
from incidents.domain.access import Sight
from incidents.domain.assessment import DecisionNotToRefer
from incidents.domain.facts import Sealed
from incidents.domain.school import User
from incidents.domain.table import Reason
from incidents.domain.timers import DeadlineWaived
from incidents.domain.vocabulary import Moment, Role
from incidents.installation import Installation
from incidents.statistics import Decided, Decision, Period, Termly

_ANSWERABLE: Final = (Role.CHAIR, Role.VICE_CHAIR, Role.SLT, Role.HEADTEACHER, Role.DSL)
READERS: Final = frozenset({*_ANSWERABLE, Role.GOVERNOR, Role.AUDITOR})
EARLY: Final = frozenset({Role.HEADTEACHER})
"""Who is told of a term that is not over: whoever compared two days would learn of single cases."""
LEDGER: Final = frozenset({*_ANSWERABLE, Role.DPO, Role.AUDITOR})
MOST_EXAMINED: Final = 500
"""Decisions looked at for one page: those in cases the reader does not see are left out."""

TermName = Annotated[str, msgspec.Meta(pattern=r"^20[0-9]{2}-(autumn|spring|summer)$")]


class StatisticsAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of which term: `2026-autumn`. Autumn is September to December, spring to March."""

    term: TermName


class DecisionsAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which part of the ledger."""

    cursor: Cursor | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 50


class DecisionLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A decision not to do something. Its reason is told to those who read the case's words."""

    case_id: UUID
    reference: str
    version: int
    decision: Decision
    of: str | None = None
    """Which agency, or which deadline."""
    decided_at: Moment
    role: Role
    reason_given: bool
    reason: str | None = None


class DecisionsNotToAct(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Newest first. Where there is a `next`, ask again with it as `cursor`."""

    decisions: list[DecisionLine]
    next: str | None = None


@operation(
    "GET",
    "/api/statistics",
    Contract(
        id="readStatistics",
        summary="The figures of one term; small numbers are suppressed",
        description=(
            "Numbers from 1 to 4 are not told, nor what they could be worked out from: they are "
            "null, or their table is withheld. Every figure is about cases that exist for you. A "
            f"term is told once it is over; before that only to: {', '.join(sorted(EARLY))}."
        ),
        tag="school",
        answer=Termly,
        query=(StatisticsAsked,),
        refuses=(403, 409),
    ),
)
def read_statistics(request: Call) -> Response[Termly]:
    asked, installation, user = request.asked(StatisticsAsked), request.installation, request.user
    _refuse_others(user, READERS)
    period = Period.named(asked.term)
    today = installation.schools[user.school].calendar.local(installation.clock()).date()
    if today < period.after and not user.roles & EARLY:
        raise Problem(
            Kind.NOT_IN_THIS_STATE,
            f"The figures of this term are told from {period.after} on, once it is over.",
        )
    installation.statistics.catch_up(installation.store)
    return Response(installation.statistics.termly(user, period))


@operation(
    "GET",
    "/api/decisions-not-to-act",
    Contract(
        id="listDecisionsNotToAct",
        summary="What was decided not to be done, in the cases you may see",
        tag="school",
        answer=DecisionsNotToAct,
        query=(DecisionsAsked,),
        refuses=(403, 404),
    ),
)
def list_decisions(request: Call) -> Response[DecisionsNotToAct]:
    asked, installation, user = request.asked(DecisionsAsked), request.installation, request.user
    _refuse_others(user, LEDGER)
    installation.statistics.catch_up(installation.store)
    bound = ("decisions-not-to-act", user.school, user.id)
    after = _after(request.cursors.read(asked.cursor, bound)) if asked.cursor else None
    lines: list[DecisionLine] = []
    examined, more = 0, True
    while more and len(lines) < asked.limit and examined < MOST_EXAMINED:
        wanted = asked.limit - len(lines)
        found = installation.statistics.decided(user, after, wanted)
        lines += _lines(installation, user, found)
        after = found[-1].place if found else after
        examined, more = examined + len(found), len(found) == wanted
    end = None
    if more and after:
        end = request.cursors.make((after[0], f"{after[1]} {after[2]}"), bound)
    return Response(DecisionsNotToAct(decisions=lines, next=end))


def _after(place: tuple[str, str]) -> tuple[str, str, int]:
    """Where a page ended: a cursor holds two texts."""
    case_id, _, version = place[1].partition(" ")
    return place[0], case_id, int(version)


def _lines(installation: Installation, user: User, found: list[Decided]) -> Iterator[DecisionLine]:
    for decided in found:
        try:
            case, much = installation.cases.seen(user, decided.case_id)
        except NoSuchCase:
            continue
        if much < Sight.AUDIT or much is Sight.MODERATION:
            continue
        recorded = installation.store.history(case.id, decided.version)[-1]
        event: Any = recorded.event
        reason = event.reason
        words = None
        if much is Sight.FULL and isinstance(reason, Sealed):
            words = installation.store.open(reason, school=case.school, stream=case.id)
        yield DecisionLine(
            case_id=case.id,
            reference=case.reference,
            version=decided.version,
            decision=decided.decision,
            of=_of(event),
            decided_at=datetime.fromisoformat(decided.decided_at),
            role=recorded.actor.role,
            reason_given=reason is not None,
            reason=words,
        )


def _of(event: Any) -> str | None:
    if isinstance(event, DecisionNotToRefer):
        return event.agency
    return event.due if isinstance(event, DeadlineWaived) else None


def _refuse_others(user: User, readers: frozenset[Role]) -> None:
    if not readers & user.roles:
        people = ", ".join(sorted(readers))
        raise Problem(
            Kind.NOT_ALLOWED,
            "This is told to those who answer for the school.",
            reasons=[Reason("role", f"Only for: {people}.")],
        )


ROUTES: Final = (read_statistics, list_decisions)
