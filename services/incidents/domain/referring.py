"""Making a referral: to whom, on what grounds, and that the school then waits.

The referral to an agency that investigates places the hold, and what the school has under way
against its own staff rests. No referral carries media.
"""

from collections.abc import Iterable
from typing import Annotated, Final
from uuid import UUID

from msgspec.structs import replace

from incidents.domain.access import acting_role
from incidents.domain.agencies import AGENCIES
from incidents.domain.direct import DirectReferralRecorded, RecordDirectReferral
from incidents.domain.disciplinary import paused_by_a_hold
from incidents.domain.drafting import without_draft
from incidents.domain.facts import CaseText, Event, Recorded, SealedUnder, Text
from incidents.domain.state import Case, Referral
from incidents.domain.table import (
    Apply,
    Asking,
    Command,
    Refuses,
    body_guard,
    guard,
    prompting,
    unchanged,
)
from incidents.domain.timers import DeadlineMet
from incidents.domain.vocabulary import (
    Agency,
    Consent,
    LetterState,
    Level,
    Reason,
    ReferralMethod,
    ReferralState,
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


def internal_resumed(_case: Case, _command: ResumeInternal, _asking: Asking) -> Iterable[Event]:
    yield InternalHandlingResumed()


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
    sent = without_draft(case, event.agency)
    return prompting(replace(sent, referrals={**case.referrals, event.agency: referral}), recorded)


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


def changed(case: Case, agency: Agency, **changes: object) -> Case:
    if agency not in case.referrals:
        return case
    referral = replace(case.referrals[agency], **changes)
    return replace(case, referrals={**case.referrals, agency: referral})


def _held(case: Case, event: InternalHoldPlaced, _recorded: Recorded) -> Case:
    return changed(case, event.agency, holds=True)


APPLY: Final[dict[type[Event], Apply]] = {
    ReferralMade: _made,
    DirectReferralRecorded: _made_directly,
    InternalHoldPlaced: _held,
    InternalHandlingResumed: unchanged,
}
