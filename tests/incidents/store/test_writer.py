"""Group commit: many requests, few transactions, and none answers for another."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from durable import Connection, Database, OutcomeUnknown, Place
from incidents.domain.facts import Recorded
from incidents.store import (
    AlreadyClaimed,
    ClaimKey,
    Conflict,
    Found,
    Store,
    StoreBusy,
    StoreUnavailable,
    UnknownTopic,
    open_store,
    writer,
)
from incidents.store.tables import LOG
from tests.incidents.store.asking import Adding, Holding, Stumbled, Waiting, count_of, together
from tests.incidents.store.sample import EVENTS, SCHOOL, ValueChanged, claim, fact
from tests.support.kept import in_files, in_postgresql, kept_at
from tests.support.postgres import PostgresServer
from tests.support.waiting import until

MANY: Final = 40


@pytest.fixture
def database(store: Store) -> Database:
    """The database that the store's writer writes to."""
    return store._log.recorder.database


@pytest.fixture
def transactions(database: Database, monkeypatch: pytest.MonkeyPatch) -> "Transactions":
    return Transactions(database, monkeypatch)


class Transactions:
    """Counts the transactions of a database, and may have its way with the next of them."""

    def __init__(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self.losing: list[str] = []
        self._writing = database.writing
        monkeypatch.setattr(database, "writing", self.writing)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        self.count += 1
        what = self.losing.pop(0) if self.losing else "nothing"
        if what == "the database":
            raise StoreUnavailable("The database is away.")
        try:
            with self._writing() as connection:
                yield connection
                if what == "the commit":
                    raise Undone
        except Undone:
            pass
        if what in ("the commit", "the answer"):
            raise OutcomeUnknown("The connection was lost during the commit.")


class Undone(Exception):
    """The transaction never comes to its commit."""


# ── together ──────────────────────────────────────────────────────────────────────────────────────


async def test_those_who_wait_share_one_transaction_and_each_gets_his_own_answer(
    store: Store, transactions: Transactions
) -> None:
    requests = [Adding(count=1 + n % 3) for n in range(MANY)]
    waiting = Waiting(store, *requests)
    await waiting.wait()
    before = transactions.count
    answers = await waiting.answers()
    assert transactions.count == before + 1
    for request, answer in zip(requests, answers, strict=True):
        there = [(one.position, one.version) for one in store.stored(request.stream)]
        assert answer == there
        assert len(there) == request.count


async def test_positions_follow_the_order_in_which_requests_came(store: Store) -> None:
    answers = await together(store, *(Adding() for _ in range(MANY)))
    positions = [answer[0][0] for answer in answers]
    assert positions == sorted(positions)


async def test_more_than_one_transaction_takes_are_all_written(store: Store) -> None:
    requests = [Adding() for _ in range(writer.MOST_AT_ONCE * 2 + 5)]
    answers = await together(store, *requests)
    assert [answer[0][1] for answer in answers] == [1] * len(requests)


async def test_requests_on_one_stream_see_each_other_and_wait_for_their_turn(store: Store) -> None:
    stream = uuid4()
    answers = await together(store, *(Adding(stream) for _ in range(7)))
    assert [version for ((_, version),) in answers] == [1, 2, 3, 4, 5, 6, 7]
    assert count_of(store, stream) == 7


async def test_requests_that_ask_for_one_claim_see_each_other(store: Store) -> None:
    seen: list[bool] = []

    class Claiming(Adding):
        def decide(self, found: Found) -> Sequence[Recorded]:
            seen.append(bool(found.claims))
            return [] if found.claims else super().decide(found)

    key = ClaimKey(SCHOOL, "reference", "the same")
    requests = [Claiming(takes="the same", claims=[key]) for _ in range(4)]
    answers = await together(store, *requests)
    assert sorted(map(len, answers)) == [0, 0, 0, 1]
    assert seen == [False, True, True, True]


def test_threads_and_coroutines_write_side_by_side(store: Store) -> None:
    streams = [uuid4() for _ in range(5)]

    def in_a_thread(n: int) -> Any:
        return store.write(Adding(streams[n % 5]))

    async def in_a_loop() -> list[Any]:
        return await asyncio.gather(*(store.written(Adding(streams[n % 5])) for n in range(60)))

    with ThreadPoolExecutor(6) as pool:
        loops = [pool.submit(asyncio.run, in_a_loop()) for _ in range(2)]
        answers = [*pool.map(in_a_thread, range(60)), *(one for x in loops for one in x.result())]
    positions = [position for ((position, _),) in answers]
    assert len(set(positions)) == 180
    assert sum(count_of(store, stream) for stream in streams) == 180


def test_whoever_tails_the_log_misses_nothing_that_is_written(store: Store, kept: Place) -> None:
    """Positions come in the order of the commits, whichever of two stores writes them."""
    stop, seen = Event(), list[int]()

    def tail() -> None:
        for batch in store.follow(0, stop, limit=10):
            seen.extend(stored.position for stored in batch)

    async def write(to: Store) -> None:
        await asyncio.gather(*(to.written(Adding(count=1 + n % 2)) for n in range(50)))

    tailing = Thread(target=tail)
    tailing.start()
    with open_store(kept, events=EVENTS) as other, ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda to: asyncio.run(write(to)), (store, other)))
    until(lambda: len(seen) == 150)
    stop.set()
    tailing.join()
    assert seen == [stored.position for stored in store.log(0, 1000)]


# ── one stumbles ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("at", ["decide", "settle"])
async def test_a_request_that_raises_takes_none_of_the_others_with_it(
    store: Store, at: Any
) -> None:
    requests = [Adding() for _ in range(9)]
    requests[4].at = at
    answers = await together(store, *requests)
    assert isinstance(answers.pop(4), Stumbled)
    assert all(version == 1 for ((_, version),) in answers)
    assert [count_of(store, r.stream) for r in requests] == [1, 1, 1, 1, 0, 1, 1, 1, 1]


async def test_an_answer_that_stumbles_is_raised_and_what_it_was_about_is_there(
    store: Store,
) -> None:
    requests = [Adding(), Adding(at="answer"), Adding()]
    first, second, third = await together(store, *requests)
    assert isinstance(second, Stumbled)
    assert [version for ((_, version),) in (first, third)] == [1, 1]
    assert [count_of(store, r.stream) for r in requests] == [1, 1, 1]


class Foreign(ValueChanged, frozen=True, kw_only=True):
    TOPIC = "tests.of_another_program"


class Strange(Adding):
    """Asks for an event that this store does not know."""

    def decide(self, found: Found) -> Sequence[Recorded]:
        return [fact(Foreign(value={}), self.stream)]


async def test_what_the_database_refuses_of_one_is_refused_to_him_alone(store: Store) -> None:
    moved, taken = uuid4(), uuid4()
    store.write(Adding(moved))
    store.write(Adding(taken, takes="held"))
    good = [Adding() for _ in range(6)]
    bad = [
        Adding(skips=1),
        Adding(takes="held"),
        Adding(moved, school="hillsidetwo"),
        Strange(),
    ]
    answers = await together(store, *good[:3], *bad, *good[3:])
    assert [type(one) for one in answers[3:7]] == [
        Conflict,
        AlreadyClaimed,
        ValueError,
        UnknownTopic,
    ]
    assert answers[4].claim == claim("held", taken)
    assert all(version == 1 for ((_, version),) in answers[:3] + answers[7:])
    assert [count_of(store, r.stream) for r in good] == [1] * 6
    assert [count_of(store, r.stream) for r in bad] == [0, 0, 1, 0]


async def test_of_two_in_one_transaction_that_take_the_same_claim_the_first_has_it(
    store: Store,
) -> None:
    requests = [Adding(takes="the same"), Adding(), Adding(takes="the same")]
    first, second, third = await together(store, *requests)
    assert isinstance(third, AlreadyClaimed)
    assert third.claim.stream == requests[0].stream
    assert [len(first), len(second)] == [1, 1]


async def test_a_request_that_turns_out_to_need_nothing_is_answered_without_an_event(
    store: Store,
) -> None:
    class Content(Adding):
        def decide(self, found: Found) -> Sequence[Recorded]:
            return []

    answers = await together(store, Content(), Adding(), Adding(takes="x"), Adding(takes="x"))
    assert answers[0] == []
    assert isinstance(answers[3], AlreadyClaimed), "and each was tried again alone"


# ── the store fails ───────────────────────────────────────────────────────────────────────────────


async def test_when_the_queue_is_full_the_next_is_told_to_come_back(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "MOST_WAITING", 5)
    requests = [Adding() for _ in range(8)]
    answers = await together(store, *requests)
    assert [type(one) for one in answers] == [list] * 5 + [StoreBusy] * 3
    assert [count_of(store, r.stream) for r in requests] == [1] * 5 + [0] * 3
    assert store.write(Adding()), "and there is room again"


async def test_when_the_database_refuses_everybody_who_waits_is_told_and_nothing_kept(
    store: Store, transactions: Transactions
) -> None:
    head = store.head()
    waiting = Waiting(store, *(Adding() for _ in range(writer.MOST_AT_ONCE + 9)))
    await waiting.wait()
    transactions.losing = ["the database"]
    answers = await waiting.answers()
    assert {type(one) for one in answers} == {StoreUnavailable}
    assert store.head() == head + 1, "of the one before them"
    assert store.write(Adding()), "and then it goes on"


@in_files
async def test_a_disk_that_fills_up_in_the_middle_leaves_nothing_of_anybody(
    store: Store, database: Database
) -> None:
    waiting = Waiting(store, *(Adding(count=30) for _ in range(9)))
    await waiting.wait()
    with database.reading() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
    database._writer.execute(f"PRAGMA max_page_count = {pages + 2}")  # type: ignore[attr-defined]
    answers = await waiting.answers()
    assert {type(one) for one in answers} == {StoreUnavailable}
    assert store.head() == 1


@pytest.mark.parametrize("what", ["the answer", "the commit"])
async def test_a_lost_answer_is_never_a_conflict_and_leaves_exactly_one_record(
    store: Store, transactions: Transactions, what: str
) -> None:
    stream = uuid4()
    store.write(Adding(stream))
    waiting = Waiting(store, Adding(stream), *(Adding(count=2) for _ in range(5)), Strange())
    await waiting.wait()
    transactions.losing = [what]
    answers = await waiting.answers()
    assert isinstance(answers.pop(), UnknownTopic)
    assert [[version for _, version in one] for one in answers] == [[2], *[[1, 2]] * 5]
    assert count_of(store, stream) == 2
    assert len(store.log(0, 100)) == 1 + 1 + 1 + 10


async def test_a_lost_answer_is_looked_for_once_and_then_said_to_be_unknown(
    store: Store, transactions: Transactions
) -> None:
    waiting = Waiting(store, Adding(), Adding())
    await waiting.wait()
    transactions.losing = ["the commit", "the answer"]
    assert [type(one) for one in await waiting.answers()] == [OutcomeUnknown] * 2
    assert store.write(Adding())


async def test_a_lost_answer_that_cannot_be_looked_for_stays_unknown_to_those_it_was_for(
    store: Store, transactions: Transactions
) -> None:
    requests = [Adding() for _ in range(writer.MOST_AT_ONCE + 2)]
    waiting = Waiting(store, *requests)
    await waiting.wait()
    transactions.losing = ["the answer", "the database"]
    answers = await waiting.answers()
    kinds = [type(one) for one in answers]
    assert kinds == [OutcomeUnknown] * writer.MOST_AT_ONCE + [StoreUnavailable] * 2
    assert [count_of(store, r.stream) for r in requests[-2:]] == [0, 0]


@in_postgresql
async def test_a_commit_that_ends_after_its_answer_was_lost_is_waited_for(
    store: Store, kept: Place, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server may still be at it when the connection is gone: to look at once is too early."""
    slow, real = kept.open(LOG), database.writing
    under_way: list[Any] = []

    @contextmanager
    def writing() -> Iterator[Connection]:
        monkeypatch.setattr(database, "writing", real)
        transaction = slow.writing()
        yield transaction.__enter__()
        under_way.append(transaction)
        raise OutcomeUnknown("The connection was lost during the commit.")

    def end_it() -> None:
        until(lambda: bool(under_way) and _somebody_waits(database))
        under_way[0].__exit__(None, None, None)

    waiting = Waiting(store, Adding(), Adding(takes="a name"))
    await waiting.wait()
    monkeypatch.setattr(database, "writing", writing)
    ending = asyncio.create_task(asyncio.to_thread(end_it))
    answers = await waiting.answers()
    await ending
    assert [[version for _, version in one] for one in answers] == [[1], [1]]
    assert store.head() == 3
    slow.close()


def _somebody_waits(database: Database) -> bool:
    with database.reading() as connection:
        return bool(
            connection.execute(
                "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            ).fetchone()
        )


async def test_a_database_that_goes_away_with_many_waiting_is_used_again_when_it_is_back(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    requests = [Adding() for _ in range(9)]
    with open_store(kept_at(tmp_path / "var", postgres_server.url()), events=EVENTS) as store:
        store.write(Adding())
        waiting = Waiting(store, *requests)
        await waiting.wait()
        await asyncio.to_thread(postgres_server.stop, "immediate")
        answers = await waiting.answers()
        assert {type(one) for one in answers} == {StoreUnavailable}
        await asyncio.to_thread(postgres_server.start)
        until(lambda: _can_be_written(store))
        assert [count_of(store, r.stream) for r in requests] == [0] * 9
        again = await together(store, *requests)
        assert [version for ((_, version),) in again] == [1] * 9


def _can_be_written(store: Store) -> bool:
    try:
        store.write(Adding())
    except StoreUnavailable:
        return False
    return True


# ── the end ───────────────────────────────────────────────────────────────────────────────────────


@in_files
def test_a_loop_that_is_closed_while_it_waits_harms_nobody(store: Store) -> None:
    holding, abandoned, other = Holding(), Adding(), Adding()
    turn = Thread(target=store.write, args=(holding,))
    turn.start()
    holding.has_turn.wait()
    loop = asyncio.new_event_loop()
    task = loop.create_task(store.written(abandoned))
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    holding.may_go_on.set()
    turn.join()
    assert asyncio.run(store.written(other)), "the writer's thread goes on"
    assert count_of(store, abandoned.stream) == 1, "it was too late to take it back"
    task._log_destroy_pending = False  # type: ignore[attr-defined]


@in_files
async def test_who_no_longer_waits_harms_nobody(store: Store) -> None:
    left, stayed = Adding(), Adding()
    waiting = Waiting(store, left, stayed)
    await waiting.wait()
    waiting._tasks[1].cancel()
    answers = await waiting.answers()
    assert isinstance(answers[0], asyncio.CancelledError)
    assert [version for _, version in answers[1]] == [1]


async def test_close_writes_what_waits_and_lets_nobody_in_after_that(store: Store) -> None:
    waiting = Waiting(store, *(Adding() for _ in range(9)))
    await waiting.wait()
    closing = asyncio.create_task(asyncio.to_thread(store._writer.close))
    answers = await waiting.answers()
    await closing
    assert [version for ((_, version),) in answers] == [1] * 9
    with pytest.raises(StoreUnavailable, match="is ending"):
        store.write(Adding())
    with pytest.raises(StoreUnavailable, match="is ending"):
        await store.written(Adding())


@in_files
def test_an_interrupted_write_says_that_its_outcome_is_not_known(store: Store) -> None:
    """Ctrl-C ends the thread that happens to write; the others who wait must hear of it."""
    other = Adding()
    holding = Holding(at="decide", raises=KeyboardInterrupt())
    heard: list[BaseException] = []

    def interrupted() -> None:
        try:
            store.write(holding)
        except KeyboardInterrupt as reason:
            heard.append(reason)

    turn = Thread(target=interrupted)
    turn.start()
    holding.has_turn.wait()
    holding.may_go_on.set()
    turn.join()
    assert [type(one) for one in heard] == [KeyboardInterrupt]
    assert store.write(other), "and the turn is free"


# ── whatever comes together ───────────────────────────────────────────────────────────────────────

_ASKS: Final = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.integers(1, 3),
        st.sampled_from(["", "", "", "decide", "settle", "answer"]),
        st.sampled_from([None, None, "one", "two"]),
        st.sampled_from([0, 0, 0, 2]),
    ),
    min_size=1,
    max_size=24,
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asks=_ASKS)
def test_each_of_many_is_answered_as_if_it_were_alone(store: Store, asks: Any) -> None:
    streams, name = [uuid4() for _ in range(4)], uuid4().hex
    requests = [
        Adding(streams[n], count, f"{name} {takes}" if takes else None, at, skips=skips)
        for n, count, at, takes, skips in asks
    ]
    before = store.head()
    answers = asyncio.run(together(store, *requests))

    written: Counter[UUID] = Counter()
    for request, answer in zip(requests, answers, strict=True):
        refused = type(answer) in (Conflict, AlreadyClaimed)
        assert refused or isinstance(answer, list | Stumbled)
        assert not (isinstance(answer, Stumbled) and not request.at)
        if isinstance(answer, list) or (request.at == "answer" and not refused):
            written[request.stream] += request.count
    assert {s: count_of(store, s) for s in streams} == {s: written[s] for s in streams}
    log = store.log(before, 1000)
    assert len(log) == sum(written.values()) + 1, "and the one that held the turn"
    _claims_are_held_once(store, requests, answers)


def _claims_are_held_once(store: Store, requests: Sequence[Adding], answers: Sequence[Any]) -> None:
    for request, answer in zip(requests, answers, strict=True):
        if request.takes is None:
            continue
        held = store.claim(SCHOOL, "reference", request.takes)
        if isinstance(answer, list):
            assert held is not None
            assert held.stream == request.stream
        elif isinstance(answer, AlreadyClaimed):
            assert held == answer.claim
    taking = [r.takes for r, a in zip(requests, answers, strict=True) if isinstance(a, list)]
    assert all(count == 1 for takes, count in Counter(taking).items() if takes)
