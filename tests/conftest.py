"""The real servers that tests talk to. Each test that names one gets its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.nats_server import NatsServer
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
