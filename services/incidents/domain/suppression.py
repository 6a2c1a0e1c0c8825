"""Small numbers are told to nobody, nor is what they could be worked out from.

A number from 1 to 4 may single somebody out. Taking it away is not enough where the others add up
to something known: so another number is taken away with it, always by the same rule whatever the
numbers are, so that the choice says nothing either. Where that would leave too few answers, the
whole table is withheld: which of its numbers are zero, too.
"""

from collections.abc import Container, Mapping
from typing import Final

SMALLEST_TOLD: Final = 5
_LARGEST_HIDDEN: Final = SMALLEST_TOLD - 1

Told = Mapping[str, int | None]
"""What is told of a table: a number, or None in place of one that is not."""


def is_small(number: int) -> bool:
    return 0 < number < SMALLEST_TOLD


def told(number: int) -> int | None:
    """A number that nothing else can be worked out from."""
    return None if is_small(number) else number


def told_parts(parts: Mapping[str, int], covers: Container[str] | None = None) -> Told | None:
    """Return what may be told of the parts of a whole that is known; None: nothing of it.

    With the small ones goes the last of the others, by the order of the table (of those in
    `covers`, where another table sets bounds to the rest). Whoever knows the whole, and this rule,
    then knows what those add up to and how many they are. It has to be enough for every small one
    to be anything from 1 to 4; where it is not, the table is withheld.
    """
    small = [name for name, number in parts.items() if is_small(number)]
    if is_small(sum(parts.values())):
        return None
    if not small:
        return parts
    may_cover = (n for n in reversed(list(parts)) if covers is None or n in covers)
    cover = next((n for n in may_cover if parts[n] >= SMALLEST_TOLD), None)
    if cover is None:
        return None
    together = sum(parts[name] for name in small) + parts[cover]
    if together < _LARGEST_HIDDEN * len(small) + SMALLEST_TOLD:
        return None
    return {n: None if n in small or n == cover else number for n, number in parts.items()}


def told_marks(marks: Mapping[str, int], of: int, *, at_least_one: bool) -> Told | None:
    """Return what may be told of marks that one of `of` may have several of; None: nothing.

    They add up to nothing known. But where each has `at_least_one`, what is not told has to make up
    for whoever has none of the others.
    """
    if is_small(of):
        return None
    small = [name for name, number in marks.items() if is_small(number)]
    if small and at_least_one:
        without = of - sum(number for name, number in marks.items() if name not in small)
        if without > _LARGEST_HIDDEN * (len(small) - 1) + 1:
            return None
    return {name: told(number) for name, number in marks.items()}
