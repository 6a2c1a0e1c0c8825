"""A follower: one part of the work, done by one process at a time, begun again whenever it fails.

Whatever a part does would be harmless if two did it at once; its lease saves the work of doing it
twice, and lets another worker take over when this one is gone.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from threading import Event as Signal
from typing import Any, Final

from durable import HeldElsewhere, Hold, StoreUnavailable
from incidents.clock import Clock
from incidents.evidence import EvidenceAlarm
from incidents.evidence.checkpoint import KeyUnusable
from incidents.followers import Note
from incidents.relay import Interrupted, LogBehindStream

log: Final = logging.getLogger(__name__)

PAUSES: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
"""Seconds to wait after a failure, the first, the second, …; the last for all that follow."""
STAND_BY_SECONDS: Final = 1.0
"""Until the next try for a lease that another process has."""
LOOK_SECONDS: Final = 0.25
"""Between two looks at whether the lease is still ours."""
WELL_SECONDS: Final = 6.0
"""Having worked so long without failing, it works: no wait for an answer lasts as long."""
OWN_WORDS: Final = (StoreUnavailable, EvidenceAlarm, KeyUnusable, Interrupted, LogBehindStream)
"""What these say was written by us and quotes nobody; of others only the class is told."""

Work = Callable[[], Coroutine[Any, Any, None]]
"""Does the work until cancelled; when it has ended, nothing of it goes on. Resumes by itself."""
Lease = Callable[[], AbstractContextManager[Hold]]
"""Raises HeldElsewhere, StoreUnavailable."""
Chance = Callable[[], float]
"""Returns any number from 0 to 1, all equally often."""


@dataclass(frozen=True, slots=True)
class Part:
    """What is done. `position` says how far it is in the log, None when that is not known.

    `pulse` is something that changes whenever it gets on; both may raise StoreUnavailable.
    """

    name: str
    work: Work
    position: Callable[[], int | None] = lambda: None
    pulse: Callable[[], object] = lambda: None


class Follower:
    """Keeps one part going. `note` is what there is to know of it, None while another has it."""

    def __init__(
        self,
        part: Part,
        lease: Lease | None,
        *,
        holder: str,
        clock: Clock,
        chance: Chance,
    ) -> None:
        """Without a lease the part may run in several processes, and nothing is noted of it."""
        self.note: Note | None = None
        self.name = part.name
        self._part = part
        self._lease = lease
        self._holder = holder
        self._clock = clock
        self._chance = chance
        self._failures = 0
        self._pulse: object = None

    async def run(self) -> None:
        """Work, or stand by, until cancelled. Nothing that the part raises gets out."""
        while True:
            try:
                async with self._held() as hold:
                    await self._attempt(hold)
            except HeldElsewhere:
                self.note, self._failures = None, 0
                await asyncio.sleep(self._spread(STAND_BY_SECONDS))
            except Exception as reason:
                pause = self._failed(reason)
                await asyncio.sleep(pause)

    @asynccontextmanager
    async def _held(self) -> AsyncIterator[Hold | None]:
        if self._lease is None:
            yield None
            return
        lease = self._lease()
        entering = asyncio.ensure_future(asyncio.to_thread(lease.__enter__))
        try:
            hold = await asyncio.shield(entering)
            if self.note is None:
                log.info("%s: begins here", self.name)
                now = self._clock()
                self.note = Note(self.name, self._holder, None, moved_at=now, seen_at=now)
            yield hold
        finally:
            # Also when cancelled meanwhile: what a thread has got has to be given back.
            await asyncio.wait([entering])
            if entering.exception() is None:
                lease.__exit__(None, None, None)

    async def _attempt(self, hold: Hold | None) -> None:
        working = asyncio.ensure_future(self._part.work())
        loop = asyncio.get_running_loop()
        well_at = loop.time() + WELL_SECONDS
        try:
            while not (await asyncio.wait([working], timeout=LOOK_SECONDS))[0]:
                if hold is not None:
                    await asyncio.to_thread(hold.check)
                if loop.time() >= well_at:
                    self._works()
            working.result()
        finally:
            working.cancel()
            await asyncio.wait([working])

    async def look(self) -> None:
        """Bring the note up to date."""
        position, pulse = None, self._pulse
        if self.note is not None:
            with suppress(StoreUnavailable):  # then it stands still, as far as anybody can tell
                position, pulse = await asyncio.to_thread(self._seen)
        if self.note is None:
            return
        now = self._clock()
        self.note = replace(self.note, position=position, seen_at=now)
        if pulse != self._pulse:
            self._pulse = pulse
            self.note = replace(self.note, moved_at=now)
            self._works()

    def _seen(self) -> tuple[int | None, object]:
        return self._part.position(), self._part.pulse()

    def _works(self) -> None:
        self._failures = 0
        if self.note is not None and self.note.failures:
            self.note = replace(self.note, failures=0, failing_since=None, error=None, reason=None)

    def _failed(self, reason: Exception) -> float:
        """Note why, and return how long to wait before it is begun again."""
        self._failures += 1
        pause = self._spread(PAUSES[min(self._failures, len(PAUSES)) - 1])
        why = str(reason) if isinstance(reason, OWN_WORDS) else ""
        told = f"{type(reason).__name__}{f': {why}' if why else ''}"
        log.warning("%s: %s; resuming in %.2f s", self.name, told, pause)
        if self.note is not None:
            self.note = replace(
                self.note,
                failures=self._failures,
                failing_since=self.note.failing_since or self._clock(),
                error=type(reason).__name__,
                reason=why or None,
            )
        return pause

    def _spread(self, seconds: float) -> float:
        """Not all at the same moment, where several wait for the same thing."""
        return seconds * (0.75 + self._chance() / 2)


def in_a_thread(name: str, run: Callable[[Signal], None]) -> Work:
    """Return work that is done by a function that blocks until its signal is set.

    It gets a thread of its own: those of the pool are for what is over soon.
    """

    async def work() -> None:
        stop = Signal()
        thread = ThreadPoolExecutor(1, name)
        running = asyncio.get_running_loop().run_in_executor(thread, run, stop)
        try:
            await asyncio.shield(running)
        finally:
            stop.set()
            await asyncio.wait([running])
            thread.shutdown()

    return work
