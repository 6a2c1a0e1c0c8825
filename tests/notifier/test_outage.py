"""The database goes away and comes back: nothing is lost, and nothing goes twice."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from threading import Event
from uuid import UUID, uuid4

import psycopg
import pytest

from durable import HoldLost, OutcomeUnknown, Place, StoreUnavailable
from notifier.config import Settings
from notifier.database import LedgerInUse, alone, open_ledger
from notifier.desk import INTERRUPTED
from notifier.fates import Happening, State
from notifier.ledger import Ledger, LetterRow
from notifier.outbox import Outbox
from notifier.render import Renderer
from notifier.service import run
from notifier.transports import HandingOver, Mail
from notifier.transports.smtp import Smtp
from tests.notifier.conftest import migrated
from tests.notifier.office import Office
from tests.notifier.other_side import OtherSide, Script, kinds
from tests.notifier.running import closed, notifying, soon
from tests.support.nats_server import NatsServer
from tests.support.postgres import PostgresServer
from tests.support.smtp_server import SmtpServer


@pytest.fixture
def served(tmp_path: Path, postgres_server: PostgresServer) -> Place:
    """A ledger on a server of this test alone."""
    place = Place(tmp_path / "var", postgres_server.url())
    migrated(place)
    return place


@pytest.fixture
def away(
    served: Place, contract: Path, nats_server: NatsServer, smtp_server: SmtpServer
) -> Settings:
    """Settings of a notifier whose database server may be stopped."""
    return Settings(
        var=served.folder,
        database_url=served.url,
        nats_url=nats_server.url,
        smtp_url=smtp_server.url,
        schemas_dir=contract,
    )


@pytest.fixture
def office(
    served: Place, renderer: Renderer, script: Script, smtp_server: SmtpServer
) -> Iterator[Office]:
    office = Office(served, renderer, script, smtp_server.url)
    yield office
    office.close()


def letters(settings: Settings) -> list[LetterRow]:
    database = open_ledger(settings.place)
    try:
        return Ledger(database, Outbox(database), lambda: pytest.fail("no clock")).letters()
    finally:
        database.close()


def more_mailed(server: SmtpServer, than: int) -> bool:
    return len(server.mails) > than


async def test_a_database_killed_again_and_again_loses_nothing_and_sends_nothing_twice(
    away: Settings,
    incidents: OtherSide,
    smtp_server: SmtpServer,
    postgres_server: PostgresServer,
) -> None:
    messages = [closed(uuid4()) for _ in range(24)]
    busy = (State.NEW, State.QUEUED, State.RETRY, State.SENDING)

    def all_ended() -> bool:
        rows = letters(away)
        return len(rows) == len(messages) and not any(row.state in busy for row in rows)

    async with notifying(away):
        for turn in range(3):
            for message, _ in messages[turn * 8 : turn * 8 + 8]:
                await incidents.publish(message)
            await soon(partial(more_mailed, smtp_server, 8 * turn))
            await asyncio.to_thread(postgres_server.kill)
            await asyncio.to_thread(postgres_server.start)
        await soon(all_ended)
        told = await incidents.outcomes(48)
    state = {row.letter_id: row.state for row in letters(away)}
    mailed = Counter(UUID(mail.message["Message-ID"][1:37]) for mail in smtp_server.mails)
    assert state.keys() == {letter for _, letter in messages}
    assert max(mailed.values()) == 1
    assert set(state.values()) <= {State.ACCEPTED, State.UNCERTAIN}
    assert {one for one, how in state.items() if how is State.ACCEPTED} <= mailed.keys()
    assert [one["data"]["position"] for one in told] == list(range(1, 49))
    for letter, how in state.items():
        last = "letter_sent" if how is State.ACCEPTED else "letter_uncertain"
        assert kinds(told, letter) == ["letter_drafted", last]


async def test_a_mail_that_was_taken_is_written_down_once_the_database_is_back(
    office: Office,
    smtp_server: SmtpServer,
    postgres_server: PostgresServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    deliver = Smtp.deliver
    killed = Event()

    def deliver_and_lose_the_database(self: Smtp, mail: Mail, handing_over: HandingOver) -> str:
        message_id = deliver(self, mail, handing_over)
        postgres_server.kill()
        killed.set()
        return message_id

    monkeypatch.setattr(Smtp, "deliver", deliver_and_lose_the_database)
    async with office.desk():
        letter = office.ask("L31", form="email")
        await soon(killed.is_set)
        await asyncio.to_thread(postgres_server.start)
        await soon(lambda: _state(office, letter) is State.ACCEPTED)
    assert office.told(letter) == ["letter_drafted", "letter_sent"]
    assert len(smtp_server.mails) == 1


def _state(office: Office, letter: UUID) -> State | None:
    try:
        return office.row(letter).state
    except StoreUnavailable:
        return None


@pytest.mark.parametrize(
    ("code", "was_kept", "becomes", "mails"),
    [
        ("L31", True, State.UNCERTAIN, 0),
        ("L31", False, State.ACCEPTED, 1),
        ("A8", True, State.ACCEPTED, 1),
        ("A8", False, State.ACCEPTED, 1),
    ],
)
async def test_a_letter_whose_mark_could_not_be_confirmed_is_uncertain_as_after_a_kill(
    office: Office,
    smtp_server: SmtpServer,
    monkeypatch: pytest.MonkeyPatch,
    code: str,
    was_kept: bool,
    becomes: State,
    mails: int,
) -> None:
    move = Ledger.move
    lost: list[UUID] = []

    def lose_the_answer(self: Ledger, letter: UUID, happening: Happening, **what: object) -> State:
        if happening is not Happening.BODY_NEXT or lost:
            return move(self, letter, happening, **what)  # type: ignore[arg-type] # passed on
        lost.append(letter)
        if was_kept:
            move(self, letter, happening)
        raise OutcomeUnknown("the mark is there or not")

    monkeypatch.setattr(Ledger, "move", lose_the_answer)
    async with office.desk():
        letter = office.ask(code, form="email")
        row = await office.becomes(letter, becomes)
    assert len(lost) == 1
    assert len(smtp_server.mails) == mails
    if becomes is State.UNCERTAIN:
        assert row.reason == INTERRUPTED
    if code == "A8":
        assert bool(smtp_server.mails[0].message["X-Caseward-Possible-Repeat"]) is was_kept


async def test_a_database_that_is_not_there_yet_is_waited_for(
    away: Settings,
    incidents: OtherSide,
    postgres_server: PostgresServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    postgres_server.stop()
    message, letter = closed(uuid4())
    async with notifying(away):
        await soon(lambda: "no-database" in caplog.text)
        await asyncio.to_thread(postgres_server.start)
        await incidents.publish(message)
        told = await incidents.outcomes(2)
    assert kinds(told, letter) == ["letter_drafted", "letter_sent"]


async def test_told_to_stop_while_the_database_is_away_it_stops(
    away: Settings, incidents: OtherSide, postgres_server: PostgresServer
) -> None:
    message, letter = closed(uuid4())
    async with notifying(away):
        await incidents.publish(message)
        await incidents.outcomes(2)
        await asyncio.to_thread(postgres_server.kill)
        await incidents.publish(closed(uuid4())[0])
    await asyncio.to_thread(postgres_server.start)
    async with notifying(away):
        told = await incidents.outcomes(4)
    assert kinds(told, letter) == ["letter_drafted", "letter_sent"]


def cut_off(server: PostgresServer) -> int:
    """End the connections that hold the right to send. Return how many there were."""
    with psycopg.connect(server.url(), autocommit=True) as connection:
        found = connection.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_locks"
            " WHERE locktype = 'advisory' AND objsubid = 2"
        )
        return len(found.fetchall())


async def test_the_right_to_send_is_had_back_when_its_connection_was_lost(
    away: Settings, incidents: OtherSide, postgres_server: PostgresServer
) -> None:
    first, second = closed(uuid4()), closed(uuid4())
    async with notifying(away):
        await incidents.publish(first[0])
        await incidents.outcomes(2)
        assert await asyncio.to_thread(cut_off, postgres_server) == 1
        await incidents.publish(second[0])
        told = await incidents.outcomes(4)
        with pytest.raises(LedgerInUse, match="DATABASE_URL"):
            await run(away, asyncio.Event())
    for _, letter in (first, second):
        assert kinds(told, letter) == ["letter_drafted", "letter_sent"]


async def test_who_has_lost_the_right_to_send_to_another_sends_nothing(
    office: Office, served: Place, smtp_server: SmtpServer, postgres_server: PostgresServer
) -> None:
    other = open_ledger(served)
    async with office.desk():
        letter = office.ask("L2")
        await office.becomes(letter, State.DRAFTED)
        cut_off(postgres_server)
        with alone(other) as theirs:
            office.decide(letter, Happening.APPROVED)
            unmarked = office.ask("L31", case=UUID(int=200), form="email")
            await soon(lambda: _state(office, unmarked) is not None)
            theirs.check()
            assert smtp_server.attempts == 0
            assert office.row(letter).state is State.QUEUED
        await office.becomes(letter, State.ACCEPTED)
        await office.becomes(unmarked, State.ACCEPTED)
    other.close()
    assert len(smtp_server.mails) == 2


async def test_without_the_right_to_send_not_even_a_mail_that_was_begun_goes(
    office: Office,
    smtp_server: SmtpServer,
    postgres_server: PostgresServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    deliver = Smtp.deliver
    lost: list[int] = []

    def lose_the_right(self: Smtp, mail: Mail, handing_over: HandingOver) -> str:
        def hand_over() -> object:
            if not lost:
                lost.append(cut_off(postgres_server))
                with pytest.raises(HoldLost):
                    handing_over()
                assert smtp_server.mails == []
            return handing_over()

        return deliver(self, mail, hand_over)

    monkeypatch.setattr(Smtp, "deliver", lose_the_right)
    async with office.desk():
        letter = office.ask("L31", form="email")
        await office.becomes(letter, State.ACCEPTED)
    assert lost == [1]
    assert len(smtp_server.mails) == 1
