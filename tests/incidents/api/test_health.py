"""What supervisors and monitoring see, and what stands in the log."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from incidents.api.edge import LOG
from incidents.api.health import CHOKED
from incidents.followers import NAMES
from incidents.store import Store
from tests.incidents.api.noted import Noted
from tests.incidents.api.school import Client, Template, open_school, report


async def test_a_process_that_answers_is_alive(client: Client) -> None:
    assert (await client.get(None, "/health/live")).json() == {"status": "ok"}


async def readiness(client: Client) -> tuple[int, Any]:
    answer = await client.get(None, "/health/ready")
    return answer.status_code, answer.json()


def stands(store: str = "ok", **others: str) -> tuple[int, Any]:
    """What is answered when every follower stands well but the others."""
    parts = {"store": store, **dict.fromkeys(NAMES, "ok"), **others}
    fine = set(parts.values()) <= {"ok", "slow"}
    return (200 if fine else 503), {"status": "ready" if fine else "not_ready", "parts": parts}


async def test_a_follower_is_slow_when_it_is_late_and_stuck_when_it_does_not_move(
    client: Client,
) -> None:
    clock, noted = client.life.clock, Noted(client)
    clock.move(days=30)
    noted.moves("timekeeper")
    assert await readiness(client) == stands()
    await client.report()
    noted.moves("relay", "sequencer", "timekeeper")
    clock.move(seconds=10)
    noted.lives()
    assert await readiness(client) == stands()
    clock.move(seconds=1)
    noted.moves("timekeeper")
    assert await readiness(client) == stands(views="slow")
    clock.move(seconds=20)
    noted.moves("timekeeper")
    assert await readiness(client) == stands(views="stuck")
    noted.moves("views")
    assert await readiness(client) == stands()


async def test_one_event_that_waits_behind_newer_ones_counts_by_its_own_age(
    client: Client,
) -> None:
    noted = Noted(client)
    await client.report()
    client.life.clock.move(seconds=31)
    await client.report()
    noted.moves("relay", "sequencer", "timekeeper")
    assert await readiness(client) == stands(views="stuck")


async def test_a_follower_that_nobody_does_is_absent(client: Client) -> None:
    assert await readiness(client) == stands(**dict.fromkeys(NAMES, "absent"))
    noted = Noted(client)
    assert await readiness(client) == stands()
    client.life.clock.move(seconds=11)
    noted.lives("views", "sequencer", "relay")
    assert await readiness(client) == stands(timekeeper="absent")


async def test_a_timekeeper_that_looks_no_more_is_stuck(client: Client) -> None:
    noted = Noted(client)
    client.life.clock.move(seconds=31)
    noted.lives()
    assert await readiness(client) == stands(timekeeper="stuck")


async def test_a_follower_that_goes_on_failing_is_stuck_though_there_is_nothing_to_do(
    client: Client,
) -> None:
    noted = Noted(client)
    noted.failing_since["relay"] = client.life.clock.now
    noted.lives()
    assert await readiness(client) == stands()
    client.life.clock.move(seconds=6)
    noted.lives()
    assert await readiness(client) == stands(relay="stuck")


async def test_it_is_not_ready_while_more_waits_than_can_be_recorded_soon(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    Noted(client)
    monkeypatch.setattr(Store, "waiting", property(lambda _: CHOKED))
    assert await readiness(client) == stands("choked")


async def test_readiness_does_not_tell_that_something_was_just_recorded(client: Client) -> None:
    Noted(client)
    before = (await client.get(None, "/health/ready")).content
    case = await client.report()
    await case.done("slt", "start-assessment")
    assert (await client.get(None, "/health/ready")).content == before


async def test_it_is_not_ready_without_its_files(template: Template, tmp_path: Path) -> None:
    life = open_school(template, tmp_path / "var")
    client = Client(life)
    life.installation.store.close()
    (tmp_path / "var" / "events.db").rename(tmp_path / "gone")
    (tmp_path / "var" / "events.db").mkdir()
    assert await readiness(client) == stands("unreadable", **dict.fromkeys(NAMES, "unreadable"))
    metrics = await client.get(None, "/metrics")
    assert "caseward_store_readable 0" in metrics.text
    refused = await client.get("slt", "/api/me")
    assert refused.status_code == 503
    assert refused.headers["retry-after"]
    assert refused.headers["content-type"] == "application/problem+json"
    assert str(tmp_path) not in refused.text
    await client.http.aclose()
    life.installation.followers.close()
    life.installation.views.close()
    life.installation.tree.close()


async def test_the_access_log_has_a_line_per_request_and_no_ids(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, LOG.name):
        case = await client.report()
        await client.get("slt", case.path)
        await client.get("slt", "/api/cases?q=CW-7K4M")
        await client.get("slt", "/who/is/the-parent@example.com")
    lines = [json.loads(record.message) for record in caplog.records if record.name == LOG.name]
    assert [(x["method"], x["route"], x["status"]) for x in lines] == [
        ("POST", "/api/incidents", 201),
        ("GET", "/api/cases/{case_id}", 200),
        ("GET", "/api/cases", 200),
        ("GET", "unrouted", 404),
    ]
    assert all(set(x) == {"method", "route", "status", "ms", "request"} for x in lines)
    assert len({x["request"] for x in lines}) == 4
    written = caplog.text
    for secret in (str(case.id), "CW-7K4M", "the-parent", str(client.life.users["slt"])):
        assert secret not in written


async def test_what_nobody_foresaw_is_told_by_its_id_and_nothing_more(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    words = "the parent said something about the class teacher"

    def broken(*_: object) -> None:
        raise RuntimeError(words)

    monkeypatch.setattr(client.life.installation.cases, "logged", broken)
    answer = await client.call("staff", "POST", "/api/incidents", report())
    assert answer.status_code == 500
    problem = answer.json()
    assert problem["type"].endswith("/internal-error")
    incident = problem["instance"].removeprefix("urn:uuid:")
    (record,) = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert incident in record.message
    assert "RuntimeError" in record.message
    assert "test_health.py" in record.message
    for text in (answer.text, caplog.text):
        assert "class teacher" not in text
