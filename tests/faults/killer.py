"""Ends one process of an installation after another without warning, until it is told to stop."""

import random
import threading
from collections import Counter
from types import TracebackType
from typing import Final, Self

from tests.support.whole import API_WORKER, PROGRAMS, Whole

VICTIMS: Final = (*PROGRAMS, API_WORKER)
LEAST_SECONDS: Final = 1.0
MOST_SECONDS: Final = 2.0
LOOK_SECONDS: Final = 0.1


class Killer:
    """Kills while entered; `killed` counts by name.

    Everyone's turn comes once, while others are down; when all have come back, once more. The same
    seed draws the same names and pauses.
    """

    def __init__(self, whole: Whole, seed: int) -> None:
        self.killed: Counter[str] = Counter()
        self._whole = whole
        self._lot = random.Random(seed)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="killer")

    def _run(self) -> None:
        while self._until_all_run():
            for name in self._lot.sample(VICTIMS, len(VICTIMS)):
                if self._stop.wait(self._lot.uniform(LEAST_SECONDS, MOST_SECONDS)):
                    return
                self.killed[name] += self._whole.kill(name)

    def _until_all_run(self) -> bool:
        """Let everything come back, or nothing would ever get done. False when told to stop."""
        while not self._whole.runs():
            if self._stop.wait(LOOK_SECONDS):
                return False
        return True

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()
