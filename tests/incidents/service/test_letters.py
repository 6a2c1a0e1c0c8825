"""Who gets a letter and what goes into it: only what its struct lists, only to whom it may go."""

from datetime import date, timedelta
from uuid import UUID, uuid4

import msgspec
import pytest
from msgspec.structs import replace

from incidents.domain.assessment import RecordAssessment, StartAssessment
from incidents.domain.facts import Recorded
from incidents.domain.intake import IdentifyPerson, PersonInIncident
from incidents.domain.internal import MeetingInvited, RequestRemoval, StartInternalHandling
from incidents.domain.letters import ApproveLetter, RecordLetterRendered, WithdrawLetter
from incidents.domain.moderation import DescribeEvidence
from incidents.domain.school import User
from incidents.domain.state import Case
from incidents.domain.vocabulary import (
    Category,
    EvidenceKind,
    Finding,
    LetterForm,
    LetterState,
    Part,
    PersonRole,
    Risk,
    Role,
    Route,
    Scope,
)
from incidents.letter_data import LETTERS, RemovalAndMeeting
from incidents.letters.documents import delivery, keep
from incidents.letters.facts import KINDS, facts
from incidents.letters.lookup import NotToBeSent
from incidents.letters.recipients import recipients
from incidents.messages import DeliveryAsked
from tests.support.office import PARENT, PARENTS_ADDRESS, Office


def event_of(office: Office, case: Case, kind: type) -> Recorded:
    history = office.installation.cases.history(case.id)
    return next(r for r in history if isinstance(r.event, kind))


def invited(office: Office) -> Case:
    case = office.log()
    assessment(office, case)
    office.ask("slt", case, StartInternalHandling(route=Route.PARENT))
    office.give_contact("slt", case)
    slots = (office.now + timedelta(days=5),)
    return office.ask(
        "slt", case, RequestRemoval(person=office.subject(case), meeting_slots=slots)
    ).case


def assessment(office: Office, case: Case) -> None:
    """The deputy assesses it and describes the post."""
    office.ask("slt", case, StartAssessment())
    assessed = RecordAssessment(
        scope=Scope.PERSONAL_IN_SCOPE,
        finding=Finding.UNACCEPTABLE,
        categories=(Category.OFFENSIVE,),
        risks=(Risk.REPUTATION,),
        scale=2,
        audience=2,
        permanency=2,
        harm=2,
        clauses=("3.6", "6.3"),
        rationale="The post insults a member of staff by name before many parents of the school.",
    )
    office.ask("slt", case, assessed)
    described = DescribeEvidence(
        kind=EvidenceKind.LINK,
        label="The post",
        description="Seen by the class teacher.",
        reason="The group is closed to us.",
    )
    office.ask("slt", case, described)


def test_every_letter_of_the_contract_has_its_facts(office: Office) -> None:
    assert set(KINDS) == set(LETTERS)


def test_the_letter_to_the_parent_has_what_it_says_and_nothing_of_the_report(
    office: Office,
) -> None:
    case, lookup = invited(office), office.installation.lookup()
    event = event_of(office, case, MeetingInvited)
    (to,) = recipients(lookup, case.school, case.id, event.event_id, "subject_parent")
    found = facts(
        lookup, case.school, case.id, event.event_id, "L2", "subject_parent", to, date(2026, 11, 20)
    )
    assert isinstance(found, RemovalAndMeeting)
    assert found.recipient.name == PARENT
    assert found.recipient.email == PARENTS_ADDRESS
    assert found.contact.name == "The deputy headteacher"
    assert [c.ref for c in found.clauses] == ["3.6", "6.3"]
    assert found.meeting_slots[0].utcoffset() is not None
    assert "useless" not in msgspec.json.encode(found).decode()


def test_a_report_goes_to_the_leadership_and_never_to_whom_it_is_about(office: Office) -> None:
    deputy = PersonInIncident(part=Part.SUBJECT, role=PersonRole.STAFF, user=office.id_of("slt"))
    other = office.hire("other_slt", "The assistant headteacher", Role.SLT)
    case = office.log(people=(deputy,))
    assert pool(office, case) == [other.id]


def test_where_the_leadership_is_conflicted_the_headteacher_is_told(office: Office) -> None:
    deputy = PersonInIncident(part=Part.SUBJECT, role=PersonRole.STAFF, user=office.id_of("slt"))
    assert pool(office, office.log(people=(deputy,))) == [office.id_of("headteacher")]


def test_about_the_headteacher_only_the_chair_is_told(office: Office) -> None:
    head = PersonInIncident(
        part=Part.SUBJECT, role=PersonRole.HEADTEACHER, user=office.id_of("headteacher")
    )
    case = office.log(people=(head,))
    assert pool(office, case) == [office.id_of("chair")]
    assert pool(office, case, "headteacher_and_dsl") == [office.id_of("chair")]


def _rendered(
    letter: UUID, event: Recorded, *, needs_approval: bool = True
) -> RecordLetterRendered:
    return RecordLetterRendered(
        letter=letter,
        code="L2",
        form=LetterForm.PDF,
        audience="subject_parent",
        prompted_by=event.event_id,
        media_type="application/pdf",
        document="0" * 64,
        template_hash="0" * 64,
        data_hash="0" * 64,
        needs_approval=needs_approval,
    )


def pool(office: Office, case: Case, audience: str = "slt_pool") -> list[UUID | None]:
    first = office.installation.cases.history(case.id)[0]
    return recipients(office.installation.lookup(), case.school, case.id, first.event_id, audience)


def test_somebody_walled_out_since_gets_nothing_more(office: Office) -> None:
    case, lookup = office.log(), office.installation.lookup()
    first = office.installation.cases.history(case.id)[0].event_id
    slt = office.id_of("slt")
    asked = (case.school, case.id, first, "A1", "slt_pool", slt, date(2026, 11, 20))
    assert facts(lookup, *asked).recipient.recipient_ref == slt
    office.ask(
        "headteacher",
        case,
        IdentifyPerson(part=Part.SUBJECT, role=PersonRole.STAFF, user=slt),
    )
    with pytest.raises(NotToBeSent, match="unknown_recipient"):
        facts(lookup, *asked)


def test_a_letter_is_given_out_only_while_it_is_approved(office: Office) -> None:
    case, lookup = invited(office), office.installation.lookup()
    event = event_of(office, case, MeetingInvited)
    document = keep(lookup, case.school, case.id, b"%PDF the letter")
    letter = uuid4()
    notifier = User(id=None, school=office.school, roles=frozenset({Role.NOTIFIER}))
    rendered = replace(_rendered(letter, event), document=document, recipient=office.subject(case))
    office.ask(notifier, case, rendered)
    asked = DeliveryAsked(
        school=case.school,
        case_id=case.id,
        letter_id=letter,
        event_id=event.event_id,
        letter="L2",
        audience="subject_parent",
        document=document,
        media_type="application/pdf",
        recipient_ref=office.subject(case),
    )
    with pytest.raises(NotToBeSent, match="not_approved"):
        delivery(lookup, asked)
    office.ask("headteacher", case, ApproveLetter(letter=letter, document=document))
    found = delivery(lookup, asked)
    assert (found.email, found.document) == (PARENTS_ADDRESS, b"%PDF the letter")
    with pytest.raises(NotToBeSent, match="another_document"):
        delivery(lookup, replace(asked, document="0" * 64))
    office.ask("headteacher", case, WithdrawLetter(letter=letter, reason="It was settled."))
    with pytest.raises(NotToBeSent, match="not_approved"):
        delivery(lookup, asked)
    with pytest.raises(NotToBeSent, match="unknown_letter"):
        delivery(lookup, replace(asked, letter_id=uuid4()))


def test_a_letter_that_asks_for_no_approval_is_held_for_it_all_the_same(office: Office) -> None:
    case = invited(office)
    event = event_of(office, case, MeetingInvited)
    letter, notifier = (
        uuid4(),
        User(id=None, school=office.school, roles=frozenset({Role.NOTIFIER})),
    )
    after = office.ask(notifier, case, _rendered(letter, event, needs_approval=False)).case
    assert after.letters[letter].state is LetterState.DRAFTED


def test_questions_about_another_school_are_refused(office: Office) -> None:
    case, lookup = office.log(), office.installation.lookup()
    first = office.installation.cases.history(case.id)[0].event_id
    with pytest.raises(NotToBeSent, match="unknown_case"):
        recipients(lookup, "otherschool1", case.id, first, "reporter")  # type: ignore[arg-type]
