"""Remedies: what a member of staff is asked to put right, by when, and that it was.

He is told the clause, what to do, the date and what support there is (policy rows 8, 30 and 33).
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

import msgspec
from msgspec.structs import replace

from incidents.domain.facts import CaseText, Event, PersonId, Recorded, SealedUnder, Text
from incidents.domain.internal import NOT_A_YEAR_AHEAD, lies_ahead, may_be_written_to
from incidents.domain.state import Case, Remedy
from incidents.domain.table import (
    Apply,
    Asking,
    Command,
    body_guard,
    guard,
    prompting,
    recording,
)
from incidents.domain.vocabulary import (
    ClauseRef,
    Due,
    Moment,
    PersonRole,
    RemedyKind,
    Route,
    Words,
)

# ── commands ──────────────────────────────────────────────────────────────────────────────────────


class RequireRemedy(Command, frozen=True, kw_only=True):
    """Ask a member of staff to put something right, with the clauses, a date and the support.

    For somebody else's work: permission, credit, or removal (policy row 33).
    """

    person: PersonId
    clauses: Annotated[tuple[ClauseRef, ...], msgspec.Meta(min_length=1, max_length=10)]
    correction: Words
    correct_by: Moment
    support: Words | None = None
    kind: RemedyKind = RemedyKind.CORRECT


class RecordRemedyMet(Command, frozen=True, kw_only=True):
    """Record that what was asked for has been put right, and how that was seen."""

    remedy: UUID
    seen: Words


# ── events ────────────────────────────────────────────────────────────────────────────────────────


class RemedyRequired(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.remedy_required"
    remedy: UUID
    person: PersonId
    clauses: tuple[str, ...]
    correct_by: datetime
    correction: CaseText
    support: Annotated[Text | None, SealedUnder()] = None
    kind: RemedyKind = RemedyKind.CORRECT


class RemedyMet(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.remedy_met"
    remedy: UUID
    seen: CaseText


# ── guards ────────────────────────────────────────────────────────────────────────────────────────


@guard
def route_is_staff(case: Case, _command: Command | None, _asking: Asking) -> str | None:
    if case.route in (Route.STAFF_CONDUCT, Route.COLLEAGUE, Route.LOW_LEVEL):
        return None
    return "Only on the routes for staff."


@body_guard()
def staff_may_be_written_to(case: Case, command: RequireRemedy, _asking: Asking) -> str | None:
    return may_be_written_to(case, command.person, {PersonRole.STAFF, PersonRole.HEADTEACHER})


@body_guard()
def date_lies_ahead(_case: Case, command: RequireRemedy, asking: Asking) -> str | None:
    return None if lies_ahead(command.correct_by, asking) else NOT_A_YEAR_AHEAD


@body_guard()
def remedy_is_open(case: Case, command: RecordRemedyMet, _asking: Asking) -> str | None:
    remedy = case.remedies.get(command.remedy)
    if remedy is None or remedy.met:
        return "There is no open remedy with this id in the case."
    return None


@body_guard()
def remedy_clauses_are_in_the_policy(
    _case: Case, command: RequireRemedy, asking: Asking
) -> str | None:
    unknown = [ref for ref in command.clauses if ref not in asking.school.clauses]
    return f"The policy in force has no clause {', '.join(unknown)}." if unknown else None


# ── what is recorded ──────────────────────────────────────────────────────────────────────────────


def remedy_required(_case: Case, command: RequireRemedy, asking: Asking) -> Iterable[Event]:
    yield RemedyRequired(
        remedy=asking.new_id("remedy"),
        person=command.person,
        clauses=command.clauses,
        correct_by=command.correct_by,
        correction=command.correction,
        support=command.support,
        kind=command.kind,
    )


remedy_met = recording(RemedyMet)

# ── deadlines ─────────────────────────────────────────────────────────────────────────────────────


def remedy_deadline(
    _case: Case, command: RequireRemedy, asking: Asking
) -> Iterable[tuple[Due, datetime]]:
    """Due at the end of the day that the letter names, whatever the clock says."""
    yield Due.REMEDY, asking.school.morning_of(command.correct_by)


def next_remedy_deadline(
    case: Case, command: RecordRemedyMet, asking: Asking
) -> Iterable[tuple[Due, datetime]]:
    """What is still to be put right has a deadline of its own once the first is met."""
    others = (r for r in case.remedies.values() if r.remedy != command.remedy)
    left = [remedy.correct_by for remedy in others if not remedy.met]
    if left:
        yield Due.REMEDY, asking.school.morning_of(min(left))


# ── what it changes ───────────────────────────────────────────────────────────────────────────────


def _remedy_required(case: Case, event: RemedyRequired, recorded: Recorded) -> Case:
    remedy = Remedy(
        remedy=event.remedy,
        person=event.person,
        clauses=event.clauses,
        correct_by=event.correct_by,
        correction=event.correction,
        support=event.support,
        kind=event.kind,
    )
    return prompting(replace(case, remedies={**case.remedies, event.remedy: remedy}), recorded)


def _remedy_met(case: Case, event: RemedyMet, _recorded: Recorded) -> Case:
    if event.remedy not in case.remedies:
        return case
    remedy = replace(case.remedies[event.remedy], met=True)
    return replace(case, remedies={**case.remedies, event.remedy: remedy})


APPLY: Final[dict[type[Event], Apply]] = {
    RemedyRequired: _remedy_required,
    RemedyMet: _remedy_met,
}
