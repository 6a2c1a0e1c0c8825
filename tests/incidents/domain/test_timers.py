"""Deadlines as facts of a case: set once, then met, missed or waived with a reason."""

from datetime import date, timedelta

import pytest
from msgspec.structs import replace as changed

from incidents.domain.breach import SuspectBreach
from incidents.domain.intake import AcknowledgeReport, ReportAcknowledged
from incidents.domain.timers import (
    DeadlineMet,
    DeadlineMissed,
    DeadlineRecalculated,
    DeadlineSet,
    DeadlineWaived,
    MissDeadline,
    RecalculateDeadline,
    WaiveDeadline,
    due_now,
)
from incidents.domain.vocabulary import DeadlineState, Due
from tests.incidents.domain.cases import REPORT, closed, reported, resolved
from tests.incidents.domain.school import (
    CALENDAR,
    CLOSED_ON_MONDAY,
    FRIDAY,
    HEADTEACHER,
    SCHOOL,
    SLT,
    STAFF,
    TIMEKEEPER,
    london,
)
from tests.incidents.domain.support import given

MISS = MissDeadline(due=Due.ACKNOWLEDGE)
WAIVE = WaiveDeadline(due=Due.ACKNOWLEDGE, reason="The reporter was told in person.")


def test_a_deadline_is_missed_when_it_has_passed_and_not_before() -> None:
    story = reported()
    due_at = story.case.deadlines[Due.ACKNOWLEDGE].due_at
    early = due_at - timedelta(microseconds=1)
    story.when(MISS, by=TIMEKEEPER, at=early).refused(because="deadline_has_passed")
    story = story.when(MISS, by=TIMEKEEPER, at=due_at).then(DeadlineMissed(due=Due.ACKNOWLEDGE))
    assert story.case.deadlines[Due.ACKNOWLEDGE].state is DeadlineState.MISSED


def test_a_deadline_is_missed_once() -> None:
    story = reported()
    due_at = story.case.deadlines[Due.ACKNOWLEDGE].due_at
    story = story.after(MISS, by=TIMEKEEPER, at=due_at)
    story.when(MISS, by=TIMEKEEPER).refused(because="state")


def test_a_missed_deadline_stays_to_be_met() -> None:
    story = reported()
    due_at = story.case.deadlines[Due.ACKNOWLEDGE].due_at
    story = story.after(MISS, by=TIMEKEEPER, at=due_at)
    assert Due.ACKNOWLEDGE in story.case.open_deadlines
    story = story.after(AcknowledgeReport(), by=SLT)
    assert story.case.deadlines[Due.ACKNOWLEDGE].state is DeadlineState.MET


def test_nothing_that_is_settled_or_was_never_set_is_missed() -> None:
    story = reported().after(AcknowledgeReport(), by=SLT)
    later = story.now + timedelta(days=30)
    story.when(MISS, by=TIMEKEEPER, at=later).refused(because="state")
    never = MissDeadline(due=Due.MEETING)
    story.when(never, by=TIMEKEEPER, at=later).refused(because="deadline_has_passed")


def test_only_the_timekeeper_finds_that_a_deadline_has_passed() -> None:
    later = reported().now + timedelta(days=30)
    reported().when(MISS, by=HEADTEACHER, at=later).refused(because="role")


def test_a_deadline_is_waived_with_a_reason_by_who_is_responsible() -> None:
    reported().when(WAIVE, by=HEADTEACHER).records(DeadlineWaived)
    reported().when(WAIVE, by=STAFF).refused(because="role")


def test_what_a_step_does_not_find_open_it_does_not_settle() -> None:
    reported().when(AcknowledgeReport(), by=SLT).records(ReportAcknowledged, DeadlineMet)
    story = reported().after(WAIVE, by=HEADTEACHER)
    story.when(AcknowledgeReport(), by=SLT).records(ReportAcknowledged)


def test_the_moment_and_the_edition_are_stored_and_replay_asks_no_calendar() -> None:
    story = reported()
    (first, *_) = (r.event for r in story if isinstance(r.event, DeadlineSet))
    assert first.due_at == story.case.deadlines[Due.ACKNOWLEDGE].due_at
    assert first.calendar_version == CALENDAR.edition


def test_a_date_beyond_the_calendar_is_marked() -> None:
    known_to_friday = changed(CALENDAR.known, last=date(2026, 11, 20))
    school = changed(SCHOOL, calendar=changed(CALENDAR, known=known_to_friday))
    case = given(school=school).after(REPORT, by=STAFF).case
    deadline = case.deadlines[Due.ACKNOWLEDGE]
    assert deadline.due_at == london(2026, 11, 23, 16, 30)
    assert deadline.calendar_version == "2026-27/1 (date not confirmed)"


@pytest.mark.parametrize("due", list(Due))
def test_every_deadline_has_its_length_and_its_clock(due: Due) -> None:
    assert SCHOOL.due(due, london(2026, 11, 23, 9, 0)) > london(2026, 11, 23, 9, 0)


def test_closing_leaves_nothing_running() -> None:
    assert resolved().case.open_deadlines == (Due.CLOSE,)
    assert closed().case.open_deadlines == ()


# ── another edition of the calendar ───────────────────────────────────────────────────────────────

MOVE = RecalculateDeadline(due=Due.ACKNOWLEDGE)


def test_a_closure_moves_an_open_deadline_and_says_from_where_to_where() -> None:
    story = reported().at(CLOSED_ON_MONDAY)
    story = story.when(MOVE, by=TIMEKEEPER).then(
        DeadlineRecalculated(
            due=Due.ACKNOWLEDGE,
            old_due_at=london(2026, 11, 23, 16, 30),
            due_at=london(2026, 11, 24, 16, 30),
            calendar_version="2026-27/2",
        )
    )
    assert story.case.deadlines[Due.ACKNOWLEDGE].state is DeadlineState.OPEN
    story.when(MOVE, by=TIMEKEEPER).refused(because="calendar_moves_it")


def test_an_edition_that_moves_nothing_records_nothing() -> None:
    renamed = changed(SCHOOL, calendar=changed(CALENDAR, edition="2026-27/2"))
    reported().at(renamed).when(MOVE, by=TIMEKEEPER).refused(because="calendar_moves_it")


def test_what_has_been_met_or_missed_is_not_moved() -> None:
    met = reported().after(AcknowledgeReport(), by=SLT).at(CLOSED_ON_MONDAY)
    met.when(MOVE, by=TIMEKEEPER).refused(because="state")
    late = reported().case.deadlines[Due.ACKNOWLEDGE].due_at
    missed = reported().after(MISS, by=TIMEKEEPER, at=late).at(CLOSED_ON_MONDAY)
    missed.when(MOVE, by=TIMEKEEPER).refused(because="state")


def test_running_hours_are_moved_by_no_calendar() -> None:
    aware = SuspectBreach(aware_at=FRIDAY, what="A list was sent to the wrong class.")
    story = reported().after(aware, by=STAFF).at(CLOSED_ON_MONDAY)
    ico = RecalculateDeadline(due=Due.ICO)
    story.when(ico, by=TIMEKEEPER).refused(because="calendar_moves_it")


def test_a_date_that_somebody_has_agreed_on_is_moved_by_no_calendar() -> None:
    story = reported()
    known = story.case.deadlines[Due.ACKNOWLEDGE]
    assert due_now(Due.ACKNOWLEDGE, known, CLOSED_ON_MONDAY) > known.due_at
    agreed = changed(known, agreed=True)
    assert due_now(Due.ACKNOWLEDGE, agreed, CLOSED_ON_MONDAY) == known.due_at


def test_nobody_but_the_timekeeper_moves_a_deadline() -> None:
    for one in (HEADTEACHER, SLT, STAFF):
        reported().at(CLOSED_ON_MONDAY).when(MOVE, by=one).refused(because="role")
