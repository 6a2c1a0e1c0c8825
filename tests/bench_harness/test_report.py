"""The page of figures, from measurements made up for it."""

from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest

from tests.bench.comparison import Options, Results
from tests.bench.report import page, plot
from tests.bench.rounds import Comparison, Measured, Memory
from tests.bench.verdicts import comparisons

SPEEDS = {"ours": 400.0, "noop": 4_000.0, "fastapi": 100.0, "django": 100.0}


@pytest.fixture
def results() -> Results:
    """Three rounds on one database: ours is four times as fast as the peers."""
    measured = [
        Measured(
            database="SQLite",
            cases=cases,
            subject=subject,
            act="create",
            clients=16,
            round=number,
            per_second=speed,
            median=0.01,
            slowest_hundredth=0.02,
            busy=0.31,
        )
        for number in (1, 2, 3)
        for cases in (1_000, 1_000_000)
        for subject, speed in SPEEDS.items()
    ]
    memory = [Memory(database="SQLite", cases=1_000, subject="ours", round=1, peak=90.0)]
    return Results(
        begun=datetime(2026, 11, 22, tzinfo=UTC),
        machine={"Processor": "one of two"},
        options=Options(rounds=3),
        measured=measured,
        memory=memory,
    )


@pytest.fixture
def found(results: Results) -> list[Comparison]:
    return comparisons(results.measured, results.memory)


def test_a_figure_stands_beside_its_spread_and_its_bar(
    results: Results, found: list[Comparison]
) -> None:
    assert "| 4.00 (4.00–4.00) / 3 |" in page([results], found)


def test_what_misses_its_bar_is_bold(results: Results, found: list[Comparison]) -> None:
    written = page([results], found)
    assert "| **4.00** (4.00–4.00) / 5 |" in written
    assert "| **0.10** (0.10–0.10) / 0.5 |" in written


def test_cost_among_more_cases_has_a_table_of_its_own(
    results: Results, found: list[Comparison]
) -> None:
    assert "| SQLite | create a case | 16 | 1.00 (1.00–1.00) / 1.2 |" in page([results], found)


def test_a_run_with_one_number_of_cases_says_that_more_were_not_measured(results: Results) -> None:
    few = [one for one in results.measured if one.cases == 1_000]
    assert "Not measured yet" in page([results], comparisons(few, results.memory))


def test_the_page_says_on_what_and_how_it_was_measured(
    results: Results, found: list[Comparison]
) -> None:
    written = page([results], found)
    for said in (
        "| Processor | one of two |",
        "22 November 2026",
        "one API worker",
        "31%",
        "90 MB",
    ):
        assert said in written
    assert "$" not in written


def test_the_plot_has_a_group_for_each_act_that_was_measured(found: list[Comparison]) -> None:
    words = "".join(ElementTree.fromstring(plot(found)).itertext())
    assert "create a case, SQLite" in words
    assert "read a case" not in words
