"""What follows from a case and what it has to do with others; and for each row one example."""

from datetime import timedelta
from typing import Final
from uuid import UUID, uuid5

from msgspec.structs import replace

from incidents.domain.closing import CaseClosed
from incidents.domain.concerns import (
    ConcernReviewed,
    LowLevelConcernRecorded,
    PatternDetected,
    RecordLowLevelConcern,
    ReviewConcern,
)
from incidents.domain.facts import CaseId
from incidents.domain.links import (
    DuplicateLinked,
    IncidentsLinked,
    LinkCase,
    MarkDuplicate,
    SamePerson,
)
from incidents.domain.parallel import ConcernDecision, LinkRelation
from incidents.domain.patterns import KnownConcern
from incidents.domain.readings import (
    AnnotateEntry,
    EntryAnnotated,
    InterpretPolicy,
    PolicyInterpretationRecorded,
)
from incidents.domain.school import User
from incidents.domain.state import Case
from incidents.domain.table import Command
from incidents.domain.timers import DeadlineMet, DeadlineSet
from incidents.domain.training import (
    AssignTraining,
    DropTraining,
    RecordTrainingAttended,
    TrainingAssigned,
    TrainingAttended,
    TrainingDropped,
)
from tests.incidents.domain.cases import RATIONALE, acknowledged, assessing, person, with_staff
from tests.incidents.domain.examples import Example, example, of
from tests.incidents.domain.school import FRIDAY, HEADTEACHER, NAMES, OTHER_STAFF, SLT, id_of
from tests.incidents.domain.support import Story

OTHER_CASE: Final = CaseId(uuid5(NAMES, "another case"))


def other_case() -> Case:
    """Another case of the school, with a parent in it."""
    return replace(assessing().case, id=OTHER_CASE)


def knowing(story: Story, other: Case | None = None) -> Story:
    """The story, where the asker may see the other case."""
    return story.knowing(other=other or other_case())


# ── concerns ──────────────────────────────────────────────────────────────────────────────────────


def concern(story: Story) -> RecordLowLevelConcern:
    return RecordLowLevelConcern(
        person=person(story),
        what="He took a picture of the class with his own telephone.",
        context="On a trip; he deleted it when he was asked to.",
        observed_at=FRIDAY,
    )


def elsewhere(days_ago: int, about: User = OTHER_STAFF, case: int = 1) -> KnownConcern:
    return KnownConcern(
        case=CaseId(UUID(int=case)),
        about=id_of(about),
        observed_at=FRIDAY - timedelta(days=days_ago),
    )


def concerned(story: Story | None = None, by: User = HEADTEACHER) -> Story:
    story = story or with_staff()
    return story.after(concern(story), by=by)


def reviewed(story: Story) -> ReviewConcern:
    return ReviewConcern(
        concern=list(story.case.concerns)[-1],
        decision=ConcernDecision.GUIDANCE_GIVEN,
        reason=RATIONALE,
    )


# ── training ──────────────────────────────────────────────────────────────────────────────────────


def training(story: Story) -> AssignTraining:
    return AssignTraining(
        person=person(story),
        topic="Safe use of social media for staff.",
        attend_by=story.now + timedelta(days=60),
    )


def assigned(story: Story | None = None, by: User = SLT) -> Story:
    story = story or with_staff()
    return story.after(training(story), by=by)


def attended(story: Story) -> RecordTrainingAttended:
    return RecordTrainingAttended(
        training=next(iter(story.case.trainings)), attended_at=story.now, seen="The signed list."
    )


def dropped(story: Story) -> DropTraining:
    return DropTraining(
        training=next(iter(story.case.trainings)), reason="The colleague has left the school."
    )


# ── links, readings, annotations ──────────────────────────────────────────────────────────────────


def link(story: Story) -> LinkCase:
    return LinkCase(
        other=OTHER_CASE,
        relation=LinkRelation.SAME_PEOPLE,
        reason="The same parent wrote in another group.",
        people=(SamePerson(here=person(story), there=next(iter(other_case().people))),),
    )


DUPLICATE: Final = MarkDuplicate(other=OTHER_CASE, reason="Two colleagues reported one post.")
READING: Final = InterpretPolicy(clauses=("4.1", "5.4"), reading=RATIONALE)
ANNOTATION: Final = AnnotateEntry(
    entry=1, correction="It was on a Thursday.", reason="The diary of the class says so."
)


def following_lives(story: Story, lead: User, head: User) -> dict[str, Story]:
    """Trainings in every state. Concerns are in `concern_lives`: they need another assessment."""
    found = {"training assigned": assigned(story, lead)}
    story = found["training assigned"]
    found["training attended"] = story.after(attended(story), by=head)
    found["training dropped"] = story.after(dropped(story), by=head)
    return found


HAPPY: Final[dict[type[Command], Example]] = {
    RecordLowLevelConcern: of(
        with_staff().knowing(concerns=(elsewhere(20), elsewhere(30))),
        concern,
        HEADTEACHER,
        LowLevelConcernRecorded,
        PatternDetected,
    ),
    ReviewConcern: of(concerned(), reviewed, HEADTEACHER, ConcernReviewed),
    AssignTraining: of(with_staff(), training, SLT, TrainingAssigned, DeadlineSet),
    RecordTrainingAttended: of(assigned(), attended, SLT, TrainingAttended, DeadlineMet),
    DropTraining: of(assigned(), dropped, SLT, TrainingDropped, DeadlineMet),
    LinkCase: of(knowing(with_staff()), link, SLT, IncidentsLinked),
    MarkDuplicate: example(
        knowing(acknowledged(assessing())),
        DUPLICATE,
        SLT,
        DuplicateLinked,
        CaseClosed,
        DeadlineMet,
    ),
    InterpretPolicy: example(assessing(), READING, SLT, PolicyInterpretationRecorded),
    AnnotateEntry: example(assessing(), ANNOTATION, SLT, EntryAnnotated),
}
