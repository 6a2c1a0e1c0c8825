"""Watches the deadlines: one that passes becomes one event, and through it one alert.

It asks the case, and the case decides: asked twice, or after a step that met the deadline just in
time, it refuses. So a restart at the very moment, or two timekeepers, change nothing.
"""

import logging
from threading import Event as Signal
from typing import Final

from incidents.cases import Cases, NoSuchCase
from incidents.clock import Clock
from incidents.domain.school import User
from incidents.domain.table import Refusal
from incidents.domain.timers import MissDeadline
from incidents.domain.vocabulary import Role
from incidents.store import StoreUnavailable
from incidents.views import Passed, Views

log: Final = logging.getLogger(__name__)

TICK: Final = 1.0
"""The longest a passed deadline waits to be seen, in seconds."""


class Timekeeper:
    """Looks for passed deadlines once a tick; `looks` counts how often it has."""

    def __init__(self, cases: Cases, views: Views, clock: Clock) -> None:
        self.looks = 0
        self._cases = cases
        self._views = views
        self._clock = clock

    def run(self, stop: Signal) -> None:
        """Watch until `stop` is set. Raises `StoreUnavailable`, and what it did not expect."""
        while not stop.is_set():
            self.look()
            stop.wait(TICK)

    def look(self) -> int:
        """Record every deadline that has passed by now; return how many.

        One that cannot be recorded keeps no other waiting: what stood in its way is raised last.
        """
        missed = 0
        troubles: list[Exception] = []
        for passed in self._views.passed(self._clock()):
            try:
                missed += self._miss(passed)
            except StoreUnavailable:
                raise
            except Exception as trouble:
                troubles.append(trouble)
        if troubles:
            raise troubles[0]
        self.looks += 1
        return missed

    def _miss(self, passed: Passed) -> bool:
        timekeeper = User(id=None, school=passed.school, roles=frozenset({Role.TIMEKEEPER}))
        try:
            command = MissDeadline(due=passed.due)
            self._cases.ask(timekeeper, passed.case_id, command, version=None)
        except (NoSuchCase, Refusal) as reason:
            # Met, waived or missed since the view was written: it is a moment behind the log.
            log.debug("timekeeper: %s is settled already (%s)", passed.due, reason)
            return False
        return True
