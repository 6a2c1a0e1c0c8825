"""The list of the views is that of the cases themselves: for everybody, narrowed by anything."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from durable import Connection
from incidents.api import cases as api
from incidents.api.cases import CasesAsked
from incidents.api.cursor import Cursors
from incidents.domain.assessment import StartAssessment
from incidents.domain.case import TRACKS
from incidents.domain.intake import AcknowledgeReport, IdentifyPerson
from incidents.domain.school import User
from incidents.domain.state import Case
from incidents.domain.table import Command, Refusal
from incidents.domain.vocabulary import PEOPLES_ROLES, Category, Kind, Part, PersonRole, Stage
from incidents.views import Bookmark, CaseLine, Entry, Filters, Reader, Track
from incidents.views.lists import Walk
from tests.incidents.domain.school import ELSEWHERE, FRIDAY, OAKFIELD, PEOPLE
from tests.incidents.domain.test_access_properties import CASES
from tests.incidents.service.slow_lists import read, slow_line, slow_list
from tests.support.office import Office

USERS = st.builds(
    User,
    id=st.sampled_from([one.id for one in PEOPLE]),
    school=st.sampled_from([OAKFIELD] * 5 + [ELSEWHERE]),
    roles=st.frozensets(st.sampled_from(PEOPLES_ROLES), max_size=4),
)
SOON = [FRIDAY + timedelta(days=n) for n in (-1, 0, 1, 3, 30)]
MOMENTS = st.none() | st.sampled_from(SOON)
FILTERS = st.builds(
    Filters,
    stage=st.none() | st.sampled_from(Stage),
    track=st.none() | st.sampled_from(get_args(Track)),
    overdue=st.none() | st.booleans(),
    due_after=MOMENTS,
    due_before=MOMENTS,
    person=st.none() | st.sampled_from([one.id for one in PEOPLE]),
    reported_from=MOMENTS,
    reported_to=MOMENTS,
    kind=st.none() | st.sampled_from(Kind),
    severity=st.none() | st.integers(1, 4),
)
ONE_FILTER = st.builds(
    lambda filters, name: Filters(**{name: getattr(filters, name)}),
    FILTERS,
    st.sampled_from([name for name in Filters.__dataclass_fields__ if name != "reference"]),
)


def test_every_track_that_runs_beside_the_case_can_be_asked_for() -> None:
    nothing_stays_open_there = {"case", "deadline", "conflict", "break-glass"}
    assert {*get_args(Track)} == {track.name for track in TRACKS} - nothing_stays_open_there


@settings(deadline=None, max_examples=400)
@given(CASES, USERS, FILTERS | ONE_FILTER, st.sampled_from(SOON))
def test_a_line_says_what_the_page_of_its_case_says(
    case: Case, user: User, filters: Filters, now: Any
) -> None:
    found = Reader(user, filters, now).line(Entry.of(case))
    assert (found and read(found.json)) == slow_line(case, user, filters, now)


# ── through the database ──────────────────────────────────────────────────────────────────────────


@pytest.fixture
def school(place: str | None, tmp_path: Path) -> Iterator[Office]:
    """An office on files, and one on PostgreSQL."""
    opened = Office(tmp_path / "var", database_url=place)
    yield opened
    opened.close()


@dataclass
class Asked:
    """What the handler of the list looks at of a request."""

    installation: Any
    user: User
    cursors: Cursors


def whole_list(office: Office, user: User, filters: Filters, limit: int) -> list[CaseLine]:
    """Go through the list page by page, as a client does."""
    request: Any = Asked(office.installation, user, Cursors(b"k" * 32))
    given = {name: getattr(filters, name) for name in Filters.__dataclass_fields__}
    asked = CasesAsked(q=given.pop("reference"), limit=limit, **given)
    lines: list[CaseLine] = []
    while True:
        answer = msgspec.json.decode(api._list(request, asked), type=api.CaseList)
        lines += answer.cases
        if answer.next is None:
            return lines
        asked = msgspec.structs.replace(asked, cursor=answer.next)


def everything(office: Office) -> list[Case]:
    rows = office.installation.store.rows_after(None, 1000)
    return [office.installation.cases.load(row.stream) for row in rows if row.kind == "case"]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["log", "log", "ask", "ask", "ask", "follow", "wait", "again"]),
        st.integers(0, 10_000),
    ),
    min_size=4,
    max_size=24,
)


def commands(office: Office, n: int) -> Command:
    somebody = sorted(office.users)[n % len(office.users)]
    part = [Part.SUBJECT, Part.RELATED, Part.AFFECTED][n % 3]
    return [
        StartAssessment(),
        AcknowledgeReport(),
        IdentifyPerson(part=part, role=PersonRole.STAFF, user=office.id_of(somebody)),
        IdentifyPerson(part=part, role=PersonRole.HEADTEACHER),
    ][n % 4]


def play(office: Office, steps: list[tuple[str, int]]) -> None:
    """Let things happen, and the views look now and then."""
    views, store = office.installation.views, office.installation.store
    for what, n in steps:
        cases, people = everything(office), sorted(office.users)
        match what:
            case "log":
                categories = (list(Category)[n % len(Category)],)
                by = ["staff", "second_staff", "headteacher", "moderator"][n % 4]
                office.log(by=by, categories=categories, on_school_account=n % 3 == 0)
            case "ask" if cases:
                try:
                    office.ask(people[n % len(people)], cases[n % len(cases)], commands(office, n))
                except (Refusal, LookupError):
                    continue
            case "wait":
                office.after(minutes=n % 3000)
            case "again":
                # A batch that comes once more, and late.
                if batch := store.log(max(0, views.position() - n % 9), 5):
                    views.take(store, batch)
            case _:
                office.follow()


@settings(
    deadline=None,
    max_examples=6,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # each example goes through a database
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS, filters=FILTERS | ONE_FILTER, limit=st.integers(1, 7))
def test_the_list_is_that_of_the_cases_themselves(
    school: Office, steps: list[tuple[str, int]], filters: Filters, limit: int
) -> None:
    play(school, steps)
    cases = everything(school)
    narrowed = replace(filters, person=cases[0].reporter) if cases and filters.person else filters
    walled_for = {}
    for key, user in school.users.items():
        # As far as the views have come, and whatever they do not know of yet: no wall is missed.
        behind = whole_list(school, user, Filters(), limit)
        right = slow_list(cases, user, Filters(), school.now)
        assert [line for line in behind if line not in right] == [], key
        walled_for[key] = right
    school.follow()
    for key, user in school.users.items():
        assert whole_list(school, user, Filters(), limit) == walled_for[key], key
        expected = slow_list(cases, user, narrowed, school.now)
        assert whole_list(school, user, narrowed, limit) == expected, key


def test_a_wall_holds_in_a_list_that_does_not_know_of_it_yet(school: Office) -> None:
    case = school.log(by="second_staff")
    school.ask("slt", case, StartAssessment())
    school.follow()
    staff = school.users["second_staff"]
    assert len(whole_list(school, staff, Filters(), 10)) == 1
    named = IdentifyPerson(
        part=Part.SUBJECT, role=PersonRole.STAFF, user=school.id_of("second_staff")
    )
    school.ask("slt", case, named)
    assert whole_list(school, staff, Filters(), 10) == []
    assert len(whole_list(school, school.users["slt"], Filters(), 10)) == 1


def test_roles_count_as_they_are_now(school: Office) -> None:
    school.log()
    school.follow()
    slt = school.users["slt"]
    assert len(whole_list(school, slt, Filters(), 10)) == 1
    assert whole_list(school, msgspec.structs.replace(slt, roles=frozenset()), Filters(), 10) == []


# ── what a page costs ─────────────────────────────────────────────────────────────────────────────

NARROWED = [
    Filters(),
    Filters(stage=Stage.REPORTED),
    Filters(track="referral"),
    Filters(overdue=True),
    Filters(due_after=FRIDAY, due_before=SOON[-1]),
    Filters(person=UUID(int=7)),
    Filters(kind=Kind.ABUSE, severity=4),
    Filters(reported_from=SOON[0], reported_to=SOON[1]),
]


def plan(connection: Connection, walk: Walk) -> list[str]:
    explain = "EXPLAIN QUERY PLAN" if connection.dialect == "sqlite" else "EXPLAIN"
    rows = connection.execute(f"{explain} {walk.statement}", walk.values).fetchall()
    return [str(row[-1]).strip() for row in rows]


@pytest.mark.parametrize("filters", NARROWED, ids=str)
@pytest.mark.parametrize("after", [None, Bookmark("2026-11-20", "aa")], ids=["first", "later"])
def test_a_page_is_a_walk_along_an_index(
    office: Office, filters: Filters, after: Bookmark | None
) -> None:
    database, slt = office.installation.views.database, office.users["slt"]
    walk = Walk("a", "sqlite", slt, filters, office.now, after, 50)
    with database.reading() as connection:
        steps = plan(connection, walk)
    assert not [step for step in steps if step.startswith("SCAN") or "TEMP B-TREE" in step], steps
    assert any(step.startswith("MERGE") for step in steps)


@pytest.mark.parametrize("filters", NARROWED, ids=str)
def test_postgresql_walks_along_an_index_too(
    database_url: str, tmp_path: Path, filters: Filters
) -> None:
    office = Office(tmp_path / "var", database_url=database_url)
    slt = office.users["slt"]
    walk = Walk("a", "postgresql", slt, filters, office.now, None, 50)
    with office.installation.views.database.writing() as connection:
        # The tables of a test are so small that reading and sorting all of one would be right.
        for way in ("seqscan", "bitmapscan", "hashjoin", "mergejoin", "sort", "incremental_sort"):
            connection.execute(f"SET LOCAL enable_{way} = off")
        steps = plan(connection, walk)
    office.close()
    walked = ("seen_a", "on_track_a", "about_a", "cases_a")
    assert not [s for s in steps if "Seq Scan on" in s and any(t in s for t in walked)], steps
    # What is left to be sorted are the few that each arm brings.
    assert len([s for s in steps if s.removeprefix("->").strip().startswith("Sort  ")]) <= 1, steps
