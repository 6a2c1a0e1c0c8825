"""What happens to a complaint beside its stages: a later date, withdrawal, another procedure."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from msgspec.structs import replace

from incidents.domain.deadlines import months_later
from incidents.domain.facts import CaseText, Event, PersonId, Recorded
from incidents.domain.first_stage import changed
from incidents.domain.parallel import ComplaintState, OtherProcedure
from incidents.domain.state import Case
from incidents.domain.table import Apply, Asking, Command, body_guard, prompting
from incidents.domain.timers import DeadlineWaived
from incidents.domain.vocabulary import DeadlineState, Due, Moment, Reason, Words

DUES: Final = (
    Due.COMPLAINT_ACKNOWLEDGEMENT,
    Due.STAGE_1,
    Due.PANEL,
    Due.PANEL_PAPERS,
    Due.PANEL_DECISION,
)
"""The deadlines of a complaint: they end with it."""

# ── commands ──────────────────────────────────────────────────────────────────────────────────────


class ExtendComplaint(Command, frozen=True, kw_only=True):
    """Give the stage at hand a later date, and tell the complainant why."""

    new_due: Moment
    reason: Reason


class WithdrawComplaint(Command, frozen=True, kw_only=True):
    """Record that the complainant has withdrawn it in writing, and his words."""

    confirmation: Words


class DivertComplaint(Command, frozen=True, kw_only=True):
    """Pass it to the procedure it belongs to: it is outside this one."""

    procedure: OtherProcedure
    reason: Reason


# ── events ────────────────────────────────────────────────────────────────────────────────────────


class ComplaintExtended(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.complaint_extended"
    complainant: PersonId | None
    due: Due
    new_due: datetime
    calendar_version: str
    reason: CaseText


class ComplaintWithdrawn(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.complaint_withdrawn"
    confirmation: CaseText


class ComplaintDiverted(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.complaint_diverted"
    complainant: PersonId | None
    procedure: OtherProcedure
    reason: CaseText


# ── guards ────────────────────────────────────────────────────────────────────────────────────────


@body_guard()
def new_date_is_later(case: Case, command: ExtendComplaint, asking: Asking) -> str | None:
    deadline = case.deadlines.get(_at_hand(case))
    if command.new_due <= asking.now or (deadline and command.new_due <= deadline.due_at):
        return "`new_due` has to lie ahead, and after the date given before."
    if command.new_due > months_later(asking.now, 12):
        return "`new_due` lies more than a year ahead: check the year."
    return None


# ── what is recorded ──────────────────────────────────────────────────────────────────────────────


def _at_hand(case: Case) -> Due:
    """What the stage at hand is waiting for."""
    first = case.complaint is None or case.complaint.state is ComplaintState.S1_ACKNOWLEDGED
    return Due.STAGE_1 if first else Due.PANEL


def complaint_extended(case: Case, command: ExtendComplaint, asking: Asking) -> Iterable[Event]:
    assert case.complaint is not None
    yield ComplaintExtended(
        complainant=case.complaint.complainant,
        due=_at_hand(case),
        new_due=command.new_due,
        calendar_version=asking.school.calendar_version(command.new_due),
        reason=command.reason,
    )


def complaint_withdrawn(case: Case, command: WithdrawComplaint, _asking: Asking) -> Iterable[Event]:
    yield ComplaintWithdrawn(confirmation=command.confirmation)
    yield from _let_go(case, command.confirmation)


def complaint_diverted(case: Case, command: DivertComplaint, _asking: Asking) -> Iterable[Event]:
    assert case.complaint is not None
    yield ComplaintDiverted(
        complainant=case.complaint.complainant,
        procedure=command.procedure,
        reason=command.reason,
    )
    yield from _let_go(case, command.reason)


def _let_go(case: Case, reason: str) -> Iterable[Event]:
    return (DeadlineWaived(due=due, reason=reason) for due in DUES if due in case.open_deadlines)


# ── what it changes ───────────────────────────────────────────────────────────────────────────────


def _extended(case: Case, event: ComplaintExtended, recorded: Recorded) -> Case:
    known = case.deadlines.get(event.due)
    if known is None:
        return prompting(case, recorded)
    later = replace(
        known,
        due_at=event.new_due,
        calendar_version=event.calendar_version,
        state=DeadlineState.OPEN,
        agreed=True,
    )
    return prompting(replace(case, deadlines={**case.deadlines, event.due: later}), recorded)


def _ended(case: Case, _event: Event, recorded: Recorded) -> Case:
    return prompting(changed(case), recorded)


APPLY: Final[dict[type[Event], Apply]] = {
    ComplaintExtended: _extended,
    ComplaintWithdrawn: _ended,
    ComplaintDiverted: _ended,
}
