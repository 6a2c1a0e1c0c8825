"""The figures of a term as they are told: tables in which no small number stands."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import msgspec

from incidents.domain.suppression import Told, is_small, told, told_marks, told_parts
from incidents.domain.vocabulary import Agency, Category, Kind, Route
from incidents.statistics.marks import DEADLINES, ENDED, IN_TIME, NOT_ACTED, PROGRESS
from incidents.statistics.periods import Period


class Figures(msgspec.Struct, frozen=True):
    """One table. Where it is withheld, not even its zeros are told; null is a number not told."""

    withheld: bool
    counts: dict[str, int | None]


class Termly(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one term. `cases` is how many were reported in it."""

    term: str
    first_day: date
    last_day: date
    cases: int | None
    kind: Figures
    progress: Figures
    """The stage of those that are not finished, the outcome of those that are."""
    route: Figures
    """Of those that were handled inside the school."""
    category: Figures
    """A case may be of several."""
    agency: Figures
    """Cases referred to each; a case may be referred to several."""
    not_acted: Figures
    """Cases with a decision not to do something, by what."""
    deadlines: Figures
    """Deadlines of all kinds; one that was missed stays so, also if it was met later."""
    overdue: Figures
    """Cases on which something is overdue now."""


def termly(period: Period, counts: Mapping[tuple[str, str], int]) -> Termly:
    """Return the figures of a term, small numbers suppressed, from how often each mark stands."""
    cases = counts.get(("case", ""), 0)

    def of(what: str, values: Iterable[str]) -> dict[str, int]:
        return {value: counts.get((what, value), 0) for value in values}

    def parts(what: str, values: Iterable[str], covers: Sequence[str] | None = None) -> Figures:
        # Of so few cases nothing is told: each has two deadlines at least.
        return _figures(None if is_small(cases) else told_parts(of(what, values), covers))

    def marks(what: str, values: Iterable[str], *, at_least_one: bool = False) -> Figures:
        return _figures(told_marks(of(what, values), cases, at_least_one=at_least_one))

    return Termly(
        term=period.name,
        first_day=period.first,
        last_day=date.fromordinal(period.after.toordinal() - 1),
        cases=told(cases),
        kind=parts("kind", Kind),
        progress=parts("progress", PROGRESS, covers=ENDED),
        route=parts("route", Route),
        category=marks("category", Category, at_least_one=True),
        agency=marks("agency", Agency),
        not_acted=marks("not_acted", NOT_ACTED),
        deadlines=parts("deadline", DEADLINES, covers=IN_TIME),
        overdue=marks("overdue", ("overdue",)),
    )


def _figures(shown: Told | None) -> Figures:
    return Figures(withheld=shown is None, counts=dict(shown or {}))
