"""The one place where a command meets a case: load, decide, seal, append.

A request is done when its events are durable; everything else follows the log. Whoever may not see
a case is told that there is none, before any rule is asked.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

import msgspec

from incidents import users
from incidents.clock import Clock, NewId, Random
from incidents.domain import case as rules
from incidents.domain.access import Sight, sight
from incidents.domain.case import Decision
from incidents.domain.facts import Actor, CaseId, Recorded, SchoolId
from incidents.domain.intake import LogIncident
from incidents.domain.moderation import CaptureEvidence
from incidents.domain.school import School, User
from incidents.domain.state import Case
from incidents.domain.table import Asking, Command, Refusal
from incidents.school_files import SchoolFiles
from incidents.store import (
    AlreadyClaimed,
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
from incidents.users import Users

KIND: Final = "case"
REMEMBERED: Final = 256
"""Cases that are kept as they were last read."""
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ENCODE: Final = msgspec.json.Encoder()
_DECODE: Final = msgspec.json.Decoder(Case)


class NoSuchCase(LookupError):
    """There is no such case, as far as this user may know."""


class Stale(Exception):
    """The case has moved on since it was read. `version` is where it stands now."""

    def __init__(self, version: int) -> None:
        super().__init__(f"The case is at version {version} by now: read it again.")
        self.version = version


class KeyReused(Exception):
    """The idempotency key was used for another request before."""


@dataclass(frozen=True, slots=True)
class Key:
    """An idempotency key of one user, with the SHA-256 of the body it came with."""

    text: str
    body: str


@dataclass(frozen=True, slots=True)
class Done:
    """What a request has recorded. `case` is where the case stands afterwards."""

    case: Case
    receipt: tuple[Receipt, ...]
    events: tuple[Recorded, ...]


class _Kept(msgspec.Struct, array_like=True):
    """What an idempotency claim remembers: the body, and the versions that it led to."""

    body: str
    first: int
    last: int


_KEPT: Final = msgspec.json.Decoder(_Kept)


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
        if key is not None and self.store.claim(*_claim_key(user, key.text)) is not None:
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
            if key is None or self.store.claim(*_claim_key(user, key)) is None:
                raise

    def seen(self, user: User, case_id: UUID) -> tuple[Case, Sight]:
        """Return the case and how much of it this user sees. Raises `NoSuchCase`."""
        return self.visible(user, self.store.state(case_id))

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
        except _AskedBefore as before:
            return self._done_before(before.claim)
        except AlreadyClaimed:
            # Another case has this random reference: once in a great many.
            return self._write(make)

    async def _written(self, make: Callable[[], "_Change"]) -> Done:
        try:
            return await self.store.written(make())
        except _AskedBefore as before:
            return await asyncio.to_thread(self._done_before, before.claim)
        except AlreadyClaimed:
            return await self._written(make)

    def _done_before(self, claim: Claim) -> Done:
        kept = _KEPT.decode(claim.value)
        stored = self.store.stored(claim.stream)[kept.first - 1 : kept.last]
        receipt = tuple(
            Receipt(one.position, one.version, sha256(one.state).hexdigest()) for one in stored
        )
        history = self.store.history(claim.stream, kept.last)
        return Done(rules.replay(history), receipt, tuple(history[kept.first - 1 :]))

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


class _AskedBefore(Exception):
    """The same was asked before with this key: the first answer is given again."""

    def __init__(self, claim: Claim) -> None:
        self.claim = claim


class _Change(ABC):
    """One request that changes a case, as the store's writer takes it through."""

    streams: Collection[UUID] = ()

    def __init__(
        self, cases: Cases, user: User, command: Command, key: Key | None, cause: UUID | None
    ) -> None:
        self._cases = cases
        self._user = user
        self._command = command
        self._key = key
        self._cause = cause
        self._case: Case | None = None
        self._sealed: Sequence[Recorded] = ()
        self.claims: Collection[ClaimKey] = (_claim_key(user, key.text),) if key else ()
        self.kinds = (Kind(user.school, users.KIND),)

    @abstractmethod
    def decide(self, found: Found) -> Sequence[Recorded]:
        """Return the events that the request leads to. Raises `Refusal`."""

    def settle(self, sealed: Sequence[Recorded]) -> tuple[StateRow, Sequence[Claim]]:
        self._sealed = sealed
        for recorded in sealed:
            self._case = rules.evolve(self._case, recorded)
        case = self._case
        assert case is not None
        row = StateRow(case.id, case.school, KIND, case.version, _ENCODE.encode(case))
        return row, [*self._claimed(case), *self._kept(case)]

    def answer(self, placed: Sequence[Notification]) -> Done:
        assert self._case is not None
        self._cases.remember(self._case)
        return Done(self._case, receipts(placed), tuple(self._sealed))

    def _claimed(self, case: Case) -> Iterable[Claim]:
        return ()

    def _kept(self, case: Case) -> Iterator[Claim]:
        if self._key is not None:
            kept = _Kept(self._key.body, self._sealed[0].version, case.version)
            key = _claim_key(self._user, self._key.text)
            yield Claim(*key, stream=case.id, value=_ENCODE.encode(kept))

    def _refuse_reused_key(self, found: Found) -> None:
        for claim in found.claims.values():
            if self._key is not None and _KEPT.decode(claim.value).body != self._key.body:
                raise KeyReused
            raise _AskedBefore(claim)

    def _asking(self, found: Found) -> Asking:
        cases, user = self._cases, self._user
        return Asking(
            user=user,
            now=cases.now(found.latest),
            school=cases.school(user.school, found.stamps[self.kinds[0]]),
            request=cases.new_id(),
        )

    def _placed(
        self, case_id: CaseId, first: int, decision: Decision, asking: Asking
    ) -> list[Recorded]:
        happened: datetime | None = getattr(self._command, self._command.HAPPENED or "", None)
        return [
            Recorded(
                event_id=self._cases.new_id(),
                school=asking.school.id,
                stream=case_id,
                version=first + n,
                recorded_at=asking.now,
                occurred_at=happened or asking.now,
                actor=Actor(user=asking.user.id, role=decision.role),
                policy_version=asking.school.policy_version,
                calendar_version=asking.school.calendar_version(asking.now),
                causation_id=self._cause or asking.request,
                correlation_id=case_id,
                event=event,
            )
            for n, event in enumerate(decision.events)
        ]


class _Log(_Change):
    """A report that begins a case."""

    def __init__(self, cases: Cases, user: User, command: LogIncident, key: Key | None) -> None:
        super().__init__(cases, user, command, key, None)
        self._report = command
        self._reference = cases.reference()

    def decide(self, found: Found) -> Sequence[Recorded]:
        self._case = None
        self._refuse_reused_key(found)
        asking = self._asking(found)
        decision = rules.log(self._report, self._reference, asking)
        return self._placed(CaseId(asking.request), 1, decision, asking)

    def _claimed(self, case: Case) -> Iterable[Claim]:
        return [Claim(case.school, "reference", self._reference, case.id)]


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
        self.streams = (case_id,)
        self._version = version

    def decide(self, found: Found) -> Sequence[Recorded]:
        case = self._cases.visible(self._user, next(iter(found.states.values()), None))[0]
        self._refuse_reused_key(found)
        if self._version is not None and self._version != case.version:
            raise Stale(case.version)
        self._case = case
        asking = self._asking(found)
        decision = rules.decide(case, self._command, asking)
        return self._placed(case.id, case.version + 1, decision, asking)


def _claim_key(user: User, key: str) -> ClaimKey:
    """A user's key under its hash: what a client chose as its key is nobody's business."""
    digest = sha256(f"{user.id}:{key}".encode()).hexdigest()
    return ClaimKey(user.school, "idempotency", digest)
