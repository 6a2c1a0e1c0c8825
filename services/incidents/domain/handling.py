"""The steps of internal handling: with parents, with pupils, and with the school's own staff.

None of them is possible while an agency holds the case.
"""

from typing import Final

from incidents.domain import (
    assessment,
    behaviour,
    internal,
    remedies,
)
from incidents.domain.behaviour import ApplyBehaviourPolicy, BehaviourPolicyApplied
from incidents.domain.internal import (
    MeetingHeld,
    MeetingInvited,
    PostStatusChecked,
    RecordMeeting,
    RecordPostStatus,
    RemindOfRemoval,
    RemovalReminded,
    RemovalRequested,
    RequestRemoval,
)
from incidents.domain.remedies import RecordRemedyMet, RemedyMet, RemedyRequired, RequireRemedy
from incidents.domain.table import Row
from incidents.domain.timers import DeadlineMet
from incidents.domain.vocabulary import (
    Due,
    Relation,
    Stage,
)

_LEAD = Relation.LEAD

ROWS: Final = (
    Row(
        ask=RequestRemoval,
        who=(_LEAD,),
        at=(Stage.INTERNAL,),
        guards=(
            internal.route_is_parent,
            internal.no_agency_holds,
            internal.evidence_is_kept,
            internal.parent_may_be_written_to,
            internal.slots_lie_ahead,
        ),
        records=(RemovalRequested, MeetingInvited),
        by=internal.removal_requested,
        settles=(Due.REMOVAL_LETTER,),
        starts=(Due.POST_RECHECK, Due.MEETING),
        policy=(45,),
    ),
    Row(
        ask=RemindOfRemoval,
        who=(_LEAD,),
        at=(Stage.INTERNAL,),
        guards=(
            internal.route_is_parent,
            internal.no_agency_holds,
            internal.post_is_still_there,
            internal.parent_may_be_written_to,
            internal.slots_lie_ahead,
        ),
        records=(RemovalReminded,),
        by=internal.removal_reminded,
        settles=(Due.REMOVAL_REMINDER,),
        starts=(Due.POST_RECHECK,),
        policy=(45,),
    ),
    Row(
        ask=ApplyBehaviourPolicy,
        who=(_LEAD,),
        at=(Stage.INTERNAL,),
        guards=(
            behaviour.route_is_pupils,
            internal.no_agency_holds,
            behaviour.person_is_a_pupil,
            behaviour.parents_are_told_or_not_for_a_reason,
        ),
        records=(BehaviourPolicyApplied,),
        by=behaviour.behaviour_policy_applied,
        policy=(44,),
    ),
    Row(
        ask=RecordPostStatus,
        who=(_LEAD,),
        at=(Stage.INTERNAL, Stage.REFERRED),
        guards=(internal.times_have_passed,),
        records=(PostStatusChecked, DeadlineMet),
        by=internal.post_status_checked,
        settles=(Due.POST_RECHECK,),
        starts=(internal.reminder_deadline,),
        policy=(45, 47),
    ),
    Row(
        ask=RecordMeeting,
        who=(_LEAD,),
        at=(Stage.INTERNAL,),
        guards=(internal.no_agency_holds, internal.times_have_passed),
        records=(MeetingHeld,),
        by=internal.meeting_held,
        settles=(Due.MEETING,),
        policy=(45,),
    ),
    Row(
        ask=RequireRemedy,
        who=(_LEAD,),
        at=(Stage.INTERNAL,),
        guards=(
            assessment.harm_test_covers_who_is_concerned,
            remedies.route_is_staff,
            internal.no_agency_holds,
            remedies.staff_may_be_written_to,
            remedies.remedy_clauses_are_in_the_policy,
            remedies.date_lies_ahead,
        ),
        records=(RemedyRequired,),
        by=remedies.remedy_required,
        starts=(remedies.remedy_deadline,),
        policy=(8, 30, 33),
    ),
    Row(
        ask=RecordRemedyMet,
        who=(_LEAD,),
        at=(Stage.INTERNAL,),
        guards=(remedies.remedy_is_open,),
        records=(RemedyMet,),
        by=remedies.remedy_met,
        settles=(Due.REMEDY,),
        starts=(remedies.next_remedy_deadline,),
        policy=(8, 30),
    ),
)
