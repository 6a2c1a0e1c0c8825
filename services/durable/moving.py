"""Everything of a schema from one kind of database to the other, and the proof that it is the same.

Each schema goes in one transaction: it is there whole or not at all. Begun again after it was cut
short, a move leaves alone what is there already and equal.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from time import monotonic, sleep
from typing import Any, Final

from durable.database import Connection, Database
from durable.errors import StoreUnavailable
from durable.place import Place
from durable.schema import Schema

Progress = Callable[[int, int], None]

ROWS_AT_ONCE: Final = 500
PATIENCE: Final = 2.0
"""Seconds that a program which has just been stopped may need to hang up."""

_TABLES: Final = {
    "sqlite": """SELECT name FROM sqlite_master WHERE type = 'table'
        AND name NOT LIKE 'sqlite_%' AND name <> 'steps_taken' ORDER BY name""",
    "postgresql": """SELECT table_name FROM information_schema.tables
        WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'
        AND table_name <> 'steps_taken' ORDER BY table_name""",
}
_COLUMNS: Final = {
    "sqlite": "SELECT name, pk FROM pragma_table_info(?) ORDER BY cid",
    "postgresql": """SELECT a.attname, coalesce(array_position(i.indkey::int2[], a.attnum) + 1, 0)
        FROM pg_attribute a LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
        WHERE a.attrelid = CAST(? AS regclass) AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY a.attnum""",
}
_NUMBERED: Final = """SELECT column_name FROM information_schema.columns
    WHERE table_schema = current_schema() AND table_name = ? AND is_identity = 'YES'"""
_OTHERS: Final = """SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND usesysid IS NOT NULL"""


class InUse(Exception):
    """Programs still work with a database that is to be moved."""


class NotEmpty(Exception):
    """The target holds something else than what would be moved there."""


class NotTheSame(Exception):
    """What has arrived is not what was sent; nothing of it was kept."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table by its columns, and by those of them that put its rows in order."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]

    @property
    def all_rows(self) -> str:
        return f"SELECT {', '.join(self.columns)} FROM {self.name} ORDER BY {', '.join(self.key)}"  # noqa: S608 ours


@dataclass(frozen=True, slots=True)
class Contents:
    """How much a table holds, and the SHA-256 of all of it in order."""

    rows: int
    sha256: str


def expect_unused(place: Place, schemas: Sequence[Schema]) -> None:
    """Raises InUse while any program has one of these databases open, StoreUnavailable."""
    last = monotonic() + PATIENCE
    while True:
        busy = [schema for schema in schemas if _is_used(place, schema)]
        if not busy:
            return
        if monotonic() >= last:
            raise InUse(
                f"{place.name_of(busy[0])} is in use. Stop every program that works with it first."
            )
        sleep(0.05)


def move_schema(
    source: Database, target: Database, progress: Progress = lambda done, total: None
) -> int:
    """Copy every table, compare both sides, and return how many rows there are.

    `progress` is told how many of how many rows were copied. Nobody can write to either meanwhile.
    Raises NotEmpty, NotTheSame, DatabaseError and StoreUnavailable; then the target is as it was.
    """
    with source.writing() as giving, target.writing() as taking:
        for connection in (giving, taking):
            _wait_without_end(connection)
        tables, there = tables_of(giving), {table.name: table for table in tables_of(taking)}
        count = sum(_count(giving, table) for table in tables)
        sent = {table.name: contents(giving, table) for table in tables}
        if any(_count(taking, table) for table in there.values()):
            _expect_same(sent, taking, there, NotEmpty)
            return count
        done = 0
        for table in tables:
            for number in _copy(giving, taking, table):
                done += number
                progress(done, count)
            _continue_numbers(taking, table)
        _expect_same(sent, taking, there, NotTheSame)
    return count


def tables_of(connection: Connection) -> list[Table]:
    """Return the tables of a database, but for the note of steps taken."""
    names = [name for (name,) in connection.execute(_TABLES[connection.dialect]).fetchall()]
    return [_table(connection, name) for name in names]


def contents(connection: Connection, table: Table) -> Contents:
    """Return what tells a table from one that holds anything else."""
    digest, count = sha256(), 0
    for row in connection.stream(table.all_rows):
        # Both drivers give int, str, bytes, float and None, whose repr is the same everywhere.
        digest.update(repr(tuple(row)).encode("utf-8", "surrogatepass"))
        count += 1
    return Contents(count, digest.hexdigest())


def _table(connection: Connection, name: str) -> Table:
    found = connection.execute(_COLUMNS[connection.dialect], (name,)).fetchall()
    columns = tuple(sorted(column for column, _ in found))
    key = tuple(column for column, _ in sorted((c for c in found if c[1]), key=lambda c: c[1]))
    return Table(name, columns, key or columns)


def _wait_without_end(connection: Connection) -> None:
    """Nobody else waits for this transaction, and one side rests while the other is read."""
    if connection.dialect == "postgresql":
        connection.execute("SET LOCAL statement_timeout = 0")
        connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")


def _copy(giving: Connection, taking: Connection, table: Table) -> Iterator[int]:
    marks = ", ".join("?" * len(table.columns))
    # Numbers keep their places: a receipt names them.
    override = "OVERRIDING SYSTEM VALUE " if taking.dialect == "postgresql" else ""
    insert = f"INSERT INTO {table.name} ({', '.join(table.columns)}) {override}VALUES ({marks})"
    rows: Iterator[Any] = giving.stream(table.all_rows)
    while batch := [tuple(row) for row in islice(rows, ROWS_AT_ONCE)]:
        taking.executemany(insert, batch)
        yield len(batch)


def _continue_numbers(taking: Connection, table: Table) -> None:
    """SQLite does so by itself."""
    if taking.dialect != "postgresql":
        return
    for (column,) in taking.execute(_NUMBERED, (table.name,)).fetchall():
        taking.execute(
            f"""SELECT setval(pg_get_serial_sequence(?, ?), max({column}))
            FROM {table.name} HAVING max({column}) IS NOT NULL""",  # noqa: S608 ours
            (table.name, column),
        )


def _expect_same(
    sent: dict[str, Contents],
    taking: Connection,
    there: dict[str, Table],
    otherwise: type[Exception],
) -> None:
    arrived = {name: contents(taking, table) for name, table in there.items()}
    if arrived != sent:
        names = ", ".join(
            sorted(n for n in sent.keys() | arrived.keys() if sent.get(n) != arrived.get(n))
        )
        raise otherwise(
            f"The target holds something else than the source in: {names}. Nothing was moved."
        )


def _count(connection: Connection, table: Table) -> int:
    (count,) = connection.execute(f"SELECT count(*) FROM {table.name}").fetchone()  # noqa: S608 ours
    return int(count)


def _is_used(place: Place, schema: Schema) -> bool:
    if place.in_files:
        return _file_is_used(place, schema)
    with closing(place.open(schema, migrate=False)) as database, database.reading() as connection:
        (others,) = connection.execute(_OTHERS).fetchone()
    return bool(others)


def _file_is_used(place: Place, schema: Schema) -> bool:
    path = place.folder / f"{schema.name}.db"
    if not path.exists():
        return False
    try:
        with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as connection:
            # Only who has the file to himself may give up writing ahead; opened again, it does.
            connection.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.OperationalError as error:
        if (error.sqlite_errorcode & 0xFF) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return True
        raise StoreUnavailable(f"{path.name} cannot be used: {error}.") from error
    except sqlite3.DatabaseError as error:
        raise StoreUnavailable(f"{path.name} cannot be used: {error}.") from error
    return False
