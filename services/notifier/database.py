"""The notifier's one file: what came in, what became of each letter, what is to be told.

No personal data is in it: ids, codes, hashes, states, times, counts and reasons, nothing else.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from threading import RLock
from typing import Final, Self

FILE: Final = "notifier.db"

TABLES: Final = """
-- Every event that was dealt with ("done"), or that waits ("held") or has failed for good ("dead")
-- and then has its message. A case with a row that is not done waits behind it, in this order.
CREATE TABLE IF NOT EXISTS inbox (
    place       INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id    TEXT NOT NULL UNIQUE,
    case_id     TEXT,
    type        TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('done', 'held', 'dead')),
    received_at TEXT NOT NULL,
    tries       INTEGER NOT NULL DEFAULT 0,
    next_at     TEXT,
    reason      TEXT,
    message     BLOB CHECK ((message IS NULL) = (state = 'done'))
);
CREATE INDEX IF NOT EXISTS inbox_waiting ON inbox (case_id, place) WHERE state <> 'done';

-- How far each partition of the stream has been dealt with.
CREATE TABLE IF NOT EXISTS places (
    partition   INTEGER PRIMARY KEY,
    sequence    INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS letters (
    number        INTEGER PRIMARY KEY AUTOINCREMENT,
    letter_id     TEXT NOT NULL UNIQUE,
    event_id      TEXT NOT NULL,
    school        TEXT NOT NULL,
    case_id       TEXT NOT NULL,
    letter        TEXT NOT NULL,
    is_alert      INTEGER NOT NULL,
    form          TEXT NOT NULL,
    audience      TEXT NOT NULL,
    recipient_ref TEXT,
    state         TEXT NOT NULL,
    reason        TEXT,
    created_at    TEXT NOT NULL,
    changed_at    TEXT NOT NULL,
    next_at       TEXT NOT NULL,
    not_after     TEXT NOT NULL,
    failures      INTEGER NOT NULL DEFAULT 0,
    silences      INTEGER NOT NULL DEFAULT 0,
    is_repeat     INTEGER NOT NULL DEFAULT 0,
    media_type    TEXT,
    document      TEXT,
    data_hash     TEXT,
    template_hash TEXT
);
CREATE INDEX IF NOT EXISTS letters_waiting ON letters (next_at)
    WHERE state IN ('new', 'queued', 'retry');
CREATE INDEX IF NOT EXISTS letters_perishable ON letters (not_after)
    WHERE state IN ('new', 'queued', 'retry');

-- What is to be done once it is due. A notice is only written here; a person posts it.
CREATE VIEW IF NOT EXISTS waiting AS SELECT * FROM letters
    WHERE state IN ('new', 'queued', 'retry') AND NOT (form = 'notice' AND state <> 'new');
-- What is not to be sent any more after its time.
CREATE VIEW IF NOT EXISTS perishable AS SELECT * FROM letters
    WHERE state IN ('new', 'queued', 'retry');

-- What incidents is to be told, in this order. `position` is never given twice.
CREATE TABLE IF NOT EXISTS outcomes (
    position    INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id    TEXT NOT NULL UNIQUE,
    letter_id   TEXT NOT NULL,
    type        TEXT NOT NULL,
    time        TEXT NOT NULL,
    data        BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS outcomes_of_letter ON outcomes (letter_id);
"""


class LedgerInUse(Exception):
    """Another notifier works with this ledger; two would send letters twice."""


class LedgerUnavailable(Exception):
    """The file cannot be read or written now (disk full, I/O error). Nothing was kept."""


class Database:
    """The open file. One transaction at a time; may be used from several threads."""

    def __init__(self, path: Path) -> None:
        """Open `path`, made with its folder where it is missing, readable by its owner only."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        self._lock = RLock()
        self._connection = sqlite3.connect(
            path, timeout=10, isolation_level=None, check_same_thread=False
        )
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        # A letter that a power cut makes us forget would be sent twice.
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.executescript(TABLES)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, and on the disk when the block ends. May be nested: then one whole.

        Raises `LedgerUnavailable`.
        """
        with self._lock:
            if self._connection.in_transaction:
                yield self._connection
                return
            with _trouble():
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self._connection
                    self._connection.execute("COMMIT")
                except BaseException:
                    # A full disk may have rolled it back already.
                    with suppress(sqlite3.OperationalError):
                        self._connection.execute("ROLLBACK")
                    raise

    def rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """Return the rows that a query finds. Raises `LedgerUnavailable`."""
        with self._lock, _trouble():
            return self._connection.execute(sql, values).fetchall()

    def row(self, sql: str, *values: object) -> sqlite3.Row | None:
        """Return the first row that a query finds, or None."""
        return next(iter(self.rows(sql, *values)), None)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def _trouble() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise LedgerUnavailable(f"{FILE}: {error}") from error


@contextmanager
def alone(var: Path) -> Iterator[None]:
    """Hold the ledger in `var` for this process. Raises `LedgerInUse` when another one has it."""
    var.mkdir(parents=True, exist_ok=True)
    with (var / f"{FILE}.lock").open("w") as lock:
        try:
            flock(lock, LOCK_EX | LOCK_NB)
        except OSError:
            raise LedgerInUse(
                f"Another notifier is working with {var / FILE}. Stop it first, or give this one "
                "a folder of its own with VAR."
            ) from None
        yield


def written(moment: datetime) -> str:
    """Return a moment as it is kept: UTC, always as long, so that text order is time order."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def read(moment: str) -> datetime:
    """Return the moment that `written` wrote."""
    return datetime.fromisoformat(moment)
