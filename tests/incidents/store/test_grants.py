"""What the service may do in PostgreSQL: `migrate --role` grants what its work needs, no more.

Whoever signs in as the service cannot change history, and the owner is stopped by triggers.
"""

from collections.abc import Iterator
from contextlib import closing
from uuid import uuid4

import psycopg
import pytest

from durable import DatabaseError, IntegrityError, Place, StoreUnavailable
from incidents.evidence import Tree
from incidents.evidence.tree import TREE
from incidents.installation import SCHEMAS
from incidents.store import Owner, open_store
from incidents.store.tables import LOG
from tests.incidents.store.asking import Adding
from tests.incidents.store.sample import EVENTS, SCHOOL
from tests.support.kept import opened
from tests.support.postgres import PostgresServer

HISTORY = ("stored_events", "leaves", "nodes")
CHANGES = {
    "stored_events": "UPDATE stored_events SET topic = 'incidents.case_closed'",
    "leaves": "UPDATE leaves SET position = 99",
    "nodes": "UPDATE nodes SET level = 9",
}


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, Place]]:
    """The same installation as the owner of its tables finds it, and as the service does."""
    var = tmp_path_factory.mktemp("var")
    with PostgresServer(fsync=False) as server:
        with psycopg.connect(server.url(), autocommit=True) as connection:
            for role in ("owning", "serving"):
                connection.execute(f"CREATE ROLE {role} LOGIN".encode())
            connection.execute("GRANT serving TO owning")
            connection.execute("CREATE DATABASE app OWNER owning")
        owner = Place(var, server.url("app", role="owning"))
        service = Place(var, server.url("app", role="serving"))
        for schema in SCHEMAS:
            with opened(owner, schema) as database:
                database.migrate("serving")
        _work(service)
        yield owner, service


def _work(service: Place) -> None:
    """Everything that the service does, done as the service."""
    with open_store(service, events=EVENTS) as store, closing(Tree(service)) as tree:
        stream = uuid4()
        store.write(Adding(stream, takes="a name"))
        store.write(Adding(stream, count=2))
        with tree.growing() as growth:
            for stored in store.stored(stream):
                growth.add(stored.position, stream, stored.version, bytes(32))
        assert store.keys.destroy(Owner(SCHOOL, "stream", stream))
        store.keys.rotate_master_key()


@pytest.mark.parametrize("table", HISTORY)
@pytest.mark.parametrize(
    "statement",
    [
        "{change}",
        "DELETE FROM {table}",
        "TRUNCATE {table}",
        "ALTER TABLE {table} DISABLE TRIGGER ALL",
        "ALTER TABLE {table} ADD COLUMN more TEXT",
        "DROP TABLE {table}",
        "CREATE TABLE mine (id INTEGER)",
    ],
)
def test_the_service_cannot_change_history(
    places: tuple[Place, Place], table: str, statement: str
) -> None:
    attempt = statement.format(change=CHANGES[table], table=table)
    schema = LOG if table == "stored_events" else TREE
    with (
        opened(places[1], schema) as database,
        pytest.raises((DatabaseError, StoreUnavailable), match=r"may not do this|must be owner"),
        database.writing() as connection,
    ):
        connection.execute(attempt)


@pytest.mark.parametrize("table", HISTORY)
@pytest.mark.parametrize("statement", ["{change}", "DELETE FROM {table}", "TRUNCATE {table}"])
def test_the_owner_is_stopped_by_triggers(
    places: tuple[Place, Place], table: str, statement: str
) -> None:
    attempt = statement.format(change=CHANGES[table], table=table)
    schema = LOG if table == "stored_events" else TREE
    with (
        opened(places[0], schema) as database,
        pytest.raises(IntegrityError, match=r"never changed or deleted|only ever added to"),
        database.writing() as connection,
    ):
        connection.execute(attempt)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM states",
        "DELETE FROM claims",
        "UPDATE claims SET stream = 'another'",
        "SELECT setval('stored_events_id_seq', 1)",
    ],
)
def test_nor_what_was_claimed_or_numbered(places: tuple[Place, Place], statement: str) -> None:
    with (
        opened(places[1], LOG) as database,
        pytest.raises(StoreUnavailable, match="may not do this"),
        database.writing() as connection,
    ):
        connection.execute(statement)


def test_an_event_is_put_nowhere_but_after_the_last_of_its_stream(
    places: tuple[Place, Place],
) -> None:
    for stream, version in (("another", 2), ("another", 0)):
        with (
            opened(places[1], LOG) as database,
            pytest.raises(IntegrityError, match="only follows the last one"),
            database.writing() as connection,
        ):
            connection.execute(
                "INSERT INTO stored_events (originator_id, originator_version, topic, state) "
                "VALUES (?, ?, 'tests.note_added', '')",
                (stream, version),
            )
