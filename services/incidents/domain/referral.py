"""The referral track, one per agency: sent, acknowledged, answered, closed or taken back.

On what terms each agency is told stands in `agencies`, how it is told in `referring`, what it
answers in `responses`; here is the table. That a referral is made stands in the table of the main
track: it may take the case out of the school's hands.
"""

from typing import Final

from incidents.domain import drafting, referring, responses, sharing
from incidents.domain.drafting import DraftDropped, DraftReferral, DropDraft, ReferralDrafted
from incidents.domain.facts import Event
from incidents.domain.loose_ends import case_is_open
from incidents.domain.responses import (
    AgencyUpdateRecorded,
    InternalHoldLifted,
    RecordAgencyResponse,
    RecordAgencyWithdrawal,
    ReferralAcknowledged,
    ReferralClosed,
    ReferralWithdrawn,
)
from incidents.domain.sharing import (
    DisclosureAgreed,
    RecordDisclosureAgreement,
    RecordSharingDecision,
    SharingDecisionRecorded,
)
from incidents.domain.state import Case
from incidents.domain.table import Apply, Command, Row, Track
from incidents.domain.timers import DeadlineMet
from incidents.domain.vocabulary import Agency, Due, ReferralState, Relation, Role

# ── the table ─────────────────────────────────────────────────────────────────────────────────────


def _states(case: Case, command: Command | None) -> frozenset[ReferralState]:
    if isinstance(command, DraftReferral | DropDraft):
        return frozenset({_at(case, command.agency)})
    if isinstance(command, RecordAgencyResponse | RecordAgencyWithdrawal):
        referral = case.referrals.get(command.agency)
        return frozenset({referral.state if referral else ReferralState.NONE})
    agencies = {*case.referrals, *case.drafts}
    return frozenset(_at(case, agency) for agency in agencies) or frozenset({ReferralState.NONE})


def _at(case: Case, agency: Agency) -> ReferralState:
    """Where the referral to one agency stands; a draft is what comes next."""
    if agency in case.drafts:
        return ReferralState.DRAFTED
    return case.referrals[agency].state if agency in case.referrals else ReferralState.NONE


TRANSITIONS = (
    Row(
        ask=DraftReferral,
        who=(Relation.LEAD, Role.HEADTEACHER, Role.DSL, Role.CHAIR, Role.DPO),
        at=tuple(ReferralState),
        guards=(case_is_open, drafting.agency_has_no_referral),
        records=(ReferralDrafted,),
        by=drafting.referral_drafted,
        to=ReferralState.DRAFTED,
        policy=(32,),
    ),
    Row(
        ask=DropDraft,
        who=(Relation.LEAD, Role.HEADTEACHER, Role.DSL, Role.CHAIR, Role.DPO),
        at=(ReferralState.DRAFTED,),
        records=(DraftDropped,),
        by=drafting.draft_dropped,
        policy=(32,),
    ),
    Row(
        ask=RecordAgencyResponse,
        who=(Relation.LEAD, Role.HEADTEACHER, Role.DSL, Role.CHAIR),
        at=(ReferralState.SENT, ReferralState.ACKNOWLEDGED),
        guards=(responses.first_answer_has_a_reference, responses.closing_needs_clearance),
        records=(
            AgencyUpdateRecorded,
            ReferralAcknowledged,
            InternalHoldLifted,
            ReferralClosed,
            DeadlineMet,
        ),
        by=responses.agency_responded,
        settles=(Due.AGENCY_CHASE,),
        starts=(responses.chase_again,),
        policy=(32,),
    ),
    Row(
        ask=RecordAgencyWithdrawal,
        who=(Relation.LEAD, Role.HEADTEACHER, Role.DSL, Role.CHAIR),
        at=(ReferralState.SENT, ReferralState.ACKNOWLEDGED),
        records=(ReferralWithdrawn, InternalHoldLifted, DeadlineMet),
        by=responses.agency_withdrew,
        to=ReferralState.WITHDRAWN,
        settles=(Due.AGENCY_CHASE,),
        starts=(responses.chase_again,),
        policy=(32,),
    ),
    Row(
        ask=RecordSharingDecision,
        who=(Relation.LEAD, Role.HEADTEACHER, Role.DSL, Role.DPO, Role.CHAIR),
        at=tuple(ReferralState),
        guards=(case_is_open,),
        records=(SharingDecisionRecorded,),
        by=sharing.sharing_decided,
        policy=(32, 34),
    ),
    Row(
        ask=RecordDisclosureAgreement,
        who=(Relation.LEAD, Role.HEADTEACHER, Role.DSL, Role.CHAIR),
        at=(
            ReferralState.SENT,
            ReferralState.ACKNOWLEDGED,
            ReferralState.CLOSED,
            ReferralState.WITHDRAWN,
        ),
        guards=(sharing.agency_has_the_case, sharing.told_person_is_in_the_case),
        records=(DisclosureAgreed,),
        by=sharing.disclosure_agreed,
        policy=(32,),
    ),
)
APPLY: Final[dict[type[Event], Apply]] = {
    **drafting.APPLY,
    **referring.APPLY,
    **responses.APPLY,
    **sharing.APPLY,
}
TRACK = Track("referral", _states, TRANSITIONS, APPLY)
