"""One week in November, played once and looked at by every test here."""

from collections.abc import Iterator

import pytest

from deploy.demo.scenarios import A_PARENTS_POST, A_THREAT, NO_DISCLAIMER
from tests.scenarios.told import Told, Week
from tests.scenarios.town import town
from tests.support.nats_server import NatsServer
from tests.support.smtp_server import SmtpServer


@pytest.fixture(scope="session")
def week(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Week]:
    """The installation after the three scenarios, still running."""
    folder = tmp_path_factory.mktemp("week")
    start = A_PARENTS_POST.steps[0].at
    with (
        NatsServer(folder / "nats") as nats,
        SmtpServer(folder / "mail") as mail,
        town(folder, nats, mail, start) as running,
    ):
        plays = running.play(A_PARENTS_POST, A_THREAT, NO_DISCLAIMER)
        yield Week(running, folder, *(Told(running, play) for play in plays))
