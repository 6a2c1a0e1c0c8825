"""The one place where a command meets a case: load, decide, seal, append.

A request is done when its events are durable; everything else follows the log. Whoever may not see
a case is told that there is none, before any rule is asked.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from incidents.changes import (
    AskedBefore,
    Change,
    Key,
    Stale,
    claim_key,
    done_before,
)
from incidents.clock import Clock, NewId, Random
from incidents.domain import case as rules
from incidents.domain.access import Sight, sight, walled
from incidents.domain.facts import Recorded, SchoolId
from incidents.domain.glass import BreakGlass, broken, is_broken, may_break
from incidents.domain.intake import LogIncident
from incidents.domain.links import NamesAnotherCase
from incidents.domain.moderation import CaptureEvidence
from incidents.domain.school import School, User
from incidents.domain.state import Case
from incidents.domain.table import Asking, Command, Refusal
from incidents.school_files import SchoolFiles
from incidents.store import (
    AlreadyClaimed,
    Claim,
    Found,
    Notification,
    Receipt,
    StateRow,
    Store,
    receipts,
)
from incidents.users import Users

KIND: Final = "case"
REMEMBERED: Final = 256
"""Cases that are kept as they were last read."""
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ENCODE: Final = msgspec.json.Encoder()
_DECODE: Final = msgspec.json.Decoder(Case)


class NoSuchCase(LookupError):
    """There is no such case, as far as this user may know."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a request has recorded. `case` is where the case stands afterwards."""

    case: Case
    receipt: tuple[Receipt, ...]
    events: tuple[Recorded, ...]


class Cases:
    """The cases of every school in one store."""

    def __init__(
        self,
        store: Store,
        users: Users,
        schools: Mapping[SchoolId, SchoolFiles],
        clock: Clock,
        new_id: NewId,
        random: Random,
    ) -> None:
        self.store = store
        self.users = users
        self.schools = schools
        self._clock = clock
        self.new_id = new_id
        self._random = random
        self._remembered: dict[UUID, Case] = {}
        self._schools: dict[SchoolId, School] = {}

    def log(self, user: User, command: LogIncident, key: Key | None = None) -> Done:
        """Begin a case. With the same key and body again, the first answer is given again.

        Raises `Refusal`, `KeyReused`, `StoreUnavailable`.
        """
        return self._write(lambda: _Log(self, user, command, key))

    async def logged(self, user: User, command: LogIncident, key: Key | None = None) -> Done:
        """`log` for a coroutine."""
        return await self._written(lambda: _Log(self, user, command, key))

    def ask(
        self,
        user: User,
        case_id: UUID,
        command: Command,
        *,
        version: int | None,
        key: Key | None = None,
        cause: UUID | None = None,
    ) -> Done:
        """Do what the command asks, on the case as it was at `version` (None: as it is now).

        `cause` is the event that a program answers to. Raises `NoSuchCase`, `Stale`, `Refusal`,
        `KeyReused`, `StoreUnavailable`.
        """
        self.prepare(user, case_id, command, version, key)
        return self._write(lambda: _Ask(self, user, case_id, command, version, key, cause))

    async def asked(
        self,
        user: User,
        case_id: UUID,
        command: Command,
        *,
        version: int | None,
        key: Key | None = None,
    ) -> Done:
        """`ask` for a coroutine."""
        if isinstance(command, CaptureEvidence):
            await asyncio.to_thread(self.prepare, user, case_id, command, version, key)
        return await self._written(lambda: _Ask(self, user, case_id, command, version, key, None))

    def prepare(
        self, user: User, case_id: UUID, command: Command, version: int | None, key: Key | None
    ) -> None:
        """Keep the file that a command brings, if it would be granted as things stand.

        Files take their time: they are kept before anybody's turn to write, and of a refused one
        nothing is. Raises as `ask`.
        """
        if not isinstance(command, CaptureEvidence):
            return
        case, _ = self.seen(user, case_id)
        if key is not None and self.store.claim(*claim_key(user, key.text)) is not None:
            return
        if version not in (None, case.version):
            raise Stale(case.version)
        rules.decide(case, command, self.asking(user, self.new_id()))
        self.store.blobs.keep(case.school, case.id, command.content)

    def entitled(
        self, user: User, case_id: UUID, ask: type[Command], key: str | None = None
    ) -> None:
        """Refuse whoever may not ask this on this case, whatever his request says.

        Where he asked the same before with this idempotency key, he may well have lost the right
        by it: he is given the first answer again. Raises `NoSuchCase`, `Refusal`.
        """
        case, _ = self.seen(user, case_id)
        try:
            rules.may_ask(case, ask, user)
        except Refusal:
            if key is None or self.store.claim(*claim_key(user, key)) is None:
                raise

    def seen(self, user: User, case_id: UUID) -> tuple[Case, Sight]:
        """Return the case and how much of it this user sees, also if he has broken the glass.

        Raises `NoSuchCase`.
        """
        row = self.store.state(case_id)
        case = self.decoded(row)
        if case is not None and self._is_broken(case, user):
            return case, Sight.FULL
        return self.visible(user, row)

    async def broken(
        self, user: User, case_id: UUID, command: BreakGlass, key: Key | None = None
    ) -> Done:
        """Let this user read a case that is not his to see, for a while.

        Raises `Refusal`, `NoSuchCase` also where he is walled out of it, `KeyReused`,
        `StoreUnavailable`.
        """
        may_break(user)
        return await self._written(lambda: _Break(self, user, case_id, command, key))

    def _is_broken(self, case: Case, user: User) -> bool:
        mine = case.school == user.school and not walled(case, user)
        return mine and is_broken(case, user, self._clock())

    def breakable(self, user: User, row: StateRow | None) -> Case:
        """Return a case that is there and not walled from this user. Raises `NoSuchCase`."""
        case = self.decoded(row)
        if case is None or case.school != user.school or walled(case, user):
            raise NoSuchCase
        return case

    def visible(self, user: User, row: StateRow | None) -> tuple[Case, Sight]:
        """Return the case of a state row and how much of it this user sees.

        Raises `NoSuchCase`.
        """
        case = self.decoded(row)
        much = sight(case, user) if case is not None else Sight.NONE
        if case is None or much is Sight.NONE:
            raise NoSuchCase
        return case, much

    def asking(self, user: User, request: UUID) -> Asking:
        """Return the frame of a request by this user at this moment."""
        return Asking(
            user=user,
            now=self.now(self.store.latest()),
            school=self.school(user.school),
            request=request,
        )

    def school(self, school: SchoolId, stamp: int | None = None) -> School:
        """Return what the rules need to know of a school, with who holds which role now.

        `stamp` is the store's for the users of the school, if it is known already.
        """
        roster = self.users.roster(school, stamp)
        known = self._schools.get(school)
        if known is None or known.roster is not roster:
            known = self._schools[school] = self.schools[school].with_roster(roster)
        return known

    def load(self, case_id: UUID) -> Case:
        """Return a case for our own programs, whoever may see it. Raises `NoSuchCase`."""
        case = self._load(case_id)
        if case is None:
            raise NoSuchCase
        return case

    def history(self, case_id: UUID, up_to: int | None = None) -> list[Recorded]:
        return self.store.history(case_id, up_to)

    # ── writing ───────────────────────────────────────────────────────────────────────────────────

    def _write(self, make: Callable[[], "_Change"]) -> Done:
        try:
            return self.store.write(make())
        except AskedBefore as before:
            return self._done_before(before.claim)
        except AlreadyClaimed:
            # Another case has this random reference: once in a great many.
            return self._write(make)

    async def _written(self, make: Callable[[], "_Change"]) -> Done:
        try:
            return await self.store.written(make())
        except AskedBefore as before:
            return await asyncio.to_thread(self._done_before, before.claim)
        except AlreadyClaimed:
            return await self._written(make)

    def _done_before(self, claim: Claim) -> Done:
        before = done_before(self.store, claim)
        return Done(rules.replay(before.history), before.receipt, before.events)

    # ── what a change needs ───────────────────────────────────────────────────────────────────────

    def decoded(self, row: StateRow | None) -> Case | None:
        """Return the case of a state row; the last few are remembered as they were read."""
        if row is None or row.kind != KIND:
            return None
        known = self._remembered.get(row.stream)
        if known is None or known.version != row.version:
            known = _DECODE.decode(row.state)
            self.remember(known)
        return known

    def remember(self, case: Case) -> None:
        """Keep a case as it stands at its version, in place of the one that was kept longest."""
        self._remembered[case.id] = case
        while len(self._remembered) > REMEMBERED:
            with suppress(KeyError, StopIteration, RuntimeError):
                # Other threads remember and forget meanwhile.
                del self._remembered[next(iter(self._remembered))]

    def reference(self) -> str:
        """Random, so that nobody can tell from a gap that there is a case he may not see."""
        letters = [_ALPHABET[byte % 32] for byte in self._random(8)]
        return f"CW-{''.join(letters[:4])}-{''.join(letters[4:])}"

    def _load(self, case_id: UUID) -> Case | None:
        return self.decoded(self.store.state(case_id))

    def now(self, latest: datetime | None) -> datetime:
        """The present moment, but never before the last thing on record."""
        now = self._clock()
        return now if latest is None else max(now, latest)


class _Change(Change[Case]):
    """One request that changes a case."""

    stream_kind = KIND

    def __init__(
        self, cases: Cases, user: User, command: Command, key: Key | None, cause: UUID | None
    ) -> None:
        super().__init__(cases, user, command, key, cause)
        self._cases = cases

    def evolve(self, state: Case | None, recorded: Recorded) -> Case:
        return rules.evolve(state, recorded)

    def answer(self, placed: Sequence[Notification]) -> Done:
        self._cases.remember(self.settled)
        return Done(self.settled, receipts(placed), tuple(self._sealed))


class _Log(_Change):
    """A report that begins a case."""

    def __init__(self, cases: Cases, user: User, command: LogIncident, key: Key | None) -> None:
        super().__init__(cases, user, command, key, None)
        self._report = command
        self._reference = cases.reference()

    def decide(self, found: Found) -> Sequence[Recorded]:
        self._state = None
        self._refuse_reused_key(found)
        asking = self._asking(found)
        decision = rules.log(self._report, self._reference, asking)
        return self._placed(asking.request, 1, decision.role, decision.events, asking)

    def _claimed(self, state: Case) -> Iterable[Claim]:
        return [Claim(state.school, "reference", self._reference, state.id)]


class _Ask(_Change):
    """A command on a case that is there."""

    def __init__(
        self,
        cases: Cases,
        user: User,
        case_id: UUID,
        command: Command,
        version: int | None,
        key: Key | None,
        cause: UUID | None,
    ) -> None:
        super().__init__(cases, user, command, key, cause)
        self._case_id = case_id
        self._other = command.other if isinstance(command, NamesAnotherCase) else None
        self.streams = (case_id,) if self._other is None else (case_id, self._other)
        self._version = version

    def decide(self, found: Found) -> Sequence[Recorded]:
        case = self._cases.visible(self._user, found.states.get(self._case_id))[0]
        self._refuse_reused_key(found)
        if self._version is not None and self._version != case.version:
            raise Stale(case.version)
        self._state = case
        asking = replace(self._asking(found), other=self._other_case(found))
        decision = rules.decide(case, self._command, asking)
        return self._placed(case.id, case.version + 1, decision.role, decision.events, asking)

    def _other_case(self, found: Found) -> Case | None:
        """The case that the command names beside this one, if the asker sees it."""
        try:
            row = None if self._other is None else found.states.get(self._other)
            return None if row is None else self._cases.visible(self._user, row)[0]
        except NoSuchCase:
            return None


class _Break(_Change):
    """The glass of a case, broken by somebody who does not see it."""

    def __init__(
        self, cases: Cases, user: User, case_id: UUID, command: BreakGlass, key: Key | None
    ) -> None:
        super().__init__(cases, user, command, key, None)
        self._break = command
        self.streams = (case_id,)

    def decide(self, found: Found) -> Sequence[Recorded]:
        case = self._cases.breakable(self._user, next(iter(found.states.values()), None))
        self._refuse_reused_key(found)
        self._state = case
        asking = self._asking(found)
        events = tuple(broken(case, self._break, asking))
        return self._placed(case.id, case.version + 1, may_break(self._user), events, asking)
