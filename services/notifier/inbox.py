"""What has come in: which events are dealt with, and which wait, in the order of their case.

An acknowledgement to the broker is no record of what was done: messages come again after a crash.
This table is. An event that cannot be dealt with is taken off the broker and kept here, so that it
holds up its own case and no other; whatever comes later of that case lines up behind it.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from durable import Database
from notifier.database import first, found, written


class Standing(StrEnum):
    DONE = "done"
    HELD = "held"
    """Waits for another try, or behind another event of its case."""
    DEAD = "dead"
    """Tried often enough, or unreadable: a person must look at it."""


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """A message as it came. `case_id` is None when not even that could be read."""

    event_id: UUID
    case_id: UUID | None
    type: str
    message: bytes


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """An arrival that waits. `next_at` is None while it is dead."""

    place: int
    event_id: UUID
    case_id: UUID | None
    type: str
    state: Standing
    received_at: datetime
    tries: int
    next_at: datetime | None
    reason: str | None
    message: bytes

    @property
    def arrival(self) -> Arrival:
        """The message, as it came."""
        return Arrival(
            event_id=self.event_id, case_id=self.case_id, type=self.type, message=self.message
        )


class Inbox:
    """The tables `inbox` and `places`. To record an event with its letters, nest transactions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def standing(self, event_id: UUID, case_id: UUID | None) -> tuple[Standing | None, bool]:
        """Return how an event stands, None when it is new; and whether its case has to wait.

        A new event of a case that has to wait lines up behind what the case already holds.
        """
        state, waits = first(
            self._database,
            "SELECT (SELECT state FROM inbox WHERE event_id = ?),"
            " EXISTS (SELECT 1 FROM inbox WHERE case_id = ? AND state <> 'done')",
            str(event_id),
            str(case_id) if case_id else None,
        )
        return Standing(state) if state else None, bool(waits)

    def done(self, arrival: Arrival, now: datetime) -> None:
        """Record that the event was dealt with. Its message is kept no longer."""
        with self._database.writing() as connection:
            connection.execute(
                "INSERT INTO inbox (event_id, case_id, type, state, received_at)"
                " VALUES (?, ?, ?, 'done', ?) ON CONFLICT (event_id) DO UPDATE"
                " SET state = 'done', message = NULL, next_at = NULL, reason = NULL",
                (*_key(arrival), written(now)),
            )

    def hold(
        self,
        arrival: Arrival,
        now: datetime,
        *,
        next_at: datetime,
        reason: str,
        failed_try: bool = False,
    ) -> None:
        """Keep the event for another try at `next_at`, behind what its case already holds."""
        self._keep(arrival, now, Standing.HELD, next_at, reason, failed_try)

    def give_up(self, arrival: Arrival, now: datetime, reason: str) -> None:
        """Keep the event as a dead letter, for a person to look at."""
        self._keep(arrival, now, Standing.DEAD, None, reason, True)

    def try_again(self, event_id: UUID, now: datetime) -> bool:
        """Let a dead event be tried afresh. False when there is none of this id."""
        with self._database.writing() as connection:
            changed = connection.execute(
                "UPDATE inbox SET state = 'held', tries = 0, next_at = ?"
                " WHERE event_id = ? AND state = 'dead'",
                (written(now), str(event_id)),
            )
            return changed.rowcount == 1

    def skip(self, event_id: UUID) -> bool:
        """Leave a dead event undone for good. False when there is none of this id."""
        with self._database.writing() as connection:
            changed = connection.execute(
                "UPDATE inbox SET state = 'done', message = NULL, reason = 'skipped'"
                " WHERE event_id = ? AND state = 'dead'",
                (str(event_id),),
            )
            return changed.rowcount == 1

    def due(self, now: datetime) -> list[Waiting]:
        """Return the first event of every case that holds one, if its time has come."""
        return self._waiting(
            "SELECT * FROM inbox WHERE state = 'held' AND next_at <= ? AND place IN"
            " (SELECT min(place) FROM inbox WHERE state <> 'done' GROUP BY case_id)"
            " ORDER BY place",
            written(now),
        )

    def waiting(self) -> list[Waiting]:
        """Return everything that is not done, oldest first."""
        return self._waiting("SELECT * FROM inbox WHERE state <> 'done' ORDER BY place")

    def next_due(self, now: datetime) -> datetime | None:
        """Return when the next held event is due after `now`."""
        [at] = first(
            self._database,
            "SELECT min(next_at) FROM inbox WHERE state = 'held' AND next_at > ?",
            written(now),
        )
        return datetime.fromisoformat(at) if at else None

    def reached(self, partition: int, sequence: int) -> None:
        """Record that the stream was dealt with up to `sequence` in this partition."""
        with self._database.writing() as connection:
            connection.execute(
                "INSERT INTO places VALUES (?, ?) ON CONFLICT (partition) DO UPDATE"
                " SET sequence = excluded.sequence WHERE excluded.sequence > places.sequence",
                (partition, sequence),
            )

    def place(self, partition: int) -> int:
        """Return how far the stream was dealt with in this partition; 0 when not at all."""
        row = first(self._database, "SELECT sequence FROM places WHERE partition = ?", partition)
        return row[0] if row else 0

    def forget_places(self) -> None:
        """Begin anew: the stream is another one, and counts from 1 again."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM places")

    def _keep(
        self,
        arrival: Arrival,
        now: datetime,
        standing: Standing,
        next_at: datetime | None,
        reason: str,
        failed_try: bool,
    ) -> None:
        with self._database.writing() as connection:
            connection.execute(
                "INSERT INTO inbox (event_id, case_id, type, state, received_at, next_at, reason,"
                " message, tries) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (event_id)"
                " DO UPDATE SET state = excluded.state, next_at = excluded.next_at,"
                " reason = excluded.reason, tries = inbox.tries + excluded.tries",
                (
                    *_key(arrival),
                    standing.value,
                    written(now),
                    written(next_at) if next_at else None,
                    reason,
                    arrival.message,
                    int(failed_try),
                ),
            )

    def _waiting(self, sql: str, *values: object) -> list[Waiting]:
        rows = found(self._database, sql, *values)
        return [msgspec.convert(dict(row), Waiting, strict=False) for row in rows]


def _key(arrival: Arrival) -> tuple[str, str | None, str]:
    case = str(arrival.case_id) if arrival.case_id else None
    return str(arrival.event_id), case, arrival.type
