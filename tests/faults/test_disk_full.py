"""Nothing more can be written: whoever reports is told so, and nothing is half recorded.

The limit is the system's own on the size of files (RLIMIT_FSIZE), set on processes that run: what
they write then fails as on a disk without room, and lifting it makes room again.
"""

import asyncio
import json
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from deploy.demo.client import Http
from incidents.installation import EVENTS
from incidents.store import open_store
from tests.faults.crowd import REPORT, Tally, caught_up, kept, seen, working
from tests.support.waiting import until
from tests.support.whole import Whole, whole

CLIENTS = 8
NO_ROOM = (0, resource.RLIM_INFINITY)
ROOM = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux limits processes that run already"
)


@contextmanager
def no_room_for(processes: list[psutil.Process]) -> Iterator[None]:
    """While the block lasts, none of these can write to any file."""
    for process in processes:
        process.rlimit(resource.RLIMIT_FSIZE, NO_ROOM)
    try:
        yield
    finally:
        for process in processes:
            process.rlimit(resource.RLIMIT_FSIZE, ROOM)


def writers(running: Whole) -> list[psutil.Process]:
    """Return every process that writes to the databases."""
    others = [psutil.Process(running.pid(name)) for name in ("worker", "notifier")]
    return [*running.api_workers(), *others]


async def without_room(running: Whole) -> Tally:
    """Let a crowd work before, while nothing can be written, and after; return what it saw."""
    async with working(running, clients=CLIENTS) as tally:
        await seen(lambda: len(tally.receipts) >= 4 * CLIENTS)
        with no_room_for(writers(running)):
            there = len(tally.receipts)
            await seen(lambda: tally.answers[503] >= 8 * CLIENTS)
            # What was on its way to be written may have been.
            assert len(tally.receipts) <= there + 2 * CLIENTS
            await told_in_plain_words(running)
        there = len(tally.receipts)
        await seen(lambda: len(tally.receipts) >= there + 4 * CLIENTS)
    return tally


async def told_in_plain_words(running: Whole) -> None:
    """A report is refused with what was and was not done; what is there can still be read."""
    http, token = Http(running.address), running.tokens["slt"]
    signed = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    body = json.dumps(REPORT)
    answer = await asyncio.to_thread(http.request, "POST", "/api/incidents", signed, body.encode())
    assert answer.status == 503
    assert answer.headers["retry-after"]
    assert "nothing was recorded" in answer.json["detail"].lower()
    read = await asyncio.to_thread(http.request, "GET", "/api/me", signed, None)
    assert read.status == 200


def test_a_full_disk_refuses_reports_and_loses_none(tmp_path: Path) -> None:
    with whole(tmp_path) as running:
        with open_store(running.place, events=EVENTS) as store:
            before, pids = store.head(), dict(running.state["pids"])
            tally = asyncio.run(without_room(running))
            assert set(tally.answers) <= {200, 201, 412, 503}
            assert (tally.late, tally.without_retry_after, dict(tally.refused)) == (0, 0, {})
            until(lambda: caught_up(running, store), seconds=60)
            found = kept(store, tally, before)
        assert (found.lost, found.unasked) == ([], [])
        assert "incidents.api: incident" not in running.output
        assert running.state["pids"] == pids, running.output
        verdict = running.run("-m", "incidents", "verify", "--json")
        assert (verdict.returncode, json.loads(verdict.stdout)["findings"]) == (0, [])
