"""When to try again: 1, 5, 15, 30, 60 minutes, then hourly, for a day."""

from datetime import UTC, datetime, timedelta
from itertools import accumulate

import pytest

from notifier.schedule import JITTER, MINUTES, next_question, next_try

NOW = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)  # half an hour before the clocks change
MIDDLE = 0.5


def pause(failures: int, chance: float = MIDDLE) -> timedelta:
    at = next_try(failures, NOW, lambda: chance)
    assert at is not None
    return at - NOW


def test_the_first_pauses_are_short_and_then_every_hour_is_one() -> None:
    minutes = [pause(failures) / timedelta(minutes=1) for failures in range(1, 9)]
    assert minutes == [1, 5, 15, 30, 60, 60, 60, 60]


def test_after_a_day_it_is_given_up() -> None:
    tries = list(accumulate(MINUTES))
    assert 23 * 60 < tries[-1] <= 24 * 60
    assert next_try(len(MINUTES), NOW, lambda: MIDDLE) is not None
    assert next_try(len(MINUTES) + 1, NOW, lambda: MIDDLE) is None


@pytest.mark.parametrize("failures", [1, 2, 27])
def test_jitter_moves_a_pause_by_a_tenth_at_most(failures: int) -> None:
    usual = pause(failures)
    assert pause(failures, 0.0) == usual * (1 - JITTER)
    assert usual < pause(failures, 0.999999) <= usual * (1 + JITTER)


def test_silence_is_asked_into_quickly_and_never_more_rarely_than_every_eleven_seconds() -> None:
    waits = [next_question(times, NOW, lambda: MIDDLE) - NOW for times in (1, 2, 3, 6, 100)]
    assert waits == sorted(waits)
    assert waits[0] == timedelta(seconds=0.25)
    assert next_question(10**6, NOW, lambda: 0.999999) - NOW < timedelta(seconds=11)
