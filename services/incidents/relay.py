"""The log goes to JetStream: every listed event once, in order, and only what is listed of it.

The stream itself remembers how far we are: its last message names its place in the log. Nothing is
written down here, so nothing can disagree after a crash. Every message says which sequence must be
the last one before it; a second relay, or a message of ours that arrives late, is thereby refused
by the server instead of being stored twice.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID
from zlib import crc32

import msgspec
from nats.errors import Error as BrokerError
from nats.js.api import Header
from nats.js.errors import APIError, NotFoundError

from incidents.broker import INCIDENTS, PARTITIONS, Broker
from incidents.domain.facts import Recorded
from incidents.store.records import Stored

WINDOW: Final = 64
"""Messages on their way to the server at once. Refusing one refuses all behind it."""
WRONG_LAST_SEQUENCE: Final = 10071
NO_SUCH_MESSAGE: Final = 10037


class Log(Protocol):
    """What the relay needs of the store: to read the log, and to wait for more of it."""

    def log(self, after: int, limit: int) -> Sequence[Stored]: ...
    def decode(self, stored: Stored) -> Recorded: ...
    def follow(
        self, after: int, stop: threading.Event, limit: int = 500
    ) -> Iterator[Sequence[Stored]]: ...


Publish = Callable[[Recorded, int], msgspec.Struct | None]
"""The CloudEvent of an event at its position in the log, or None when it does not leave.

Its `data.position` is the position it was given: that is how the relay finds its place again.
"""


class LogBehindStream(Exception):
    """The stream's last message is not in our log, so what to publish next cannot be known."""


class Interrupted(Exception):
    """The broker is away, restarts, refuses or does not answer: it has to be tried again."""


class Fenced(Exception):
    """Somebody else has published to the stream since we looked."""


@dataclass(frozen=True, slots=True)
class Message:
    subject: str
    id: UUID
    position: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Window:
    """Messages that go out together. With them, all that leaves is out up to place `reached`."""

    messages: Sequence[Message]
    reached: int


Windows = Generator[Window, None, None]


@dataclass(frozen=True, slots=True)
class ResumePoint:
    """The last message of the stream: its place in the log, and its sequence in the stream."""

    position: int
    sequence: int


class _Data(msgspec.Struct):
    position: int


class _Published(msgspec.Struct):
    id: UUID
    data: _Data


def partition(case_id: UUID) -> int:
    """Return the partition of a case, 0 to 7. It never changes."""
    return crc32(case_id.bytes) % PARTITIONS


class Relay:
    """One follower of the log.

    `reached` is the place in the log up to which the stream is known to hold all that leaves; None
    before the stream was asked.
    """

    def __init__(
        self, store: Log, broker: Broker, publish: Publish, *, ack_timeout: float = 5.0
    ) -> None:
        self._store = store
        self._broker = broker
        self._publish = publish
        self._ack_timeout = ack_timeout
        self.reached: int | None = None

    async def run(self) -> None:
        """Publish until cancelled; it is safe to cancel at any moment, and to run it again.

        Raises `Interrupted`, `LogBehindStream` when the log is older than the stream, and whatever
        the store raises.
        """
        complaints = self._broker.errors.total()
        try:
            point = await self._resume_point()
            _end_if_cancelled()
            await self._publish_from(point)
        except (Fenced, BrokerError) as reason:
            raise Interrupted(self._explained(reason, complaints)) from reason

    async def _publish_from(self, point: ResumePoint) -> None:
        sequence = point.sequence
        self.reached = max(self.reached or 0, point.position)
        async with _in_a_thread(lambda stop: self._windows(point.position, stop)) as windows:
            async for window in windows:
                await self._send(window.messages, sequence)
                sequence += len(window.messages)
                self.reached = window.reached

    def _windows(self, after: int, stop: threading.Event) -> Windows:
        for entries in self._store.follow(after, stop):
            messages = [message for entry in entries if (message := self._message(entry))]
            rest = len(messages) % WINDOW
            for start in range(0, len(messages) - rest, WINDOW):
                window = messages[start : start + WINDOW]
                yield Window(window, window[-1].position)
            yield Window(messages[len(messages) - rest :], entries[-1].position)

    def _message(self, entry: Stored) -> Message | None:
        recorded = self._store.decode(entry)
        event = self._publish(recorded, entry.position)
        if event is None:
            return None
        return Message(
            subject=f"incidents.{recorded.school}.{partition(recorded.stream)}.{recorded.stream}",
            id=recorded.event_id,
            position=entry.position,
            payload=msgspec.json.encode(event),
        )

    async def _send(self, window: Sequence[Message], sequence: int) -> None:
        """Publish `window` behind message `sequence`. Returns when all of it is on the disk."""
        answers = await asyncio.gather(
            *(
                self._broker.jetstream.publish(
                    message.subject,
                    message.payload,
                    timeout=self._ack_timeout,
                    headers={
                        Header.MSG_ID: str(message.id),
                        Header.EXPECTED_LAST_SEQUENCE: str(sequence + offset),
                    },
                )
                for offset, message in enumerate(window)
            ),
            return_exceptions=True,
        )
        for offset, answer in enumerate(answers, start=1):
            if isinstance(answer, APIError) and answer.err_code == WRONG_LAST_SEQUENCE:
                raise Fenced("the stream has moved on without us")
            if isinstance(answer, BaseException):
                raise answer
            if answer.seq != sequence + offset:
                raise Fenced("a message was in the stream already")

    async def _resume_point(self) -> ResumePoint:
        try:
            last = await self._broker.jetstream.get_last_msg(INCIDENTS, "incidents.>")
        except NotFoundError as error:
            if error.err_code != NO_SUCH_MESSAGE:
                raise
            state = (await self._broker.jetstream.stream_info(INCIDENTS)).state
            return ResumePoint(position=0, sequence=state.last_seq)
        assert last.seq is not None
        assert last.data is not None
        published = msgspec.json.decode(last.data, type=_Published)
        position = published.data.position
        held = await asyncio.to_thread(self._event_at, position)
        if held != published.id:
            raise LogBehindStream(
                f"the stream {INCIDENTS} ends with the event at position {position} of the log, "
                f"but this log has {'another event' if held else 'nothing'} there: it was restored "
                "from an older copy, or belongs to another installation. Restore the newer copy, "
                f"or delete the stream {INCIDENTS} and set it up again: then everything is "
                "published anew, and what the readers have seen before is recognised."
            )
        return ResumePoint(position, last.seq)

    def _event_at(self, position: int) -> UUID | None:
        entries = self._store.log(position - 1, 1)
        if not entries or entries[0].position != position:
            return None
        return self._store.decode(entries[0]).event_id

    def _explained(self, reason: Exception, complaints: int) -> str:
        if self._broker.errors.total() == complaints:
            return str(reason)
        # A denied permission looks like a lost answer; only the error callback knows better.
        return f"{reason}; the broker complained: {self._broker.last_error}"


def _end_if_cancelled() -> None:
    """Before Python 3.12, `wait_for` in the client forgets a cancellation that meets its answer."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


@asynccontextmanager
async def _in_a_thread(
    start: Callable[[threading.Event], Windows],
) -> AsyncIterator[AsyncIterator[Window]]:
    """Run a blocking generator in a thread of its own, always the same one (SQLite insists)."""
    stop = threading.Event()
    windows = start(stop)
    thread = ThreadPoolExecutor(1, "relay")

    async def each() -> AsyncIterator[Window]:
        loop = asyncio.get_running_loop()
        while (window := await loop.run_in_executor(thread, next, windows, None)) is not None:
            yield window

    try:
        yield each()
    finally:
        stop.set()
        thread.submit(windows.close)
        thread.shutdown()
