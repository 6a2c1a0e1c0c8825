"""Figures and registers on either database: what SQL counts is what the cases themselves say."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from incidents.changes import Key
from incidents.domain.access import walled
from incidents.domain.intake import PersonInIncident
from incidents.domain.registers import accounts, images
from incidents.domain.registers.account import AccountState, ApproveApplication, SubmitApplication
from incidents.domain.registers.images import CheckPublication, Objector, RecordObjection
from incidents.domain.state import Case
from incidents.domain.vocabulary import Category, Kind, Part, PersonRole
from incidents.statistics import Period, Season
from tests.support.office import FRIDAY, Office

AUTUMN = Period(2026, Season.AUTUMN)


@pytest.fixture
def anywhere(tmp_path: Path, place: str | None) -> Iterator[Office]:
    opened = Office(tmp_path / "var", database_url=place)
    yield opened
    opened.close()


def reported(office: Office) -> list[Case]:
    """Cases about everybody who works here, and of every kind."""
    found = [office.log(kind=kind) for kind in Kind for _ in range(2)]
    for key in office.users:
        about = PersonInIncident(
            part=Part.SUBJECT,
            role=PersonRole.HEADTEACHER if key == "headteacher" else PersonRole.STAFF,
            user=office.id_of(key),
        )
        categories = (Category.CONFIDENTIALITY,)
        found.append(office.log(people=(about,), categories=categories, kind=Kind.OTHER))
    return found


def test_everybodys_figures_are_those_of_the_cases_he_is_not_walled_from(anywhere: Office) -> None:
    cases = reported(anywhere)
    figures = anywhere.installation.statistics
    figures.catch_up(anywhere.installation.store)
    for key, user in anywhere.users.items():
        his = [case for case in cases if not walled(case, user)]
        assert len(his) < len(cases), key
        counted = figures.counts(user, AUTUMN)
        assert counted["case", ""] == len(his)
        for kind in Kind:
            number = sum(case.kind is kind for case in his)
            assert counted.get(("kind", kind), 0) == number, (key, kind)
        open_ones = sum(len(case.open_deadlines) for case in his)
        assert counted["deadline", "open"] == open_ones
        assert figures.termly(user, Period(2025, Season.AUTUMN)).cases == 0


def test_what_comes_twice_or_late_changes_nothing(anywhere: Office) -> None:
    reported(anywhere)
    store, figures = anywhere.installation.store, anywhere.installation.statistics
    user = anywhere.users["auditor"]
    figures.catch_up(store)
    before = figures.termly(user, AUTUMN)
    log = store.log(0, 10_000)
    figures.take(store, log[:5])
    figures.take(store, log)
    assert figures.termly(user, AUTUMN) == before
    assert figures.position() == store.head()


async def test_a_register_works_on_either_database(anywhere: Office) -> None:
    registers, slt = anywhere.installation.registers, anywhere.users["slt"]
    command = SubmitApplication(
        platform="Twitter", name="News", purpose="To tell parents what happens."
    )
    key = Key("once", "0" * 64)
    begun = await registers.begun(anywhere.users["staff"], accounts.REGISTER, command, key)
    again = await registers.begun(anywhere.users["staff"], accounts.REGISTER, command, key)
    assert (again.entry, again.receipt) == (begun.entry, begun.receipt)
    approval = ApproveApplication(monitors=(anywhere.id_of("staff"),))
    registers.ask(slt, accounts.REGISTER, begun.entry.id, approval)
    ((entry, _),) = registers.entries(slt, accounts.REGISTER)
    assert entry.state is AccountState.APPROVED


async def test_an_objection_counts_from_the_moment_it_is_recorded(anywhere: Office) -> None:
    registers, teacher = anywhere.installation.registers, anywhere.users["staff"]
    question = CheckPublication(names=("The pupil",))
    assert (await registers.checked(teacher, question)).may_be_published
    objection = RecordObjection(
        name="The pupil",
        role=PersonRole.PUPIL,
        objected_by=Objector.HIMSELF,
        received_at=FRIDAY,
    )
    registers.begin(anywhere.users["moderator"], images.REGISTER, objection)
    assert not (await registers.checked(teacher, question)).may_be_published
    key = Key("once", "0" * 64)
    first = await registers.checked(teacher, question, key)
    assert await registers.checked(teacher, question, key) == first
    month = anywhere.installation.store.history(images.checks_of(anywhere.school, FRIDAY))
    assert [recorded.version for recorded in month] == [1, 2, 3]
