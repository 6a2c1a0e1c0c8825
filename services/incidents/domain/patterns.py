"""The pattern rule: several low-level concerns about one person within a year, across all cases.

One nagging doubt means little; three in twelve months are looked at together (Keeping Children Safe
in Education, part four, section two). The concerns of other cases come in as an argument: nothing
here looks for them.
"""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from incidents.domain.deadlines import months_later
from incidents.domain.facts import CaseId, UserId


class KnownConcern(msgspec.Struct, frozen=True, kw_only=True):
    """A low-level concern on record: in which case, about whose account, when it was observed."""

    case: CaseId
    about: UserId
    observed_at: datetime


def pattern(
    latest: KnownConcern, others: Iterable[KnownConcern], *, count: int, months: int
) -> tuple[KnownConcern, ...]:
    """Return the concerns that make a pattern with the latest one, oldest first, or none.

    They are about the same person, and from the first of them to the last it is at most so many
    months. An entry made late counts where it belongs in time, not where it was written.
    """
    about = [latest, *(c for c in others if c.about == latest.about)]
    ordered = sorted(about, key=lambda concern: concern.observed_at)
    for first in ordered:
        end = months_later(first.observed_at, months)
        within = tuple(c for c in ordered if first.observed_at <= c.observed_at <= end)
        if len(within) >= count and latest in within:
            return within
    return ()
