"""Which figures are drawn, and the bars they have to keep."""

import pytest

from tests.bench.rounds import Comparison, Measured, Memory
from tests.bench.verdicts import comparisons


def measured(
    subject: str, act: str, clients: int, per_second: float, cases: int = 1_000
) -> Measured:
    return Measured(
        database="SQLite",
        cases=cases,
        subject=subject,
        act=act,
        clients=clients,
        round=1,
        per_second=per_second,
        median=0.01,
        slowest_hundredth=0.02,
        busy=0.3,
    )


def only(found: list[Comparison]) -> Comparison:
    [comparison] = found
    return comparison


@pytest.mark.parametrize(
    ("other", "act", "clients", "bar"),
    [
        ("fastapi", "create", 1, None),
        ("fastapi", "create", 16, 3.0),
        ("django", "create", 64, 5.0),
        ("noop", "create", 16, 0.5),
        ("fastapi", "advance", 16, None),
        ("fastapi", "list", 1, 2.0),
        ("django", "read", 64, 2.0),
    ],
)
def test_each_act_has_its_bar_beside_each_other_subject(
    other: str, act: str, clients: int, bar: float | None
) -> None:
    found = comparisons([measured("ours", act, clients, 6), measured(other, act, clients, 2)], [])
    assert only(found).ratio == 3.0
    assert only(found).bar == bar


def test_what_was_measured_with_other_numbers_of_cases_is_not_compared_with_others() -> None:
    ours, theirs = measured("ours", "read", 1, 6), measured("fastapi", "read", 1, 2, cases=50)
    assert comparisons([ours, theirs], []) == []


@pytest.mark.parametrize(("cases", "bar"), [(100_000, None), (1_000_000, 1.2)])
def test_cost_among_many_cases_is_held_against_cost_among_the_fewest(
    cases: int, bar: float | None
) -> None:
    few, many = measured("ours", "list", 16, 300), measured("ours", "list", 16, 200, cases=cases)
    found = only(comparisons([few, many], []))
    assert found.ratio == 1.5
    assert found.bar == bar
    assert found.holds is (None if bar is None else False)


def test_a_worker_of_ours_has_a_bar_of_memory_and_nobody_else() -> None:
    peaks = [
        Memory(database="SQLite", cases=1_000, subject=subject, round=1, peak=120.0)
        for subject in ("ours", "django")
    ]
    found = only(comparisons([], peaks))
    assert found.ratio == pytest.approx(0.8)
    assert found.holds
