"""The real servers that tests talk to. Each test that names one gets its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.nats_server import NatsServer
from tests.support.smtp_server import SmtpServer


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
