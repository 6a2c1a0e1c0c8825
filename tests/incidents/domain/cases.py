"""Cases at every stage, brought there by deciding commands, and the requests that do it."""

from datetime import timedelta
from typing import Final
from uuid import UUID, uuid5

from msgspec.structs import replace

from incidents.domain.allegation import RecordAllegationOutcome
from incidents.domain.assessment import RecordAssessment, StartAssessment
from incidents.domain.closing import CloseCase, RecordOutcome
from incidents.domain.facts import PersonId
from incidents.domain.intake import (
    AcknowledgeReport,
    IdentifyPerson,
    LogIncident,
    PersonInIncident,
)
from incidents.domain.internal import (
    RecordMeeting,
    RecordPostStatus,
    RequestRemoval,
    StartInternalHandling,
)
from incidents.domain.letters import ApproveLetter, RecordLetterRendered, RecordLetterSent
from incidents.domain.moderation import (
    CaptureEvidence,
    DescribeEvidence,
    TakeModerationAction,
)
from incidents.domain.opinions import RecordSecondOpinion, RequestSecondOpinion
from incidents.domain.parallel import AllegationOutcome
from incidents.domain.referring import MakeReferral
from incidents.domain.remedies import RequireRemedy
from incidents.domain.responses import RecordAgencyResponse
from incidents.domain.school import User
from incidents.domain.vocabulary import (
    Agency,
    AgencyDecision,
    Category,
    ContactBasis,
    EvidenceKind,
    Finding,
    HarmQuestion,
    Kind,
    LetterForm,
    ModerationAct,
    Outcome,
    Part,
    PersonRole,
    PostStatus,
    ReferralMethod,
    Risk,
    Route,
    Scope,
)
from tests.incidents.domain.school import (
    FRIDAY,
    HEADTEACHER,
    MODERATOR,
    NAMES,
    NOTIFIER,
    OTHER_STAFF,
    SLT,
    STAFF,
    id_of,
)
from tests.incidents.domain.support import Story, given

PARENT: Final = PersonInIncident(part=Part.SUBJECT, role=PersonRole.PARENT)
TEACHER_AFFECTED: Final = PersonInIncident(
    part=Part.AFFECTED, role=PersonRole.STAFF, user=OTHER_STAFF.id
)
COLLEAGUE: Final = PersonInIncident(part=Part.SUBJECT, role=PersonRole.STAFF, user=OTHER_STAFF.id)
THE_HEAD: Final = PersonInIncident(
    part=Part.SUBJECT, role=PersonRole.HEADTEACHER, user=HEADTEACHER.id
)
FORMER_PUPIL: Final = PersonInIncident(part=Part.AFFECTED, role=PersonRole.FORMER_PUPIL)
PUPIL: Final = PersonInIncident(part=Part.SUBJECT, role=PersonRole.PUPIL)

REPORT: Final = LogIncident(
    kind=Kind.ABUSE,
    categories=(Category.OFFENSIVE, Category.HARASSING),
    platform="Facebook",
    observed_at=FRIDAY - timedelta(hours=1),
    facts="A parent wrote on a public group that the teacher is useless and a liar.",
    opinion="It was meant to hurt.",
    post_url="https://social.example.org/groups/1/posts/2",
    people=(PARENT, TEACHER_AFFECTED),
)
ABOUT_STAFF: Final = replace(REPORT, categories=(Category.MISSING_DISCLAIMER,), people=(COLLEAGUE,))
ABOUT_A_CHILD: Final = replace(
    REPORT, categories=(Category.STAFF_PUPIL_CONTACT,), people=(COLLEAGUE, FORMER_PUPIL)
)
ABOUT_THE_HEAD: Final = replace(REPORT, categories=(Category.DISREPUTE,), people=(THE_HEAD,))
ON_OUR_ACCOUNT: Final = replace(
    REPORT, categories=(Category.THREAT,), platform="Twitter", on_school_account=True, people=()
)

NO_HARM: Final = dict.fromkeys(HarmQuestion, False)
HARM: Final = {**NO_HARM, HarmQuestion.MAY_POSE_A_RISK: True}
RATIONALE: Final = "Seen on a public group, named, repeated; a clear breach of the clause cited."

UNACCEPTABLE: Final = RecordAssessment(
    scope=Scope.PERSONAL_IN_SCOPE,
    finding=Finding.UNACCEPTABLE,
    categories=(Category.OFFENSIVE, Category.HARASSING),
    risks=(Risk.REPUTATION,),
    scale=2,
    audience=2,
    permanency=2,
    harm=2,
    clauses=("4.1",),
    rationale=RATIONALE,
)
ACCEPTABLE: Final = replace(UNACCEPTABLE, finding=Finding.ACCEPTABLE)
POSSIBLY_ILLEGAL: Final = replace(
    UNACCEPTABLE, finding=Finding.POSSIBLY_ILLEGAL, categories=(Category.THREAT,), harm=3
)
HARMLESS: Final = replace(
    UNACCEPTABLE, categories=(Category.MISSING_DISCLAIMER,), harm_test=NO_HARM
)
HARMFUL: Final = replace(
    UNACCEPTABLE, categories=(Category.STAFF_PUPIL_CONTACT,), harm=3, harm_test=HARM
)

EVIDENCE: Final = CaptureEvidence(
    kind=EvidenceKind.SCREENSHOT,
    label="The post as it stood on Friday afternoon",
    media_type="image/png",
    content=b"\x89PNG\r\n\x1a\n and the rest of the picture",
    captured_at=FRIDAY - timedelta(minutes=30),
)
DESCRIPTION: Final = DescribeEvidence(
    kind=EvidenceKind.LINK,
    label="The post",
    description="A picture with words above it.",
    reason="It was taken down before anybody could capture it.",
)
TO_POLICE: Final = MakeReferral(
    agency=Agency.POLICE,
    method=ReferralMethod.ONLINE_FORM,
    reason="A threat to a member of staff, with a place and a time.",
)
TO_LADO: Final = MakeReferral(
    agency=Agency.LADO,
    method=ReferralMethod.TELEPHONE,
    reason="A harm question was answered with yes.",
    other_children="None that the school knows of.",
)
CLOSED_BY_AGENCY: Final = RecordAgencyResponse(
    agency=Agency.POLICE,
    update="Words of advice were given.",
    reference_number="LC-20261120-0815",
    cleared=True,
    decision=AgencyDecision.ADVICE_GIVEN,
)
DELETE: Final = TakeModerationAction(act=ModerationAct.DELETED, clause="4.1", taken_at=FRIDAY)
INSIDE: Final = StartInternalHandling(route=Route.STAFF_CONDUCT)
OUTCOME: Final = RecordOutcome(
    outcome=Outcome.REMOVED_AND_DISCUSSED, summary="The post is gone and the parent apologised."
)
AGENCY_OUTCOME: Final = RecordOutcome(
    outcome=Outcome.AGENCY_ACTION, summary="The police gave words of advice."
)

HASH: Final = "ab" * 32
LETTER: Final = uuid5(NAMES, "letter")


def person(story: Story, part: Part = Part.SUBJECT) -> PersonId:
    """The first person with this part in the case."""
    return next(p.person for p in story.case.people.values() if p.part is part)


# ── intake and assessment ─────────────────────────────────────────────────────────────────────────


def reported(report: LogIncident = REPORT, by: User = STAFF) -> Story:
    return given().after(report, by=by)


def assessing(report: LogIncident = REPORT, lead: User = SLT, by: User = STAFF) -> Story:
    return reported(report, by).after(StartAssessment(), by=lead)


def assessed(
    assessment: RecordAssessment = UNACCEPTABLE, report: LogIncident = REPORT, lead: User = SLT
) -> Story:
    return assessing(report, lead).after(assessment, by=lead)


# ── inside the school ─────────────────────────────────────────────────────────────────────────────


def identified(story: Story, lead: User = SLT, basis: ContactBasis | None = None) -> Story:
    """The first subject has a name and an address, so that a letter may go out."""
    default = ContactBasis.OWN_CONDUCT
    contact = IdentifyPerson(
        person=person(story),
        name="the subject",
        salutation="subject",
        email="subject@example.org",
        basis=basis or default,
    )
    return story.after(contact, by=lead)


def with_parent(lead: User = SLT) -> Story:
    """Internal handling on the parents' route, with evidence and an address."""
    story = assessed(lead=lead).after(StartInternalHandling(route=Route.PARENT), by=lead)
    return identified(story.after(EVIDENCE, by=lead), lead)


def with_staff(lead: User = SLT) -> Story:
    """Internal handling on the staff route, with an address."""
    story = assessed(HARMLESS, ABOUT_STAFF, lead)
    return identified(story.after(StartInternalHandling(route=Route.STAFF_CONDUCT), by=lead), lead)


def removal(story: Story) -> RequestRemoval:
    slots = (story.now + timedelta(days=3), story.now + timedelta(days=4))
    return RequestRemoval(person=person(story), meeting_slots=slots)


def remedy(story: Story) -> RequireRemedy:
    return RequireRemedy(
        person=person(story),
        clauses=("5.4",),
        correction="Add the disclaimer to the profile.",
        correct_by=story.now + timedelta(days=7),
        support="The office helps with the wording.",
    )


def requested(lead: User = SLT) -> Story:
    story = with_parent(lead)
    return story.after(removal(story), by=lead)


def post_gone(story: Story) -> RecordPostStatus:
    return RecordPostStatus(status=PostStatus.REMOVED, checked_at=story.now)


def meeting(story: Story) -> RecordMeeting:
    return RecordMeeting(
        held_at=story.now, attendees="The parent and the deputy.", agreed="To ring first."
    )


def handled(lead: User = SLT) -> Story:
    """Everything the parents' route asks for is done."""
    story = requested(lead)
    return story.after(post_gone(story), by=lead).after(meeting(story), by=lead)


# ── referral ──────────────────────────────────────────────────────────────────────────────────────


def referred(lead: User = SLT) -> Story:
    """With the police, who hold it."""
    return assessed(POSSIBLY_ILLEGAL, lead=lead).after(TO_POLICE, by=lead)


def referred_to_lado() -> Story:
    return assessed(HARMFUL, ABOUT_A_CHILD).after(TO_LADO, by=HEADTEACHER)


def cleared(lead: User = SLT) -> Story:
    """With the police, who have cleared it and keep it open."""
    return referred(lead).after(replace(CLOSED_BY_AGENCY, decision=None), by=lead)


def with_opinion(story: Story, of: User, by: User = HEADTEACHER) -> Story:
    """A colleague was asked for a second opinion, and has given it."""
    asked = RequestSecondOpinion(of=id_of(of), question="Does it have to be referred?")
    story = story.after(asked, by=by)
    (*_, opinion) = story.case.opinions
    view = RecordSecondOpinion(opinion=opinion, agrees=True, view="I should not refer it.")
    return story.after(view, by=of)


# ── the end ───────────────────────────────────────────────────────────────────────────────────────


def acknowledged(story: Story, by: User = SLT) -> Story:
    return story.after(AcknowledgeReport(), by=by)


def resolved(lead: User = SLT) -> Story:
    return acknowledged(handled(lead), lead).after(OUTCOME, by=lead)


def unproved(story: Story) -> RecordAllegationOutcome:
    """The allegation against the first subject is neither proved nor disproved."""
    return RecordAllegationOutcome(
        person=person(story), outcome=AllegationOutcome.UNSUBSTANTIATED, reasons=RATIONALE
    )


def closed_by_lado() -> Story:
    """Closed after the LADO has answered."""
    answer = replace(CLOSED_BY_AGENCY, agency=Agency.LADO)
    story = acknowledged(referred_to_lado().after(answer, by=HEADTEACHER))
    story = story.after(unproved(story), by=HEADTEACHER)
    return story.after(AGENCY_OUTCOME, by=SLT).after(CloseCase(), by=HEADTEACHER)


def closed(lead: User = SLT) -> Story:
    return resolved(lead).after(CloseCase(), by=lead)


# ── moderation ────────────────────────────────────────────────────────────────────────────────────


def evidenced() -> Story:
    return reported(ON_OUR_ACCOUNT).after(EVIDENCE, by=MODERATOR)


def moderated() -> Story:
    """The post is deleted and the audience waits for a notice."""
    return evidenced().after(DELETE, by=MODERATOR)


def notice_drafted() -> Story:
    story = moderated()
    deletion = next(r for r in story if r.event.TOPIC == "incidents.moderation_action_taken")
    return drafted(story, code="L13", form=LetterForm.NOTICE, prompted_by=deletion.event_id)


def notice_approved() -> Story:
    return approved(notice_drafted(), by=HEADTEACHER)


# ── letters ───────────────────────────────────────────────────────────────────────────────────────


def draft(
    code: str = "L2",
    form: LetterForm = LetterForm.PDF,
    prompted_by: UUID = LETTER,
    letter: UUID = LETTER,
    needs_approval: bool = True,
) -> RecordLetterRendered:
    return RecordLetterRendered(
        letter=letter,
        code=code,
        form=form,
        audience="subject_parent",
        prompted_by=prompted_by,
        media_type="application/pdf",
        document=HASH,
        template_hash=HASH,
        data_hash=HASH,
        needs_approval=needs_approval,
    )


def drafted(
    story: Story,
    code: str = "L2",
    form: LetterForm = LetterForm.PDF,
    prompted_by: UUID | None = None,
) -> Story:
    if prompted_by is None:
        prompted_by = next(
            (r.event_id for r in story if r.event.TOPIC == "incidents.meeting_invited"), LETTER
        )
    return story.after(draft(code, form, prompted_by), by=NOTIFIER)


def approved(story: Story, by: User = HEADTEACHER) -> Story:
    return story.after(ApproveLetter(letter=LETTER, document=HASH), by=by)


def sent(story: Story) -> Story:
    return story.after(RecordLetterSent(letter=LETTER, channel="email"), by=NOTIFIER)
