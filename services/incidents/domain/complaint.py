"""The complaint track: informal, first stage, second stage, exhausted; or withdrawn, or diverted.

Policy row 46 hands a parent over to the complaints procedure; Education Act 2002, s29 asks for one.
The two stages have files of their own, and so has what ends a complaint early; here is the table.
"""

from typing import Final

from incidents.domain import complaint_ends, first_stage, second_stage
from incidents.domain.facts import Event
from incidents.domain.first_stage import changed
from incidents.domain.loose_ends import case_is_open
from incidents.domain.parallel import ComplaintState
from incidents.domain.state import Case
from incidents.domain.table import Apply, Command, Row, Track
from incidents.domain.timers import DeadlineWaived
from incidents.domain.vocabulary import Due, Relation, Role

_S = ComplaintState
_DECIDERS: Final = (Role.HEADTEACHER, Role.CHAIR)
"""The headteacher; where he is concerned he is walled out, and the chair sees the case instead."""
_UNDECIDED = (_S.S1_RECEIVED, _S.S1_ACKNOWLEDGED, _S.S1_DECIDED, _S.S2_REQUESTED, _S.S2_SCHEDULED)

TRANSITIONS = (
    Row(
        ask=first_stage.ReferToComplaints,
        who=(Relation.LEAD, *_DECIDERS),
        at=(_S.NONE, _S.INFORMAL),
        guards=(
            case_is_open,
            first_stage.is_handled_inside,
            first_stage.person_can_be_written_to,
        ),
        records=(first_stage.ComplaintReferralMade,),
        by=first_stage.complaint_referral_made,
        to=_S.INFORMAL,
        policy=(46,),
    ),
    Row(
        ask=first_stage.ReceiveComplaint,
        who=(Relation.LEAD, Role.SLT, *_DECIDERS, Role.DSL),
        at=(_S.NONE, _S.INFORMAL),
        guards=(
            case_is_open,
            first_stage.complaint_times_are_in_order,
            first_stage.complaint_is_in_time,
            first_stage.complainant_is_known_or_accepted,
        ),
        records=(first_stage.ComplaintReceived,),
        by=first_stage.complaint_received,
        to=_S.S1_RECEIVED,
        starts=(first_stage.first_stage_deadlines,),
        policy=(46,),
    ),
    Row(
        ask=first_stage.AcknowledgeComplaint,
        who=_DECIDERS,
        at=(_S.S1_RECEIVED,),
        records=(first_stage.ComplaintAcknowledged,),
        by=first_stage.complaint_acknowledged,
        to=_S.S1_ACKNOWLEDGED,
        settles=(Due.COMPLAINT_ACKNOWLEDGEMENT,),
        policy=(46,),
    ),
    Row(
        ask=first_stage.DelegateInvestigation,
        who=_DECIDERS,
        at=(_S.S1_ACKNOWLEDGED,),
        guards=(first_stage.investigator_is_free_to_look,),
        records=(first_stage.InvestigationDelegated,),
        by=first_stage.investigation_delegated,
        policy=(46,),
    ),
    Row(
        ask=first_stage.RecordInvestigation,
        who=(Relation.INVESTIGATOR, *_DECIDERS),
        at=(_S.S1_ACKNOWLEDGED,),
        records=(first_stage.InvestigationRecorded,),
        by=first_stage.investigation_recorded,
        policy=(46,),
    ),
    Row(
        ask=first_stage.DecideStage1,
        who=_DECIDERS,
        at=(_S.S1_ACKNOWLEDGED,),
        guards=(first_stage.investigation_is_on_record, first_stage.decider_was_no_delegate),
        records=(first_stage.Stage1Decided,),
        by=first_stage.stage_1_decided,
        to=_S.S1_DECIDED,
        settles=(Due.STAGE_1,),
        policy=(46,),
    ),
    Row(
        ask=complaint_ends.ExtendComplaint,
        who=(*_DECIDERS, Role.CLERK),
        at=(_S.S1_ACKNOWLEDGED, _S.S2_REQUESTED, _S.S2_SCHEDULED),
        guards=(complaint_ends.new_date_is_later,),
        records=(complaint_ends.ComplaintExtended,),
        by=complaint_ends.complaint_extended,
        policy=(46,),
    ),
    Row(
        ask=second_stage.RequestStage2,
        who=(Role.CLERK,),
        at=(_S.S1_DECIDED,),
        guards=(case_is_open, second_stage.request_is_in_time),
        records=(second_stage.Stage2Requested,),
        by=second_stage.stage_2_requested,
        to=_S.S2_REQUESTED,
        starts=(Due.PANEL,),
        policy=(46,),
    ),
    Row(
        ask=second_stage.ConvenePanel,
        who=(Role.CLERK,),
        at=(_S.S2_REQUESTED, _S.S2_SCHEDULED),
        guards=(
            second_stage.panel_is_large_enough,
            second_stage.panel_was_not_involved,
            second_stage.every_member_has_declared,
            second_stage.hearing_lies_ahead,
        ),
        records=(second_stage.PanelConvened,),
        by=second_stage.panel_convened,
        to=_S.S2_SCHEDULED,
        policy=(46,),
    ),
    Row(
        ask=second_stage.RecordPanelPapers,
        who=(Role.CLERK,),
        at=(_S.S2_SCHEDULED,),
        guards=(second_stage.panel_time_has_passed,),
        records=(second_stage.PanelPapersSent,),
        by=second_stage.panel_papers_sent,
        settles=(Due.PANEL_PAPERS,),
        policy=(46,),
    ),
    Row(
        ask=second_stage.DecideStage2,
        who=(Relation.PANEL,),
        at=(_S.S2_SCHEDULED,),
        guards=(second_stage.panel_time_has_passed,),
        records=(second_stage.PanelDecided,),
        by=second_stage.panel_decided,
        to=_S.S2_DECIDED,
        settles=(Due.PANEL, Due.PANEL_PAPERS),
        policy=(46,),
    ),
    Row(
        ask=second_stage.ExhaustComplaint,
        who=(Role.CLERK,),
        at=(_S.S2_DECIDED,),
        guards=(second_stage.department_is_named,),
        records=(second_stage.ComplaintExhausted,),
        by=second_stage.complaint_exhausted,
        to=_S.EXHAUSTED,
        settles=(Due.PANEL_DECISION,),
        policy=(46,),
    ),
    Row(
        ask=complaint_ends.WithdrawComplaint,
        who=(*_DECIDERS, Relation.LEAD, Role.CLERK),
        at=(_S.INFORMAL, *_UNDECIDED),
        records=(complaint_ends.ComplaintWithdrawn, DeadlineWaived),
        by=complaint_ends.complaint_withdrawn,
        to=_S.WITHDRAWN,
        policy=(46,),
    ),
    Row(
        ask=complaint_ends.DivertComplaint,
        who=_DECIDERS,
        at=(_S.INFORMAL, _S.S1_RECEIVED, _S.S1_ACKNOWLEDGED),
        records=(complaint_ends.ComplaintDiverted, DeadlineWaived),
        by=complaint_ends.complaint_diverted,
        to=_S.OUT_OF_PROCEDURE,
        policy=(46,),
    ),
)


def _states(case: Case, _command: Command | None) -> frozenset[ComplaintState]:
    return frozenset({case.complaint.state if case.complaint else ComplaintState.NONE})


def _place(case: Case, state: ComplaintState) -> Case:
    return changed(case, state=state)


APPLY: Final[dict[type[Event], Apply]] = {
    **first_stage.APPLY,
    **second_stage.APPLY,
    **complaint_ends.APPLY,
}
TRACK = Track("complaint", _states, TRANSITIONS, APPLY, _place)
