"""What a played scenario has left, in the words of whoever looks at it afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from deploy.demo.play import Play
from tests.scenarios.town import Town
from tests.support.smtp_server import Mail


class Told:
    """One finished case: its history, how it stands, and the mails about it."""

    def __init__(self, town: Town, play: Play) -> None:
        self.town = town
        self.case_id = play.case_id
        self.reference = play.reference
        self.history = play.history()
        self.page = play.page()

    def happened(self, name: str, **data: object) -> list[Any]:
        """Return the events with this name whose data has these values."""
        return [
            entry
            for entry in self.history
            if entry["event"] == f"incidents.{name}" and data.items() <= entry["data"].items()
        ]

    def once(self, name: str, **data: object) -> Any:
        """Return the one event with this name."""
        [entry] = self.happened(name, **data)
        return entry

    @property
    def names(self) -> list[str]:
        return [entry["event"].removeprefix("incidents.") for entry in self.history]

    @cached_property
    def stages(self) -> list[str]:
        """Every stage that the case has come through, in order."""
        changes = [change for entry in self.history for change in entry.get("changes", ())]
        changed = [change for change in changes if change["field"] == "stage"]
        return [changed[0]["old"], *(change["new"] for change in changed)]

    @property
    def codes(self) -> list[str]:
        """The letters of the case by their codes, in the order in which they were written."""
        return [letter["code"] for letter in self.page["letters"]]

    def letter(self, code: str, state: str = "sent") -> Any:
        """Return the one letter with this code that came to this state."""
        letters = self.page["letters"]
        [letter] = [x for x in letters if x["code"] == code and x["state"] == state]
        return letter

    def fate(self, letter: str) -> list[str]:
        """What happened to a letter, in order."""
        return [
            entry["event"].removeprefix("incidents.letter_")
            for entry in self.history
            if entry["data"].get("letter_id") == letter
        ]

    def mails(self, letter: str) -> list[Mail]:
        """Return the mails that carry a letter or an alert."""
        return [m for m in self.town.mail.mails if letter in str(m.message["Message-ID"])]

    def mailed(self, code: str) -> Mail:
        """Return the one mail that carries the one letter with this code."""
        [mail] = self.mails(self.letter(code)["letter"])
        return mail

    def alerted(self, code: str) -> list[Mail]:
        """Return the mails of the alerts with this code."""
        alerts = self.happened("alert_sent", code=code)
        return [mail for entry in alerts for mail in self.mails(entry["data"]["alert"])]

    def due(self) -> Mapping[str, list[datetime]]:
        """When each step was due, in the order in which that was set."""
        set_at: dict[str, list[datetime]] = {}
        for entry in self.happened("deadline_set"):
            moment = datetime.fromisoformat(entry["data"]["due_at"])
            set_at.setdefault(entry["data"]["due"], []).append(moment)
        return set_at


@dataclass(frozen=True, slots=True)
class Week:
    """The three scenarios in one installation. Everything is on disk below `folder`."""

    town: Town
    folder: Path
    post: Told
    threat: Told
    profile: Told

    @property
    def all(self) -> tuple[Told, ...]:
        return self.post, self.threat, self.profile


def body_of(mail: Mail) -> str:
    """Return the words of a mail, without what is attached."""
    part = mail.message.get_body(("plain",))
    assert part is not None
    text: str = part.get_content()
    return text


def attachments_of(mail: Mail) -> list[bytes]:
    return [part.get_content() for part in mail.message.iter_attachments()]
