"""Answers the notifier's questions over NATS: who, what, keep this, where to now.

The only place where opened words leave the process, in a reply to the one who asked, never stored.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from nats.aio.msg import Msg

from incidents.broker import Broker
from incidents.cases import NoSuchCase
from incidents.domain.facts import SchoolId
from incidents.letters.documents import delivery, keep
from incidents.letters.facts import facts
from incidents.letters.lookup import Lookup, NotToBeSent
from incidents.letters.recipients import recipients
from incidents.messages import (
    REQUESTS,
    DeliveryAsked,
    DocumentKept,
    KeepDocument,
    LetterDataAsked,
    Recipients,
    RecipientsAsked,
    Refused,
)
from incidents.store import BlobUnreadable, StoreUnavailable

log: Final = logging.getLogger(__name__)

SUBJECT: Final = "requests.incidents"
QUEUE: Final = "incidents"
"""Programs that answer share the questions between them."""
TRY_LATER: Final = "try_later"
"""The one refusal that is not final: nothing could be read or kept just now."""


FAULT: Final = "fault"
"""We could not work it out: asking again will not help before somebody has looked."""


class Answers:
    """Answers every question on `requests.incidents.*` while it runs."""

    def __init__(self, lookup: Lookup, broker: Broker) -> None:
        self._lookup = lookup
        self._broker = broker
        self._tasks: set[asyncio.Task[None]] = set()
        self._handlers: Mapping[str, Callable[[Any], msgspec.Struct]] = {
            "recipients": self._recipients,
            "letter_data": self._letter_data,
            "keep_document": self._keep_document,
            "delivery": self._delivery,
        }

    async def run(self) -> None:
        """Answer until cancelled."""
        subscriptions = [
            await self._broker.client.subscribe(f"{SUBJECT}.{name}", QUEUE, self._asked)
            for name in self._handlers
        ]
        try:
            await asyncio.Event().wait()
        finally:
            for subscription in subscriptions:
                await subscription.unsubscribe()

    async def _asked(self, message: Msg) -> None:
        """Answer beside the others: one slow document does not keep the next question waiting."""
        task = asyncio.create_task(self._answer(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, message: Msg) -> None:
        name = message.subject.rpartition(".")[2]
        reply = await asyncio.to_thread(self.answer, name, message.data)
        await message.respond(msgspec.json.encode(reply))

    def answer(self, name: str, body: bytes) -> msgspec.Struct:
        """Return the answer to one question, or `Refused` with the reason as a code."""
        asked, _ = REQUESTS[name]
        try:
            return self._handlers[name](msgspec.json.decode(body, type=asked))
        except msgspec.DecodeError:
            return Refused("malformed_request")
        except NoSuchCase:
            return Refused("unknown_case")
        except NotToBeSent as reason:
            return Refused(reason.code)
        except BlobUnreadable as reason:
            return Refused(type(reason).__name__)
        except StoreUnavailable as reason:
            log.warning("answers: %s", reason)
            return Refused(TRY_LATER)
        except Exception as fault:
            # Somebody waits for an answer; what went wrong may quote words, its kind does not.
            log.error("answers: %s could not be answered: %s", name, type(fault).__name__)
            return Refused(FAULT)

    def _recipients(self, asked: RecipientsAsked) -> Recipients:
        found = recipients(
            self._lookup, SchoolId(asked.school), asked.case_id, asked.event_id, asked.audience
        )
        return Recipients(recipients=found)

    def _letter_data(self, asked: LetterDataAsked) -> msgspec.Struct:
        return facts(
            self._lookup,
            SchoolId(asked.school),
            asked.case_id,
            asked.event_id,
            asked.letter,
            asked.audience,
            asked.recipient_ref,
            asked.written_on,
        )

    def _keep_document(self, asked: KeepDocument) -> DocumentKept:
        kept = keep(self._lookup, SchoolId(asked.school), asked.case_id, asked.content)
        return DocumentKept(sha256=kept)

    def _delivery(self, asked: DeliveryAsked) -> msgspec.Struct:
        return delivery(self._lookup, asked)
