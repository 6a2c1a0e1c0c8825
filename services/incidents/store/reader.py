"""Reads the log as it lies there, without keys: for whoever checks it, perhaps on a copy.

Nothing in it is believed. What is not as the store writes it makes itself known when it is read.
"""

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from durable import Connection, Place
from incidents.domain.facts import Event, Recorded
from incidents.store.errors import UnknownTopic, UnreadableEvent
from incidents.store.mapper import EventMapper, Upcaster
from incidents.store.records import StateRow, Stored
from incidents.store.sealing import sealed_fields
from incidents.store.tables import LOG

_EVENT: Final = (
    "SELECT id, originator_id, originator_version, topic, state FROM stored_events WHERE "
)


class LogReader:
    """Streams, their state rows and their histories, all as they were at one moment.

    Streams go by the text that stands in the file. Every method may raise DatabaseError.
    """

    def __init__(self, connection: Connection, mapper: EventMapper) -> None:
        self._connection = connection
        self._mapper = mapper

    @classmethod
    @contextmanager
    def open(
        cls,
        place: Place,
        events: Mapping[str, type[Event]],
        upcasters: Mapping[tuple[str, int], Upcaster],
    ) -> Iterator["LogReader"]:
        """See the log as it is now, however much is appended meanwhile. Writes nothing.

        `events` and `upcasters` are those of `open_store`. Raises BadEventClass and
        StoreUnavailable, and so may the block.
        """
        fields = {kind: sealed_fields(kind) for kind in events.values()}
        mapper = EventMapper(events, fields, os.urandom, upcasters)
        database = place.open(LOG, read_only=True)
        try:
            with database.snapshot() as connection:
                yield cls(connection, mapper)
        finally:
            database.close()

    def streams(self) -> list[str]:
        """Return every stream that has events or a state row, in the order of their ids."""
        rows = self._connection.execute(
            "SELECT originator_id FROM stored_events UNION SELECT stream FROM states ORDER BY 1"
        )
        return [str(stream) for (stream,) in rows]

    def state(self, stream: str) -> StateRow | None:
        """Return the stream's state row. Raises ValueError if the stream is not a UUID."""
        row = self._connection.execute(
            "SELECT school, kind, version, state FROM states WHERE stream = ?", (stream,)
        ).fetchone()
        return None if row is None else StateRow(UUID(stream), *row)

    def history(self, stream: str) -> list[Stored]:
        """Return the stream's events in order. Raises ValueError if the stream is not a UUID."""
        rows = self._connection.execute(
            _EVENT + "originator_id = ? ORDER BY originator_version", (stream,)
        )
        return [_stored(*row) for row in rows]

    def positions(self, topics: Collection[str]) -> list[int]:
        """Return where in the log the events of these topics lie, in order."""
        marks = ",".join("?" * len(topics))
        rows = self._connection.execute(
            f"SELECT id FROM stored_events WHERE topic IN ({marks}) ORDER BY id",  # noqa: S608  ours
            tuple(topics),
        )
        return [position for (position,) in rows]

    def event(self, position: int) -> Stored:
        """Return the event there. Raises ValueError if its stream is not a UUID."""
        return _stored(*self._connection.execute(_EVENT + "id = ?", (position,)).fetchone())

    def decode(self, stored: Stored) -> Recorded:
        """Read a stored event. Raises UnknownTopic, and UnreadableEvent for anything else."""
        try:
            return self._mapper.to_domain_event(
                StoredEvent(stored.stream, stored.version, stored.topic, stored.state)
            )
        except (UnknownTopic, UnreadableEvent):
            raise
        except Exception as error:
            # Whoever wrote these bytes may have made them for a decoder or an upcaster to stumble
            # over. Where it does is what the reader wants to know, not how.
            raise UnreadableEvent(stored.topic, stored.version, type(error).__name__) from error


def _stored(position: int, stream: Any, version: int, topic: str, state: bytes) -> Stored:
    return Stored(position, UUID(str(stream)), version, topic, state)
