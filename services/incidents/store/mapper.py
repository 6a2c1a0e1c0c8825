"""From events to stored bytes and back: a closed list of topics, one layout, nothing imported.

The library's mapper resolves a topic by importing what it names; this one knows the topics it was
given and no other. Stored bytes are JSON in the layout of `Layout`; a 16-byte salt keeps a hash of
them from being guessed from what they say.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import msgspec
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent

from incidents.domain.facts import Actor, Event, Recorded, SchoolId
from incidents.store.errors import BadEventClass, NotSealed, UnknownTopic, UnreadableEvent
from incidents.store.sealing import SealedField

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]
"""Turns the stored payload of one schema of a topic into that of the next."""

SALT_BYTES: Final = 16
_E = TypeVar("_E")


class Layout(msgspec.Struct, Generic[_E], frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The stored bytes, in this order. Topic, stream and version are columns beside them."""

    schema: int
    salt: bytes
    event_id: UUID
    school: SchoolId
    recorded_at: datetime
    occurred_at: datetime
    actor: Actor
    policy_version: str
    calendar_version: str
    causation_id: UUID
    correlation_id: UUID
    data: _E


class Stamp(msgspec.Struct):
    """The two parts of the stored bytes that the log itself looks at."""

    event_id: UUID
    recorded_at: datetime


read_stamp: Final = msgspec.json.Decoder(Stamp).decode
_read_raw: Final = msgspec.json.Decoder(dict[str, Any]).decode


class _Kind:
    """What is known of one topic: its class, its words to seal and how its bytes are read."""

    def __init__(self, event: type[Event], sealed: tuple[SealedField, ...]) -> None:
        self.event = event
        self.sealed = tuple(field.name for field in sealed)
        self.layout: Any = Layout[event]  # type: ignore[valid-type]
        self.decode = msgspec.json.Decoder(self.layout).decode
        # `schema` is written first, so a glance tells whether the bytes are of today's schema.
        self.prefix = f'{{"schema":{event.SCHEMA},'.encode()


class EventMapper(Mapper[UUID]):
    """Maps `Recorded` facts of the given kinds."""

    def __init__(
        self,
        kinds: Mapping[str, type[Event]],
        sealed: Mapping[type[Event], tuple[SealedField, ...]],
        random: Callable[[int], bytes],
        upcasters: Mapping[tuple[str, int], Upcaster],
    ) -> None:
        """`upcasters` maps (topic, schema) to the step to the next schema.

        Raises BadEventClass when a class goes by another topic than its own, or when a schema
        between 1 and today's has no upcaster.
        """
        super().__init__(transcoder=JSONTranscoder())
        for topic, event in kinds.items():
            _check(topic, event, upcasters)
        self._kinds = {topic: _Kind(event, sealed[event]) for topic, event in kinds.items()}
        self._random = random
        self._upcasters = upcasters
        self._encode = msgspec.json.Encoder().encode

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> StoredEvent:
        """Raises UnknownTopic, NotSealed, and ValueError for a time that is not UTC."""
        assert isinstance(domain_event, Recorded)
        event = domain_event.event
        kind = self._kinds.get(event.TOPIC)
        if kind is None or type(event) is not kind.event:
            raise UnknownTopic(event.TOPIC)
        for field in kind.sealed:
            if isinstance(getattr(event, field), str):
                raise NotSealed(event.TOPIC, field)
        layout = Layout(
            schema=event.SCHEMA,
            salt=self._random(SALT_BYTES),
            event_id=domain_event.event_id,
            school=domain_event.school,
            recorded_at=_utc(domain_event.recorded_at),
            occurred_at=_utc(domain_event.occurred_at),
            actor=domain_event.actor,
            policy_version=domain_event.policy_version,
            calendar_version=domain_event.calendar_version,
            causation_id=domain_event.causation_id,
            correlation_id=domain_event.correlation_id,
            data=event,
        )
        return StoredEvent(
            domain_event.stream, domain_event.version, event.TOPIC, self._encode(layout)
        )

    def to_domain_event(self, stored_event: StoredEvent) -> Recorded:
        """Raises UnknownTopic, and UnreadableEvent for bytes that have not the layout."""
        kind = self._kinds.get(stored_event.topic)
        if kind is None:
            raise UnknownTopic(stored_event.topic)
        try:
            layout: Layout[Event] = (
                kind.decode(stored_event.state)
                if stored_event.state.startswith(kind.prefix)
                else self._decode_older(kind, stored_event.state)
            )
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise UnreadableEvent(
                stored_event.topic, stored_event.originator_version, str(error)
            ) from error
        stream = stored_event.originator_id
        assert isinstance(stream, UUID)
        return Recorded(
            event_id=layout.event_id,
            school=layout.school,
            stream=stream,
            version=stored_event.originator_version,
            recorded_at=layout.recorded_at,
            occurred_at=layout.occurred_at,
            actor=layout.actor,
            policy_version=layout.policy_version,
            calendar_version=layout.calendar_version,
            causation_id=layout.causation_id,
            correlation_id=layout.correlation_id,
            event=layout.data,
        )

    def _decode_older(self, kind: _Kind, state: bytes) -> Layout[Event]:
        raw = _read_raw(state)
        schema, today = raw.get("schema"), kind.event.SCHEMA
        if not isinstance(schema, int) or not 1 <= schema <= today:
            raise msgspec.ValidationError(f"this program reads its schemas 1 to {today} only")
        for older in range(schema, today):
            raw["data"] = self._upcasters[kind.event.TOPIC, older](raw["data"])
        layout: Layout[Event] = msgspec.convert(raw, kind.layout)
        return layout


def _check(topic: str, event: type[Event], upcasters: Mapping[tuple[str, int], Upcaster]) -> None:
    if topic != event.TOPIC:
        raise BadEventClass(f"{event.__name__} is registered as {topic}, but is {event.TOPIC}.")
    for schema in range(1, event.SCHEMA):
        if (topic, schema) not in upcasters:
            raise BadEventClass(
                f"{event.__name__} is at schema {event.SCHEMA}, but nothing turns schema {schema} "
                f"of {topic} into the next. Give an upcaster for ({topic!r}, {schema})."
            )


def _utc(moment: datetime) -> datetime:
    if moment.utcoffset() != timedelta(0):
        raise ValueError("A time of a recorded fact is not in UTC.")
    return moment
