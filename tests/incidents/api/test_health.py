"""What supervisors and monitoring see, and what stands in the log."""

import json
import logging
from pathlib import Path
from uuid import UUID

import pytest

from incidents.api import health
from incidents.api.edge import LOG
from tests.incidents.api.school import Client, Template, open_school, report


async def test_a_process_that_answers_is_alive(client: Client) -> None:
    assert (await client.get(None, "/health/live")).json() == {"status": "ok"}


async def test_it_is_ready_when_the_followers_keep_up(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.life.follow()
    head = client.life.installation.store.head()
    answer = await client.get(None, "/health/ready")
    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "ready", "head": head, "followers": {"views": head, "tree": head}},
    )
    await client.report()
    monkeypatch.setattr(health, "MOST_BEHIND", 3)
    late = await client.get(None, "/health/ready")
    assert late.status_code == 503
    assert late.json()["status"] == "not_ready"
    assert "views, tree" in late.json()["why"]


async def test_it_is_not_ready_without_its_files(template: Template, tmp_path: Path) -> None:
    life = open_school(template, tmp_path / "var")
    client = Client(life)
    life.installation.store.close()
    (tmp_path / "var" / "events.db").rename(tmp_path / "gone")
    (tmp_path / "var" / "events.db").mkdir()
    ready = await client.get(None, "/health/ready")
    assert (ready.status_code, ready.json()["status"]) == (503, "not_ready")
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

    monkeypatch.setattr(client.life.installation.cases, "log", broken)
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
