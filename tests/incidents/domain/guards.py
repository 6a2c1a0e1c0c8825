"""For each guard of each row one request that it refuses.

A guard without one fails `test_guards.py`; so does an example whose guard is gone.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from msgspec.structs import replace

from incidents.domain.assessment import (
    AssessmentStarted,
    AssignLead,
    DecideNotToRefer,
    MarkOutOfScope,
    RecordAssessment,
    StartAssessment,
)
from incidents.domain.closing import CaseClosed, CloseCase, OutcomeRecorded, RecordOutcome
from incidents.domain.concerns import LowLevelConcernRecorded
from incidents.domain.direct import RaiseImmediateDanger, RecordDirectReferral
from incidents.domain.disciplinary import DisciplinaryOpened
from incidents.domain.drafting import DraftReferral
from incidents.domain.facts import Event, PersonId, UserId
from incidents.domain.images import ListedChildPublished
from incidents.domain.intake import (
    AcknowledgeReport,
    AddInformation,
    CorrectEntry,
    IdentifyPerson,
    LogIncident,
    PersonInvolved,
)
from incidents.domain.internal import (
    RecordMeeting,
    RecordPostStatus,
    RequestRemoval,
    StartInternalHandling,
)
from incidents.domain.letters import ApproveLetter, RecordLetterFailed, ResolveLetter
from incidents.domain.moderation import (
    CaptureEvidence,
    DescribeEvidence,
    InformAudience,
    ModerationActionTaken,
    TakeModerationAction,
)
from incidents.domain.opinions import RecordSecondOpinion, RequestSecondOpinion
from incidents.domain.referring import (
    InternalHandlingResumed,
    InternalHoldPlaced,
    MakeReferral,
    ReferralMade,
    ResumeInternal,
)
from incidents.domain.remedies import RecordRemedyMet, RequireRemedy
from incidents.domain.responses import RecordAgencyResponse
from incidents.domain.school import User
from incidents.domain.sharing import RecordDisclosureAgreement, RecordSharingDecision
from incidents.domain.table import Command
from incidents.domain.timers import MissDeadline, RecalculateDeadline, WaiveDeadline
from incidents.domain.vocabulary import (
    Agency,
    Category,
    Correctable,
    Due,
    Flag,
    ModerationAct,
    Offence,
    Outcome,
    Part,
    PersonRole,
    ReferralMethod,
    Retention,
)
from tests.incidents.domain import agencies, cases, complaints, press_and_breach
from tests.incidents.domain.cases import LETTER
from tests.incidents.domain.happy_paths import HAPPY_PATHS
from tests.incidents.domain.school import (
    FRIDAY,
    HEADTEACHER,
    MODERATOR,
    NOTIFIER,
    OTHER_SLT,
    SLT,
    STAFF,
)
from tests.incidents.domain.support import Story, given

NOBODY: Final = UserId(UUID(int=7))
ADVISED: Final = OutcomeRecorded(outcome=Outcome.ADVICE_GIVEN, summary="They were told.")
NOWHERE: Final = "9.9"
LATER: Final = FRIDAY + timedelta(days=30)


@dataclass(frozen=True)
class Refused:
    """Given this story, this is refused to this person."""

    story: Story
    command: Command
    by: User


def refused(story: Story, command: Command, by: User = SLT) -> Refused:
    return Refused(story, command, by)


def changed(ask: type[Command], **changes: object) -> Refused:
    """The row's own example, with this much changed."""
    happy = HAPPY_PATHS[ask]
    return Refused(happy.story, replace(happy.command, **changes), happy.by)


def on(story: Story, ask: type[Command]) -> Refused:
    """The row's own example, on another case."""
    return Refused(story, HAPPY_PATHS[ask].command, HAPPY_PATHS[ask].by)


def held(story: Story, back: Event) -> Story:
    """An agency holds it although it is not with one: no row leads there, an old log might."""
    referral = ReferralMade(
        referral=LETTER,
        agency=Agency.POLICE,
        method=ReferralMethod.TELEPHONE,
        urgent=False,
        reason="A threat.",
    )
    return story.also(referral, InternalHoldPlaced(agency=Agency.POLICE), back, by=SLT)


def held_inside(story: Story) -> Story:
    return held(story, InternalHandlingResumed())


def off_our_account() -> Story:
    """On somebody else's account, with an act on record already."""
    story = cases.reported().after(cases.EVIDENCE, by=STAFF)
    acted = ModerationActionTaken(
        action=LETTER, act=ModerationAct.REPORTED, clause="4.1", taken_at=FRIDAY
    )
    return story.also(acted, by=MODERATOR)


def and_staff(story: Story) -> Story:
    """A member of staff turns out to be concerned, after the assessment."""
    named = IdentifyPerson(part=Part.SUBJECT, role=PersonRole.STAFF, name="The colleague")
    return story.after(named, by=SLT)


def under_way(story: Story) -> Story:
    opened = DisciplinaryOpened(person=PersonId(NOBODY), clauses=("4.1",), reason="It was serious.")
    return story.also(opened, by=HEADTEACHER)


def unsettled(story: Story, back: Event) -> Story:
    """The LADO was told of a colleague, and nobody has said how it ended."""
    named = PersonInvolved(
        person=PersonId(NOBODY), part=Part.SUBJECT, role=PersonRole.FORMER_STAFF, user=None
    )
    told = ReferralMade(
        referral=LETTER,
        agency=Agency.LADO,
        method=ReferralMethod.TELEPHONE,
        urgent=False,
        reason="A harm question was answered with yes.",
    )
    return story.also(named, told, back, by=SLT)


def unreviewed(story: Story) -> Story:
    concern = LowLevelConcernRecorded(
        concern=LETTER,
        person=PersonId(NOBODY),
        about=None,
        observed_at=FRIDAY,
        what="A picture of the class.",
        context="On a trip.",
    )
    return story.also(concern, by=HEADTEACHER)


def standing(story: Story) -> Story:
    where = ListedChildPublished(
        person=PersonId(NOBODY), published_at=FRIDAY, where="On a page of a colleague."
    )
    return story.also(where, by=SLT)


def complained_of(story: Story) -> Story:
    return complaints.received(story)


AT_WORK: Final = replace(cases.UNACCEPTABLE, categories=(Category.WORK_INFRASTRUCTURE_USE,))
ASSESSING: Final = cases.acknowledged(cases.assessing())
POSSIBLY_ILLEGAL: Final = cases.assessed(cases.POSSIBLY_ILLEGAL)
INDECENT: Final = replace(cases.REPORT, flags=(Flag.NUDE_IMAGERY,))
CHILDS: Final = replace(cases.REPORT, people=(cases.PUPIL,))
ON_OURS: Final = cases.acknowledged(
    cases.assessing(replace(cases.ON_OUR_ACCOUNT, categories=(Category.OTHER,)))
)
DELETED: Final = ON_OURS.after(cases.EVIDENCE, by=SLT).after(cases.DELETE, by=MODERATOR)
UNWRITTEN: Final = RecordLetterFailed(
    letter=LETTER, code="L2", prompted_by=LETTER, why="no_email_address"
)
SEVERE: Final = cases.acknowledged(cases.cleared().after(cases.CLOSED_BY_AGENCY, by=SLT)).after(
    cases.AGENCY_OUTCOME, by=SLT
)

REFUSALS: Final[dict[tuple[type[Command], str], Refused]] = {
    (LogIncident, "times_are_past"): refused(
        given(), replace(cases.REPORT, observed_at=LATER), STAFF
    ),
    (LogIncident, "colleagues_are_known"): refused(
        given(), replace(cases.REPORT, people=(replace(cases.COLLEAGUE, user=NOBODY),)), STAFF
    ),
    (AddInformation, "times_are_past"): changed(AddInformation, happened_at=LATER),
    (AddInformation, "late_entry_says_why"): changed(
        AddInformation, happened_at=FRIDAY - timedelta(days=2)
    ),
    (CorrectEntry, "corrected_url_is_a_url"): changed(
        CorrectEntry, field=Correctable.POST_URL, new="javascript:alert(1)"
    ),
    (IdentifyPerson, "person_is_in_the_case"): changed(IdentifyPerson, role=None),
    (IdentifyPerson, "colleagues_are_known"): changed(IdentifyPerson, user=NOBODY),
    (IdentifyPerson, "something_is_said"): refused(cases.assessing(), IdentifyPerson()),
    (IdentifyPerson, "walls_only_go_up"): refused(
        cases.assessing(),
        IdentifyPerson(person=cases.person(cases.assessing()), part=Part.AFFECTED),
    ),
    (IdentifyPerson, "contact_has_a_basis"): changed(IdentifyPerson, email="a@example.org"),
    (AcknowledgeReport, "not_acknowledged_yet"): on(ASSESSING, AcknowledgeReport),
    (StartAssessment, "lead_is_not_the_only_witness"): on(cases.reported(by=SLT), StartAssessment),
    (AssignLead, "lead_can_lead"): changed(AssignLead, lead=STAFF.id),
    (RecordAssessment, "clauses_are_in_the_policy"): changed(RecordAssessment, clauses=(NOWHERE,)),
    (RecordAssessment, "category_is_decided"): changed(
        RecordAssessment, categories=(Category.UNSURE,)
    ),
    (RecordAssessment, "harm_test_is_answered"): on(
        cases.assessing(cases.ABOUT_STAFF), RecordAssessment
    ),
    (RecordAssessment, "offences_match_the_finding"): changed(
        RecordAssessment, possible_offences=(Offence.STALKING,)
    ),
    (MarkOutOfScope, "no_harm_suspected"): on(cases.assessing(INDECENT), MarkOutOfScope),
    (MarkOutOfScope, "report_is_acknowledged"): on(cases.assessing(), MarkOutOfScope),
    (MarkOutOfScope, "named_child_needs_a_second_person"): on(
        cases.acknowledged(cases.assessing(CHILDS)), MarkOutOfScope
    ),
    (MarkOutOfScope, "no_open_referral"): on(held(ASSESSING, AssessmentStarted()), MarkOutOfScope),
    (MarkOutOfScope, "no_open_letter"): on(cases.drafted(ASSESSING), MarkOutOfScope),
    (MarkOutOfScope, "no_open_complaint"): on(complained_of(ASSESSING), MarkOutOfScope),
    (MarkOutOfScope, "no_open_press_enquiry"): on(
        press_and_breach.enquired(ASSESSING), MarkOutOfScope
    ),
    (MarkOutOfScope, "no_open_breach"): on(press_and_breach.suspected(ASSESSING), MarkOutOfScope),
    (MarkOutOfScope, "no_open_disciplinary"): on(under_way(ASSESSING), MarkOutOfScope),
    (MarkOutOfScope, "allegation_is_settled"): on(
        unsettled(ASSESSING, AssessmentStarted()), MarkOutOfScope
    ),
    (MarkOutOfScope, "no_open_draft"): on(agencies.in_draft(ASSESSING), MarkOutOfScope),
    (MarkOutOfScope, "no_open_opinion"): on(agencies.asked(ASSESSING), MarkOutOfScope),
    (MarkOutOfScope, "every_concern_is_reviewed"): on(unreviewed(ASSESSING), MarkOutOfScope),
    (MarkOutOfScope, "nothing_stays_published"): on(standing(ASSESSING), MarkOutOfScope),
    (MarkOutOfScope, "audience_is_told"): on(DELETED, MarkOutOfScope),
    (DecideNotToRefer, "somebody_else_was_consulted"): changed(
        DecideNotToRefer, consulted=HEADTEACHER.id
    ),
    (DecideNotToRefer, "second_opinion_is_on_record"): on(POSSIBLY_ILLEGAL, DecideNotToRefer),
    (DecideNotToRefer, "agency_is_not_told_yet"): on(cases.referred(), DecideNotToRefer),
    (StartInternalHandling, "harm_test_covers_who_is_concerned"): on(
        and_staff(cases.assessed()), StartInternalHandling
    ),
    (StartInternalHandling, "no_route_yet"): on(cases.with_staff(), StartInternalHandling),
    (StartInternalHandling, "conduct_was_unacceptable"): on(
        cases.assessed(cases.ACCEPTABLE), StartInternalHandling
    ),
    (StartInternalHandling, "two_ways_are_read_in_one"): on(
        cases.assessed(AT_WORK), StartInternalHandling
    ),
    (RecordOutcome, "two_ways_are_read_in_one"): on(cases.assessed(AT_WORK), RecordOutcome),
    (StartInternalHandling, "nothing_has_to_be_referred_first"): on(
        POSSIBLY_ILLEGAL, StartInternalHandling
    ),
    (StartInternalHandling, "no_agency_holds"): on(
        held_inside(cases.assessed()), StartInternalHandling
    ),
    (RequestRemoval, "route_is_parent"): on(cases.with_staff(), RequestRemoval),
    (RequestRemoval, "no_agency_holds"): on(held_inside(cases.with_parent()), RequestRemoval),
    (RequestRemoval, "evidence_is_kept"): on(cases.with_staff(), RequestRemoval),
    (RequestRemoval, "parent_may_be_written_to"): changed(RequestRemoval, person=NOBODY),
    (RequestRemoval, "slots_lie_ahead"): changed(RequestRemoval, meeting_slots=(FRIDAY,)),
    (RecordPostStatus, "times_have_passed"): changed(RecordPostStatus, checked_at=LATER),
    (RecordMeeting, "no_agency_holds"): on(held_inside(cases.requested()), RecordMeeting),
    (RecordMeeting, "times_have_passed"): changed(RecordMeeting, held_at=LATER),
    (RequireRemedy, "harm_test_covers_who_is_concerned"): on(
        and_staff(cases.with_parent()), RequireRemedy
    ),
    (RequireRemedy, "route_is_staff"): on(cases.with_parent(), RequireRemedy),
    (RequireRemedy, "no_agency_holds"): on(held_inside(cases.with_staff()), RequireRemedy),
    (RequireRemedy, "staff_may_be_written_to"): changed(RequireRemedy, person=NOBODY),
    (RequireRemedy, "remedy_clauses_are_in_the_policy"): changed(RequireRemedy, clauses=(NOWHERE,)),
    (RequireRemedy, "date_lies_ahead"): changed(RequireRemedy, correct_by=FRIDAY),
    (RecordRemedyMet, "remedy_is_open"): changed(RecordRemedyMet, remedy=NOBODY),
    (MakeReferral, "may_refer_to_this_agency"): changed(MakeReferral, agency=Agency.LADO),
    (MakeReferral, "not_referred_yet"): on(cases.referred(), MakeReferral),
    (MakeReferral, "there_is_something_to_refer"): on(cases.assessed(), MakeReferral),
    (MakeReferral, "harm_test_is_on_record"): refused(POSSIBLY_ILLEGAL, cases.TO_LADO, HEADTEACHER),
    (MakeReferral, "consent_is_on_record"): refused(
        cases.assessed(), replace(agencies.TO_SOCIAL_CARE, consent=None), HEADTEACHER
    ),
    (MakeReferral, "commissioner_is_to_be_told"): refused(
        cases.assessed(), agencies.TO_ICO, HEADTEACHER
    ),
    (RaiseImmediateDanger, "told_in_the_past"): changed(RaiseImmediateDanger, called_at=LATER),
    (RecordDirectReferral, "told_in_the_past"): changed(RecordDirectReferral, told_at=LATER),
    (RecordDirectReferral, "agency_takes_direct_referrals"): changed(
        RecordDirectReferral, agency=Agency.IWF
    ),
    (RecordDirectReferral, "agency_does_not_know_yet"): on(
        agencies.told_directly(), RecordDirectReferral
    ),
    (RecordSharingDecision, "case_is_open"): on(cases.closed(), RecordSharingDecision),
    (RecordDisclosureAgreement, "agency_has_the_case"): changed(
        RecordDisclosureAgreement, agency=Agency.LADO
    ),
    (RecordDisclosureAgreement, "told_person_is_in_the_case"): changed(
        RecordDisclosureAgreement, person=NOBODY
    ),
    (RequestSecondOpinion, "case_is_open"): on(cases.closed(), RequestSecondOpinion),
    (RequestSecondOpinion, "opinion_is_a_colleagues"): changed(RequestSecondOpinion, of=NOBODY),
    (RecordSecondOpinion, "opinion_was_asked_of_the_asker"): refused(
        agencies.asked(agencies.asked(cases.assessed()), of=OTHER_SLT),
        HAPPY_PATHS[RecordSecondOpinion].command,
        OTHER_SLT,
    ),
    (ResumeInternal, "every_agency_has_cleared"): on(cases.referred(), ResumeInternal),
    (RecordOutcome, "harm_test_covers_who_is_concerned"): on(
        and_staff(cases.with_parent()), RecordOutcome
    ),
    (RecordOutcome, "handled_or_acceptable"): on(cases.assessed(), RecordOutcome),
    (RecordOutcome, "nothing_has_to_be_referred_first"): on(POSSIBLY_ILLEGAL, RecordOutcome),
    (RecordOutcome, "no_open_referral"): on(cases.referred(), RecordOutcome),
    (RecordOutcome, "steps_are_done_or_left_out_with_a_reason"): on(
        cases.with_parent(), RecordOutcome
    ),
    (CloseCase, "second_person_closes"): on(SEVERE, CloseCase),
    (CloseCase, "report_is_acknowledged"): on(
        cases.handled().after(cases.OUTCOME, by=SLT), CloseCase
    ),
    (CloseCase, "no_open_referral"): on(
        held(
            cases.handled(),
            ADVISED,
        ),
        CloseCase,
    ),
    (CloseCase, "no_open_complaint"): on(complained_of(cases.resolved()), CloseCase),
    (CloseCase, "no_open_press_enquiry"): on(
        press_and_breach.enquired(cases.resolved()), CloseCase
    ),
    (CloseCase, "no_open_breach"): on(press_and_breach.suspected(cases.resolved()), CloseCase),
    (CloseCase, "no_open_disciplinary"): on(under_way(cases.resolved()), CloseCase),
    (CloseCase, "allegation_is_settled"): on(unsettled(cases.resolved(), ADVISED), CloseCase),
    (CloseCase, "no_open_draft"): on(agencies.in_draft(cases.resolved()), CloseCase),
    (DraftReferral, "case_is_open"): on(cases.closed(), DraftReferral),
    (DraftReferral, "agency_has_no_referral"): refused(
        cases.referred_to_lado(), agencies.DRAFT, HEADTEACHER
    ),
    (CloseCase, "no_open_opinion"): on(agencies.asked(cases.resolved()), CloseCase),
    (CloseCase, "every_concern_is_reviewed"): on(unreviewed(cases.resolved()), CloseCase),
    (CloseCase, "nothing_stays_published"): on(standing(cases.resolved()), CloseCase),
    (CloseCase, "no_open_deadline"): on(cases.handled().after(cases.OUTCOME, by=SLT), CloseCase),
    (CloseCase, "no_open_letter"): on(cases.drafted(cases.resolved()), CloseCase),
    (CloseCase, "audience_is_told"): on(
        DELETED.after(cases.ACCEPTABLE, by=SLT).after(cases.OUTCOME, by=SLT), CloseCase
    ),
    (RecordAgencyResponse, "first_answer_has_a_reference"): changed(
        RecordAgencyResponse, reference_number=None
    ),
    (RecordAgencyResponse, "closing_needs_clearance"): changed(RecordAgencyResponse, cleared=False),
    (CaptureEvidence, "case_is_open"): on(cases.closed(), CaptureEvidence),
    (CaptureEvidence, "nothing_indecent_is_copied"): on(cases.reported(INDECENT), CaptureEvidence),
    (CaptureEvidence, "content_is_usable"): changed(CaptureEvidence, content=b"<svg>"),
    (CaptureEvidence, "captured_in_the_past"): changed(CaptureEvidence, captured_at=LATER),
    (DescribeEvidence, "case_is_open"): on(cases.closed(), DescribeEvidence),
    (TakeModerationAction, "case_is_open"): on(
        DELETED.also(CaseClosed(retention=Retention.CONDUCT), by=SLT), TakeModerationAction
    ),
    (TakeModerationAction, "evidence_is_kept"): on(ON_OURS, TakeModerationAction),
    (TakeModerationAction, "only_the_schools_own_space"): on(
        off_our_account(), TakeModerationAction
    ),
    (TakeModerationAction, "action_clause_is_in_the_policy"): changed(
        TakeModerationAction, clause=NOWHERE
    ),
    (TakeModerationAction, "acted_in_the_past"): changed(TakeModerationAction, taken_at=LATER),
    (InformAudience, "notice_is_approved"): on(cases.notice_drafted(), InformAudience),
    (InformAudience, "acted_in_the_past"): changed(InformAudience, posted_at=LATER),
    (ApproveLetter, "approver_did_not_prompt_it"): refused(
        cases.drafted(cases.requested()), HAPPY_PATHS[ApproveLetter].command, SLT
    ),
    (ApproveLetter, "document_is_the_one_kept"): changed(ApproveLetter, document="cd" * 32),
    (ResolveLetter, "there_is_something_to_send"): refused(
        cases.requested().after(UNWRITTEN, by=NOTIFIER),
        ResolveLetter(letter=LETTER, delivered=False, how_known="It was never written."),
        HEADTEACHER,
    ),
    (RecalculateDeadline, "calendar_moves_it"): on(cases.reported(), RecalculateDeadline),
    (MissDeadline, "deadline_has_passed"): on(cases.reported(), MissDeadline),
    (WaiveDeadline, "agencies_are_decided_on"): changed(WaiveDeadline, due=Due.LADO),
}
"""By command and guard."""
