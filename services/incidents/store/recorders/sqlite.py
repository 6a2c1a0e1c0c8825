"""The library's SQLite recorder on our own tables and connections.

An append is one transaction: events, state row and claims. The log's ids come in the order of the
commits and are never used twice; the file itself refuses to change or delete an event.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from threading import Event
from typing import Any, Final
from uuid import UUID

from eventsourcing.persistence import Notification, StoredEvent, Subscription
from eventsourcing.sqlite import (
    SQLiteApplicationRecorder,
    SQLiteCursor,
    SQLiteDatastore,
    SQLiteFactory,
)
from eventsourcing.utils import Environment, EnvType

from incidents.store.database import Connection, Database, IntegrityError, Row
from incidents.store.errors import AlreadyClaimed, ClockBehind, Conflict
from incidents.store.mapper import read_stamp
from incidents.store.records import Claim, StateRow
from incidents.store.writer import Writer

POLL_SECONDS: Final = 0.02
"""How long a commit of another process may stay unseen by a follower."""
FOLLOW_LIMIT: Final = 500

_SCHEMA: Final = (
    # AUTOINCREMENT: without it the id of a deleted last row would be given again.
    """CREATE TABLE IF NOT EXISTS stored_events (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        originator_id TEXT NOT NULL,
        originator_version INTEGER NOT NULL,
        topic TEXT NOT NULL,
        state BLOB NOT NULL,
        UNIQUE (originator_id, originator_version)
    )""",
    """CREATE TRIGGER IF NOT EXISTS events_are_never_changed BEFORE UPDATE ON stored_events
        BEGIN SELECT RAISE(ABORT, 'a recorded event is never changed'); END""",
    """CREATE TRIGGER IF NOT EXISTS events_are_never_deleted BEFORE DELETE ON stored_events
        BEGIN SELECT RAISE(ABORT, 'a recorded event is never deleted'); END""",
    # REPLACE deletes without asking the trigger above; it is stopped by the id it would take.
    """CREATE TRIGGER IF NOT EXISTS events_follow_one_another BEFORE INSERT ON stored_events
        BEGIN SELECT RAISE(ABORT, 'an event only follows the last one of its stream')
            WHERE EXISTS (SELECT 1 FROM stored_events WHERE id = NEW.id)
            OR NEW.originator_version <> 1 + coalesce((SELECT max(originator_version)
                FROM stored_events WHERE originator_id = NEW.originator_id), 0); END""",
    """CREATE TABLE IF NOT EXISTS states (
        stream TEXT PRIMARY KEY,
        school TEXT NOT NULL,
        kind TEXT NOT NULL,
        version INTEGER NOT NULL,
        state BLOB NOT NULL
    )""",
    # Users are few among many cases: listing them must not read them all.
    "CREATE INDEX IF NOT EXISTS states_by_kind ON states (school, kind)",
    """CREATE TABLE IF NOT EXISTS claims (
        school TEXT NOT NULL,
        kind TEXT NOT NULL,
        key TEXT NOT NULL,
        stream TEXT NOT NULL,
        value BLOB NOT NULL,
        PRIMARY KEY (school, kind, key)
    ) WITHOUT ROWID""",
)
_INSERT_EVENT: Final = (
    "INSERT INTO stored_events (originator_id, originator_version, topic, state) VALUES (?,?,?,?)"
)
_PUT_STATE: Final = """
    INSERT INTO states VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (stream) DO UPDATE SET version = excluded.version, state = excluded.state
    WHERE school = excluded.school AND kind = excluded.kind"""
_SELECT_CLAIM: Final = "SELECT * FROM claims WHERE school = ? AND kind = ? AND key = ?"


class AlreadyRecorded(Exception):
    """The very same events are in the log: an append whose answer was lost is being repeated."""

    def __init__(self, notifications: Sequence[Notification]) -> None:
        super().__init__("These events are already recorded.")
        self.notifications = notifications


class Datastore(SQLiteDatastore):
    """The library's datastore, with `Database` in place of its pool (readers never queue there)."""

    def __init__(self, db_name: str) -> None:
        super().__init__(db_name)
        self.database = Database(Path(db_name))

    @contextmanager
    def transaction(self, *, commit: bool) -> Iterator[SQLiteCursor]:
        """A cursor in a transaction that is committed, or one that only reads."""
        opened = self.database.writing() if commit else self.database.reading()
        with opened as connection:
            yield SQLiteCursor(connection.cursor())

    def close(self) -> None:
        """Close the file."""
        super().close()
        self.database.close()


class EventRecorder(SQLiteApplicationRecorder):
    """The log, the state rows and the claims of one events.db. Safe to share between threads."""

    datastore: Datastore

    def __init__(self, datastore: Datastore) -> None:
        super().__init__(datastore)
        self._writer = Writer(datastore.database)
        self._followers: set[Event] = set()

    def construct_create_table_statements(self) -> list[str]:
        """Ours alone: the library's table has no ids of its own and no triggers."""
        return list(_SCHEMA)

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int]:
        """Append events of one stream with its state row (`state`) and new `claims`.

        All are durable when it returns their positions; none is there when it raises. Raises
        AlreadyRecorded, Conflict, ClockBehind, AlreadyClaimed, StoreUnavailable.
        """
        state: StateRow = kwargs["state"]
        claims: Sequence[Claim] = kwargs["claims"]

        def append(connection: Connection) -> list[int]:
            positions = _append_events(connection, stored_events)
            _refuse_clock_behind(connection, positions[0], stored_events[0])
            _put_state(connection, state)
            for claim in claims:
                _put_claim(connection, claim)
            return positions

        positions = self._writer.write(append)
        for follower in tuple(self._followers):
            follower.set()
        return positions

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Return the log's events from `start` to `stop` in order, at most `limit` of them."""
        first = 0 if start is None else start + (not inclusive_of_start)
        statement = "SELECT * FROM stored_events WHERE id >= ?"
        parameters: list[int | str] = [first]
        if stop is not None:
            statement += " AND id <= ?"
            parameters.append(stop)
        if topics:
            statement += f" AND topic IN ({','.join('?' * len(topics))})"
            parameters.extend(topics)
        with self.datastore.database.reading() as connection:
            rows = connection.execute(f"{statement} ORDER BY id LIMIT ?", (*parameters, limit))
            return [_notification(row) for row in rows]

    def follow(
        self, after: int, stop: Event, limit: int = FOLLOW_LIMIT, topics: Sequence[str] = ()
    ) -> Iterator[Sequence[Notification]]:
        """Yield what is in the log after `after`, then what comes in, until `stop` is set.

        Wakes at once for this process's commits, within POLL_SECONDS for others' and for `stop`.
        """
        woken = Event()
        self._followers.add(woken)
        try:
            while not stop.is_set():
                woken.clear()
                batch = self.select_notifications(
                    after, limit, topics=topics, inclusive_of_start=False
                )
                if batch:
                    yield batch
                    after = batch[-1].id
                else:
                    woken.wait(POLL_SECONDS)
        finally:
            self._followers.discard(woken)

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> "LogSubscription":
        """Follow the log by the library's own interface."""
        return LogSubscription(self, gt, topics)

    def select_stream(self, stream: UUID) -> Sequence[Notification]:
        """Return a stream's events in order, each with its place in the log."""
        with self.datastore.database.reading() as connection:
            rows = connection.execute(
                "SELECT * FROM stored_events WHERE originator_id = ? ORDER BY originator_version",
                (stream.hex,),
            )
            return [_notification(row) for row in rows]

    def latest(self) -> Notification | None:
        """Return the last event of the log."""
        with self.datastore.database.reading() as connection:
            row = connection.execute(
                "SELECT * FROM stored_events ORDER BY id DESC LIMIT 1"
            ).fetchone()
        return None if row is None else _notification(row)

    def state(self, stream: UUID) -> StateRow | None:
        """Return the stream's state row."""
        with self.datastore.database.reading() as connection:
            row = connection.execute(
                "SELECT school, kind, version, state FROM states WHERE stream = ?", (stream.hex,)
            ).fetchone()
        return None if row is None else StateRow(stream, *row)

    def states(self, school: str, kind: str) -> list[StateRow]:
        """Return the state rows of one kind in one school."""
        with self.datastore.database.reading() as connection:
            rows = connection.execute(
                "SELECT stream, version, state FROM states WHERE school = ? AND kind = ?",
                (school, kind),
            )
            return [StateRow(UUID(row[0]), school, kind, row[1], row[2]) for row in rows]

    def stamp(self, school: str, kind: str) -> int:
        """Return a number that grows with every event of this kind of stream in the school."""
        with self.datastore.database.reading() as connection:
            total: int = connection.execute(
                "SELECT coalesce(sum(version), 0) FROM states WHERE school = ? AND kind = ?",
                (school, kind),
            ).fetchone()[0]
        return total

    def claim(self, school: str, kind: str, key: str) -> Claim | None:
        """Return the claim on `key`, if anybody holds it."""
        with self.datastore.database.reading() as connection:
            return _claim(connection, (school, kind, key))


class LogSubscription(Subscription[EventRecorder]):
    """The log one event at a time, for whatever of the library asks for a subscription."""

    def __init__(
        self, recorder: EventRecorder, gt: int | None = None, topics: Sequence[str] = ()
    ) -> None:
        super().__init__(recorder, gt, topics)
        self._stop = Event()
        self._notifications = chain.from_iterable(
            recorder.follow(gt or 0, self._stop, topics=topics)
        )

    def stop(self) -> None:
        """End the iteration, from whichever thread."""
        super().stop()
        self._stop.set()

    def __next__(self) -> Notification:
        if self._stop.is_set():
            raise StopIteration
        return next(self._notifications)


class Factory(SQLiteFactory):
    """What `PERSISTENCE_MODULE` names: the library's factory, with our recorder and datastore."""

    application_recorder_class: type[SQLiteApplicationRecorder] = EventRecorder

    def __init__(self, env: Environment | EnvType | None) -> None:
        super().__init__(env)
        self.datastore = Datastore(self.datastore.pool.db_name)


def _append_events(connection: Connection, events: Sequence[StoredEvent]) -> list[int]:
    rows = [_event_row(event) for event in events]
    try:
        return [_new_id(connection, row) for row in rows]
    except IntegrityError:
        # A connection may be lost after the commit and before the answer: the same event ids are
        # a repetition, not a conflict.
        there = [_find(connection, *row[:2]) for row in rows]
        known = [found for found in there if found is not None]
        if [read_stamp(found.state).event_id for found in known] == [
            read_stamp(event.state).event_id for event in events
        ]:
            raise AlreadyRecorded(known) from None
        raise Conflict from None


def _event_row(event: StoredEvent) -> tuple[str, int, str, bytes]:
    stream = event.originator_id
    assert isinstance(stream, UUID)
    return stream.hex, event.originator_version, event.topic, event.state


def _new_id(connection: Connection, row: tuple[str, int, str, bytes]) -> int:
    position = connection.execute(_INSERT_EVENT, row).lastrowid
    assert position is not None
    return position


def _find(connection: Connection, stream: str, version: int) -> Notification | None:
    row = connection.execute(
        "SELECT * FROM stored_events WHERE originator_id = ? AND originator_version = ?",
        (stream, version),
    ).fetchone()
    return None if row is None else _notification(row)


def _refuse_clock_behind(connection: Connection, position: int, first: StoredEvent) -> None:
    row = connection.execute(
        "SELECT state FROM stored_events WHERE id < ? ORDER BY id DESC LIMIT 1", (position,)
    ).fetchone()
    if row is None:
        return
    latest = read_stamp(row["state"]).recorded_at
    if read_stamp(first.state).recorded_at < latest:
        raise ClockBehind(latest)


def _put_state(connection: Connection, row: StateRow) -> None:
    written = connection.execute(
        _PUT_STATE, (row.stream.hex, row.school, row.kind, row.version, row.state)
    ).rowcount
    if written != 1:
        raise ValueError("A stream never changes its school or its kind.")


def _put_claim(connection: Connection, claim: Claim) -> None:
    try:
        connection.execute(
            "INSERT INTO claims VALUES (?, ?, ?, ?, ?)",
            (claim.school, claim.kind, claim.key, claim.stream.hex, claim.value),
        )
    except IntegrityError:
        taken = _claim(connection, (claim.school, claim.kind, claim.key))
        assert taken is not None
        raise AlreadyClaimed(taken) from None


def _claim(connection: Connection, key: tuple[str, str, str]) -> Claim | None:
    row = connection.execute(_SELECT_CLAIM, key).fetchone()
    if row is None:
        return None
    return Claim(row["school"], row["kind"], row["key"], UUID(row["stream"]), row["value"])


def _notification(row: Row) -> Notification:
    position, stream, version, topic, state = row
    return Notification(UUID(stream), version, topic, state, position)
