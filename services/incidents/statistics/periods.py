"""The terms that figures are about."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple


class Season(StrEnum):
    """The three terms of a school year, by the months they lie in: the same for every school."""

    AUTUMN = "autumn"
    SPRING = "spring"
    SUMMER = "summer"


_BEGINS: Final[Mapping[Season, int]] = {Season.SPRING: 1, Season.SUMMER: 4, Season.AUTUMN: 9}


class Period(NamedTuple):
    """One term: the half-open range of its days."""

    year: int
    season: Season

    @property
    def name(self) -> str:
        return f"{self.year}-{self.season}"

    @property
    def first(self) -> date:
        return date(self.year, _BEGINS[self.season], 1)

    @property
    def after(self) -> date:
        """The day after its last."""
        match self.season:
            case Season.SPRING:
                return date(self.year, 4, 1)
            case Season.SUMMER:
                return date(self.year, 9, 1)
            case Season.AUTUMN:
                return date(self.year + 1, 1, 1)

    @classmethod
    def named(cls, name: str) -> "Period":
        """Return the term of this name, like 2026-autumn."""
        year, _, season = name.partition("-")
        return cls(int(year), Season(season))

    @classmethod
    def of(cls, day: date) -> "Period":
        """Return the term a day lies in."""
        season = max((s for s, month in _BEGINS.items() if month <= day.month), key=_BEGINS.get)  # type: ignore[arg-type]
        return cls(day.year, season)
