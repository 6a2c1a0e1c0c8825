"""The clock is set back: the history goes on, in its order, and everything follows it."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

from incidents.installation import EVENTS
from incidents.store import Store, open_store
from tests.faults.crowd import Tally, caught_up, kept, seen, working
from tests.support.waiting import until
from tests.support.whole import Whole, whole

CLIENTS = 4


async def work(running: Whole) -> Tally:
    async with working(running, clients=CLIENTS) as tally:
        await seen(lambda: len(tally.receipts) >= 8 * CLIENTS)
    return tally


def worked(running: Whole) -> None:
    """Let a crowd work, and look for all of it."""
    with open_store(running.place, events=EVENTS) as store:
        before = store.head()
        tally = asyncio.run(work(running))
        assert set(tally.answers) <= {200, 201, 412}
        assert not tally.refused
        until(lambda: caught_up(running, store), seconds=60)
        found = kept(store, tally, before)
    assert (found.lost, found.unasked) == ([], [])


def recorded(store: Store) -> list[datetime]:
    """Return when each event was recorded, in the order of the log."""
    moments, after = [], 0
    while entries := store.log(after, 500):
        moments += [store.decode(entry).recorded_at for entry in entries]
        after = entries[-1].position
    return moments


def test_a_clock_that_was_set_back_stops_nobody_and_turns_no_history_round(tmp_path: Path) -> None:
    with whole(tmp_path) as running:
        worked(running)
        assert running.stop() == 0
    with open_store(running.place, events=EVENTS) as store:
        last = recorded(store)[-1]
    # One process: those that it would start go by the machine's own clock.
    with whole(tmp_path, incidents="tests.faults.early", API_WORKERS="1") as early:
        worked(early)
        verdict = early.run("-m", "incidents", "verify", "--json")
        assert (verdict.returncode, json.loads(verdict.stdout)["findings"]) == (0, [])
        assert early.stop() == 0
    with open_store(running.place, events=EVENTS) as store:
        moments = recorded(store)
    assert moments == sorted(moments)
    assert moments[-1] == last < datetime.now(UTC)
