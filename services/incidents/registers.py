"""The registers at work: entries begun, changed and read, and the question about a picture.

One service for all of them. What the rules say is in each register's own table; who may not see an
entry is told that there is none, before any rule is asked.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import msgspec

from incidents import users
from incidents.cases import Cases
from incidents.changes import AskedBefore, Change, Key, Stale, claim_key, done_before
from incidents.domain.access import Sight
from incidents.domain.facts import REDACTED, Event, Recorded, SchoolId, Sealed, Text
from incidents.domain.registers import REGISTERS, accounts, grants, images
from incidents.domain.registers.images import (
    CHECKERS,
    CheckPublication,
    Checks,
    Objection,
    ObjectionState,
    PublicationChecked,
)
from incidents.domain.registers.register import Entry, Register
from incidents.domain.school import User
from incidents.domain.table import Asking, Command, Reason, Refusal, Refuses
from incidents.domain.vocabulary import DeadlineState, Due, Role
from incidents.store import (
    Claim,
    ClaimKey,
    Found,
    Kind,
    Notification,
    Receipt,
    StateRow,
    Store,
    receipts,
)

E = TypeVar("E", bound=Entry)
R = TypeVar("R")
_DECODERS: Final[dict[str, msgspec.json.Decoder[Any]]] = {
    register.kind: msgspec.json.Decoder(register.entry) for register in REGISTERS
}
_DECODE_CHECKS: Final = msgspec.json.Decoder(Checks)
_UNIQUE: Final = "register"
"""The kind of a claim on what there may be only one entry of."""


class NoSuchEntry(LookupError):
    """There is no such entry, as far as this user may know."""


@dataclass(frozen=True, slots=True)
class Written(Generic[E]):
    """What a request has recorded. `entry` is how the entry stands afterwards."""

    entry: E
    receipt: tuple[Receipt, ...]
    events: tuple[Recorded, ...]


@dataclass(frozen=True, slots=True)
class Happening:
    """One event of an entry, and what it says as far as its reader may know."""

    recorded: Recorded
    said: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Checked:
    """The answer to the question about a picture, and that it was asked."""

    may_be_published: bool
    receipt: tuple[Receipt, ...]


@dataclass(frozen=True, slots=True)
class OfAccount:
    """A deadline of an account that has passed unmet."""

    school: SchoolId
    entry: UUID
    due: Due


class Registers:
    """The registers of every school in one store."""

    def __init__(self, cases: Cases) -> None:
        self.cases = cases
        self._known: dict[Kind, tuple[int, tuple[Any, ...]]] = {}

    @property
    def store(self) -> Store:
        return self.cases.store

    # ── changing ──────────────────────────────────────────────────────────────────────────────────

    async def begun(
        self, user: User, register: Register[E], command: Command, key: Key | None = None
    ) -> Written[E]:
        """Begin an entry. With the same key and body again, the first answer is given again.

        Raises `Refusal`, `KeyReused`, `StoreUnavailable`.
        """
        return await self._written(_Begin(self, register, user, command, key), register)

    async def asked(
        self,
        user: User,
        register: Register[E],
        entry: UUID,
        command: Command,
        *,
        version: int | None,
        key: Key | None = None,
    ) -> Written[E]:
        """Do what the command asks, on the entry as it was at `version` (None: as it is now).

        Raises `NoSuchEntry`, `Stale`, `Refusal`, `KeyReused`, `StoreUnavailable`.
        """
        ask = _Ask(self, register, user, entry, command, version, key)
        return await self._written(ask, register)

    def begin(self, user: User, register: Register[E], command: Command) -> Written[E]:
        """`begun` for a thread."""
        return self.store.write(_Begin(self, register, user, command, None))

    def as_granted(self, user: User, now: datetime) -> User:
        """Return the user as he may look around at this moment: an auditor as far as was granted.

        Everybody else as he is.
        """
        if Role.AUDITOR not in user.roles:
            return user
        standing = self.all(user.school, grants.REGISTER)
        return msgspec.structs.replace(user, only=grants.granted(standing, user, now))

    def ask(self, user: User, register: Register[E], entry: UUID, command: Command) -> Written[E]:
        """`asked` for a thread, on the entry as it is now."""
        return self.store.write(_Ask(self, register, user, entry, command, None, None))

    async def checked(
        self, user: User, command: CheckPublication, key: Key | None = None
    ) -> Checked:
        """Return whether the picture may be published, and record that it was asked.

        Raises `Refusal`, `KeyReused`, `StoreUnavailable`.
        """
        may_check(user)
        check = await asyncio.to_thread(_Check, self, user, command, key)
        try:
            return await self.store.written(check)
        except AskedBefore as before:
            found = await asyncio.to_thread(done_before, self.store, before.claim)
            event = found.events[0].event
            assert isinstance(event, PublicationChecked)
            return Checked(event.may_be_published, found.receipt)

    # ── reading ───────────────────────────────────────────────────────────────────────────────────

    def entitled(
        self,
        user: User,
        register: Register[E],
        entry: UUID | None,
        ask: type[Command],
        key: str | None = None,
    ) -> None:
        """Refuse whoever may not ask this, whatever his request says. Raises as `asked`."""
        of = None if entry is None else self.seen(user, register, entry)[0]
        try:
            register.may_ask(of, ask, user)
        except Refusal:
            # By what he asked he may have lost the right to ask it: the first answer is his.
            if key is None or self.store.claim(*claim_key(user, key)) is None:
                raise

    def seen(self, user: User, register: Register[E], entry: UUID) -> tuple[E, Sight]:
        """Return the entry and how much of it this user sees. Raises `NoSuchEntry`."""
        return self.visible(user, register, self.store.state(entry))

    def visible(self, user: User, register: Register[E], row: StateRow | None) -> tuple[E, Sight]:
        """Return the entry of a state row, and how much of it this user sees.

        Raises `NoSuchEntry`.
        """
        if row is None or row.kind != register.kind:
            raise NoSuchEntry
        entry: E = _DECODERS[row.kind].decode(row.state)
        much = register.sight(entry, user)
        if much is Sight.NONE:
            raise NoSuchEntry
        return entry, much

    def entries(self, user: User, register: Register[E]) -> list[tuple[E, Sight]]:
        """Return every entry this user sees, the newest first.

        Raises `Refusal` where nobody like him is ever shown one.
        """
        if not register.ties and not user.roles & set(register.sights):
            people = ", ".join(sorted(set(register.sights)))
            reason = Reason("role", f"The list is for: {people}.")
            raise Refusal(Refuses.WHO, [reason])
        every = ((e, register.sight(e, user)) for e in self.all(user.school, register))
        shown = [(entry, much) for entry, much in every if much is not Sight.NONE]
        return sorted(shown, key=lambda one: (one[0].begun_at, one[0].id), reverse=True)

    def all(self, school: SchoolId, register: Register[E]) -> tuple[E, ...]:
        """Return every entry of a school, for our own programs."""
        return self._all(Kind(school, register.kind), _DECODERS[register.kind].decode)[1]

    def words(self, entry: Entry, much: Sight) -> Callable[[Text], str]:
        """Return how the words of an entry read to somebody who sees so much of it."""

        def words(text: Text) -> str:
            if much is Sight.AUDIT:
                return WITHHELD
            return self._open(entry, text)

        return words

    def history(self, user: User, register: Register[E], entry: UUID) -> list[Happening]:
        """Return everything that happened to an entry, as this user may read it.

        Raises `NoSuchEntry`.
        """
        of, much = self.seen(user, register, entry)
        words = self.words(of, much)
        return [
            Happening(recorded, dict(_told(register, of, user, recorded.event, words)))
            for recorded in self.store.history(entry)
        ]

    def replayed(self, history: Sequence[Recorded]) -> Mapping[str, Any] | None:
        """Return the entry a history adds up to, words withheld; None if it is no entry's."""
        first = type(history[0].event)
        register = next((one for one in REGISTERS if one.begin.records[0] is first), None)
        if register is None:
            return None
        entry = register.replay(history)
        return {name: _withheld(getattr(entry, name)) for name in entry.__struct_fields__}

    def objections(self, school: SchoolId, stamp: int | None = None) -> tuple[int, list[str]]:
        """Return whoever is not to be pictured by name, and the stamp of the list."""
        kind = Kind(school, images.REGISTER.kind)
        stamp, found = self._all(kind, _DECODERS[kind.kind].decode, stamp)
        names = (self._open(one, one.name) for one in found if _stands(one))
        return stamp, [name for name in names if name != REDACTED]

    def passed(self, now: datetime) -> Iterator[OfAccount]:
        """Yield the deadlines of accounts that are open and have passed."""
        for school in self.cases.schools:
            for account in self.all(school, accounts.REGISTER):
                for due, deadline in account.deadlines.items():
                    if deadline.state is DeadlineState.OPEN and deadline.due_at <= now:
                        yield OfAccount(school, account.id, due)

    # ── parts ─────────────────────────────────────────────────────────────────────────────────────

    def _all(
        self, kind: Kind, decode: Callable[[bytes], Any], stamp: int | None = None
    ) -> tuple[int, tuple[Any, ...]]:
        """The entries of a kind, read again only when one of them has changed."""
        stamp = self.store.stamp(*kind) if stamp is None else stamp
        known = self._known.get(kind)
        if known is None or known[0] != stamp:
            rows = self.store.states(*kind)
            known = self._known[kind] = (stamp, tuple(decode(row.state) for row in rows))
        return known

    def _open(self, entry: Entry, text: Text) -> str:
        if isinstance(text, str):
            return text
        return self.store.open(text, school=entry.school, stream=entry.id)

    async def _written(self, change: "_Change[E]", register: Register[E]) -> Written[E]:
        try:
            return await self.store.written(change)
        except AskedBefore as before:
            found = await asyncio.to_thread(done_before, self.store, before.claim)
            return Written(register.replay(found.history), found.receipt, found.events)


WITHHELD: Final = "[withheld]"
"""What an auditor reads in place of people's words."""


def _told(
    register: Register[E], entry: E, user: User, event: Event, words: Callable[[Text], str]
) -> Iterator[tuple[str, Any]]:
    for name in event.__struct_fields__:
        if register.shows(name, entry, user):
            value = getattr(event, name)
            yield name, words(value) if isinstance(value, Sealed) else value


def _withheld(value: Any) -> Any:
    return WITHHELD if isinstance(value, Sealed) else value


def may_check(user: User) -> Role:
    """Return the role in which this user asks about a picture. Raises `Refusal`."""
    role = next((role for role in CHECKERS if role in user.roles), None)
    if role is None:
        people = ", ".join(CHECKERS)
        raise Refusal(Refuses.WHO, [Reason("role", f"Only for: {people}.")])
    return role


def _stands(objection: Objection) -> bool:
    return objection.state is ObjectionState.RECORDED


# ── what a change needs ───────────────────────────────────────────────────────────────────────────


class _Change(Change[E]):
    """One request that changes an entry."""

    def __init__(
        self,
        registers: Registers,
        register: Register[E],
        user: User,
        command: Command,
        key: Key | None,
    ) -> None:
        super().__init__(registers.cases, user, command, key)
        self._registers = registers
        self._register = register

    @property
    def row_kind(self) -> str:
        return self._register.kind

    def evolve(self, state: E | None, recorded: Recorded) -> E:
        return self._register.evolve(state, recorded)

    def answer(self, placed: Sequence[Notification]) -> Written[E]:
        return Written(self.settled, receipts(placed), tuple(self._sealed))


class _Begin(_Change[E]):
    """A request that begins an entry."""

    def __init__(
        self,
        registers: Registers,
        register: Register[E],
        user: User,
        command: Command,
        key: Key | None,
    ) -> None:
        super().__init__(registers, register, user, command, key)
        name = register.unique(command)
        self._only: ClaimKey | None = None
        if name is not None:
            self._only = ClaimKey(user.school, _UNIQUE, f"{register.kind}:{name}")
            self.claims = (*self.claims, self._only)

    def decide(self, found: Found) -> Sequence[Recorded]:
        self._state = None
        self._refuse_reused_key(found)
        asking = self._asking(found)
        decided = self._register.decide(None, self._command, asking)
        if self._only in found.claims:
            raise Refusal(Refuses.STATE, [Reason("only_one", "This is in the register already.")])
        return self._placed(asking.request, 1, decided.role, decided.events, asking)

    def _claimed(self, state: E) -> Iterable[Claim]:
        return [] if self._only is None else [Claim(*self._only, stream=state.id)]


class _Ask(_Change[E]):
    """A command on an entry that is there."""

    def __init__(
        self,
        registers: Registers,
        register: Register[E],
        user: User,
        entry: UUID,
        command: Command,
        version: int | None,
        key: Key | None,
    ) -> None:
        super().__init__(registers, register, user, command, key)
        self.streams = (entry,)
        self._version = version

    def decide(self, found: Found) -> Sequence[Recorded]:
        row = next(iter(found.states.values()), None)
        entry, _ = self._registers.visible(self._user, self._register, row)
        self._refuse_reused_key(found)
        if self._version is not None and self._version != entry.version:
            raise Stale(entry.version)
        self._state = entry
        asking = self._asking(found)
        decided = self._register.decide(entry, self._command, asking)
        return self._placed(entry.id, entry.version + 1, decided.role, decided.events, asking)


class _Check(Change[Checks]):
    """The question about a picture. It is answered before anybody's turn to write."""

    stream_kind = images.CHECKS_KIND

    def __init__(
        self, registers: Registers, user: User, command: CheckPublication, key: Key | None
    ) -> None:
        super().__init__(registers.cases, user, command, key)
        self._registers = registers
        self._names = command.names
        self._month = images.checks_of(user.school, registers.cases.now(None))
        self._objections = Kind(user.school, images.REGISTER.kind)
        self.streams: Collection[UUID] = (self._month,)
        self.kinds = (Kind(user.school, users.KIND), self._objections)
        self._stamp, self._may = self._asked(None)

    def decide(self, found: Found) -> Sequence[Recorded]:
        self._refuse_reused_key(found)
        row = found.states.get(self._month)
        self._state = None if row is None else _DECODE_CHECKS.decode(row.state)
        stamp = found.stamps[self._objections]
        if stamp != self._stamp:
            # Somebody objected, or no longer does, since it was answered.
            self._stamp, self._may = self._asked(stamp)
        asking: Asking = self._asking(found)
        event = PublicationChecked(people=len(self._names), may_be_published=self._may)
        version = 1 if self._state is None else self._state.version + 1
        return self._placed(self._month, version, may_check(self._user), [event], asking)

    def evolve(self, state: Checks | None, recorded: Recorded) -> Checks:
        return images.evolve_checks(state, recorded)

    def answer(self, placed: Sequence[Notification]) -> Checked:
        return Checked(self._may, receipts(placed))

    def _asked(self, stamp: int | None) -> tuple[int, bool]:
        found, names = self._registers.objections(self._user.school, stamp)
        return found, images.may_be_published(self._names, names)
