"""The allegation track, one per person: how it ended, and what the law then asks of the school.

The five outcomes are those of Keeping Children Safe in Education, part four. They belong to the
case manager, who is the headteacher or the chair, and come after the agencies. Whoever was removed
for harm to a child is referred to the Disclosure and Barring Service (Safeguarding Vulnerable
Groups Act 2006, s35); whether the Teaching Regulation Agency is told is decided besides.
"""

from typing import Annotated, Final

from msgspec.structs import replace

from incidents.domain.facts import CaseText, Event, PersonId, Recorded, SealedUnder, Text
from incidents.domain.internal import no_agency_holds
from incidents.domain.loose_ends import case_is_open
from incidents.domain.parallel import Allegation, AllegationOutcome, AllegationState
from incidents.domain.state import Case
from incidents.domain.table import (
    Apply,
    Asking,
    Command,
    Row,
    Track,
    body_guard,
    guard,
    recording,
)
from incidents.domain.vocabulary import Agency, Line, Part, Rationale, Role, Section

# ── commands ──────────────────────────────────────────────────────────────────────────────────────


class AllegationCommand(Command, frozen=True, kw_only=True):
    """Something asked about the allegation against one person."""

    person: PersonId


class RecordAllegationOutcome(AllegationCommand, frozen=True, kw_only=True):
    """Record how the allegation ended, and on what grounds."""

    outcome: AllegationOutcome
    reasons: Rationale


class DecideDbsReferral(AllegationCommand, frozen=True, kw_only=True):
    """Decide whether the Disclosure and Barring Service is told, with the reason either way."""

    refer: bool
    reason: Rationale
    reference: Line | None = None


class DecideTraReferral(AllegationCommand, frozen=True, kw_only=True):
    """Decide whether the Teaching Regulation Agency is told, with the reason either way."""

    refer: bool
    reason: Rationale
    reference: Line | None = None


# ── events ────────────────────────────────────────────────────────────────────────────────────────


class AllegationOutcomeRecorded(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.allegation_outcome_recorded"
    SECTION = Section.DISCIPLINARY
    person: PersonId
    outcome: AllegationOutcome
    reasons: CaseText


class DbsReferralDecided(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.dbs_referral_decided"
    SECTION = Section.DISCIPLINARY
    person: PersonId
    refer: bool
    reason: CaseText
    reference: Annotated[Text | None, SealedUnder()] = None


class TraReferralDecided(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.tra_referral_decided"
    SECTION = Section.DISCIPLINARY
    person: PersonId
    refer: bool
    reason: CaseText
    reference: Annotated[Text | None, SealedUnder()] = None


# ── guards ────────────────────────────────────────────────────────────────────────────────────────


@guard
def there_was_an_allegation(case: Case, _command: Command | None, _asking: Asking) -> str | None:
    """Harm was suspected, or the LADO was told: anything less is a low-level concern."""
    suspected = case.assessment is not None and case.assessment.harm_suspected
    if suspected or Agency.LADO in case.referrals:
        return None
    return "No harm to a child was suspected: record a low-level concern instead."


@guard
def agencies_are_done(case: Case, _command: Command | None, _asking: Asking) -> str | None:
    """The case manager decides after the LADO, not before."""
    if Agency.LADO in case.open_referrals:
        return "The LADO has not closed the referral: record the LADO's decision first."
    return None


@body_guard()
def allegation_is_against_a_subject(
    case: Case, command: RecordAllegationOutcome, _asking: Asking
) -> str | None:
    person = case.people.get(command.person)
    if person is None or person.part is not Part.SUBJECT:
        return "`person` has to be a subject of this case."
    return None


# ── what it changes ───────────────────────────────────────────────────────────────────────────────


def _ended(case: Case, event: AllegationOutcomeRecorded, _recorded: Recorded) -> Case:
    known = case.allegations.get(event.person)
    ended = replace(known, outcome=event.outcome) if known else Allegation(outcome=event.outcome)
    return replace(case, allegations={**case.allegations, event.person: ended})


def _dbs(case: Case, event: DbsReferralDecided, _recorded: Recorded) -> Case:
    return _changed(case, event.person, dbs_decided=True)


def _tra(case: Case, event: TraReferralDecided, _recorded: Recorded) -> Case:
    return _changed(case, event.person, tra_decided=True)


def _changed(case: Case, person: PersonId, **changes: object) -> Case:
    if person not in case.allegations:
        return case
    known = replace(case.allegations[person], **changes)
    return replace(case, allegations={**case.allegations, person: known})


# ── the table ─────────────────────────────────────────────────────────────────────────────────────

_S = AllegationState
_WHO: Final = (Role.HEADTEACHER, Role.CHAIR)

TRANSITIONS = (
    Row(
        ask=RecordAllegationOutcome,
        who=_WHO,
        at=(_S.OPEN, _S.ENDED),
        guards=(
            case_is_open,
            there_was_an_allegation,
            agencies_are_done,
            no_agency_holds,
            allegation_is_against_a_subject,
        ),
        records=(AllegationOutcomeRecorded,),
        by=recording(AllegationOutcomeRecorded),
        to=_S.ENDED,
        policy=(32, 42),
    ),
    Row(
        ask=DecideDbsReferral,
        who=_WHO,
        at=(_S.ENDED,),
        records=(DbsReferralDecided,),
        by=recording(DbsReferralDecided),
        policy=(32,),
    ),
    Row(
        ask=DecideTraReferral,
        who=_WHO,
        at=(_S.ENDED,),
        records=(TraReferralDecided,),
        by=recording(TraReferralDecided),
        policy=(32,),
    ),
)


def _states(case: Case, command: Command | None) -> frozenset[AllegationState]:
    if isinstance(command, AllegationCommand):
        ended = command.person in case.allegations
        return frozenset({AllegationState.ENDED if ended else AllegationState.OPEN})
    return frozenset({AllegationState.OPEN, *(_S.ENDED for _ in case.allegations)})


APPLY: Final[dict[type[Event], Apply]] = {
    AllegationOutcomeRecorded: _ended,
    DbsReferralDecided: _dbs,
    TraReferralDecided: _tra,
}
TRACK = Track("allegation", _states, TRANSITIONS, APPLY)
