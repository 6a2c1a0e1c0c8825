"""What became of letters comes back from the notifier and is recorded in the case's history.

One durable consumer per partition, one message at a time, so that a case's outcomes are recorded
in their order. An outcome is acknowledged after its event is durable; coming twice, it is
recognised by its id and recorded once.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

import msgspec
from nats.errors import Error as BrokerError
from nats.errors import TimeoutError as NothingNew
from nats.js import JetStreamContext

from incidents.broker import FETCH_SECONDS, NOTIFIER, PARTITIONS, Broker
from incidents.cases import Cases
from incidents.changes import Key
from incidents.domain.facts import PersonId, SchoolId
from incidents.domain.letters import (
    RecordAlert,
    RecordLetterFailed,
    RecordLetterRendered,
    RecordLetterSent,
    RecordLetterUncertain,
)
from incidents.domain.school import User
from incidents.domain.table import Command, Refusal
from incidents.domain.vocabulary import Role
from incidents.letter_data import LETTERS, Alert
from incidents.messages import (
    OUTCOMES,
    LetterDrafted,
    LetterGivenUp,
    LetterInDoubt,
    LetterNotSent,
    LetterSentOut,
    Outcome,
)
from incidents.store import StoreUnavailable

log: Final = logging.getLogger(__name__)

NOBODY: Final = "nobody"
ALERTS: Final = frozenset(code for code, letter in LETTERS.items() if letter is Alert)
PAUSE: Final = 1.0
"""Seconds before the next try when the broker or the store is away."""


class _Envelope(msgspec.Struct):
    id: UUID
    type: str
    data: msgspec.Raw


class Inbox:
    """Turns outcomes into commands on their cases."""

    def __init__(self, cases: Cases, broker: Broker) -> None:
        self._cases = cases
        self._broker = broker

    async def run(self) -> None:
        """Take outcomes until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for partition in range(PARTITIONS):
                tasks.create_task(self._follow(partition))

    async def _follow(self, partition: int) -> None:
        durable = f"incidents-{partition}"
        while True:
            try:
                subscription = await self._broker.jetstream.pull_subscribe_bind(
                    durable=durable, stream=NOTIFIER
                )
                while True:
                    await self._next(subscription)
            except BrokerError as reason:
                log.warning("inbox %s: %s", durable, reason)
                await asyncio.sleep(PAUSE)

    async def _next(self, subscription: JetStreamContext.PullSubscription) -> None:
        try:
            (message,) = await subscription.fetch(1, timeout=FETCH_SECONDS)
        except NothingNew:
            return
        try:
            await asyncio.to_thread(self.take, message.data)
        except StoreUnavailable as reason:
            log.warning("inbox: %s", reason)
            await message.nak(delay=PAUSE)
        else:
            await message.ack()

    def take(self, body: bytes) -> None:
        """Record one outcome. Raises `StoreUnavailable`; everything else is settled here.

        An outcome that can't be recorded (a case nobody knows, a letter that went on meanwhile, a
        message that is none) is logged by its id and passed over: the stream keeps it, and it must
        not hold up those behind it.
        """
        try:
            envelope = msgspec.json.decode(body, type=_Envelope)
            kind = OUTCOMES.get(envelope.type)
            if kind is None:
                return
            outcome = msgspec.json.decode(envelope.data, type=kind)
        except ValueError:  # msgspec's own errors are; so is text that is not UTF-8
            log.error("inbox: an outcome could not be read; it is kept in the stream %s", NOTIFIER)
            return
        command = _command(outcome)
        if command is not None:
            self._record(envelope.id, outcome, command)

    def _record(self, event_id: UUID, outcome: Outcome, command: Command) -> None:
        notifier = User(id=None, school=SchoolId(outcome.school), roles=frozenset({Role.NOTIFIER}))
        key = Key(text=str(event_id), body=str(outcome.letter_id))
        try:
            self._cases.ask(
                notifier, outcome.case_id, command, version=None, key=key, cause=event_id
            )
        except StoreUnavailable:
            raise
        except Exception as reason:
            # Whatever is wrong with this one, the outcomes behind it must not wait for ever.
            why = str(reason) if isinstance(reason, Refusal) else type(reason).__name__
            what = type(command).__name__
            log.error("inbox: outcome %s is not recorded: %s: %s", event_id, what, why)


def _command(outcome: Outcome) -> Command | None:
    if isinstance(outcome, LetterGivenUp) and outcome.reason == NOBODY:
        return None
    if outcome.letter in ALERTS:
        return _on_alert(outcome)
    return COMMANDS[type(outcome)](outcome) if type(outcome) in COMMANDS else None


def _on_alert(outcome: Outcome) -> Command | None:
    if not isinstance(outcome, LetterSentOut | LetterNotSent):
        return None
    return RecordAlert(
        alert=outcome.letter_id,
        code=outcome.letter,
        prompted_by=outcome.event_id,
        failed_because=outcome.reason if isinstance(outcome, LetterNotSent) else None,
    )


def _drafted(outcome: LetterDrafted) -> Command:
    return RecordLetterRendered(
        letter=outcome.letter_id,
        code=outcome.letter,
        form=outcome.form,
        audience=outcome.audience,
        prompted_by=outcome.event_id,
        recipient=PersonId(outcome.recipient_ref) if outcome.recipient_ref else None,
        media_type=outcome.media_type,
        document=outcome.document,
        template_hash=outcome.template_hash,
        data_hash=outcome.data_hash,
        needs_approval=outcome.needs_approval,
    )


def _sent(outcome: LetterSentOut) -> Command:
    return RecordLetterSent(letter=outcome.letter_id, channel=outcome.channel)


def _in_doubt(outcome: LetterInDoubt) -> Command:
    return RecordLetterUncertain(letter=outcome.letter_id, why=outcome.reason)


def _not_sent(outcome: LetterNotSent) -> Command:
    return RecordLetterFailed(
        letter=outcome.letter_id,
        code=outcome.letter,
        prompted_by=outcome.event_id,
        recipient=PersonId(outcome.recipient_ref) if outcome.recipient_ref else None,
        why=outcome.reason,
    )


COMMANDS: Final[Mapping[type[Outcome], Callable[[Any], Command]]] = {
    LetterDrafted: _drafted,
    LetterSentOut: _sent,
    LetterInDoubt: _in_doubt,
    LetterNotSent: _not_sent,
    LetterGivenUp: _not_sent,
}
"""What each outcome asks of its case. That nobody is to get a letter asks for nothing."""
