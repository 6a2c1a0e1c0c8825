"""The training track, one per assignment: assigned, attended, or no longer asked for.

Safe use comes with training, and staff attend it (policy row 5). It outlives the case it follows
from: that is closed, and the date stands.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec.structs import replace

from incidents.domain.facts import CaseText, Event, PersonId, Recorded
from incidents.domain.internal import NOT_A_YEAR_AHEAD, lies_ahead
from incidents.domain.loose_ends import case_is_open
from incidents.domain.parallel import Training, TrainingState
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
from incidents.domain.vocabulary import STAFF_ROLES, Due, Moment, Reason, Relation, Role, Words

# ── commands ──────────────────────────────────────────────────────────────────────────────────────


class AssignTraining(Command, frozen=True, kw_only=True):
    """Ask a colleague in the case to attend a training, and by when."""

    person: PersonId
    topic: Words
    attend_by: Moment


class TrainingCommand(Command, frozen=True, kw_only=True):
    """Something asked about one training."""

    training: UUID


class RecordTrainingAttended(TrainingCommand, frozen=True, kw_only=True):
    """Record that it was attended, and how that is known."""

    HAPPENED = "attended_at"
    attended_at: Moment
    seen: Words


class DropTraining(TrainingCommand, frozen=True, kw_only=True):
    """Ask for it no longer, and say why."""

    reason: Reason


# ── events ────────────────────────────────────────────────────────────────────────────────────────


class TrainingAssigned(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.training_assigned"
    training: UUID
    person: PersonId
    topic: CaseText
    attend_by: datetime


class TrainingAttended(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.training_attended"
    training: UUID
    attended_at: datetime
    seen: CaseText


class TrainingDropped(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.training_dropped"
    training: UUID
    reason: CaseText


# ── guards ────────────────────────────────────────────────────────────────────────────────────────


@body_guard()
def trainee_works_here(case: Case, command: AssignTraining, _asking: Asking) -> str | None:
    person = case.people.get(command.person)
    if person is not None and (person.role in STAFF_ROLES or person.user is not None):
        return None
    return "`person` has to be somebody in this case who works here."


@body_guard()
def training_lies_ahead(_case: Case, command: AssignTraining, asking: Asking) -> str | None:
    return None if lies_ahead(command.attend_by, asking) else NOT_A_YEAR_AHEAD


@body_guard()
def training_was_attended(
    _case: Case, command: RecordTrainingAttended, asking: Asking
) -> str | None:
    return "`attended_at` lies in the future." if command.attended_at > asking.now else None


# ── what is recorded ──────────────────────────────────────────────────────────────────────────────


def _assigned(_case: Case, command: AssignTraining, asking: Asking) -> Iterable[Event]:
    yield TrainingAssigned(
        training=asking.new_id("training"),
        person=command.person,
        topic=command.topic,
        attend_by=command.attend_by,
    )


# ── deadlines ─────────────────────────────────────────────────────────────────────────────────────


def training_deadline(
    _case: Case, command: AssignTraining, asking: Asking
) -> Iterable[tuple[Due, datetime]]:
    yield Due.TRAINING, asking.school.morning_of(command.attend_by)


def next_training(
    case: Case, command: TrainingCommand, asking: Asking
) -> Iterable[tuple[Due, datetime]]:
    """What else is still to be attended has a deadline of its own from then on."""
    left = [
        one.attend_by
        for one in case.trainings.values()
        if one.state is TrainingState.ASSIGNED and one.training != command.training
    ]
    if left:
        yield Due.TRAINING, asking.school.morning_of(min(left))


# ── what it changes ───────────────────────────────────────────────────────────────────────────────


def _apply_assignment(case: Case, event: TrainingAssigned, recorded: Recorded) -> Case:
    training = Training(
        training=event.training,
        person=event.person,
        topic=event.topic,
        attend_by=event.attend_by,
    )
    return prompting(
        replace(case, trainings={**case.trainings, event.training: training}), recorded
    )


def _to(state: TrainingState) -> Apply:
    def apply(case: Case, event: TrainingAttended | TrainingDropped, _recorded: Recorded) -> Case:
        if event.training not in case.trainings:
            return case
        known = replace(case.trainings[event.training], state=state)
        return replace(case, trainings={**case.trainings, event.training: known})

    return apply


# ── the table ─────────────────────────────────────────────────────────────────────────────────────

_S = TrainingState
_WHO: Final = (Relation.LEAD, Role.HEADTEACHER, Role.CHAIR)

TRANSITIONS = (
    Row(
        ask=AssignTraining,
        who=_WHO,
        at=tuple(_S),
        guards=(case_is_open, trainee_works_here, training_lies_ahead),
        records=(TrainingAssigned,),
        by=_assigned,
        starts=(training_deadline,),
        policy=(5,),
    ),
    Row(
        ask=RecordTrainingAttended,
        who=_WHO,
        at=(_S.ASSIGNED,),
        guards=(training_was_attended,),
        records=(TrainingAttended,),
        by=recording(TrainingAttended),
        to=_S.ATTENDED,
        settles=(Due.TRAINING,),
        starts=(next_training,),
        policy=(5,),
    ),
    Row(
        ask=DropTraining,
        who=_WHO,
        at=(_S.ASSIGNED,),
        records=(TrainingDropped,),
        by=recording(TrainingDropped),
        to=_S.DROPPED,
        settles=(Due.TRAINING,),
        starts=(next_training,),
        policy=(5,),
    ),
)


def _states(case: Case, command: Command | None) -> frozenset[TrainingState]:
    if isinstance(command, TrainingCommand):
        known = case.trainings.get(command.training)
        return frozenset({known.state if known else TrainingState.NONE})
    return frozenset({TrainingState.NONE, *(x.state for x in case.trainings.values())})


APPLY: Final[dict[type[Event], Apply]] = {
    TrainingAssigned: _apply_assignment,
    TrainingAttended: _to(TrainingState.ATTENDED),
    TrainingDropped: _to(TrainingState.DROPPED),
}
TRACK = Track("training", _states, TRANSITIONS, APPLY)
