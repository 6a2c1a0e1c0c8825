"""Many requests at once through the store's writer, beside raw SQL that is handed them ready-made.

Raw SQL puts as many into each transaction as there are who ask; ours finds them itself.
"""

import asyncio
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol
from uuid import UUID

import psycopg
from eventsourcing.persistence import Notification

from incidents.domain.facts import Recorded
from incidents.store import Claim, ClaimKey, Found, StateRow, Store, Stored
from incidents.store.records import Kind

AT_ONCE: Final = 32
TIMES: Final = 8
"""How often each of those who ask at once does."""

_EVENT: Final = (
    "INSERT INTO stored_events (originator_id, originator_version, topic, state) VALUES "
)
_STATE: Final = """INSERT INTO states VALUES {} ON CONFLICT (stream) DO UPDATE
    SET version = excluded.version, state = excluded.state"""


class Raw(Protocol):
    """Raw SQL of one kind."""

    def record(self, events: Sequence[Stored], states: Sequence[StateRow]) -> None:
        """Write everything in one transaction, durable when it returns."""


class RawSqlite:
    """Two prepared statements on one connection to a file."""

    def __init__(self, path: Path, schema: Sequence[str]) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, cached_statements=128)
        for statement in schema:
            self._connection.execute(statement)

    def record(self, events: Sequence[Stored], states: Sequence[StateRow]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany(_EVENT + "(?, ?, ?, ?)", map(_event, events))
        self._connection.executemany(_STATE.format("(?, ?, ?, ?, ?)"), map(_state, states))
        self._connection.execute("COMMIT")


class RawPostgres:
    """The same on one connection to a server."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True)
        self._connection.execute("CREATE SCHEMA raw")
        self._connection.execute("SET search_path = raw")
        self._connection.execute(
            """CREATE TABLE stored_events (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            originator_id TEXT, originator_version BIGINT, topic TEXT, state BYTEA,
            UNIQUE (originator_id, originator_version))"""
        )
        self._connection.execute(
            """CREATE TABLE states (stream TEXT PRIMARY KEY, school TEXT, kind TEXT,
            version BIGINT, state BYTEA)"""
        )

    def record(self, events: Sequence[Stored], states: Sequence[StateRow]) -> None:
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.executemany(_EVENT + "(%s, %s, %s, %s)", map(_event, events))
            cursor.executemany(_STATE.format("(%s, %s, %s, %s, %s)"), map(_state, states))

    def close(self) -> None:
        self._connection.close()


@dataclass(frozen=True, slots=True)
class Asking:
    """A request that records one event which was sealed before, as the first of its stream."""

    sealed: Recorded
    row: StateRow
    claims: Collection[ClaimKey] = ()
    kinds: Collection[Kind] = ()

    @property
    def streams(self) -> Collection[UUID]:
        return (self.row.stream,)

    def decide(self, found: Found) -> Sequence[Recorded]:
        return [self.sealed]

    def settle(self, sealed: Sequence[Recorded]) -> tuple[StateRow, Sequence[Claim]]:
        return self.row, ()

    def answer(self, placed: Sequence[Notification]) -> int:
        return placed[0].id


async def asked(store: Store, requests: Sequence[Sequence[Asking]]) -> None:
    """Have everybody ask one thing after another, all of them at once."""

    async def one_after_another(mine: Sequence[Asking]) -> None:
        for request in mine:
            await store.written(request)

    await asyncio.gather(*map(one_after_another, requests))


def recorded_raw(raw: Raw, requests: Sequence[Sequence[Asking]], like: Stored) -> None:
    """The same events and rows: as many in each transaction as ask at once."""
    for turn in zip(*requests, strict=True):
        rows = [request.row for request in turn]
        raw.record([_like(like, row.stream) for row in rows], rows)


def _like(stored: Stored, stream: UUID) -> Stored:
    return Stored(0, stream, 1, stored.topic, stored.state)


def _event(stored: Stored) -> tuple[Any, ...]:
    return stored.stream.hex, stored.version, stored.topic, stored.state


def _state(row: StateRow) -> tuple[Any, ...]:
    return row.stream.hex, row.school, row.kind, row.version, row.state
