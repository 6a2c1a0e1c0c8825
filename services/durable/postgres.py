"""A schema of a PostgreSQL database, used as a SQLite file is: one writer at a time, many readers.

Writers of a schema take turns by an advisory lock that ends with the transaction, so that numbers
given in it come in the order of the commits. Whatever does not answer within a few seconds is given
up: nobody is to wait longer for a database that is away.
"""

from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from select import POLLIN, poll
from threading import Lock, Semaphore, get_ident
from time import monotonic
from typing import Any, Final, Literal
from zlib import crc32

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus

from durable.database import Connection
from durable.errors import (
    DatabaseError,
    MustMigrate,
    NotSetUp,
    OutcomeUnknown,
)
from durable.hold import SessionHold
from durable.postgres_patience import PATIENCE_MS, Punctual
from durable.postgres_rows import PostgresConnection, row_factory
from durable.postgres_words import AWAY, CROWDED, HELD, told, unavailable
from durable.schema import Schema

CONNECT_SECONDS: Final = 2
AT_ONCE: Final = 3
"""Threads of one process that use one database at the same time; each has a connection then."""
REST_SECONDS: Final = 0.5
"""After a connection was refused, so long nobody tries: a crowd that waits helps nobody."""
PREFIX: Final = "caseward_"
_OPTIONS: Final = {
    "application_name": "caseward",
    "connect_timeout": CONNECT_SECONDS,
    "keepalives_idle": 5,
    "keepalives_interval": 1,
    "keepalives_count": 2,
    # A commit whose answer never comes is given up too.
    "tcp_user_timeout": PATIENCE_MS,
}
_FOR_LONG: Final = (
    "-c idle_session_timeout=0 -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=2 "
    "-c tcp_keepalives_count=5"
)
"""A connection that only holds something: its server looks after it too, and gives up after us."""
_ALONE: Final = 0x616C6F6E
_STEPS_TAKEN: Final = """CREATE TABLE IF NOT EXISTS steps_taken (
    number BIGINT PRIMARY KEY, sha256 TEXT NOT NULL)"""


class PostgresDatabase:
    """One schema at a URL. Safe to share between threads, and between processes."""

    dialect: Final = "postgresql"

    def __init__(
        self, url: str, schema: Schema, *, synchronous: Literal["FULL", "NORMAL"] = "FULL"
    ) -> None:
        """Nothing is connected yet. Raises NotSetUp when the URL is none."""
        self.name = f"the database ({schema.name})"
        self._schema = schema
        self._namespace = PREFIX + schema.name
        self._settings = _read_url(url)
        theirs = self._settings.get("options", "")
        commit = "on" if synchronous == "FULL" else "off"
        self._options = (
            f"{theirs} -c search_path={self._namespace} -c statement_timeout={PATIENCE_MS} "
            f"-c lock_timeout={PATIENCE_MS} -c synchronous_commit={commit} -c timezone=UTC "
            f"-c idle_in_transaction_session_timeout=60000"
        )
        self._number = crc32(self._namespace.encode())
        self._turn = Lock()
        self._holder: int | None = None
        self._held: Punctual | None = None
        self._idle: deque[Punctual] = deque()
        self._room = Semaphore(AT_ONCE)
        self._inside: Counter[int] = Counter()
        self._rest_until = 0.0

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction: durable when the block ends, undone when it raises."""
        if self._holder == get_ident():
            assert self._held is not None
            yield PostgresConnection(self._held, self.name)
            return
        last = monotonic() + PATIENCE_MS / 1000
        if not self._turn.acquire(timeout=PATIENCE_MS / 1000):
            raise unavailable(self.name, HELD)
        try:
            with self._connected(self._begin(last)) as raw:
                self._holder, self._held = get_ident(), raw
                yield PostgresConnection(raw, self.name)
                self._commit(raw)
        finally:
            self._holder = self._held = None
            self._turn.release()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection to read with; each statement sees the last commit before it."""
        with self._connected() as raw:
            yield PostgresConnection(raw, self.name)

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Like `reading`, but every statement sees the same moment; it may take its time."""
        begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0"
        with self._connected(begin) as raw, raw.unhurried():
            yield PostgresConnection(raw, self.name)
            raw.execute("COMMIT")

    def migrate(self, role: str | None = None) -> int:
        """Take the steps that were not taken yet; return how many. Grant `role` what it needs."""
        namespace = sql.Identifier(self._namespace)
        with self.writing() as connection, self._unhurried() as raw:
            raw.execute("SET LOCAL statement_timeout = 0")
            raw.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(namespace))
            raw.execute(_STEPS_TAKEN)
            taken = _steps_taken(raw)
            for number, step in self._schema.numbered():
                if number <= taken:
                    continue
                if statement := step.in_words_of("postgresql"):
                    connection.execute(statement)
                connection.execute("INSERT INTO steps_taken VALUES (?, ?)", (number, step.sha256))
            if role is not None:
                self._grant(raw, role)
        return max(self._schema.size - taken, 0)

    def expect_migrated(self) -> None:
        """Raises MustMigrate when steps are missing, StoreUnavailable."""
        with self._connected() as raw:
            try:
                taken = _steps_taken(raw)
            except (psycopg.errors.UndefinedTable, psycopg.errors.InsufficientPrivilege):
                taken = 0
        if taken < self._schema.size:
            raise MustMigrate(
                f"{self.name} has not the tables that this program needs. Run `python -m incidents "
                "migrate` and `python -m notifier migrate` as the owner of the database first."
            )

    @contextmanager
    def alone(self, work: str = "") -> Iterator[SessionHold[Punctual]]:
        """Be the only process that does, by a lock of a connection of its own."""
        number = crc32(f"{self._namespace} {work}".encode()) if work else self._number
        hold = SessionHold(self.name, lambda: self._take_alone(number), _is_alive)
        hold.regain()
        try:
            yield hold
        finally:
            hold.release()

    def rebuild(self) -> None:
        """Write the tables that the program owns anew. What WAL archives hold is beyond this."""
        with self._connected() as raw, raw.unhurried():
            raw.execute("SET statement_timeout = 0")
            try:
                for table in self._schema.owned:
                    raw.execute(sql.SQL("VACUUM FULL {}").format(sql.Identifier(table)))
            finally:
                raw.execute(f"SET statement_timeout = {PATIENCE_MS}")

    def close(self) -> None:
        """Close every idle connection; the database may be opened again by using it."""
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

    # ── connections ───────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def _connected(self, begin: str | None = None) -> Iterator[Punctual]:
        """A connection for the block, kept for the next one if it is still good afterwards."""
        with self._admitted():
            raw = self._idle_connection() or self._connect()
            try:
                if begin:
                    # Two statements in one go: that cannot be prepared.
                    raw.execute(begin, prepare=False)
                yield raw
            except BaseException as error:
                self._undo(raw)
                if raw.silent:
                    self._rest()
                if isinstance(error, psycopg.Error):
                    raise told(self.name, error) from error
                raise
            self._idle.append(raw)

    @contextmanager
    def _admitted(self) -> Iterator[None]:
        """Wait for room, so that a crowd of threads does not use up the server's connections.

        A thread that is in already may have another connection: it would wait for itself.
        """
        thread = get_ident()
        is_first = not self._inside[thread]
        if is_first and not self._room.acquire(timeout=PATIENCE_MS / 1000):
            raise unavailable(self.name, CROWDED)
        self._inside[thread] += 1
        try:
            yield
        finally:
            self._inside[thread] -= 1
            if is_first:
                del self._inside[thread]
                self._room.release()

    @contextmanager
    def _unhurried(self) -> Iterator[Punctual]:
        assert self._held is not None
        with self._held.unhurried():
            yield self._held

    def _rest(self) -> None:
        """Nobody is to wait for a server of which we know that it says nothing."""
        self._rest_until = monotonic() + REST_SECONDS
        self.close()

    def _begin(self, last: float) -> str:
        """Begin a transaction with its turn, had by `last` or never. One trip to the server."""
        left = max(int(1000 * (last - monotonic())), 50)
        return (
            f"BEGIN; SET LOCAL lock_timeout = {left}; "
            f"SELECT pg_advisory_xact_lock({self._number}); SET LOCAL lock_timeout = {PATIENCE_MS}"
        )

    def _commit(self, raw: Punctual) -> None:
        if raw.info.transaction_status is TransactionStatus.INERROR:
            # The server would answer COMMIT with a ROLLBACK, and call it a success.
            raise DatabaseError("A statement failed before: nothing of this can be kept.")
        try:
            raw.execute("COMMIT")
        except psycopg.OperationalError as error:
            if raw.closed:
                raise OutcomeUnknown(
                    "The connection to the database was lost at the last moment: it is not known "
                    "whether this was recorded. Look before you do it again, or repeat it with the "
                    "same Idempotency-Key."
                ) from error
            raise

    def _undo(self, raw: Punctual) -> None:
        try:
            if raw.info.transaction_status is not TransactionStatus.IDLE:
                raw.execute("ROLLBACK")
        except psycopg.Error:
            # What cannot be rolled back is dropped with its connection.
            raw.close()
        if not raw.closed:
            self._idle.append(raw)

    def _idle_connection(self) -> Punctual | None:
        while True:
            try:
                raw = self._idle.pop()
            except IndexError:
                return None
            if _is_quiet(raw):
                return raw
            raw.close()

    def _take_alone(self, number: int) -> Punctual | None:
        raw = self._connect(_FOR_LONG)
        # Two numbers: locks of two numbers are not those of one, by which writers take turns.
        ask = f"SELECT pg_try_advisory_lock({_ALONE}, {number & 0x7FFFFFFF})"
        try:
            [got] = raw.execute(ask).fetchone() or (False,)
        except psycopg.Error as error:
            raw.close()
            raise told(self.name, error) from error
        if got:
            return raw
        raw.close()
        return None

    def _connect(self, more: str = "") -> Punctual:
        if monotonic() < self._rest_until:
            raise unavailable(self.name, AWAY)
        try:
            return Punctual.connect(
                **{**self._settings, "options": f"{self._options} {more}"},
                autocommit=True,
                row_factory=row_factory,
            )
        except psycopg.Error as error:
            self._rest_until = monotonic() + REST_SECONDS
            # libpq's own words may quote what is in the URL.
            raise told(self.name, error) from None

    def _grant(self, raw: Punctual, role: str) -> None:
        namespace, to = sql.Identifier(self._namespace), sql.Identifier(role)
        raw.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(namespace, to))
        tables = raw.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = %s",
            (self._namespace,),
        ).fetchall()
        for (table,) in tables:
            name = sql.Identifier(table)
            if table in self._schema.owned:
                # PostgreSQL asks of an owner-to-be that he may make tables: for this moment.
                raw.execute(sql.SQL("GRANT CREATE ON SCHEMA {} TO {}").format(namespace, to))
                raw.execute(sql.SQL("ALTER TABLE {} OWNER TO {}").format(name, to))
                raw.execute(sql.SQL("REVOKE CREATE ON SCHEMA {} FROM {}").format(namespace, to))
                continue
            default = "SELECT" if table == "steps_taken" else "SELECT, INSERT, UPDATE, DELETE"
            what = sql.SQL(self._schema.grants.get(table, default))
            raw.execute(sql.SQL("REVOKE ALL ON {} FROM {}").format(name, to))
            raw.execute(sql.SQL("GRANT {} ON {} TO {}").format(what, name, to))


def _is_quiet(raw: Punctual) -> bool:
    """Whether an idle connection is good: what can be read on it is the news that it is gone."""
    if raw.closed:
        return False
    looking = poll()
    looking.register(raw.fileno(), POLLIN)
    return not looking.poll(0)


def _is_alive(raw: Punctual) -> bool:
    """Whether a connection still holds what it holds; asked only when its server says something."""
    if _is_quiet(raw):
        return True
    with suppress(psycopg.Error):
        raw.execute("SELECT 1")
        return True
    return False


def _steps_taken(raw: Punctual) -> int:
    row = raw.execute("SELECT max(number) FROM steps_taken").fetchone()
    return int(row[0] or 0) if row else 0


def _read_url(url: str) -> dict[str, Any]:
    try:
        return {**_OPTIONS, **conninfo_to_dict(url)}
    except psycopg.ProgrammingError:
        # libpq's own words would quote the password.
        raise NotSetUp(
            "DATABASE_URL is not the address of a PostgreSQL database. "
            "It reads like postgresql://role:password@host:5432/database."
        ) from None
