"""The desk with its ledger, over a real mail server and a scripted incidents, without a broker."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from durable import Place
from notifier.bell import Bell
from notifier.composer import Composer
from notifier.database import alone, open_ledger
from notifier.desk import Desk
from notifier.enquiries import Enquiries
from notifier.fates import Happening, State
from notifier.ledger import Ledger, LetterRow, NewLetter, letter_id
from notifier.outbox import Outbox, Told
from notifier.render import Renderer
from notifier.transports.smtp import Smtp, smtp_server
from tests.notifier.other_side import ONE_PERSON, SCHOOL, Script

CASE = UUID(int=100)


class Clock:
    """Stands still unless told; far enough from now that a mistaken real clock would show."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 16, 40, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class Office:
    """Everything the desk needs. `desk()` is one that works; several may follow one another."""

    def __init__(self, home: Place, renderer: Renderer, script: Script, smtp_url: str) -> None:
        self.script = script
        self.clock = Clock()
        self.bell = Bell()
        self.database = open_ledger(home)
        self.outbox = Outbox(self.database)
        self.ledger = Ledger(self.database, self.outbox, self.clock)
        self._renderer = renderer
        self._smtp_url = smtp_url

    @asynccontextmanager
    async def desk(self, hands: int = 4) -> AsyncIterator[Desk]:
        enquiries = Enquiries(self.script)
        composer = Composer(enquiries, self._renderer, self.clock)
        transport = Smtp(
            smtp_server(self._smtp_url), domain="notifier.example.com", clock=self.clock
        )
        with alone(self.database) as hold:
            desk = Desk(
                ledger=self.ledger,
                hold=hold,
                enquiries=enquiries,
                composer=composer,
                transport=transport,
                clock=self.clock,
                bell=self.bell,
                hands=hands,
                chance=lambda: 0.5,
            )
            stopping = asyncio.Event()
            running = asyncio.create_task(desk.run(stopping))
            try:
                yield desk
            finally:
                stopping.set()
                await running
                composer.close()
                desk.close()

    def ask(self, code: str, case: UUID = CASE, *, form: str = "pdf") -> UUID:
        """Put a letter into the ledger, as an event would. Return its id."""
        event_id = uuid4()
        letter = NewLetter(
            letter_id=letter_id(event_id, code, ONE_PERSON),
            event_id=event_id,
            school=SCHOOL,
            case_id=case,
            letter=code,
            is_alert=code.startswith("A"),
            form=form,
            audience="subject_parent",
            recipient_ref=ONE_PERSON,
            not_after=self.clock() + timedelta(days=14),
        )
        self.ledger.add([letter])
        self.bell.ring()
        return letter.letter_id

    def decide(self, letter: UUID, happening: Happening) -> None:
        self.ledger.move(letter, happening)
        self.bell.ring()

    def pass_(self, **time: float) -> None:
        """Let time pass, for the desk too."""
        self.clock.now += timedelta(**time)
        self.bell.ring()

    def row(self, letter: UUID) -> LetterRow:
        row = self.ledger.letter(letter)
        assert row is not None
        return row

    async def when(self, letter: UUID, condition: Callable[[LetterRow], bool]) -> LetterRow:
        """Return the row once the condition holds for it."""
        ear = self.bell.ear()
        async with asyncio.timeout(20):
            while not condition(row := self.row(letter)):
                await ear.wait()
        return row

    async def becomes(self, letter: UUID, *states: State) -> LetterRow:
        """Return the row once it is in one of the states."""
        return await self.when(letter, lambda row: row.state in states)

    async def reason(self, letter: UUID, reason: str) -> LetterRow:
        """Return the row once this is why it is as it is."""
        return await self.when(letter, lambda row: row.reason == reason)

    async def fails(self, letter: UUID, times: int) -> LetterRow:
        """Return the row once so many tries to send it have failed."""
        return await self.when(letter, lambda row: row.failures == times)

    def told(self, letter: UUID) -> list[str]:
        """What was told about the letter, e.g. ["letter_drafted", "letter_sent"]."""
        return [told.type.split(".")[1] for told in self.about(letter)]

    def about(self, letter: UUID) -> list[Told]:
        with self.database.reading() as connection:
            return self.outbox.about(connection, [str(letter)])

    def close(self) -> None:
        self.database.close()
