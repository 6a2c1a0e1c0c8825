"""A second worker stands by, and does what nobody does any more once the first is gone."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from incidents.followers import NAMES, Followers
from incidents.installation import EVENTS
from incidents.store import Store, open_store
from tests.faults.crowd import REPORT, caught_up
from tests.support.kept import in_files, in_postgresql
from tests.support.waiting import until
from tests.support.whole import ROOT, Whole, whole


@contextmanager
def another_worker(running: Whole, folder: Path) -> Iterator[int]:
    """A worker beside the installation's own one, on the same tables; gives its process."""
    around = {
        "PYTHONPATH": str(ROOT / "services"),
        "VAR": str(running.var),
        "SCHOOL_DIR": str(folder / "school"),
        "NATS_URL": str(running.state["nats"]),
        "NATS_NKEY_SEED_FILE": str(running.var / "nats" / "incidents.nk"),
        **({"DATABASE_URL": running.database_url} if running.database_url else {}),
    }
    with (folder / "another").open("wb") as printed:
        process = subprocess.Popen(
            [sys.executable, "-m", "incidents", "worker"],
            env={**os.environ, **around},
            stdout=printed,
            stderr=printed,
        )
    try:
        yield process.pid
        assert process.poll() is None, (folder / "another").read_text()
    finally:
        process.terminate()
        assert process.wait(30) == 0


def holders(followers: Followers) -> set[str]:
    """Return the processes that do the followers' work."""
    return {note.holder.rpartition(":")[2] for note in followers.notes().values()}


def published(store: Store, running: Whole) -> None:
    """Let a report reach everything that follows the log."""
    running.client(patience=20).post("staff", "/api/incidents", REPORT, key=os.urandom(8).hex())
    until(lambda: caught_up(running, store), seconds=60)


def the_second_takes_over(folder: Path, database_url: str | None) -> None:
    with (
        whole(folder, database_url=database_url) as running,
        open_store(running.place, events=EVENTS) as store,
        closing(Followers(running.place)) as followers,
    ):
        first = running.pid("worker")
        with another_worker(running, folder) as second:
            published(store, running)
            assert holders(followers) == {str(first)}
            # Its supervisor starts it again, but what it let go of is then another's.
            while holders(followers) != {str(second)}:
                took = running.pid("worker")
                running.kill("worker")
                running.until(lambda: running.pid("worker") not in (0, took))  # noqa: B023 used at once
                until(lambda: str(took) not in holders(followers), seconds=60)  # noqa: B023 used at once
            published(store, running)
            assert set(followers.notes()) >= set(NAMES)
        until(lambda: holders(followers) == {str(running.pid("worker"))}, seconds=60)
        published(store, running)


@in_files
def test_a_worker_that_stands_by_takes_over_when_the_first_is_killed(
    tmp_path: Path, place: str | None
) -> None:
    the_second_takes_over(tmp_path, place)


@pytest.mark.long
@in_postgresql
def test_it_takes_over_too_where_leases_are_the_databases(
    tmp_path: Path, place: str | None
) -> None:
    the_second_takes_over(tmp_path, place)
