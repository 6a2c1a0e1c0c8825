"""An event comes in: which letters it asks for, or which letter it decides about.

Whatever happens, the event ends up in the inbox before it is acknowledged to the broker: done, held
for another try, or dead. A held event holds up its own case and no other.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, TypeVar
from uuid import UUID

import msgspec

from durable import Database, StoreUnavailable
from notifier.bell import Bell
from notifier.broker import NoAnswer
from notifier.clock import Clock
from notifier.contract import Contract, Unreadable
from notifier.enquiries import Enquiries, Refused
from notifier.fates import Happening
from notifier.inbox import Arrival, Inbox, Waiting
from notifier.ledger import Ledger, LetterRow, NewLetter, NoSuchMove, letter_id, outcome
from notifier.messages import (
    Approval,
    Decision,
    Envelope,
    LetterFailed,
    OfCase,
    RecipientsOf,
    Resolution,
)
from notifier.rules import Class, Rule, Table

log: Final = logging.getLogger(__name__)

TRY_LATER: Final = "try_later"
"""The refusal of incidents that is not final."""
SILENCE: Final = timedelta(seconds=2)
TRIES: Final = (
    timedelta(seconds=1),
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=5),
)
"""Pauses after a fault in dealing with an event. After the last try it is a dead letter."""

APPROVED: Final = "incidents.letter_approved.v1"
RESOLVED: Final = "incidents.letter_resolved.v1"
DECISIONS: Final[Mapping[str, Happening]] = MappingProxyType(
    {
        APPROVED: Happening.APPROVED,
        "incidents.letter_withdrawn.v1": Happening.WITHDRAWN,
        "incidents.audience_informed.v1": Happening.POSTED,
    }
)
"""What a decision of the case means for its letter; what a resolution means, it says itself."""


Data = TypeVar("Data", bound=OfCase)


def followed(table: Table) -> frozenset[str]:
    """Return the types of event that concern us: those with letters, and decisions on letters."""
    return table.event_types | DECISIONS.keys() | {RESOLVED}


class Intake:
    """Deals with one event at a time of any one case; several cases at once."""

    def __init__(
        self,
        *,
        database: Database,
        inbox: Inbox,
        ledger: Ledger,
        table: Table,
        contract: Contract,
        enquiries: Enquiries,
        clock: Clock,
        bell: Bell,
    ) -> None:
        self._database = database
        self._inbox = inbox
        self._ledger = ledger
        self._table = table
        self._contract = contract
        self._enquiries = enquiries
        self._clock = clock
        self._bell = bell

    async def take(self, arrival: Arrival) -> None:
        """Deal with an event, or keep it. When this returns it may be acknowledged.

        Raises `StoreUnavailable`: then it is to be taken again, and what was kept is found.
        """
        standing, has_to_wait = self._inbox.standing(arrival.event_id, arrival.case_id)
        if standing is not None:
            return
        if has_to_wait:
            now = self._clock()
            self._inbox.hold(arrival, now, next_at=now, reason="behind-another")
        else:
            await self._try(arrival, tries=0)
        self._bell.ring()

    def refuse(self, arrival: Arrival, reason: str) -> None:
        """Keep a message that is no event of any case as a dead letter."""
        standing, _ = self._inbox.standing(arrival.event_id, arrival.case_id)
        if standing is None:
            self._give_up(arrival, reason)

    async def try_again(self, waiting: Waiting) -> bool:
        """Deal with a held event whose time has come. False when incidents does not answer."""
        answered = await self._try(waiting.arrival, waiting.tries)
        self._bell.ring()
        return answered

    async def _try(self, arrival: Arrival, tries: int) -> bool:
        try:
            await self._deal_with(arrival, self._contract.read(arrival.message))
        except Unreadable as problem:
            self._give_up(arrival, problem.reason)
        except NoAnswer:
            now = self._clock()
            self._inbox.hold(arrival, now, next_at=now + SILENCE, reason="no-answer")
            return False
        except StoreUnavailable:
            raise
        except Exception as fault:
            # Whatever is wrong with this event, the events of other cases must not wait for it.
            self._failed(arrival, tries, fault)
        return True

    def _failed(self, arrival: Arrival, tries: int, fault: Exception) -> None:
        reason = f"fault-{type(fault).__name__}"
        log.warning(
            "event-failed",
            exc_info=fault,
            extra={"event_id": arrival.event_id, "type": arrival.type, "reason": reason},
        )
        if tries >= len(TRIES):
            self._give_up(arrival, reason)
        else:
            now = self._clock()
            self._inbox.hold(
                arrival, now, next_at=now + TRIES[tries], reason=reason, failed_try=True
            )

    def _give_up(self, arrival: Arrival, reason: str) -> None:
        self._inbox.give_up(arrival, self._clock(), reason)
        log.error(
            "dead-letter",
            extra={
                "event_id": arrival.event_id,
                "case_id": arrival.case_id,
                "type": arrival.type,
                "reason": reason,
            },
        )

    async def _deal_with(self, arrival: Arrival, event: Envelope) -> None:
        of = _data(event, OfCase)
        if event.id != arrival.event_id or of.case_id != arrival.case_id:
            raise Unreadable("disagrees-with-its-subject")
        if event.type in DECISIONS or event.type == RESOLVED:
            self._decide(arrival, event)
        else:
            await self._draft(arrival, event, of)

    def _decide(self, arrival: Arrival, event: Envelope) -> None:
        if event.type == RESOLVED:
            found = _data(event, Resolution)
            happened = Happening.FOUND_DELIVERED if found.delivered else Happening.FOUND_MISSING
        else:
            happened = DECISIONS[event.type]
        letter = _data(event, Decision).letter_id
        with self._database.writing():
            # Nobody else writes now: what is read beside the transaction stays so.
            row = self._ledger.letter(letter)
            if row is not None and event.type == APPROVED:
                _must_be_what_was_approved(row, _data(event, Approval).document)
            self._inbox.done(arrival, self._clock())
            try:
                _must_have_been_written(row, happened)
                until = self._time_from(event.time, row, happened)
                self._ledger.move(letter, happened, not_after=until)
            except NoSuchMove as problem:
                # It was sent before it was withdrawn, or has become too late: the case learns that
                # from the outcome, and decides what to do about it.
                log.warning("decision-too-late", extra={"letter_id": letter, "reason": problem})

    def _time_from(
        self, said_at: datetime, row: LetterRow | None, happened: Happening
    ) -> datetime | None:
        """A draft does not go stale while a person looks at it: its time begins with his word.

        With the word itself, not with our hearing it: an old one heard again gives no new time.
        """
        if row is None or happened not in (Happening.APPROVED, Happening.FOUND_MISSING):
            return None
        rules = {rule.code: rule for rule in self._table.rules}
        return said_at + rules[row.letter].not_after if row.letter in rules else None

    async def _draft(self, arrival: Arrival, event: Envelope, of: OfCase) -> None:
        rules = self._table.rules_for(event.type, event.data)
        asked = await asyncio.gather(*(self._letters(rule, event, of) for rule in rules))
        with self._database.writing():
            self._inbox.done(arrival, self._clock())
            for letters, refused in asked:
                self._ledger.add(letters)
                if refused is not None:
                    self._refused(letters, refused)

    async def _letters(
        self, rule: Rule, event: Envelope, of: OfCase
    ) -> tuple[Sequence[NewLetter], str | None]:
        """Return a row per recipient, or one row for nobody and why there is nobody."""
        question = RecipientsOf(
            school=of.school,
            case_id=of.case_id,
            event_id=event.id,
            letter=rule.code,
            audience=rule.to.value,
        )
        try:
            recipients = await self._enquiries.recipients(question)
        except Refused as refusal:
            if refusal.reason == TRY_LATER:
                raise NoAnswer(TRY_LATER) from None
            return [_letter(rule, event, of, None)], refusal.reason
        if not recipients:
            return [_letter(rule, event, of, None)], "nobody"
        # Told twice, it is still one person.
        return [_letter(rule, event, of, one) for one in dict.fromkeys(recipients)], None

    def _refused(self, letters: Sequence[NewLetter], reason: str) -> None:
        """Nobody is to get it. That an alert reaches nobody is for somebody to know."""
        for letter in letters:
            if reason == "nobody" and not letter.is_alert:
                self._ledger.move(letter.letter_id, Happening.WITHDRAWN, reason=reason)
            else:
                tell = outcome(LetterFailed, letter, reason=reason)
                self._ledger.move(letter.letter_id, Happening.NEVER, reason=reason, tell=tell)


def _must_be_what_was_approved(row: LetterRow, document: str) -> None:
    if row.document != document:
        raise Unreadable("approves-another-document")


def _must_have_been_written(row: LetterRow | None, happened: Happening) -> None:
    if happened is Happening.FOUND_MISSING and row is not None and row.document is None:
        raise NoSuchMove(row.state, happened)


def _letter(rule: Rule, event: Envelope, of: OfCase, recipient: UUID | None) -> NewLetter:
    return NewLetter(
        letter_id=letter_id(event.id, rule.code, recipient),
        event_id=event.id,
        school=of.school,
        case_id=of.case_id,
        letter=rule.code,
        is_alert=rule.class_ is Class.ALERT,
        form=rule.form.value,
        audience=rule.to.value,
        recipient_ref=recipient,
        not_after=_end(event.time, rule),
    )


def _end(time: datetime, rule: Rule) -> datetime:
    # Counted from the event and not from now: read again from a backup, an old event posts nothing.
    return time + rule.not_after


def _data(event: Envelope, kind: type[Data]) -> Data:
    try:
        return msgspec.convert(event.data, kind)
    except msgspec.ValidationError:
        raise Unreadable("data") from None
