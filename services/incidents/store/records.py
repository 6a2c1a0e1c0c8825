"""What goes into the store and comes out of it, beside the events themselves."""

from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

import msgspec


@dataclass(frozen=True, slots=True)
class Stored:
    """One event as it lies in the log. `position` orders the whole log and may have gaps."""

    position: int
    stream: UUID
    version: int
    topic: str
    state: bytes


@dataclass(frozen=True, slots=True)
class StateRow:
    """Where a stream stands after its last event, ready to load. `kind` is "case" or "user".

    `state` is whatever its reader made of sealed events; words in it stay sealed.
    """

    stream: UUID
    school: str
    kind: str
    version: int
    state: bytes


class ClaimKey(NamedTuple):
    """What a claim is taken on: a name, once per school and kind."""

    school: str
    kind: str
    key: str


class Kind(NamedTuple):
    """One kind of stream ("user") in one school."""

    school: str
    kind: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A name taken once per school and kind ("idempotency", "reference", "token") by a stream."""

    school: str
    kind: str
    key: str
    stream: UUID
    value: bytes = b""

    @property
    def claim_key(self) -> ClaimKey:
        return ClaimKey(self.school, self.kind, self.key)


class Receipt(msgspec.Struct, frozen=True):
    """What proves later that an event was accepted: its place and the SHA-256 of its bytes."""

    position: int
    version: int
    sha256: str
