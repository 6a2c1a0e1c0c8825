"""Bodies that are too large: refused within bounded memory, whatever they say of themselves."""

from typing import Any, Final

import pytest

from incidents.api.strict_json import MAX_BODY, MAX_EVIDENCE_BODY
from tests.incidents.api.school import Client
from tests.security.one_installation import app, life

__all__ = ["app", "life"]


class Upload:
    """A client that sends `total` bytes in chunks, and counts how many were taken off it."""

    def __init__(self, client: Client, path: str, total: int, announced: int | None) -> None:
        self._app = client.app
        self._left = total
        self.taken = 0
        self.status = 0
        headers = [
            (b"host", b"school.example"),
            (b"authorization", f"Bearer {client.life.tokens['staff']}".encode()),
            (b"content-type", b"application/json"),
            (b"if-match", b'"1"'),
        ]
        if announced is not None:
            headers.append((b"content-length", str(announced).encode()))
        self._scope: Any = {
            "type": "http", "method": "POST", "path": path, "raw_path": path.encode(),
            "query_string": b"", "headers": headers, "client": ("192.0.2.1", 1),
            "server": ("school.example", 80), "scheme": "http", "http_version": "1.1",
            "root_path": "", "asgi": {"version": "3.0"},
        }  # fmt: skip

    async def run(self) -> "Upload":
        await self._app(self._scope, self.receive, self.send)
        return self

    async def receive(self) -> Any:
        chunk = b" " * min(65_536, self._left)
        self._left -= len(chunk)
        self.taken += len(chunk)
        return {"type": "http.request", "body": chunk, "more_body": self._left > 0}

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]


class HangingUp(Upload):
    """A client that is gone before its body is there."""

    async def receive(self) -> Any:
        return {"type": "http.disconnect"}


HUNDRED_MB: Final = 100 * 1024 * 1024


async def test_a_hundred_megabytes_are_refused_before_the_first_is_taken(client: Client) -> None:
    stream = await Upload(client, "/api/incidents", HUNDRED_MB, HUNDRED_MB).run()
    assert (stream.status, stream.taken) == (413, 0)


@pytest.mark.parametrize("announced", [None, 10])
async def test_a_body_of_unknown_or_wrong_length_is_cut_off_at_the_limit(
    client: Client, announced: int | None
) -> None:
    stream = await Upload(client, "/api/incidents", HUNDRED_MB, announced).run()
    assert stream.status == 413
    assert stream.taken <= MAX_BODY + 65_536


async def test_evidence_is_cut_off_at_its_own_limit(client: Client) -> None:
    case = await client.report()
    stream = await Upload(client, f"{case.path}/capture-evidence", HUNDRED_MB, None).run()
    assert stream.status == 413
    assert stream.taken <= MAX_EVIDENCE_BODY + 65_536


async def test_a_client_that_hangs_up_is_no_failure_of_ours(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    gone = await HangingUp(client, "/api/incidents", 0, 10).run()
    assert gone.status == 400
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
