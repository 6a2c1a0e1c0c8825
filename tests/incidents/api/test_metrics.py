"""What monitoring sees: counts and times, of routes and of followers, never of people."""

import asyncio
import logging
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx
import pytest

from incidents.api.edge import LOG
from incidents.api.metrics import Metrics, Shelf
from tests.incidents.api.noted import Noted
from tests.incidents.api.school import Client, Template, open_school


async def test_metrics_count_by_route_and_never_by_person(client: Client) -> None:
    case = await client.report()
    await client.get("slt", case.path)
    await client.get("slt", f"/api/cases/{UUID(int=0)}")
    await client.call("slt", "BREW", "/api/incidents")
    text = (await client.get(None, "/metrics")).text
    route = 'route="/api/cases/{case_id}"'
    assert f'caseward_requests_total{{method="GET",{route},status="200",worker="1"}} 1' in text
    assert f'caseward_requests_total{{method="GET",{route},status="404",worker="1"}} 1' in text
    assert f'caseward_request_seconds_count{{method="GET",{route},worker="1"}} 2' in text
    assert 'method="other",route="unrouted",status="405",worker="1"} 1' in text
    assert 'caseward_writes_waiting{worker="1"} 0' in text
    assert str(case.id) not in text


async def test_metrics_tell_how_far_each_follower_is(client: Client) -> None:
    noted, store = Noted(client), client.life.installation.store
    known = store.head()
    case = await client.report()
    await case.done("slt", "start-assessment")
    client.life.clock.move(seconds=25)
    noted.moves("relay", "sequencer")
    noted.failing_since["timekeeper"] = client.life.clock.now
    noted.lives()
    text = (await client.get(None, "/metrics")).text
    assert f"caseward_log_head {store.head()}" in text
    for name, views, relay, timekeeper in (
        ("position", known, store.head(), None),
        ("lag", store.head() - known, 0, 0),
        ("lag_seconds", 25, 0, 25),
        ("failures", 0, 0, 1),
        ("up", 1, 1, 1),
    ):
        assert f'caseward_follower_{name}{{follower="views"}} {views}\n' in text
        assert f'caseward_follower_{name}{{follower="relay"}} {relay}\n' in text
        told = f'caseward_follower_{name}{{follower="timekeeper"}}'
        assert f"{told} {timekeeper}\n" in text if timekeeper is not None else told not in text


async def test_metrics_of_one_worker_tell_what_the_others_have_counted(
    template: Template, tmp_path: Path
) -> None:
    life = open_school(template, tmp_path / "var", api_workers=3, api_worker=2)
    other = Metrics(worker=1, waiting=lambda: 4)
    other.count("GET", "/api/me", 200, 0.25)
    shelf = Shelf(tmp_path / "var" / "metrics", workers=3)
    leaving = asyncio.create_task(shelf.keep(other))
    async with asyncio.timeout(20):
        while not list(shelf.others(2)):  # noqa: ASYNC110 of a file that no event tells
            await asyncio.sleep(0.01)
    leaving.cancel()
    client = Client(life)
    await client.get("slt", "/api/me")
    text = (await client.get(None, "/metrics")).text
    for worker in (1, 2):
        assert f'route="/api/me",status="200",worker="{worker}"}} 1' in text
    assert 'caseward_request_seconds_sum{method="GET",route="/api/me",worker="1"} 0.25' in text
    assert 'caseward_writes_waiting{worker="1"} 4' in text
    await client.http.aclose()
    life.installation.close()


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
    assert f'caseward_requests_total{{method="POST",{route},status="200",worker="1"}} 1' in text
    assert f'caseward_requests_total{{method="POST",{route},status="422",worker="1"}} 1' in text
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
