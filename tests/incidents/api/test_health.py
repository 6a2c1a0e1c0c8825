"""What supervisors and monitoring see, and what stands in the log."""

import json
import logging
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx
import pytest

from incidents.api.edge import LOG
from tests.incidents.api.school import Client, Template, open_school, report


async def test_a_process_that_answers_is_alive(client: Client) -> None:
    assert (await client.get(None, "/health/live")).json() == {"status": "ok"}


async def readiness(client: Client) -> tuple[int, Any]:
    answer = await client.get(None, "/health/ready")
    return answer.status_code, answer.json()


def stands(store: str, views: str, tree: str) -> tuple[int, Any]:
    fine = (store, views, tree) == ("ok", "ok", "ok")
    parts = {"store": store, "views": views, "tree": tree}
    return (200 if fine else 503), {"status": "ready" if fine else "not_ready", "parts": parts}


async def test_it_is_ready_while_followers_know_of_all_that_is_older_than_a_minute(
    client: Client,
) -> None:
    client.life.follow()
    client.life.clock.move(days=30)
    assert await readiness(client) == stands("ok", "ok", "ok")
    await client.report()
    client.life.clock.move(seconds=60)
    assert await readiness(client) == stands("ok", "ok", "ok")
    client.life.clock.move(seconds=1)
    assert await readiness(client) == stands("ok", "behind", "behind")
    client.life.installation.sequencer().catch_up()
    assert await readiness(client) == stands("ok", "behind", "ok")
    client.life.follow()
    assert await readiness(client) == stands("ok", "ok", "ok")


async def test_one_event_that_waits_behind_newer_ones_counts_by_its_own_age(
    client: Client,
) -> None:
    client.life.follow()
    await client.report()
    client.life.clock.move(seconds=61)
    await client.report()
    assert await readiness(client) == stands("ok", "behind", "behind")


async def test_readiness_does_not_tell_that_something_was_just_recorded(client: Client) -> None:
    client.life.follow()
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
    assert await readiness(client) == stands("unreadable", "unreadable", "unreadable")
    metrics = await client.get(None, "/metrics")
    assert "caseward_store_readable 0" in metrics.text
    refused = await client.get("slt", "/api/me")
    assert refused.status_code == 503
    assert refused.headers["retry-after"]
    assert refused.headers["content-type"] == "application/problem+json"
    assert str(tmp_path) not in refused.text
    await client.http.aclose()
    life.installation.views.close()
    life.installation.tree.close()


async def test_metrics_count_by_route_and_never_by_person(client: Client) -> None:
    case = await client.report()
    await client.get("slt", case.path)
    await client.get("slt", f"/api/cases/{UUID(int=0)}")
    await client.call("slt", "BREW", "/api/incidents")
    text = (await client.get(None, "/metrics")).text
    route = 'route="/api/cases/{case_id}"'
    assert f'caseward_requests_total{{method="GET",{route},status="200"}} 1' in text
    assert f'caseward_requests_total{{method="GET",{route},status="404"}} 1' in text
    assert f'caseward_request_seconds_count{{method="GET",{route}}} 2' in text
    assert 'caseward_requests_total{method="other",route="unrouted",status="405"} 1' in text
    head = client.life.installation.store.head()
    assert f"caseward_log_head {head}" in text
    assert f'caseward_follower_lag{{follower="views"}} {head}' in text
    assert str(case.id) not in text


async def test_commands_are_counted_and_logged_under_one_name(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, LOG.name):
        case = await client.report()
        await case.done("slt", "start-assessment")
        await case.ask("slt", "make-referral", {})
        await client.call("slt", "POST", f"/api/letters/{UUID(int=0)}/approve", {})
    text = (await client.get(None, "/metrics")).text
    route = 'route="/api/cases/{case_id}/{command}"'
    assert f'caseward_requests_total{{method="POST",{route},status="200"}} 1' in text
    assert f'caseward_requests_total{{method="POST",{route},status="422"}} 1' in text
    assert 'route="/api/letters/{letter_id}/{command}"' in text
    for command in ("start-assessment", "make-referral", "approve"):
        assert command not in text
        assert command not in caplog.text


TOKEN: Final = "a-token-for-the-monitoring"


@pytest.mark.parametrize(
    ("peer", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("127.8.8.8", {}, 200),
        ("::1", {}, 200),
        ("::ffff:127.0.0.1", {}, 200),
        ("192.0.2.1", {}, 404),
        ("::ffff:192.0.2.1", {}, 404),
        ("2001:db8::1", {}, 404),
        ("a-socket", {}, 404),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 404),
        ("127.0.0.1", {"Forwarded": "for=127.0.0.1"}, 404),
        ("127.0.0.1", {"X-Forwarded-Proto": "https"}, 404),
        ("127.0.0.1", {"X-Real-IP": "127.0.0.1"}, 404),
        ("127.0.0.1", {"Via": "1.1 proxy"}, 404),
        ("192.0.2.1", {"Authorization": f"Bearer {TOKEN}"}, 404),
    ],
)
async def test_without_a_token_of_its_own_metrics_are_for_the_same_machine(
    client: Client, peer: str, headers: dict[str, str], status: int
) -> None:
    assert (await counted(client, peer, headers)).status_code == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([("Authorization", f"Bearer {TOKEN}")], 200),
        ([("Authorization", f"Bearer {TOKEN}"), ("X-Forwarded-For", "192.0.2.7")], 200),
        ([], 404),
        ([("Authorization", f"Bearer {TOKEN}x")], 404),
        ([("Authorization", f"Bearer {TOKEN[:-1]}")], 404),
        ([("Authorization", "Bearer é")], 404),
        ([("Authorization", TOKEN)], 404),
        ([("Authorization", f"Bearer {TOKEN}")] * 2, 404),
    ],
)
async def test_where_metrics_have_a_token_it_is_what_opens_them(
    template: Template, tmp_path: Path, headers: list[tuple[str, str]], status: int
) -> None:
    life = open_school(template, tmp_path / "var", metrics_token=TOKEN)
    client = Client(life)
    for peer in ("127.0.0.1", "192.0.2.1"):
        answer = await counted(client, peer, [(k, v.encode()) for k, v in headers])
        assert answer.status_code == status
        nowhere = await client.get("slt", "/nowhere")
        assert status == 200 or answer.content == nowhere.content
    mine = {"Authorization": f"Bearer {life.tokens['auditor']}"}
    assert (await counted(client, "127.0.0.1", mine)).status_code == 404
    await client.http.aclose()
    life.installation.close()


async def counted(client: Client, peer: str, headers: Any) -> httpx.Response:
    """What /metrics answers to a program at this address."""
    # Litestar's types for ASGI are narrower than httpx's.
    transport = httpx.ASGITransport(app=client.app, client=(peer, 1))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://school.example") as http:
        return await http.get("/metrics", headers=headers)


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
