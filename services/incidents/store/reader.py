"""Reads events.db as it lies there, without keys: for whoever checks it, perhaps on a copy."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from incidents.domain.facts import Event, Recorded
from incidents.store.database import Database
from incidents.store.mapper import EventMapper
from incidents.store.records import StateRow
from incidents.store.sealing import sealed_fields

_PAGE: Final = 500


class LogReader:
    """Streams, their state rows and their histories. Every method may raise StoreUnavailable."""

    def __init__(self, path: Path, events: Mapping[str, type[Event]]) -> None:
        fields = {kind: sealed_fields(kind) for kind in events.values()}
        self._mapper = EventMapper(events, fields, os.urandom, {})
        self._database = Database(path)

    def states(self) -> Iterator[StateRow]:
        """Yield every state row, in the order of the streams' ids."""
        after = ""
        while True:
            with self._database.reading() as connection:
                rows = connection.execute(
                    "SELECT stream, school, kind, version, state FROM states "
                    "WHERE stream > ? ORDER BY stream LIMIT ?",
                    (after, _PAGE),
                ).fetchall()
            for stream, *rest in rows:
                yield StateRow(UUID(stream), *rest)
            if len(rows) < _PAGE:
                return
            after = rows[-1][0]

    def without_state(self) -> list[UUID]:
        """Return the streams that have events and no state row."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT originator_id FROM stored_events WHERE originator_version = 1 "
                "AND originator_id NOT IN (SELECT stream FROM states)"
            ).fetchall()
        return [UUID(row[0]) for row in rows]

    def history(self, stream: UUID) -> list[Recorded]:
        """Return the stream's facts in order. Raises UnknownTopic and UnreadableEvent."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT originator_version, topic, state FROM stored_events "
                "WHERE originator_id = ? ORDER BY originator_version",
                (stream.hex,),
            ).fetchall()
        return [self._mapper.to_domain_event(StoredEvent(stream, *row)) for row in rows]

    def close(self) -> None:
        self._database.close()
