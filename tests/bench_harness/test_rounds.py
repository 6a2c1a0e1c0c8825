"""What the comparison makes of its measurements."""

import pytest

from tests.bench.rounds import Comparison, Measured, cost_ratios, speed_ratios


def measured(subject: str, number: int, per_second: float) -> Measured:
    return Measured(
        database="SQLite",
        cases=1_000,
        subject=subject,
        act="create",
        clients=16,
        round=number,
        per_second=per_second,
        median=0.01,
        slowest_hundredth=0.02,
        busy=0.3,
    )


def compared(*ratios: float, bar: float | None = None, most: bool = False) -> Comparison:
    return Comparison(
        name="create",
        against="another",
        database="SQLite",
        cases=1_000,
        ratios=ratios,
        bar=bar,
        most=most,
    )


def test_a_ratio_is_made_of_what_was_measured_in_the_same_round() -> None:
    ours = [measured("ours", 1, 300), measured("ours", 2, 100)]
    theirs = [measured("theirs", 2, 50), measured("theirs", 1, 100)]
    assert speed_ratios(ours, theirs) == (3.0, 2.0)


def test_a_round_that_one_of_them_lacks_counts_for_nothing() -> None:
    ours = [measured("ours", 1, 300), measured("ours", 2, 100)]
    assert speed_ratios(ours, [measured("theirs", 1, 100)]) == (3.0,)


def test_the_rounds_of_two_acts_are_never_mixed_up_as_one() -> None:
    twice = [measured("ours", 1, 300), measured("ours", 1, 100)]
    with pytest.raises(ValueError, match="measured twice"):
        speed_ratios(twice, twice)


def test_cost_is_higher_where_fewer_requests_are_answered() -> None:
    assert cost_ratios([measured("ours", 1, 100)], [measured("ours", 1, 150)]) == (1.5,)


def test_one_odd_round_does_not_move_the_ratio_and_is_seen_in_the_spread() -> None:
    comparison = compared(3.1, 0.2, 3.0)
    assert comparison.ratio == 3.0
    assert comparison.spread == (0.2, 3.1)


@pytest.mark.parametrize(
    ("comparison", "holds"),
    [
        (compared(3.0, bar=3.0), True),
        (compared(2.9, bar=3.0), False),
        (compared(1.2, bar=1.2, most=True), True),
        (compared(1.3, bar=1.2, most=True), False),
        (compared(0.1), None),
    ],
)
def test_a_bar_is_the_least_or_the_most_a_ratio_may_be(
    comparison: Comparison, holds: bool | None
) -> None:
    assert comparison.holds is holds


def test_a_line_says_what_was_measured_against_what_and_whether_it_holds() -> None:
    assert compared(3.0, 3.5, 4.0, bar=3.0).line() == {
        "name": "create",
        "ratio": 3.5,
        "spread": [3.0, 4.0],
        "against": "another",
        "bar": 3.0,
        "holds": True,
    }
