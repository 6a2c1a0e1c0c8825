"""The notifier among real servers: a broker, a mail server, and a scripted incidents."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from incidents.contract import files
from notifier.config import Settings
from tests.notifier.other_side import OtherSide, Script
from tests.support.nats_server import NatsServer
from tests.support.smtp_server import SmtpServer


@pytest.fixture(scope="session")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The schemas that incidents publishes, in a folder."""
    folder = tmp_path_factory.mktemp("schemas")
    for name, content in files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


@pytest.fixture
def settings(
    tmp_path: Path, contract: Path, nats_server: NatsServer, smtp_server: SmtpServer
) -> Settings:
    return Settings(
        var=tmp_path / "var",
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
