"""What became of letters reaches its stream once and in order, whatever happens meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from durable import Place
from notifier import broker as brokers
from notifier.bell import Bell
from notifier.broker import Broker
from notifier.database import open_ledger
from notifier.fates import Happening
from notifier.ledger import Ledger, NewLetter, letter_id, outcome
from notifier.messages import LetterFailed
from notifier.outbox import Outbox
from notifier.outcomes import LedgerDiverged, Outcomes
from tests.notifier.conftest import migrated
from tests.notifier.other_side import OtherSide
from tests.support.nats_server import NatsServer

NOW = datetime(2026, 11, 20, 16, 40, tzinfo=UTC)
CASE = UUID(int=100)


class Books:
    """A ledger whose letters fail as they are added: each is one outcome."""

    def __init__(self, home: Place) -> None:
        self.database = open_ledger(home)
        self.outbox = Outbox(self.database)
        self.ledger = Ledger(self.database, self.outbox, lambda: NOW)
        self.bell = Bell()

    def fail(self, count: int) -> None:
        for _ in range(count):
            event_id = uuid4()
            letter = NewLetter(
                letter_id=letter_id(event_id, "L31", None),
                event_id=event_id,
                school="oakfield01",
                case_id=CASE,
                letter="L31",
                is_alert=False,
                form="email",
                audience="reporter",
                recipient_ref=None,
                not_after=NOW,
            )
            self.ledger.add([letter])
            tell = outcome(LetterFailed, letter, reason="no_email_address")
            self.ledger.move(letter.letter_id, Happening.NEVER, tell=tell)
        self.bell.ring()

    def telling(self, broker: Broker) -> Outcomes:
        return Outcomes(broker=broker, ledger=self.ledger, outbox=self.outbox, bell=self.bell)

    def copy(self, home: Place) -> "Books":
        """A ledger that has told what this one has until now, as a backup would have."""
        copy = Books(home)
        for told in self.outbox.after(0):
            copy.ledger.believe(told)
        return copy


@pytest.fixture
def books(home: Place) -> Iterator[Books]:
    books = Books(home)
    yield books
    books.database.close()


@pytest.fixture
def elsewhere(home: Place, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    """A place for another ledger of the same kind."""
    if home.in_files:
        yield Place(tmp_path / "elsewhere")
        return
    with request.getfixturevalue("postgres").fresh() as url:
        place = Place(tmp_path / "elsewhere", url)
        migrated(place)
        yield place


@pytest.fixture
async def broker(nats_server: NatsServer, incidents: OtherSide) -> AsyncIterator[Broker]:
    broker = await brokers.connect(nats_server.url)
    yield broker
    await broker.close()


@asynccontextmanager
async def running(outcomes: Outcomes) -> AsyncIterator[None]:
    stopping = asyncio.Event()
    task = asyncio.create_task(outcomes.run(stopping))
    try:
        yield
    finally:
        stopping.set()
        await asyncio.wait_for(task, 20)


async def positions(incidents: OtherSide, count: int) -> list[int]:
    return [told["data"]["position"] for told in await incidents.outcomes(count)]


async def test_outcomes_are_told_in_order_as_they_come(
    books: Books, broker: Broker, incidents: OtherSide
) -> None:
    books.fail(3)
    async with running(books.telling(broker)):
        assert await positions(incidents, 3) == [1, 2, 3]
        books.fail(2)
        assert await positions(incidents, 5) == [1, 2, 3, 4, 5]


async def test_a_publisher_cut_off_at_any_moment_is_resumed_by_the_next(
    books: Books, broker: Broker, incidents: OtherSide
) -> None:
    books.fail(120)
    for moment in range(12):
        async with running(books.telling(broker)):
            await asyncio.sleep(moment / 200)
    async with running(books.telling(broker)):
        assert await positions(incidents, 120) == list(range(1, 121))


async def test_two_publishers_at_once_tell_everything_once(
    books: Books, broker: Broker, incidents: OtherSide
) -> None:
    async with running(books.telling(broker)), running(books.telling(broker)):
        for _ in range(20):
            books.fail(3)
            await asyncio.sleep(0)
        assert await positions(incidents, 60) == list(range(1, 61))


async def test_a_broker_killed_while_outcomes_are_told_costs_nothing(
    books: Books, broker: Broker, incidents: OtherSide, nats_server: NatsServer
) -> None:
    async with running(books.telling(broker)):
        for _ in range(2):
            books.fail(40)
            await asyncio.to_thread(nats_server.kill)
            await asyncio.to_thread(nats_server.start)
        assert await positions(incidents, 80) == list(range(1, 81))


async def test_a_ledger_restored_from_a_copy_learns_what_was_told_since(
    books: Books, broker: Broker, incidents: OtherSide, elsewhere: Place
) -> None:
    books.fail(2)
    old = books.copy(elsewhere)
    books.fail(3)
    async with running(books.telling(broker)):
        await incidents.outcomes(5)
    await old.telling(broker).take_over()
    assert old.outbox.after(0) == books.outbox.after(0)
    old.fail(1)
    async with running(old.telling(broker)):
        assert await positions(incidents, 6) == [1, 2, 3, 4, 5, 6]
    old.database.close()


async def test_a_ledger_ahead_of_a_new_stream_tells_everything_again(
    books: Books, broker: Broker, incidents: OtherSide
) -> None:
    books.fail(4)
    await books.telling(broker).take_over()
    async with running(books.telling(broker)):
        assert await positions(incidents, 4) == [1, 2, 3, 4]


@pytest.mark.parametrize("of_its_own", [1, 3, 5])
async def test_the_ledger_of_another_installation_is_refused(
    books: Books, broker: Broker, incidents: OtherSide, elsewhere: Place, of_its_own: int
) -> None:
    books.fail(3)
    async with running(books.telling(broker)):
        await incidents.outcomes(3)
    other = Books(elsewhere)
    other.fail(of_its_own)
    with pytest.raises(LedgerDiverged, match="from the same backup"):
        await other.telling(broker).take_over()
    other.database.close()
