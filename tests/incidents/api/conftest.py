"""Every test of the API speaks to the whole application on files of its own."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from litestar import Litestar

from incidents.api.app import create_app
from tests.incidents.api.school import (
    Client,
    SchoolLife,
    Template,
    make_template,
    open_school,
)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return make_template(tmp_path_factory.mktemp("schools") / "var")


@pytest.fixture
def life(template: Template, tmp_path: Path) -> Iterator[SchoolLife]:
    """Two schools with a user for every role."""
    life = open_school(template, tmp_path / "var")
    yield life
    life.installation.close()


@pytest.fixture
def app(life: SchoolLife) -> Litestar:
    return create_app(life.installation)


@pytest.fixture
async def client(life: SchoolLife, app: Litestar) -> AsyncIterator[Client]:
    client = Client(life, app)
    yield client
    await client.http.aclose()
