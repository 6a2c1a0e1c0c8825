"""Processes are killed at any moment: the histories end the same, and no letter goes twice.

The seed is printed; KILL_SEED repeats it, as far as chance is ours to repeat.
"""

import json
import os
import random
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deploy.demo.play import Play
from deploy.demo.post import Post
from deploy.demo.scenarios import SCENARIOS
from deploy.demo.steps import Scenario
from tests.faults.killer import VICTIMS, Killer
from tests.faults.outline import Outline, outline
from tests.support.whole import Whole, whole

NOTICE = "notice"


def play_all(running: Whole, patience: float) -> Mapping[str, Play]:
    """Play every scenario at the same time, each in a case of its own."""

    def played(scenario: Scenario) -> Play:
        play = running.play(running.client(patience))
        for step in scenario.steps:
            step.take(play)
        return play

    with ThreadPoolExecutor(len(SCENARIOS)) as pool:
        plays = pool.map(played, SCENARIOS)
        return {scenario.name: play for scenario, play in zip(SCENARIOS, plays, strict=True)}


def outlines(plays: Mapping[str, Play]) -> Mapping[str, Outline]:
    return {name: outline(play.history()) for name, play in plays.items()}


def play_while_killing(
    running: Whole, seed: int, kills: int, patience: float
) -> list[Mapping[str, Play]]:
    """Play round after round until so many processes were killed; return every round."""
    print(f"KILL_SEED={seed}")
    rounds = []
    with Killer(running, seed) as killer:
        while killer.killed.total() < kills:
            rounds.append(play_all(running, patience))
    histories = [play.history() for plays in rounds for play in plays.values()]
    names = Counter(entry["event"] for history in histories for entry in history)
    doubts = names["incidents.letter_uncertain"]
    print(f"{dict(killer.killed)} in {len(rounds)} rounds; {doubts} letters were uncertain")
    assert all(killer.killed[name] for name in VICTIMS)
    return rounds


def each_letter_went_once_and_each_alert_at_least_once(play: Play, post: Post) -> None:
    for letter in play.page()["letters"]:
        mails = list(post.about([letter["letter"]]))
        posted = letter["form"] == NOTICE
        assert letter["state"] in ("sent", "withdrawn")
        assert len(mails) == (0 if posted else 1), f"{letter['code']}: {len(mails)} mails"
    for entry in play.history():
        if entry["event"] == "incidents.alert_sent":
            mails = list(post.about([entry["data"]["alert"]]))
            assert mails
            assert all(mail.repeated for mail in mails[1:])


def everything_holds_after_the_killing(running: Whole, seed: int, kills: int, wait: float) -> None:
    undisturbed = outlines(play_all(running, wait))
    rounds = play_while_killing(running, seed, kills, wait)
    post = Post(running.var / "mailbox")
    for plays in rounds:
        assert outlines(plays) == undisturbed
        for play in plays.values():
            each_letter_went_once_and_each_alert_at_least_once(play, post)
    dead = running.run("-m", "notifier", "dead-letters", "--json")
    assert (dead.returncode, dead.stdout) == (0, "")
    verdict = running.run("-m", "incidents", "verify", "--json")
    assert verdict.returncode == 0, verdict.stdout
    assert json.loads(verdict.stdout)["findings"] == []
    assert running.stop() == 0
    assert running.left_behind() == []


def test_killed_processes_change_no_history_and_send_no_letter_twice(tmp_path: Path) -> None:
    seed = int(os.environ.get("KILL_SEED") or random.randrange(1_000_000))
    with whole(tmp_path, notifier="tests.faults.hasty") as running:
        everything_holds_after_the_killing(running, seed, kills=15, wait=120)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1, 4))
def test_many_killed_processes_change_nothing_either(
    tmp_path: Path, seed: int, place: str | None
) -> None:
    with whole(tmp_path, notifier="tests.faults.hasty", database_url=place) as running:
        everything_holds_after_the_killing(running, seed, kills=60, wait=300)
