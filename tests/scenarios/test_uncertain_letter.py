"""The mail server's answer is lost: a person looks whether the letter arrived, and says so."""

from pathlib import Path

import pytest

from deploy.demo.scenarios import A_PARENTS_POST
from tests.scenarios.told import Told
from tests.scenarios.town import town
from tests.support.nats_server import NatsServer
from tests.support.smtp_server import SmtpServer

APPROVED = next(n for n, s in enumerate(A_PARENTS_POST.steps) if "approves it" in s.what)
UNTIL_APPROVED = A_PARENTS_POST.steps[: APPROVED + 1]


@pytest.mark.parametrize(("arrived", "then"), [(True, []), (False, ["sent"])])
def test_a_letter_whose_fate_is_unknown_waits_for_a_person_and_arrives_once(
    tmp_path: Path,
    nats_server: NatsServer,
    smtp_server: SmtpServer,
    arrived: bool,
    then: list[str],
) -> None:
    with town(tmp_path, nats_server, smtp_server, UNTIL_APPROVED[0].at) as running:
        play = running.begin()
        for step in UNTIL_APPROVED[:-1]:
            step.take(play)
        smtp_server.drop_after_data(kept=arrived)
        UNTIL_APPROVED[-1].take(play)
        play.letter("L2", "sent")
        told = Told(running, play)
        letter = told.letter("L2")["letter"]
        assert told.fate(letter) == ["rendered", "approved", "uncertain", "resolved", *then]
        assert told.once("letter_resolved")["data"]["delivered"] is arrived
        assert told.once("letter_resolved")["actor"]["role"] == "headteacher"
        assert len(told.mails(letter)) == 1
