"""What holds for every deadline, whenever it starts and however long it is."""

from datetime import UTC, datetime, time, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.domain.deadlines import Clock, Term, due_at
from tests.incidents.domain.school import CALENDAR

BEFORE_THE_YEAR = datetime(2026, 6, 1, tzinfo=UTC)
STARTS = st.timedeltas(timedelta(), timedelta(days=900)).map(BEFORE_THE_YEAR.__add__)
DAYS = st.sampled_from([Clock.SCHOOL_DAYS, Clock.WORKING_DAYS])
TERMS = st.builds(Term, amount=st.integers(0, 60), clock=st.sampled_from(Clock))
quickly = settings(deadline=None, max_examples=150, print_blob=True)


@quickly
@given(TERMS, STARTS)
def test_nothing_is_due_before_it_starts(term: Term, start: datetime) -> None:
    assert due_at(term, start, CALENDAR) >= start


@quickly
@given(TERMS, STARTS, st.timedeltas(timedelta(), timedelta(days=40)))
def test_what_starts_later_is_not_due_earlier(
    term: Term, start: datetime, later: timedelta
) -> None:
    assert due_at(term, start, CALENDAR) <= due_at(term, start + later, CALENDAR)


@quickly
@given(TERMS, STARTS)
def test_a_longer_deadline_is_not_due_earlier(term: Term, start: datetime) -> None:
    longer = Term(amount=term.amount + 1, clock=term.clock)
    assert due_at(term, start, CALENDAR) <= due_at(longer, start, CALENDAR)


@quickly
@given(st.integers(0, 60), STARTS)
def test_school_days_fall_due_at_the_close_of_a_school_day(amount: int, start: datetime) -> None:
    due = due_at(Term(amount=amount, clock=Clock.SCHOOL_DAYS), start, CALENDAR)
    assert CALENDAR.is_school_day(CALENDAR.local(due).date())
    assert CALENDAR.local(due).time() == time(16, 30)


@quickly
@given(st.integers(0, 60), STARTS)
def test_working_days_fall_due_at_the_close_of_a_working_day(amount: int, start: datetime) -> None:
    due = due_at(Term(amount=amount, clock=Clock.WORKING_DAYS), start, CALENDAR)
    assert CALENDAR.is_working_day(CALENDAR.local(due).date())
    assert CALENDAR.local(due).time() == time(16, 30)


@quickly
@given(DAYS, st.integers(1, 60), STARTS)
def test_so_many_days_of_its_kind_lie_between(clock: Clock, amount: int, start: datetime) -> None:
    due = CALENDAR.local(due_at(Term(amount=amount, clock=clock), start, CALENDAR)).date()
    begun = CALENDAR.local(start).date()
    counts = CALENDAR.is_school_day if clock is Clock.SCHOOL_DAYS else CALENDAR.is_working_day
    passed = (begun + timedelta(days=n) for n in range(1, (due - begun).days + 1))
    assert sum(counts(day) for day in passed) == amount


@quickly
@given(st.integers(0, 200), STARTS)
def test_working_hours_fall_due_in_office_hours(amount: int, start: datetime) -> None:
    due = CALENDAR.local(due_at(Term(amount=amount, clock=Clock.WORKING_HOURS), start, CALENDAR))
    assert CALENDAR.is_working_day(due.date())
    assert time(8, 30) <= due.time() <= time(16, 30)


@quickly
@given(st.integers(0, 200), STARTS)
def test_running_hours_stop_for_nothing(amount: int, start: datetime) -> None:
    due = due_at(Term(amount=amount, clock=Clock.RUNNING_HOURS), start, CALENDAR)
    assert due - start == timedelta(hours=amount)


@quickly
@given(st.integers(0, 60), STARTS)
def test_a_working_day_is_never_later_than_a_school_day(amount: int, start: datetime) -> None:
    """Every school day is a working day."""
    working = Term(amount=amount, clock=Clock.WORKING_DAYS)
    school = Term(amount=amount, clock=Clock.SCHOOL_DAYS)
    assert due_at(working, start, CALENDAR) <= due_at(school, start, CALENDAR)
