"""Events come from JetStream, one at a time per partition, and go to the intake.

A partition's next event is not handed out before this one is acknowledged, so a case's events are
dealt with in their order. An event that has to wait is kept by the intake and acknowledged here:
what is behind it in the partition goes on.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from functools import partial
from typing import Final
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec
from nats.aio.msg import Msg
from nats.errors import Error as BrokerError
from nats.errors import TimeoutError as NothingNew
from nats.js import JetStreamContext
from nats.js.api import Header

from notifier.bell import Bell, unless
from notifier.broker import INCIDENTS, Broker
from notifier.clock import Clock
from notifier.contract import Contract
from notifier.inbox import Arrival, Inbox
from notifier.intake import Intake
from notifier.messages import PARTITIONS
from notifier.outage import outlast

log: Final = logging.getLogger(__name__)

FETCH_SECONDS: Final = 4.0
STILL_BUSY_SECONDS: Final = 2.0
"""How often the broker is told that an event is being dealt with; it gives up after three times."""
PAUSE_SECONDS: Final = 1.0
LOOK_SECONDS: Final = 1.0
"""How often held events are looked at in any case: another process may have let one go."""


class LedgerBehind(Exception):
    """Events were acknowledged that this ledger does not know: it is an older copy."""


class _Head(msgspec.Struct):
    id: UUID
    type: str


class Consumer:
    """Eight followers of the stream, and one of what the intake holds."""

    def __init__(
        self,
        *,
        broker: Broker,
        intake: Intake,
        inbox: Inbox,
        contract: Contract,
        clock: Clock,
        bell: Bell,
    ) -> None:
        self._broker = broker
        self._intake = intake
        self._inbox = inbox
        self._contract = contract
        self._clock = clock
        self._ear = bell.ear()

    async def check_places(self) -> None:
        """Raise `LedgerBehind` if the broker will not hand out again what this ledger lacks."""
        last = (await self._broker.jetstream.stream_info(INCIDENTS)).state.last_seq
        if any(self._inbox.place(partition) > last for partition in range(PARTITIONS)):
            log.warning("stream-is-new", extra={"reason": "it ends before what was read of it"})
            self._inbox.forget_places()
        for partition in range(PARTITIONS):
            name = _durable(partition)
            info = await self._broker.jetstream.consumer_info(INCIDENTS, name)
            acknowledged = info.ack_floor.stream_seq if info.ack_floor else 0
            if acknowledged > self._inbox.place(partition):
                raise LedgerBehind(
                    f"The consumer {name} has acknowledged event {acknowledged} of the stream "
                    f"{INCIDENTS}, but this ledger ends at {self._inbox.place(partition)}: it was "
                    "restored from an older copy. Delete the consumers notifier-0 to notifier-7 "
                    "and set the broker up again: then every event comes once more, and those "
                    "that are known are passed over."
                )

    async def run(self, stopping: asyncio.Event) -> None:
        """Take events until `stopping` is set; what has been begun is finished first.

        A broker or a database that is away is waited for.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                for partition in range(PARTITIONS):
                    tasks.create_task(self._follow(partition, stopping))
                tasks.create_task(self._look_after_held(stopping))
        except ExceptionGroup as several:
            raise several.exceptions[0] from None

    async def _follow(self, partition: int, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            try:
                events = await self._broker.jetstream.pull_subscribe_bind(
                    durable=_durable(partition), stream=INCIDENTS
                )
                try:
                    while not stopping.is_set():
                        await self._next(events, partition, stopping)
                finally:
                    await events.unsubscribe()
            except BrokerError as error:
                log.warning("no-events", extra={"reason": self._broker.explained(error)})
                await unless(stopping, asyncio.sleep(PAUSE_SECONDS))

    async def _next(
        self,
        events: JetStreamContext.PullSubscription,
        partition: int,
        stopping: asyncio.Event,
    ) -> None:
        try:
            messages = await unless(stopping, events.fetch(1, timeout=FETCH_SECONDS))
        except NothingNew:
            return
        for message in messages or ():
            async with _still_busy(message):
                kept = await outlast(stopping, partial(self._keep, message, partition))
            if kept:
                await message.ack()

    async def _keep(self, message: Msg, partition: int) -> bool:
        await self._take(message)
        self._inbox.reached(partition, message.metadata.sequence.stream)
        return True

    async def _take(self, message: Msg) -> None:
        try:
            head = msgspec.json.decode(message.data, type=_Head)
        except msgspec.MsgspecError:
            self._intake.refuse(_unreadable(message), "unreadable")
            return
        if not self._contract.follows(head.type):
            return
        case_id = _case_of(message)
        named = (message.headers or {}).get(Header.MSG_ID, str(head.id))
        if case_id is None or named != str(head.id):
            self._intake.refuse(_unreadable(message), "disagrees-with-its-subject")
            return
        await self._intake.take(
            Arrival(event_id=head.id, case_id=case_id, type=head.type, message=message.data)
        )

    async def _look_after_held(self, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            await outlast(stopping, partial(self._look_once, stopping))

    async def _look_once(self, stopping: asyncio.Event) -> None:
        if not await self._try_held(stopping):
            await unless(stopping, self._ear.wait(self._seconds_to_next()))

    async def _try_held(self, stopping: asyncio.Event) -> bool:
        """Try what is due, case by case. False when there is nothing, or incidents is silent."""
        due = self._inbox.due(self._clock())
        for waiting in due:
            if stopping.is_set() or not await self._intake.try_again(waiting):
                return False
        return bool(due)

    def _seconds_to_next(self) -> float:
        now = self._clock()
        following: datetime | None = self._inbox.next_due(now)
        return min((following - now).total_seconds() if following else LOOK_SECONDS, LOOK_SECONDS)


@asynccontextmanager
async def _still_busy(message: Msg) -> AsyncIterator[None]:
    """Tell the broker, while the block lasts, that the message is being dealt with."""

    async def tell() -> None:
        while True:
            await asyncio.sleep(STILL_BUSY_SECONDS)
            with suppress(BrokerError):  # away: then it hands the message out again
                await message.in_progress()

    telling = asyncio.create_task(tell())
    try:
        yield
    finally:
        telling.cancel()


def _durable(partition: int) -> str:
    return f"notifier-{partition}"


def _case_of(message: Msg) -> UUID | None:
    with suppress(ValueError):
        return UUID(message.subject.rpartition(".")[2])
    return None


def _unreadable(message: Msg) -> Arrival:
    """Return a message under an id of its own: the one it gives itself may be another's."""
    sequence = message.metadata.sequence.stream
    return Arrival(
        event_id=uuid5(NAMESPACE_URL, f"nats:{INCIDENTS}/{sequence}"),
        case_id=_case_of(message),
        type="unreadable",
        message=message.data,
    )
