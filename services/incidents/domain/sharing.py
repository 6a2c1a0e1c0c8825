"""What is told to whom: decisions to share, and what the agencies have agreed may be said.

Protection comes before privacy, and consent is not needed where there is a risk; but what is
shared, on what basis and why is written down, and so is the decision not to share. Nobody is told
of an allegation before the agencies have agreed to it.
"""

from typing import Final

from msgspec.structs import replace

from incidents.domain.facts import CaseText, Event, PersonId, Recorded
from incidents.domain.state import Case
from incidents.domain.table import (
    Apply,
    Asking,
    Command,
    Refuses,
    body_guard,
    prompting,
    recording,
    unchanged,
)
from incidents.domain.vocabulary import Agency, Line, Reason, SharingBasis, Words

# ── commands ──────────────────────────────────────────────────────────────────────────────────────


class RecordSharingDecision(Command, frozen=True, kw_only=True):
    """Decide whether something is shared with somebody outside, on what basis and why."""

    with_whom: Line
    what: Words
    basis: SharingBasis
    shared: bool
    reason: Reason


class RecordDisclosureAgreement(Command, frozen=True, kw_only=True):
    """Record what an agency has agreed that a person in the case may be told."""

    agency: Agency
    person: PersonId
    what: Words


# ── events ────────────────────────────────────────────────────────────────────────────────────────


class SharingDecisionRecorded(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.sharing_decision_recorded"
    with_whom: CaseText
    what: CaseText
    basis: SharingBasis
    shared: bool
    reason: CaseText


class DisclosureAgreed(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.disclosure_agreed"
    agency: Agency
    person: PersonId
    what: CaseText


# ── guards ────────────────────────────────────────────────────────────────────────────────────────


@body_guard(Refuses.STATE)
def agency_has_the_case(
    case: Case, command: RecordDisclosureAgreement, _asking: Asking
) -> str | None:
    if command.agency in case.referrals:
        return None
    return f"There is no referral to {command.agency} that it could have agreed to anything on."


@body_guard()
def told_person_is_in_the_case(
    case: Case, command: RecordDisclosureAgreement, _asking: Asking
) -> str | None:
    return None if command.person in case.people else "`person` is not in the case."


# ── what is recorded, and what it changes ─────────────────────────────────────────────────────────

sharing_decided = recording(SharingDecisionRecorded)
disclosure_agreed = recording(DisclosureAgreed)


def _agreed(case: Case, event: DisclosureAgreed, recorded: Recorded) -> Case:
    disclosed = case.disclosed | {event.person}
    return prompting(replace(case, disclosed=disclosed), recorded)


APPLY: Final[dict[type[Event], Apply]] = {
    SharingDecisionRecorded: unchanged,
    DisclosureAgreed: _agreed,
}
