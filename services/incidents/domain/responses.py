"""What an agency answers: a reference, news, its clearance, its decision; or that it withdraws."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Final

from incidents.domain.agencies import AGENCIES
from incidents.domain.facts import CaseText, Event, Recorded, SealedUnder, Text
from incidents.domain.referring import changed
from incidents.domain.state import Case
from incidents.domain.table import Apply, Asking, Command, Refuses, body_guard, unchanged
from incidents.domain.timers import DeadlineMet
from incidents.domain.vocabulary import (
    Agency,
    AgencyDecision,
    Due,
    Line,
    Reason,
    ReferralState,
    Words,
)

# ── commands ──────────────────────────────────────────────────────────────────────────────────────


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


# ── events ────────────────────────────────────────────────────────────────────────────────────────


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


# ── guards ────────────────────────────────────────────────────────────────────────────────────────


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


# ── what is recorded ──────────────────────────────────────────────────────────────────────────────


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


def _lifted(case: Case, event: InternalHoldLifted, _recorded: Recorded) -> Case:
    return changed(case, event.agency, holds=False)


def _acknowledged(case: Case, event: ReferralAcknowledged, _recorded: Recorded) -> Case:
    return changed(
        case,
        event.agency,
        state=ReferralState.ACKNOWLEDGED,
        agency_reference=event.reference_number,
    )


def _closed(case: Case, event: ReferralClosed, _recorded: Recorded) -> Case:
    return changed(case, event.agency, state=ReferralState.CLOSED)


def _taken_back(case: Case, event: ReferralWithdrawn, _recorded: Recorded) -> Case:
    return changed(case, event.agency, state=ReferralState.WITHDRAWN)


APPLY: Final[dict[type[Event], Apply]] = {
    ReferralAcknowledged: _acknowledged,
    AgencyUpdateRecorded: unchanged,
    InternalHoldLifted: _lifted,
    ReferralClosed: _closed,
    ReferralWithdrawn: _taken_back,
}
