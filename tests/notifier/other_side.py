"""Incidents, as the notifier meets it: events on its stream, and answers to its questions.

What it answers is scripted; it keeps the documents it is given and can be silent or refuse.
"""

import json
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final
from uuid import UUID, uuid4, uuid5

import msgspec
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js.api import AckPolicy, ConsumerConfig, Header

from incidents import broker as brokers
from incidents.broker import INCIDENTS, NOTIFIER, Broker
from incidents.relay import partition
from notifier.broker import NoAnswer
from tests.notifier.letters.samples import usual

SCHOOL: Final = "oakfield01"
EMAIL: Final = "parent.{}@example.org"
SLT: Final = tuple(UUID(int=number) for number in (1, 2))
ONE_PERSON: Final = UUID(int=7)
OFFICES: Final = ("agency", "school_account")
PERSONAL: Final = ("The parent of", "parent.", "@example.org", "useless and a liar")
"""What must never be found outside a mail: names, addresses, words."""


class Script:
    """The answers. `refusals` by the question's name; `silent` answers nothing at all."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.refusals: dict[str, str] = {}
        self.people: dict[str, list[UUID | None]] = {"slt_pool": list(SLT)}
        self.documents: dict[UUID, tuple[str, bytes]] = {}
        self.facts_changed: dict[str, Any] = {}
        self.email = EMAIL
        self.silent = False
        self.garbled = False
        self.altered = False

    async def request(self, subject: str, payload: bytes, timeout_seconds: float) -> bytes:
        """Answer in place, without a broker: this is a `notifier.enquiries.Line`."""
        if self.silent:
            raise NoAnswer("silent")
        return self.answer(subject.rpartition(".")[2], payload)

    def answer(self, question: str, payload: bytes) -> bytes:
        self.asked[question] += 1
        if self.garbled:
            return b'{"something": "else"}'
        if question in self.refusals:
            return msgspec.json.encode({"refused": self.refusals[question]})
        asked = msgspec.json.decode(payload, type=dict[str, Any])
        return msgspec.json.encode(getattr(self, f"_{question}")(**asked))

    def _recipients(self, audience: str, **_: Any) -> dict[str, Any]:
        usually = [None] if audience in OFFICES else [ONE_PERSON]
        return {"recipients": self.people.get(audience, usually)}

    def _letter_data(self, letter: str, case_id: str, recipient_ref: str | None, **_: Any) -> Any:
        facts = usual(letter)
        facts["reference"] = reference(UUID(case_id))
        if recipient_ref is not None:
            facts["recipient"]["name"] = f"The parent of {case_id[:8]}"
            facts["recipient"]["email"] = self.email.format(recipient_ref[-1])
        return facts | self.facts_changed

    def _keep_document(self, letter_id: str, media_type: str, content: str, **_: Any) -> Any:
        kept = msgspec.convert(content, bytes)
        self.documents[UUID(letter_id)] = (media_type, kept)
        return {"sha256": sha256(kept).hexdigest()}

    def _delivery(self, case_id: str, letter_id: str, recipient_ref: str | None, **_: Any) -> Any:
        media_type, document = self.documents[UUID(letter_id)]
        return {
            "email": self.email.format((recipient_ref or "-")[-1]),
            "name": f"The parent of {case_id[:8]}",
            "document": document + b" " if self.altered else document,
            "media_type": media_type,
            "school": {"name": "Oak Field Primary School", "email": "office@example.com"},
            "reference": reference(UUID(case_id)),
        }


def reference(case_id: UUID) -> str:
    """A case's reference: what shows in subjects and nothing else does."""
    return f"CW-{case_id.hex[:4].upper()}-{case_id.hex[4:8].upper()}"


def event(case_id: UUID, kind: str, *, at: datetime | None = None, **data: Any) -> dict[str, Any]:
    """Return a thin CloudEvent as incidents publishes it."""
    event_id = str(data.pop("event_id", uuid4()))
    name = f"incidents.{kind}.v1"
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": f"/incidents/{SCHOOL}",
        "type": name,
        "subject": str(case_id),
        "time": (at or datetime.now(UTC)).isoformat(),
        "datacontenttype": "application/json",
        "dataschema": f"https://schemas.caseward.example/events/{name}.json",
        "data": {
            "school": SCHOOL,
            "case_id": str(case_id),
            "version": 1,
            "position": 1,
            **{name: str(v) if isinstance(v, UUID) else v for name, v in data.items()},
        },
    }


def letter_of(message: dict[str, Any], letter: str, recipient: UUID | None) -> UUID:
    """Return the id that the contract gives to a letter of this event."""
    return uuid5(UUID(message["id"]), f"{letter}:{recipient or '-'}")


class OtherSide:
    """A connection to the broker, as incidents has it. Use `open` and `close`."""

    def __init__(self, broker: Broker, script: Script) -> None:
        self.broker = broker
        self.script = script
        self._answering: Subscription | None = None

    @classmethod
    async def open(cls, url: str, script: Script, duplicate_window: float = 0.1) -> "OtherSide":
        broker = await brokers.connect(url, name="incidents")
        await brokers.set_up(broker.jetstream, duplicate_window=duplicate_window)
        other = cls(broker, script)
        await other.answer()
        return other

    async def answer(self) -> None:
        """Begin to answer questions."""
        client = self.broker.client
        self._answering = await client.subscribe("requests.incidents.*", cb=self._asked)
        await client.flush()

    async def fall_silent(self) -> None:
        """Answer nothing any more, as a service that is down."""
        if self._answering is not None:
            await self._answering.unsubscribe()
            self._answering = None
            await self.broker.client.flush()

    async def publish(self, message: dict[str, Any]) -> None:
        await self.publish_raw(
            json.dumps(message).encode(), UUID(message["subject"]), message_id=message["id"]
        )

    async def publish_raw(self, body: bytes, case_id: UUID, message_id: str | None = None) -> None:
        headers: dict[str, Any] = {Header.MSG_ID: message_id} if message_id else {}
        subject = f"incidents.{SCHOOL}.{partition(case_id)}.{case_id}"
        await self.broker.jetstream.publish(subject, body, headers=headers)

    async def outcomes(self, count: int) -> list[dict[str, Any]]:
        """Return the first `count` messages of the stream NOTIFIER, once they are there."""
        settings = ConsumerConfig(inactive_threshold=30, ack_policy=AckPolicy.NONE)
        reader = await self.broker.jetstream.pull_subscribe(
            "notifier.>", stream=NOTIFIER, config=settings
        )
        found: list[dict[str, Any]] = []
        while len(found) < count:
            found += [json.loads(message.data) for message in await reader.fetch(100, timeout=30)]
        await reader.unsubscribe()
        return found

    async def unread(self) -> int:
        """Return how many events have not been acknowledged yet."""
        left = 0
        for number in range(brokers.PARTITIONS):
            name = f"notifier-{number}"
            info = await self.broker.jetstream.consumer_info(INCIDENTS, name)
            left += (info.num_pending or 0) + (info.num_ack_pending or 0)
        return left

    async def close(self) -> None:
        await self.broker.close()

    async def _asked(self, message: Msg) -> None:
        if not self.script.silent:
            question = message.subject.rpartition(".")[2]
            await message.respond(self.script.answer(question, message.data))


def kinds(outcomes: Iterable[dict[str, Any]], letter_id: UUID) -> list[str]:
    """Return what was told about one letter, e.g. ["letter_drafted", "letter_sent"]."""
    return [
        outcome["type"].split(".")[1]
        for outcome in outcomes
        if outcome["data"]["letter_id"] == str(letter_id)
    ]
