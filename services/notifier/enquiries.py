"""The questions put to incidents. What people are called and what a letter says is in the answers,
and stays in memory: nothing of it is kept or logged here."""

from collections.abc import Mapping
from datetime import date
from hashlib import sha256
from typing import Any, Final, Protocol, TypeVar
from uuid import UUID

import msgspec

from notifier.ledger import LetterRow
from notifier.messages import (
    Delivery,
    DeliveryOf,
    FactsOf,
    KeepDocument,
    Kept,
    Recipients,
    RecipientsOf,
    Refusal,
)

TIMEOUT_SECONDS: Final = 5.0

Answer = TypeVar("Answer")
Question = RecipientsOf | FactsOf | KeepDocument | DeliveryOf


class Refused(Exception):
    """Incidents has refused; `reason` is its code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class BadAnswer(Exception):
    """The answer is not of the form that was agreed."""


class Line(Protocol):
    """How a question travels."""

    async def request(self, subject: str, payload: bytes, timeout_seconds: float) -> bytes: ...


class Enquiries:
    """Every method raises `Refused`, `BadAnswer`, and what the line raises when nobody answers."""

    def __init__(self, line: Line, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._line = line
        self._timeout_seconds = timeout_seconds

    async def recipients(self, question: RecipientsOf) -> list[UUID | None]:
        """Return who is to get a letter."""
        return (await self._ask(question, Recipients)).recipients

    async def facts(self, row: LetterRow, written_on: date) -> Mapping[str, Any]:
        """Return what a letter is to say, as decoded from JSON."""
        question = FactsOf(
            school=row.school,
            case_id=row.case_id,
            event_id=row.event_id,
            letter=row.letter,
            audience=row.audience,
            recipient_ref=row.recipient_ref,
            written_on=written_on,
        )
        return await self._ask(question, dict[str, Any])

    async def keep(self, row: LetterRow, media_type: str, content: bytes) -> str:
        """Have the bytes kept with the case; return their SHA-256 once they are on the disk."""
        question = KeepDocument(
            school=row.school,
            case_id=row.case_id,
            letter_id=row.letter_id,
            media_type=media_type,
            content=content,
        )
        kept = (await self._ask(question, Kept)).sha256
        if kept != sha256(content).hexdigest():
            raise BadAnswer("other bytes were kept than were sent")
        return kept

    async def delivery(self, row: LetterRow) -> Delivery:
        """Return where a letter that was drafted is to go at this moment, and its bytes."""
        assert row.document is not None
        assert row.media_type is not None
        question = DeliveryOf(
            school=row.school,
            case_id=row.case_id,
            letter_id=row.letter_id,
            event_id=row.event_id,
            letter=row.letter,
            audience=row.audience,
            recipient_ref=row.recipient_ref,
            document=row.document,
            media_type=row.media_type,
        )
        return await self._ask(question, Delivery)

    async def _ask(self, question: Question, answer: type[Answer]) -> Answer:
        reply = await self._line.request(
            question.SUBJECT, msgspec.json.encode(question), self._timeout_seconds
        )
        try:
            if b'"refused"' in reply:
                fields = msgspec.json.decode(reply, type=dict[str, Any])
                if "refused" in fields:
                    raise Refused(msgspec.convert(fields, Refusal).refused)
            return msgspec.json.decode(reply, type=answer)
        except msgspec.MsgspecError as error:
            # The library's message names a field and its type, never its value.
            raise BadAnswer(f"{question.SUBJECT}: {error}") from None
