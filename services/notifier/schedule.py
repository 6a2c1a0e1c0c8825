"""When to try again: soon at first, then every hour, for a day."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

Chance = Callable[[], float]
"""Returns a number from 0 up to, not including, 1."""

MINUTES: Final = (1, 5, 15, 30, *[60] * 23)
"""Pauses after the first, second, … failed try. Together just under 24 hours."""
JITTER: Final = 0.1
"""A pause is shortened or lengthened by up to this share, so that rows do not move in step."""

SILENCE_SECONDS: Final = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Pauses while incidents does not answer: it is on our own network, and comes back soon."""


def next_try(failures: int, now: datetime, chance: Chance = random.random) -> datetime | None:
    """Return when to try again after `failures` failed tries, or None when it was the last."""
    if failures > len(MINUTES):
        return None
    return now + timedelta(minutes=MINUTES[failures - 1]) * _varied(chance)


def next_question(silences: int, now: datetime, chance: Chance = random.random) -> datetime:
    """Return when to ask incidents again after it has not answered `silences` times in a row."""
    seconds = SILENCE_SECONDS[min(silences, len(SILENCE_SECONDS)) - 1]
    return now + timedelta(seconds=seconds) * _varied(chance)


def _varied(chance: Chance) -> float:
    return 1 + JITTER * (2 * chance() - 1)
