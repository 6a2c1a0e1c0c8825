"""Waiting: for the bell that rings when the ledger has changed, and for no longer than we run."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


class Ear:
    """Hears the bell. A ring while nobody waits is heard at the next wait."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    async def wait(self, seconds: float | None = None) -> None:
        """Return at the next ring, or when the seconds are over."""
        try:
            await asyncio.wait_for(self._rung.wait(), seconds)
        except TimeoutError:
            return
        finally:
            self._rung.clear()

    def ring(self) -> None:
        """Wake this one."""
        self._rung.set()


class Bell:
    """Rung by whoever has changed the ledger, in the thread of the event loop."""

    def __init__(self) -> None:
        self._ears: list[Ear] = []

    def ear(self) -> Ear:
        """Return a new ear for one waiting task."""
        self._ears.append(Ear())
        return self._ears[-1]

    def ring(self) -> None:
        """Wake everybody."""
        for ear in self._ears:
            ear.ring()


async def unless(stopping: asyncio.Event, work: Coroutine[Any, Any, Result]) -> Result | None:
    """Return the result of `work`, or None when `stopping` is set first: then it is cancelled."""
    task, stop = asyncio.ensure_future(work), asyncio.ensure_future(stopping.wait())
    try:
        await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        task.cancel()
        stop.cancel()
        await asyncio.gather(task, stop, return_exceptions=True)
