"""The disciplinary track, one per member of staff: opened, paused, concluded.

Policy rows 32 and 43: illegal conduct goes to the agencies and may also be a disciplinary matter,
so it runs beside the referral and not instead of it. Nothing of it happens while an agency holds
the case. Its outcome is the headteacher's to know, or the chair's where it is about him.
"""

from collections.abc import Iterable
from typing import Annotated, Final

import msgspec
from msgspec.structs import replace

from incidents.domain.facts import CaseText, Event, PersonId, Recorded
from incidents.domain.internal import no_agency_holds, nothing_has_to_be_referred_first
from incidents.domain.loose_ends import case_is_open
from incidents.domain.parallel import (
    Disciplinary,
    DisciplinaryOutcome,
    DisciplinaryState,
)
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
)
from incidents.domain.vocabulary import (
    STAFF_ROLES,
    ClauseRef,
    Part,
    Rationale,
    Reason,
    Role,
    Section,
)

Clauses = Annotated[tuple[ClauseRef, ...], msgspec.Meta(min_length=1, max_length=10)]

# ── commands ──────────────────────────────────────────────────────────────────────────────────────


class DisciplinaryCommand(Command, frozen=True, kw_only=True):
    """Something asked about what is done about one member of staff."""

    person: PersonId


class OpenDisciplinary(DisciplinaryCommand, frozen=True, kw_only=True):
    """Open the school's own procedure, under these clauses."""

    clauses: Clauses
    reason: Reason


class PauseDisciplinary(DisciplinaryCommand, frozen=True, kw_only=True):
    """Let it rest, and why."""

    reason: Reason


class ResumeDisciplinary(DisciplinaryCommand, frozen=True, kw_only=True):
    """Take it up again, once no agency holds the case."""


class ConcludeDisciplinary(DisciplinaryCommand, frozen=True, kw_only=True):
    """End it with its outcome, which stays closed to all but the headteacher or the chair."""

    outcome: DisciplinaryOutcome
    reasons: Rationale


# ── events ────────────────────────────────────────────────────────────────────────────────────────


class DisciplinaryOpened(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.disciplinary_opened"
    SECTION = Section.DISCIPLINARY
    person: PersonId
    clauses: tuple[str, ...]
    reason: CaseText


class DisciplinaryPaused(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.disciplinary_paused"
    SECTION = Section.DISCIPLINARY
    person: PersonId
    reason: CaseText


class DisciplinaryResumed(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.disciplinary_resumed"
    SECTION = Section.DISCIPLINARY
    person: PersonId


class DisciplinaryConcluded(Event, frozen=True, kw_only=True):
    """The outcome is sealed with the reasons: what is exported of the history does not tell it."""

    TOPIC = "incidents.disciplinary_concluded"
    SECTION = Section.DISCIPLINARY
    person: PersonId
    outcome: CaseText
    reasons: CaseText


# ── guards ────────────────────────────────────────────────────────────────────────────────────────


@body_guard()
def is_a_colleague_in_the_case(
    case: Case, command: OpenDisciplinary, _asking: Asking
) -> str | None:
    person = case.people.get(command.person)
    works_here = person is not None and (person.role in STAFF_ROLES or person.user is not None)
    if person is None or person.part is not Part.SUBJECT or not works_here:
        return "`person` has to be a subject of this case who works or worked here."
    return None


@body_guard()
def disciplinary_clauses_are_in_the_policy(
    _case: Case, command: OpenDisciplinary, asking: Asking
) -> str | None:
    unknown = [ref for ref in command.clauses if ref not in asking.school.clauses]
    return f"The policy in force has no clause {', '.join(unknown)}." if unknown else None


# ── what is recorded ──────────────────────────────────────────────────────────────────────────────


def _concluded(_case: Case, command: ConcludeDisciplinary, _asking: Asking) -> Iterable[Event]:
    yield DisciplinaryConcluded(
        person=command.person, outcome=command.outcome.value, reasons=command.reasons
    )


def paused_by_a_hold(case: Case, reason: str) -> Iterable[Event]:
    """What the school has under way against its own staff rests once an agency takes the case."""
    return (
        DisciplinaryPaused(person=person, reason=reason)
        for person, one in case.disciplinary.items()
        if one.state is DisciplinaryState.OPENED
    )


# ── what it changes ───────────────────────────────────────────────────────────────────────────────


def _apply_opening(case: Case, event: DisciplinaryOpened, recorded: Recorded) -> Case:
    opened = Disciplinary(
        state=DisciplinaryState.OPENED, clauses=event.clauses, opened_at=recorded.recorded_at
    )
    return prompting(
        replace(case, disciplinary={**case.disciplinary, event.person: opened}), recorded
    )


def _to(state: DisciplinaryState) -> Apply:
    def apply(
        case: Case, event: DisciplinaryPaused | DisciplinaryResumed, _recorded: Recorded
    ) -> Case:
        return _changed(case, event.person, state=state)

    return apply


def _apply_conclusion(case: Case, event: DisciplinaryConcluded, _recorded: Recorded) -> Case:
    concluded = DisciplinaryState.CONCLUDED
    return _changed(case, event.person, state=concluded, outcome=event.outcome)


def _changed(case: Case, person: PersonId, **changes: object) -> Case:
    if person not in case.disciplinary:
        return case
    known = replace(case.disciplinary[person], **changes)
    return replace(case, disciplinary={**case.disciplinary, person: known})


# ── the table ─────────────────────────────────────────────────────────────────────────────────────

_S = DisciplinaryState
_WHO: Final = (Role.HEADTEACHER, Role.CHAIR)

TRANSITIONS = (
    Row(
        ask=OpenDisciplinary,
        who=_WHO,
        at=(_S.NONE, _S.CONCLUDED),
        guards=(
            case_is_open,
            nothing_has_to_be_referred_first,
            no_agency_holds,
            is_a_colleague_in_the_case,
            disciplinary_clauses_are_in_the_policy,
        ),
        records=(DisciplinaryOpened,),
        by=recording(DisciplinaryOpened),
        to=_S.OPENED,
        policy=(32, 43),
    ),
    Row(
        ask=PauseDisciplinary,
        who=_WHO,
        at=(_S.OPENED,),
        records=(DisciplinaryPaused,),
        by=recording(DisciplinaryPaused),
        to=_S.PAUSED,
        policy=(32,),
    ),
    Row(
        ask=ResumeDisciplinary,
        who=_WHO,
        at=(_S.PAUSED,),
        guards=(no_agency_holds,),
        records=(DisciplinaryResumed,),
        by=recording(DisciplinaryResumed),
        to=_S.OPENED,
        policy=(32,),
    ),
    Row(
        ask=ConcludeDisciplinary,
        who=_WHO,
        at=(_S.OPENED,),
        guards=(no_agency_holds,),
        records=(DisciplinaryConcluded,),
        by=_concluded,
        to=_S.CONCLUDED,
        policy=(32, 43),
    ),
)


def _states(case: Case, command: Command | None) -> frozenset[DisciplinaryState]:
    if isinstance(command, DisciplinaryCommand):
        known = case.disciplinary.get(command.person)
        return frozenset({known.state if known else DisciplinaryState.NONE})
    return frozenset({DisciplinaryState.NONE, *(x.state for x in case.disciplinary.values())})


APPLY: Final[dict[type[Event], Apply]] = {
    DisciplinaryOpened: _apply_opening,
    DisciplinaryPaused: _to(DisciplinaryState.PAUSED),
    DisciplinaryResumed: _to(DisciplinaryState.OPENED),
    DisciplinaryConcluded: _apply_conclusion,
}
TRACK = Track("disciplinary", _states, TRANSITIONS, APPLY)
