"""When a step is due: the clocks and the school's calendar.

School days (open to pupils), working days, running time and working hours. A day's step is due at
the end of that day's office hours; day 1 is the next day of its kind. Beyond the last date the
calendar edition knows, every weekday counts as open: that can only make a step due too early, and
`Calendar.edition_for` marks the edition so that everyone can see it was not confirmed.
"""

from calendar import monthrange
from collections.abc import Callable
from datetime import MAXYEAR, UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec

ONE_DAY = timedelta(days=1)
SATURDAY = 5


class Clock(StrEnum):
    SCHOOL_DAYS = "school_days"
    WORKING_DAYS = "working_days"
    RUNNING_MINUTES = "running_minutes"
    RUNNING_HOURS = "running_hours"
    WORKING_HOURS = "working_hours"


class Term(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The length of a deadline: so much on this clock. 0 days is the end of the same day."""

    amount: Annotated[int, msgspec.Meta(ge=0, le=1000)]
    clock: Clock


class Span(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """First and last day, both included."""

    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


class Calendar(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One dated edition of the school's year.

    Inside `known`, a school day is a weekday in one of `terms` that is neither a bank holiday, an
    INSET day nor a closure; a working day is a weekday that is no bank holiday.
    """

    edition: str
    zone: str
    opens: time
    closes: time
    known: Span
    terms: tuple[Span, ...]
    inset: frozenset[date] = frozenset()
    bank_holidays: frozenset[date] = frozenset()
    closures: frozenset[date] = frozenset()

    def edition_for(self, day: date) -> str:
        """The edition's name, marked when `day` lies outside what it knows."""
        return self.edition if day in self.known else f"{self.edition} (date not confirmed)"

    def is_working_day(self, day: date) -> bool:
        return day.weekday() < SATURDAY and day not in self.bank_holidays

    def is_school_day(self, day: date) -> bool:
        if not self.is_working_day(day):
            return False
        if day not in self.known:
            return True
        in_term = any(day in term for term in self.terms)
        return in_term and day not in self.inset and day not in self.closures

    def local(self, moment: datetime) -> datetime:
        return moment.astimezone(ZoneInfo(self.zone))

    def closing(self, day: date) -> datetime:
        """The end of office hours on `day`, in UTC."""
        return datetime.combine(day, self.closes, ZoneInfo(self.zone)).astimezone(UTC)

    def opening(self, day: date) -> datetime:
        return datetime.combine(day, self.opens, ZoneInfo(self.zone)).astimezone(UTC)


def due_at(term: Term, start: datetime, calendar: Calendar) -> datetime:
    """Return when a step that starts at `start` (aware UTC) is due, in UTC."""
    match term.clock:
        case Clock.SCHOOL_DAYS:
            return _after_days(term.amount, start, calendar, calendar.is_school_day)
        case Clock.WORKING_DAYS:
            return _after_days(term.amount, start, calendar, calendar.is_working_day)
        case Clock.RUNNING_MINUTES:
            return start + timedelta(minutes=term.amount)
        case Clock.RUNNING_HOURS:
            return start + timedelta(hours=term.amount)
        case Clock.WORKING_HOURS:
            return _after_working_time(timedelta(hours=term.amount), start, calendar)


def due_before(term: Term, moment: datetime, calendar: Calendar) -> datetime:
    """Return the end of the office hours so many days before `moment`, in UTC.

    For a term in days; day 1 is the last day of its kind before that of `moment`. Anything counted
    in hours is simply so many hours before.
    """
    day = calendar.local(moment).date()
    match term.clock:
        case Clock.SCHOOL_DAYS:
            return calendar.closing(_days_before(term.amount, day, calendar.is_school_day))
        case Clock.WORKING_DAYS:
            return calendar.closing(_days_before(term.amount, day, calendar.is_working_day))
        case Clock.RUNNING_MINUTES:
            return moment - timedelta(minutes=term.amount)
        case Clock.RUNNING_HOURS | Clock.WORKING_HOURS:
            return moment - timedelta(hours=term.amount)


def months_later(moment: datetime, months: int) -> datetime:
    """Return the same day so many months later, or the last of that month where it has none."""
    years, month = divmod(moment.month - 1 + months, 12)
    year, month = moment.year + years, month + 1
    if year > MAXYEAR:
        return moment.replace(year=MAXYEAR, month=12, day=31)
    return moment.replace(year=year, month=month, day=min(moment.day, monthrange(year, month)[1]))


def _days_before(amount: int, day: date, counts: Callable[[date], bool]) -> date:
    while amount:
        day -= ONE_DAY
        amount -= counts(day)
    return day


def _after_days(
    amount: int, start: datetime, calendar: Calendar, counts: Callable[[date], bool]
) -> datetime:
    day = calendar.local(start).date()
    if amount == 0:
        if counts(day) and start < calendar.closing(day):
            return calendar.closing(day)
        amount = 1
    while amount:
        day += ONE_DAY
        amount -= counts(day)
    return calendar.closing(day)


def _after_working_time(left: timedelta, start: datetime, calendar: Calendar) -> datetime:
    day, moment = calendar.local(start).date(), start
    while True:
        if calendar.is_working_day(day):
            moment = max(moment, calendar.opening(day))
            open_for = calendar.closing(day) - moment
            if left <= open_for:
                return moment + left
            left -= max(open_for, timedelta())
        day += ONE_DAY
