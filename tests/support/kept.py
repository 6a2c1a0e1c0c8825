"""Where an installation under test keeps its tables: in files, or in a PostgreSQL database."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import pytest

from durable import Connection, Database, Place, Schema
from incidents.installation import SCHEMAS
from incidents.store.tables import LOG

in_files: Final = pytest.mark.parametrize("place", ["sqlite"], indirect=True)
"""For a test of what only files have: the fixture `place` gives nothing else."""

in_postgresql: Final = pytest.mark.parametrize("place", ["postgresql"], indirect=True)


def kept_at(var: Path, url: str | None) -> Place:
    """Return the place at which a test keeps everything; its tables are made at a URL."""
    place = Place(var, url)
    if not place.in_files:
        for schema in SCHEMAS:
            with opened(place, schema) as database:
                database.migrate()
    return place


def opened(place: Place, schema: Schema) -> "closing[Database]":
    """A database of a place for a block, migrated or not."""
    return closing(place.open(schema, migrate=False))


@contextmanager
def tampering(place: Place, schema: Schema = LOG) -> Iterator[Connection]:
    """A transaction of somebody whom nothing stops: he can write the file, or owns the tables."""
    with opened(place, schema) as database:
        with database.writing() as connection:
            _disarm(connection)
        with database.writing() as connection:
            yield connection


def _disarm(connection: Connection) -> None:
    if connection.dialect == "sqlite":
        found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (trigger,) in found.fetchall():
            connection.execute(f"DROP TRIGGER {trigger}")
        return
    found = connection.execute(
        "SELECT DISTINCT event_object_table FROM information_schema.triggers "
        "WHERE event_object_schema = current_schema()"
    )
    for (table,) in found.fetchall():
        connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
