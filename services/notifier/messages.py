"""What the notifier reads and writes: events that come in, questions it asks, outcomes it tells.

Readers are tolerant: a field we do not know is passed over. Everything that leaves is listed here,
field by field; `schemas/events/notifier.*.v1.json` is made from these Structs.
"""

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Final, Literal
from uuid import UUID
from zlib import crc32

import msgspec

SCHEMAS: Final = "https://schemas.caseward.example/events"
PARTITIONS: Final = 8


def partition(case_id: UUID) -> int:
    """Return the partition of a case, 0 to 7. It never changes."""
    return crc32(case_id.bytes) % PARTITIONS


class CloudEvent(msgspec.Struct, frozen=True, kw_only=True):
    """The envelope of every published message: CloudEvents 1.0, structured JSON."""

    specversion: Literal["1.0"]
    id: UUID
    source: str
    type: str
    subject: UUID
    time: Annotated[datetime, msgspec.Meta(tz=True)]
    datacontenttype: Literal["application/json"]
    dataschema: str
    data: dict[str, Any]


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """What is needed of the envelope of an event that comes in. `data` is for `OfCase`."""

    id: UUID
    type: str
    time: Annotated[datetime, msgspec.Meta(tz=True)]
    data: dict[str, Any]


class OfCase(msgspec.Struct, frozen=True, kw_only=True):
    """What the data of every event says: of which case it is."""

    school: str
    case_id: UUID


class Decision(OfCase, frozen=True, kw_only=True):
    """A decision of the case about one of its letters."""

    letter_id: UUID


class Approval(Decision, frozen=True, kw_only=True):
    """Somebody has read the document with this SHA-256 and lets it be sent."""

    document: str


class Resolution(Decision, frozen=True, kw_only=True):
    """Somebody has found out whether an uncertain letter arrived."""

    delivered: bool


# ── outcomes: what is told ────────────────────────────────────────────────────────────────────────

Sha256 = str
"""Lower-case hex."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of a letter. `letter` is its code, e.g. "L2"; `event_id` is what asked for it."""

    TOPIC: ClassVar[str]

    school: str
    case_id: UUID
    letter_id: UUID
    letter: str
    event_id: UUID
    recipient_ref: UUID | None = None


class LetterDrafted(Outcome, frozen=True, kw_only=True):
    """Written and kept with the case. `document` is the SHA-256 of the very bytes."""

    TOPIC = "notifier.letter_drafted"

    form: str
    audience: str
    media_type: str
    document: Sha256
    data_hash: Sha256
    template_hash: Sha256
    needs_approval: bool


class LetterSent(Outcome, frozen=True, kw_only=True):
    """Accepted by the next mail server, under this Message-ID."""

    TOPIC = "notifier.letter_sent"

    channel: str
    message_id: str


class LetterUncertain(Outcome, frozen=True, kw_only=True):
    """Perhaps sent: somebody must find out whether it arrived."""

    TOPIC = "notifier.letter_uncertain"

    reason: str


class LetterFailed(Outcome, frozen=True, kw_only=True):
    """Certainly not sent, and it will not be tried again."""

    TOPIC = "notifier.letter_failed"

    reason: str


class LetterWithdrawn(Outcome, frozen=True, kw_only=True):
    """Not sent, because incidents no longer allows it. A withdrawal by a person is not echoed."""

    TOPIC = "notifier.letter_withdrawn"

    reason: str


def type_of(outcome: type[Outcome]) -> str:
    """Return the published type of an outcome, e.g. `notifier.letter_sent.v1`."""
    return f"{outcome.TOPIC}.v1"


OUTCOMES: Final[Mapping[str, type[Outcome]]] = MappingProxyType(
    {
        type_of(outcome): outcome
        for outcome in (LetterDrafted, LetterSent, LetterUncertain, LetterFailed, LetterWithdrawn)
    }
)

# ── questions to incidents, and its answers ───────────────────────────────────────────────────────


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Incidents will not answer this question; `refused` is a code that says why."""

    refused: str


class RecipientsOf(msgspec.Struct, frozen=True, kw_only=True):
    """Who is to get this letter?"""

    SUBJECT: ClassVar = "requests.incidents.recipients"

    school: str
    case_id: UUID
    event_id: UUID
    letter: str
    audience: str


class Recipients(msgspec.Struct, frozen=True, kw_only=True):
    """One entry per person; None where the letter is for an office and not for a person."""

    recipients: list[UUID | None]


class FactsOf(msgspec.Struct, frozen=True, kw_only=True):
    """What is the letter to say? Answered with the facts, an object of the letter's own schema."""

    SUBJECT: ClassVar = "requests.incidents.letter_data"

    school: str
    case_id: UUID
    event_id: UUID
    letter: str
    audience: str
    recipient_ref: UUID | None
    written_on: date


class SchoolAddress(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    email: str


class Reachable(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    email: str | None = None


class AlertFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Of the facts of an alert, those that its envelope needs."""

    school: SchoolAddress
    recipient: Reachable


class KeepDocument(msgspec.Struct, frozen=True, kw_only=True):
    """Keep this letter, sealed, with its case. `content` travels in base64."""

    SUBJECT: ClassVar = "requests.incidents.keep_document"

    school: str
    case_id: UUID
    letter_id: UUID
    media_type: str
    content: bytes


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    sha256: Sha256


class DeliveryOf(msgspec.Struct, frozen=True, kw_only=True):
    """Where is this letter to go now, and what are its bytes?

    What asked for it is said again: the case may not have read yet that the letter was drafted.
    """

    SUBJECT: ClassVar = "requests.incidents.delivery"

    school: str
    case_id: UUID
    letter_id: UUID
    event_id: UUID
    letter: str
    audience: str
    recipient_ref: UUID | None
    document: Sha256
    media_type: str


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    email: str
    name: str
    document: bytes
    media_type: str
    school: SchoolAddress
    reference: str
