"""What a scenario is made of: who does what, when, and what must come of it.

A `Step` is a line of the story. Its `do` plays it; the functions here make them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from deploy.demo.client import Json, Refused
from deploy.demo.play import READER, Known, Play

NOTIFIER: Final = "notifier"
"""Does what no person does: drafts, alerts, sends."""

Do = Callable[[Play, str], str | None]
"""Plays a step for somebody. Returns words to be shown with it, if there are any."""


class Unexpected(Exception):
    """The installation has done something other than the story says."""


@dataclass(frozen=True, slots=True)
class Step:
    at: datetime
    who: str
    what: str
    do: Do

    def take(self, play: Play) -> str | None:
        """Play this step. Raises `Unexpected`, `Refused` and `NotInTime`."""
        play.timeline.begin(self.at)
        return self.do(play, self.who)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A story with its number and its name in kebab case."""

    number: int
    name: str
    title: str
    steps: tuple[Step, ...]


# ── what somebody does ────────────────────────────────────────────────────────────────────────────


def report(body: Json) -> Do:
    def do(play: Play, who: str) -> None:
        play.report(who, body)

    return do


def ask(command: str, body: Json | None = None) -> Do:
    def do(play: Play, who: str) -> None:
        play.ask(who, command, body or {})

    return do


def approve(code: str) -> Do:
    """Read the newest draft of this letter and approve it as it reads."""

    def do(play: Play, who: str) -> None:
        letter = play.letter(code, "drafted")
        body = {"document": letter["document"]}
        play.about_letter(who, letter["letter"], "approve", body)

    return do


def withdraw(code: str, reason: str) -> Do:
    """Withdraw the draft that was noted first."""

    def do(play: Play, who: str) -> None:
        play.about_letter(who, play.noted[code], "withdraw", {"reason": reason})

    return do


# ── what comes of it ──────────────────────────────────────────────────────────────────────────────


def letter(code: str, *states: str, note: bool = False) -> Do:
    """Wait until the newest letter with this code has come so far."""

    def do(play: Play, _who: str) -> None:
        there = play.letter(code, *states)
        if note:
            play.noted[code] = there["letter"]

    return do


def alert(code: str, *, count: int = 1) -> Do:
    """Wait until so many alerts with this code have gone out."""

    def do(play: Play, _who: str) -> None:
        play.alerts(code, count)

    return do


def refused(attempt: Do, status: int, *rules: str) -> Do:
    """Somebody tries what he may not do. Exactly these rules must stand in the way."""

    def do(play: Play, who: str) -> str:
        try:
            attempt(play, who)
        except Refused as refusal:
            if refusal.status != status or refusal.rules != frozenset(rules):
                expected = f"{status} for {', '.join(rules) or 'no reason given'}"
                raise Unexpected(f"The answer was {refusal}, and not {expected}.") from refusal
            return f"refused ({status}): {' '.join(refusal.words)}"
        raise Unexpected(f"This should have been refused with {status}, and was done.")

    return do


def sees_nothing(play: Play, who: str) -> str:
    """Look for the case by its address, and in the list."""
    if play.listed(who):
        raise Unexpected("The case is in the list of somebody who must not know of it.")

    def look(play: Play, who: str) -> None:
        play.page(who)

    words = refused(look, 404)(play, who)
    return f"{words} Nor is it in the list."


# ── what stands in a body for an id ───────────────────────────────────────────────────────────────


def user(who: str) -> Known:
    return Known(lambda play: play.user(who))


def person(part: str) -> Known:
    """The id of the person with this part in the case."""
    return Known(lambda play: str(_only(play, "people", "part", part)["person"]))


def drafted(code: str) -> Known:
    """The id of the newest letter with this code, whatever has become of it."""
    return Known(lambda play: str(play.letter(code, "drafted", "approved")["letter"]))


def remedy() -> Known:
    """The id of what a member of staff still has to put right."""
    return Known(lambda play: str(_only(play, "remedies", "met", False)["remedy"]))


def _only(play: Play, list_: str, field: str, value: object) -> Any:
    there = [one for one in play.page(READER)[list_] if one[field] == value]
    if len(there) != 1:
        raise Unexpected(f"The case has {len(there)} {list_} whose {field} is {value}, not one.")
    return there[0]
