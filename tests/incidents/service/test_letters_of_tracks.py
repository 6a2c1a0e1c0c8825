"""Who hears what of a second request, a pupil, a picture, a breach, the press and an allegation."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from incidents.domain.assessment import RecordAssessment, StartAssessment
from incidents.domain.behaviour import ApplyBehaviourPolicy, BehaviourPolicyApplied
from incidents.domain.breach import (
    ConfirmBreach,
    DecideIco,
    InformSubjects,
    SubjectsInformed,
    SuspectBreach,
)
from incidents.domain.closing import OutcomeRecorded, RecordOutcome
from incidents.domain.facts import PersonId
from incidents.domain.images import PublicationTakenDown, RecordChildPublished, RecordTakenDown
from incidents.domain.intake import IdentifyPerson, PersonInIncident
from incidents.domain.internal import (
    RecordPostStatus,
    RemindOfRemoval,
    RemovalReminded,
    RequestRemoval,
    StartInternalHandling,
)
from incidents.domain.press import InformHead, LaSupportRequested, LogPressEnquiry, RequestLaSupport
from incidents.domain.referring import MakeReferral, ReferralMade
from incidents.domain.sharing import DisclosureAgreed, RecordDisclosureAgreement
from incidents.domain.state import Case
from incidents.domain.vocabulary import (
    Agency,
    Category,
    Consent,
    ContactBasis,
    Finding,
    HarmQuestion,
    Outcome,
    Part,
    PersonRole,
    PostStatus,
    ReferralMethod,
    Risk,
    Route,
    Scope,
)
from incidents.letters.facts import facts
from incidents.letters.lookup import NotToBeSent
from incidents.letters.recipients import recipients
from tests.incidents.service.telling import PLANTED, WRITTEN, letter_of, planted, untold
from tests.incidents.service.test_letters import event_of
from tests.support.office import PARENT, Office

FAMILY = "family@example.org"
WHY = "The list names children and how to reach their families, and stood there for two days."


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder: Path = tmp_path_factory.mktemp("office")
    opened = Office(folder / "var")
    yield opened
    opened.close()


def child_of(case: Case) -> PersonId:
    return next(p.person for p in case.people.values() if p.role is PersonRole.PUPIL)


def reachable(office: Office, case: Case, person: PersonId) -> None:
    """Record how a child's family is written to, and why that is allowed."""
    contact = IdentifyPerson(
        person=person,
        name=PLANTED["child"],
        email=FAMILY,
        basis=ContactBasis.PERSON_AFFECTED,
    )
    office.ask("slt", case, contact)


def told(letter: msgspec.Struct) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(letter)
    return found


# ── parents and pupils ───────────────────────────────────────────────────────────────────────────


def test_a_second_request_names_the_first_and_offers_times_and_tells_of_nobody(
    office: Office,
) -> None:
    case = planted(office)
    slots = (office.now + timedelta(days=5),)
    person = office.subject(case)
    office.ask("slt", case, RequestRemoval(person=person, meeting_slots=slots))
    seen = RecordPostStatus(status=PostStatus.PRESENT, checked_at=office.now)
    office.ask("slt", case, seen)
    again = RemindOfRemoval(
        person=person, next_steps="We ask the website to look at it.", meeting_slots=slots
    )
    case = office.ask("slt", case, again).case
    to, letter = letter_of(office, case, "L3", RemovalReminded, "named_person")
    assert to == person
    assert untold(letter) == []
    assert told(letter)["asked_on"] == "2026-11-20"
    assert told(letter)["next_steps"] == "We ask the website to look at it."
    assert len(told(letter)["meeting_slots"]) == 1


def pupils_case(office: Office) -> Case:
    people = (
        PersonInIncident(part=Part.SUBJECT, role=PersonRole.PUPIL, name="Own-Child"),
        PersonInIncident(part=Part.SUBJECT, role=PersonRole.PUPIL, name=PLANTED["child"]),
        PersonInIncident(part=Part.RELATED, role=PersonRole.PARENT, name=PARENT),
    )
    case = office.log(people=people, facts=f"{PLANTED['quote']} {PLANTED['handle']}")
    assessed(office, case, {})
    office.ask("slt", case, StartInternalHandling(route=Route.PUPIL_BEHAVIOUR))
    parent = next(p for p in case.people.values() if p.role is PersonRole.PARENT)
    contact = IdentifyPerson(
        person=parent.person,
        name=PARENT,
        email=FAMILY,
        basis=ContactBasis.PARENTAL_RESPONSIBILITY,
    )
    office.ask("slt", case, contact)
    own = next(p for p in case.people.values() if p.role is PersonRole.PUPIL)
    applied = ApplyBehaviourPolicy(
        person=own.person,
        done="Your child has talked with the class teacher about it.",
        parents=(parent.person,),
    )
    return office.ask("slt", case, applied).case


def assessed(office: Office, case: Case, harm: dict[HarmQuestion, bool]) -> None:
    office.ask("slt", case, StartAssessment())
    assessment = RecordAssessment(
        scope=Scope.PERSONAL_IN_SCOPE,
        finding=Finding.UNACCEPTABLE,
        categories=(Category.OFFENSIVE,),
        risks=(Risk.BULLYING,),
        scale=2,
        audience=2,
        permanency=2,
        harm=2,
        clauses=("6.2",),
        rationale="It was written where many could read it, and somebody was hurt by it.",
        harm_test=harm,
    )
    office.ask("slt", case, assessment)


def test_a_family_is_told_of_its_own_child_and_of_no_other(office: Office) -> None:
    case = pupils_case(office)
    _, letter = letter_of(office, case, "L16", BehaviourPolicyApplied, "pupils_parents")
    assert told(letter)["child"] == "Own-Child"
    assert letter.recipient.name == PARENT
    assert untold(letter) == []


def test_while_an_agency_has_the_case_a_family_is_told_nothing_it_has_not_agreed_to(
    office: Office,
) -> None:
    case = pupils_case(office)
    referral = MakeReferral(
        agency=Agency.SOCIAL_CARE,
        method=ReferralMethod.TELEPHONE,
        reason="The child said that she is afraid to go home.",
        level=4,
        consent=Consent.NOT_SOUGHT,
        no_consent_because="To ask them would put the child at greater risk.",
    )
    case = office.ask("dsl", case, referral).case
    with pytest.raises(NotToBeSent, match="disclosure_not_agreed"):
        letter_of(office, case, "L16", BehaviourPolicyApplied, "pupils_parents")
    parent = next(p.person for p in case.people.values() if p.role is PersonRole.PARENT)
    agreed = RecordDisclosureAgreement(
        agency=Agency.SOCIAL_CARE, person=parent, what="What the school has done with the child."
    )
    case = office.ask("dsl", case, agreed).case
    _, letter = letter_of(office, case, "L16", BehaviourPolicyApplied, "pupils_parents")
    assert untold(letter) == []


def test_the_parents_of_a_published_child_hear_of_their_child_when_it_is_taken_down(
    office: Office,
) -> None:
    case = planted(office)
    reachable(office, case, child_of(case))
    shown = RecordChildPublished(
        person=child_of(case), where="The school's account, on sports day", published_at=office.now
    )
    office.ask("staff", case, shown)
    gone = RecordTakenDown(taken_down_at=office.now, seen="The page was looked at again.")
    case = office.ask("slt", case, gone).case
    to, letter = letter_of(office, case, "L27", PublicationTakenDown, "published_child")
    assert to == child_of(case)
    assert letter.recipient.name == f"The parents or carers of {PLANTED['child']}"
    assert letter.recipient.salutation == "parents and carers"
    assert told(letter)["where"] == "The school's account, on sports day"
    assert untold(letter) == ["child"], "their own"


# ── data and press ───────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def breached(office: Office) -> Case:
    """A breach that is reported, and of which a parent and a child's family are told."""
    case = planted(office)
    reachable(office, case, child_of(case))
    office.ask("slt", case, SuspectBreach(aware_at=office.now, what=PLANTED["investigation"]))
    confirmed = ConfirmBreach(
        nature="A class list stood on a public page.",
        people_affected=58,
        consequences="Somebody could ring the families.",
        measures="The list was taken down.",
    )
    office.ask("dpo", case, confirmed)
    office.ask("dpo", case, DecideIco(report=True, reason=WHY))
    referral = MakeReferral(
        agency=Agency.ICO, method=ReferralMethod.EMAIL, reason="It has been decided to report it."
    )
    office.ask("dpo", case, referral)
    people = (office.subject(case), child_of(case))
    return office.ask("dpo", case, InformSubjects(people=people, reason=WHY)).case


def test_the_commissioner_is_told_what_the_law_lists_and_no_names(
    office: Office, breached: Case
) -> None:
    event = event_of(office, breached, ReferralMade).event_id
    lookup = office.installation.lookup()
    asked = (breached.school, breached.id, event)
    assert recipients(lookup, *asked, "agency") == [None]
    letter = facts(lookup, *asked, "L25", "agency", None, WRITTEN)
    assert letter.recipient.email == "ico@example.org"
    assert letter.contact.name == "The data protection officer"
    assert (told(letter)["people_affected"], told(letter)["reason"]) == (58, WHY)
    assert untold(letter) == []


def test_each_person_is_told_of_his_own_data_and_not_of_how_many_others(
    office: Office, breached: Case
) -> None:
    event = event_of(office, breached, SubjectsInformed).event_id
    lookup = office.installation.lookup()
    asked = (breached.school, breached.id, event)
    parent, child = recipients(lookup, *asked, "people_informed")
    assert (parent, child) == (office.subject(breached), child_of(breached))
    letter = facts(lookup, *asked, "L26", "people_informed", parent, WRITTEN)
    assert untold(letter) == []
    assert "58" not in msgspec.json.encode(letter).decode().replace(str(parent), "")
    family = facts(lookup, *asked, "L26", "people_informed", child, WRITTEN)
    assert family.recipient.name.startswith("The parents or carers of ")


def test_the_press_office_gets_the_question_and_what_was_written_for_it(office: Office) -> None:
    case = planted(office)
    enquiry = LogPressEnquiry(
        received_at=office.now, outlet="A local newspaper", query="What does the school say?"
    )
    office.ask("staff", case, enquiry)
    office.ask("headteacher", case, InformHead())
    support = RequestLaSupport(asked="There is a post, and the school is dealing with it.")
    case = office.ask("headteacher", case, support).case
    event = event_of(office, case, LaSupportRequested).event_id
    lookup = office.installation.lookup()
    letter = facts(lookup, case.school, case.id, event, "L24", "agency", None, WRITTEN)
    assert letter.recipient.email == "lancashire-cc@example.org"
    assert letter.contact.name == "The headteacher"
    assert told(letter)["query"] == "What does the school say?"
    assert untold(letter) == []


# ── agencies and staff ───────────────────────────────────────────────────────────────────────────


def staff_case(office: Office) -> Case:
    """A colleague under an allegation, referred to the LADO."""
    people = (
        PersonInIncident(
            part=Part.SUBJECT,
            role=PersonRole.STAFF,
            name="The colleague",
            user=office.id_of("second_staff"),
        ),
        PersonInIncident(part=Part.AFFECTED, role=PersonRole.PUPIL, name=PLANTED["child"]),
    )
    case = office.log(people=people, facts=f"{PLANTED['witness']} saw {PLANTED['handle']}.")
    assessed(office, case, dict.fromkeys(HarmQuestion, True))
    contact = IdentifyPerson(
        person=office.subject(case),
        name="The colleague",
        email=FAMILY,
        basis=ContactBasis.EMPLOYMENT,
    )
    office.ask("slt", case, contact)
    referral = MakeReferral(
        agency=Agency.LADO,
        method=ReferralMethod.TELEPHONE,
        reason="An adult who works with children wrote to a pupil.",
    )
    return office.ask("headteacher", case, referral).case


def test_an_accused_colleague_is_told_what_was_agreed_and_of_no_witness(office: Office) -> None:
    case = staff_case(office)
    agreed = RecordDisclosureAgreement(
        agency=Agency.LADO, person=office.subject(case), what="That a concern has been raised."
    )
    case = office.ask("headteacher", case, agreed).case
    to, letter = letter_of(office, case, "L18", DisclosureAgreed, "told_staff")
    assert to == office.subject(case)
    assert told(letter)["agreed"] == "That a concern has been raised."
    assert told(letter)["agency"] == "Local authority designated officer"
    assert untold(letter) == []


def test_an_agreement_about_somebody_else_writes_to_no_colleague(office: Office) -> None:
    case = staff_case(office)
    agreed = RecordDisclosureAgreement(
        agency=Agency.LADO, person=child_of(case), what="That the school is looking after it."
    )
    case = office.ask("headteacher", case, agreed).case
    event = event_of(office, case, DisclosureAgreed).event_id
    lookup = office.installation.lookup()
    assert recipients(lookup, case.school, case.id, event, "told_staff") == []


@pytest.mark.parametrize(
    ("agency", "code"),
    [
        (Agency.CEOP, "L23"),
        (Agency.IWF, "L23"),
        (Agency.HELPLINE, "L23"),
        (Agency.LANCASHIRE_CC, "L24b"),
    ],
)
def test_who_needs_only_the_place_is_told_of_no_person(
    office: Office, agency: Agency, code: str
) -> None:
    case = planted(office)
    referral = MakeReferral(
        agency=agency,
        method=ReferralMethod.EMAIL,
        reason="The platform does not answer the school.",
    )
    case = office.ask("headteacher", case, referral).case
    event = event_of(office, case, ReferralMade).event_id
    lookup = office.installation.lookup()
    letter = facts(lookup, case.school, case.id, event, code, "agency", None, WRITTEN)
    assert told(letter)["reason"] == "The platform does not answer the school."
    assert untold(letter) == []


def test_social_care_is_told_the_level_the_consent_and_the_childs_words(office: Office) -> None:
    case = planted(office)
    referral = MakeReferral(
        agency=Agency.SOCIAL_CARE,
        method=ReferralMethod.TELEPHONE,
        reason="The child said that she is afraid to go home.",
        level=4,
        consent=Consent.REFUSED,
        no_consent_because="They do not see the risk.",
        other_children="A younger brother.",
    )
    case = office.ask("dsl", case, referral).case
    event = event_of(office, case, ReferralMade).event_id
    lookup = office.installation.lookup()
    found = told(facts(lookup, case.school, case.id, event, "L21", "agency", None, WRITTEN))
    assert (found["level"], found["consent"]) == (4, "refused")
    assert found["child_words"] == PLANTED["words"]
    assert found["other_children"] == "A younger brother."
    assert PLANTED["opinion"] not in str(found)


# ── those affected ───────────────────────────────────────────────────────────────────────────────


def test_only_those_affected_who_may_be_written_to_hear_that_it_was_dealt_with(
    office: Office,
) -> None:
    case = planted(office)
    reachable(office, case, child_of(case))
    outcome = RecordOutcome(
        outcome=Outcome.ADVICE_GIVEN,
        summary=PLANTED["investigation"],
        steps_left_out_because="The parent came to see us by himself.",
    )
    case = office.ask("slt", case, outcome).case
    to, letter = letter_of(office, case, "L30", OutcomeRecorded, "affected")
    assert to == child_of(case)
    assert untold(letter) == ["child"], "their own"
    assert told(letter)["decided_on"] == "2026-11-20"
