"""A complaint at each of its states, and for each row of its tables one example."""

from datetime import timedelta
from typing import Final

from msgspec.structs import replace

from incidents.domain.complaint_ends import (
    ComplaintDiverted,
    ComplaintExtended,
    ComplaintWithdrawn,
    DivertComplaint,
    ExtendComplaint,
    WithdrawComplaint,
)
from incidents.domain.contact import (
    ContactReviewed,
    LimitContact,
    ReviewContact,
    UnreasonableContactDecided,
)
from incidents.domain.first_stage import (
    AcknowledgeComplaint,
    ComplaintAcknowledged,
    ComplaintReceived,
    ComplaintReferralMade,
    DecideStage1,
    DelegateInvestigation,
    InvestigationDelegated,
    InvestigationRecorded,
    ReceiveComplaint,
    RecordInvestigation,
    ReferToComplaints,
    Stage1Decided,
)
from incidents.domain.intake import InformationAdded
from incidents.domain.parallel import ComplaintFinding, OtherProcedure
from incidents.domain.school import User
from incidents.domain.second_stage import (
    ComplaintExhausted,
    ConvenePanel,
    DecideStage2,
    ExhaustComplaint,
    PanelConvened,
    PanelDecided,
    PanelPapersSent,
    RecordPanelPapers,
    RequestStage2,
    Stage2Requested,
)
from incidents.domain.table import Command
from incidents.domain.timers import DeadlineMet, DeadlineSet, DeadlineWaived
from tests.incidents.domain.cases import RATIONALE, person, requested
from tests.incidents.domain.examples import Example, example
from tests.incidents.domain.school import (
    CLERK,
    FRIDAY,
    GOVERNORS,
    HEADTEACHER,
    OTHER_SLT,
    SLT,
    id_of,
)
from tests.incidents.domain.support import Story

PANEL: Final = tuple(id_of(one) for one in GOVERNORS)
FOUND: Final = RecordInvestigation(found="The deputy and the parent were both asked.")
DECISION: Final = DecideStage1(
    finding=ComplaintFinding.PARTLY_UPHELD,
    investigated="Whether the parent was heard before he was asked to remove the post.",
    reasons=RATIONALE,
    remedies="The school rings parents before it writes.",
)
ACKNOWLEDGEMENT: Final = AcknowledgeComplaint(understood="That nobody rang before writing.")
WITHDRAWAL: Final = WithdrawComplaint(confirmation="The parent wrote that he is content.")
DIVERSION: Final = DivertComplaint(
    procedure=OtherProcedure.STAFF_CONDUCT, reason="It is about how a colleague behaved."
)
TO_DEPARTMENT: Final = ExhaustComplaint(told_of_department=True)


def complaint(story: Story) -> ReceiveComplaint:
    return ReceiveComplaint(
        received_at=story.now,
        happened_at=FRIDAY,
        issues="The school wrote to me before anybody had rung.",
        outcome_wanted="That somebody rings first.",
        complainant=person(story),
    )


def handed_over(story: Story) -> ReferToComplaints:
    return ReferToComplaints(person=person(story), reason="The talks have come to no end.")


def received(story: Story | None = None, by: User = SLT) -> Story:
    story = story or requested()
    return story.after(complaint(story), by=by)


def acknowledged_complaint(story: Story | None = None, by: User = HEADTEACHER) -> Story:
    return (story or received()).after(ACKNOWLEDGEMENT, by=by)


def looked_into(story: Story | None = None, by: User = HEADTEACHER) -> Story:
    return (story or acknowledged_complaint()).after(FOUND, by=by)


def decided(story: Story | None = None, by: User = HEADTEACHER) -> Story:
    return (story or looked_into()).after(DECISION, by=by)


def asked_again(story: Story | None = None) -> Story:
    story = story or decided()
    return story.after(second_stage(story), by=CLERK)


def second_stage(story: Story) -> RequestStage2:
    return RequestStage2(requested_at=story.now, reasons="The answer says nothing of the call.")


def hearing(story: Story) -> ConvenePanel:
    return ConvenePanel(members=PANEL, declared=PANEL, hears_at=story.now + timedelta(days=14))


def convened(story: Story | None = None) -> Story:
    story = story or asked_again()
    return story.after(hearing(story), by=CLERK)


def judgement(story: Story) -> DecideStage2:
    return DecideStage2(heard_at=story.now, finding=ComplaintFinding.NOT_UPHELD, reasons=RATIONALE)


def judged(story: Story | None = None) -> Story:
    story = story or convened()
    return story.after(judgement(story), by=GOVERNORS[0])


def exhausted(story: Story | None = None) -> Story:
    return (story or judged()).after(TO_DEPARTMENT, by=CLERK)


def limits(story: Story) -> LimitContact:
    return LimitContact(
        person=person(story),
        behaviour="Forty messages in one week, some of them at night.",
        limits="In writing, to the office, answered once a week.",
        review_on=story.now + timedelta(days=90),
    )


def limited(story: Story | None = None) -> Story:
    story = story or requested()
    return story.after(limits(story), by=HEADTEACHER)


def review(story: Story) -> ReviewContact:
    return ReviewContact(person=person(story), reason="There has been nothing of the kind since.")


def papers(story: Story) -> RecordPanelPapers:
    return RecordPanelPapers(sent_at=story.now, papers="The complaint and the first answer.")


def later(story: Story) -> ExtendComplaint:
    return ExtendComplaint(
        new_due=story.now + timedelta(days=60), reason="The witness is away until January."
    )


HAPPY: Final[dict[type[Command], Example]] = {
    ReferToComplaints: example(requested(), handed_over(requested()), SLT, ComplaintReferralMade),
    ReceiveComplaint: example(
        requested(), complaint(requested()), SLT, ComplaintReceived, DeadlineSet, DeadlineSet
    ),
    AcknowledgeComplaint: example(
        received(), ACKNOWLEDGEMENT, HEADTEACHER, ComplaintAcknowledged, DeadlineMet
    ),
    DelegateInvestigation: example(
        acknowledged_complaint(),
        DelegateInvestigation(investigator=id_of(OTHER_SLT)),
        HEADTEACHER,
        InvestigationDelegated,
    ),
    RecordInvestigation: example(
        acknowledged_complaint(), FOUND, HEADTEACHER, InvestigationRecorded
    ),
    DecideStage1: example(looked_into(), DECISION, HEADTEACHER, Stage1Decided, DeadlineMet),
    ExtendComplaint: example(
        acknowledged_complaint(), later(acknowledged_complaint()), HEADTEACHER, ComplaintExtended
    ),
    RequestStage2: example(decided(), second_stage(decided()), CLERK, Stage2Requested, DeadlineSet),
    ConvenePanel: example(
        asked_again(), hearing(asked_again()), CLERK, PanelConvened, DeadlineSet, DeadlineSet
    ),
    RecordPanelPapers: example(convened(), papers(convened()), CLERK, PanelPapersSent, DeadlineMet),
    DecideStage2: example(
        convened(), judgement(convened()), GOVERNORS[0], PanelDecided, DeadlineMet, DeadlineMet
    ),
    ExhaustComplaint: example(judged(), TO_DEPARTMENT, CLERK, ComplaintExhausted, DeadlineMet),
    WithdrawComplaint: example(
        received(), WITHDRAWAL, HEADTEACHER, ComplaintWithdrawn, DeadlineWaived, DeadlineWaived
    ),
    DivertComplaint: example(
        received(), DIVERSION, HEADTEACHER, ComplaintDiverted, DeadlineWaived, DeadlineWaived
    ),
    LimitContact: example(
        requested(), limits(requested()), HEADTEACHER, UnreasonableContactDecided, DeadlineSet
    ),
    ReviewContact: example(limited(), review(limited()), HEADTEACHER, ContactReviewed, DeadlineMet),
}


def complaint_lives(story: Story, lead: User, decides: User) -> dict[str, Story]:
    """A complaint in every state, from a case that is handled internally."""
    found = {"complaint informal": story.after(handed_over(story), by=lead)}
    story = found["complaint received"] = received(found["complaint informal"], lead)
    found["complaint withdrawn"] = story.after(WITHDRAWAL, by=decides)
    found["complaint diverted"] = story.after(DIVERSION, by=decides)
    story = found["complaint acknowledged"] = acknowledged_complaint(story, decides)
    story = found["complaint decided"] = decided(looked_into(story, decides), decides)
    story = found["second stage"] = asked_again(story)
    story = found["panel convened"] = convened(story)
    story = found["panel decided"] = judged(story)
    found["complaint exhausted"] = exhausted(story)
    story = found["contact limited"] = limited_by(found["complaint informal"], decides)
    found["contact as before"] = story.after(review(story), by=decides)
    return found


def limited_by(story: Story, by: User) -> Story:
    return story.after(limits(story), by=by)


def about_the_head(story: Story) -> ReceiveComplaint:
    return replace(complaint(story), about_headteacher=True)


def delegated_to_the_head() -> Story:
    """He looks into it for the headteacher before him, and takes the headteacher's place then."""
    delegated = InvestigationDelegated(investigator=id_of(HEADTEACHER))
    return acknowledged_complaint().also(delegated, by=SLT)


OPINION_OF_A_GOVERNOR: Final = InformationAdded(text="I was at the gate that day.", late=False)
