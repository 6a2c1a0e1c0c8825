"""What the reporter tells, what is added or put right, and who the people are."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from incidents.domain.access import Sight, sight
from incidents.domain.intake import (
    AddInformation,
    CorrectEntry,
    EntryCorrected,
    IdentifyPerson,
    IncidentLogged,
    InformationAdded,
    PersonIdentified,
    PersonInIncident,
    PersonInvolved,
)
from incidents.domain.school import User
from incidents.domain.timers import DeadlineSet
from incidents.domain.vocabulary import (
    Category,
    ContactBasis,
    Correctable,
    Due,
    Flag,
    Part,
    PersonRole,
)
from tests.incidents.domain.cases import (
    ABOUT_STAFF,
    ABOUT_THE_HEAD,
    COLLEAGUE,
    ON_OUR_ACCOUNT,
    REPORT,
    assessing,
    closed,
    identified,
    person,
    reported,
)
from tests.incidents.domain.school import (
    AUDITOR,
    CHAIR,
    CLERK,
    HEADTEACHER,
    OTHER_STAFF,
    SLT,
    STAFF,
    london,
    user,
)
from tests.incidents.domain.support import given

SOMEBODY = PersonInIncident(part=Part.SUBJECT, role=PersonRole.UNKNOWN)
ANONYMOUS = replace(REPORT, people=(SOMEBODY,))


# ── logging ───────────────────────────────────────────────────────────────────────────────────────


def test_a_report_is_recorded_with_its_people_and_its_first_deadlines() -> None:
    answer = given().when(REPORT, by=STAFF)
    answer.records(IncidentLogged, PersonInvolved, PersonInvolved, DeadlineSet, DeadlineSet)
    logged = answer.event(IncidentLogged)
    assert logged.facts == REPORT.facts
    assert logged.categories == REPORT.categories


def test_a_report_on_friday_after_hours_is_to_be_acknowledged_on_monday() -> None:
    case = reported().case
    assert case.deadlines[Due.ACKNOWLEDGE].due_at == london(2026, 11, 23, 16, 30)
    assert case.deadlines[Due.ASSESSMENT].due_at == london(2026, 11, 24, 16, 30)


def test_what_sounds_urgent_is_to_be_assessed_on_the_same_day() -> None:
    urgent = replace(REPORT, flags=(Flag.CHILD_AT_RISK,))
    case = given().after(urgent, by=STAFF, at=london(2026, 11, 23, 9, 0)).case
    assert case.deadlines[Due.URGENT_ASSESSMENT].due_at == london(2026, 11, 23, 16, 30)
    assert Due.ASSESSMENT not in case.deadlines


def test_a_post_on_the_schools_own_account_starts_the_moderators_clock() -> None:
    case = given().after(ON_OUR_ACCOUNT, by=STAFF, at=london(2026, 11, 23, 9, 0)).case
    assert case.deadlines[Due.MODERATION].due_at == london(2026, 11, 23, 11, 0)


def test_a_member_of_staff_and_a_child_start_the_lados_clock() -> None:
    report = replace(ABOUT_STAFF, categories=(Category.STAFF_PUPIL_CONTACT,))
    assert Due.LADO in reported(report).case.deadlines
    assert Due.LADO not in reported(ABOUT_STAFF).case.deadlines


@pytest.mark.parametrize("by", [CLERK, AUDITOR], ids=["the clerk", "the auditor"])
def test_who_is_only_there_to_look_does_not_report(by: User) -> None:
    given().when(REPORT, by=by).refused(because="may_report")


def test_whoever_reports_names_himself_by_the_first_of_his_reporting_roles() -> None:
    both = user("both", *HEADTEACHER.roles, *STAFF.roles)
    assert given().when(REPORT, by=both).role in both.roles


def test_the_headteacher_is_known_by_his_account_whatever_the_report_calls_him() -> None:
    report = replace(REPORT, people=(replace(COLLEAGUE, user=HEADTEACHER.id),))
    case = reported(report).case
    assert case.about_headteacher
    assert sight(case, HEADTEACHER) is Sight.NONE
    assert sight(case, CHAIR) is Sight.FULL


# ── adding and putting right ──────────────────────────────────────────────────────────────────────


def test_what_happened_yesterday_needs_no_reason_and_what_is_older_does() -> None:
    story = reported()
    fresh = AddInformation(text="It is on two groups.", happened_at=story.now - timedelta(days=1))
    story.when(fresh, by=STAFF).then(InformationAdded(text=fresh.text, late=False))
    old = replace(fresh, happened_at=story.now - timedelta(days=1, minutes=1))
    story.when(old, by=STAFF).refused(because="late_entry_says_why")
    why = replace(old, late_reason="Only found today.")
    assert story.when(why, by=STAFF).event(InformationAdded).late


def test_a_correction_keeps_the_first_words_beside_the_new_ones() -> None:
    story = reported()
    change = CorrectEntry(
        field=Correctable.OPINION, new="It was meant as a joke.", reason="Heard from the parent."
    )
    event = story.when(change, by=STAFF).event(EntryCorrected)
    assert event.old == story.case.opinion
    assert event.new == change.new


@pytest.mark.parametrize(
    "new", ["javascript:alert(1)", "see the parents' group", "https://a.example.org/1\n2"]
)
def test_a_corrected_link_is_a_link(new: str) -> None:
    """It is printed in letters and shown to be followed."""
    change = CorrectEntry(field=Correctable.POST_URL, new=new, reason="The link was wrong.")
    reported().when(change, by=STAFF).refused(because="corrected_url_is_a_url")
    right = replace(change, new="https://social.example.org/groups/1/posts/3")
    reported().when(right, by=STAFF).records(EntryCorrected)


def test_what_comes_to_light_after_the_case_is_closed_can_still_be_added() -> None:
    """The reporter can't reopen a case, and must not be left with what he knows."""
    story = closed()
    story.when(AddInformation(text="He has posted it again."), by=STAFF).records(InformationAdded)
    change = CorrectEntry(field=Correctable.FACTS, new="It was two posts.", reason="Found later.")
    story.when(change, by=STAFF).records(EntryCorrected)


# ── who the people are ────────────────────────────────────────────────────────────────────────────


def test_a_person_found_to_work_here_is_walled_out_at_once() -> None:
    story = assessing(ANONYMOUS)
    assert sight(story.case, HEADTEACHER) is Sight.FULL
    known = IdentifyPerson(person=person(story), user=HEADTEACHER.id)
    story = story.after(known, by=SLT)
    assert sight(story.case, HEADTEACHER) is Sight.NONE
    assert sight(story.case, CHAIR) is Sight.FULL


def test_a_person_may_be_named_and_linked_in_one_step() -> None:
    story = assessing(ANONYMOUS)
    known = IdentifyPerson(person=person(story), user=OTHER_STAFF.id, name="the subject")
    story.when(known, by=SLT).records(PersonInvolved, PersonIdentified)


def test_a_part_may_be_put_right_and_the_role_stays() -> None:
    story = assessing()
    parent = person(story)
    story = story.after(IdentifyPerson(person=parent, part=Part.RELATED), by=SLT)
    assert story.case.people[parent].part is Part.RELATED
    assert story.case.people[parent].role is PersonRole.PARENT


def test_the_headteacher_stays_the_headteacher_when_his_role_is_put_wrong() -> None:
    story = reported(ABOUT_THE_HEAD)
    wrong = IdentifyPerson(person=person(story), part=Part.SUBJECT, role=PersonRole.PARENT)
    story = story.after(wrong, by=CHAIR)
    assert story.case.about_headteacher
    assert sight(story.case, CHAIR) is Sight.FULL


@pytest.mark.parametrize(
    "said",
    [
        IdentifyPerson(salutation="the subject"),
        IdentifyPerson(email="subject@example.org"),
        IdentifyPerson(address=("1 Example Lane",)),
        IdentifyPerson(basis=ContactBasis.OWN_CONDUCT),
    ],
    ids=["salutation", "email", "address", "basis"],
)
def test_nothing_about_a_nameless_person_is_dropped_in_silence(said: IdentifyPerson) -> None:
    story = assessing()
    asked = replace(said, person=person(story))
    story.when(asked, by=SLT).refused(because="contact_has_a_basis")


def test_a_person_is_not_identified_with_nothing() -> None:
    story = assessing()
    asked = IdentifyPerson(person=person(story))
    story.when(asked, by=SLT).refused(because="something_is_said")


def test_what_is_left_out_of_a_new_identification_is_no_longer_used() -> None:
    story = identified(assessing())
    before = story.case.people[person(story)]
    again = IdentifyPerson(person=person(story), name="somebody else")
    after = story.after(again, by=SLT).case.people[person(story)]
    assert before.email is not None
    assert after.email is None
