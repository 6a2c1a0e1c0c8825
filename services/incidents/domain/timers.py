"""Deadlines as facts: set with the moment they fall due, then met, missed or waived with a reason.

The computed `due_at` and the calendar's edition are stored; replay never asks today's calendar.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from msgspec.structs import replace

from incidents.domain.agencies import DECIDED_ON
from incidents.domain.facts import CaseText, Event, Recorded
from incidents.domain.school import School
from incidents.domain.state import OPEN_DEADLINES, Case, Deadline
from incidents.domain.table import (
    Apply,
    Asking,
    Command,
    Refuses,
    Row,
    RowOf,
    Track,
    body_guard,
    recording,
)
from incidents.domain.vocabulary import DeadlineState, Due, Reason, Relation, Role

COUNTED_BACK: Final = frozenset({Due.PANEL_PAPERS})
"""Counted back from a date that was fixed: where it falls was told to those who sit then."""

# ── commands ──────────────────────────────────────────────────────────────────────────────────────


class MissDeadline(Command, frozen=True, kw_only=True):
    """The timekeeper found that it has passed."""

    due: Due


class RecalculateDeadline(Command, frozen=True, kw_only=True):
    """The timekeeper found that the school has another edition of its calendar than it was set by.

    A closure is such an edition too.
    """

    due: Due


class WaiveDeadline(Command, frozen=True, kw_only=True):
    """Let a deadline go that makes no sense any more, and say why."""

    due: Due
    reason: Reason


# ── events ────────────────────────────────────────────────────────────────────────────────────────


class DeadlineSet(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.deadline_set"
    due: Due
    starts_at: datetime
    due_at: datetime
    calendar_version: str


class DeadlineMet(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.deadline_met"
    due: Due


class DeadlineMissed(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.deadline_missed"
    due: Due


class DeadlineRecalculated(Event, frozen=True, kw_only=True):
    """Under another edition of the calendar it falls due at another moment."""

    TOPIC = "incidents.deadline_recalculated"
    due: Due
    old_due_at: datetime
    due_at: datetime
    calendar_version: str


class DeadlineWaived(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.deadline_waived"
    due: Due
    reason: CaseText


# ── guards ────────────────────────────────────────────────────────────────────────────────────────


@body_guard(Refuses.STATE)
def deadline_has_passed(case: Case, command: MissDeadline, asking: Asking) -> str | None:
    deadline = case.deadlines.get(command.due)
    if deadline is None or deadline.due_at > asking.now:
        return "This deadline has not passed."
    return None


@body_guard(Refuses.STATE)
def calendar_moves_it(case: Case, command: RecalculateDeadline, asking: Asking) -> str | None:
    deadline = case.deadlines.get(command.due)
    if deadline is None or due_now(command.due, deadline, asking.school) == deadline.due_at:
        return "The calendar in force does not move this deadline."
    return None


@body_guard(Refuses.STATE)
def agencies_are_decided_on(_case: Case, command: WaiveDeadline, _asking: Asking) -> str | None:
    """A lead may not wave away what only the headteacher or the DSL may decide."""
    if command.due is Due.ICO:
        return "Decide whether the Information Commissioner is told (decide-ico), or rule it out."
    if command.due in DECIDED_ON:
        return f"Refer to {command.due}, or record the decision not to and why."
    return None


def due_now(due: Due, deadline: Deadline, school: School) -> datetime:
    """Return when it would be due by the edition of the calendar that is in force, in UTC."""
    edition = school.calendar.edition
    settled = deadline.agreed or due in COUNTED_BACK
    if settled or deadline.calendar_version in (edition, school.calendar_version(deadline.due_at)):
        return deadline.due_at
    return school.due(due, deadline.starts_at)


# ── what is recorded ──────────────────────────────────────────────────────────────────────────────


def settled(open_now: Iterable[Due], row: RowOf[Any, Any]) -> Iterable[DeadlineMet]:
    """The deadlines that a step meets, of those that are open."""
    return (DeadlineMet(due=due) for due in row.settles if due in open_now)


def started(
    starts: Iterable[tuple[Due, datetime]], still_open: Iterable[Due], asking: Asking
) -> Iterable[DeadlineSet]:
    """The deadlines that a step starts. One that is running already runs on."""
    running = set(still_open)
    for due, starts_at in starts:
        if due in running:
            continue
        running.add(due)
        due_at = asking.school.due(due, starts_at)
        yield DeadlineSet(
            due=due,
            starts_at=starts_at,
            due_at=due_at,
            calendar_version=asking.school.calendar_version(due_at),
        )


def _recalculated(case: Case, command: RecalculateDeadline, asking: Asking) -> Iterable[Event]:
    deadline = case.deadlines[command.due]
    due_at = due_now(command.due, deadline, asking.school)
    yield DeadlineRecalculated(
        due=command.due,
        old_due_at=deadline.due_at,
        due_at=due_at,
        calendar_version=asking.school.calendar_version(due_at),
    )


# ── what it changes ───────────────────────────────────────────────────────────────────────────────


def _set(case: Case, event: DeadlineSet, _recorded: Recorded) -> Case:
    deadline = Deadline(
        due_at=event.due_at, starts_at=event.starts_at, calendar_version=event.calendar_version
    )
    return replace(case, deadlines={**case.deadlines, event.due: deadline})


def _moved(case: Case, event: DeadlineRecalculated, _recorded: Recorded) -> Case:
    known = case.deadlines.get(event.due)
    if known is None:
        return case
    moved = replace(known, due_at=event.due_at, calendar_version=event.calendar_version)
    return replace(case, deadlines={**case.deadlines, event.due: moved})


def _to(state: DeadlineState) -> Apply:
    def apply(case: Case, event: DeadlineMet | DeadlineMissed, _recorded: Recorded) -> Case:
        known = case.deadlines.get(event.due)
        if known is None:
            return case
        return replace(case, deadlines={**case.deadlines, event.due: replace(known, state=state)})

    return apply


# ── the table ─────────────────────────────────────────────────────────────────────────────────────

TRANSITIONS = (
    Row(
        ask=MissDeadline,
        who=(Role.TIMEKEEPER,),
        at=(DeadlineState.OPEN,),
        guards=(deadline_has_passed,),
        records=(DeadlineMissed,),
        by=recording(DeadlineMissed),
        to=DeadlineState.MISSED,
    ),
    Row(
        ask=RecalculateDeadline,
        who=(Role.TIMEKEEPER,),
        at=(DeadlineState.OPEN,),
        guards=(calendar_moves_it,),
        records=(DeadlineRecalculated,),
        by=_recalculated,
    ),
    Row(
        ask=WaiveDeadline,
        who=(Role.HEADTEACHER, Relation.LEAD, Role.DSL, Role.CHAIR),
        at=(DeadlineState.OPEN, DeadlineState.MISSED),
        guards=(agencies_are_decided_on,),
        records=(DeadlineWaived,),
        by=recording(DeadlineWaived),
        to=DeadlineState.WAIVED,
    ),
)


def _states(case: Case, command: Command | None) -> frozenset[DeadlineState]:
    if isinstance(command, MissDeadline | WaiveDeadline | RecalculateDeadline):
        known = case.deadlines.get(command.due)
        return frozenset({known.state} if known else ())
    return frozenset(d.state for d in case.deadlines.values() if d.state in OPEN_DEADLINES)


APPLY: Final[dict[type[Event], Apply]] = {
    DeadlineSet: _set,
    DeadlineMet: _to(DeadlineState.MET),
    DeadlineMissed: _to(DeadlineState.MISSED),
    DeadlineWaived: _to(DeadlineState.WAIVED),
    DeadlineRecalculated: _moved,
}
TRACK = Track("deadline", _states, TRANSITIONS, APPLY)
