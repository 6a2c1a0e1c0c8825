"""Bodies that are too large or too dear to read: refused within bounds, whatever they say."""

import json
from typing import Any, Final
from uuid import UUID

import httpx
import pytest

from incidents.api.sizes import MAX_BODY, MAX_EVIDENCE_BODY
from incidents.api.strict_json import MAX_VALUES, parse
from tests.incidents.api.school import Client, report
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


async def test_what_is_too_large_is_told_the_limits_that_hold(client: Client) -> None:
    answer = await reported(client, b" " * (MAX_BODY + 1))
    assert (answer.status_code, answer.json()["detail"]) == (
        413,
        "Send at most 1 MB (captured evidence: 9 MB).",
    )


async def test_nothing_is_taken_for_a_case_that_is_not_there(client: Client) -> None:
    him = {"part": "subject", "role": "staff", "user": str(client.life.users["staff"])}
    hidden = await client.report("second_teacher", people=[him])
    for path in (hidden.path, f"/api/cases/{UUID(int=0)}"):
        stream = await Upload(client, f"{path}/capture-evidence", MAX_EVIDENCE_BODY, None).run()
        assert (stream.status, stream.taken) == (404, 0)


# ── what is dear to read ──────────────────────────────────────────────────────────────────────────

MANY: Final = {
    "lists": b"[" + b"[]," * MAX_VALUES + b"0]",
    "numbers": b"[" + b"1," * MAX_VALUES + b"1]",
    "texts": b"[" + b'"",' * MAX_VALUES + b'""]',
    "keys": b"{%s}" % b",".join(b'"%d":1' % n for n in range(MAX_VALUES + 2)),
}


@pytest.mark.parametrize("facts", MANY.values(), ids=MANY)
async def test_a_body_of_too_many_values_is_refused_unread(
    client: Client, facts: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_parsing(monkeypatch)
    answer = await reported(client, b'{"facts": %s}' % facts)
    assert answer.status_code == 400, answer.text


LARGE: Final = {
    "lists": b"[" + b"[]," * (MAX_EVIDENCE_BODY // 3 - 2) + b"0]",
    "commas": b'{"label": "' + b"," * MAX_BODY + b'"}',
    "quotes": b'{"label": "' + b'\\"' * MAX_BODY + b'"}',
    "two long texts": b'["%s", "%s"]' % (b"a" * (MAX_BODY + 1), b"a" * (MAX_BODY + 1)),
    "spaces": b'{"label": "a"}' + b" " * MAX_BODY,
}


@pytest.mark.parametrize("raw", LARGE.values(), ids=LARGE)
async def test_what_is_large_may_only_be_one_long_text(
    client: Client, raw: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = await client.report()
    no_parsing(monkeypatch)
    answer = await posted(client, f"{case.path}/capture-evidence", raw)
    assert answer.status_code == 400, answer.text


async def test_words_may_have_any_number_of_commas_and_brackets_in_them(client: Client) -> None:
    words = '",[{\\' * 2_000
    answer = await reported(client, json.dumps(report(facts=words, opinion=words)).encode())
    assert answer.status_code == 201, answer.text


async def test_a_text_without_an_end_is_gone_through_once(client: Client) -> None:
    answer = await reported(client, b'{"facts": "' + b'\\",' * 300_000)
    assert answer.status_code == 400


def test_as_many_values_as_are_allowed_are_read() -> None:
    assert len(parse(b"[" + b"1," * (MAX_VALUES - 2) + b"1]")) == MAX_VALUES - 1


def no_parsing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let whatever comes to be parsed fail in a way of its own."""
    monkeypatch.setattr("incidents.api.strict_json.json", None)


async def reported(client: Client, raw: bytes) -> httpx.Response:
    return await posted(client, "/api/incidents", raw)


async def posted(client: Client, path: str, raw: bytes) -> httpx.Response:
    headers = {
        "Authorization": f"Bearer {client.life.tokens['slt']}",
        "Content-Type": "application/json",
        "If-Match": '"1"',
    }
    return await client.http.post(path, content=raw, headers=headers)
