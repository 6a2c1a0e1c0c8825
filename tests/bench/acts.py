"""The acts that are measured, as the bytes of their requests: the same for every subject."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

REPORT: Final[Mapping[str, Any]] = {
    "kind": "abuse",
    "categories": ["offensive", "harassing"],
    "platform": "Facebook",
    "observed_at": "2026-11-20T16:30:00Z",
    "posted_at": "2026-11-20T12:10:00Z",
    "post_url": "https://social.example.com/groups/village-parents/posts/20451",
    "poster_identity": "known",
    "facts": (
        "In a public group for parents of the village a parent has written that the teaching "
        "assistant is “useless and a liar, someone should sort her out”. Eleven people have "
        "reacted to it."
    ),
    "opinion": "She is upset and would rather not be at the gate on Monday.",
    "immediate_action": "I have answered nobody, and told the deputy headteacher that I report it.",
}
"""A report as people write it: about 630 bytes."""

REPORTER: Final = "staff"
READER: Final = "slt"
"""Who creates; who advances, reads and lists."""


def create(token: str) -> bytes:
    return _request("POST", "/api/incidents", token, REPORT)


def advance(token: str, cases: Iterable[str], version: int) -> list[bytes]:
    """One request for each of these cases, which are at `version`."""
    return [
        _request("POST", f"/api/cases/{case}/start-assessment", token, {}, version)
        for case in cases
    ]


def read(token: str, cases: Iterable[str]) -> list[bytes]:
    return [_request("GET", f"/api/cases/{case}", token) for case in cases]


def list_fifty(token: str) -> bytes:
    return _request("GET", "/api/cases", token)


def _request(
    method: str,
    path: str,
    token: str,
    body: Mapping[str, Any] | None = None,
    version: int | None = None,
) -> bytes:
    sent = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
    head = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {token}"]
    if version is not None:
        head.append(f'If-Match: "{version}"')
    if body is not None:
        head += ["Content-Type: application/json", f"Content-Length: {len(sent)}"]
    return "\r\n".join([*head, "", ""]).encode() + sent
