"""The real servers that tests talk to. Each test that names one gets its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.databases import Databases, databases
from tests.support.nats_server import NatsServer
from tests.support.postgres import PostgresServer
from tests.support.smtp_server import SmtpServer

# How long an example takes says something about the machine, not about us.
settings.register_profile(
    "caseward", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("caseward")


@pytest.fixture
def nats_server(tmp_path: Path) -> Iterator[NatsServer]:
    """A NATS server with JetStream that lets everybody do everything; `stop`, `kill`, `start`."""
    with NatsServer(tmp_path / "nats") as server:
        yield server


@pytest.fixture
def smtp_server(tmp_path: Path) -> Iterator[SmtpServer]:
    """A mail server that keeps what it is sent, and refuses or drops when told to."""
    with SmtpServer(tmp_path / "mail") as server:
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Databases]:
    """The PostgreSQL that all tests share, started for the first that asks; `fresh` databases."""
    with databases() as shared:
        yield shared


@pytest.fixture
def database_url(postgres: Databases) -> Iterator[str]:
    """Where an empty PostgreSQL database is that belongs to this test alone."""
    with postgres.fresh() as url:
        yield url


@pytest.fixture
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server of this test alone, to be stopped, killed and started again."""
    with PostgresServer() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest) -> str | None:
    """Where a store keeps everything: None is SQLite files, otherwise the URL of a database."""
    if request.param == "sqlite":
        return None
    url: str = request.getfixturevalue("database_url")
    return url
