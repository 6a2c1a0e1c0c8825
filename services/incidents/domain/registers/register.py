"""What a register is: a table about its entries, how they add up, and who sees how much of one.

An entry begins with the one row that has no entry yet. Whoever has neither a role nor a tie that
shows him an entry is told that there is none.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import msgspec
from msgspec.structs import replace

from incidents.domain.access import Sight
from incidents.domain.deciding import begun, decided, in_the_way, not_yours
from incidents.domain.facts import Event, Recorded, SchoolId, UserId
from incidents.domain.school import School, User
from incidents.domain.state import OPEN_DEADLINES, Deadline
from incidents.domain.table import Asking, Command, Reason, Refusal, Refuses, RowOf, TrackOf
from incidents.domain.timers import DeadlineMet, DeadlineSet
from incidents.domain.vocabulary import DeadlineState, Due, Role


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a register as its events add up. Words in it stay sealed."""

    id: UUID
    school: SchoolId
    version: int
    begun_at: datetime
    updated_at: datetime
    deadlines: Mapping[Due, Deadline] = {}

    @property
    def open_deadlines(self) -> tuple[Due, ...]:
        return tuple(due for due, d in self.deadlines.items() if d.state in OPEN_DEADLINES)

    def overdue(self, now: datetime) -> bool:
        """Whether something on it was due by now and has not been done."""
        return any(self.deadlines[due].due_at <= now for due in self.open_deadlines)


E = TypeVar("E", bound=Entry)
Tie = tuple[Sight, Callable[[E], frozenset[UserId]]]


class ForeignEntry(ValueError):
    """An event that no entry of this register has, or not there, stands in its history."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What somebody may do to an entry now, or every reason why not."""

    command: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Register(Generic[E]):
    """A register. `kind` is that of its streams, `path` its address below /api.

    `begin` is the row that begins an entry, `opened` what its first event makes of nothing.
    `sights` and `ties` say who sees how much: by role, and by what somebody is to the entry.
    `closed` names the fields that even then are only for some.
    """

    kind: str
    path: str
    entry: type[E]
    begin: RowOf[Any, Any]
    opened: Callable[[Any, Recorded], E]
    track: TrackOf[E]
    sights: Mapping[Role, Sight]
    ties: Mapping[StrEnum, Tie[E]]
    closed: Mapping[str, tuple[Role | StrEnum, ...]]
    unique: Callable[[Any], str | None] = lambda _command: None
    """What there may be only one entry of: a name out of the request that begins it."""

    @property
    def rows(self) -> tuple[RowOf[Any, Any], ...]:
        """Every row of the table, the one that begins an entry first."""
        return (self.begin, *self.track.rows)

    @property
    def events(self) -> Mapping[str, type[Event]]:
        """Every event of an entry by its stored topic."""
        return {event.TOPIC: event for event in (self.begin.records[0], *self.track.apply)}

    def decide(self, entry: E | None, command: Command, asking: Asking) -> "Decided":
        """Return what the command records, and in which role. `entry` None: it begins one.

        Raises `Refusal` as the rules of a case do.
        """
        row = self.row(type(command))
        role = self.may_ask(entry, type(command), asking.user)
        if entry is None:
            return Decided(role, begun(row, command, asking))
        return Decided(role, decided(self.track, row, entry, command, asking, told=True))

    def row(self, ask: type[Command]) -> RowOf[Any, Any]:
        """Return the row of a command of this register."""
        return next(row for row in self.rows if row.ask is ask)

    def may_ask(self, entry: E | None, ask: type[Command], user: User) -> Role:
        """Return the role in which this user asks this, whatever his request says.

        Raises `Refusal` where nobody would let him.
        """
        row = self.row(ask)
        role = self.acting_role(entry, user, row.who)
        if role is None:
            raise Refusal(Refuses.WHO, [not_yours(row)])
        return role

    def evolve(self, entry: E | None, recorded: Recorded) -> E:
        """Return the entry after one more event. Never refuses; raises `ForeignEntry`."""
        event = recorded.event
        if isinstance(event, self.begin.records[0]):
            return self.opened(event, recorded)
        if entry is None or type(event) not in self.track.apply:
            raise ForeignEntry(f"{event.TOPIC} does not belong there in a {self.track.name}")
        entry = self.track.apply[type(event)](entry, event, recorded)
        for row in self.track.rows:
            if (
                row.to is not None
                and self.track.place is not None
                and row.records[0] is type(event)
            ):
                entry = self.track.place(entry, row.to)
        return replace(entry, version=recorded.version, updated_at=recorded.recorded_at)

    def replay(self, history: Iterable[Recorded]) -> E:
        """Return the entry that a history adds up to. Raises ValueError for an empty one."""
        entry: E | None = None
        for recorded in history:
            entry = self.evolve(entry, recorded)
        if entry is None:
            raise ValueError("there is no history to replay")
        return entry

    def sight(self, entry: E, user: User) -> Sight:
        """Return how much of the entry this user sees now."""
        if user.school != entry.school:
            return Sight.NONE
        by_role = (self.sights.get(role, Sight.NONE) for role in user.roles_without_a_case)
        by_tie = (much for much, who in self.ties.values() if user.id in who(entry))
        return max((*by_role, *by_tie), default=Sight.NONE)

    def shows(self, field: str, entry: E, user: User) -> bool:
        """Whether this user may see a field of an entry that he sees."""
        return field not in self.closed or self.is_one_of(entry, user, self.closed[field])

    def acting_role(
        self, entry: E | None, user: User, who: Iterable[Role | StrEnum]
    ) -> Role | None:
        """Return the role this user would act in, None if none of `who` is his."""
        if entry is not None and user.school != entry.school:
            return None
        for one in who:
            if isinstance(one, Role):
                if one in user.roles:
                    return one
            elif entry is not None and user.id in self.ties[one][1](entry):
                return next((role for role in _RANK if role in user.roles), None)
        return None

    def is_one_of(self, entry: E, user: User, who: Iterable[Role | StrEnum]) -> bool:
        return self.acting_role(entry, user, who) is not None

    def offers(self, entry: E, asking: Asking) -> tuple[Offer, ...]:
        """Return everything people may ever ask on it, with what stands in this user's way now."""
        return tuple(
            Offer(row.name, tuple(self._in_the_way(row, entry, asking)))
            for row in self.track.rows
            if row.for_people
        )

    def _in_the_way(self, row: RowOf[E, Any], entry: E, asking: Asking) -> Iterable[Reason]:
        his = self.is_one_of(entry, asking.user, row.who)
        states = self.track.states(entry, None)
        return in_the_way(self.track, row, entry, asking, states=states, his=his, told=True)


@dataclass(frozen=True, slots=True)
class Decided:
    """What is to be recorded, and the role in which the asker did it."""

    role: Role
    events: tuple[Event, ...]


_RANK: Final = (Role.STAFF, *Role)


def begin_fields(recorded: Recorded) -> dict[str, Any]:
    """The fields that every entry has, as its first event gives them."""
    return {
        "id": recorded.stream,
        "school": recorded.school,
        "version": recorded.version,
        "begun_at": recorded.recorded_at,
        "updated_at": recorded.recorded_at,
    }


def works_here(school: School, *users: UserId | None) -> bool:
    """Whether each of them has an account at the school, with any role at all."""
    return all(school.roster.get(user) for user in users if user is not None)


# ── deadlines ─────────────────────────────────────────────────────────────────────────────────────


def unmoved(entry: E, _event: Event, _recorded: Recorded) -> E:
    """An event that is history, and changes nothing the rules look at."""
    return entry


def deadline_set(entry: E, event: DeadlineSet, _recorded: Recorded) -> E:
    deadline = Deadline(
        due_at=event.due_at, starts_at=event.starts_at, calendar_version=event.calendar_version
    )
    return replace(entry, deadlines={**entry.deadlines, event.due: deadline})


def deadline_at(state: DeadlineState) -> Callable[[E, Any, Recorded], E]:
    """What an event does that brings its deadline to `state`."""

    def apply(entry: E, event: Any, _recorded: Recorded) -> E:
        known = entry.deadlines.get(event.due)
        if known is None:
            return entry
        return replace(entry, deadlines={**entry.deadlines, event.due: replace(known, state=state)})

    return apply


def met(entry: Entry, due: Due) -> Iterable[DeadlineMet]:
    """The deadline met, if it is open."""
    return [DeadlineMet(due=due)] if due in entry.open_deadlines else []
