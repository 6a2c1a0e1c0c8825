"""What the role of a service may do in PostgreSQL: what is granted, and nothing else, by trying."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from durable import Database, DatabaseError, Place, StoreUnavailable
from tests.durable.notebook import SCHEMA, note, notes
from tests.support.postgres import PostgresServer


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, Place]]:
    """The same database as its owner finds it, who is no superuser, and as the service does."""
    folder = tmp_path_factory.mktemp("var")
    with PostgresServer() as server:
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute("CREATE ROLE owning LOGIN")
            connection.execute("CREATE ROLE serving LOGIN")
            connection.execute("GRANT serving TO owning")
            connection.execute("CREATE DATABASE app OWNER owning")
        yield (
            Place(folder, server.url("app", role="owning")),
            Place(folder, server.url("app", role="serving")),
        )


@pytest.fixture(scope="module")
def served(places: tuple[Place, Place]) -> Iterator[Database]:
    owner, service = places
    with closing(owner.open(SCHEMA, migrate=False)) as database:
        assert database.migrate("serving") == len(SCHEMA.steps)
        assert database.migrate("serving") == 0
    with closing(service.open(SCHEMA)) as database:
        yield database


def test_what_is_granted_can_be_done(served: Database) -> None:
    with served.alone() as hold:
        note(served, "one")
        hold.check()
    assert notes(served) == ["one"]
    with served.writing() as connection:
        connection.execute("UPDATE counters SET value = 3")
        connection.execute("INSERT INTO secrets VALUES (1, 'a')")
        connection.execute("DELETE FROM secrets")
    served.rebuild()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE notes SET text = 'another'",
        "DELETE FROM notes",
        "TRUNCATE notes",
        "DELETE FROM counters",
        "INSERT INTO counters VALUES ('more', 1)",
        "ALTER TABLE notes ADD COLUMN colour TEXT",
        "ALTER TABLE notes DISABLE TRIGGER ALL",
        "ALTER TABLE notes RENAME TO no_notes",
        "DROP TABLE notes",
        "CREATE INDEX notes_by_number ON notes (number)",
        "CREATE RULE mine AS ON INSERT TO notes DO INSTEAD NOTHING",
        "CREATE TABLE mine (id INTEGER)",
        "CREATE SCHEMA mine",
        "CREATE TABLE public.mine (id INTEGER)",
        "DROP SCHEMA caseward_notes CASCADE",
        "INSERT INTO steps_taken VALUES (99, 'x')",
        "UPDATE steps_taken SET sha256 = 'x'",
        "DELETE FROM steps_taken",
        "SET ROLE owning",
        "COPY notes TO PROGRAM 'true'",
    ],
)
def test_what_is_not_granted_is_refused(served: Database, statement: str) -> None:
    note(served, statement)
    with pytest.raises((DatabaseError, StoreUnavailable)), served.writing() as connection:
        connection.execute(statement)
    assert statement in notes(served)


def test_a_role_cannot_hand_on_more_than_it_has(served: Database) -> None:
    with served.writing() as connection:
        connection.execute("GRANT UPDATE ON counters TO PUBLIC")
        rows = connection.execute(
            "SELECT has_table_privilege('public', 'counters', 'UPDATE')"
        ).fetchone()
    assert tuple(rows) == (False,)


def test_a_role_that_was_granted_nothing_is_told_to_migrate(
    places: tuple[Place, Place], served: Database, tmp_path: Path
) -> None:
    owner, _ = places
    assert owner.url is not None
    with psycopg.connect(owner.url, autocommit=True) as connection:
        connection.execute("REVOKE USAGE ON SCHEMA caseward_notes FROM serving")
    served.close()
    with pytest.raises(StoreUnavailable, match="migrate"):
        places[1].open(SCHEMA)
    with closing(owner.open(SCHEMA, migrate=False)) as database:
        database.migrate("serving")
    places[1].open(SCHEMA).close()
