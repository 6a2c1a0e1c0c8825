"""For each guard of the parallel tracks' rows one request that it refuses."""

from datetime import timedelta
from typing import Final

from msgspec.structs import replace

from incidents.domain.allegation import RecordAllegationOutcome
from incidents.domain.assessment import MarkOutOfScope, StartAssessment
from incidents.domain.behaviour import ApplyBehaviourPolicy
from incidents.domain.breach import DecideIco, InformSubjects, SuspectBreach
from incidents.domain.closing import CaseClosed
from incidents.domain.complaint_ends import ExtendComplaint
from incidents.domain.concerns import RecordLowLevelConcern
from incidents.domain.conflict import DeclareConflict
from incidents.domain.contact import LimitContact, ReviewContact
from incidents.domain.disciplinary import ConcludeDisciplinary, OpenDisciplinary, ResumeDisciplinary
from incidents.domain.facts import PersonId
from incidents.domain.first_stage import (
    DecideStage1,
    DelegateInvestigation,
    ReceiveComplaint,
    ReferToComplaints,
)
from incidents.domain.handing_over import RecordPlatformResponse, TransferCustody
from incidents.domain.images import (
    RecordChildPublished,
    RecordImageDeleted,
    RecordImagerySighted,
    RecordTakenDown,
)
from incidents.domain.intake import InformationAdded
from incidents.domain.internal import RemindOfRemoval
from incidents.domain.links import LinkCase, MarkDuplicate, SamePerson
from incidents.domain.press import LogPressEnquiry, ObtainLaSupport, RespondToPress
from incidents.domain.readings import AnnotateEntry, InterpretPolicy
from incidents.domain.second_stage import (
    ConvenePanel,
    DecideStage2,
    ExhaustComplaint,
    RecordPanelPapers,
    RequestStage2,
)
from incidents.domain.table import Command
from incidents.domain.training import AssignTraining, RecordTrainingAttended
from incidents.domain.vocabulary import Retention
from tests.incidents.domain import (
    cases,
    complaints,
    following,
    images_and_pupils,
    press_and_breach,
    staff_matters,
    walls,
)
from tests.incidents.domain.guards import (
    ASSESSING,
    LATER,
    NOBODY,
    NOWHERE,
    Refused,
    changed,
    held_inside,
    on,
    refused,
)
from tests.incidents.domain.guards import REFUSALS as MAIN
from tests.incidents.domain.school import (
    CHAIR,
    DPO,
    FRIDAY,
    GOVERNORS,
    HEADTEACHER,
    MODERATOR,
    SLT,
    STAFF,
    school_of,
)
from tests.incidents.domain.support import Story

LONG_AGO: Final = FRIDAY - timedelta(days=200)
MUCH_LATER: Final = FRIDAY + timedelta(days=500)


def shut(story: Story) -> Story:
    """Closed with all that was open in it: no row leads there, an old log might."""
    return story.also(CaseClosed(retention=Retention.CONDUCT), by=SLT)


REFUSALS: Final[dict[tuple[type[Command], str], Refused]] = {
    (DeclareConflict, "conflict_is_ones_own_or_answered_for"): refused(
        cases.reported(cases.ON_OUR_ACCOUNT),
        replace(walls.TOO_CLOSE, user=SLT.id),
        MODERATOR,
    ),
    (DeclareConflict, "conflict_is_a_colleagues"): refused(
        cases.reported(), replace(walls.TOO_CLOSE, user=NOBODY), HEADTEACHER
    ),
    (DeclareConflict, "somebody_is_left_to_lead"): refused(
        cases.reported().at(school_of(HEADTEACHER)), walls.TOO_CLOSE, HEADTEACHER
    ),
    (StartAssessment, "lead_is_not_above_himself"): refused(
        cases.reported(walls.about(CHAIR)), StartAssessment(), HEADTEACHER
    ),
    (ReferToComplaints, "case_is_open"): on(shut(cases.requested()), ReferToComplaints),
    (ReferToComplaints, "is_handled_inside"): refused(
        cases.assessed(), complaints.handed_over(cases.assessed())
    ),
    (ReferToComplaints, "person_can_be_written_to"): changed(ReferToComplaints, person=NOBODY),
    (ReceiveComplaint, "case_is_open"): on(shut(cases.requested()), ReceiveComplaint),
    (ReceiveComplaint, "complaint_times_are_in_order"): changed(
        ReceiveComplaint, received_at=LATER
    ),
    (ReceiveComplaint, "complaint_is_in_time"): changed(ReceiveComplaint, happened_at=LONG_AGO),
    (ReceiveComplaint, "complainant_is_known_or_accepted"): changed(
        ReceiveComplaint, complainant=None
    ),
    (DelegateInvestigation, "investigator_is_free_to_look"): changed(
        DelegateInvestigation, investigator=NOBODY
    ),
    (DecideStage1, "investigation_is_on_record"): on(
        complaints.acknowledged_complaint(), DecideStage1
    ),
    (DecideStage1, "decider_was_no_delegate"): refused(
        complaints.looked_into(complaints.delegated_to_the_head()),
        complaints.DECISION,
        HEADTEACHER,
    ),
    (ExtendComplaint, "new_date_is_later"): changed(ExtendComplaint, new_due=FRIDAY),
    (RequestStage2, "case_is_open"): on(shut(complaints.decided()), RequestStage2),
    (RequestStage2, "request_is_in_time"): changed(RequestStage2, requested_at=LATER),
    (ConvenePanel, "panel_is_large_enough"): changed(ConvenePanel, members=complaints.PANEL[:2]),
    (ConvenePanel, "panel_was_not_involved"): on(
        complaints.asked_again().also(complaints.OPINION_OF_A_GOVERNOR, by=GOVERNORS[1]),
        ConvenePanel,
    ),
    (ConvenePanel, "every_member_has_declared"): changed(
        ConvenePanel, declared=complaints.PANEL[:2]
    ),
    (ConvenePanel, "hearing_lies_ahead"): changed(ConvenePanel, hears_at=FRIDAY),
    (RecordPanelPapers, "panel_time_has_passed"): changed(RecordPanelPapers, sent_at=LATER),
    (DecideStage2, "panel_time_has_passed"): changed(DecideStage2, heard_at=LATER),
    (ExhaustComplaint, "department_is_named"): changed(ExhaustComplaint, told_of_department=False),
    (LimitContact, "case_is_open"): on(shut(cases.requested()), LimitContact),
    (LimitContact, "limited_person_is_known"): changed(LimitContact, person=NOBODY),
    (LimitContact, "review_is_soon_enough"): changed(LimitContact, review_on=MUCH_LATER),
    (LogPressEnquiry, "case_is_open"): on(shut(cases.requested()), LogPressEnquiry),
    (LogPressEnquiry, "press_time_has_passed"): changed(LogPressEnquiry, received_at=LATER),
    (ObtainLaSupport, "press_time_has_passed"): changed(ObtainLaSupport, obtained_at=LATER),
    (RespondToPress, "press_time_has_passed"): changed(RespondToPress, issued_at=LATER),
    (SuspectBreach, "case_is_open"): on(shut(cases.requested()), SuspectBreach),
    (SuspectBreach, "awareness_is_past"): changed(SuspectBreach, aware_at=LATER),
    (DecideIco, "late_report_says_why"): refused(
        press_and_breach.confirmed().also(
            InformationAdded(text="Nobody looked.", late=False), by=STAFF, at=LATER
        ),
        press_and_breach.TO_ICO,
        DPO,
    ),
    (InformSubjects, "informed_people_are_in_the_case"): changed(InformSubjects, people=(NOBODY,)),
    (OpenDisciplinary, "case_is_open"): on(shut(cases.with_staff()), OpenDisciplinary),
    (OpenDisciplinary, "nothing_has_to_be_referred_first"): on(
        cases.assessed(cases.POSSIBLY_ILLEGAL), OpenDisciplinary
    ),
    (OpenDisciplinary, "no_agency_holds"): on(cases.referred_to_lado(), OpenDisciplinary),
    (OpenDisciplinary, "is_a_colleague_in_the_case"): changed(OpenDisciplinary, person=NOBODY),
    (OpenDisciplinary, "disciplinary_clauses_are_in_the_policy"): changed(
        OpenDisciplinary, clauses=(NOWHERE,)
    ),
    (ResumeDisciplinary, "no_agency_holds"): on(
        held_inside(staff_matters.paused()), ResumeDisciplinary
    ),
    (ConcludeDisciplinary, "no_agency_holds"): on(
        held_inside(staff_matters.opened()), ConcludeDisciplinary
    ),
    (RecordAllegationOutcome, "case_is_open"): on(
        shut(staff_matters.with_lados_answer()), RecordAllegationOutcome
    ),
    (RecordAllegationOutcome, "there_was_an_allegation"): on(
        cases.with_staff(), RecordAllegationOutcome
    ),
    (RecordAllegationOutcome, "agencies_are_done"): on(
        cases.referred_to_lado(), RecordAllegationOutcome
    ),
    (RecordAllegationOutcome, "no_agency_holds"): on(
        cases.referred_to_lado(), RecordAllegationOutcome
    ),
    (RecordAllegationOutcome, "allegation_is_against_a_subject"): changed(
        RecordAllegationOutcome, person=NOBODY
    ),
    (RecordChildPublished, "case_is_open"): on(
        shut(cases.reported(cases.ABOUT_A_CHILD)), RecordChildPublished
    ),
    (RecordChildPublished, "image_time_has_passed"): changed(
        RecordChildPublished, published_at=LATER
    ),
    (RecordChildPublished, "published_person_is_a_child"): changed(
        RecordChildPublished, person=NOBODY
    ),
    (RecordTakenDown, "image_time_has_passed"): changed(RecordTakenDown, taken_down_at=LATER),
    (RecordImageDeleted, "case_is_open"): on(shut(cases.reported()), RecordImageDeleted),
    (RecordImageDeleted, "advice_comes_before_deletion"): on(
        cases.assessed(cases.POSSIBLY_ILLEGAL), RecordImageDeleted
    ),
    (RecordImageDeleted, "image_time_has_passed"): changed(RecordImageDeleted, deleted_at=LATER),
    (RecordImageDeleted, "somebody_else_was_witness"): changed(RecordImageDeleted, witness=NOBODY),
    (RecordImagerySighted, "case_is_open"): on(
        shut(cases.reported(images_and_pupils.INDECENT)), RecordImagerySighted
    ),
    (RecordImagerySighted, "imagery_is_involved"): on(
        cases.reported(cases.ABOUT_A_CHILD), RecordImagerySighted
    ),
    (RecordImagerySighted, "image_time_has_passed"): changed(RecordImagerySighted, seen_at=LATER),
    (ApplyBehaviourPolicy, "route_is_pupils"): on(cases.with_staff(), ApplyBehaviourPolicy),
    (ApplyBehaviourPolicy, "no_agency_holds"): on(
        held_inside(images_and_pupils.with_pupils()), ApplyBehaviourPolicy
    ),
    (ApplyBehaviourPolicy, "person_is_a_pupil"): changed(ApplyBehaviourPolicy, person=NOBODY),
    (ApplyBehaviourPolicy, "parents_are_told_or_not_for_a_reason"): changed(
        ApplyBehaviourPolicy, parents=()
    ),
    (RemindOfRemoval, "route_is_parent"): on(cases.with_staff(), RemindOfRemoval),
    (RemindOfRemoval, "no_agency_holds"): on(
        held_inside(images_and_pupils.found_again()), RemindOfRemoval
    ),
    (RemindOfRemoval, "post_is_still_there"): on(cases.requested(), RemindOfRemoval),
    (RemindOfRemoval, "parent_may_be_written_to"): changed(RemindOfRemoval, person=NOBODY),
    (RemindOfRemoval, "slots_lie_ahead"): changed(RemindOfRemoval, meeting_slots=(FRIDAY,)),
    (TransferCustody, "item_is_kept"): changed(TransferCustody, evidence=NOBODY),
    (RecordPlatformResponse, "action_was_taken"): changed(RecordPlatformResponse, action=NOBODY),
    (RecordLowLevelConcern, "case_is_open"): on(shut(cases.with_staff()), RecordLowLevelConcern),
    (RecordLowLevelConcern, "harm_is_ruled_out"): on(cases.with_parent(), RecordLowLevelConcern),
    (RecordLowLevelConcern, "concern_is_about_a_colleague"): changed(
        RecordLowLevelConcern, person=NOBODY
    ),
    (RecordLowLevelConcern, "concern_was_observed"): changed(
        RecordLowLevelConcern, observed_at=LATER
    ),
    (AssignTraining, "case_is_open"): on(shut(cases.with_staff()), AssignTraining),
    (AssignTraining, "trainee_works_here"): changed(AssignTraining, person=NOBODY),
    (AssignTraining, "training_lies_ahead"): changed(AssignTraining, attend_by=FRIDAY),
    (RecordTrainingAttended, "training_was_attended"): changed(
        RecordTrainingAttended, attended_at=LATER
    ),
    (LinkCase, "other_case_is_seen"): on(cases.with_staff(), LinkCase),
    (LinkCase, "people_stand_in_both"): changed(
        LinkCase, people=(SamePerson(here=PersonId(NOBODY), there=PersonId(NOBODY)),)
    ),
    (InterpretPolicy, "interpreted_clauses_are_in_the_policy"): changed(
        InterpretPolicy, clauses=(NOWHERE,)
    ),
    (AnnotateEntry, "entry_is_there"): changed(AnnotateEntry, entry=99),
    (MarkDuplicate, "other_case_is_seen"): on(ASSESSING, MarkDuplicate),
    (MarkDuplicate, "other_case_is_no_duplicate"): on(
        following.knowing(
            ASSESSING, replace(following.other_case(), duplicate_of=following.OTHER_CASE)
        ),
        MarkDuplicate,
    ),
    **{
        (MarkDuplicate, guard): Refused(
            following.knowing(as_out_of_scope.story), following.DUPLICATE, as_out_of_scope.by
        )
        for (ask, guard), as_out_of_scope in MAIN.items()
        if ask is MarkOutOfScope
    },
    (ReviewContact, "review_is_soon_enough"): changed(ReviewContact, keep_until=MUCH_LATER),
}
"""By command and guard, beside those of `guards`."""
