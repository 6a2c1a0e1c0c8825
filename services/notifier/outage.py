"""Waiting for a database that is away. Nothing is given up for it, and nothing is done twice."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from durable import StoreUnavailable
from notifier.bell import unless

log: Final = logging.getLogger(__name__)

PAUSES: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0)
"""Seconds to wait after a failure, the first, the second, …; the last for all that follow."""

Result = TypeVar("Result")


async def outlast(
    stopping: asyncio.Event,
    work: Callable[[], Awaitable[Result]],
    *,
    except_for: tuple[type[StoreUnavailable], ...] = (),
) -> Result | None:
    """Return what `work` returns, begun again until the database lets it.

    Once told to stop, it is not begun again, and None is returned. `work` has to find out itself
    how far it came the last time: what was not known to be kept may have been. Raises what is named
    in `except_for`.
    """
    failures = 0
    while not (failures and stopping.is_set()):
        try:
            return await work()
        except except_for:
            raise
        except StoreUnavailable as outage:
            failures += 1
            await pause(stopping, outage, failures)
    return None


async def pause(stopping: asyncio.Event, outage: Exception, failures: int) -> None:
    """Wait after so many failures in a row, or until told to stop."""
    log.warning("no-database", extra={"reason": outage, "count": failures})
    await unless(stopping, asyncio.sleep(PAUSES[min(failures, len(PAUSES)) - 1]))
