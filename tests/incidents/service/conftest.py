"""One school at work for every test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.office import Office


@pytest.fixture
def url() -> str | None:
    """Files, unless a module gives another: what is the same on both is not tested on both."""
    return None


@pytest.fixture
def office(tmp_path: Path, url: str | None) -> Iterator[Office]:
    opened = Office(tmp_path / "var", database_url=url)
    yield opened
    opened.close()
