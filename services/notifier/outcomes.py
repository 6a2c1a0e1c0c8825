"""What became of letters goes to JetStream, once and in order, for incidents to read.

As with the events of cases, the stream itself remembers how far we are, and every message says
which sequence must be the last one before it. There is one publisher per ledger.
"""

import asyncio
import logging
from typing import Any, Final
from uuid import UUID

import msgspec
from nats.errors import Error as BrokerError
from nats.js.api import Header, RawStreamMsg
from nats.js.errors import APIError, NotFoundError

from durable import StoreUnavailable
from notifier.bell import Bell, unless
from notifier.broker import NOTIFIER, Broker
from notifier.ledger import Ledger
from notifier.messages import SCHEMAS, CloudEvent, partition
from notifier.outage import PAUSES, pause
from notifier.outbox import Outbox, Told

log: Final = logging.getLogger(__name__)

WRONG_LAST_SEQUENCE: Final = 10071
NO_SUCH_MESSAGE: Final = 10037


class LedgerDiverged(Exception):
    """The stream and the ledger tell different stories: they are not of one installation."""


class Fenced(Exception):
    """Somebody else has published to the stream since we looked."""


class Outcomes:
    """Follows the outbox. `position` is the last outcome that the stream is known to hold."""

    def __init__(self, *, broker: Broker, ledger: Ledger, outbox: Outbox, bell: Bell) -> None:
        self._broker = broker
        self._ledger = ledger
        self._outbox = outbox
        self._ear = bell.ear()
        self.position = 0

    async def take_over(self) -> None:
        """Learn from the stream what this ledger, restored from an older copy, does not know.

        To be called before anything is sent: a letter told as sent is not sent again. Raises
        `LedgerDiverged`, and the broker's errors.
        """
        last = await self._last()
        if last is None or last.data is None:
            return
        until, known = _told(last), self._outbox.last_position()
        if until.position <= known:
            self._must_agree(until)
            return
        log.warning("taking-over", extra={"count": until.position - known})
        missing = [until]
        sequence = last.seq or 0
        while missing[-1].position > known and sequence > 1:
            sequence -= 1
            message = await self._broker.jetstream.get_msg(NOTIFIER, sequence)
            missing.append(_told(message))
        for told in reversed(missing):
            if told.position > known:
                self._ledger.believe(told)
            else:
                self._must_agree(told)

    async def run(self, stopping: asyncio.Event) -> None:
        """Publish until `stopping` is set. A broker or a database that is away is waited for."""
        failures = 0
        while not stopping.is_set():
            before = self.position
            try:
                await self._publish(stopping)
            except StoreUnavailable as outage:
                failures = 1 if self.position > before else failures + 1
                await pause(stopping, outage, failures)
            except (Fenced, BrokerError) as error:
                failures = 1 if self.position > before else failures + 1
                log.warning("not-told", extra={"reason": self._broker.explained(error)})
                await unless(stopping, asyncio.sleep(PAUSES[min(failures, len(PAUSES)) - 1]))

    async def _publish(self, stopping: asyncio.Event) -> None:
        last = await self._last()
        sequence = last.seq if last and last.seq else await self._first_sequence()
        self.position = _told(last).position if last else 0
        while not stopping.is_set():
            for told in self._outbox.after(self.position):
                if stopping.is_set():
                    return
                await self._send(told, sequence)
                self.position = told.position
                sequence += 1
            if self._outbox.last_position() == self.position:
                await unless(stopping, self._ear.wait())

    async def _send(self, told: Told, sequence: int) -> None:
        event = cloud_event(told)
        case_id = event.subject
        try:
            ack = await self._broker.jetstream.publish(
                f"notifier.{told.data['school']}.{partition(case_id)}.{case_id}",
                msgspec.json.encode(event),
                headers={
                    Header.MSG_ID: str(told.event_id),
                    Header.EXPECTED_LAST_SEQUENCE: str(sequence),
                },
            )
        except APIError as error:
            if error.err_code == WRONG_LAST_SEQUENCE:
                raise Fenced("the stream has moved on without us") from None
            raise
        if ack.seq != sequence + 1:
            raise Fenced("a message was in the stream already")

    async def _last(self) -> RawStreamMsg | None:
        try:
            return await self._broker.jetstream.get_last_msg(NOTIFIER, "notifier.>")
        except NotFoundError as error:
            if error.err_code != NO_SUCH_MESSAGE:
                raise
            return None

    async def _first_sequence(self) -> int:
        return (await self._broker.jetstream.stream_info(NOTIFIER)).state.last_seq

    def _must_agree(self, told: Told) -> None:
        ours = self._outbox.after(told.position - 1, 1)
        if not ours or ours[0].event_id != told.event_id:
            raise LedgerDiverged(
                f"Outcome {told.position} in the stream {NOTIFIER} is not the one this ledger has "
                "there: they do not belong together. Restore the ledger and the broker from the "
                "same backup."
            )


def cloud_event(told: Told) -> CloudEvent:
    """Return an outcome as it is published."""
    return CloudEvent(
        specversion="1.0",
        datacontenttype="application/json",
        id=told.event_id,
        source=f"/notifier/{told.data['school']}",
        type=told.type,
        subject=UUID(told.data["case_id"]),
        time=told.time,
        dataschema=f"{SCHEMAS}/{told.type}.json",
        data={**told.data, "position": told.position},
    )


def _told(message: RawStreamMsg) -> Told:
    event = msgspec.json.decode(message.data or b"", type=CloudEvent)
    data: dict[str, Any] = dict(event.data)
    position: int = data.pop("position")
    return Told(
        position=position,
        event_id=event.id,
        letter_id=UUID(data["letter_id"]),
        type=event.type,
        time=event.time,
        data=data,
    )
