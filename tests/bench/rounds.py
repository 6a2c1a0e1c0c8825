"""What rounds of measurements add up to. Subjects take turns; ratios are made round by round.

Whatever else the machine does then falls on all of them alike.
"""

from collections.abc import Mapping, Sequence
from statistics import median

import msgspec


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One act of one subject in one round."""

    database: str
    cases: int
    subject: str
    act: str
    clients: int
    round: int
    per_second: float
    median: float
    slowest_hundredth: float
    busy: float


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """The most memory a worker of a subject has taken in a round, in MB."""

    database: str
    cases: int
    subject: str
    round: int
    peak: float


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """A ratio over all rounds, and what it has to be: at least `bar`, or at most with `most`.

    `act`, `clients` and `other` (the subject it is held against) are empty where they mean nothing.
    """

    name: str
    against: str
    database: str
    cases: int
    act: str = ""
    clients: int = 0
    other: str = ""
    ratios: tuple[float, ...]
    bar: float | None = None
    most: bool = False

    @property
    def ratio(self) -> float:
        return median(self.ratios)

    @property
    def spread(self) -> tuple[float, float]:
        """The smallest and the largest."""
        return min(self.ratios), max(self.ratios)

    @property
    def holds(self) -> bool | None:
        """Whether the median keeps the bar; None where there is none."""
        if self.bar is None:
            return None
        return self.ratio <= self.bar if self.most else self.ratio >= self.bar

    def line(self) -> dict[str, object]:
        """Return it as one line of what `make bench` prints."""
        return {
            "name": self.name,
            "ratio": round(self.ratio, 3),
            "spread": [round(one, 3) for one in self.spread],
            "against": self.against,
            "bar": self.bar,
            "holds": self.holds,
        }


def by_round(measured: Sequence[Measured]) -> Mapping[int, float]:
    """Return requests per second by round. Raises ValueError if a round comes twice."""
    found = {one.round: one.per_second for one in measured}
    if len(found) != len(measured):
        raise ValueError("A round was measured twice: these are not of one subject and act.")
    return found


def speed_ratios(ours: Sequence[Measured], theirs: Sequence[Measured]) -> tuple[float, ...]:
    """Return how many times as fast ours was, for each round that has both."""
    mine, other = by_round(ours), by_round(theirs)
    return tuple(mine[n] / other[n] for n in sorted(mine.keys() & other.keys()))


def cost_ratios(large: Sequence[Measured], small: Sequence[Measured]) -> tuple[float, ...]:
    """Return what one request costs among many cases, by what it costs among few."""
    return speed_ratios(small, large)
