"""The installation most tests of the evidence work on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.incidents.evidence.installation import CASES, Installation


@pytest.fixture
def url() -> str | None:
    """Files, unless a module gives another: what is the same on both is not tested on both."""
    return None


@pytest.fixture
def empty(tmp_path: Path, url: str | None) -> Iterator[Installation]:
    """An installation where nothing has been recorded yet."""
    installation = Installation(tmp_path / "var", url)
    yield installation
    installation.close()


@pytest.fixture
def installation(empty: Installation) -> Installation:
    """Four cases of five events each, recorded in turn, sequenced and vouched for at 8 and 20."""
    empty.record(*CASES, *CASES)
    empty.catch_up()
    empty.record(*CASES, *CASES, *CASES)
    empty.catch_up()
    return empty
