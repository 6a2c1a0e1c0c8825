"""What is added to a case on its way and moves it nowhere: by its reporter, its lead or a senior.

Reports are completed, people named, leads given, dangers raised; decisions not to refer stand here
with their reasons.
"""

from typing import Final

from incidents.domain import (
    assessment,
    direct,
    intake,
    links,
    readings,
    referring,
)
from incidents.domain.assessment import (
    AssignLead,
    DecideNotToRefer,
    DecisionNotToRefer,
    LeadAssigned,
)
from incidents.domain.direct import (
    CaseEscalated,
    EscalateCase,
    ImmediateDangerRaised,
    RaiseImmediateDanger,
    RecordDirectReferral,
)
from incidents.domain.disciplinary import DisciplinaryPaused
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
from incidents.domain.links import IncidentsLinked, LinkCase
from incidents.domain.readings import (
    AnnotateEntry,
    EntryAnnotated,
    InterpretPolicy,
    PolicyInterpretationRecorded,
)
from incidents.domain.referring import (
    InternalHoldPlaced,
)
from incidents.domain.table import Row, recording
from incidents.domain.timers import DeadlineMet
from incidents.domain.vocabulary import (
    Due,
    Relation,
    Role,
    Stage,
)

_LEAD = Relation.LEAD
_SENIOR = (Relation.LEAD, Role.HEADTEACHER, Role.DSL, Role.CHAIR)
_OPEN = tuple(s for s in Stage if s is not Stage.CLOSED)
_ANY = tuple(Stage)

ROWS: Final = (
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
        ask=AssignLead,
        who=(Role.HEADTEACHER, Role.CHAIR, Role.DSL),
        at=tuple(s for s in _OPEN if s is not Stage.REPORTED),
        guards=(assessment.lead_can_lead,),
        records=(LeadAssigned,),
        by=assessment.lead_assigned,
        policy=(12,),
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
)
