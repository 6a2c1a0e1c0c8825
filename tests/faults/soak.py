"""Minutes of mixed load while one process after another is killed: `make soak`.

`python -m tests.faults.soak [--database sqlite|postgresql] [--runs N] [--seconds S]`, with
`services` and the repository's root on PYTHONPATH. Prints a JSON line for each run, with what
was acknowledged and lost, done twice, answered with which status, and what `verify` says; exits 1
when a run shows a fault.
"""

import argparse
import asyncio
import json
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import psutil

from incidents.installation import EVENTS
from incidents.store import open_store
from tests.faults.crowd import Tally, caught_up, crowd, kept
from tests.support.databases import Databases
from tests.support.postgres import APPLICATION, PostgresServer
from tests.support.waiting import until
from tests.support.whole import API_WORKER, PROGRAMS, Whole, whole

CLIENTS: Final = 64
KILL_SECONDS: Final = 10.0
CATCH_UP_SECONDS: Final = 300.0
MEGABYTES: Final = 150.0
"""What one API worker may take under load."""
POSTGRES: Final = "postgres backend"


class Reaper:
    """Kills a random process every few seconds while entered, and weighs the API meanwhile."""

    def __init__(self, running: Whole, server: PostgresServer | None, seed: int) -> None:
        self.killed: Counter[str] = Counter()
        self.megabytes = 0.0
        self._running = running
        self._server = server
        self._lot = random.Random(seed)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reaper")

    def _run(self) -> None:
        due = time.monotonic() + KILL_SECONDS
        while not self._stop.wait(0.5):
            self._weigh()
            if time.monotonic() >= due:
                due += KILL_SECONDS
                names = [*PROGRAMS, API_WORKER, *([POSTGRES] if self._server else [])]
                name = self._lot.choice(names)
                self.killed[name] += self._kill(name)

    def _kill(self, name: str) -> bool:
        if name == POSTGRES and self._server is not None:
            self._server.kill_children()
            return True
        return self._running.kill(name)

    def _weigh(self) -> None:
        for worker in self._running.api_workers():
            try:
                self.megabytes = max(self.megabytes, worker.memory_info().rss / 1024**2)
            except psutil.NoSuchProcess:
                continue  # it was killed this moment

    def __enter__(self) -> "Reaper":
        self._thread.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._stop.set()
        self._thread.join()


async def _under_load(running: Whole, seconds: float, seed: int) -> Tally:
    stop, tally = asyncio.Event(), Tally()
    asyncio.get_running_loop().call_later(seconds, stop.set)
    await crowd(running.address, running.tokens, stop, tally, clients=CLIENTS, seed=seed)
    return tally


def soak(
    folder: Path, server: PostgresServer | None, url: str | None, seconds: float, seed: int
) -> dict[str, Any]:
    """Run once, and return what came of it."""
    with whole(folder, database_url=url, WRITES_PER_MINUTE="1000000") as running:
        with open_store(running.place, events=EVENTS) as store:
            before = store.head()
            with Reaper(running, server, seed) as reaper:
                tally = asyncio.run(_under_load(running, seconds, seed))
            begun = time.monotonic()
            until(lambda: caught_up(running, store), seconds=CATCH_UP_SECONDS)
            to_catch_up = time.monotonic() - begun
            found = kept(store, tally, before)
        verdict = running.run("-m", "incidents", "verify", "--json")
    return {
        "database": "postgresql" if url else "sqlite",
        "seconds": seconds,
        "clients": CLIENTS,
        "killed": dict(reaper.killed),
        "answers": {str(status): n for status, n in sorted(tally.answers.items())},
        "unanswered": dict(tally.unanswered),
        "refused": dict(tally.refused),
        "acknowledged": len(tally.receipts),
        "lost": len(found.lost),
        "twice": len(found.unasked),
        "slowest_seconds": round(tally.slowest, 2),
        "catch_up_seconds": round(to_catch_up, 1),
        "api_megabytes": round(reaper.megabytes, 1),
        "verify": verdict.returncode,
        "seed": seed,
    }


def holds(run: dict[str, Any]) -> bool:
    """Whether a run shows no fault."""
    failures = {int(status) for status in run["answers"] if int(status) >= 500} - {503}
    return (
        run["lost"] == run["twice"] == run["verify"] == 0
        and not failures
        and not run["refused"]
        # A connection that breaks is asked again; one that says nothing for seconds is a fault.
        and not run["unanswered"].get("late")
        and run["api_megabytes"] <= MEGABYTES
    )


@contextmanager
def _database(kind: str) -> Iterator[tuple[PostgresServer | None, str | None]]:
    if kind == "sqlite":
        yield None, None
        return
    with PostgresServer() as server:
        databases = Databases(server.url(), owner=APPLICATION)
        with databases.fresh() as url:
            yield server, url
        databases.close()


def main() -> int:
    """Return 0 when no run shows a fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    asked = parser.parse_args()
    held = True
    for seed in range(asked.seed, asked.seed + asked.runs):
        with TemporaryDirectory() as folder, _database(asked.database) as (server, url):
            run = soak(Path(folder), server, url, asked.seconds, seed)
        print(json.dumps(run), flush=True)
        held &= holds(run)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
