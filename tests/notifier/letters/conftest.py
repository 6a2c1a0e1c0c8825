"""The letters as they are delivered, ready to be rendered."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from notifier.render import Renderer
from notifier.render.page import Press
from tests.notifier.letters.codes import LETTERS
from tests.notifier.letters.samples import USUAL, schema


def write_schemas(folder: Path) -> Path:
    """Write the JSON Schema of every letter's facts below the folder, and return it."""
    (folder / "letters").mkdir(parents=True)
    for code in USUAL:
        path = folder / "letters" / f"{code}.v1.json"
        path.write_bytes(msgspec.json.encode(schema(code)))
    return folder


@pytest.fixture(scope="session")
def letters() -> Path:
    return LETTERS


@pytest.fixture(scope="session")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_schemas(tmp_path_factory.mktemp("contract") / "schemas")


@pytest.fixture(scope="session")
def renderer(letters: Path, schemas: Path) -> Renderer:
    return Renderer(letters, schemas)


@pytest.fixture
def inputs(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """What was given to Typst for each page, in order."""
    given: list[dict[str, str]] = []
    inputs_of = Press._inputs

    def noted(press: Press, page: Any) -> dict[str, str]:
        given.append(inputs_of(press, page))
        return given[-1]

    monkeypatch.setattr(Press, "_inputs", noted)
    return given
