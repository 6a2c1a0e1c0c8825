"""No suppressed number can be worked out, not even by somebody who knows the rule."""

from collections import defaultdict
from collections.abc import Mapping
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.domain.suppression import (
    SMALLEST_TOLD,
    Told,
    is_small,
    told,
    told_marks,
    told_parts,
)

NAMES = ("a", "b", "c", "d", "e")
TABLES = st.lists(st.integers(0, 30), min_size=2, max_size=5).map(
    lambda numbers: dict(zip(NAMES, numbers, strict=False))
)


def hidden(shown: Told | None) -> list[str]:
    return [name for name, number in (shown or {}).items() if number is None]


@given(TABLES)
def test_no_small_number_is_ever_told(parts: dict[str, int]) -> None:
    for shown in (told_parts(parts), told_marks(parts, 40, at_least_one=False)):
        for name, number in (shown or {}).items():
            assert number is None or number == parts[name]
            assert number is None or not is_small(number)


@settings(deadline=None, max_examples=300)
@given(TABLES)
def test_whoever_knows_the_whole_and_the_rule_is_left_with_more_than_one_answer(
    parts: dict[str, int],
) -> None:
    shown = told_parts(parts)
    gone = hidden(shown)
    if shown is None or not gone:
        return
    together = sum(parts.values()) - sum(number or 0 for number in shown.values())
    answers: dict[str, set[int]] = defaultdict(set)
    for numbers in product(range(1, together), repeat=len(gone) - 1):
        last = together - sum(numbers)
        if last < 1:
            continue
        other = {**parts, **dict(zip(gone, (*numbers, last), strict=True))}
        if told_parts(other) == shown:
            for name in gone:
                answers[name].add(other[name])
    for name in gone:
        assert len(answers[name]) > 1, (parts, shown, name)
        if is_small(parts[name]):
            assert answers[name] >= {1, 2, 3, 4}, (parts, shown, name)


def test_every_small_table_there_is_leaves_more_than_one_answer() -> None:
    """All tables of three numbers that make up to 24, put together by what is told of them."""
    alike: dict[tuple[tuple[int | None, ...] | None, int], list[tuple[int, ...]]]
    alike = defaultdict(list)
    for numbers in product(range(25), repeat=3):
        if sum(numbers) <= 24:
            shown = told_parts(dict(zip(NAMES, numbers, strict=False)))
            told_so = None if shown is None else tuple(shown.values())
            alike[told_so, sum(numbers)].append(numbers)
    for (told_so, whole), tables in alike.items():
        # A whole of up to 4 is itself not told.
        for place in range(3) if whole >= SMALLEST_TOLD else ():
            if told_so is None or told_so[place] is None:
                assert len({table[place] for table in tables}) > 1, (told_so, whole, tables)


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sets(st.sampled_from(NAMES), min_size=1, max_size=3), min_size=0, max_size=30))
def test_marks_of_which_everybody_has_one_tell_no_small_number(cases: list[set[str]]) -> None:
    marks = {name: sum(name in case for case in cases) for name in NAMES}
    shown = told_marks(marks, len(cases), at_least_one=True)
    if shown is None:
        return
    gone = hidden(shown)
    # What is not told has to make up for all who have none of the others.
    needed = len(cases) - sum(number or 0 for number in shown.values())
    for name in gone:
        least = needed - 4 * (len(gone) - 1)
        assert least <= 1, (marks, shown, name)


@pytest.mark.parametrize(
    ("parts", "shown"),
    [
        ({"a": 9, "b": 0, "c": 7}, {"a": 9, "b": 0, "c": 7}),
        ({"a": 9, "b": 3, "c": 7}, {"a": 9, "b": None, "c": None}),
        # Together 8, and 9 is what leaves the small one anything from 1 to 4.
        ({"a": 9, "b": 3, "c": 5}, None),
        ({"a": 9, "b": 1, "c": 1}, None),
        ({"a": 11, "b": 1, "c": 1}, {"a": None, "b": None, "c": None}),
        ({"a": 2, "b": 2, "c": 0}, None),
        ({"a": 4, "b": 4, "c": 4}, None),
        ({"a": 0, "b": 0, "c": 0}, {"a": 0, "b": 0, "c": 0}),
    ],
)
def test_what_is_told_of_a_table(parts: Mapping[str, int], shown: Told | None) -> None:
    assert told_parts(parts) == shown


def test_what_another_table_bounds_covers_nothing() -> None:
    parts = {"a": 20, "b": 2, "c": 20}
    assert told_parts(parts, covers=("a",)) == {"a": None, "b": None, "c": 20}
    assert told_parts(parts, covers=()) is None


@pytest.mark.parametrize(("number", "shown"), [(0, 0), (1, None), (4, None), (5, 5)])
def test_from_one_to_four_is_small(number: int, shown: int | None) -> None:
    assert told(number) == shown
