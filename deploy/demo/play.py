"""A scenario in the playing: one case, the people in it, and what they can see of it."""

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol
from uuid import uuid4

from deploy.demo.client import Client, Json, Refused
from deploy.demo.post import Post

READER: Final = "headteacher"
"""Who looks after letters and history while a scenario is played: he sees all of its cases."""
POSITION: Final = "caseward-position"
"""The header that says how far a list has to have come to know of a change."""
CONFLICT: Final = 409
SATURDAY: Final = 5


class Timeline(Protocol):
    """What a moment of the story is in the installation's own time."""

    def begin(self, at: datetime) -> None:
        """The story has come to `at`."""
        ...

    def when(self, moment: datetime) -> datetime:
        """Return a moment of the story as it is to be written down."""
        ...


class AtOnce:
    """Days told in a minute: what lay behind lies as far behind now, what lay ahead is ahead."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self._at = now()

    def begin(self, at: datetime) -> None:
        self._at = at

    def when(self, moment: datetime) -> datetime:
        now = self._now().astimezone(moment.tzinfo)
        if moment <= self._at:
            return (now - (self._at - moment)).replace(second=0, microsecond=0)
        ahead = moment + (now.date() - self._at.date())
        while ahead <= now or ahead.weekday() >= SATURDAY:
            ahead += timedelta(days=1)
        return ahead


@dataclass(frozen=True, slots=True)
class Known:
    """Stands in a body for what only the case or the installation can tell, such as an id."""

    look: Callable[["Play"], str]


@dataclass(slots=True)
class Play:
    """One scenario being played. `noted` keeps what a person wrote down to come back to."""

    client: Client
    post: Post
    timeline: Timeline
    id: str = field(default_factory=lambda: uuid4().hex)
    case_id: str = ""
    reference: str = ""
    noted: dict[str, str] = field(default_factory=dict)
    _asked: int = 0
    _position: str = "0"

    def report(self, who: str, body: Json) -> None:
        """Begin the case of this play."""
        answer = self.client.post(who, "/api/incidents", self._said(body), key=self._key())
        self.case_id, self.reference = answer.json["case_id"], answer.json["reference"]
        self._position = answer.headers[POSITION]

    def ask(self, who: str, command: str, body: Json) -> None:
        """Ask for a command on the case, as it stands when it is asked."""
        self._post(who, f"/api/cases/{self.case_id}/{command}", body)

    def about_letter(self, who: str, letter: str, what: str, body: Json) -> None:
        """Approve, withdraw or resolve a letter of the case."""
        self._post(who, f"/api/letters/{letter}/{what}", body)

    def page(self, who: str = READER) -> Any:
        """Return the case as this user sees it. Raises `Refused` if he does not."""
        return self.client.get(who, f"/api/cases/{self.case_id}").json

    def listed(self, who: str) -> list[Any]:
        """Return the cases this user sees, from a list that knows of all that was done here."""
        path = f"/api/cases?position={self._position}&q={self.reference}"
        return list(self.client.get(who, path).json["cases"])

    def history(self) -> list[Any]:
        """Return every event of the case."""
        told = self.client.get(READER, f"/api/cases/{self.case_id}/history").json
        return list(told["entries"])

    def letter(self, code: str, *states: str) -> Any:
        """Return the newest letter with this code, once it has come to one of the states."""

        def look() -> Any:
            letters = self.page()["letters"]
            self._settle(x for x in letters if x["state"] == "uncertain")
            there = [x for x in letters if x["code"] == code and x["state"] in states]
            return there[-1] if there else None

        return self.client.until(
            look,
            f"Letter {code} is not {' or '.join(states)}. "
            "Does the notifier run? Its lines in the output of `make run` say what it waits for.",
        )

    def alerts(self, code: str, count: int) -> list[Any]:
        """Return the alerts with this code, once there are so many."""

        def look() -> list[Any] | None:
            sent = (e for e in self.history() if e["event"] == "incidents.alert_sent")
            there = [entry for entry in sent if entry["data"]["code"] == code]
            return there if len(there) >= count else None

        return self.client.until(
            look, f"Alert {code} has not gone out. Does the notifier run, and its mail server?"
        )

    def user(self, who: str) -> str:
        """Return the id of a user."""
        return str(self.client.get(who, "/api/me").json["user"])

    def _settle(self, uncertain: Iterator[Any]) -> None:
        """Do what a person does about a letter whose reply was lost: look whether it arrived."""
        for letter in uncertain:
            delivered = self.post.arrived(letter["letter"])
            known = "It is in the mailbox." if delivered else "It is not in the mailbox."
            body = {"delivered": delivered, "how_known": known}
            try:
                self.about_letter(READER, letter["letter"], "resolve", body)
            except Refused as refusal:
                # Settled meanwhile: what we read was a moment old.
                if refusal.status != CONFLICT:
                    raise

    def _post(self, who: str, path: str, body: Json) -> None:
        said, key = self._said(body), self._key()

        def version() -> int:
            return int(self.page(who)["version"])

        answer = self.client.post(who, path, said, key=key, version=version)
        self._position = answer.headers[POSITION]

    def _key(self) -> str:
        self._asked += 1
        return f"{self.id}-{self._asked}"

    def _said(self, value: Any) -> Any:
        """Return a value of the story as it goes into a body."""
        match value:
            case Known():
                return value.look(self)
            case datetime():
                return self.timeline.when(value).isoformat()
            case bytes():
                return base64.b64encode(value).decode()
            case Mapping():
                return {name: self._said(inner) for name, inner in value.items()}
            case list() | tuple():
                return [self._said(inner) for inner in value]
            case _:
                return value
