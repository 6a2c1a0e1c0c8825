"""Captured files: only what they say they are, kept sealed and never shown."""

from typing import Final

import pytest

from tests.incidents.api.school import Client
from tests.incidents.api.stages import evidence
from tests.security.one_installation import app, life

__all__ = ["app", "life"]

EICAR: Final = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [
        (b"", "text/plain", 422),
        (b"<html>", "text/html", 422),
        (b"<svg onload=alert(1)>", "image/svg+xml", 422),
        (b"PK\x03\x04", "application/zip", 422),
        (b"MZ\x90\x00", "image/png", 422),
        (b"<html>", "image/jpeg", 422),
        (b"%PDF-1.7", "text/plain", 200),
        (b"\x00\x01", "text/plain", 422),
        (b"\xff\xfe", "text/plain", 422),
        (b"x" * (6 * 1024 * 1024 + 1), "text/plain", 422),
        (EICAR, "text/plain", 200),
        (b"\x89PNG\r\n\x1a\n", "image/png", 200),
    ],
    ids=["empty", "html", "svg", "zip", "exe", "a lie", "pdf as text", "binary", "utf-16",
         "too large", "eicar", "png"],
)  # fmt: skip
async def test_evidence_has_to_be_what_it_says(
    client: Client, content: bytes, media_type: str, status: int
) -> None:
    case = await client.report()
    body = evidence(content, media_type=media_type)
    answer = await case.ask("headteacher", "capture-evidence", body)
    assert answer.status_code == status, answer.text


async def test_a_label_is_words_and_never_a_file_name(client: Client) -> None:
    case = await client.report()
    label = "../../etc/passwd.png.exe\u202e"
    await case.done("headteacher", "capture-evidence", evidence(label=label))
    (item,) = (await client.get("headteacher", case.path)).json()["evidence"]
    assert item["label"] == label
    answer = await client.get("headteacher", f"{case.path}/evidence/{item['evidence']}")
    name = answer.headers["content-disposition"]
    assert name == f'attachment; filename="evidence-{item["evidence"]}.txt"'
