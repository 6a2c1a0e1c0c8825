"""A passed deadline is one event, whenever and however often somebody looks."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from incidents.domain.intake import AcknowledgeReport
from incidents.domain.state import Case
from incidents.domain.timers import DeadlineMissed
from incidents.domain.vocabulary import DeadlineState, Due
from tests.support.office import Office


@pytest.fixture
def office(tmp_path: Path, place: str | None) -> Iterator[Office]:
    """The school at work, on either database."""
    opened = Office(tmp_path / "var", database_url=place)
    yield opened
    opened.close()


def missed(office: Office, case: Case) -> list[Due]:
    history = office.installation.cases.history(case.id)
    return [r.event.due for r in history if isinstance(r.event, DeadlineMissed)]


def test_a_deadline_is_missed_at_its_moment_and_not_before(office: Office) -> None:
    case = office.log()
    office.follow()
    office.now = case.deadlines[Due.ACKNOWLEDGE].due_at
    office.after(microseconds=-1)
    assert office.installation.timekeeper().look() == 0
    office.after(microseconds=1)
    assert office.installation.timekeeper().look() == 1
    assert missed(office, case) == [Due.ACKNOWLEDGE]


def test_over_a_weekend_the_report_of_friday_is_due_on_monday(office: Office) -> None:
    case = office.log()
    due_at = office.installation.schools[office.school].calendar.local(
        case.deadlines[Due.ACKNOWLEDGE].due_at
    )
    assert (due_at.strftime("%A"), due_at.hour) == ("Monday", 17)


def test_looking_again_changes_nothing_even_before_the_view_has_caught_up(office: Office) -> None:
    case = office.log()
    office.follow()
    office.after(days=10)
    timekeeper = office.installation.timekeeper()
    first = timekeeper.look()
    assert first == len(case.open_deadlines)
    assert timekeeper.look() == 0
    office.follow()
    assert timekeeper.look() == 0
    assert sorted(missed(office, case)) == sorted(case.open_deadlines)


def test_many_timekeepers_at_once_miss_it_once(office: Office) -> None:
    case = office.log()
    office.follow()
    office.after(days=10)
    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(lambda _: office.installation.timekeeper().look(), range(4)))
    assert sum(counts) == len(case.open_deadlines)
    assert len(missed(office, case)) == len(case.open_deadlines)


def test_a_step_taken_in_time_leaves_nothing_to_miss(office: Office) -> None:
    case = office.log()
    office.follow()
    office.ask("slt", case, AcknowledgeReport())
    office.after(days=10)
    office.installation.timekeeper().look()
    assert Due.ACKNOWLEDGE not in missed(office, case)


def test_a_missed_deadline_can_still_be_met(office: Office) -> None:
    case = office.log()
    office.follow()
    office.after(days=10)
    office.installation.timekeeper().look()
    case = office.ask("slt", case, AcknowledgeReport()).case
    assert case.deadlines[Due.ACKNOWLEDGE].state is DeadlineState.MET
