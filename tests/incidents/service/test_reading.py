"""What each reader is shown, now and as it was."""

import msgspec
import pytest

from incidents.cases import NoSuchCase
from incidents.domain import case as rules
from incidents.domain.access import Sight
from incidents.domain.assessment import AssignLead, StartAssessment
from incidents.domain.intake import (
    AcknowledgeReport,
    AddInformation,
    CorrectEntry,
    IdentifyPerson,
    PersonInIncident,
)
from incidents.domain.state import Case
from incidents.domain.table import Refusal
from incidents.domain.vocabulary import Correctable, Part, PersonRole
from incidents.pages import case_page
from incidents.reading import WITHHELD
from incidents.views import Filters
from tests.support.office import PARENT, Office

_ALL = Filters()


def everything(shown: object) -> str:
    return msgspec.json.encode(shown).decode()


def begun(office: Office) -> Case:
    case = office.log(facts="Planted facts of the report.")
    office.ask("slt", case, AcknowledgeReport())
    office.ask("slt", case, StartAssessment())
    office.ask("slt", case, AddInformation(text="Planted words of the lead."))
    correction = CorrectEntry(
        field=Correctable.FACTS, new="Planted correction.", reason="The day was wrong."
    )
    return office.ask("slt", case, correction).case


def test_the_lead_reads_everything_with_names(office: Office) -> None:
    case = begun(office)
    page = office.installation.reading.page(office.users["slt"], case.id, office.now)
    assert page.facts == "Planted correction."
    assert page.people is not None
    assert page.people[0].name == PARENT


def test_the_reporter_reads_his_own_words_and_how_far_it_is_and_nothing_else(
    office: Office,
) -> None:
    case, reading = begun(office), office.installation.reading
    page = reading.page(office.users["staff"], case.id, office.now)
    history = reading.history(office.users["staff"], case.id)
    assert page.facts == "Planted facts of the report."
    assert page.people is None
    assert page.deadlines is None
    shown = everything([page, history])
    assert "Planted words of the lead" not in shown
    assert "Planted correction" not in shown
    assert PARENT not in shown
    assert str(office.id_of("slt")) not in shown
    assert [e.event for e in history] == [
        "incidents.incident_logged",
        "incidents.report_acknowledged",
    ]


def test_the_auditor_reads_the_whole_history_and_no_words(office: Office) -> None:
    case, reading = begun(office), office.installation.reading
    auditor = office.users["auditor"]
    history = reading.history(auditor, case.id)
    shown = everything([reading.page(auditor, case.id, office.now), history])
    assert len(history) == case.version
    assert WITHHELD in shown
    for words in ("Planted", "The deputy headteacher", "The class teacher"):
        assert words not in shown


def test_history_says_what_was_and_what_is(office: Office) -> None:
    case = begun(office)
    last = office.installation.reading.history(office.users["slt"], case.id)[-1]
    (change,) = last.changes
    assert (change.field, change.old, change.new) == (
        "facts",
        "Planted facts of the report.",
        "Planted correction.",
    )
    assert last.data["old"] == "Planted facts of the report."


def test_replay_at_every_version_is_the_state_as_it_was(office: Office) -> None:
    case, slt = begun(office), office.users["slt"]
    states = []
    history = office.installation.cases.history(case.id)
    for n in range(1, case.version + 1):
        page = office.installation.reading.replay(slt, case.id, office.now, version=n)
        then = rules.replay(history[:n])
        states.append((page.version, page.stage, page.lead))
        assert (page.version, page.stage, page.lead) == (then.version, then.stage, then.lead)
    assert len(set(states)) == case.version


def test_replay_shows_what_was_known_at_a_moment(office: Office) -> None:
    case = office.log()
    known, reading = office.now, office.installation.reading
    office.after(hours=2)
    office.ask("slt", case, StartAssessment())
    slt = office.users["slt"]
    assert reading.replay(slt, case.id, office.now, known_at=known).lead is None
    assert reading.replay(slt, case.id, office.now, known_at=office.now).lead == slt.id
    with pytest.raises(NoSuchCase):
        reading.replay(slt, case.id, office.now, version=99)


def test_a_colleague_who_becomes_a_subject_sees_nothing_from_then_on(office: Office) -> None:
    case = begun(office)
    reading, staff = office.installation.reading, office.users["staff"]
    named = IdentifyPerson(part=Part.SUBJECT, role=PersonRole.STAFF, user=office.id_of("staff"))
    office.follow()
    assert office.installation.views.cases(staff, _ALL, office.now, None, 10).lines
    office.ask("slt", case, named)
    for look in (
        lambda: reading.page(staff, case.id, office.now),
        lambda: reading.history(staff, case.id),
        lambda: reading.replay(staff, case.id, office.now, version=1),
    ):
        with pytest.raises(NoSuchCase):
            look()
    office.follow()
    assert not office.installation.views.cases(staff, _ALL, office.now, None, 10).lines


def test_a_case_about_the_headteacher_is_the_chairs_alone(office: Office) -> None:
    head = PersonInIncident(
        part=Part.SUBJECT, role=PersonRole.STAFF, user=office.id_of("headteacher")
    )
    case = office.log(by="second_staff", people=(head,))
    office.follow()
    seen = {
        key
        for key, user in office.users.items()
        if office.installation.views.cases(user, _ALL, office.now, None, 10).lines
    }
    assert seen == {"chair", "second_staff", "auditor"}
    for key in ("headteacher", "slt", "dsl", "dpo", "moderator"):
        with pytest.raises(NoSuchCase):
            office.installation.cases.seen(office.users[key], case.id)


def test_a_page_of_every_sight_can_be_sent(office: Office) -> None:
    case = begun(office)
    for much in Sight:
        page = case_page(case, much, lambda text: None if text is None else "words", office.now)
        assert msgspec.json.decode(everything(page))["version"] == case.version


def test_the_reporter_does_not_read_the_leads_words_through_his_own_correction(
    office: Office,
) -> None:
    case = begun(office)
    mine = CorrectEntry(field=Correctable.FACTS, new="Mine again.", reason="Meant differently.")
    office.ask("staff", case, mine)
    shown = everything(office.installation.reading.history(office.users["staff"], case.id))
    assert "Mine again." in shown
    assert "Planted correction" not in shown


def test_a_lead_who_turns_out_to_be_concerned_is_replaced(office: Office) -> None:
    case = begun(office)
    named = IdentifyPerson(part=Part.SUBJECT, role=PersonRole.STAFF, user=office.id_of("slt"))
    assert office.ask("headteacher", case, named).case.lead is None
    with pytest.raises(NoSuchCase):
        office.installation.cases.seen(office.users["slt"], case.id)
    again = AssignLead(lead=office.id_of("slt"), reason="He knows the case already.")
    with pytest.raises(Refusal):
        office.ask("headteacher", case, again)
    own = AssignLead(lead=office.id_of("headteacher"), reason="The deputy is concerned himself.")
    assert office.ask("headteacher", case, own).case.lead == office.id_of("headteacher")


def test_nobody_lets_a_subject_back_in_by_calling_him_something_else(office: Office) -> None:
    case = begun(office)
    named = IdentifyPerson(part=Part.SUBJECT, role=PersonRole.STAFF, user=office.id_of("dsl"))
    case = office.ask("slt", case, named).case
    person = next(p.person for p in case.people.values() if p.user == office.id_of("dsl"))
    for way_back in (
        IdentifyPerson(person=person, part=Part.AFFECTED),
        IdentifyPerson(person=person, user=office.id_of("moderator")),
    ):
        with pytest.raises(Refusal) as refusal:
            office.ask("slt", case, way_back)
        assert [r.rule for r in refusal.value.reasons] == ["walls_only_go_up"]


def test_the_auditor_reads_no_platform_because_people_write_names_there(office: Office) -> None:
    case = office.log(platform="Planted Person's page")
    page = office.installation.reading.page(office.users["auditor"], case.id, office.now)
    assert page.platform == WITHHELD
    written = b"".join(
        f.read_bytes() for f in office.installation.settings.var.rglob("*") if f.is_file()
    )
    assert b"Planted Person" not in written
