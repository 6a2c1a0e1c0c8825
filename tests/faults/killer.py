"""Ends one process of an installation after another without warning, until it is told to stop."""

import random
import threading
from collections import Counter
from types import TracebackType
from typing import Final, Self

from tests.support.whole import Whole

VICTIMS: Final = ("api", "worker", "notifier", "nats", "mailbox")
LEAST_SECONDS: Final = 1.0
MOST_SECONDS: Final = 2.0


class Killer:
    """Kills while entered; `killed` counts by name.

    Everyone's turn comes before anyone's second. The same seed draws the same names and pauses.
    """

    def __init__(self, whole: Whole, seed: int) -> None:
        self.killed: Counter[str] = Counter()
        self._whole = whole
        self._lot = random.Random(seed)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="killer")

    def _run(self) -> None:
        while True:
            for name in self._lot.sample(VICTIMS, len(VICTIMS)):
                if self._stop.wait(self._lot.uniform(LEAST_SECONDS, MOST_SECONDS)):
                    return
                self.killed[name] += self._whole.kill(name)

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
