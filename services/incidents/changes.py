"""What every request that changes something has in common, whatever it changes.

Asked again with the same key it is not done again; it is decided on what is there when its turn
comes; and what it leads to is put in its place on its stream.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import ClassVar, Final, Generic, Protocol, TypeVar
from uuid import UUID

import msgspec

from incidents import users
from incidents.clock import NewId
from incidents.domain.facts import Actor, Event, Recorded, SchoolId
from incidents.domain.school import School, User
from incidents.domain.table import Asking, Command
from incidents.domain.vocabulary import Role
from incidents.store import Claim, ClaimKey, Found, Kind, Receipt, StateRow, Store

_ENCODE: Final = msgspec.json.Encoder()


class Stale(Exception):
    """It has moved on since it was read. `version` is where it stands now."""

    def __init__(self, version: int) -> None:
        super().__init__(f"It is at version {version} by now: read it again.")
        self.version = version


class KeyReused(Exception):
    """The idempotency key was used for another request before."""


class AskedBefore(Exception):
    """The same was asked before with this key: the first answer is given again."""

    def __init__(self, claim: Claim) -> None:
        self.claim = claim


@dataclass(frozen=True, slots=True)
class Key:
    """An idempotency key of one user, with the SHA-256 of the body it came with."""

    text: str
    body: str


class _Kept(msgspec.Struct, array_like=True):
    """What an idempotency claim remembers: the body, and the versions that it led to."""

    body: str
    first: int
    last: int


_KEPT: Final = msgspec.json.Decoder(_Kept)


class Desk(Protocol):
    """Where requests are dealt with: the time, the schools, and new ids."""

    @property
    def new_id(self) -> NewId: ...
    def now(self, latest: datetime | None) -> datetime: ...
    def school(self, school: SchoolId, stamp: int | None = None) -> School: ...


class Stands(Protocol):
    """Whatever a stream's events add up to."""

    @property
    def id(self) -> UUID: ...
    @property
    def school(self) -> SchoolId: ...
    @property
    def version(self) -> int: ...


S = TypeVar("S", bound=Stands)


class Change(ABC, Generic[S]):
    """One request, as the store's writer takes it through."""

    streams: Collection[UUID] = ()
    stream_kind: ClassVar[str] = ""

    def __init__(
        self,
        desk: Desk,
        user: User,
        command: Command,
        key: Key | None,
        cause: UUID | None = None,
    ) -> None:
        """`cause` is the event that a program answers to."""
        self._desk = desk
        self._user = user
        self._command = command
        self._key = key
        self._cause = cause
        self._state: S | None = None
        self._sealed: Sequence[Recorded] = ()
        self.claims: Collection[ClaimKey] = (claim_key(user, key.text),) if key else ()
        self.kinds: Collection[Kind] = (Kind(user.school, users.KIND),)

    @abstractmethod
    def decide(self, found: Found) -> Sequence[Recorded]:
        """Return the events that the request leads to. Raises `Refusal`."""

    @abstractmethod
    def evolve(self, state: S | None, recorded: Recorded) -> S:
        """Return what the stream adds up to with one more event."""

    def settle(self, sealed: Sequence[Recorded]) -> tuple[StateRow, Sequence[Claim]]:
        self._sealed = sealed
        for recorded in sealed:
            self._state = self.evolve(self._state, recorded)
        now = self.settled
        row = StateRow(now.id, now.school, self.row_kind, now.version, _ENCODE.encode(now))
        return row, [*self._claimed(now), *self._kept(now)]

    @property
    def row_kind(self) -> str:
        """The kind of the stream."""
        return self.stream_kind

    @property
    def settled(self) -> S:
        """What the stream adds up to afterwards."""
        assert self._state is not None
        return self._state

    def _claimed(self, state: S) -> Iterable[Claim]:
        return ()

    def _kept(self, state: S) -> Iterator[Claim]:
        if self._key is not None:
            kept = _Kept(self._key.body, self._sealed[0].version, state.version)
            key = claim_key(self._user, self._key.text)
            yield Claim(*key, stream=state.id, value=_ENCODE.encode(kept))

    def _refuse_reused_key(self, found: Found) -> None:
        """Raises `AskedBefore`, and `KeyReused` where it was with another body."""
        if self._key is None:
            return
        claim = found.claims.get(claim_key(self._user, self._key.text))
        if claim is None:
            return
        if _KEPT.decode(claim.value).body != self._key.body:
            raise KeyReused
        raise AskedBefore(claim)

    def _asking(self, found: Found) -> Asking:
        desk, user = self._desk, self._user
        return Asking(
            user=user,
            now=desk.now(found.latest),
            school=desk.school(user.school, found.stamps[Kind(user.school, users.KIND)]),
            request=desk.new_id(),
        )

    def _placed(
        self, stream: UUID, first: int, role: Role, events: Sequence[Event], asking: Asking
    ) -> list[Recorded]:
        happened: datetime | None = getattr(self._command, self._command.HAPPENED or "", None)
        return [
            Recorded(
                event_id=self._desk.new_id(),
                school=asking.school.id,
                stream=stream,
                version=first + n,
                recorded_at=asking.now,
                occurred_at=happened or asking.now,
                actor=Actor(user=asking.user.id, role=role),
                policy_version=asking.school.policy_version,
                calendar_version=asking.school.calendar_version(asking.now),
                causation_id=self._cause or asking.request,
                correlation_id=stream,
                event=event,
            )
            for n, event in enumerate(events)
        ]


@dataclass(frozen=True, slots=True)
class Before:
    """What a request recorded the first time: the stream up to then, and its own part of it."""

    history: list[Recorded]
    events: tuple[Recorded, ...]
    receipt: tuple[Receipt, ...]


def done_before(store: Store, claim: Claim) -> Before:
    """Return what the request that holds this claim recorded."""
    kept = _KEPT.decode(claim.value)
    stored = store.stored(claim.stream)[kept.first - 1 : kept.last]
    receipt = tuple(
        Receipt(one.position, one.version, sha256(one.state).hexdigest()) for one in stored
    )
    history = store.history(claim.stream, kept.last)
    return Before(history, tuple(history[kept.first - 1 :]), receipt)


def claim_key(user: User, key: str) -> ClaimKey:
    """A user's key under its hash: what a client chose as its key is nobody's business."""
    digest = sha256(f"{user.id}:{key}".encode()).hexdigest()
    return ClaimKey(user.school, "idempotency", digest)
