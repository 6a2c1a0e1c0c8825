"""One SQLite file. Writers take turns in BEGIN IMMEDIATE transactions; readers never wait.

SQLite's errors come out as `StoreUnavailable` with words for the person who has to mend it.
"""

import sqlite3
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from sqlite3 import Row
from threading import Lock, get_ident
from time import monotonic, sleep
from typing import Any, Final, Literal

from durable.database import Connection, Cursor, Values
from durable.errors import DatabaseError, IntegrityError, StoreUnavailable
from durable.hold import FileHold, file_hold
from durable.schema import Schema

PATIENCE: Final = 2.5
"""Seconds a writer waits for its turn before it says that the file is held."""
_POLL: Final = 0.001
_REASONS: Final = {
    sqlite3.SQLITE_FULL: "the disk is full. Free some space and try again",
    sqlite3.SQLITE_BUSY: "another program holds it. Try again; if it lasts, look for a stuck one",
    sqlite3.SQLITE_LOCKED: "another program holds it. Try again; if it lasts, look for a stuck one",
    sqlite3.SQLITE_IOERR: "the disk reports an error. Check the disk and the system's log",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened. Check that its folder exists and may be written",
    sqlite3.SQLITE_READONLY: "it may not be written. Check the permissions of its folder",
    sqlite3.SQLITE_PERM: "it may not be opened. Check the permissions of its folder",
    sqlite3.SQLITE_CORRUPT: "the file is damaged. Stop the program and restore a backup",
    sqlite3.SQLITE_NOTADB: "the file is not a database. Stop the program and restore a backup",
    sqlite3.SQLITE_NOMEM: "the machine is out of memory",
}
_NO_ROOM_TO_READ: Final = (
    "it cannot be read where it lies. Check that it is there and may be read; if its folder may "
    "not be written, copy all its files to one that may"
)
_REASONS_TO_READ: Final = {
    # Without a program at work on it, a reader has to make the -shm file himself.
    sqlite3.SQLITE_CANTOPEN: _NO_ROOM_TO_READ,
    sqlite3.SQLITE_READONLY: _NO_ROOM_TO_READ,
}
_STEPS_TAKEN: Final = """CREATE TABLE IF NOT EXISTS steps_taken (
    number INTEGER PRIMARY KEY, sha256 TEXT NOT NULL)"""

Told = Callable[[sqlite3.DatabaseError], Exception]


class SqliteDatabase:
    """One SQLite file. Safe to share between threads; several processes may open the same file.

    With `read_only` nothing is made, and nothing in the file is changed; SQLite still keeps its
    notes for readers of a log written ahead (`-shm`, `-wal`) in the folder.

    `synchronous` "FULL" makes a commit survive a power cut when it returns. `secure_delete`
    overwrites what is deleted.
    """

    dialect: Final = "sqlite"

    def __init__(
        self,
        path: Path,
        *,
        schema: Schema | None = None,
        synchronous: Literal["FULL", "NORMAL"] = "FULL",
        secure_delete: bool = False,
        patience: float = PATIENCE,
        read_only: bool = False,
    ) -> None:
        """Open the file, made with mode 0600 if absent, and take the steps of `schema`.

        Read-only, it is opened when it is first read, and must be there.

        Raises StoreUnavailable.
        """
        self.path = path
        self.name = path.name
        self._schema = schema
        self._read_only = read_only
        to_write = (
            "PRAGMA journal_mode = WAL",
            f"PRAGMA synchronous = {synchronous}",
            f"PRAGMA secure_delete = {'ON' if secure_delete else 'OFF'}",
            "PRAGMA foreign_keys = ON",
        )
        self._pragmas = (
            *(() if read_only else to_write),
            "PRAGMA temp_store = MEMORY",
            "PRAGMA trusted_schema = OFF",
        )
        self._patience = patience
        self._turn = Lock()
        self._holder: int | None = None
        self._writer: sqlite3.Connection | None = None
        self._readers: deque[sqlite3.Connection] = deque()
        if schema is not None and not read_only:
            self.migrate()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction: durable when the block ends, undone when it raises."""
        if self._holder == get_ident():
            assert self._writer is not None
            yield _Connection(self._writer, self._told)
            return
        with self._turn:
            try:
                connection = self._begun()
                self._holder = get_ident()
                yield _Connection(connection, self._told)
                connection.execute("COMMIT")
            except sqlite3.DatabaseError as error:
                self._undo()
                raise self._told(error) from error
            except BaseException:
                self._undo()
                raise
            finally:
                self._holder = None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection to read with; each statement sees the last commit before it."""
        connection = None
        try:
            connection = self._read_connection()
            yield _Connection(connection, self._told)
        except BaseException as error:
            # A statement left half read would hold its old view of the file: begin afresh.
            if connection is not None:
                connection.close()
            if isinstance(error, sqlite3.DatabaseError):
                raise self._told(error) from error
            raise
        self._readers.append(connection)

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Like `reading`, but every statement of the block sees the same moment."""
        with self.reading() as connection:
            connection.execute("BEGIN")
            yield connection
            connection.execute("COMMIT")

    def migrate(self, role: str | None = None) -> int:
        """Take the steps that were not taken yet; return how many. There are no roles here."""
        if self._schema is None:
            return 0
        with self.writing() as connection:
            connection.execute(_STEPS_TAKEN)
            row = connection.execute("SELECT max(number) FROM steps_taken").fetchone()
            taken = row[0] or 0
            for number, step in self._schema.numbered():
                if number <= taken:
                    continue
                if statement := step.in_words_of("sqlite"):
                    connection.execute(statement)
                connection.execute("INSERT INTO steps_taken VALUES (?, ?)", (number, step.sha256))
        return max(self._schema.size - taken, 0)

    def alone(self, work: str = "") -> AbstractContextManager[FileHold]:
        """Be the only process that does, by a lock on a file beside this one."""
        parts = filter(None, (self.path.name, work, "lock"))
        return file_hold(self.path.with_name(".".join(parts)))

    def rebuild(self) -> None:
        """Write the file anew from what is live in it, and empty its write-ahead log."""
        with self._turn:
            try:
                connection = self._write_connection()
                connection.execute("VACUUM")
                busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            except sqlite3.DatabaseError as error:
                raise self._told(error) from error
        if busy:
            raise self._unavailable(sqlite3.SQLITE_BUSY)

    def close(self) -> None:
        """Close every idle connection; the file may be opened again by using it."""
        with self._turn:
            if self._writer is not None:
                self._writer.close()
                self._writer = None
        with suppress(IndexError):
            while True:
                self._readers.pop().close()

    def _begun(self) -> sqlite3.Connection:
        """Return the writing connection once it is its turn.

        SQLite's own waiting sleeps up to a tenth of a second at a time, which two busy processes
        would spend mostly asleep.
        """
        connection = self._write_connection()
        last = monotonic() + self._patience
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                busy = (error.sqlite_errorcode & 0xFF) == sqlite3.SQLITE_BUSY
                if not busy or monotonic() >= last:
                    raise
                sleep(_POLL)
            else:
                return connection

    def _write_connection(self) -> sqlite3.Connection:
        if self._writer is None:
            self._writer = self._connect()
            self._writer.execute("PRAGMA busy_timeout = 0")
        return self._writer

    def _read_connection(self) -> sqlite3.Connection:
        try:
            return self._readers.pop()
        except IndexError:
            return self._connect()

    def _connect(self) -> sqlite3.Connection:
        if not self._read_only:
            self._make()
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode={'ro' if self._read_only else 'rw'}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
            timeout=self._patience,
        )
        try:
            for pragma in self._pragmas:
                connection.execute(pragma)
        except sqlite3.Error:
            connection.close()
            raise
        connection.row_factory = Row
        if self._read_only:
            # Whoever only checks a file is not to stumble over a text that is none.
            connection.text_factory = _text
        return connection

    def _make(self) -> None:
        try:
            self.path.touch(mode=0o600)
        except OSError as error:
            raise self._unavailable(sqlite3.SQLITE_CANTOPEN) from error

    def _undo(self) -> None:
        if self._writer is None:
            return
        try:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
        except sqlite3.Error:
            # What cannot be rolled back is dropped with its connection: SQLite undoes it.
            self._writer.close()
            self._writer = None

    def _told(self, error: sqlite3.DatabaseError) -> Exception:
        """Return the error in the words that this package promises."""
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if code in _REASONS:
            return self._unavailable(code)
        if isinstance(error, sqlite3.IntegrityError):
            return IntegrityError(str(error))
        return DatabaseError(str(error))

    def _unavailable(self, code: int) -> StoreUnavailable:
        reason = _REASONS[code]
        if self._read_only:
            reason = _REASONS_TO_READ.get(code, reason)
        return StoreUnavailable(f"{self.path.name} cannot be used: {reason}.")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


class _Connection:
    """SQLite's own connection, with our errors."""

    dialect: Final = "sqlite"
    __slots__ = ("_raw", "_told")

    def __init__(self, raw: sqlite3.Connection, told: Told) -> None:
        self._raw = raw
        self._told = told

    def execute(self, statement: str, values: Values = (), /) -> Cursor:
        try:
            return self._raw.execute(statement, values)
        except sqlite3.DatabaseError as error:
            raise self._told(error) from error

    def executemany(self, statement: str, rows: Iterable[Values], /) -> None:
        try:
            self._raw.executemany(statement, rows)
        except sqlite3.DatabaseError as error:
            raise self._told(error) from error

    def stream(self, statement: str, values: Values = (), /) -> Iterator[Any]:
        return iter(self.execute(statement, values))

    @contextmanager
    def apart(self) -> Iterator[None]:
        self._raw.execute("SAVEPOINT apart")
        try:
            yield
        except BaseException:
            # A full disk may have undone the whole transaction, and the savepoint with it.
            if self._raw.in_transaction:
                self._raw.execute("ROLLBACK TO apart")
                self._raw.execute("RELEASE apart")
            raise
        self._raw.execute("RELEASE apart")
