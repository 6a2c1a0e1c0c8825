"""A journalist's enquiry and a data breach at each of their states, and an example for each row."""

from typing import Final

from incidents.domain.breach import (
    BreachConfirmed,
    BreachFinished,
    BreachRuledOut,
    ConfirmBreach,
    DataBreachSuspected,
    DecideIco,
    FinishBreach,
    IcoDecided,
    InformSubjects,
    LeaveSubjectsUninformed,
    RuleOutBreach,
    SubjectsInformed,
    SubjectsNotInformed,
    SuspectBreach,
)
from incidents.domain.press import (
    DeclineToRespond,
    HeadInformed,
    InformHead,
    LaSupportObtained,
    LaSupportRequested,
    LogPressEnquiry,
    ObtainLaSupport,
    PressEnquiryLogged,
    PressResponseDeclined,
    PressResponseIssued,
    RequestLaSupport,
    RespondToPress,
)
from incidents.domain.school import User
from incidents.domain.table import Command
from incidents.domain.timers import DeadlineMet, DeadlineSet
from tests.incidents.domain.cases import RATIONALE, assessed, person, reported
from tests.incidents.domain.examples import Example, example
from tests.incidents.domain.school import DPO, FRIDAY, HEADTEACHER, SLT, STAFF
from tests.incidents.domain.support import Story

# ── press ─────────────────────────────────────────────────────────────────────────────────────────

ENQUIRY: Final = LogPressEnquiry(
    received_at=FRIDAY, outlet="a local newspaper", query="What does the school say to the post?"
)
TOLD: Final = InformHead()
ASKED: Final = RequestLaSupport(asked="A newspaper asks about a post; an answer is due on Monday.")
SUPPORTED: Final = ObtainLaSupport(
    obtained_at=FRIDAY, from_whom="the press office", advice="Say that it is being looked into."
)
ANSWER: Final = RespondToPress(issued_at=FRIDAY, response="The school does not comment on this.")
SILENCE: Final = DeclineToRespond(reason="The post is gone and nobody asks any more.")


def enquired(story: Story | None = None, by: User = STAFF) -> Story:
    return (story or reported()).after(ENQUIRY, by=by)


def head_told(story: Story | None = None, by: User = HEADTEACHER) -> Story:
    return (story or enquired()).after(TOLD, by=by)


def supported(story: Story | None = None, by: User = HEADTEACHER) -> Story:
    return (story or head_told()).after(SUPPORTED, by=by)


def press_lives(story: Story, head: User) -> dict[str, Story]:
    """An enquiry in every state."""
    found = {"press enquiry": story.after(ENQUIRY, by=head)}
    story = found["head told"] = head_told(found["press enquiry"], head)
    story = found["county supports"] = supported(story, head)
    found["press answered"] = story.after(ANSWER, by=head)
    found["press declined"] = story.after(SILENCE, by=head)
    return found


# ── breach ────────────────────────────────────────────────────────────────────────────────────────

SUSPICION: Final = SuspectBreach(aware_at=FRIDAY, what="A class list stood on a public page.")
CONFIRMATION: Final = ConfirmBreach(
    nature="Names and dates of birth.",
    people_affected=28,
    consequences="Somebody might have copied it.",
    measures="The page was taken down after an hour.",
)
NO_BREACH: Final = RuleOutBreach(reason="The list held no names, only numbers of places.")
NOT_TO_ICO: Final = DecideIco(report=False, reason=RATIONALE)
TO_ICO: Final = DecideIco(report=True, reason=RATIONALE, reference="IC-000000")
NOT_TO_SUBJECTS: Final = LeaveSubjectsUninformed(reason=RATIONALE)
LESSONS: Final = FinishBreach(lessons="Lists are checked by a second person before they go up.")


def to_subjects(story: Story) -> InformSubjects:
    return InformSubjects(people=(person(story),), reason="Dates of birth were among it.")


def suspected(story: Story | None = None, by: User = STAFF) -> Story:
    return (story or reported()).after(SUSPICION, by=by)


def confirmed(story: Story | None = None, by: User = DPO) -> Story:
    return (story or suspected()).after(CONFIRMATION, by=by)


def ico_decided(story: Story | None = None, by: User = DPO) -> Story:
    return (story or confirmed()).after(NOT_TO_ICO, by=by)


def subjects_decided(story: Story | None = None, by: User = DPO) -> Story:
    return (story or ico_decided()).after(NOT_TO_SUBJECTS, by=by)


def breach_lives(story: Story, decides: User) -> dict[str, Story]:
    """A breach in every state."""
    found = {"breach suspected": story.after(SUSPICION, by=decides)}
    story = found["breach suspected"]
    found["breach ruled out"] = story.after(NO_BREACH, by=decides)
    story = found["breach confirmed"] = confirmed(story, decides)
    story = found["ICO decided"] = ico_decided(story, decides)
    story = found["subjects decided"] = subjects_decided(story, decides)
    found["breach done"] = story.after(LESSONS, by=decides)
    return found


HAPPY: Final[dict[type[Command], Example]] = {
    LogPressEnquiry: example(reported(), ENQUIRY, STAFF, PressEnquiryLogged, DeadlineSet),
    InformHead: example(enquired(), TOLD, HEADTEACHER, HeadInformed, DeadlineMet, DeadlineSet),
    RequestLaSupport: example(head_told(), ASKED, HEADTEACHER, LaSupportRequested, DeadlineMet),
    ObtainLaSupport: example(head_told(), SUPPORTED, HEADTEACHER, LaSupportObtained, DeadlineMet),
    RespondToPress: example(supported(), ANSWER, HEADTEACHER, PressResponseIssued),
    DeclineToRespond: example(
        head_told(), SILENCE, HEADTEACHER, PressResponseDeclined, DeadlineMet
    ),
    SuspectBreach: example(
        assessed(), SUSPICION, SLT, DataBreachSuspected, DeadlineSet, DeadlineSet
    ),
    ConfirmBreach: example(suspected(), CONFIRMATION, DPO, BreachConfirmed, DeadlineMet),
    RuleOutBreach: example(suspected(), NO_BREACH, DPO, BreachRuledOut, DeadlineMet, DeadlineMet),
    DecideIco: example(confirmed(), NOT_TO_ICO, DPO, IcoDecided, DeadlineMet),
    InformSubjects: example(ico_decided(), to_subjects(ico_decided()), DPO, SubjectsInformed),
    LeaveSubjectsUninformed: example(ico_decided(), NOT_TO_SUBJECTS, DPO, SubjectsNotInformed),
    FinishBreach: example(subjects_decided(), LESSONS, DPO, BreachFinished),
}
