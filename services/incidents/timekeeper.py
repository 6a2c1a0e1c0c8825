"""Watches the deadlines: one that passes becomes one event, and through it one alert.

It asks the case or the account, which decides: asked twice, or after a step that met the deadline
just in time, it refuses. So a restart at the very moment, or two timekeepers, change nothing.
"""

import logging
from collections.abc import Iterator
from itertools import chain
from threading import Event as Signal
from typing import Final

from incidents.cases import Cases, NoSuchCase
from incidents.clock import Clock
from incidents.domain.registers import accounts
from incidents.domain.registers.account import MissAccountDeadline
from incidents.domain.school import User
from incidents.domain.table import Refusal
from incidents.domain.timers import MissDeadline
from incidents.domain.vocabulary import Role
from incidents.registers import NoSuchEntry, OfAccount, Registers
from incidents.store import StoreUnavailable
from incidents.views import Passed, Views

log: Final = logging.getLogger(__name__)

TICK: Final = 1.0
"""The longest a passed deadline waits to be seen, in seconds."""


class Timekeeper:
    """Looks for passed deadlines once a tick; `looks` counts how often it has."""

    def __init__(self, cases: Cases, registers: Registers, views: Views, clock: Clock) -> None:
        self.looks = 0
        self._cases = cases
        self._registers = registers
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
        now = self._clock()
        every: Iterator[Passed | OfAccount] = chain(
            self._views.passed(now), self._registers.passed(now)
        )
        for passed in every:
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

    def _miss(self, passed: Passed | OfAccount) -> bool:
        timekeeper = User(id=None, school=passed.school, roles=frozenset({Role.TIMEKEEPER}))
        try:
            if isinstance(passed, Passed):
                command = MissDeadline(due=passed.due)
                self._cases.ask(timekeeper, passed.case_id, command, version=None)
            else:
                miss = MissAccountDeadline(due=passed.due)
                self._registers.ask(timekeeper, accounts.REGISTER, passed.entry, miss)
        except (NoSuchCase, NoSuchEntry, Refusal) as reason:
            # Met, waived or missed since the view was written: it is a moment behind the log.
            log.debug("timekeeper: %s is settled already (%s)", passed.due, reason)
            return False
        return True
