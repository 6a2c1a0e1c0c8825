"""How far each follower of the log is: noted by the worker that holds it, read by everybody.

A follower is one part of the work that goes on behind the log; one process at a time does it. What
is noted of it is positions, times and kinds of error, nothing of what anybody wrote. The table may
be thrown away: it is filled again within a second.
"""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from durable import Database, Hold, Place, Row, Schema

VIEWS: Final = "views"
SEQUENCER: Final = "sequencer"
RELAY: Final = "relay"
TIMEKEEPER: Final = "timekeeper"
STATISTICS: Final = "statistics"
"""Whoever asks for figures brings them up to date himself: nothing waits for this one."""
SEARCH: Final = "search"
"""Only who asks for words and names a position waits for it."""
NAMES: Final = (VIEWS, SEQUENCER, RELAY, TIMEKEEPER)

LATE: Final = timedelta(seconds=10)
"""How old an event may be that a follower does not know of yet."""
STILL: Final = timedelta(seconds=30)
"""How long a follower that is late may stand still before it is stuck."""
FAILING: Final = timedelta(seconds=5)
"""How long it may fail to do its work: a server that starts again takes less."""
SILENT: Final = timedelta(seconds=10)
"""How old the last note of it may be."""

Standing = Literal["ok", "slow", "stuck", "absent"]

FOLLOWERS: Final = Schema(
    "followers",
    (
        """CREATE TABLE followers (
        follower TEXT PRIMARY KEY,
        holder TEXT NOT NULL,
        position INTEGER,
        moved_at TEXT NOT NULL,
        seen_at TEXT NOT NULL,
        failures INTEGER NOT NULL,
        failing_since TEXT,
        error TEXT,
        reason TEXT
    )""",
    ),
)
_PUT: Final = """INSERT INTO followers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (follower) DO UPDATE SET
        holder = excluded.holder, moved_at = excluded.moved_at, seen_at = excluded.seen_at,
        position = coalesce(excluded.position, followers.position),
        failures = excluded.failures, failing_since = excluded.failing_since,
        error = excluded.error, reason = excluded.reason"""


@dataclass(frozen=True, slots=True)
class Note:
    """What is known of a follower. Every moment is by the clock of the process that holds it.

    `position` is how far it has come in the log; None when that is not known, or when it does not
    read the log. `moved_at` is when it last got on, `seen_at` when this was noted. `failures` in a
    row, `failing_since` the first of them, the class of the last `error` and its `reason` in words
    of our own.
    """

    follower: str
    holder: str
    position: int | None
    moved_at: datetime
    seen_at: datetime
    failures: int = 0
    failing_since: datetime | None = None
    error: str | None = None
    reason: str | None = None


class Followers:
    """The notes of one installation, and the right to be the one that does a follower's work."""

    def __init__(self, place: Place) -> None:
        """Raises StoreUnavailable."""
        # What a power cut takes is noted again a second later.
        self._database: Database = place.open(FOLLOWERS, synchronous="NORMAL")

    def alone(self, follower: str) -> AbstractContextManager[Hold]:
        """Be the process that does this follower's work. Raises HeldElsewhere, StoreUnavailable."""
        return self._database.alone(follower)

    def put(self, notes: Iterable[Note]) -> None:
        """Note these, in place of what was noted of the same followers. Raises StoreUnavailable."""
        with self._database.writing() as connection:
            for note in notes:
                connection.execute(_PUT, _values(note))

    def notes(self) -> Mapping[str, Note]:
        """Return what is noted, by follower. Raises StoreUnavailable."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT follower, holder, position, moved_at, seen_at, failures, failing_since, "
                "error, reason FROM followers"
            ).fetchall()
        return {row["follower"]: _note(row) for row in rows}

    def close(self) -> None:
        self._database.close()


def standing(note: Note | None, unknown_since: datetime | None, now: datetime) -> Standing:
    """Return how a follower stands, by what is noted of it.

    `unknown_since` is when the first event was recorded that it does not know of yet; None when it
    knows of all. One that does not read the log is held to getting on by itself.
    """
    if note is None or now - note.seen_at > SILENT:
        return "absent"
    if note.failing_since is not None and now - note.failing_since > FAILING:
        return "stuck"
    since = unknown_since if note.position is not None else note.moved_at
    if since is None or now - since <= LATE:
        return "ok"
    # It may have had nothing to do for a day before this came.
    return "stuck" if now - max(since, note.moved_at) > STILL else "slow"


def _values(note: Note) -> tuple[str | int | None, ...]:
    return (
        note.follower,
        note.holder,
        note.position,
        _stamp(note.moved_at),
        _stamp(note.seen_at),
        note.failures,
        None if note.failing_since is None else _stamp(note.failing_since),
        note.error,
        note.reason,
    )


def _note(row: Row) -> Note:
    failing_since = row["failing_since"]
    return Note(
        follower=row["follower"],
        holder=row["holder"],
        position=row["position"],
        moved_at=datetime.fromisoformat(row["moved_at"]),
        seen_at=datetime.fromisoformat(row["seen_at"]),
        failures=row["failures"],
        failing_since=None if failing_since is None else datetime.fromisoformat(failing_since),
        error=row["error"],
        reason=row["reason"],
    )


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
