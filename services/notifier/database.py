"""The notifier's tables: what came in, what became of each letter, what is to be told.

They lie in one file, or in a schema of PostgreSQL. No personal data is in them: ids, codes, hashes,
states, times, counts and reasons, nothing else.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any, Final

from durable import Database, HeldElsewhere, Hold, Place, Schema, Step, StoreUnavailable, only

FILE: Final = "notifier.db"

# Every event that was dealt with ("done"), or that waits ("held") or has failed for good ("dead")
# and then has its message. A case with a row that is not done waits behind it, in this order.
_INBOX: Final[tuple[str, ...]] = (
    """CREATE TABLE IF NOT EXISTS inbox (
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
)""",
    """CREATE INDEX IF NOT EXISTS inbox_waiting ON inbox (case_id, place)
    WHERE state <> 'done'""",
)

# How far each partition of the stream has been dealt with.
_PLACES: Final = """CREATE TABLE IF NOT EXISTS places (
    partition   INTEGER PRIMARY KEY,
    sequence    INTEGER NOT NULL
)"""

_LETTERS: Final[tuple[str, ...]] = (
    """CREATE TABLE IF NOT EXISTS letters (
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
)""",
    """CREATE INDEX IF NOT EXISTS letters_waiting ON letters (next_at)
    WHERE state IN ('new', 'queued', 'retry')""",
    """CREATE INDEX IF NOT EXISTS letters_perishable ON letters (not_after)
    WHERE state IN ('new', 'queued', 'retry')""",
    # What is to be done once it is due. A notice is only written here; a person posts it.
    "DROP VIEW IF EXISTS waiting",
    """CREATE VIEW waiting AS SELECT * FROM letters
    WHERE state IN ('new', 'queued', 'retry') AND NOT (form = 'notice' AND state <> 'new')""",
    # What is not to be sent any more after its time.
    "DROP VIEW IF EXISTS perishable",
    "CREATE VIEW perishable AS SELECT * FROM letters WHERE state IN ('new', 'queued', 'retry')",
)

# What incidents is to be told, in this order. `position` is one more than that of the one before:
# no row is ever taken away, so that none is given twice.
_OUTCOMES: Final[tuple[str | Step, ...]] = (
    *only(
        "sqlite",
        """CREATE TABLE IF NOT EXISTS outcomes (
    position    INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id    TEXT NOT NULL UNIQUE,
    letter_id   TEXT NOT NULL,
    type        TEXT NOT NULL,
    time        TEXT NOT NULL,
    data        BLOB NOT NULL
)""",
    ),
    *only(
        "postgresql",
        """CREATE TABLE outcomes (
    position    BIGINT PRIMARY KEY,
    event_id    TEXT NOT NULL UNIQUE,
    letter_id   TEXT NOT NULL,
    type        TEXT NOT NULL,
    time        TEXT NOT NULL,
    data        BYTEA NOT NULL
)""",
    ),
    "CREATE INDEX IF NOT EXISTS outcomes_of_letter ON outcomes (letter_id)",
    *only(
        "sqlite",
        """CREATE TRIGGER outcomes_stay BEFORE DELETE ON outcomes
    BEGIN SELECT RAISE(ABORT, 'an outcome stays'); END""",
    ),
)

SCHEMA: Final = Schema(
    "notifier",
    # IF NOT EXISTS: there are files from before steps were counted.
    steps=(*_INBOX, _PLACES, *_LETTERS, *_OUTCOMES),
    grants={
        "inbox": "SELECT, INSERT, UPDATE",
        "places": "SELECT, INSERT, UPDATE, DELETE",
        "letters": "SELECT, INSERT, UPDATE",
        "waiting": "SELECT",
        "perishable": "SELECT",
        "outcomes": "SELECT, INSERT",
    },
)
"""Only ever added to. The role of a service may do what is granted, and nothing is deleted."""


class LedgerInUse(Exception):
    """Another notifier works with this ledger; two would send letters twice."""


def open_ledger(place: Place) -> Database:
    """Open the tables. A file is made where it is missing, and its folder, for its owner only.

    Raises `StoreUnavailable`, and `MustMigrate` when PostgreSQL has not got them yet.
    """
    try:
        place.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnavailable(
            f"The folder {place.folder} cannot be made. Make it, or name another with VAR."
        ) from error
    return place.open(SCHEMA)


@contextmanager
def alone(database: Database) -> Iterator[Hold]:
    """Be the only notifier that sends what this ledger holds, while the block lasts.

    With a file, the right lasts until the process ends. With PostgreSQL it ends when the connection
    that holds the lock dies: whoever sends has to `check` it before each letter, and to stop when
    it is lost. Another notifier may have it by then; sending may begin again when it is regained.

    Raises `LedgerInUse` when another one has it, `StoreUnavailable`.
    """
    with ExitStack() as ending:
        try:
            hold = ending.enter_context(database.alone())
        except HeldElsewhere:
            raise LedgerInUse(
                f"Another notifier is working with {database.name}. Stop it first, or give this "
                "one a ledger of its own with VAR or DATABASE_URL."
            ) from None
        yield hold


def found(database: Database, query: str, *values: object) -> list[Any]:
    """Return the rows that a query finds, as they are since the last commit."""
    with database.reading() as connection:
        return connection.execute(query, values).fetchall()


def first(database: Database, query: str, *values: object) -> Any:
    """Return the first row that a query finds, None when there is none."""
    return next(iter(found(database, query, *values)), None)


def written(moment: datetime) -> str:
    """Return a moment as it is kept: UTC, always as long, so that text order is time order."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def read(moment: str) -> datetime:
    """Return the moment that `written` wrote."""
    return datetime.fromisoformat(moment)
