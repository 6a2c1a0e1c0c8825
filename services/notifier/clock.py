"""The time, as an argument: whoever needs it is given a `Clock`."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Returns the present moment, aware, in UTC."""


def now() -> datetime:
    """Return the present moment by the clock of this machine."""
    return datetime.now(UTC)
