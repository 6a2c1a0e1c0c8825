"""The main track: reported, assessing, assessed, internal or referred, resolved, closed.

Every step that moves a case, on one screen. What leaves it where it is stands in `on_the_way` and
`handling`; commands, events and guards in the files that follow its way through the school: intake,
assessment, internal, closing. Referrals and the other parallel tracks have tables of their own.
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
    handling,
    intake,
    internal,
    links,
    loose_ends,
    on_the_way,
    readings,
    referring,
    remedies,
)
from incidents.domain.assessment import (
    AssessmentRecorded,
    AssessmentStarted,
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
from incidents.domain.disciplinary import DisciplinaryPaused
from incidents.domain.facts import Event
from incidents.domain.intake import (
    LogIncident,
)
from incidents.domain.internal import (
    InternalHandlingStarted,
    StartInternalHandling,
)
from incidents.domain.links import DuplicateLinked, MarkDuplicate
from incidents.domain.referring import (
    InternalHandlingResumed,
    InternalHoldPlaced,
    MakeReferral,
    ReferralMade,
    ResumeInternal,
)
from incidents.domain.state import Case
from incidents.domain.table import Apply, Asking, Command, Row, Track
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


TRACK = Track("case", _states, (*TRANSITIONS, *on_the_way.ROWS, *handling.ROWS), APPLY, _place)
