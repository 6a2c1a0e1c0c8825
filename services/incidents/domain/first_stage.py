"""The first stage of a complaint: received, acknowledged, looked into, decided by the headteacher.

The headteacher may have somebody look into it, but decides himself; where he is concerned, the
chair of governors takes his place. The school's own procedure sets the numbers.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Final

from msgspec.structs import replace

from incidents.domain.access import colleagues
from incidents.domain.deadlines import ONE_DAY, months_later
from incidents.domain.facts import CaseText, Event, PersonId, Recorded, SealedUnder, Text, UserId
from incidents.domain.parallel import Complaint, ComplaintFinding, ComplaintState
from incidents.domain.school import School
from incidents.domain.state import Case
from incidents.domain.table import Apply, Asking, Command, body_guard, guard, prompting, recording
from incidents.domain.vocabulary import Due, Moment, Rationale, Reason, Role, Stage, Words

# ── commands ──────────────────────────────────────────────────────────────────────────────────────


class ReferToComplaints(Command, frozen=True, kw_only=True):
    """Tell a person in the case of the complaints procedure: the school's own talk has ended."""

    person: PersonId
    reason: Reason


class ReceiveComplaint(Command, frozen=True, kw_only=True):
    """Record a formal complaint, however it was made.

    `happened_at` is when what it is about happened; more than three months ago needs the reason for
    the exception. Without `complainant` it is anonymous: the headteacher or the chair says why it
    is looked into all the same.
    """

    HAPPENED = "received_at"
    received_at: Moment
    happened_at: Moment
    issues: Words
    outcome_wanted: Words
    complainant: PersonId | None = None
    about_headteacher: bool = False
    late_because: Reason | None = None
    anonymous_but_because: Reason | None = None


class AcknowledgeComplaint(Command, frozen=True, kw_only=True):
    """Tell the complainant that it was received, what is understood, and by when he hears more."""

    understood: Words | None = None


class DelegateInvestigation(Command, frozen=True, kw_only=True):
    """Have a colleague look into it. The decision is not his."""

    investigator: UserId


class RecordInvestigation(Command, frozen=True, kw_only=True):
    """Record what was looked at, who was asked and what was found."""

    found: Words


class DecideStage1(Command, frozen=True, kw_only=True):
    """Decide the complaint, with reasons, and what is put right."""

    finding: ComplaintFinding
    investigated: Words
    reasons: Rationale
    remedies: Words | None = None


# ── events ────────────────────────────────────────────────────────────────────────────────────────


class ComplaintReferralMade(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.complaint_referral_made"
    person: PersonId
    reason: CaseText


class ComplaintReceived(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.complaint_received"
    received_at: datetime
    happened_at: datetime
    complainant: PersonId | None
    about_headteacher: bool
    issues: CaseText
    outcome_wanted: CaseText
    late_because: Annotated[Text | None, SealedUnder()] = None
    anonymous_but_because: Annotated[Text | None, SealedUnder()] = None


class ComplaintAcknowledged(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.complaint_acknowledged"
    complainant: PersonId | None
    understood: Annotated[Text | None, SealedUnder()] = None


class InvestigationDelegated(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.investigation_delegated"
    investigator: UserId


class InvestigationRecorded(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.investigation_recorded"
    found: CaseText


class Stage1Decided(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.stage1_decided"
    complainant: PersonId | None
    finding: ComplaintFinding
    investigated: CaseText
    reasons: CaseText
    remedies: Annotated[Text | None, SealedUnder()] = None
    stage_2_by: datetime


# ── guards ────────────────────────────────────────────────────────────────────────────────────────


@guard
def is_handled_inside(case: Case, _command: Command | None, _asking: Asking) -> str | None:
    """The procedure comes after the school's own talk, if necessary (policy row 46)."""
    if case.stage in (Stage.INTERNAL, Stage.RESOLVED):
        return None
    return "First the school handles it itself: refer to the procedure where that has not helped."


@body_guard()
def person_can_be_written_to(case: Case, command: ReferToComplaints, _asking: Asking) -> str | None:
    person = case.people.get(command.person)
    if person is None:
        return "`person` is not in the case: bring him in with identify-person."
    if person.name is None or person.basis is None or not (person.email or person.address):
        return "Record the person's name, address and the basis for writing first."
    return None


@body_guard()
def complaint_times_are_in_order(
    _case: Case, command: ReceiveComplaint, asking: Asking
) -> str | None:
    if command.received_at > asking.now:
        return "`received_at` lies in the future."
    if command.happened_at > command.received_at:
        return "`happened_at` lies after the complaint was received: check the dates."
    return None


@body_guard()
def complaint_is_in_time(_case: Case, command: ReceiveComplaint, asking: Asking) -> str | None:
    """Within three months, or an exception with its reason."""
    months = asking.school.limits.complaint_months
    if command.late_because is not None:
        return None
    if command.received_at > months_later(command.happened_at, months):
        return (
            f"It happened more than {months} months before: give `late_because` for an exception."
        )
    return None


@body_guard()
def complainant_is_known_or_accepted(
    case: Case, command: ReceiveComplaint, asking: Asking
) -> str | None:
    """An anonymous complaint is not looked into unless the headteacher or the chair decides so."""
    if command.complainant is not None:
        if command.complainant in case.people:
            return None
        return "`complainant` is not in the case: bring him in with identify-person."
    decides = asking.user.roles & {Role.HEADTEACHER, Role.CHAIR}
    if command.anonymous_but_because is None or not decides:
        return "An anonymous complaint is taken up only by the headteacher or chair, with a reason."
    return None


@body_guard()
def investigator_is_free_to_look(
    case: Case, command: DelegateInvestigation, asking: Asking
) -> str | None:
    if command.investigator == asking.user.id:
        return "You need not name yourself: record what you found with record-investigation."
    if command.investigator not in {one.id for one in colleagues(case, asking.school)}:
        return "`investigator` has to be a colleague at this school who is not concerned himself."
    return None


@guard
def investigation_is_on_record(case: Case, _command: Command | None, _asking: Asking) -> str | None:
    if case.complaint is None or not case.complaint.investigated:
        return "Nothing is recorded of what was looked into yet (record-investigation)."
    return None


@guard
def decider_was_no_delegate(case: Case, _command: Command | None, asking: Asking) -> str | None:
    """The investigation may be delegated, the decision not, whatever role the delegate has."""
    if case.complaint is not None and asking.user.id == case.complaint.investigator:
        return "You looked into it for somebody else, so it is not yours to decide."
    return None


# ── what is recorded ──────────────────────────────────────────────────────────────────────────────

complaint_referral_made = recording(ComplaintReferralMade)
complaint_received = recording(ComplaintReceived)
investigation_delegated = recording(InvestigationDelegated)
investigation_recorded = recording(InvestigationRecorded)


def complaint_acknowledged(
    case: Case, command: AcknowledgeComplaint, _asking: Asking
) -> Iterable[Event]:
    assert case.complaint is not None
    yield ComplaintAcknowledged(
        complainant=case.complaint.complainant, understood=command.understood
    )


def stage_1_decided(case: Case, command: DecideStage1, asking: Asking) -> Iterable[Event]:
    assert case.complaint is not None
    yield Stage1Decided(
        complainant=case.complaint.complainant,
        finding=command.finding,
        investigated=command.investigated,
        reasons=command.reasons,
        remedies=command.remedies,
        stage_2_by=asking.school.due(Due.STAGE_2_REQUEST, asking.now),
    )


# ── deadlines ─────────────────────────────────────────────────────────────────────────────────────


def first_stage_deadlines(
    _case: Case, command: ReceiveComplaint, asking: Asking
) -> Sequence[tuple[Due, datetime]]:
    start = counted_from(command.received_at, asking.school)
    return ((Due.COMPLAINT_ACKNOWLEDGEMENT, start), (Due.STAGE_1, start))


def counted_from(received_at: datetime, school: School) -> datetime:
    """Return when a complaint counts as received: out of term, on the first school day after."""
    calendar = school.calendar
    day = calendar.local(received_at).date()
    if day not in calendar.known or any(day in term for term in calendar.terms):
        return received_at
    while not calendar.is_school_day(day):
        day += ONE_DAY
    return calendar.opening(day)


# ── what it changes ───────────────────────────────────────────────────────────────────────────────


def changed(case: Case, **changes: object) -> Case:
    """The case with so much of its complaint changed."""
    complaint = case.complaint or Complaint(state=ComplaintState.NONE)
    return replace(case, complaint=replace(complaint, **changes))


def _referred(case: Case, _event: ComplaintReferralMade, recorded: Recorded) -> Case:
    return prompting(changed(case), recorded)


def _received(case: Case, event: ComplaintReceived, _recorded: Recorded) -> Case:
    return changed(
        case,
        complainant=event.complainant,
        about_headteacher=event.about_headteacher,
        received_at=event.received_at,
        issues=event.issues,
        outcome_wanted=event.outcome_wanted,
    )


def _acknowledged(case: Case, _event: ComplaintAcknowledged, recorded: Recorded) -> Case:
    return prompting(changed(case), recorded)


def _delegated(case: Case, event: InvestigationDelegated, _recorded: Recorded) -> Case:
    return changed(case, investigator=event.investigator)


def _investigated(case: Case, _event: InvestigationRecorded, _recorded: Recorded) -> Case:
    return changed(case, investigated=True)


def _decided(case: Case, event: Stage1Decided, recorded: Recorded) -> Case:
    decided = changed(
        case,
        decided_by=recorded.actor.user,
        finding=event.finding,
        reasons=event.reasons,
        remedies=event.remedies,
        stage_2_by=event.stage_2_by,
    )
    return prompting(decided, recorded)


APPLY: Final[dict[type[Event], Apply]] = {
    ComplaintReferralMade: _referred,
    ComplaintReceived: _received,
    ComplaintAcknowledged: _acknowledged,
    InvestigationDelegated: _delegated,
    InvestigationRecorded: _investigated,
    Stage1Decided: _decided,
}
