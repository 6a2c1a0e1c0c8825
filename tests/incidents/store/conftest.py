"""A store of its own for every test, in files and in PostgreSQL.

What is about files alone says so with `in_files`, of `tests.support.kept`.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from durable import Place
from incidents.store import Store, open_store
from tests.incidents.store.sample import EVENTS, EVERY_KIND
from tests.support.kept import kept_at


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One store for the many examples of a property; each uses a stream of its own."""
    with open_store(Place(tmp_path_factory.mktemp("var")), events=EVERY_KIND) as opened:
        yield opened


@pytest.fixture
def var(tmp_path: Path) -> Path:
    return tmp_path / "var"


@pytest.fixture
def kept(var: Path, place: str | None) -> Place:
    """Where the store keeps everything, with its tables made."""
    return kept_at(var, place)


@pytest.fixture
def store(kept: Place) -> Iterator[Store]:
    with open_store(kept, events=EVENTS) as opened:
        yield opened
