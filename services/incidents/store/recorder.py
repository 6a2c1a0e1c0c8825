"""The library's recorder on our own tables: the log, the state rows and the claims.

The log's ids come in the order of the commits and are never used twice; the database itself refuses
to change or delete an event. The SQL is written once, for SQLite and PostgreSQL.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from threading import Event, Lock
from typing import Any, Final
from uuid import UUID

from eventsourcing.persistence import (
    ApplicationRecorder,
    Notification,
    StoredEvent,
    Subscription,
)

from durable import Connection, Database, Row
from incidents.store.records import Claim, ClaimKey, Kind, StateRow

POLL_SECONDS: Final = 0.02
"""How long a commit of another process may stay unseen by a follower."""
FOLLOW_LIMIT: Final = 500
_ROWS_AT_ONCE: Final = 1000
"""A statement takes 32,766 values in SQLite and 65,535 in PostgreSQL."""

_EVENTS: Final = "SELECT id, originator_id, originator_version, topic, state FROM stored_events "
_EVENTS_OF: Final = "SELECT originator_version, topic, state FROM stored_events "
_STATES: Final = "SELECT stream, school, kind, version, state FROM states "
_CLAIMS: Final = "SELECT school, kind, key, stream, value FROM claims "


class EventRecorder(ApplicationRecorder):
    """Reads the log, the state rows and the claims. Safe to share between threads.

    What is written goes through `Writer`, which adds to all three in one transaction.
    """

    def __init__(self, database: Database) -> None:
        super().__init__()
        self.database = database
        self._watch = Watch(self)

    # ── the library's interface ───────────────────────────────────────────────────────────────────

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int]:
        """Events are never written without their state row: use `Store.append`."""
        raise NotImplementedError("Events are appended by Store.append, with their state row.")

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """Return a stream's events by their versions."""
        assert isinstance(originator_id, UUID)
        statement = _EVENTS_OF + "WHERE originator_id = ? AND originator_version > ?"
        values: list[Any] = [originator_id.hex, gt or 0]
        if lte is not None:
            statement, values = statement + " AND originator_version <= ?", [*values, lte]
        statement += f" ORDER BY originator_version {'DESC' if desc else 'ASC'}"
        if limit is not None:
            statement, values = statement + " LIMIT ?", [*values, limit]
        with self.database.reading() as connection:
            rows = connection.execute(statement, values).fetchall()
        return [StoredEvent(originator_id, *row) for row in rows]

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
        statement, values = _EVENTS + "WHERE id >= ?", [first, *topics]
        if topics:
            statement += f" AND topic IN ({_marks(topics)})"
        if stop is not None:
            statement, values = statement + " AND id <= ?", [*values, stop]
        with self.database.reading() as connection:
            rows = connection.execute(f"{statement} ORDER BY id LIMIT ?", (*values, limit))
            return list(map(notification, rows))

    def max_notification_id(self) -> int | None:
        """Return the last position in the log, None when it is empty."""
        with self.database.reading() as connection:
            row = connection.execute("SELECT max(id) FROM stored_events").fetchone()
        return None if row is None else row[0]

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> "LogSubscription":
        """Follow the log by the library's own interface."""
        return LogSubscription(self, gt, topics)

    # ── ours ──────────────────────────────────────────────────────────────────────────────────────

    def follow(
        self, after: int, stop: Event, limit: int = FOLLOW_LIMIT, topics: Sequence[str] = ()
    ) -> Iterator[Sequence[Notification]]:
        """Yield what is in the log after `after`, then what comes in, until `stop` is set.

        Wakes at once for this process's commits, within POLL_SECONDS for others' and for `stop`.
        """
        with self._watch.watching() as woken:
            while not stop.is_set():
                woken.clear()
                batch = self.select_notifications(
                    after, limit, topics=topics, inclusive_of_start=False
                )
                if batch:
                    yield batch
                    after = batch[-1].id
                else:
                    while not (stop.is_set() or woken.wait(POLL_SECONDS)):
                        self._watch.look()

    def wake(self) -> None:
        """Tell the followers of this process that something was committed."""
        self._watch.wake()

    def select_stream(self, stream: UUID) -> Sequence[Notification]:
        """Return a stream's events in order, each with its place in the log."""
        with self.database.reading() as connection:
            rows = connection.execute(
                _EVENTS + "WHERE originator_id = ? ORDER BY originator_version", (stream.hex,)
            )
            return list(map(notification, rows))

    def latest(self) -> Notification | None:
        """Return the last event of the log."""
        with self.database.reading() as connection:
            return last_event(connection)

    def state(self, stream: UUID) -> StateRow | None:
        """Return the stream's state row."""
        with self.database.reading() as connection:
            return state_rows(connection, [stream]).get(stream)

    def states(self, school: str, kind: str) -> list[StateRow]:
        """Return the state rows of one kind in one school."""
        with self.database.reading() as connection:
            rows = connection.execute(_STATES + "WHERE school = ? AND kind = ?", (school, kind))
            return [StateRow(UUID(row[0]), *tuple(row)[1:]) for row in rows]

    def stamp(self, kind: Kind) -> int:
        """Return a number that grows with every event of this kind of stream in the school."""
        with self.database.reading() as connection:
            return stamp(connection, kind)

    def claim(self, key: ClaimKey) -> Claim | None:
        """Return the claim on `key`, if anybody holds it."""
        with self.database.reading() as connection:
            return claim_rows(connection, [key]).get(key)


class Watch:
    """Wakes the followers of this process. Of those that wait, one looks at the log for all."""

    def __init__(self, recorder: EventRecorder) -> None:
        self._recorder = recorder
        self._waiting: set[Event] = set()
        self._turn = Lock()
        self._seen: int | None = None

    @contextmanager
    def watching(self) -> Iterator[Event]:
        """An event for the block that is set whenever something may be new."""
        woken = Event()
        self._waiting.add(woken)
        try:
            yield woken
        finally:
            self._waiting.discard(woken)

    def look(self) -> None:
        """Wake everybody when the log has grown since the last look; others may look meanwhile."""
        if not self._turn.acquire(blocking=False):
            return
        try:
            seen = self._recorder.max_notification_id()
            if seen != self._seen:
                self._seen = seen
                self.wake()
        finally:
            self._turn.release()

    def wake(self) -> None:
        """Wake everybody."""
        for woken in tuple(self._waiting):
            woken.set()


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
        return next(self._notifications)


# ── statements that the writer runs in its transaction too ────────────────────────────────────────


def state_rows(connection: Connection, streams: Collection[UUID]) -> Mapping[UUID, StateRow]:
    """Return the state rows of those streams that have one."""
    rows = _each(connection, _STATES + "WHERE stream IN ({})", [s.hex for s in streams])
    found = (StateRow(UUID(row[0]), *tuple(row)[1:]) for row in rows)
    return {row.stream: row for row in found}


def claim_rows(connection: Connection, keys: Collection[ClaimKey]) -> Mapping[ClaimKey, Claim]:
    """Return the claims that are held on these keys."""
    # By key alone, and then by all three: keys are hashes and random, they hardly ever meet.
    rows = _each(connection, _CLAIMS + "WHERE key IN ({})", [key.key for key in keys])
    found = (Claim(r[0], r[1], r[2], UUID(r[3]), r[4]) for r in rows)
    return {claim.claim_key: claim for claim in found if claim.claim_key in keys}


def stamp(connection: Connection, kind: Kind) -> int:
    """Return a number that grows with every event of this kind of stream in the school."""
    row = connection.execute(
        "SELECT coalesce(sum(version), 0) FROM states WHERE school = ? AND kind = ?", kind
    ).fetchone()
    return int(row[0])


def last_event(connection: Connection) -> Notification | None:
    """Return the last event of the log."""
    row = connection.execute(_EVENTS + "ORDER BY id DESC LIMIT 1").fetchone()
    return None if row is None else notification(row)


def insert_events(connection: Connection, events: Sequence[StoredEvent]) -> list[Notification]:
    """Insert events, which follow the last ones of their streams; return them with their places."""
    return [
        placed
        for start in range(0, len(events), _ROWS_AT_ONCE)
        for placed in _insert_events(connection, events[start : start + _ROWS_AT_ONCE])
    ]


def _insert_events(connection: Connection, events: Sequence[StoredEvent]) -> list[Notification]:
    values = list(chain.from_iterable(map(_event_row, events)))
    rows = connection.execute(
        "INSERT INTO stored_events (originator_id, originator_version, topic, state) VALUES "  # noqa: S608 marks
        f"{_rows(len(events), 4)} RETURNING id, originator_id, originator_version",
        values,
    ).fetchall()
    places = {(row[1], row[2]): row[0] for row in rows}
    return [
        Notification(
            event.originator_id,
            event.originator_version,
            event.topic,
            event.state,
            places[_event_row(event)[:2]],
        )
        for event in events
    ]


def find_events(connection: Connection, events: Sequence[StoredEvent]) -> list[Notification]:
    """Return what lies in the log at the places of these events in their streams."""
    found = []
    for stream, version, _, _ in map(_event_row, events):
        row = connection.execute(
            _EVENTS + "WHERE originator_id = ? AND originator_version = ?", (stream, version)
        ).fetchone()
        if row is not None:
            found.append(notification(row))
    return found


def put_states(connection: Connection, rows: Sequence[StateRow]) -> None:
    """Insert or replace state rows. Raises ValueError for one of another school or kind."""
    values = chain.from_iterable((r.stream.hex, r.school, r.kind, r.version, r.state) for r in rows)
    written = connection.execute(
        f"""INSERT INTO states (stream, school, kind, version, state) VALUES {_rows(len(rows), 5)}
        ON CONFLICT (stream) DO UPDATE SET version = excluded.version, state = excluded.state
        WHERE states.school = excluded.school AND states.kind = excluded.kind""",  # noqa: S608 marks
        list(values),
    ).rowcount
    if written != len(rows):
        raise ValueError("A stream never changes its school or its kind.")


def put_claims(connection: Connection, rows: Sequence[Claim]) -> None:
    """Insert claims. Raises IntegrityError for one that is held already."""
    if rows:
        values = chain.from_iterable((c.school, c.kind, c.key, c.stream.hex, c.value) for c in rows)
        connection.execute(
            f"INSERT INTO claims (school, kind, key, stream, value) VALUES {_rows(len(rows), 5)}",  # noqa: S608 marks
            list(values),
        )


def notification(row: Row) -> Notification:
    """Return a row of the log as the library's record of it."""
    position, stream, version, topic, state = row
    return Notification(UUID(stream), version, topic, state, position)


def _event_row(event: StoredEvent) -> tuple[str, int, str, bytes]:
    stream = event.originator_id
    assert isinstance(stream, UUID)
    return stream.hex, event.originator_version, event.topic, event.state


def _each(connection: Connection, statement: str, values: Sequence[str]) -> Iterable[Row]:
    if not values:
        return ()
    # Filled up to a power of two: few different statements, each prepared once.
    room = 1 << (len(values) - 1).bit_length()
    padded = [*values, *[values[0]] * (room - len(values))]
    return connection.execute(statement.format(_marks(padded)), padded).fetchall()


def _marks(values: Collection[object]) -> str:
    return ",".join(["?"] * len(values))


def _rows(count: int, columns: int) -> str:
    return ",".join([f"({_marks(range(columns))})"] * count)
