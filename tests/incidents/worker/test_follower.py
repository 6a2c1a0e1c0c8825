"""A follower goes on whatever happens to it, and in one process at a time."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event as Signal

import pytest

from durable import HeldElsewhere, Hold, HoldLost, Place, StoreUnavailable
from incidents.followers import FOLLOWERS, Followers, Note, standing
from incidents.worker import follower as following
from incidents.worker.follower import Follower, Part, in_a_thread

NOW = datetime(2026, 11, 20, 16, 40, tzinfo=UTC)


class Lease:
    """A lease that is had, lost and refused as a test wants it."""

    def __init__(self) -> None:
        self.taken = 0
        self.given_back = 0
        self.elsewhere = False
        self.lost = False

    @contextmanager
    def __call__(self) -> Iterator[Hold]:
        if self.elsewhere:
            raise HeldElsewhere("Another process has it.")
        self.taken += 1
        self.lost = False
        try:
            yield self
        finally:
            self.given_back += 1

    def check(self) -> None:
        if self.lost:
            raise HoldLost("The connection was lost.")

    def regain(self) -> None:
        raise AssertionError("a follower begins anew instead")


class Worker:
    """Work that counts its beginnings and ends as it is told: raise, or go on until cancelled."""

    def __init__(self, *ends: Exception) -> None:
        self.begun = 0
        self.running = 0
        self.place = 0
        self._ends = deque(ends)

    async def __call__(self) -> None:
        self.begun += 1
        self.running += 1
        try:
            if self._ends:
                raise self._ends.popleft()
            await asyncio.Event().wait()
        finally:
            self.running -= 1

    def part(self) -> Part:
        return Part("views", self, position=lambda: self.place, pulse=lambda: self.place)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is a second otherwise is a hundredth of one here."""
    monkeypatch.setattr(following, "PAUSES", (0.01,))
    monkeypatch.setattr(following, "STAND_BY_SECONDS", 0.01)
    monkeypatch.setattr(following, "LOOK_SECONDS", 0.01)


@asynccontextmanager
async def running(part: Part, lease: Lease) -> AsyncIterator[Follower]:
    follower = Follower(part, lease, holder="here:1", clock=lambda: NOW, chance=lambda: 0.5)
    task = asyncio.create_task(follower.run())
    try:
        yield follower
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 of things that no event tells
            await asyncio.sleep(0.005)


async def test_it_works_while_it_has_the_lease_and_gives_it_back_at_the_end() -> None:
    work, lease = Worker(), Lease()
    async with running(work.part(), lease):
        await until(lambda: work.running)
        assert (lease.taken, lease.given_back) == (1, 0)
    assert (work.running, lease.given_back) == (0, 1)


async def test_it_stands_by_while_another_process_has_the_lease() -> None:
    work, lease = Worker(), Lease()
    lease.elsewhere = True
    async with running(work.part(), lease) as follower:
        await until(lambda: follower.note is None)
        assert work.begun == 0
        lease.elsewhere = False
        await until(lambda: work.running)
        assert follower.note is not None
        assert follower.note.holder == "here:1"


async def test_it_stops_when_the_lease_is_lost_and_notes_nothing_once_another_has_it() -> None:
    work, lease = Worker(), Lease()
    async with running(work.part(), lease) as follower:
        await until(lambda: work.running)
        lease.elsewhere = lease.lost = True
        await until(lambda: follower.note is None)
        assert (work.running, work.begun) == (0, 1)
        assert lease.taken == lease.given_back == 1


async def test_what_fails_is_begun_again_and_the_failures_in_a_row_are_noted() -> None:
    work, lease = Worker(*[StoreUnavailable("The disk is full.")] * 3), Lease()
    async with running(work.part(), lease) as follower:
        await until(lambda: work.running)
        assert work.begun == 4
        note = follower.note
        assert note is not None
        assert (note.failures, note.failing_since) == (3, NOW)
        assert (note.error, note.reason) == ("StoreUnavailable", "The disk is full.")


async def test_it_fails_no_more_once_it_gets_on() -> None:
    work, lease = Worker(StoreUnavailable("The disk is full.")), Lease()
    async with running(work.part(), lease) as follower:
        await until(lambda: work.running)
        work.place = 7
        await follower.look()
        note = follower.note
        assert note is not None
        assert (note.position, note.failures, note.failing_since, note.error) == (7, 0, None, None)


async def test_of_an_error_that_is_not_ours_only_its_kind_is_noted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    work, lease = Worker(RuntimeError("what the parent wrote")), Lease()
    async with running(work.part(), lease) as follower:
        await until(lambda: work.running)
        assert follower.note is not None
        assert (follower.note.error, follower.note.reason) == ("RuntimeError", None)
    assert "RuntimeError" in caplog.text
    assert "parent" not in caplog.text


async def test_work_in_a_thread_has_ended_when_it_is_cancelled() -> None:
    begun, ended = asyncio.Event(), []
    loop = asyncio.get_running_loop()

    def run(stop: Signal) -> None:
        loop.call_soon_threadsafe(begun.set)
        stop.wait()
        ended.append(True)

    task = asyncio.create_task(in_a_thread("views", run)())
    await begun.wait()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert ended == [True]


# ── the leases and the notes themselves, on both databases ────────────────────────────────────────


@pytest.fixture
def home(tmp_path: Path, place: str | None) -> Place:
    found = Place(tmp_path, place)
    if place is not None:
        database = found.open(FOLLOWERS, migrate=False)
        database.migrate()
        database.close()
    return found


def test_each_follower_has_a_lease_of_its_own_and_one_holder(home: Place) -> None:
    one, other = Followers(home), Followers(home)
    with one.alone("views") as hold, other.alone("relay"):
        hold.check()
        with pytest.raises(HeldElsewhere), other.alone("views"):
            pytest.fail("two at once")
    with other.alone("views") as hold:
        hold.check()
    one.close()
    other.close()


def test_what_is_noted_last_is_what_is_read(home: Place) -> None:
    followers = Followers(home)
    first = Note("views", "here:1", 5, NOW, NOW, 2, NOW, "StoreUnavailable", "It is away.")
    followers.put([first, Note("timekeeper", "here:1", None, NOW, NOW)])
    assert followers.notes()["views"] == first
    later = NOW + timedelta(seconds=1)
    followers.put([Note("views", "there:2", 6, later, later)])
    assert followers.notes()["views"] == Note("views", "there:2", 6, later, later)
    assert followers.notes()["timekeeper"].position is None
    followers.close()


def test_a_position_that_is_not_known_leaves_the_one_that_was(home: Place) -> None:
    followers = Followers(home)
    followers.put([Note("relay", "here:1", 5, NOW, NOW)])
    followers.put([Note("relay", "here:2", None, NOW, NOW)])
    assert followers.notes()["relay"].position == 5
    followers.close()


# ── how a follower stands ─────────────────────────────────────────────────────────────────────────


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def noted(
    moved: float = 0, seen: float = 0, failing: float | None = None, place: int | None = 5
) -> Note:
    since = None if failing is None else ago(failing)
    failures = 0 if failing is None else 3
    return Note("views", "here:1", place, ago(moved), ago(seen), failures, since)


@pytest.mark.parametrize(
    ("note", "unknown", "expected"),
    [
        (None, None, "absent"),
        (noted(seen=11), None, "absent"),
        (noted(seen=10), None, "ok"),
        (noted(moved=86400), None, "ok"),
        (noted(moved=86400), 10, "ok"),
        (noted(moved=0), 11, "slow"),
        (noted(moved=86400), 11, "slow"),
        (noted(moved=30), 3600, "slow"),
        (noted(moved=31), 3600, "stuck"),
        (noted(moved=86400), 31, "stuck"),
        (noted(failing=5), None, "ok"),
        (noted(failing=6), None, "stuck"),
        (noted(moved=10, place=None), None, "ok"),
        (noted(moved=11, place=None), None, "slow"),
        (noted(moved=31, place=None), None, "stuck"),
    ],
)
def test_slow_is_what_is_late_and_moves_and_stuck_what_is_late_and_stands_still(
    note: Note | None, unknown: float | None, expected: str
) -> None:
    assert standing(note, None if unknown is None else ago(unknown), NOW) == expected
