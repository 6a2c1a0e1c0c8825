"""The database goes away and comes back: nobody waits long, nothing is lost or done twice."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from deploy.demo.client import Http
from incidents.installation import EVENTS
from incidents.store import open_store
from tests.faults.crowd import Tally, caught_up, kept, seen, working
from tests.support.databases import Databases
from tests.support.postgres import APPLICATION, PostgresServer
from tests.support.waiting import until
from tests.support.whole import Whole, whole

CLIENTS = 8


@pytest.fixture
def database(postgres_server: PostgresServer) -> Iterator[str]:
    databases = Databases(postgres_server.url(), owner=APPLICATION)
    with databases.fresh() as url:
        yield url
    databases.close()


def readiness(running: Whole) -> Any:
    return Http(running.address).request("GET", "/health/ready", {}, None).json


async def while_it_is_away(
    running: Whole, go: Callable[[], None], come_back: Callable[[], None]
) -> Tally:
    """Let a crowd work before, while the database is away, and after; return what it saw."""
    async with working(running, clients=CLIENTS) as tally:
        await seen(lambda: len(tally.receipts) >= 4 * CLIENTS)
        await asyncio.to_thread(go)
        await seen(lambda: tally.answers[503] >= 4 * CLIENTS)
        ready = await asyncio.to_thread(readiness, running)
        assert (ready["status"], ready["parts"]["store"]) == ("not_ready", "unreadable")
        await asyncio.to_thread(come_back)
        there = len(tally.receipts)
        await seen(lambda: len(tally.receipts) >= there + 4 * CLIENTS)
    return tally


def all_is_well(running: Whole, tally: Tally, before: int) -> None:
    """Everybody was answered in time and in plain words, and what was acknowledged is there."""
    assert tally.late == 0
    assert tally.without_retry_after == 0
    assert set(tally.answers) <= {200, 201, 412, 503}
    assert not tally.refused
    with open_store(running.place, events=EVENTS) as store:
        until(lambda: caught_up(running, store), seconds=60)
        found = kept(store, tally, before)
    assert (found.lost, found.unasked) == ([], [])
    verdict = running.run("-m", "incidents", "verify", "--json")
    assert verdict.returncode == 0, verdict.stdout
    assert json.loads(verdict.stdout)["findings"] == []


def head(running: Whole) -> int:
    with open_store(running.place, events=EVENTS) as store:
        return store.head()


def test_a_server_that_is_stopped_and_started_is_outlasted_by_everything(
    tmp_path: Path, postgres_server: PostgresServer, database: str
) -> None:
    with whole(tmp_path, database_url=database) as running:
        before, pids = head(running), dict(running.state["pids"])
        tally = asyncio.run(
            while_it_is_away(
                running, lambda: postgres_server.stop("immediate"), postgres_server.start
            )
        )
        all_is_well(running, tally, before)
        assert running.state["pids"] == pids, running.output


@pytest.mark.long
def test_a_server_that_crashes_and_recovers_by_itself_costs_nothing(
    tmp_path: Path, postgres_server: PostgresServer, database: str
) -> None:
    async def crash(running: Whole) -> Tally:
        async with working(running, clients=CLIENTS) as tally:
            for _ in range(3):
                there = len(tally.receipts)
                await seen(lambda: len(tally.receipts) >= there + 2 * CLIENTS)  # noqa: B023 used at once
                await asyncio.to_thread(postgres_server.kill_children)
                await asyncio.to_thread(postgres_server.await_answer)
        return tally

    with whole(tmp_path, database_url=database) as running:
        before = head(running)
        all_is_well(running, asyncio.run(crash(running)), before)


@pytest.mark.long
def test_a_server_that_stands_still_is_outlasted_like_one_that_is_gone(
    tmp_path: Path, postgres_server: PostgresServer, database: str
) -> None:
    with whole(tmp_path, database_url=database) as running, ExitStack() as still:
        before = head(running)

        def stand_still() -> None:
            still.enter_context(postgres_server.standing_still())

        all_is_well(
            running, asyncio.run(while_it_is_away(running, stand_still, still.close)), before
        )
