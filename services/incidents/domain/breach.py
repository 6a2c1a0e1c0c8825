"""The breach track: suspected, confirmed or ruled out, then who has to be told, and why not.

A breach that is likely to be a risk to people is reported to the Information Commissioner within 72
running hours of the first awareness (UK GDPR, article 33; policy row 34): weekends count, and the
clock is never started again. Where the risk is high, those concerned are told (article 34).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec.structs import replace

from incidents.domain.facts import CaseText, Event, PersonId, Recorded, SealedUnder, Text
from incidents.domain.loose_ends import case_is_open
from incidents.domain.parallel import Breach, BreachState
from incidents.domain.state import Case
from incidents.domain.table import (
    Apply,
    Asking,
    Command,
    Row,
    Track,
    body_guard,
    prompting,
    recording,
    unchanged,
)
from incidents.domain.vocabulary import Due, Line, Moment, Rationale, Reason, Relation, Role, Words

# ── commands ──────────────────────────────────────────────────────────────────────────────────────


class SuspectBreach(Command, frozen=True, kw_only=True):
    """Say that personal data may have got out, and when anybody here first knew of it."""

    aware_at: Moment
    what: Words


class ConfirmBreach(Command, frozen=True, kw_only=True):
    """Confirm it: what kind of data, how many people, what may follow, what was done at once."""

    nature: Words
    people_affected: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
    consequences: Words
    measures: Words


class RuleOutBreach(Command, frozen=True, kw_only=True):
    """Record that it was none, and how that is known."""

    reason: Reason


class DecideIco(Command, frozen=True, kw_only=True):
    """Decide whether it is reported to the Information Commissioner, with the reason either way.

    A report after the 72 hours says why it is late.
    """

    report: bool
    reason: Rationale
    reference: Line | None = None
    late_because: Reason | None = None


class InformSubjects(Command, frozen=True, kw_only=True):
    """Tell the people concerned: each gets a letter about his own data only."""

    people: Annotated[tuple[PersonId, ...], msgspec.Meta(min_length=1, max_length=100)]
    reason: Reason


class LeaveSubjectsUninformed(Command, frozen=True, kw_only=True):
    """Decide that the people concerned need not be told, and why."""

    reason: Rationale


class FinishBreach(Command, frozen=True, kw_only=True):
    """Enter it in the log of breaches, with what is done differently from now on."""

    lessons: Words


# ── events ────────────────────────────────────────────────────────────────────────────────────────


class DataBreachSuspected(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.data_breach_suspected"
    aware_at: datetime
    what: CaseText


class BreachConfirmed(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.breach_confirmed"
    nature: CaseText
    people_affected: int
    consequences: CaseText
    measures: CaseText


class BreachRuledOut(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.breach_ruled_out"
    reason: CaseText


class IcoDecided(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.ico_decided"
    report: bool
    reason: CaseText
    reference: Annotated[Text | None, SealedUnder()] = None
    late_because: Annotated[Text | None, SealedUnder()] = None


class SubjectsInformed(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.subjects_informed"
    people: tuple[PersonId, ...]
    reason: CaseText


class SubjectsNotInformed(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.subjects_not_informed"
    reason: CaseText


class BreachFinished(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.breach_finished"
    lessons: CaseText


# ── guards ────────────────────────────────────────────────────────────────────────────────────────


@body_guard()
def awareness_is_past(_case: Case, command: SuspectBreach, asking: Asking) -> str | None:
    return "`aware_at` lies in the future." if command.aware_at > asking.now else None


@body_guard()
def late_report_says_why(case: Case, command: DecideIco, asking: Asking) -> str | None:
    """Article 33(1): after 72 hours the reasons for the delay go with the report."""
    deadline = case.deadlines.get(Due.ICO)
    late = deadline is not None and asking.now > deadline.due_at
    if command.report and late and command.late_because is None:
        return "The 72 hours have passed: say in `late_because` why it is reported only now."
    return None


@body_guard()
def informed_people_are_in_the_case(
    case: Case, command: InformSubjects, _asking: Asking
) -> str | None:
    if set(command.people) - set(case.people):
        return "One of `people` is not in the case: bring him in with identify-person."
    return None


# ── deadlines ─────────────────────────────────────────────────────────────────────────────────────


def from_first_awareness(
    case: Case, command: SuspectBreach, _asking: Asking
) -> Sequence[tuple[Due, datetime]]:
    """Suspected again, it is still the first awareness that counts."""
    first = min(case.breach.aware_at, command.aware_at) if case.breach else command.aware_at
    return ((Due.BREACH_REVIEW, first), (Due.ICO, first))


# ── what is recorded ──────────────────────────────────────────────────────────────────────────────


def _informed(_case: Case, command: InformSubjects, _asking: Asking) -> Iterable[Event]:
    people = tuple(dict.fromkeys(command.people))
    yield SubjectsInformed(people=people, reason=command.reason)


# ── what it changes ───────────────────────────────────────────────────────────────────────────────


def _apply_suspicion(case: Case, event: DataBreachSuspected, recorded: Recorded) -> Case:
    first = min(case.breach.aware_at, event.aware_at) if case.breach else event.aware_at
    breach = Breach(state=BreachState.SUSPECTED, aware_at=first, what=event.what)
    return prompting(replace(case, breach=breach), recorded)


def _apply_confirmation(case: Case, event: BreachConfirmed, _recorded: Recorded) -> Case:
    return _changed(case, people_affected=event.people_affected)


def _apply_ico(case: Case, event: IcoDecided, recorded: Recorded) -> Case:
    decided = _changed(case, reported_to_ico=event.report, ico_reference=event.reference)
    return prompting(decided, recorded)


def _apply_informed(case: Case, event: SubjectsInformed, recorded: Recorded) -> Case:
    return prompting(_changed(case, informed=event.people), recorded)


def _changed(case: Case, **changes: object) -> Case:
    return case if case.breach is None else replace(case, breach=replace(case.breach, **changes))


# ── the table ─────────────────────────────────────────────────────────────────────────────────────

_S = BreachState
_DPO: Final = (Role.DPO, Role.CHAIR)
"""The data protection officer; the chair where the case is about the headteacher and his alone."""

TRANSITIONS = (
    Row(
        ask=SuspectBreach,
        who=(
            Relation.REPORTER,
            Relation.LEAD,
            Role.SLT,
            Role.HEADTEACHER,
            Role.DSL,
            Role.MODERATOR,
            Role.DPO,
            Role.CHAIR,
        ),
        at=(_S.NONE, _S.RULED_OUT),
        guards=(case_is_open, awareness_is_past),
        records=(DataBreachSuspected,),
        by=recording(DataBreachSuspected),
        to=_S.SUSPECTED,
        starts=(from_first_awareness,),
        policy=(34,),
    ),
    Row(
        ask=ConfirmBreach,
        who=_DPO,
        at=(_S.SUSPECTED,),
        records=(BreachConfirmed,),
        by=recording(BreachConfirmed),
        to=_S.CONFIRMED,
        settles=(Due.BREACH_REVIEW,),
        policy=(34,),
    ),
    Row(
        ask=RuleOutBreach,
        who=_DPO,
        at=(_S.SUSPECTED,),
        records=(BreachRuledOut,),
        by=recording(BreachRuledOut),
        to=_S.RULED_OUT,
        settles=(Due.BREACH_REVIEW, Due.ICO),
        policy=(34,),
    ),
    Row(
        ask=DecideIco,
        who=_DPO,
        at=(_S.CONFIRMED,),
        guards=(late_report_says_why,),
        records=(IcoDecided,),
        by=recording(IcoDecided),
        to=_S.ICO_DECIDED,
        settles=(Due.ICO,),
        policy=(34,),
    ),
    Row(
        ask=InformSubjects,
        who=_DPO,
        at=(_S.ICO_DECIDED,),
        guards=(informed_people_are_in_the_case,),
        records=(SubjectsInformed,),
        by=_informed,
        to=_S.SUBJECTS_DECIDED,
        policy=(34,),
    ),
    Row(
        ask=LeaveSubjectsUninformed,
        who=_DPO,
        at=(_S.ICO_DECIDED,),
        records=(SubjectsNotInformed,),
        by=recording(SubjectsNotInformed),
        to=_S.SUBJECTS_DECIDED,
        policy=(34,),
    ),
    Row(
        ask=FinishBreach,
        who=_DPO,
        at=(_S.SUBJECTS_DECIDED,),
        records=(BreachFinished,),
        by=recording(BreachFinished),
        to=_S.DONE,
        policy=(34,),
    ),
)


def _states(case: Case, _command: Command | None) -> frozenset[BreachState]:
    return frozenset({case.breach.state if case.breach else BreachState.NONE})


def _place(case: Case, state: BreachState) -> Case:
    return _changed(case, state=state)


APPLY: Final[dict[type[Event], Apply]] = {
    DataBreachSuspected: _apply_suspicion,
    BreachConfirmed: _apply_confirmation,
    BreachRuledOut: unchanged,
    IcoDecided: _apply_ico,
    SubjectsInformed: _apply_informed,
    SubjectsNotInformed: unchanged,
    BreachFinished: unchanged,
}
TRACK = Track("breach", _states, TRANSITIONS, APPLY, _place)
