"""A client of the API that a person could rely on: it asks again until it knows the answer.

Whatever breaks between question and answer, the same request is sent again with the same
idempotency key, so that it is done once. A case that has moved on meanwhile is read again first.
"""

import http.client
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar
from urllib.parse import urlsplit

PATIENCE_SECONDS: Final = 60.0
"""How long an installation may stay away, or a letter may take, before we give up."""
PAUSE_SECONDS: Final = 0.05
TIMEOUT_SECONDS: Final = 10.0
_AWAY: Final = frozenset({429, 503})
STALE: Final = 412

Json = Mapping[str, Any]
T = TypeVar("T")


class NoAnswer(Exception):
    """The request may have been carried out or not."""


class NotInTime(Exception):
    """What was waited for has not come. The message says what to look at."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response. The names of its headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Refused(Exception):
    """The API has refused. `rules` names the rules that stand in the way, `words` what they say."""

    def __init__(self, answer: Answer) -> None:
        problem = answer.json
        self.status = answer.status
        self.rules = frozenset(reason["rule"] for reason in problem.get("reasons", ()))
        self.words = [r["detail"] for r in problem.get("reasons", ())] or [problem["detail"]]
        super().__init__(f"{self.status} {problem['title']}: {' '.join(self.words)}")


class Door(Protocol):
    """A way to the API. `request` raises `NoAnswer`."""

    def request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer: ...


class Http:
    """The door of an installation that listens at an address. One connection for each request."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        assert parts.hostname
        self._host, self._port = parts.hostname, parts.port

    def request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request(method, path, body, dict(headers))
            response = connection.getresponse()
            named = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, named, response.read())
        except (OSError, http.client.HTTPException) as error:
            raise NoAnswer(type(error).__name__) from error
        finally:
            connection.close()


class Client:
    """Asks in the name of users, known by the keys of `tokens`."""

    def __init__(
        self, door: Door, tokens: Mapping[str, str], patience: float = PATIENCE_SECONDS
    ) -> None:
        self._door = door
        self._tokens = tokens
        self._patience = patience

    def get(self, who: str, path: str) -> Answer:
        """Return what is at this address. Raises `Refused` and `NotInTime`."""
        return _accepted(self._answered(who, "GET", path, {}, None))

    def post(
        self, who: str, path: str, body: Json, *, key: str, version: Callable[[], int] | None = None
    ) -> Answer:
        """Return the answer to a request that is carried out once, however often it is sent.

        `version` reads where the case stands; a case that has moved on since is read again.
        Raises `Refused` and `NotInTime`.
        """
        content = json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}

        def asked() -> Answer | None:
            tagged = {"If-Match": f'"{version()}"'} if version else {}
            answer = self._answered(who, "POST", path, headers | tagged, content)
            return None if answer.status == STALE else answer

        return _accepted(self.until(asked, "The case does not stand still: try again later."))

    def until(self, look: Callable[[], T | None], otherwise: str) -> T:
        """Return the first thing that is found. Raises `NotInTime` with the words given."""
        deadline = time.monotonic() + self._patience
        while (found := look()) is None:
            if time.monotonic() > deadline:
                raise NotInTime(f"Waited {self._patience:g} seconds. {otherwise}")
            time.sleep(PAUSE_SECONDS)
        return found

    def _answered(
        self, who: str, method: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        signed = {"Authorization": f"Bearer {self._tokens[who]}", **headers}

        def asked() -> Answer | None:
            try:
                answer = self._door.request(method, path, signed, body)
            except NoAnswer:
                return None
            return None if answer.status in _AWAY else answer

        return self.until(asked, "The installation does not answer. Does `make run` run?")


def _accepted(answer: Answer) -> Answer:
    if answer.status >= 400:
        raise Refused(answer)
    return answer
