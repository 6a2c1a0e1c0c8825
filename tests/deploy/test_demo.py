"""The demonstration's client finds out what became of a request, whatever breaks in between."""

import json
from collections.abc import Mapping
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path

import pytest
from click.testing import CliRunner

from deploy.demo.__main__ import main
from deploy.demo.calendar import LONDON, november
from deploy.demo.client import Answer, Client, NoAnswer, NotInTime, Refused
from deploy.demo.picture import picture
from deploy.demo.play import AtOnce
from deploy.demo.post import Post

LOST = NoAnswer("lost")
FRIDAY = november(20, 16, 40)
TODAY = datetime(2027, 1, 7, 10, 5, 30, tzinfo=LONDON)
"""A Thursday."""


def answered(status: int, **body: object) -> Answer:
    return Answer(status, {}, json.dumps(body).encode())


class Door:
    """Gives one answer after the other, or none, and keeps what it was asked."""

    def __init__(self, *answers: Answer | NoAnswer) -> None:
        self._answers = list(answers)
        self.asked: list[Mapping[str, str]] = []

    def request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        self.asked.append(headers)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, NoAnswer):
            raise answer
        return answer


def client(door: Door, patience: float = 5.0) -> Client:
    return Client(door, {"slt": "demoschool01.token"}, patience)


def test_a_lost_answer_is_asked_for_again_under_the_same_key() -> None:
    door = Door(LOST, LOST, answered(200, version=2))
    assert client(door).post("slt", "/api/x", {}, key="one").json == {"version": 2}
    assert [headers["Idempotency-Key"] for headers in door.asked] == ["one"] * 3


def test_an_installation_that_is_away_or_busy_is_waited_for() -> None:
    door = Door(answered(503), answered(429), answered(200, user="me"))
    assert client(door).get("slt", "/api/me").json == {"user": "me"}


def test_a_case_that_has_moved_on_is_read_again_first() -> None:
    versions = iter((3, 5))
    door = Door(answered(412), answered(200))
    client(door).post("slt", "/api/x", {}, key="one", version=lambda: next(versions))
    assert [headers["If-Match"] for headers in door.asked] == ['"3"', '"5"']
    assert {headers["Idempotency-Key"] for headers in door.asked} == {"one"}


def test_a_refusal_says_which_rules_stand_in_the_way() -> None:
    reasons = [{"rule": "role", "detail": "Only for the lead."}]
    door = Door(answered(403, title="Not yours", detail="Somebody else", reasons=reasons))
    with pytest.raises(Refused, match="Only for the lead") as refusal:
        client(door).post("slt", "/api/x", {}, key="one")
    assert (refusal.value.status, refusal.value.rules) == (403, frozenset({"role"}))


@pytest.mark.parametrize("never", [LOST, answered(503)])
def test_what_never_answers_is_given_up_with_words_that_help(never: Answer | NoAnswer) -> None:
    with pytest.raises(NotInTime, match="Does `make run` run"):
        client(Door(never), patience=0.01).get("slt", "/api/me")


def test_days_told_at_once_keep_what_is_past_past_and_what_is_ahead_ahead() -> None:
    days = AtOnce(lambda: TODAY)
    days.begin(FRIDAY)
    assert days.when(november(20, 12, 10)) == datetime(2027, 1, 7, 5, 35, tzinfo=LONDON)
    assert days.when(FRIDAY) <= TODAY
    ahead = [days.when(moment) for moment in (november(25, 15, 45), november(26, 8, 30))]
    assert all(moment > TODAY and moment.weekday() < 5 for moment in ahead)
    assert [(m.hour, m.minute) for m in ahead] == [(15, 45), (8, 30)]


def test_every_picture_is_one_and_no_two_shades_are_alike() -> None:
    assert picture(48).startswith(b"\x89PNG\r\n\x1a\n")
    assert picture(48).endswith(b"IEND\xaeB`\x82")
    assert picture(48) == picture(48) != picture(96)


def test_mails_are_found_by_the_letter_they_carry(tmp_path: Path) -> None:
    for number, repeated in ((1, False), (2, True)):
        message = EmailMessage()
        message["Message-ID"] = "<0f0f@notifier.example>"
        if repeated:
            message["X-Caseward-Possible-Repeat"] = "yes"
        (tmp_path / f"{number}.eml").write_bytes(message.as_bytes())
    post = Post(tmp_path)
    assert [mail.repeated for mail in post.about(["0f0f"])] == [False, True]
    assert (post.arrived("0f0f"), post.arrived("0a0a")) == (True, False)


def test_without_an_installation_it_says_how_to_start_one(tmp_path: Path) -> None:
    outcome = CliRunner().invoke(main, ["--var", str(tmp_path)])
    assert outcome.exit_code == 1
    assert f"No installation runs in {tmp_path}. Start one with: make run" in outcome.output


def test_without_a_demonstration_school_it_says_how_to_make_one(tmp_path: Path) -> None:
    running = {"api": "http://127.0.0.1:1", "pids": {"api": 1}}
    (tmp_path / "run.json").write_text(json.dumps(running))
    outcome = CliRunner().invoke(main, ["--var", str(tmp_path)])
    assert outcome.exit_code == 1
    assert "incidents setup --demonstration" in outcome.output


def test_the_help_has_examples() -> None:
    outcome = CliRunner().invoke(main, ["--help"])
    assert outcome.exit_code == 0
    assert "python -m deploy.demo a-threat --json" in outcome.output
