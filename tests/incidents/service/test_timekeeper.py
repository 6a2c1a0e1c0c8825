"""A passed deadline is one event, whenever and however often somebody looks."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copytree

import pytest
from msgspec.structs import replace

from incidents.domain.intake import AcknowledgeReport
from incidents.domain.state import Case
from incidents.domain.timers import DeadlineMissed, DeadlineRecalculated, DeadlineSet
from incidents.domain.vocabulary import DeadlineState, Due
from incidents.installation import open_installation
from tests.support.office import SCHOOL_DIR, Office


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


# ── another edition of the calendar ───────────────────────────────────────────────────────────────


def reopened(office: Office, tmp_path: Path, **changed: str) -> Office:
    """The same installation after its calendar file was replaced, and the programs started anew."""
    folder = tmp_path / "school"
    copytree(SCHOOL_DIR, folder)
    file = folder / "calendar.toml"
    text = re.sub(r'edition = ".*"', 'edition = "2026-27/2"', file.read_text())
    file.write_text(text + "".join(f"{key} = {value}\n" for key, value in changed.items()))
    office.installation.close()
    settings = replace(office.installation.settings, school_dir=folder)
    office.installation = open_installation(settings, now=lambda: office.now)
    return office


def moved(office: Office, case: Case) -> list[DeadlineRecalculated]:
    history = office.installation.cases.history(case.id)
    return [r.event for r in history if isinstance(r.event, DeadlineRecalculated)]


def test_a_closure_moves_what_is_open_once_and_the_old_date_stays_in_the_history(
    office: Office, tmp_path: Path
) -> None:
    case = office.log()
    office.follow()
    known = case.deadlines[Due.ACKNOWLEDGE].due_at
    office = reopened(office, tmp_path, closures="[2026-11-23]")
    assert office.installation.timekeeper().recalculate() == 2
    assert office.installation.timekeeper().recalculate() == 0
    told = {event.due: event for event in moved(office, case)}
    assert told[Due.ACKNOWLEDGE].old_due_at == known
    assert told[Due.ACKNOWLEDGE].due_at == known + timedelta(days=1)
    history = office.installation.cases.history(case.id)
    (first,) = (
        r.event
        for r in history
        if isinstance(r.event, DeadlineSet) and r.event.due is Due.ACKNOWLEDGE
    )
    assert first.due_at == known


def test_a_deadline_that_has_passed_by_the_old_calendar_only_is_moved_and_not_missed(
    office: Office, tmp_path: Path
) -> None:
    case = office.log()
    office.follow()
    known = case.deadlines[Due.ACKNOWLEDGE].due_at
    office = reopened(office, tmp_path, closures="[2026-11-23]")
    office.now = known
    assert office.installation.timekeeper().look() == 0
    assert missed(office, case) == []
    office.follow()
    office.now = known + timedelta(days=1)
    office.installation.timekeeper().look()
    assert Due.ACKNOWLEDGE in missed(office, case)


def test_an_edition_that_changes_nothing_for_a_case_leaves_it_alone(
    office: Office, tmp_path: Path
) -> None:
    case = office.log()
    office.follow()
    office = reopened(office, tmp_path, closures="[2027-06-10]")
    assert office.installation.timekeeper().recalculate() == 0
    assert moved(office, case) == []


# ── odd days ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("reported_at", "due_on"),
    [
        ("2026-10-23T15:00:00+01:00", "2026-11-03"),  # half-term, an INSET day and the clocks
        ("2026-12-18T10:00:00+00:00", "2027-01-05"),  # over Christmas: 28 December is a substitute
        ("2027-03-25T10:00:00+00:00", "2027-04-12"),  # over Easter, and the clocks go forward
        ("2027-04-30T10:00:00+01:00", "2027-05-04"),  # over the first Monday in May
    ],
)
def test_over_term_ends_bank_holidays_and_both_clock_changes_there_is_one_alert(
    tmp_path: Path, reported_at: str, due_on: str
) -> None:
    office = Office(tmp_path / "odd", now=datetime.fromisoformat(reported_at).astimezone(UTC))
    case = office.log()
    office.follow()
    due_at = case.deadlines[Due.ACKNOWLEDGE].due_at
    local = office.installation.schools[office.school].calendar.local(due_at)
    assert f"{local:%Y-%m-%d %H:%M}" == f"{due_on} 17:00"
    office.now = due_at - timedelta(microseconds=1)
    office.installation.timekeeper().look()
    assert Due.ACKNOWLEDGE not in missed(office, case)
    office.now = due_at
    for _ in range(3):
        office.installation.timekeeper().look()
    assert missed(office, case).count(Due.ACKNOWLEDGE) == 1
    office.close()


def test_a_restart_exactly_at_the_due_time_and_a_clock_moved_back_give_one_alert(
    office: Office,
) -> None:
    case = office.log()
    office.follow()
    office.now = case.deadlines[Due.ACKNOWLEDGE].due_at
    settings = office.installation.settings
    for _ in range(3):
        office.installation.timekeeper().look()
        office.installation.close()
        office.installation = open_installation(settings, now=lambda: office.now)
    office.after(hours=-2)
    office.installation.timekeeper().look()
    office.after(hours=2)
    office.installation.timekeeper().look()
    assert missed(office, case).count(Due.ACKNOWLEDGE) == 1


def test_a_leap_day_is_a_school_day_like_any_other(tmp_path: Path) -> None:
    office = Office(tmp_path / "leap", now=datetime(2028, 2, 28, 10, tzinfo=UTC))
    due_at = office.log().deadlines[Due.ACKNOWLEDGE].due_at
    assert f"{due_at:%Y-%m-%d}" == "2028-02-29"
    office.close()
