"""The log reaches the stream once and in order, whatever happens to the relay or the broker."""

import asyncio
import json
import logging
import random
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID, uuid5

import msgspec
import pytest
from nats.js.api import AckPolicy, ConsumerConfig, RawStreamMsg

from incidents import broker as brokers
from incidents import messages
from incidents.broker import INCIDENTS, Broker
from incidents.domain.facts import Actor, Event, Recorded, SchoolId
from incidents.domain.vocabulary import Role
from incidents.relay import LogBehindStream, Relay, partition
from incidents.store.records import Stored
from incidents.worker.follower import Follower, Part
from tests.support.nats_server import NatsServer
from tests.support.office import Office

SCHOOL = SchoolId("oakfield01")
CASES = [UUID(int=number) for number in range(1, 6)]
NOW = datetime(2026, 11, 20, 16, 40, tzinfo=UTC)


class Noted(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.noted"
    number: int
    secret: str


class Data(msgspec.Struct):
    number: int
    position: int


class CloudEvent(msgspec.Struct):
    id: UUID
    type: str
    data: Data


def publish(recorded: Recorded, position: int) -> CloudEvent | None:
    """Every seventh event is one that does not leave; `secret` never does."""
    assert isinstance(recorded.event, Noted)
    if recorded.event.number % 7 == 0:
        return None
    data = Data(number=recorded.event.number, position=position)
    return CloudEvent(id=recorded.event_id, type="incidents.noted.v1", data=data)


def listed(count: int) -> list[int]:
    return [number for number in range(1, count + 1) if number % 7]


class FileLog:
    """A log in a real SQLite file, with the gaps that a log may have."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._open() as connection:
            connection.executescript(
                "PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS log"
                " (position INTEGER PRIMARY KEY, number INTEGER, stream TEXT)"
            )

    def note(self, first: int, last: int) -> None:
        with self._open() as connection, connection:
            connection.executemany(
                "INSERT INTO log VALUES (?, ?, ?)",
                [(n * 3, n, str(CASES[n % len(CASES)])) for n in range(first, last + 1)],
            )

    def log(self, after: int, limit: int) -> list[Stored]:
        with self._open() as connection:
            rows = connection.execute(
                "SELECT position, stream, number FROM log WHERE position > ?"
                " ORDER BY position LIMIT ?",
                (after, limit),
            ).fetchall()
        return [
            Stored(position, UUID(stream), number, "incidents.noted", str(number).encode())
            for position, stream, number in rows
        ]

    def decode(self, stored: Stored) -> Recorded:
        event_id = uuid5(stored.stream, f"{self.path.name} {stored.version}")
        return Recorded(
            event_id=event_id,
            school=SCHOOL,
            stream=stored.stream,
            version=stored.version,
            recorded_at=NOW,
            occurred_at=NOW,
            actor=Actor(user=None, role=Role.TIMEKEEPER),
            policy_version="1",
            calendar_version="1",
            causation_id=event_id,
            correlation_id=event_id,
            event=Noted(number=int(stored.state), secret="never to be seen outside"),
        )

    def follow(
        self, after: int, stop: threading.Event, limit: int = 500
    ) -> Iterator[Sequence[Stored]]:
        while not stop.is_set():
            if entries := self.log(after, limit):
                yield entries
                after = entries[-1].position
            else:
                stop.wait(0.005)

    def _open(self) -> "closing[sqlite3.Connection]":
        return closing(sqlite3.connect(self.path))


@pytest.fixture
def log(tmp_path: Path) -> FileLog:
    return FileLog(tmp_path / "events.db")


@pytest.fixture
async def broker(nats_server: NatsServer) -> AsyncIterator[Broker]:
    broker = await brokers.connect(nats_server.url, name="incidents")
    # So short that a repeat is recognised by the sequence or not at all.
    await brokers.set_up(broker.jetstream, duplicate_window=0.1)
    yield broker
    await broker.close()


class Heard(logging.Handler):
    """What the relay has said that contains some words, and a way to wait for it."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self.words, self.text, self._heard = words, "", asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        if self.words in record.getMessage():
            self.text += record.getMessage()
            self._heard.set()

    async def it(self) -> None:
        await asyncio.wait_for(self._heard.wait(), 20)


@contextmanager
def hearing(words: str) -> Iterator[Heard]:
    heard, logger = Heard(words), logging.getLogger("incidents.worker")
    logger.addHandler(heard)
    try:
        yield heard
    finally:
        logger.removeHandler(heard)


@asynccontextmanager
async def running(relay: Relay) -> AsyncIterator[None]:
    """The relay as the worker runs it: begun again when it was interrupted."""
    follower = Follower(
        Part("relay", relay.run), None, holder="here", clock=lambda: NOW, chance=lambda: 0.0
    )
    task = asyncio.create_task(follower.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def stream_until(broker: Broker, last: int) -> list[RawStreamMsg]:
    """Return all messages of the stream, in order, once the one with number `last` is there."""
    ephemeral = ConsumerConfig(inactive_threshold=30, ack_policy=AckPolicy.NONE)
    reader = await broker.jetstream.pull_subscribe(
        "incidents.>", stream=INCIDENTS, config=ephemeral
    )
    messages: list[RawStreamMsg] = []
    while not messages or content(messages[-1])["data"]["number"] != last:
        messages += [
            RawStreamMsg(
                subject=message.subject,
                seq=message.metadata.sequence.stream,
                data=message.data,
                headers=message.headers,
            )
            for message in await reader.fetch(500, timeout=20)
        ]
    await reader.unsubscribe()
    return messages


def content(message: RawStreamMsg) -> dict[str, dict[str, int]]:
    assert message.data is not None
    decoded: dict[str, dict[str, int]] = json.loads(message.data)
    return decoded


def numbers(messages: Sequence[RawStreamMsg]) -> list[int]:
    return [content(message)["data"]["number"] for message in messages]


async def test_listed_events_arrive_in_order_under_their_case_and_nothing_else_leaves(
    log: FileLog, broker: Broker
) -> None:
    log.note(1, 50)
    async with running(Relay(log, broker, publish)):
        messages = await stream_until(broker, 50)
    assert numbers(messages) == listed(50)
    for message in messages:
        school, case = SCHOOL, CASES[content(message)["data"]["number"] % len(CASES)]
        assert message.subject == f"incidents.{school}.{partition(case)}.{case}"
        assert message.headers is not None
        assert message.headers["Nats-Msg-Id"] == str(content(message)["id"])
        assert message.data is not None
        assert b"secret" not in message.data
        assert b"never" not in message.data


async def test_what_is_logged_while_the_relay_runs_follows_at_once(
    log: FileLog, broker: Broker
) -> None:
    async with running(Relay(log, broker, publish)):
        for first in range(1, 60, 10):
            log.note(first, first + 9)
        assert numbers(await stream_until(broker, 60)) == listed(60)


async def test_what_a_case_records_leaves_the_real_store_as_it_is_listed(
    broker: Broker, tmp_path: Path, place: str | None
) -> None:
    office = Office(tmp_path / "var", database_url=place)
    case = office.log()
    store = office.installation.store
    jetstream = broker.jetstream
    reader = await jetstream.pull_subscribe("incidents.>", stream=INCIDENTS)
    async with running(Relay(store, broker, messages.publish)):
        [message] = await reader.fetch(1, timeout=20)
    office.installation.close()
    assert message.subject == f"incidents.{office.school}.{partition(case.id)}.{case.id}"
    told = json.loads(message.data)
    assert told["type"] == "incidents.incident_logged.v1"
    assert told["data"].keys() == {"school", "case_id", "version", "position"}


async def test_a_relay_stopped_at_any_moment_is_resumed_by_the_next_one(
    log: FileLog, broker: Broker
) -> None:
    log.note(1, 900)
    chance = random.Random(20)
    for _ in range(12):
        async with running(Relay(log, broker, publish)):
            await asyncio.sleep(chance.uniform(0, 0.06))
    async with running(Relay(log, broker, publish)):
        assert numbers(await stream_until(broker, 900)) == listed(900)


async def test_a_broker_killed_while_publishing_loses_nothing_and_repeats_nothing(
    log: FileLog, broker: Broker, nats_server: NatsServer
) -> None:
    chance = random.Random(7)
    with hearing("resuming") as interrupted:
        async with running(Relay(log, broker, publish, ack_timeout=0.5)):
            for turn in range(4):
                log.note(turn * 250 + 1, turn * 250 + 250)
                await asyncio.sleep(chance.uniform(0.01, 0.08))
                await asyncio.to_thread(nats_server.kill)
                await asyncio.to_thread(nats_server.start)
            messages = await stream_until(broker, 1000)
    assert interrupted.text
    assert numbers(messages) == listed(1000)
    assert [message.seq for message in messages] == list(range(1, len(messages) + 1))


async def test_a_repeat_after_the_duplicate_window_is_refused_by_its_sequence(
    log: FileLog, broker: Broker
) -> None:
    log.note(1, 20)
    relay = Relay(log, broker, publish)
    async with running(relay):
        await stream_until(broker, 20)
    await asyncio.sleep(0.2)  # the window passes
    windows = relay._windows(0, threading.Event())
    with pytest.raises(Exception, match="moved on without us"):
        await relay._send(next(windows).messages, 0)
    windows.close()
    assert numbers(await stream_until(broker, 20)) == listed(20)


async def test_two_relays_at_once_store_every_event_once(log: FileLog, broker: Broker) -> None:
    async with running(Relay(log, broker, publish)), running(Relay(log, broker, publish)):
        for first in range(1, 300, 20):
            log.note(first, first + 19)
            await asyncio.sleep(0)
        assert numbers(await stream_until(broker, 300)) == listed(300)


async def test_a_log_restored_from_an_older_copy_is_refused_and_the_way_out_is_named(
    log: FileLog, broker: Broker, tmp_path: Path
) -> None:
    log.note(1, 20)
    async with running(Relay(log, broker, publish)):
        await stream_until(broker, 20)
    older, other = FileLog(tmp_path / "older.db"), FileLog(tmp_path / "other.db")
    older.note(1, 10)
    other.note(1, 30)
    for restored, there in ((older, "nothing"), (other, "another event")):
        with pytest.raises(LogBehindStream, match=rf"{there} there.*Restore the newer copy"):
            await Relay(restored, broker, publish).run()


MUTE: Final = """
port: $NATS_PORT
jetstream { store_dir: $NATS_STORE_DIR }
authorization { users: [
  { user: "admin", password: "a" }
  { user: "mute", password: "m", permissions: { publish: { deny: ["incidents.>"] } } }
] }
"""


async def test_a_denied_permission_is_told_by_its_reason(log: FileLog, tmp_path: Path) -> None:
    config = tmp_path / "mute.conf"
    config.write_text(MUTE)
    log.note(1, 1)
    with NatsServer(tmp_path / "nats", config=config) as server:
        admin = await brokers.connect(server.url.replace("//", "//admin:a@"), name="admin")
        mute = await brokers.connect(server.url.replace("//", "//mute:m@"), name="incidents")
        await brokers.set_up(admin.jetstream)
        with hearing("resuming") as heard:
            async with running(Relay(log, mute, publish, ack_timeout=0.2)):
                await heard.it()
        await admin.close()
        await mute.close()
    assert "timeout; the broker complained" in heard.text
    assert 'permissions violation for publish to "incidents.' in heard.text
    assert mute.errors.total() >= 1


async def test_a_broker_without_its_streams_is_waited_for(
    log: FileLog, nats_server: NatsServer
) -> None:
    broker = await brokers.connect(nats_server.url, name="incidents")
    log.note(1, 5)
    with hearing("stream not found") as heard:
        async with running(Relay(log, broker, publish)):
            await heard.it()
            await brokers.set_up(broker.jetstream)
            assert numbers(await stream_until(broker, 5)) == listed(5)
    await broker.close()


async def test_setting_up_twice_changes_nothing_and_messages_cannot_be_removed(
    log: FileLog, broker: Broker
) -> None:
    log.note(1, 3)
    async with running(Relay(log, broker, publish)):
        await stream_until(broker, 3)
    await brokers.set_up(broker.jetstream, duplicate_window=0.1)
    for removal in (
        broker.jetstream.delete_msg(INCIDENTS, 1),
        broker.jetstream.purge_stream(INCIDENTS),
    ):
        with pytest.raises(Exception, match="not permitted"):
            await removal
    info = await broker.jetstream.consumer_info(INCIDENTS, "notifier-0")
    assert info.config.max_ack_pending == 1
    assert info.config.ack_wait is not None
    assert info.config.ack_wait > brokers.FETCH_SECONDS


def test_a_case_stays_in_its_partition() -> None:
    assert [partition(case) for case in CASES] == [3, 1, 7, 4, 2]
    assert {partition(UUID(int=n)) for n in range(1000)} == set(range(8))
