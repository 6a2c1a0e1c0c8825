"""From a row of the ledger to the letter it stands for, and to the mail that carries it.

Asks incidents for everything each time; nothing is remembered from one call to the next.
"""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from hashlib import sha256
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from notifier.clock import Clock
from notifier.enquiries import BadAnswer, Enquiries
from notifier.ledger import LetterRow
from notifier.messages import AlertFacts, Delivery
from notifier.render import PDF_TYPE, Rendered, Renderer
from notifier.rules import Rule
from notifier.transports import Address, Attachment, Mail

SCHOOL_TIME: Final = ZoneInfo("Europe/London")
"""Letters bear the date of the place where they are read."""


class Unsendable(Exception):
    """No mail can be made of the row, now or later. `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Composer:
    """Every method raises `Unsendable`, `CannotRender`, and what `Enquiries` raises."""

    def __init__(self, enquiries: Enquiries, renderer: Renderer, clock: Clock) -> None:
        self._enquiries = enquiries
        self._renderer = renderer
        self._clock = clock
        # One thread: Typst keeps its fonts and layouts per thread, and a letter takes milliseconds.
        self._press = ThreadPoolExecutor(1, "press")

    async def letter(self, row: LetterRow) -> Rendered:
        """Write the letter from the facts as they are now."""
        return await self._rendered(row, await self._enquiries.facts(row, self._today()))

    async def mail(self, row: LetterRow) -> Mail:
        """Make the mail for a letter that is kept, or for an alert."""
        return await (self._alert(row) if row.is_alert else self._carrying(row))

    def needs_approval(self, row: LetterRow) -> bool:
        """Whether a person reads the letter before it goes."""
        return self._rule(row).needs_approval

    def close(self) -> None:
        """Let the press end."""
        self._press.shutdown()

    async def _alert(self, row: LetterRow) -> Mail:
        facts = await self._enquiries.facts(row, self._today())
        try:
            to = msgspec.convert(facts, AlertFacts)
        except msgspec.ValidationError as problem:
            raise BadAnswer(f"{row.letter}: {problem}") from None
        if to.recipient.email is None:
            raise Unsendable("no_email_address")
        rendered = await self._rendered(row, facts)
        return Mail(
            letter_id=row.letter_id,
            sender=Address(to.school.name, to.school.email),
            recipient=Address(to.recipient.name, to.recipient.email),
            subject=rendered.subject or "",
            text=rendered.text,
            possible_repeat=row.is_repeat,
        )

    async def _carrying(self, row: LetterRow) -> Mail:
        delivery = await self._enquiries.delivery(row)
        if sha256(delivery.document).hexdigest() != row.document:
            raise Unsendable("document_changed")
        email = self._renderer.render_email(
            self._rule(row),
            name=delivery.name,
            reference=delivery.reference,
            school_name=delivery.school.name,
            school_email=delivery.school.email,
            document=delivery.document,
        )
        return Mail(
            letter_id=row.letter_id,
            sender=Address(delivery.school.name, delivery.school.email),
            recipient=Address(delivery.name, delivery.email),
            subject=email.subject,
            text=email.text,
            attachment=_attachment(delivery),
        )

    async def _rendered(self, row: LetterRow, facts: Mapping[str, Any]) -> Rendered:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._press, self._renderer.render, self._rule(row), facts
        )

    def _rule(self, row: LetterRow) -> Rule:
        try:
            return self._renderer.table.rule(row.letter)
        except KeyError:
            raise Unsendable("not_in_the_table") from None

    def _today(self) -> date:
        return self._clock().astimezone(SCHOOL_TIME).date()


def _attachment(delivery: Delivery) -> Attachment | None:
    if delivery.media_type != PDF_TYPE:
        return None
    return Attachment(f"{delivery.reference}.pdf", PDF_TYPE, delivery.document)
