"""Four clocks and the school's calendar: weekends, holidays, INSET, clock changes, leap day."""

from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest
from msgspec.structs import replace

from incidents.domain.deadlines import Calendar, Clock, Span, Term, due_at
from tests.incidents.domain.school import CALENDAR, FRIDAY, ZONE, london

SCHOOL_DAYS, WORKING_DAYS, RUNNING_MINUTES, RUNNING_HOURS, WORKING_HOURS = Clock
LEAP_YEAR = Calendar(
    edition="2027-28/1",
    zone=ZONE,
    opens=time(8, 30),
    closes=time(16, 30),
    known=Span(first=date(2027, 9, 1), last=date(2028, 8, 31)),
    terms=(Span(first=date(2028, 2, 21), last=date(2028, 3, 31)),),
)


def due(amount: int, clock: Clock, start: datetime, calendar: Calendar = CALENDAR) -> datetime:
    return due_at(Term(amount=amount, clock=clock), start, calendar)


def ends(month: int, day: int, year: int | None = None) -> datetime:
    """The end of office hours on a day of the school year 2026/27."""
    return london(year or (2026 if month >= 9 else 2027), month, day, 16, 30)


# ── school days ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("amount", "start", "expected"),
    [
        (1, FRIDAY, ends(11, 23)),
        (1, london(2026, 11, 20, 7, 0), ends(11, 23)),
        (1, london(2026, 11, 21, 12, 0), ends(11, 23)),
        (1, london(2026, 11, 22, 23, 59), ends(11, 23)),
        (1, london(2026, 11, 23, 0, 0), ends(11, 24)),
        (2, FRIDAY, ends(11, 24)),
        (5, FRIDAY, ends(11, 27)),
        (1, london(2026, 10, 22, 9, 0), ends(10, 23)),
        (1, london(2026, 10, 23, 9, 0), ends(11, 3)),
        (1, london(2026, 10, 28, 9, 0), ends(11, 3)),
        (2, london(2026, 10, 23, 9, 0), ends(11, 4)),
        (1, london(2026, 12, 18, 9, 0), ends(1, 5)),
        (10, london(2026, 12, 14, 9, 0), ends(1, 12)),
        (1, london(2027, 1, 13, 9, 0), ends(1, 15)),
        (1, london(2027, 3, 25, 9, 0), ends(4, 12)),
        (1, london(2027, 4, 30, 9, 0), ends(5, 4)),
        (1, london(2027, 6, 4, 9, 0), ends(6, 8)),
    ],
    ids=[
        "friday 16:40 is due on monday",
        "friday before opening is due on monday",
        "saturday",
        "sunday at night",
        "monday at midnight is monday's",
        "two over a weekend",
        "a week",
        "the last day before half term",
        "into half term and past an INSET day",
        "from within half term",
        "two, past an INSET day",
        "over Christmas",
        "ten over Christmas",
        "past a closure",
        "over Easter",
        "past a bank holiday",
        "past an INSET day after half term",
    ],
)
def test_school_days_count_the_days_open_to_pupils(
    amount: int, start: datetime, expected: datetime
) -> None:
    assert due(amount, SCHOOL_DAYS, start) == expected


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (london(2026, 11, 20, 9, 0), ends(11, 20)),
        (london(2026, 11, 20, 0, 0), ends(11, 20)),
        (london(2026, 11, 20, 16, 29), ends(11, 20)),
        (london(2026, 11, 20, 16, 30), ends(11, 23)),
        (FRIDAY, ends(11, 23)),
        (london(2026, 11, 21, 9, 0), ends(11, 23)),
        (london(2026, 10, 28, 9, 0), ends(11, 3)),
    ],
    ids=[
        "in office hours",
        "before opening",
        "a minute before closing",
        "at closing",
        "after closing",
        "on saturday",
        "in half term",
    ],
)
def test_no_days_are_the_same_day_while_the_office_is_open(
    start: datetime, expected: datetime
) -> None:
    assert due(0, SCHOOL_DAYS, start) == expected


# ── working days ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("amount", "start", "expected"),
    [
        (1, FRIDAY, ends(11, 23)),
        (1, london(2026, 10, 23, 9, 0), ends(10, 26)),
        (1, london(2026, 10, 30, 9, 0), ends(11, 2)),
        (1, london(2027, 1, 13, 9, 0), ends(1, 14)),
        (1, london(2026, 12, 24, 9, 0), ends(12, 29)),
        (2, london(2026, 12, 31, 9, 0), ends(1, 5)),
        (1, london(2027, 3, 25, 9, 0), ends(3, 30)),
        (0, london(2026, 12, 25, 9, 0), ends(12, 29)),
    ],
    ids=[
        "over a weekend",
        "half term is no holiday here",
        "an INSET day is a working day",
        "a closure is a working day",
        "Christmas and the day in lieu of Boxing Day",
        "New Year's Day",
        "Good Friday and Easter Monday",
        "the same day on a bank holiday",
    ],
)
def test_working_days_are_weekdays_but_bank_holidays(
    amount: int, start: datetime, expected: datetime
) -> None:
    assert due(amount, WORKING_DAYS, start) == expected


# ── running hours ─────────────────────────────────────────────────────────────────────────────────


def test_running_hours_run_over_the_weekend() -> None:
    assert due(72, RUNNING_HOURS, FRIDAY) == london(2026, 11, 23, 16, 40)


@pytest.mark.parametrize(
    ("start", "shown"),
    [
        (london(2026, 10, 24, 12, 0), london(2026, 10, 25, 11, 0)),
        (london(2027, 3, 27, 12, 0), london(2027, 3, 28, 13, 0)),
    ],
    ids=["the clocks go back", "the clocks go forward"],
)
def test_running_hours_are_hours_also_when_the_clocks_change(
    start: datetime, shown: datetime
) -> None:
    assert due(24, RUNNING_HOURS, start) - start == timedelta(hours=24)
    assert due(24, RUNNING_HOURS, start) == shown


# ── working hours ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("amount", "start", "expected"),
    [
        (2, london(2026, 11, 20, 9, 0), london(2026, 11, 20, 11, 0)),
        (2, london(2026, 11, 20, 7, 0), london(2026, 11, 20, 10, 30)),
        (2, london(2026, 11, 20, 14, 30), london(2026, 11, 20, 16, 30)),
        (2, london(2026, 11, 20, 15, 30), london(2026, 11, 23, 9, 30)),
        (2, FRIDAY, london(2026, 11, 23, 10, 30)),
        (2, london(2026, 11, 22, 12, 0), london(2026, 11, 23, 10, 30)),
        (16, london(2026, 11, 20, 8, 30), london(2026, 11, 23, 16, 30)),
        (2, london(2026, 12, 24, 15, 30), london(2026, 12, 29, 9, 30)),
        (0, london(2026, 11, 20, 9, 0), london(2026, 11, 20, 9, 0)),
        (0, FRIDAY, london(2026, 11, 23, 8, 30)),
        (0, london(2026, 11, 20, 7, 0), london(2026, 11, 20, 8, 30)),
    ],
    ids=[
        "within a day",
        "before opening",
        "up to closing",
        "carried over the weekend",
        "after closing",
        "on sunday",
        "two whole days",
        "carried over Christmas",
        "none at all",
        "none, after closing",
        "none, before opening",
    ],
)
def test_working_hours_count_while_the_office_is_open(
    amount: int, start: datetime, expected: datetime
) -> None:
    assert due(amount, WORKING_HOURS, start) == expected


# ── clock changes, leap day, the end of the calendar ──────────────────────────────────────────────


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (london(2026, 10, 23, 17, 0), datetime(2026, 10, 26, 16, 30, tzinfo=UTC)),
        (london(2027, 3, 24, 9, 0), datetime(2027, 3, 25, 16, 30, tzinfo=UTC)),
        (london(2027, 3, 26, 9, 0), datetime(2027, 3, 30, 15, 30, tzinfo=UTC)),
    ],
    ids=["after the clocks went back", "before they go forward", "after they went forward"],
)
def test_a_day_ends_by_the_schools_own_clock(start: datetime, expected: datetime) -> None:
    assert due(1, WORKING_DAYS, start) == expected


def test_late_at_night_in_summer_it_is_the_schools_day_that_counts() -> None:
    """23:30 UTC on Thursday is 00:30 on Friday at school."""
    start = datetime(2026, 9, 10, 23, 30, tzinfo=UTC)
    assert due(1, SCHOOL_DAYS, start) == ends(9, 14)


def test_a_leap_day_is_a_day_like_any_other() -> None:
    start = london(2028, 2, 28, 9, 0)
    assert due(1, SCHOOL_DAYS, start, LEAP_YEAR) == london(2028, 2, 29, 16, 30)
    assert due(2, SCHOOL_DAYS, start, LEAP_YEAR) == london(2028, 3, 1, 16, 30)
    assert due(24, RUNNING_HOURS, start, LEAP_YEAR) == london(2028, 2, 29, 9, 0)


def test_beyond_the_calendar_every_weekday_counts_and_the_edition_says_so() -> None:
    start = london(2027, 8, 30, 9, 0)
    assert due(3, SCHOOL_DAYS, start) == london(2027, 9, 3, 16, 30)
    assert CALENDAR.edition_for(date(2027, 8, 31)) == "2026-27/1"
    assert CALENDAR.edition_for(date(2027, 9, 1)) == "2026-27/1 (date not confirmed)"
    assert CALENDAR.edition_for(date(2026, 8, 31)) == "2026-27/1 (date not confirmed)"


def test_a_declared_closure_moves_what_falls_due_on_it() -> None:
    assert due(1, SCHOOL_DAYS, FRIDAY) == ends(11, 23)
    snow = replace(CALENDAR, edition="2026-27/2", closures=frozenset({date(2026, 11, 23)}))
    assert due(1, SCHOOL_DAYS, FRIDAY, snow) == ends(11, 24)


@pytest.mark.parametrize("clock", list(Clock))
def test_the_offset_a_moment_is_written_in_changes_nothing(clock: Clock) -> None:
    elsewhere = FRIDAY.astimezone(timezone(timedelta(hours=9)))
    assert due(2, clock, elsewhere) == due(2, clock, FRIDAY)
