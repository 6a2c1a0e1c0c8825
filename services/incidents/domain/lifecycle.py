"""The main track: reported, assessing, assessed, internal or referred, resolved, closed.

The whole life of a case on one screen. Its commands, events and guards stand in the four files that
follow a case's way through the school: intake, assessment, internal, closing; referrals and the
other parallel tracks have tables of their own.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from msgspec.structs import replace

from incidents.domain import (
    assessment,
    behaviour,
    closing,
    direct,
    intake,
    internal,
    links,
    loose_ends,
    readings,
    referring,
    remedies,
)
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
from incidents.domain.behaviour import ApplyBehaviourPolicy, BehaviourPolicyApplied
from incidents.domain.closing import (
    CaseClosed,
    CaseReopened,
    CloseCase,
    OutcomeRecorded,
    RecordOutcome,
    ReopenCase,
)
from incidents.domain.direct import (
    CaseEscalated,
    EscalateCase,
    ImmediateDangerRaised,
    RaiseImmediateDanger,
    RecordDirectReferral,
)
from incidents.domain.disciplinary import DisciplinaryPaused
from incidents.domain.facts import Event
from incidents.domain.intake import (
    AcknowledgeReport,
    AddInformation,
    CorrectEntry,
    EntryCorrected,
    IdentifyPerson,
    InformationAdded,
    LogIncident,
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
    RemindOfRemoval,
    RemovalReminded,
    RemovalRequested,
    RequestRemoval,
    StartInternalHandling,
)
from incidents.domain.links import DuplicateLinked, IncidentsLinked, LinkCase, MarkDuplicate
from incidents.domain.readings import (
    AnnotateEntry,
    EntryAnnotated,
    InterpretPolicy,
    PolicyInterpretationRecorded,
)
from incidents.domain.referring import (
    InternalHandlingResumed,
    InternalHoldPlaced,
    MakeReferral,
    ReferralMade,
    ResumeInternal,
)
from incidents.domain.remedies import RecordRemedyMet, RemedyMet, RemedyRequired, RequireRemedy
from incidents.domain.state import Case
from incidents.domain.table import Apply, Asking, Command, Row, Track, recording
from incidents.domain.timers import DeadlineMet, DeadlineWaived
from incidents.domain.vocabulary import (
    REPORTING_ROLES,
    STAFF_ROLES,
    Due,
    Part,
    Relation,
    Role,
    Stage,
)

_LEAD = Relation.LEAD
_SENIOR = (Relation.LEAD, Role.HEADTEACHER, Role.DSL, Role.CHAIR)
_OPEN = tuple(s for s in Stage if s is not Stage.CLOSED)
_ANY = tuple(Stage)

LOGGING_GUARDS: Final = (intake.times_are_past, intake.colleagues_are_known)
LOGGERS: Final = REPORTING_ROLES
"""Who may begin a case: there is no row for it below, because there is no case yet."""


def first_deadlines(command: LogIncident, asking: Asking) -> Iterable[tuple[Due, datetime]]:
    """What is due once an incident is logged: on the reporter's word alone if it sounds urgent."""
    yield Due.ACKNOWLEDGE, asking.now
    urgent = assessment.is_urgent(command.flags, command.categories)
    yield (Due.URGENT_ASSESSMENT if urgent else Due.ASSESSMENT), asking.now
    if command.on_school_account:
        yield Due.MODERATION, asking.now
    subjects = [p for p in command.people if p.part is Part.SUBJECT]
    staff = any(p.role in STAFF_ROLES or p.user is not None for p in subjects)
    if staff and urgent:
        yield Due.LADO, asking.now


def assessed(case: Case, command: RecordAssessment, asking: Asking) -> Iterable[Event]:
    """The assessment; and where the first rules harm out, the LADO's deadline goes with its reason.

    A later one does not: what was suspected once is the headteacher's or the DSL's to decide.
    """
    yield from assessment.assessment_recorded(case, command, asking)
    ruled_out = case.assessment is None and not any(command.harm_test.values())
    if ruled_out and Due.LADO in case.open_deadlines:
        yield DeadlineWaived(due=Due.LADO, reason=command.rationale)


TRANSITIONS = (
    Row(
        ask=AddInformation,
        who=(Relation.REPORTER, *_SENIOR),
        at=_ANY,
        guards=(intake.times_are_past, intake.late_entry_says_why),
        records=(InformationAdded,),
        by=intake.information_added,
        policy=(52,),
    ),
    Row(
        ask=CorrectEntry,
        who=(Relation.REPORTER, _LEAD),
        at=_ANY,
        guards=(intake.corrected_url_is_a_url,),
        records=(EntryCorrected,),
        by=intake.entry_corrected,
        policy=(52,),
    ),
    Row(
        ask=AnnotateEntry,
        who=_SENIOR,
        at=_ANY,
        guards=(readings.entry_is_there,),
        records=(EntryAnnotated,),
        by=readings.entry_annotated,
        policy=(52,),
    ),
    Row(
        ask=IdentifyPerson,
        who=_SENIOR,
        at=_OPEN,
        guards=(
            intake.person_is_in_the_case,
            intake.colleagues_are_known,
            intake.something_is_said,
            intake.walls_only_go_up,
            intake.contact_has_a_basis,
        ),
        records=(PersonIdentified, PersonInvolved),
        by=intake.person_identified,
        policy=(21, 25),
    ),
    Row(
        ask=AcknowledgeReport,
        who=(_LEAD, Role.SLT, Role.HEADTEACHER, Role.DSL, Role.CHAIR),
        at=_OPEN,
        guards=(intake.not_acknowledged_yet,),
        records=(ReportAcknowledged,),
        by=recording(ReportAcknowledged),
        settles=(Due.ACKNOWLEDGE,),
        policy=(28,),
    ),
    Row(
        ask=StartAssessment,
        who=assessment.LEADERS,
        at=(Stage.REPORTED,),
        guards=(assessment.lead_is_not_the_only_witness, assessment.lead_is_not_above_himself),
        records=(AssessmentStarted, LeadAssigned),
        by=assessment.assessment_started,
        to=Stage.ASSESSING,
        policy=(12, 13),
    ),
    Row(
        ask=AssignLead,
        who=(Role.HEADTEACHER, Role.CHAIR, Role.DSL),
        at=tuple(s for s in _OPEN if s is not Stage.REPORTED),
        guards=(assessment.lead_can_lead,),
        records=(LeadAssigned,),
        by=assessment.lead_assigned,
        policy=(12,),
    ),
    Row(
        ask=RecordAssessment,
        who=(_LEAD,),
        at=(Stage.ASSESSING, Stage.ASSESSED, Stage.INTERNAL),
        guards=(
            assessment.clauses_are_in_the_policy,
            assessment.category_is_decided,
            assessment.harm_test_is_answered,
            assessment.offences_match_the_finding,
        ),
        records=(AssessmentRecorded, DeadlineWaived),
        by=assessed,
        to=Stage.ASSESSED,
        settles=(Due.ASSESSMENT, Due.URGENT_ASSESSMENT),
        starts=(assessment.referral_deadlines,),
        policy=(2, 3, 6, 7, 13, 27, 49),
    ),
    Row(
        ask=MarkOutOfScope,
        who=(_LEAD,),
        at=(Stage.ASSESSING,),
        guards=(
            assessment.no_harm_suspected,
            loose_ends.report_is_acknowledged,
            assessment.named_child_needs_a_second_person,
            *loose_ends.PARALLEL,
        ),
        records=(MarkedOutOfScope, CaseClosed),
        by=assessment.marked_out_of_scope,
        to=Stage.CLOSED,
        settles=(Due.ASSESSMENT, Due.URGENT_ASSESSMENT, Due.MODERATION),
        policy=(9,),
    ),
    Row(
        ask=MarkDuplicate,
        who=(_LEAD,),
        at=(Stage.ASSESSING,),
        guards=(
            links.other_case_is_seen,
            links.other_case_is_no_duplicate,
            assessment.no_harm_suspected,
            loose_ends.report_is_acknowledged,
            assessment.named_child_needs_a_second_person,
            *loose_ends.PARALLEL,
        ),
        records=(DuplicateLinked, CaseClosed),
        by=links.duplicate_linked,
        to=Stage.CLOSED,
        settles=(Due.ASSESSMENT, Due.URGENT_ASSESSMENT, Due.MODERATION),
        policy=(13,),
    ),
    Row(
        ask=LinkCase,
        who=_SENIOR,
        at=_ANY,
        guards=(links.other_case_is_seen, links.people_stand_in_both),
        records=(IncidentsLinked,),
        by=links.incidents_linked,
        policy=(13,),
    ),
    Row(
        ask=InterpretPolicy,
        who=(_LEAD, Role.HEADTEACHER, Role.CHAIR),
        at=tuple(s for s in _OPEN if s is not Stage.REPORTED),
        guards=(readings.interpreted_clauses_are_in_the_policy,),
        records=(PolicyInterpretationRecorded,),
        by=readings.policy_interpreted,
        policy=(29, 43),
    ),
    Row(
        ask=DecideNotToRefer,
        who=(Role.HEADTEACHER, Role.DSL, Role.CHAIR),
        at=(Stage.ASSESSED, Stage.INTERNAL, Stage.REFERRED),
        guards=(
            assessment.somebody_else_was_consulted,
            assessment.agency_is_not_told_yet,
            assessment.second_opinion_is_on_record,
        ),
        records=(DecisionNotToRefer, DeadlineMet),
        by=assessment.decision_not_to_refer,
        policy=(32,),
    ),
    Row(
        ask=StartInternalHandling,
        who=(_LEAD,),
        at=(Stage.ASSESSED, Stage.INTERNAL),
        guards=(
            assessment.harm_test_covers_who_is_concerned,
            internal.no_route_yet,
            internal.conduct_was_unacceptable,
            readings.two_ways_are_read_in_one,
            internal.nothing_has_to_be_referred_first,
            internal.no_agency_holds,
        ),
        records=(InternalHandlingStarted,),
        by=internal.internal_handling_started,
        to=Stage.INTERNAL,
        starts=(internal.removal_deadlines,),
        policy=(31,),
    ),
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
    Row(
        ask=MakeReferral,
        who=(_LEAD, Role.HEADTEACHER, Role.DSL, Role.CHAIR, Role.DPO),
        at=(Stage.ASSESSED, Stage.INTERNAL, Stage.REFERRED),
        guards=(
            referring.may_refer_to_this_agency,
            referring.not_referred_yet,
            referring.there_is_something_to_refer,
            referring.harm_test_is_on_record,
            referring.consent_is_on_record,
            referring.commissioner_is_to_be_told,
        ),
        records=(ReferralMade, InternalHoldPlaced, DisciplinaryPaused, DeadlineMet),
        by=referring.referral_made,
        to=Stage.REFERRED,
        moves=referring.takes_it_over,
        starts=(Due.AGENCY_CHASE,),
        policy=(32,),
    ),
    Row(
        ask=RaiseImmediateDanger,
        who=direct.ANYBODY,
        at=tuple(s for s in _OPEN if s is not Stage.RESOLVED),
        guards=(direct.told_in_the_past,),
        records=(ImmediateDangerRaised,),
        by=recording(ImmediateDangerRaised),
        starts=(direct.danger_deadlines,),
        policy=(13, 28),
    ),
    Row(
        ask=EscalateCase,
        who=direct.ANYBODY,
        at=_OPEN,
        records=(CaseEscalated,),
        by=recording(CaseEscalated),
        policy=(28,),
    ),
    Row(
        ask=RecordDirectReferral,
        who=direct.ANYBODY,
        at=(Stage.REPORTED, Stage.ASSESSING),
        guards=(
            direct.told_in_the_past,
            direct.agency_takes_direct_referrals,
            direct.agency_does_not_know_yet,
        ),
        records=(
            direct.DirectReferralRecorded,
            InternalHoldPlaced,
            DisciplinaryPaused,
            DeadlineMet,
        ),
        by=referring.direct_referral,
        starts=(Due.AGENCY_CHASE,),
        policy=(13, 32),
    ),
    Row(
        ask=ResumeInternal,
        who=(Role.HEADTEACHER, Role.CHAIR),
        at=(Stage.REFERRED,),
        guards=(referring.every_agency_has_cleared,),
        records=(InternalHandlingResumed,),
        by=referring.internal_resumed,
        to=Stage.INTERNAL,
        policy=(32,),
    ),
    Row(
        ask=RecordOutcome,
        who=(_LEAD,),
        at=(Stage.ASSESSED, Stage.INTERNAL, Stage.REFERRED),
        guards=(
            assessment.harm_test_covers_who_is_concerned,
            closing.handled_or_acceptable,
            readings.two_ways_are_read_in_one,
            internal.nothing_has_to_be_referred_first,
            loose_ends.no_open_referral,
            closing.steps_are_done_or_left_out_with_a_reason,
        ),
        records=(OutcomeRecorded, DeadlineWaived),
        by=closing.outcome_recorded,
        to=Stage.RESOLVED,
        starts=(Due.CLOSE,),
        policy=(30,),
    ),
    Row(
        ask=CloseCase,
        who=closing.CLOSERS,
        at=(Stage.RESOLVED,),
        guards=(
            closing.second_person_closes,
            loose_ends.report_is_acknowledged,
            loose_ends.no_open_deadline,
            *loose_ends.PARALLEL,
        ),
        records=(CaseClosed,),
        by=closing.case_closed,
        to=Stage.CLOSED,
        settles=(Due.CLOSE,),
        policy=(30,),
    ),
    Row(
        ask=ReopenCase,
        who=_SENIOR,
        at=(Stage.CLOSED,),
        records=(CaseReopened,),
        by=closing.case_reopened,
        to=Stage.ASSESSING,
        starts=(Due.ASSESSMENT,),
    ),
)


def _states(case: Case, _command: Command | None) -> frozenset[Stage]:
    return frozenset({case.stage})


APPLY: Final[dict[type[Event], Apply]] = {
    **intake.APPLY,
    **assessment.APPLY,
    **direct.APPLY,
    **remedies.APPLY,
    **links.APPLY,
    **behaviour.APPLY,
    **readings.APPLY,
    **internal.APPLY,
    **closing.APPLY,
}


def _place(case: Case, stage: Stage) -> Case:
    return replace(case, stage=stage)


TRACK = Track("case", _states, TRANSITIONS, APPLY, _place)
