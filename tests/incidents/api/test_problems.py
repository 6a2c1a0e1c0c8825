"""Refusals and failures: one kind of answer each, and words that say what to do."""

import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from incidents.evidence.alarm import EvidenceAlarm
from incidents.evidence.bundle import BundleTooLarge
from incidents.evidence.proofs import NotYetCovered
from incidents.store import (
    AlreadyClaimed,
    Claim,
    ClockBehind,
    Conflict,
    OutcomeUnknown,
    Owner,
    StoreUnavailable,
    writer,
)
from tests.incidents.api.school import FRIDAY, HERE, Client, report
from tests.incidents.api.stages import evidence


def fails_with(error: Exception) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (StoreUnavailable("the disk is full"), 503, "unavailable"),
        (Conflict(), 503, "unavailable"),
        (AlreadyClaimed(Claim(HERE, "reference", "CW", UUID(int=1))), 503, "unavailable"),
        (ClockBehind(FRIDAY + timedelta(hours=1)), 503, "unavailable"),
        (NotYetCovered(7), 503, "unavailable"),
        (BundleTooLarge(), 409, "not-in-this-state"),
        (EvidenceAlarm("position 7", "it was changed"), 500, "evidence-alarm"),
        (sqlite3.IntegrityError("somebody's words"), 500, "internal-error"),
        (KeyError("somebody's words"), 500, "internal-error"),
    ],
)
async def test_what_is_raised_has_its_answer(
    client: Client, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, kind: str
) -> None:
    monkeypatch.setattr(client.life.installation.cases, "logged", fails_with(error))
    answer = await client.call("staff", "POST", "/api/incidents", report())
    assert answer.status_code == status
    assert answer.json()["type"].endswith(f"/{kind}")
    assert ("retry-after" in answer.headers) == (status == 503)
    assert ("instance" in answer.json()) == (status == 500)
    for inner in ("disk is full", "words", "position 7", "somebody"):
        assert inner not in answer.text


async def test_a_full_disk_is_said_and_nothing_is_half_recorded(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = client.life.installation.store
    before = store.head()
    with monkeypatch.context() as broken:
        broken.setattr(store, "written", fails_with(StoreUnavailable("the disk is full")))
        refused = await client.call("staff", "POST", "/api/incidents", report())
        assert (refused.status_code, store.head()) == (503, before)
    await client.report()


async def test_when_too_many_wait_the_next_is_told_when_to_come_back(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = client.life.installation.store
    before = store.head()
    with monkeypatch.context() as full:
        full.setattr(writer, "MOST_WAITING", 0)
        refused = await client.call("staff", "POST", "/api/incidents", report())
    assert (refused.status_code, store.head()) == (503, before)
    assert int(refused.headers["retry-after"]) > 0
    assert "nothing was recorded" in refused.json()["detail"]
    await client.report()


async def test_a_lost_answer_is_not_said_to_have_recorded_nothing(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = fails_with(OutcomeUnknown("the connection was lost"))
    monkeypatch.setattr(client.life.installation.store, "written", lost)
    refused = await client.call("staff", "POST", "/api/incidents", report())
    assert refused.status_code == 503
    assert "not known whether this was recorded" in refused.json()["detail"]
    assert "Idempotency-Key" in refused.json()["detail"]


async def test_what_was_erased_is_said_to_be_gone(client: Client) -> None:
    case = await client.report()
    await case.done("slt", "capture-evidence", evidence())
    (item,) = (await client.get("slt", case.path)).json()["evidence"]
    client.life.installation.store.keys.destroy(Owner(HERE, "stream", case.id))
    gone = await client.get("slt", f"{case.path}/evidence/{item['evidence']}")
    assert gone.status_code == 410
    assert gone.json()["type"].endswith("/erased")
    page = (await client.get("slt", case.path)).json()
    assert page["facts"] == "[erased]"
    history = await client.get("slt", f"{case.path}/history")
    assert "insults the class teacher" not in history.text


async def test_an_altered_file_raises_the_alarm(
    client: Client, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    case = await client.report()
    await case.done("slt", "capture-evidence", evidence())
    (item,) = (await client.get("slt", case.path)).json()["evidence"]
    (file,) = (path for path in (tmp_path / "var" / "blobs").rglob("*") if path.is_file())
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    answer = await client.get("slt", f"{case.path}/evidence/{item['evidence']}")
    assert answer.status_code == 500
    assert answer.json()["type"].endswith("/evidence-alarm")
    assert answer.json()["instance"].removeprefix("urn:uuid:") in caplog.text


async def test_a_problem_is_a_sentence_for_whoever_reads_it(client: Client) -> None:
    case = await client.report()
    for answer in (
        await client.get(None, "/api/me"),
        await client.get("clerk", case.path),
        await case.ask("staff", "close-case"),
        await case.ask("slt", "close-case"),
        await case.ask("slt", "start-assessment", {"x": 1}),
    ):
        problem = answer.json()
        assert {"type", "title", "status", "detail"} <= set(problem)
        sentences = [problem["detail"], *(r["detail"] for r in problem.get("reasons", ()))]
        assert all(sentence.endswith(".") for sentence in sentences), sentences
