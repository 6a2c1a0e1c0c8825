"""What letters to people of a case may hold: their own matter, and nothing of anybody else's.

A case is planted with what must never leave in them: another child, a witness, a handle, a quote, a
child's words, an opinion. Then every step that asks for a letter is taken, and its facts are read.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import msgspec
import pytest

from incidents.domain.complaint_ends import (
    ComplaintDiverted,
    ComplaintExtended,
    DivertComplaint,
    ExtendComplaint,
)
from incidents.domain.contact import LimitContact, UnreasonableContactDecided
from incidents.domain.facts import Event
from incidents.domain.first_stage import (
    AcknowledgeComplaint,
    ComplaintAcknowledged,
    ComplaintReferralMade,
    DecideStage1,
    ReceiveComplaint,
    RecordInvestigation,
    ReferToComplaints,
    Stage1Decided,
)
from incidents.domain.intake import IdentifyPerson
from incidents.domain.parallel import ComplaintFinding, OtherProcedure
from incidents.domain.second_stage import (
    ComplaintExhausted,
    ConvenePanel,
    DecideStage2,
    ExhaustComplaint,
    PanelConvened,
    RequestStage2,
)
from incidents.domain.state import Case
from incidents.domain.vocabulary import ContactBasis, Language, PersonRole, Role
from incidents.letters.lookup import NotToBeSent
from incidents.letters.recipients import recipients
from tests.incidents.service.telling import PLANTED, letter_of, planted, untold
from tests.incidents.service.test_letters import event_of
from tests.support.office import PARENT, Office

REASONS: Final = "Our record shows no call before the letter was sent, and our policy asks for one."


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder: Path = tmp_path_factory.mktemp("office")
    opened = Office(folder / "var")
    yield opened
    opened.close()


def decided(office: Office, case: Case) -> Case:
    """A complaint of the parent, acknowledged, put off once and decided."""
    received = ReceiveComplaint(
        received_at=office.now,
        happened_at=office.now,
        issues="The school wrote before it rang.",
        outcome_wanted="That somebody rings first.",
        complainant=office.subject(case),
    )
    office.ask("slt", case, received)
    office.ask("headteacher", case, AcknowledgeComplaint(understood="Nobody rang first."))
    later = ExtendComplaint(
        new_due=office.now + timedelta(days=60), reason="Somebody we have to ask is away."
    )
    office.ask("headteacher", case, later)
    office.ask("headteacher", case, RecordInvestigation(found=PLANTED["investigation"]))
    decision = DecideStage1(
        finding=ComplaintFinding.PARTLY_UPHELD,
        investigated="Whether anybody rang first.",
        reasons=REASONS,
        remedies="From now on somebody rings first.",
    )
    return office.ask("headteacher", case, decision).case


def heard(office: Office, case: Case) -> Case:
    """The same complaint before the panel, up to the end of the procedure."""
    panel = [office.hire(f"{case.reference}{n}", f"Governor {n}", Role.GOVERNOR) for n in range(3)]
    members = tuple(member.id for member in panel if member.id is not None)
    asked = RequestStage2(requested_at=office.now, reasons="The answer says nothing of the call.")
    office.ask("clerk", case, asked)
    meets = office.now + timedelta(days=14)
    office.ask("clerk", case, ConvenePanel(members=members, declared=members, hears_at=meets))
    decision = DecideStage2(
        heard_at=office.now,
        finding=ComplaintFinding.NOT_UPHELD,
        reasons=REASONS,
        recommendations="The panel asks the school to say how it deals with posts.",
    )
    office.ask(panel[0], case, decision)
    return office.ask("clerk", case, ExhaustComplaint(told_of_department=True)).case


@pytest.fixture(scope="module")
def complaint(office: Office) -> Case:
    """A complaint that has gone all the way."""
    case = planted(office)
    told = ReferToComplaints(person=office.subject(case), reason="The talks have come to no end.")
    office.ask("slt", case, told)
    case = heard(office, decided(office, case))
    limits = LimitContact(
        person=office.subject(case),
        behaviour="Forty messages in one week.",
        limits="In writing, to the office.",
        review_on=office.now + timedelta(days=90),
    )
    return office.ask("headteacher", case, limits).case


@pytest.fixture(scope="module")
def diverted(office: Office) -> Case:
    """A complaint that belonged to another procedure."""
    case = planted(office)
    received = ReceiveComplaint(
        received_at=office.now,
        happened_at=office.now,
        issues="A colleague behaved badly.",
        outcome_wanted="That it is looked into.",
        complainant=office.subject(case),
    )
    office.ask("slt", case, received)
    elsewhere = DivertComplaint(
        procedure=OtherProcedure.STAFF_CONDUCT, reason=f"It is about {PLANTED['witness']}."
    )
    return office.ask("headteacher", case, elsewhere).case


OF_A_COMPLAINT: Final = [
    ("L6", ComplaintReferralMade, "named_person", "The deputy headteacher"),
    ("L7", ComplaintAcknowledged, "complainant", "The headteacher"),
    ("L8", ComplaintExtended, "complainant", "The headteacher"),
    ("L9", Stage1Decided, "complainant", "The headteacher"),
    ("L10", PanelConvened, "complainant", "The clerk to the panel"),
    ("L11", ComplaintExhausted, "complainant", "The clerk to the panel"),
    ("L12", UnreasonableContactDecided, "named_person", "The headteacher"),
]


@pytest.mark.parametrize(("code", "kind", "audience", "signs"), OF_A_COMPLAINT)
def test_a_letter_of_a_complaint_goes_to_the_complainant_and_tells_of_nobody_else(
    office: Office, complaint: Case, code: str, kind: type[Event], audience: str, signs: str
) -> None:
    to, letter = letter_of(office, complaint, code, kind, audience)
    assert to == office.subject(complaint)
    assert letter.recipient.name == PARENT
    assert letter.contact.name == signs
    assert untold(letter) == []


def test_a_complaint_that_is_passed_on_is_told_where_and_not_why(
    office: Office, diverted: Case
) -> None:
    _, letter = letter_of(office, diverted, "L6b", ComplaintDiverted, "complainant")
    assert untold(letter) == []
    assert msgspec.to_builtins(letter)["procedure"] == "staff_conduct"


def test_the_decision_says_what_was_decided_and_until_when_the_panel_can_be_asked(
    office: Office, complaint: Case
) -> None:
    _, letter = letter_of(office, complaint, "L9", Stage1Decided, "complainant")
    told = msgspec.to_builtins(letter)
    assert (told["finding"], told["reasons"]) == ("partly_upheld", REASONS)
    assert told["stage_2_by"] > "2026-11-20"
    assert told["issues"] == "The school wrote before it rang."


def test_an_anonymous_complaint_is_written_to_nobody(office: Office) -> None:
    case = planted(office)
    received = ReceiveComplaint(
        received_at=office.now,
        happened_at=office.now,
        issues="The school wrote before it rang.",
        outcome_wanted="That somebody rings first.",
        anonymous_but_because="It has been said by several people.",
    )
    office.ask("headteacher", case, received)
    case = office.ask("headteacher", case, AcknowledgeComplaint()).case
    event = event_of(office, case, ComplaintAcknowledged).event_id
    lookup = office.installation.lookup()
    assert recipients(lookup, case.school, case.id, event, "complainant") == []


def test_somebody_without_a_recorded_basis_is_not_written_to(office: Office) -> None:
    case = planted(office)
    child = next(p for p in case.people.values() if p.role is PersonRole.PUPIL)
    limits = LimitContact(
        person=child.person,
        behaviour="Forty messages in one week.",
        limits="In writing, to the office.",
        review_on=office.now + timedelta(days=90),
    )
    case = office.ask("headteacher", case, limits).case
    with pytest.raises(NotToBeSent, match="no_basis_for_writing"):
        letter_of(office, case, "L12", UnreasonableContactDecided, "named_person")


def test_a_letter_is_written_in_the_language_and_the_print_that_its_reader_asked_for(
    office: Office,
) -> None:
    case = planted(office)
    asked = IdentifyPerson(
        person=office.subject(case),
        name=PARENT,
        email="parent@example.org",
        basis=ContactBasis.OWN_CONDUCT,
        language=Language.WELSH,
        large_print=True,
    )
    office.ask("slt", case, asked)
    told = ReferToComplaints(person=office.subject(case), reason="The talks have come to no end.")
    case = office.ask("slt", case, told).case
    _, letter = letter_of(office, case, "L6", ComplaintReferralMade, "named_person")
    assert (letter.recipient.language, letter.recipient.large_print) == ("cy", True)
    assert letter.recipient.address_lines == []
