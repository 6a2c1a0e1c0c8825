"""What a recorded fact is made of: an event, who recorded it and when, and sealed words.

An `Event` is the payload of a fact, in the past tense. `Recorded` puts it on its stream: who, in
which role, when it happened, when it was written down, and under which editions of the policy and
the calendar. Both are frozen: nothing in here is ever changed, only followed by something newer.

People's words and names are `Text`. They are plain `str` only on their way in; the store seals
them before anything is written, and what is read back stays `Sealed` until somebody who may read
it opens it. The rules never need to look inside.
"""

from datetime import datetime
from typing import Annotated, ClassVar, Final, NewType
from uuid import UUID

import msgspec

from incidents.domain.vocabulary import Role, Section

SchoolId = NewType("SchoolId", str)
CaseId = NewType("CaseId", UUID)
PersonId = NewType("PersonId", UUID)
UserId = NewType("UserId", UUID)

REDACTED: Final = "[erased]"
"""What a sealed text reads as once its key has been destroyed."""


class Sealed(msgspec.Struct, frozen=True, array_like=True):
    """A text under one key: AES-256-GCM, bound to its stream, version and field.

    `kid` names the key, never the person. `commitment` ties the ciphertext to one key only
    (AES-GCM alone does not). `version` and `field` say where it was first written, so that it can
    be opened from a state row or a view as well as from its event.
    """

    kid: str
    nonce: bytes
    ciphertext: bytes
    commitment: bytes
    version: int
    field: str


Text = str | Sealed
"""Words about or by people. Plain on the way in, sealed from then on."""


class SealedUnder:
    """Marks a `Text` field of an event with the key it is sealed under.

    Without `person`, the key of the stream itself (a case, a user). With it, the key of the person
    named by that sibling field, so that one person can be forgotten and the rest of the case stay.
    """

    def __init__(self, person: str | None = None) -> None:
        self.person = person


CaseText = Annotated[Text, SealedUnder()]


class Event(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The payload of one immutable fact. Subclasses give `TOPIC`, its name wherever it appears.

    Its fields carry no limits: what a body may say is the command's affair, and a limit tightened
    later must not keep an old event from being read.
    """

    TOPIC: ClassVar[str]
    SCHEMA: ClassVar[int] = 1
    SECTION: ClassVar[Section | None] = None
    """Whose words of it stay closed to all but a few, if any do."""


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who acts: a user in one of his roles, or one of our own programs (`user` is then None)."""

    user: UserId | None
    role: Role
    on_behalf_of: PersonId | None = None


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """An event in its place: one stream, one version, one moment, one actor.

    Times are aware UTC. `recorded_at` never goes back along the log; `occurred_at` may lie anywhere
    before it. `policy_version` and `calendar_version` are the editions in force at the time.
    """

    event_id: UUID
    school: SchoolId
    stream: UUID
    version: int
    recorded_at: datetime
    occurred_at: datetime
    actor: Actor
    policy_version: str
    calendar_version: str
    causation_id: UUID
    correlation_id: UUID
    event: Event

    @property
    def originator_id(self) -> UUID:
        """The stream, by the name the event store's library gives it."""
        return self.stream

    @property
    def originator_version(self) -> int:
        """The version, by the name the event store's library gives it."""
        return self.version
