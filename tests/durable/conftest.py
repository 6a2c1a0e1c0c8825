"""The databases that the promises of `durable` are tried on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from durable import Database, Place
from tests.durable.notebook import opened
from tests.support.postgres import PostgresServer


@pytest.fixture
def home(tmp_path: Path, place: str | None) -> Place:
    """Where a database may be made: files in a folder, or PostgreSQL."""
    return Place(tmp_path, place)


@pytest.fixture
def database(home: Place) -> Iterator[Database]:
    """An empty notebook."""
    database = opened(home)
    yield database
    database.close()


@pytest.fixture
def served(tmp_path: Path, postgres_server: PostgresServer) -> Iterator[Database]:
    """An empty notebook on a server of this test alone."""
    database = opened(Place(tmp_path, postgres_server.url()))
    yield database
    database.close()
