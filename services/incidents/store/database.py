"""The one place where SQLite files are opened, and how everybody reads and writes them.

A `Database` is one file. Writers take turns on one connection of their own, in BEGIN IMMEDIATE
transactions; readers have connections of their own and never wait for a writer. SQLite's errors
come out as `StoreUnavailable` with words for the person who has to mend it; a violated constraint
stays an `IntegrityError`, and a mistake in our SQL stays what it is.
"""

import sqlite3
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from sqlite3 import Connection, DatabaseError, IntegrityError, ProgrammingError, Row
from threading import Lock
from typing import Final, Literal

from incidents.store.errors import StoreUnavailable

__all__ = ["Connection", "Database", "DatabaseError", "IntegrityError", "ProgrammingError", "Row"]

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


class Database:
    """One SQLite file. Safe to share between threads; several processes may open the same file.

    With `read_only` nothing is made, and nothing in the file is changed; SQLite still keeps its
    notes for readers of a log written ahead (`-shm`, `-wal`) in the folder.

    `synchronous` "FULL" makes a commit survive a power cut when it returns; "NORMAL" is for what
    can be rebuilt from the log. `secure_delete` overwrites what is deleted.
    """

    def __init__(
        self,
        path: Path,
        *,
        schema: Sequence[str] = (),
        synchronous: Literal["FULL", "NORMAL"] = "FULL",
        secure_delete: bool = False,
        busy_timeout: float = 5.0,
        read_only: bool = False,
    ) -> None:
        """Open the file, made with mode 0600 if absent, and run the statements of `schema`.

        Read-only, it is opened when it is first read, and must be there.

        Raises StoreUnavailable.
        """
        self.path = path
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
        self._busy_timeout = busy_timeout
        self._turn = Lock()
        self._writer: Connection | None = None
        self._readers: deque[Connection] = deque()
        if schema:
            with self.writing() as connection:
                for statement in schema:
                    connection.execute(statement)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction: durable when the block ends, undone when it raises.

        Raises StoreUnavailable.
        """
        with self._turn:
            try:
                connection = self._write_connection()
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
            except DatabaseError as error:
                self._undo()
                self._put_plainly(error)
                raise
            except BaseException:
                self._undo()
                raise

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection to read with; each statement sees the last commit before it.

        Raises StoreUnavailable.
        """
        connection = None
        try:
            connection = self._read_connection()
            yield connection
        except BaseException as error:
            # A statement left half read would hold its old view of the file: begin afresh.
            if connection is not None:
                connection.close()
            if isinstance(error, DatabaseError):
                self._put_plainly(error)
            raise
        self._readers.append(connection)

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Like `reading`, but every statement of the block sees the same moment."""
        with self.reading() as connection:
            connection.execute("BEGIN")
            yield connection
            connection.execute("COMMIT")

    def rebuild(self) -> None:
        """Write the file anew from what is live in it, and empty its write-ahead log.

        Nothing deleted or overwritten is left in either. Raises StoreUnavailable when a reader
        holds on to the file for too long.
        """
        with self._turn:
            try:
                connection = self._write_connection()
                connection.execute("VACUUM")
                busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            except DatabaseError as error:
                self._put_plainly(error)
                raise
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

    def _write_connection(self) -> Connection:
        if self._writer is None:
            self._writer = self._connect()
        return self._writer

    def _read_connection(self) -> Connection:
        try:
            return self._readers.pop()
        except IndexError:
            return self._connect()

    def _connect(self) -> Connection:
        if not self._read_only:
            self._make()
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode={'ro' if self._read_only else 'rw'}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
            timeout=self._busy_timeout,
        )
        try:
            for pragma in self._pragmas:
                connection.execute(pragma)
        except sqlite3.Error:
            connection.close()
            raise
        connection.row_factory = Row
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

    def _put_plainly(self, error: DatabaseError) -> None:
        """Raise StoreUnavailable in place of an error that is not of our making."""
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if code in _REASONS:
            raise self._unavailable(code) from error

    def _unavailable(self, code: int) -> StoreUnavailable:
        reason = _REASONS[code]
        if self._read_only:
            reason = _REASONS_TO_READ.get(code, reason)
        return StoreUnavailable(f"{self.path.name} cannot be used: {reason}.")
