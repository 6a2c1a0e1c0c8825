"""The referral track, one per agency: sent, acknowledged, answered, closed or taken back.

Sending it to an agency that investigates places the hold: the school does not look into it until
the agency has cleared it. No referral carries media. On what terms each agency is told stands in
`agencies`.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from msgspec.structs import replace

from incidents.domain import sharing
from incidents.domain.access import acting_role
from incidents.domain.agencies import AGENCIES
from incidents.domain.direct import DirectReferralRecorded, RecordDirectReferral
from incidents.domain.disciplinary import paused_by_a_hold
from incidents.domain.facts import CaseText, Event, Recorded, SealedUnder, Text
from incidents.domain.loose_ends import case_is_open
from incidents.domain.sharing import (
    DisclosureAgreed,
    RecordDisclosureAgreement,
    RecordSharingDecision,
    SharingDecisionRecorded,
)
from incidents.domain.state import Case, Referral
from incidents.domain.table import (
    Apply,
    Asking,
    Command,
    Refuses,
    Row,
    Track,
    body_guard,
    guard,
    prompting,
    unchanged,
)
from incidents.domain.timers import DeadlineMet
from incidents.domain.vocabulary import (
    Agency,
    AgencyDecision,
    Consent,
    Due,
    LetterState,
    Level,
    Line,
    Reason,
    ReferralMethod,
    ReferralState,
    Relation,
    Role,
    Words,
)

SIGNIFICANT_HARM: Final = 4
"""The level of need at which social care is told whether the parents agree or not."""
UNSENT: Final = frozenset({LetterState.FAILED, LetterState.WITHDRAWN})

# ── commands ──────────────────────────────────────────────────────────────────────────────────────


class MakeReferral(Command, frozen=True, kw_only=True):
    """Refer to an agency. In an emergency ring 999 first and record it here afterwards.

    To children's social care, with the level of need and whether the parents consented: at level 3
    they have to, at level 4 it is referred regardless.
    """

    agency: Agency
    method: ReferralMethod
    reason: Reason
    urgent: bool = False
    other_children: Words | None = None
    other_work: Words | None = None
    level: Level | None = None
    consent: Consent | None = None
    no_consent_because: Reason | None = None


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


class RecordAgencyWithdrawal(Command, frozen=True, kw_only=True):
    """Record that the agency has taken the referral back, and its reason. It no longer holds."""

    agency: Agency
    reason: Reason


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
    level: int | None = None
    consent: Consent | None = None
    no_consent_because: Annotated[Text | None, SealedUnder()] = None


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


class ReferralWithdrawn(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.referral_withdrawn"
    agency: Agency
    reason: CaseText


class InternalHandlingResumed(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.internal_handling_resumed"


# ── guards ────────────────────────────────────────────────────────────────────────────────────────


@body_guard(Refuses.WHO)
def may_refer_to_this_agency(case: Case, command: MakeReferral, asking: Asking) -> str | None:
    if acting_role(case, asking.user, AGENCIES[command.agency].who) is None:
        who = ", ".join(AGENCIES[command.agency].who)
        return f"A referral to {command.agency} is made by: {who}."
    return None


@body_guard(Refuses.STATE)
def not_referred_yet(case: Case, command: MakeReferral, _asking: Asking) -> str | None:
    """Once, unless the letter that carries it could not be sent."""
    known = case.referrals.get(command.agency)
    prompt = known.prompted_by if known else None
    letters = [x for x in case.letters.values() if x.prompted_by == prompt]
    unsent = bool(letters) and all(x.state in UNSENT for x in letters)
    if command.agency in case.open_referrals and not unsent:
        return f"There is an open referral to {command.agency} already."
    return None


@body_guard(Refuses.STATE)
def there_is_something_to_refer(case: Case, command: MakeReferral, asking: Asking) -> str | None:
    """possibly_illegal, a harm question answered yes, or the headteacher's or DSL's decision."""
    suspected = case.assessment is not None and case.assessment.serious
    needed = AGENCIES[command.agency].suspicion
    decides = {Role.DSL, Role.HEADTEACHER, Role.CHAIR}
    if suspected or not needed or asking.user.roles & decides:
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
def consent_is_on_record(_case: Case, command: MakeReferral, _asking: Asking) -> str | None:
    """Level 3 needs parental consent; at level 4 it is referred regardless (Lancashire)."""
    if command.agency is not Agency.SOCIAL_CARE:
        return None
    if command.level is None or command.consent is None:
        return "Say the `level` of need, and in `consent` whether the parents agree."
    if command.consent is Consent.GIVEN:
        return None
    if command.level < SIGNIFICANT_HARM:
        return "Below level 4 social care takes a referral only with the parents' consent."
    if command.no_consent_because is None:
        return "Say in `no_consent_because` why it is referred without the parents' consent."
    return None


@body_guard(Refuses.STATE)
def commissioner_is_to_be_told(case: Case, command: MakeReferral, _asking: Asking) -> str | None:
    decided = case.breach is not None and case.breach.reported_to_ico
    if command.agency is Agency.ICO and not decided:
        return "First it is decided that the breach is reported (decide-ico)."
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
        level=command.level,
        consent=command.consent,
        no_consent_because=command.no_consent_because,
    )
    yield from hold_placed(case, command.agency, command.reason)
    yield from agency_deadline_met(case, command.agency)


def direct_referral(case: Case, command: RecordDirectReferral, asking: Asking) -> Iterable[Event]:
    yield DirectReferralRecorded(
        referral=asking.new_id("referral"),
        agency=command.agency,
        method=command.method,
        told_at=command.told_at,
        reason=command.reason,
        reference_number=command.reference_number,
    )
    yield from hold_placed(case, command.agency, command.reason)
    yield from agency_deadline_met(case, command.agency)


def hold_placed(case: Case, agency: Agency, reason: str) -> Iterable[Event]:
    """Where the agency investigates, the school waits, and what it has under way rests."""
    if AGENCIES[agency].holds:
        yield InternalHoldPlaced(agency=agency)
        yield from paused_by_a_hold(case, reason)


def takes_it_over(event: ReferralMade) -> bool:
    """Whether the case is then with the agency: one that only advises leaves it with the school."""
    return AGENCIES[event.agency].holds


def agency_deadline_met(case: Case, agency: Agency) -> Iterable[Event]:
    """A referral, like a reasoned decision against it, meets that agency's deadline."""
    due = AGENCIES[agency].decide_by
    if due is not None and due in case.open_deadlines:
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
    yield from _review_met(case, agency)


def agency_withdrew(
    case: Case, command: RecordAgencyWithdrawal, _asking: Asking
) -> Iterable[Event]:
    agency = command.agency
    yield ReferralWithdrawn(agency=agency, reason=command.reason)
    if case.referrals[agency].holds:
        yield InternalHoldLifted(agency=agency)
    yield from _review_met(case, agency)


def _review_met(case: Case, agency: Agency) -> Iterable[Event]:
    review = AGENCIES[agency].review_by
    if review in case.open_deadlines:
        yield DeadlineMet(due=review)


def internal_resumed(_case: Case, _command: ResumeInternal, _asking: Asking) -> Iterable[Event]:
    yield InternalHandlingResumed()


# ── deadlines ─────────────────────────────────────────────────────────────────────────────────────


def chase_again(
    case: Case, command: RecordAgencyResponse | RecordAgencyWithdrawal, asking: Asking
) -> Iterable[tuple[Due, datetime]]:
    """What every agency that still has it is asked next: after its first answer, for news."""
    answered = command.agency
    ended = isinstance(command, RecordAgencyWithdrawal) or command.decision is not None
    for agency in case.open_referrals:
        if agency is answered and ended:
            continue
        waiting = case.referrals[agency].state is ReferralState.SENT and agency is not answered
        terms = AGENCIES[agency]
        yield (terms.answer_by if waiting else terms.review_by), asking.now


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
        level=event.level,
        consent=event.consent,
        prompted_by=recorded.event_id,
    )
    return prompting(replace(case, referrals={**case.referrals, event.agency: referral}), recorded)


def _made_directly(case: Case, event: DirectReferralRecorded, recorded: Recorded) -> Case:
    known = event.reference_number is not None
    referral = Referral(
        referral=event.referral,
        state=ReferralState.ACKNOWLEDGED if known else ReferralState.SENT,
        holds=False,
        made_at=event.told_at,
        reason=event.reason,
        agency_reference=event.reference_number,
    )
    return prompting(replace(case, referrals={**case.referrals, event.agency: referral}), recorded)


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


def _taken_back(case: Case, event: ReferralWithdrawn, _recorded: Recorded) -> Case:
    return _change(case, event.agency, state=ReferralState.WITHDRAWN)


# ── the table ─────────────────────────────────────────────────────────────────────────────────────


def _states(case: Case, command: Command | None) -> frozenset[ReferralState]:
    if isinstance(command, RecordAgencyResponse | RecordAgencyWithdrawal):
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
            DeadlineMet,
        ),
        by=agency_responded,
        settles=(Due.AGENCY_CHASE,),
        starts=(chase_again,),
        policy=(32,),
    ),
    Row(
        ask=RecordAgencyWithdrawal,
        who=(Relation.LEAD, Role.HEADTEACHER, Role.DSL, Role.CHAIR),
        at=(ReferralState.SENT, ReferralState.ACKNOWLEDGED),
        records=(ReferralWithdrawn, InternalHoldLifted, DeadlineMet),
        by=agency_withdrew,
        to=ReferralState.WITHDRAWN,
        settles=(Due.AGENCY_CHASE,),
        starts=(chase_again,),
        policy=(32,),
    ),
    Row(
        ask=RecordSharingDecision,
        who=(Relation.LEAD, Role.HEADTEACHER, Role.DSL, Role.DPO, Role.CHAIR),
        at=tuple(ReferralState),
        guards=(case_is_open,),
        records=(SharingDecisionRecorded,),
        by=sharing.sharing_decided,
        policy=(32, 34),
    ),
    Row(
        ask=RecordDisclosureAgreement,
        who=(Relation.LEAD, Role.HEADTEACHER, Role.DSL, Role.CHAIR),
        at=(
            ReferralState.SENT,
            ReferralState.ACKNOWLEDGED,
            ReferralState.CLOSED,
            ReferralState.WITHDRAWN,
        ),
        guards=(sharing.agency_has_the_case, sharing.told_person_is_in_the_case),
        records=(DisclosureAgreed,),
        by=sharing.disclosure_agreed,
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
    ReferralWithdrawn: _taken_back,
    DirectReferralRecorded: _made_directly,
    **sharing.APPLY,
    InternalHandlingResumed: unchanged,
}
TRACK = Track("referral", _states, TRANSITIONS, APPLY)
