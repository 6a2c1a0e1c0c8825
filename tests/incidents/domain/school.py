"""The school of these tests: its calendar for 2026/27, its deadlines, its people and clauses."""

from datetime import UTC, date, datetime, time
from typing import Final
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from incidents.domain.deadlines import Calendar, Clock, Span, Term
from incidents.domain.facts import SchoolId, UserId
from incidents.domain.school import School, User
from incidents.domain.vocabulary import Due, Role

ZONE: Final = "Europe/London"
NAMES: Final = UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
OAKFIELD: Final = SchoolId("oakfield01")
ELSEWHERE: Final = SchoolId("hazelmere2")


def london(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    """A moment as the school's clock shows it, in UTC."""
    return datetime(year, month, day, hour, minute, tzinfo=ZoneInfo(ZONE)).astimezone(UTC)


FRIDAY: Final = london(2026, 11, 20, 16, 40)
"""An ordinary Friday in term, ten minutes after the office has closed."""

CALENDAR: Final = Calendar(
    edition="2026-27/1",
    zone=ZONE,
    opens=time(8, 30),
    closes=time(16, 30),
    known=Span(first=date(2026, 9, 1), last=date(2027, 8, 31)),
    terms=(
        Span(first=date(2026, 9, 2), last=date(2026, 10, 23)),
        Span(first=date(2026, 11, 2), last=date(2026, 12, 18)),
        Span(first=date(2027, 1, 5), last=date(2027, 2, 12)),
        Span(first=date(2027, 2, 22), last=date(2027, 3, 25)),
        Span(first=date(2027, 4, 12), last=date(2027, 5, 28)),
        Span(first=date(2027, 6, 7), last=date(2027, 7, 21)),
    ),
    inset=frozenset({date(2026, 9, 2), date(2026, 11, 2), date(2027, 6, 7)}),
    bank_holidays=frozenset(
        {
            date(2026, 12, 25),
            date(2026, 12, 28),
            date(2027, 1, 1),
            date(2027, 3, 26),
            date(2027, 3, 29),
            date(2027, 5, 3),
            date(2027, 5, 31),
            date(2027, 8, 30),
        }
    ),
    closures=frozenset({date(2027, 1, 14)}),
)

TERMS: Final = {
    Due.ACKNOWLEDGE: Term(amount=1, clock=Clock.SCHOOL_DAYS),
    Due.ASSESSMENT: Term(amount=2, clock=Clock.SCHOOL_DAYS),
    Due.URGENT_ASSESSMENT: Term(amount=0, clock=Clock.WORKING_DAYS),
    Due.LADO: Term(amount=1, clock=Clock.WORKING_DAYS),
    Due.POLICE: Term(amount=0, clock=Clock.WORKING_DAYS),
    Due.SOCIAL_CARE: Term(amount=0, clock=Clock.WORKING_DAYS),
    Due.AGENCY_REVIEW: Term(amount=5, clock=Clock.WORKING_DAYS),
    Due.LADO_REVIEW: Term(amount=10, clock=Clock.WORKING_DAYS),
    Due.AGENCY_CHASE: Term(amount=2, clock=Clock.WORKING_DAYS),
    Due.REMOVAL_LETTER: Term(amount=1, clock=Clock.SCHOOL_DAYS),
    Due.POST_RECHECK: Term(amount=3, clock=Clock.SCHOOL_DAYS),
    Due.MEETING: Term(amount=10, clock=Clock.SCHOOL_DAYS),
    Due.REMEDY: Term(amount=0, clock=Clock.SCHOOL_DAYS),
    Due.MODERATION: Term(amount=2, clock=Clock.WORKING_HOURS),
    Due.AUDIENCE_NOTICE: Term(amount=0, clock=Clock.WORKING_DAYS),
    Due.COMPLAINT_ACKNOWLEDGEMENT: Term(amount=5, clock=Clock.SCHOOL_DAYS),
    Due.STAGE_1: Term(amount=20, clock=Clock.SCHOOL_DAYS),
    Due.STAGE_2_REQUEST: Term(amount=10, clock=Clock.SCHOOL_DAYS),
    Due.PANEL: Term(amount=20, clock=Clock.SCHOOL_DAYS),
    Due.PANEL_PAPERS: Term(amount=5, clock=Clock.SCHOOL_DAYS),
    Due.PANEL_DECISION: Term(amount=5, clock=Clock.SCHOOL_DAYS),
    Due.CONTACT_REVIEW: Term(amount=0, clock=Clock.SCHOOL_DAYS),
    Due.PRESS_HEAD_TOLD: Term(amount=15, clock=Clock.RUNNING_MINUTES),
    Due.PRESS_SUPPORT: Term(amount=0, clock=Clock.WORKING_DAYS),
    Due.BREACH_REVIEW: Term(amount=24, clock=Clock.RUNNING_HOURS),
    Due.ICO: Term(amount=72, clock=Clock.RUNNING_HOURS),
    Due.REMOVAL_REMINDER: Term(amount=5, clock=Clock.SCHOOL_DAYS),
    Due.TAKEDOWN: Term(amount=1, clock=Clock.RUNNING_HOURS),
    Due.TRAINING: Term(amount=0, clock=Clock.SCHOOL_DAYS),
    Due.CLOSE: Term(amount=5, clock=Clock.SCHOOL_DAYS),
    Due.ACCOUNT_DECISION: Term(amount=5, clock=Clock.SCHOOL_DAYS),
    Due.ACCOUNT_LEAVER: Term(amount=0, clock=Clock.WORKING_DAYS),
    Due.ACCOUNT_MONITORING: Term(amount=5, clock=Clock.SCHOOL_DAYS),
}


def user(name: str, *roles: Role, school: SchoolId = OAKFIELD) -> User:
    return User(id=UserId(uuid5(NAMES, name)), school=school, roles=frozenset(roles))


def id_of(one: User) -> UserId:
    """A person's id; a program has none."""
    assert one.id is not None
    return one.id


STAFF: Final = user("the class teacher", Role.STAFF)
OTHER_STAFF: Final = user("the teaching assistant", Role.STAFF)
SLT: Final = user("the deputy", Role.SLT)
OTHER_SLT: Final = user("the assistant head", Role.SLT)
HEADTEACHER: Final = user("the headteacher", Role.HEADTEACHER)
DSL: Final = user("the designated safeguarding lead", Role.DSL)
MODERATOR: Final = user("the administrator", Role.MODERATOR)
DPO: Final = user("the data protection officer", Role.DPO)
CHAIR: Final = user("the chair of governors", Role.CHAIR)
VICE_CHAIR: Final = user("the vice-chair of governors", Role.VICE_CHAIR)
AUTHORITY: Final = user("the officer of the authority", Role.AUTHORITY)
EXTERNAL_DPO: Final = user("the external officer", Role.EXTERNAL_DPO)
GOVERNORS: Final = tuple(user(f"governor {n}", Role.GOVERNOR) for n in (1, 2, 3))
GOVERNOR: Final = GOVERNORS[0]
CLERK: Final = user("the panel clerk", Role.CLERK)
AUDITOR: Final = user("the external auditor", Role.AUDITOR)

PEOPLE: Final = (
    STAFF,
    OTHER_STAFF,
    SLT,
    OTHER_SLT,
    HEADTEACHER,
    DSL,
    MODERATOR,
    DPO,
    CHAIR,
    VICE_CHAIR,
    AUTHORITY,
    EXTERNAL_DPO,
    *GOVERNORS,
    CLERK,
    AUDITOR,
)

NOTIFIER: Final = User(id=None, school=OAKFIELD, roles=frozenset({Role.NOTIFIER}))
TIMEKEEPER: Final = User(id=None, school=OAKFIELD, roles=frozenset({Role.TIMEKEEPER}))
INSTALLER: Final = User(id=None, school=OAKFIELD, roles=frozenset({Role.INSTALLER}))
PROGRAMS: Final = (NOTIFIER, TIMEKEEPER, INSTALLER)

CLAUSES: Final = {
    "3.2": "Users declare who they are.",
    "4.1": "Unacceptable conduct is dealt with internally.",
    "4.2": "Illegal conduct goes to the police.",
    "5.4": "Personal accounts that name the school carry a disclaimer.",
}


def school_of(*people: User) -> School:
    """The same school with only these people in it."""
    return School(
        id=OAKFIELD,
        policy_version="2026-1",
        clauses=CLAUSES,
        calendar=CALENDAR,
        terms=TERMS,
        roster={one.id: one.roles for one in people if one.id is not None},
    )


SCHOOL: Final = school_of(*PEOPLE)

CLOSED_ON_MONDAY: Final = replace(
    SCHOOL,
    calendar=replace(
        CALENDAR,
        edition="2026-27/2",
        closures=CALENDAR.closures | {date(2026, 11, 23)},
    ),
)
"""The same school with a newer edition of its calendar: snow on the next school day."""
