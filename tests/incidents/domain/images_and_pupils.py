"""Pictures, pupils, second requests and what becomes of evidence; and for each row one example."""

from datetime import timedelta
from typing import Final

from msgspec.structs import replace

from incidents.domain.behaviour import ApplyBehaviourPolicy, BehaviourPolicyApplied
from incidents.domain.direct import CaseEscalated, EscalateCase
from incidents.domain.handing_over import (
    CustodyTransferred,
    PlatformResponseRecorded,
    RecordPlatformResponse,
    TransferCustody,
)
from incidents.domain.images import (
    CompromisingImageDeleted,
    ImagerySighted,
    ListedChildPublished,
    PublicationTakenDown,
    RecordChildPublished,
    RecordImageDeleted,
    RecordImagerySighted,
    RecordTakenDown,
)
from incidents.domain.intake import IdentifyPerson
from incidents.domain.internal import (
    RecordPostStatus,
    RemindOfRemoval,
    RemovalReminded,
    StartInternalHandling,
)
from incidents.domain.school import User
from incidents.domain.table import Command
from incidents.domain.timers import DeadlineMet, DeadlineSet
from incidents.domain.vocabulary import (
    ContactBasis,
    Flag,
    Part,
    PersonRole,
    PostStatus,
    Route,
)
from tests.incidents.domain.cases import (
    ABOUT_A_CHILD,
    EVIDENCE,
    PUPIL,
    RATIONALE,
    REPORT,
    assessed,
    moderated,
    person,
    reported,
    requested,
)
from tests.incidents.domain.examples import Example, example, of
from tests.incidents.domain.school import (
    DSL,
    FRIDAY,
    HEADTEACHER,
    MODERATOR,
    SLT,
    STAFF,
    id_of,
)
from tests.incidents.domain.support import Story

# ── pictures ──────────────────────────────────────────────────────────────────────────────────────

DOWN: Final = RecordTakenDown(taken_down_at=FRIDAY, seen="The page shows another picture.")
DELETED: Final = RecordImageDeleted(
    deleted_at=FRIDAY, witness=id_of(SLT), what="A picture on the telephone of the class."
)
SIGHTED: Final = RecordImagerySighted(
    seen_at=FRIDAY, why=RATIONALE, present="The headteacher was there."
)
INDECENT: Final = replace(REPORT, flags=(Flag.NUDE_IMAGERY,))


def publication(story: Story) -> RecordChildPublished:
    return RecordChildPublished(
        person=person(story, Part.AFFECTED), where="On a page of a colleague.", published_at=FRIDAY
    )


def published(story: Story | None = None, by: User = STAFF) -> Story:
    story = story or reported(ABOUT_A_CHILD)
    return story.after(publication(story), by=by)


def image_lives(story: Story, by: User) -> dict[str, Story]:
    """A picture of a child in every state."""
    found = {"picture published": published(story, by)}
    found["picture taken down"] = found["picture published"].after(DOWN, by=by)
    return found


# ── pupils, and a second request ──────────────────────────────────────────────────────────────────


def with_pupils() -> Story:
    """Two pupils on their route, and the mother of the first."""
    story = assessed(report=replace(REPORT, people=(PUPIL, PUPIL)))
    mother = IdentifyPerson(
        part=Part.AFFECTED,
        role=PersonRole.PARENT,
        name="the mother",
        email="mother@example.org",
        basis=ContactBasis.PARENTAL_RESPONSIBILITY,
    )
    inside = StartInternalHandling(route=Route.PUPIL_BEHAVIOUR)
    return story.after(mother, by=SLT).after(inside, by=SLT)


def behaviour(story: Story) -> ApplyBehaviourPolicy:
    return ApplyBehaviourPolicy(
        person=person(story),
        done="They talked with the class teacher and wrote an apology.",
        support="A talk every week until the holidays.",
        parents=(person(story, Part.AFFECTED),),
    )


def still_there(story: Story) -> RecordPostStatus:
    return RecordPostStatus(status=PostStatus.PRESENT, checked_at=story.now)


def found_again(story: Story | None = None) -> Story:
    story = story or requested()
    return story.after(still_there(story), by=SLT)


def reminder(story: Story) -> RemindOfRemoval:
    return RemindOfRemoval(
        person=person(story),
        next_steps="The platform is asked to look at it.",
        meeting_slots=(story.now + timedelta(days=5),),
    )


# ── evidence and platforms ────────────────────────────────────────────────────────────────────────


def custody(story: Story) -> TransferCustody:
    return TransferCustody(
        evidence=next(iter(story.case.evidence)),
        to="The officer who asked for it",
        purpose="It is looked at by the police.",
        receipt="R-1",
    )


def answer(story: Story) -> RecordPlatformResponse:
    return RecordPlatformResponse(
        action=next(iter(story.case.actions)), response="It breaks no rule of ours.", removed=False
    )


ESCALATED: Final = EscalateCase(reason="It spreads, and three families have rung.")

HAPPY: Final[dict[type[Command], Example]] = {
    RecordChildPublished: of(
        reported(ABOUT_A_CHILD), publication, STAFF, ListedChildPublished, DeadlineSet
    ),
    RecordTakenDown: example(published(), DOWN, DSL, PublicationTakenDown, DeadlineMet),
    RecordImageDeleted: example(reported(), DELETED, HEADTEACHER, CompromisingImageDeleted),
    RecordImagerySighted: example(reported(INDECENT), SIGHTED, DSL, ImagerySighted),
    ApplyBehaviourPolicy: of(with_pupils(), behaviour, SLT, BehaviourPolicyApplied),
    RemindOfRemoval: of(found_again(), reminder, SLT, RemovalReminded, DeadlineMet, DeadlineSet),
    TransferCustody: of(assessed().after(EVIDENCE, by=SLT), custody, SLT, CustodyTransferred),
    RecordPlatformResponse: of(moderated(), answer, MODERATOR, PlatformResponseRecorded),
    EscalateCase: example(reported(), ESCALATED, STAFF, CaseEscalated),
}
