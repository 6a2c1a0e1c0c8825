"""The referral track, one per agency: sent, acknowledged, answered, closed.

Sending it places the hold: the school does not investigate until the agency has cleared it. No
referral carries media.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from msgspec.structs import replace

from incidents.domain.access import acting_role
from incidents.domain.disciplinary import paused_by_a_hold
from incidents.domain.facts import CaseText, Event, Recorded, SealedUnder, Text
from incidents.domain.state import Case, Referral
from incidents.domain.table import (
    Apply,
    Asking,
    Command,
    Refuses,
    Row,
    Track,
    Who,
    body_guard,
    guard,
    unchanged,
)
from incidents.domain.timers import DeadlineMet
from incidents.domain.vocabulary import (
    Agency,
    AgencyDecision,
    Due,
    LetterState,
    Line,
    Reason,
    ReferralMethod,
    ReferralState,
    Relation,
    Role,
    Words,
)

REFERRERS: Final[Mapping[Agency, tuple[Who, ...]]] = {
    Agency.POLICE: (Role.HEADTEACHER, Role.DSL, Relation.LEAD, Role.CHAIR),
    Agency.LADO: (Role.HEADTEACHER, Role.DSL, Role.CHAIR),
}
"""Who may refer to whom. The LADO is the headteacher's to call: SLT leads alone may not."""

REFERRAL_LETTERS: Final[Mapping[Agency, str]] = {Agency.POLICE: "L19", Agency.LADO: "L20"}
"""The letter that carries a referral."""
UNSENT: Final = frozenset({LetterState.FAILED, LetterState.WITHDRAWN})

# ── commands ──────────────────────────────────────────────────────────────────────────────────────


class MakeReferral(Command, frozen=True, kw_only=True):
    """Refer to an agency. In an emergency ring 999 first and record it here afterwards."""

    agency: Agency
    method: ReferralMethod
    reason: Reason
    urgent: bool = False
    other_children: Words | None = None
    other_work: Words | None = None


class RecordAgencyResponse(Command, frozen=True, kw_only=True):
    """Record what the agency said. `cleared` lifts the hold; `decision` closes the referral.

    The first answer carries the agency's reference number, or why there is none.
    """

    agency: Agency
    update: Words
    reference_number: Line | None = None
    no_reference_because: Reason | None = None
    cleared: bool = False
    decision: AgencyDecision | None = None


class ResumeInternal(Command, frozen=True, kw_only=True):
    """Go on inside the school once every agency has cleared it."""


# ── events ────────────────────────────────────────────────────────────────────────────────────────


class ReferralMade(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.referral_made"
    referral: UUID
    agency: Agency
    method: ReferralMethod
    urgent: bool
    reason: CaseText
    other_children: Annotated[Text | None, SealedUnder()] = None
    other_work: Annotated[Text | None, SealedUnder()] = None


class InternalHoldPlaced(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.internal_hold_placed"
    agency: Agency


class ReferralAcknowledged(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.referral_acknowledged"
    agency: Agency
    reference_number: Annotated[Text | None, SealedUnder()] = None
    no_reference_because: Annotated[Text | None, SealedUnder()] = None


class AgencyUpdateRecorded(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.agency_update_recorded"
    agency: Agency
    update: CaseText


class InternalHoldLifted(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.internal_hold_lifted"
    agency: Agency


class ReferralClosed(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.referral_closed"
    agency: Agency
    decision: AgencyDecision


class InternalHandlingResumed(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.internal_handling_resumed"


# ── guards ────────────────────────────────────────────────────────────────────────────────────────


@body_guard(Refuses.WHO)
def may_refer_to_this_agency(case: Case, command: MakeReferral, asking: Asking) -> str | None:
    if acting_role(case, asking.user, REFERRERS[command.agency]) is None:
        return f"A referral to {command.agency} is made by the headteacher or the DSL."
    return None


@body_guard(Refuses.STATE)
def not_referred_yet(case: Case, command: MakeReferral, _asking: Asking) -> str | None:
    """Once, unless the letter that carries it could not be sent."""
    letters = [x for x in case.letters.values() if x.code == REFERRAL_LETTERS[command.agency]]
    unsent = bool(letters) and all(x.state in UNSENT for x in letters)
    if command.agency in case.open_referrals and not unsent:
        return f"There is an open referral to {command.agency} already."
    return None


@body_guard(Refuses.STATE)
def there_is_something_to_refer(case: Case, command: MakeReferral, asking: Asking) -> str | None:
    """possibly_illegal, a harm question answered yes, or the headteacher's or DSL's decision."""
    suspected = case.assessment is not None and case.assessment.serious
    if suspected or asking.user.roles & {Role.DSL, Role.HEADTEACHER, Role.CHAIR}:
        return None
    return "The assessment suspects neither an offence nor harm: the headteacher or DSL decides."


@body_guard(Refuses.STATE)
def harm_test_is_on_record(case: Case, command: MakeReferral, _asking: Asking) -> str | None:
    """As long as they can be asked: once another agency has the case, the LADO is told without."""
    if command.agency is not Agency.LADO or case.open_referrals:
        return None
    if not (case.assessment and case.assessment.harm_test):
        return "The LADO asks the four harm questions: answer them in the assessment first."
    return None


@body_guard()
def first_answer_has_a_reference(
    case: Case, command: RecordAgencyResponse, _asking: Asking
) -> str | None:
    referral = case.referrals.get(command.agency)
    first = referral is not None and referral.state is ReferralState.SENT
    if first and command.reference_number is None and command.no_reference_because is None:
        return "Give `reference_number`, or `no_reference_because` where the agency gave none."
    return None


@body_guard(Refuses.STATE)
def closing_needs_clearance(
    case: Case, command: RecordAgencyResponse, _asking: Asking
) -> str | None:
    referral = case.referrals.get(command.agency)
    if command.decision is not None and referral and referral.holds and not command.cleared:
        return "A closed referral no longer holds: set `cleared`, or leave `decision` out."
    return None


@guard
def every_agency_has_cleared(case: Case, _command: Command | None, _asking: Asking) -> str | None:
    if case.holds:
        return f"{' and '.join(case.holds)} has not cleared it yet: record the response first."
    return None


# ── what is recorded ──────────────────────────────────────────────────────────────────────────────


def referral_made(case: Case, command: MakeReferral, asking: Asking) -> Iterable[Event]:
    yield ReferralMade(
        referral=asking.new_id("referral"),
        agency=command.agency,
        method=command.method,
        urgent=command.urgent,
        reason=command.reason,
        other_children=command.other_children,
        other_work=command.other_work,
    )
    yield InternalHoldPlaced(agency=command.agency)
    yield from paused_by_a_hold(case, command.reason)
    yield from agency_deadline_met(case, command.agency)


def agency_deadline_met(case: Case, agency: Agency) -> Iterable[Event]:
    """A referral, like a reasoned decision against it, meets that agency's deadline."""
    due = Due(agency.value)
    if due in case.open_deadlines:
        yield DeadlineMet(due=due)


def agency_responded(case: Case, command: RecordAgencyResponse, _asking: Asking) -> Iterable[Event]:
    agency, referral = command.agency, case.referrals[command.agency]
    if referral.state is ReferralState.SENT or command.reference_number is not None:
        yield ReferralAcknowledged(
            agency=agency,
            reference_number=command.reference_number,
            no_reference_because=command.no_reference_because,
        )
    yield AgencyUpdateRecorded(agency=agency, update=command.update)
    if command.cleared and referral.holds:
        yield InternalHoldLifted(agency=agency)
    if command.decision is not None:
        yield ReferralClosed(agency=agency, decision=command.decision)


def internal_resumed(_case: Case, _command: ResumeInternal, _asking: Asking) -> Iterable[Event]:
    yield InternalHandlingResumed()


# ── deadlines ─────────────────────────────────────────────────────────────────────────────────────


def chase_again(
    case: Case, command: RecordAgencyResponse, asking: Asking
) -> Iterable[tuple[Due, datetime]]:
    """The next chase, unless this answer closed the last open referral."""
    closed = {command.agency} if command.decision is not None else set()
    if set(case.open_referrals) - closed:
        yield Due.AGENCY_CHASE, asking.now


# ── what it changes ───────────────────────────────────────────────────────────────────────────────


def _made(case: Case, event: ReferralMade, recorded: Recorded) -> Case:
    referral = Referral(
        referral=event.referral,
        state=ReferralState.SENT,
        holds=False,
        made_at=recorded.recorded_at,
        urgent=event.urgent,
        reason=event.reason,
        other_children=event.other_children,
        other_work=event.other_work,
    )
    prompts = {**case.prompts, recorded.event_id: recorded.actor.user}
    return replace(case, referrals={**case.referrals, event.agency: referral}, prompts=prompts)


def _change(case: Case, agency: Agency, **changes: object) -> Case:
    if agency not in case.referrals:
        return case
    referral = replace(case.referrals[agency], **changes)
    return replace(case, referrals={**case.referrals, agency: referral})


def _held(case: Case, event: InternalHoldPlaced, _recorded: Recorded) -> Case:
    return _change(case, event.agency, holds=True)


def _lifted(case: Case, event: InternalHoldLifted, _recorded: Recorded) -> Case:
    return _change(case, event.agency, holds=False)


def _acknowledged(case: Case, event: ReferralAcknowledged, _recorded: Recorded) -> Case:
    return _change(
        case,
        event.agency,
        state=ReferralState.ACKNOWLEDGED,
        agency_reference=event.reference_number,
    )


def _closed(case: Case, event: ReferralClosed, _recorded: Recorded) -> Case:
    return _change(case, event.agency, state=ReferralState.CLOSED)


# ── the table ─────────────────────────────────────────────────────────────────────────────────────


def _states(case: Case, command: Command | None) -> frozenset[ReferralState]:
    if isinstance(command, RecordAgencyResponse):
        referral = case.referrals.get(command.agency)
        return frozenset({referral.state if referral else ReferralState.NONE})
    return frozenset(r.state for r in case.referrals.values()) or frozenset({ReferralState.NONE})


TRANSITIONS = (
    Row(
        ask=RecordAgencyResponse,
        who=(Relation.LEAD, Role.HEADTEACHER, Role.DSL, Role.CHAIR),
        at=(ReferralState.SENT, ReferralState.ACKNOWLEDGED),
        guards=(first_answer_has_a_reference, closing_needs_clearance),
        records=(
            AgencyUpdateRecorded,
            ReferralAcknowledged,
            InternalHoldLifted,
            ReferralClosed,
        ),
        by=agency_responded,
        settles=(Due.AGENCY_CHASE,),
        starts=(chase_again,),
        policy=(32,),
    ),
)
APPLY: Final[dict[type[Event], Apply]] = {
    ReferralMade: _made,
    InternalHoldPlaced: _held,
    ReferralAcknowledged: _acknowledged,
    AgencyUpdateRecorded: unchanged,
    InternalHoldLifted: _lifted,
    ReferralClosed: _closed,
    InternalHandlingResumed: unchanged,
}
TRACK = Track("referral", _states, TRANSITIONS, APPLY)
