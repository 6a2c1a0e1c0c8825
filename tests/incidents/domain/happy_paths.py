"""For each row of each table one example of what it is there for.

A row without one fails `test_rows.py`; so does an example whose row is gone.
"""

from typing import Final

from incidents.domain.assessment import (
    AssessmentRecorded,
    AssessmentStarted,
    AssignLead,
    DecideNotToRefer,
    DecisionNotToRefer,
    LeadAssigned,
    MarkedOutOfScope,
    MarkOutOfScope,
    RecordAssessment,
    StartAssessment,
)
from incidents.domain.closing import (
    CaseClosed,
    CaseReopened,
    CloseCase,
    OutcomeRecorded,
    RecordOutcome,
    ReopenCase,
)
from incidents.domain.intake import (
    AcknowledgeReport,
    AddInformation,
    CorrectEntry,
    EntryCorrected,
    IdentifyPerson,
    InformationAdded,
    PersonIdentified,
    PersonInvolved,
    ReportAcknowledged,
)
from incidents.domain.internal import (
    InternalHandlingStarted,
    MeetingHeld,
    MeetingInvited,
    PostStatusChecked,
    RecordMeeting,
    RecordPostStatus,
    RemovalRequested,
    RequestRemoval,
    StartInternalHandling,
)
from incidents.domain.letters import (
    AlertSent,
    ApproveLetter,
    LetterApproved,
    LetterFailed,
    LetterRendered,
    LetterResolved,
    LetterSent,
    LetterUncertain,
    LetterWithdrawn,
    RecordAlert,
    RecordLetterFailed,
    RecordLetterRendered,
    RecordLetterSent,
    RecordLetterUncertain,
    ResolveLetter,
    WithdrawLetter,
)
from incidents.domain.moderation import (
    AudienceInformed,
    AudienceNoticeWaived,
    CaptureEvidence,
    DescribeEvidence,
    EvidenceCaptured,
    EvidenceDescribedOnly,
    InformAudience,
    ModerationActionTaken,
    TakeModerationAction,
    WaiveNotice,
)
from incidents.domain.referring import (
    InternalHandlingResumed,
    InternalHoldPlaced,
    MakeReferral,
    ReferralMade,
    ResumeInternal,
)
from incidents.domain.remedies import RecordRemedyMet, RemedyMet, RemedyRequired, RequireRemedy
from incidents.domain.responses import (
    AgencyUpdateRecorded,
    InternalHoldLifted,
    RecordAgencyResponse,
    ReferralAcknowledged,
    ReferralClosed,
)
from incidents.domain.table import Command
from incidents.domain.timers import (
    DeadlineMet,
    DeadlineMissed,
    DeadlineRecalculated,
    DeadlineSet,
    DeadlineWaived,
    MissDeadline,
    RecalculateDeadline,
    WaiveDeadline,
)
from incidents.domain.vocabulary import Agency, Correctable, Due, Part, PersonRole, Route
from tests.incidents.domain import (
    agencies,
    cases,
    complaints,
    following,
    images_and_pupils,
    press_and_breach,
    staff_matters,
    walls,
)
from tests.incidents.domain.cases import HASH, LETTER
from tests.incidents.domain.examples import Example, example, of
from tests.incidents.domain.school import (
    CLOSED_ON_MONDAY,
    DSL,
    FRIDAY,
    HEADTEACHER,
    MODERATOR,
    NOTIFIER,
    OTHER_SLT,
    SLT,
    STAFF,
    TIMEKEEPER,
    id_of,
)
from tests.incidents.domain.support import A_MINUTE, Story


def with_remedy() -> Story:
    story = cases.with_staff()
    return story.after(cases.remedy(story), by=SLT)


def remedy_met(story: Story) -> RecordRemedyMet:
    (remedy,) = story.case.remedies
    return RecordRemedyMet(remedy=remedy, seen="The profile has its disclaimer.")


def overdue() -> Story:
    """A week later nobody has done anything."""
    story = cases.reported()
    due_at = story.case.deadlines[Due.ACKNOWLEDGE].due_at
    return story.after(AddInformation(text="Still there."), by=STAFF, at=due_at + A_MINUTE)


def uncertain() -> Story:
    story = cases.approved(cases.drafted(cases.requested()))
    return story.after(RecordLetterUncertain(letter=LETTER, why="no_reply"), by=NOTIFIER)


HAPPY_PATHS: Final[dict[type[Command], Example]] = {
    AddInformation: example(
        cases.reported(), AddInformation(text="It is on two groups."), STAFF, InformationAdded
    ),
    CorrectEntry: example(
        cases.reported(),
        CorrectEntry(field=Correctable.FACTS, new="It was two posts.", reason="Seen again."),
        STAFF,
        EntryCorrected,
    ),
    IdentifyPerson: example(
        cases.assessing(),
        IdentifyPerson(part=Part.AFFECTED, role=PersonRole.PUPIL, name="the pupil"),
        SLT,
        PersonInvolved,
        PersonIdentified,
    ),
    AcknowledgeReport: example(
        cases.reported(), AcknowledgeReport(), SLT, ReportAcknowledged, DeadlineMet
    ),
    StartAssessment: example(
        cases.reported(), StartAssessment(), SLT, LeadAssigned, AssessmentStarted
    ),
    AssignLead: example(
        cases.assessing(),
        AssignLead(lead=id_of(OTHER_SLT), reason="The deputy is away from tomorrow."),
        HEADTEACHER,
        LeadAssigned,
    ),
    RecordAssessment: example(
        cases.assessing(), cases.UNACCEPTABLE, SLT, AssessmentRecorded, DeadlineMet
    ),
    MarkOutOfScope: example(
        cases.acknowledged(cases.assessing()),
        MarkOutOfScope(reason="A private quarrel among neighbours."),
        SLT,
        MarkedOutOfScope,
        CaseClosed,
        DeadlineMet,
    ),
    DecideNotToRefer: example(
        cases.with_opinion(cases.assessed(cases.POSSIBLY_ILLEGAL), DSL),
        DecideNotToRefer(
            agency=Agency.POLICE, reason="It is civil law at most.", consulted=id_of(DSL)
        ),
        HEADTEACHER,
        DecisionNotToRefer,
        DeadlineMet,
    ),
    StartInternalHandling: example(
        cases.assessed(),
        StartInternalHandling(route=Route.PARENT),
        SLT,
        InternalHandlingStarted,
        DeadlineSet,
    ),
    RequestRemoval: of(
        cases.with_parent(),
        cases.removal,
        SLT,
        RemovalRequested,
        MeetingInvited,
        DeadlineMet,
        DeadlineSet,
        DeadlineSet,
    ),
    RecordPostStatus: of(cases.requested(), cases.post_gone, SLT, PostStatusChecked, DeadlineMet),
    RecordMeeting: of(cases.requested(), cases.meeting, SLT, MeetingHeld, DeadlineMet),
    RequireRemedy: of(cases.with_staff(), cases.remedy, SLT, RemedyRequired, DeadlineSet),
    RecordRemedyMet: of(with_remedy(), remedy_met, SLT, RemedyMet, DeadlineMet),
    MakeReferral: example(
        cases.assessed(cases.POSSIBLY_ILLEGAL),
        cases.TO_POLICE,
        SLT,
        ReferralMade,
        InternalHoldPlaced,
        DeadlineMet,
        DeadlineSet,
    ),
    RecordAgencyResponse: example(
        cases.referred(),
        cases.CLOSED_BY_AGENCY,
        SLT,
        ReferralAcknowledged,
        AgencyUpdateRecorded,
        InternalHoldLifted,
        ReferralClosed,
        DeadlineMet,
    ),
    ResumeInternal: example(
        cases.cleared(), ResumeInternal(), HEADTEACHER, InternalHandlingResumed
    ),
    RecordOutcome: example(cases.handled(), cases.OUTCOME, SLT, OutcomeRecorded, DeadlineSet),
    CloseCase: example(cases.resolved(), CloseCase(), SLT, CaseClosed, DeadlineMet),
    ReopenCase: example(
        cases.closed(),
        ReopenCase(reason="The same parent has posted again."),
        HEADTEACHER,
        CaseReopened,
        DeadlineSet,
    ),
    CaptureEvidence: example(cases.reported(), cases.EVIDENCE, STAFF, EvidenceCaptured),
    DescribeEvidence: example(cases.reported(), cases.DESCRIPTION, STAFF, EvidenceDescribedOnly),
    TakeModerationAction: example(
        cases.evidenced(),
        cases.DELETE,
        MODERATOR,
        ModerationActionTaken,
        DeadlineMet,
        DeadlineSet,
    ),
    InformAudience: example(
        cases.notice_approved(),
        InformAudience(letter=LETTER, posted_at=FRIDAY),
        MODERATOR,
        AudienceInformed,
        DeadlineMet,
    ),
    WaiveNotice: example(
        cases.moderated(),
        WaiveNotice(reason="It would tell everybody who was meant."),
        HEADTEACHER,
        AudienceNoticeWaived,
        DeadlineMet,
    ),
    RecordLetterRendered: example(cases.reported(), cases.draft(), NOTIFIER, LetterRendered),
    ApproveLetter: example(
        cases.drafted(cases.requested()),
        ApproveLetter(letter=LETTER, document=HASH),
        HEADTEACHER,
        LetterApproved,
    ),
    WithdrawLetter: example(
        cases.drafted(cases.requested()),
        WithdrawLetter(letter=LETTER, reason="The parent has rung already."),
        SLT,
        LetterWithdrawn,
    ),
    RecordLetterSent: example(
        cases.approved(cases.drafted(cases.requested())),
        RecordLetterSent(letter=LETTER, channel="email"),
        NOTIFIER,
        LetterSent,
    ),
    RecordLetterUncertain: example(
        cases.approved(cases.drafted(cases.requested())),
        RecordLetterUncertain(letter=LETTER, why="no_reply"),
        NOTIFIER,
        LetterUncertain,
    ),
    ResolveLetter: example(
        uncertain(),
        ResolveLetter(letter=LETTER, delivered=True, how_known="The parent rang about it."),
        HEADTEACHER,
        LetterResolved,
    ),
    RecordLetterFailed: example(
        cases.approved(cases.drafted(cases.requested())),
        RecordLetterFailed(letter=LETTER, code="L2", prompted_by=LETTER, why="mailbox_unknown"),
        NOTIFIER,
        LetterFailed,
    ),
    RecordAlert: example(
        cases.reported(),
        RecordAlert(alert=LETTER, code="A1", prompted_by=LETTER),
        NOTIFIER,
        AlertSent,
    ),
    RecalculateDeadline: example(
        cases.reported().at(CLOSED_ON_MONDAY),
        RecalculateDeadline(due=Due.ACKNOWLEDGE),
        TIMEKEEPER,
        DeadlineRecalculated,
    ),
    MissDeadline: example(overdue(), MissDeadline(due=Due.ACKNOWLEDGE), TIMEKEEPER, DeadlineMissed),
    WaiveDeadline: example(
        cases.reported(),
        WaiveDeadline(due=Due.ACKNOWLEDGE, reason="The reporter was told in person."),
        HEADTEACHER,
        DeadlineWaived,
    ),
    **agencies.HAPPY,
    **complaints.HAPPY,
    **following.HAPPY,
    **images_and_pupils.HAPPY,
    **press_and_breach.HAPPY,
    **staff_matters.HAPPY,
    **walls.HAPPY,
}
