"""One installation for a whole file of tests: what is refused leaves nothing behind for the next.

A test file takes these by importing them.
"""

from collections.abc import Iterator

import pytest
from litestar import Litestar

from incidents.api.app import create_app
from tests.incidents.api.school import SchoolLife, Template, open_school

__all__ = ["app", "life"]


@pytest.fixture(scope="module")
def life(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SchoolLife]:
    life = open_school(template, tmp_path_factory.mktemp("one") / "var")
    yield life
    life.installation.close()


@pytest.fixture(scope="module")
def app(life: SchoolLife) -> Litestar:
    return create_app(life.installation)
