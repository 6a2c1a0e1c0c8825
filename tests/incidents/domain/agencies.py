"""Referrals to every agency, second opinions and what is shared; and for each row one example."""

from typing import Final

from msgspec.structs import replace

from incidents.domain.direct import (
    DirectReferralRecorded,
    ImmediateDangerRaised,
    RaiseImmediateDanger,
    RecordDirectReferral,
)
from incidents.domain.drafting import DraftDropped, DraftReferral, DropDraft, ReferralDrafted
from incidents.domain.opinions import (
    OpinionRequestWithdrawn,
    RecordSecondOpinion,
    RequestSecondOpinion,
    SecondOpinionRecorded,
    SecondOpinionRequested,
    WithdrawOpinionRequest,
)
from incidents.domain.referring import InternalHoldPlaced, MakeReferral
from incidents.domain.responses import InternalHoldLifted, RecordAgencyWithdrawal, ReferralWithdrawn
from incidents.domain.school import User
from incidents.domain.sharing import (
    DisclosureAgreed,
    RecordDisclosureAgreement,
    RecordSharingDecision,
    SharingDecisionRecorded,
)
from incidents.domain.table import Command
from incidents.domain.timers import DeadlineMet, DeadlineSet
from incidents.domain.vocabulary import Agency, Consent, ReferralMethod, SharingBasis
from tests.incidents.domain.cases import TO_POLICE, assessed, person, referred, reported
from tests.incidents.domain.examples import Example, example, of
from tests.incidents.domain.school import DSL, FRIDAY, HEADTEACHER, SLT, STAFF, id_of
from tests.incidents.domain.support import Story

DANGER: Final = RaiseImmediateDanger(
    danger="The pupil wrote that he is on the roof.", called_at=FRIDAY, incident_number="999-1"
)
DIRECTLY: Final = RecordDirectReferral(
    agency=Agency.SOCIAL_CARE,
    method=ReferralMethod.TELEPHONE,
    told_at=FRIDAY,
    reason="The child is not safe at home tonight.",
)
TO_SOCIAL_CARE: Final = MakeReferral(
    agency=Agency.SOCIAL_CARE,
    method=ReferralMethod.TELEPHONE,
    reason="The child said that she is afraid to go home.",
    level=4,
    consent=Consent.REFUSED,
    no_consent_because="To ask them would put the child at greater risk.",
)
TO_HELPLINE: Final = replace(
    TO_POLICE, agency=Agency.HELPLINE, reason="The platform does not answer the school."
)
TO_ICO: Final = replace(TO_POLICE, agency=Agency.ICO, reason="A class list stood on a public page.")
TAKEN_BACK: Final = RecordAgencyWithdrawal(
    agency=Agency.POLICE, reason="It belongs to another force."
)
SHARED: Final = RecordSharingDecision(
    with_whom="the school nurse",
    what="That the child was hurt by what was written.",
    basis=SharingBasis.SAFEGUARDING,
    shared=True,
    reason="She sees the child every week.",
)


def told_directly(story: Story | None = None, by: User = STAFF) -> Story:
    return (story or reported()).after(DIRECTLY, by=by)


def agreement(story: Story) -> RecordDisclosureAgreement:
    return RecordDisclosureAgreement(
        agency=Agency.POLICE, person=person(story), what="That it is being looked into."
    )


def asked(story: Story, of: User = DSL, by: User = HEADTEACHER) -> Story:
    return story.after(question(of), by=by)


def question(of: User = DSL) -> RequestSecondOpinion:
    return RequestSecondOpinion(of=id_of(of), question="Does it have to be referred?")


def view(story: Story) -> RecordSecondOpinion:
    opinion = next(iter(story.case.opinions))
    return RecordSecondOpinion(opinion=opinion, agrees=False, view="I should refer it today.")


def no_longer(story: Story) -> WithdrawOpinionRequest:
    opinion = next(iter(story.case.opinions))
    return WithdrawOpinionRequest(opinion=opinion, reason="She is away until Monday.")


def opinion_lives(story: Story, by: User) -> dict[str, Story]:
    """A second opinion in every state. It is asked of the DSL, who sees the case meanwhile."""
    found = {"opinion asked": asked(story, by=by)}
    story = found["opinion asked"]
    found["opinion given"] = story.after(view(story), by=DSL)
    found["opinion withdrawn"] = story.after(no_longer(story), by=by)
    return found


DRAFT: Final = DraftReferral(agency=Agency.LADO, reason="A harm question was answered with yes.")
DROP: Final = DropDraft(agency=Agency.LADO, reason="The headteacher has rung already.")


def in_draft(story: Story, by: User = SLT) -> Story:
    return story.after(DRAFT, by=by)


HAPPY: Final[dict[type[Command], Example]] = {
    DraftReferral: example(assessed(), DRAFT, SLT, ReferralDrafted),
    DropDraft: example(in_draft(assessed()), DROP, SLT, DraftDropped),
    RaiseImmediateDanger: example(reported(), DANGER, STAFF, ImmediateDangerRaised, DeadlineSet),
    RecordDirectReferral: example(
        reported(), DIRECTLY, STAFF, DirectReferralRecorded, InternalHoldPlaced, DeadlineSet
    ),
    RecordAgencyWithdrawal: example(
        referred(), TAKEN_BACK, SLT, ReferralWithdrawn, InternalHoldLifted, DeadlineMet
    ),
    RecordSharingDecision: example(assessed(), SHARED, SLT, SharingDecisionRecorded),
    RecordDisclosureAgreement: of(referred(), agreement, SLT, DisclosureAgreed),
    RequestSecondOpinion: example(assessed(), question(), HEADTEACHER, SecondOpinionRequested),
    RecordSecondOpinion: of(asked(assessed()), view, DSL, SecondOpinionRecorded),
    WithdrawOpinionRequest: of(asked(assessed()), no_longer, HEADTEACHER, OpinionRequestWithdrawn),
}
