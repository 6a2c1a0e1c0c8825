"""The notifier among real servers: a broker, a mail server, and a scripted incidents.

Its ledger is a file, or lies in PostgreSQL: what names `home`, or `settings`, is tested with both.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from durable import Place
from incidents.contract import files
from notifier.config import Settings
from notifier.database import SCHEMA
from notifier.render import Renderer
from tests.notifier.other_side import OtherSide, Script
from tests.support.nats_server import NatsServer
from tests.support.smtp_server import SmtpServer

LETTERS = Path(__file__).parents[2] / "services/notifier/letters"


@pytest.fixture(scope="session")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The schemas that incidents publishes, in a folder."""
    folder = tmp_path_factory.mktemp("schemas")
    for name, content in files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


@pytest.fixture(scope="session")
def renderer(contract: Path) -> Renderer:
    """The letters that are delivered with the notifier."""
    return Renderer(LETTERS, contract)


@pytest.fixture
def home(tmp_path: Path, place: str | None) -> Place:
    """Where a ledger may be made: in PostgreSQL its tables are there already."""
    found = Place(tmp_path / "var", place)
    if not found.in_files:
        migrated(found)
    return found


def migrated(place: Place) -> None:
    """Make the tables of a ledger in PostgreSQL."""
    database = place.open(SCHEMA, migrate=False)
    database.migrate()
    database.close()


@pytest.fixture
def settings(
    home: Place, contract: Path, nats_server: NatsServer, smtp_server: SmtpServer
) -> Settings:
    return Settings(
        var=home.folder,
        database_url=home.url,
        nats_url=nats_server.url,
        smtp_url=smtp_server.url,
        schemas_dir=contract,
    )


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
async def incidents(nats_server: NatsServer, script: Script) -> AsyncIterator[OtherSide]:
    other = await OtherSide.open(nats_server.url, script)
    yield other
    await other.close()
