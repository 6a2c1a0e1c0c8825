"""Watches the deadlines: one that passes becomes one event, and through it one alert.

It asks the case or the account, which decides: asked twice, or after a step that met the deadline
just in time, it refuses. So a restart at the very moment, or two timekeepers, change nothing.
"""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain
from threading import Event as Signal
from typing import Final

from incidents.cases import Cases, NoSuchCase
from incidents.clock import Clock
from incidents.domain.facts import CaseId
from incidents.domain.registers import accounts
from incidents.domain.registers.account import MissAccountDeadline
from incidents.domain.school import User
from incidents.domain.table import Refusal
from incidents.domain.timers import MissDeadline, RecalculateDeadline, due_now
from incidents.domain.vocabulary import Role
from incidents.registers import NoSuchEntry, OfAccount, Registers
from incidents.store import StoreUnavailable
from incidents.views import Passed, Views

log: Final = logging.getLogger(__name__)

_AT_ANY_TIME: Final = datetime.max.replace(tzinfo=UTC)
_ALL: Final = 10**9
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
        self.recalculate()
        while not stop.is_set():
            self.look()
            stop.wait(TICK)

    def recalculate(self) -> int:
        """Record every open deadline that another edition of the calendar moves; return how many.

        For the beginning: files are read when the program starts, so no edition changes later.
        """
        moved = 0
        for open_now in self._views.passed(_AT_ANY_TIME, limit=_ALL):
            moved += self._move(open_now)
        return moved

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

    def _move(self, known: Passed) -> bool:
        """Whether another edition of the calendar moved this deadline just now."""
        timekeeper = User(id=None, school=known.school, roles=frozenset({Role.TIMEKEEPER}))
        try:
            case, school = self._cases.load(CaseId(known.case_id)), self._cases.school(known.school)
            deadline = case.deadlines.get(known.due)
            if deadline is None or due_now(known.due, deadline, school) == deadline.due_at:
                return False
            command = RecalculateDeadline(due=known.due)
            self._cases.ask(timekeeper, known.case_id, command, version=None)
        except (NoSuchCase, Refusal) as reason:
            log.debug("timekeeper: %s stays as it is (%s)", known.due, reason)
            return False
        return True

    def _miss(self, passed: Passed | OfAccount) -> bool:
        timekeeper = User(id=None, school=passed.school, roles=frozenset({Role.TIMEKEEPER}))
        try:
            if isinstance(passed, Passed):
                if self._move(passed):
                    # By the calendar in force it may not have passed: the next look tells.
                    return False
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
