"""A connection of psycopg's as every database gives one, and rows as SQLite's are."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, ClassVar, Final

import psycopg

from durable.database import Cursor, Values
from durable.postgres_words import told

STREAM_ROWS: Final = 500


class Row(tuple[Any, ...]):
    """A row whose columns go by place and by name, as SQLite's do."""

    __slots__ = ()
    names: ClassVar[dict[str, int]]

    def __getitem__(self, key: Any) -> Any:
        return tuple.__getitem__(self, self.names[key] if isinstance(key, str) else key)

    def keys(self) -> list[str]:
        """Return the names of the columns, in order."""
        return list(self.names)


def row_factory(cursor: psycopg.Cursor[Any]) -> Any:
    """Return what makes the rows of an answer."""
    return _row_kind(tuple(column.name for column in cursor.description or ()))


@lru_cache(maxsize=1024)
def _row_kind(names: tuple[str, ...]) -> type[Row]:
    places = {name: n for n, name in enumerate(names)}
    return type("_Row", (Row,), {"__slots__": (), "names": places})


class PostgresConnection:
    """psycopg's connection, with `?` marks and our errors."""

    dialect: Final = "postgresql"
    __slots__ = ("_name", "_raw")

    def __init__(self, raw: psycopg.Connection[Any], name: str) -> None:
        """`name` is how the database is called in messages to people."""
        self._raw = raw
        self._name = name

    def execute(self, statement: str, values: Values = (), /) -> Cursor:
        try:
            return self._raw.execute(_marked(statement), values)
        except psycopg.Error as error:
            raise told(self._name, error) from error

    def executemany(self, statement: str, rows: Iterable[Values], /) -> None:
        try:
            self._raw.cursor().executemany(_marked(statement), rows)
        except psycopg.Error as error:
            raise told(self._name, error) from error

    def stream(self, statement: str, values: Values = (), /) -> Iterator[Any]:
        try:
            with self._raw.cursor(name="stream") as cursor:
                cursor.itersize = STREAM_ROWS
                yield from cursor.execute(_marked(statement), values)
        except psycopg.Error as error:
            raise told(self._name, error) from error

    @contextmanager
    def apart(self) -> Iterator[None]:
        self.execute("SAVEPOINT apart")
        try:
            yield
        except BaseException:
            if not self._raw.closed:
                self.execute("ROLLBACK TO SAVEPOINT apart")
                self.execute("RELEASE SAVEPOINT apart")
            raise
        self.execute("RELEASE SAVEPOINT apart")


@lru_cache(maxsize=1024)
def _marked(statement: str) -> Any:
    """Our statements hold no `?` and no `%` of their own but marks."""
    return statement.replace("%", "%%").replace("?", "%s")
