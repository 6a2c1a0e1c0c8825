"""The breach track: 72 running hours from the first awareness, and a reason for every decision."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from incidents.domain.access import Sight, sight
from incidents.domain.breach import SubjectsInformed
from incidents.domain.closing import CloseCase
from incidents.domain.timers import WaiveDeadline
from incidents.domain.vocabulary import Due
from tests.incidents.domain.cases import assessing, person, reported, resolved
from tests.incidents.domain.press_and_breach import (
    LESSONS,
    NO_BREACH,
    NOT_TO_ICO,
    NOT_TO_SUBJECTS,
    SUSPICION,
    TO_ICO,
    confirmed,
    ico_decided,
    suspected,
    to_subjects,
)
from tests.incidents.domain.school import DPO, FRIDAY, HEADTEACHER, SLT, STAFF, london


def test_the_72_hours_run_over_the_weekend() -> None:
    assert suspected().case.deadlines[Due.ICO].due_at == london(2026, 11, 23, 16, 40)


@settings(deadline=None, max_examples=100, print_blob=True)
@given(st.timedeltas(timedelta(), timedelta(days=300)))
def test_the_72_hours_are_72_hours_whatever_the_calendar_and_the_clocks(ago: timedelta) -> None:
    story = reported()
    deadline = story.after(replace(SUSPICION, aware_at=story.now - ago), by=STAFF).case.deadlines
    assert deadline[Due.ICO].due_at - deadline[Due.ICO].starts_at == timedelta(hours=72)


def test_the_clock_starts_at_the_first_awareness_and_not_at_the_entry() -> None:
    yesterday = FRIDAY - timedelta(days=1)
    story = reported().after(replace(SUSPICION, aware_at=yesterday), by=STAFF)
    assert story.case.deadlines[Due.ICO].starts_at == yesterday


def test_the_clock_is_not_started_again_when_it_is_suspected_again() -> None:
    story = suspected().after(NO_BREACH, by=DPO)
    again = replace(SUSPICION, aware_at=story.now)
    story = story.after(again, by=HEADTEACHER, at=story.now + timedelta(days=2))
    assert story.case.deadlines[Due.ICO].starts_at == FRIDAY
    assert story.case.breach is not None
    assert story.case.breach.aware_at == FRIDAY


def test_an_earlier_awareness_that_comes_to_light_brings_the_deadline_forward() -> None:
    earlier = FRIDAY - timedelta(hours=30)
    story = suspected().after(NO_BREACH, by=DPO)
    story = story.after(replace(SUSPICION, aware_at=earlier), by=HEADTEACHER)
    assert story.case.deadlines[Due.ICO].due_at == earlier + timedelta(hours=72)


def test_nobody_waives_the_laws_deadline() -> None:
    waiver = WaiveDeadline(due=Due.ICO, reason="It can wait until after the holidays.")
    suspected().when(waiver, by=HEADTEACHER).refused(because="agencies_are_decided_on")


def test_a_suspected_breach_shows_the_case_to_the_data_protection_officer() -> None:
    assert sight(assessing().case, DPO) is Sight.NONE
    assert sight(assessing().after(SUSPICION, by=SLT).case, DPO) is Sight.FULL


def test_only_the_data_protection_officer_rules_it_out() -> None:
    for by in (STAFF, HEADTEACHER, SLT):
        suspected().when(NO_BREACH, by=by).refused(because="role")
    suspected().when(NO_BREACH, by=DPO).accepted()


def test_after_72_hours_a_report_says_why_it_is_late() -> None:
    story = confirmed()
    late = story.case.deadlines[Due.ICO].due_at + timedelta(minutes=1)
    story.when(TO_ICO, by=DPO, at=late).refused(because="late_report_says_why")
    excused = replace(TO_ICO, late_because="Nobody could reach the server in time.")
    story.when(excused, by=DPO, at=late).accepted()
    story.when(NOT_TO_ICO, by=DPO, at=late).accepted()


def test_each_of_the_people_concerned_is_written_to_once() -> None:
    story = ico_decided()
    twice = replace(to_subjects(story), people=(person(story), person(story)))
    answer = story.when(twice, by=DPO)
    assert answer.event(SubjectsInformed).people == (person(story),)


def test_no_case_closes_over_a_breach_that_is_not_finished() -> None:
    story = resolved().after(SUSPICION, by=HEADTEACHER)
    story.when(CloseCase(), by=SLT).refused(because="no_open_breach")
    story = ico_decided(confirmed(story)).after(NOT_TO_SUBJECTS, by=DPO)
    story.when(CloseCase(), by=SLT).refused(because="no_open_breach")
    story.after(LESSONS, by=DPO).when(CloseCase(), by=SLT).accepted()
