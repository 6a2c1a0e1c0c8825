"""The desk: takes each row of the ledger one step further, as soon as it is due.

A letter is written, kept with its case, approved by a person where that is asked for, and handed to
the mail server. One letter of a case at a time, so that they leave in their order; the alerts of a
case do not wait for its letters.

While the database is away nothing new is begun, and what came of a mail is kept in mind until it
can be written down.
"""

import asyncio
import logging
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from durable import HeldElsewhere, Hold, StoreUnavailable
from notifier.bell import Bell, unless
from notifier.broker import NoAnswer, TooLarge
from notifier.clock import Clock
from notifier.composer import Composer, Unsendable
from notifier.enquiries import Enquiries, Refused
from notifier.fates import Happening, State
from notifier.ledger import Draft, Ledger, LetterRow, NoSuchMove, outcome
from notifier.messages import (
    LetterDrafted,
    LetterFailed,
    LetterSent,
    LetterUncertain,
    LetterWithdrawn,
)
from notifier.outage import outlast, pause
from notifier.render import CannotRender
from notifier.schedule import Chance, next_question, next_try
from notifier.transports import Mail, Permanent, Temporary, Transport, Uncertain

log: Final = logging.getLogger(__name__)

NO_LONGER: Final = frozenset({"not_approved"})
"""Refusals that mean what a withdrawal means; every other one needs somebody to put it right."""
CHANNEL: Final = "email"
TOO_LATE: Final = "too_late"
INTERRUPTED: Final = "interrupted"

Place = tuple[UUID, bool]
"""A case's letters, or its alerts: what is done one after the other."""


class Desk:
    """Works on up to `hands` rows at once."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        hold: Hold,
        enquiries: Enquiries,
        composer: Composer,
        transport: Transport,
        clock: Clock,
        bell: Bell,
        hands: int = 4,
        chance: Chance = random.random,
    ) -> None:
        self._ledger = ledger
        self._hold = hold
        self._enquiries = enquiries
        self._composer = composer
        self._transport = transport
        self._clock = clock
        self._bell = bell
        self._ear = bell.ear()
        self._hands = hands
        self._chance = chance
        self._post = ThreadPoolExecutor(hands, "post")
        self._busy: dict[Place, asyncio.Task[None]] = {}
        self._stopping = asyncio.Event()
        self._is_in_doubt = True

    async def begin(self) -> None:
        """Settle what the last run left in the middle. Raises `StoreUnavailable`."""
        self.recover()

    def recover(self) -> None:
        """Settle what was left in the middle, by the last run or by an outage: it may have gone.

        Letters wait for a person. Alerts go again at once, marked as a possible repeat.
        """
        self._is_in_doubt = False
        for row in self._ledger.left_in_the_middle():
            if _place(row) not in self._busy:
                self._reply_lost(row, INTERRUPTED, again_at=self._clock())
                self._bell.ring()

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until `stopping` is set; steps that have begun are finished first."""
        self._stopping, failures = stopping, 0
        try:
            while not stopping.is_set():
                try:
                    seconds = self._look()
                    failures = 0
                except (StoreUnavailable, HeldElsewhere) as outage:
                    self._is_in_doubt = True
                    failures += 1
                    await pause(stopping, outage, failures)
                else:
                    await unless(stopping, self._ear.wait(seconds))
        finally:
            # Not cancelled: a mail half handed over could not be called back.
            await asyncio.gather(*self._busy.values(), return_exceptions=True)
        self._put_away_what_is_done()

    def close(self) -> None:
        """Say goodbye to the mail server and let the threads end."""
        self._post.shutdown()
        self._transport.close()

    def _look(self) -> float | None:
        """Begin what is due. Return the seconds until something is again, None for never.

        Raises `StoreUnavailable`; `HeldElsewhere` while another notifier has the right to send.
        """
        self._put_away_what_is_done()
        self._hold.regain()
        if self._is_in_doubt:
            self.recover()
        self._expire()
        self._begin_steps()
        return self._seconds_to_next()

    def _begin_steps(self) -> None:
        for row in self._ledger.due(2 * self._hands):
            place = _place(row)
            if place not in self._busy and len(self._busy) < self._hands:
                self._busy[place] = asyncio.create_task(self._step(row))
                self._busy[place].add_done_callback(lambda _: self._bell.ring())

    def _put_away_what_is_done(self) -> None:
        for place, task in list(self._busy.items()):
            if task.done():
                del self._busy[place]
                task.result()  # which raises what no step should

    def _seconds_to_next(self) -> float | None:
        following = self._ledger.next_due()
        if following is None:
            return None
        return max((following - self._clock()).total_seconds(), 0.001)

    def _expire(self) -> None:
        for row in self._ledger.stale():
            tell = outcome(LetterFailed, row, reason=TOO_LATE)
            with suppress(NoSuchMove):  # it is being handed over at this moment
                self._ledger.move(row.letter_id, Happening.TOO_LATE, reason=TOO_LATE, tell=tell)
                self._note("letter-too-late", row, TOO_LATE)
                self._bell.ring()

    # ── one step ──────────────────────────────────────────────────────────────────────────────────

    async def _step(self, row: LetterRow) -> None:
        try:
            await self._forward_or_later(row)
        except NoSuchMove as problem:
            self._note("decided-meanwhile", row, str(problem))
        except StoreUnavailable as outage:
            # What became of it is found out once the database is back.
            self._is_in_doubt = True
            self._note("put-down", row, str(outage))

    async def _forward_or_later(self, row: LetterRow) -> None:
        try:
            await self._forward(row)
        except (NoSuchMove, StoreUnavailable):
            raise
        except Exception as fault:
            self._fault(row, fault)

    async def _forward(self, row: LetterRow) -> None:
        try:
            if row.state is State.NEW:
                await self._write(row)
            else:
                await self._send(row, await self._composer.mail(row))
        except NoAnswer:
            self._ask_later(row, "no_answer")
        except Refused as refusal:
            self._refused(row, refusal.reason)
        except (CannotRender, Unsendable) as problem:
            self._never(row, problem.code)
        except TooLarge:
            self._never(row, "too_large")

    async def _write(self, row: LetterRow) -> None:
        letter = await self._composer.letter(row)
        draft = Draft(
            media_type=letter.media_type,
            document=await self._enquiries.keep(row, letter.media_type, letter.content),
            data_hash=letter.data_hash,
            template_hash=letter.template_hash,
        )
        approval = self._composer.needs_approval(row)
        tell = outcome(
            LetterDrafted,
            row,
            form=row.form,
            audience=row.audience,
            media_type=draft.media_type,
            document=draft.document,
            data_hash=draft.data_hash,
            template_hash=draft.template_hash,
            needs_approval=approval,
        )
        written = Happening.DRAFT_WRITTEN if approval else Happening.WRITTEN
        self._moved(row, self._ledger.move(row.letter_id, written, draft=draft, tell=tell))

    async def _send(self, row: LetterRow, mail: Mail) -> None:
        loop = asyncio.get_running_loop()
        try:
            message_id = await loop.run_in_executor(
                self._post, self._transport.deliver, mail, partial(self._mark, row)
            )
        except Temporary as refusal:
            write_down = partial(self._not_now, row, refusal.code)
        except Permanent as refusal:
            write_down = partial(self._never, row, refusal.code)
        except Uncertain as doubt:
            write_down = partial(self._reply_lost, row, doubt.why)
        except (NoSuchMove, StoreUnavailable):
            raise
        except Exception as surprise:
            log.error("surprise", exc_info=surprise, extra={"letter_id": row.letter_id})
            write_down = partial(self._reply_lost, row, f"surprise-{type(surprise).__name__}")
        else:
            write_down = partial(self._taken, row, message_id)
        await outlast(self._stopping, partial(_soon, write_down))

    def _mark(self, row: LetterRow) -> None:
        """The body is next: from here on it may have gone. Not without the right to send."""
        self._hold.check()
        self._ledger.move(row.letter_id, Happening.BODY_NEXT)

    # ── what came of it ───────────────────────────────────────────────────────────────────────────

    def _taken(self, row: LetterRow, message_id: str) -> None:
        tell = outcome(LetterSent, row, channel=CHANNEL, message_id=message_id)
        self._moved(row, self._ledger.move(row.letter_id, Happening.TAKEN, tell=tell))

    def _not_now(self, row: LetterRow, reason: str) -> None:
        next_at = next_try(row.failures + 1, self._clock(), self._chance)
        if next_at is None:
            self._never(row, f"gave_up: {reason}")
            return
        state = self._ledger.move(
            row.letter_id, Happening.NOT_NOW, reason=reason, next_at=next_at, failed_try=True
        )
        self._moved(row, state, reason)

    def _reply_lost(self, row: LetterRow, why: str, again_at: datetime | None = None) -> None:
        """Letters wait for a person; alerts go again, at `again_at` or when it is their turn."""
        next_at = again_at or next_try(row.failures + 1, self._clock(), self._chance)
        if row.is_alert and next_at is None:
            self._never(row, f"gave_up: {why}")
            return
        state = self._ledger.move(
            row.letter_id,
            Happening.REPLY_LOST,
            reason=why,
            next_at=next_at,
            failed_try=True,
            is_repeat=row.is_alert,
            tell=None if row.is_alert else outcome(LetterUncertain, row, reason=why),
        )
        self._moved(row, state, why)

    def _never(self, row: LetterRow, reason: str) -> None:
        tell = outcome(LetterFailed, row, reason=reason)
        state = self._ledger.move(row.letter_id, Happening.NEVER, reason=reason, tell=tell)
        self._moved(row, state, reason)

    def _refused(self, row: LetterRow, reason: str) -> None:
        if _passes(row, reason):
            self._ask_later(row, reason)
        elif reason in NO_LONGER or (row.is_alert and reason == "unknown_recipient"):
            tell = outcome(LetterWithdrawn, row, reason=reason)
            state = self._ledger.move(row.letter_id, Happening.WITHDRAWN, reason=reason, tell=tell)
            self._moved(row, state, reason)
        else:
            self._never(row, reason)

    def _ask_later(self, row: LetterRow, reason: str) -> None:
        at = next_question(row.silences + 1, self._clock(), self._chance)
        self._ledger.ask_later(row.letter_id, at, reason)
        self._note("asking-later", row, reason)

    def _fault(self, row: LetterRow, fault: Exception) -> None:
        """Something is wrong with us or with this letter: try at the pace of a mail server."""
        reason = f"fault-{type(fault).__name__}"
        log.error("fault", exc_info=fault, extra={"letter_id": row.letter_id, "reason": reason})
        at = next_try(row.silences + 1, self._clock(), self._chance)
        if at is None:
            self._never(row, reason)
        else:
            self._ledger.ask_later(row.letter_id, at, reason)

    def _moved(self, row: LetterRow, state: State, reason: str | None = None) -> None:
        self._note(f"letter-{state.value}", row, reason)

    def _note(self, what: str, row: LetterRow, reason: str | None) -> None:
        about = {"letter_id": row.letter_id, "letter": row.letter, "reason": reason}
        log.info(what, extra=about)


async def _soon(work: Callable[[], None]) -> None:
    work()


def _place(row: LetterRow) -> Place:
    return row.case_id, row.is_alert


def _passes(row: LetterRow, reason: str) -> bool:
    """Whether a refusal is none for good: something is away, or the case has yet to read that the
    letter is drafted."""
    is_kept = row.state is not State.NEW and not row.is_alert
    return reason == "try_later" or (reason == "unknown_letter" and is_kept)
