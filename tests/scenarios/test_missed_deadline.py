"""Nobody takes the report in hand: on Monday evening that is one event, and one alert."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from deploy.demo.calendar import november
from deploy.demo.scenarios import A_PARENTS_POST
from tests.scenarios.planted import said, traces
from tests.scenarios.told import Told, body_of
from tests.scenarios.town import Town, town
from tests.support.nats_server import NatsServer
from tests.support.smtp_server import SmtpServer

REPORT, ALERT, RECEIVED = A_PARENTS_POST.steps[:3]
DUE = november(23, 17, 0)
MOMENT = timedelta(seconds=1)


@pytest.fixture
def quiet(tmp_path: Path, nats_server: NatsServer, smtp_server: SmtpServer) -> Iterator[Town]:
    """An installation in which nothing has happened yet, on Friday afternoon."""
    with town(tmp_path, nats_server, smtp_server, REPORT.at) as running:
        yield running


def test_a_report_that_nobody_takes_up_is_missed_once_and_alerted_once(quiet: Town) -> None:
    play = quiet.begin()
    for step in (REPORT, ALERT, RECEIVED):
        step.take(play)
    for moment in (november(21, 12, 0), november(22, 18, 0), DUE - 60 * MOMENT):
        quiet.clock.set(moment)
        assert missed_by_now(quiet, play.case_id) == []

    quiet.clock.set(DUE)
    [alert] = play.alerts("A8", 1)
    told = Told(quiet, play)
    missed = told.once("deadline_missed")
    assert missed["data"]["due"] == "acknowledge"
    assert DUE <= datetime.fromisoformat(missed["recorded_at"]) < DUE + 60 * MOMENT
    assert missed["actor"] == {"role": "timekeeper"}
    assert alert["data"]["prompted_by"] == missed["event_id"]

    [mail] = told.alerted("A8")
    assert mail.recipients == ["slt@demonstration.example.org"]
    assert "The report has not been acknowledged" in body_of(mail)
    assert traces(mail.content, said(quiet)) == []


def test_a_missed_deadline_is_missed_once_however_often_it_is_looked_at(quiet: Town) -> None:
    play = quiet.begin()
    REPORT.take(play)
    play.letter("L1", "sent")
    quiet.clock.set(DUE)
    play.alerts("A8", 1)
    for later in (DUE + timedelta(hours=1), DUE + timedelta(hours=20)):
        quiet.clock.set(later)
        assert missed_by_now(quiet, play.case_id) == ["acknowledge"]
    play.ask("slt", "acknowledge-report", {})
    told = Told(quiet, play)
    assert told.names.count("deadline_missed") == 1
    assert told.once("deadline_met")["data"]["due"] == "acknowledge"
    assert len(told.happened("alert_sent", code="A8")) == len(told.alerted("A8")) == 1


def missed_by_now(quiet: Town, case_id: str) -> list[str]:
    """What the case says was missed, once a timekeeper has looked at this moment.

    Another one looks beside the one that runs: it can only find what that one has not recorded.
    """
    quiet.installation.timekeeper().look()
    page = quiet.as_("headteacher", "GET", f"/api/cases/{case_id}").json
    return [d["due"] for d in page["deadlines"] if d["state"] == "missed"]
