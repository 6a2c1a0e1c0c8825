"""A real notifier process, killed again and again with letters in flight."""

import asyncio
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import pytest

from notifier.config import Settings
from notifier.database import open_ledger
from notifier.fates import State
from notifier.inbox import Inbox
from notifier.ledger import Ledger, LetterRow
from notifier.outbox import Outbox
from tests.notifier.other_side import ONE_PERSON, SLT, OtherSide, event, kinds, letter_of
from tests.support.smtp_server import SmtpServer
from tests.support.waiting import until

ROOT: Final = Path(__file__).parents[2]


class Process:
    """`python -m notifier`, to be started and ended as often as wanted."""

    def __init__(self, settings: Settings) -> None:
        self._environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT / "services"),
            "VAR": str(settings.var),
            "DATABASE_URL": settings.database_url or "",
            "NATS_URL": settings.nats_url,
            "SMTP_URL": settings.smtp_url,
            "SCHEMAS_DIR": str(settings.schemas_dir),
        }
        self._running: asyncio.subprocess.Process | None = None
        self.log = b""

    async def start(self) -> None:
        """Return once it takes events."""
        self._running = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "notifier", env=self._environment, stderr=asyncio.subprocess.PIPE
        )
        assert self._running.stderr is not None
        while b'"what":"started"' not in (line := await self._running.stderr.readline()):
            assert line, self.log
            self.log += line

    async def end(self, how: signal.Signals) -> int:
        """Send it the signal, and return what it ended with."""
        assert self._running is not None
        running, self._running = self._running, None
        running.send_signal(how)
        _, rest = await asyncio.wait_for(running.communicate(), 30)
        self.log += rest
        assert running.returncode is not None
        return running.returncode


@pytest.fixture
def process(settings: Settings) -> Iterator[Process]:
    process = Process(settings)
    yield process
    assert process._running is None, "a test left the notifier running"


def rows(settings: Settings) -> list[LetterRow]:
    with closing(open_ledger(settings.place)) as database:
        return Ledger(database, Outbox(database), lambda: pytest.fail("no clock")).letters()


def all_ended(settings: Settings, count: int) -> Callable[[], bool]:
    def ended() -> bool:
        found = rows(settings)
        busy = (State.NEW, State.QUEUED, State.SENDING)
        return len(found) == count and not any(row.state in busy for row in found)

    return ended


async def everything_told(settings: Settings, incidents: OtherSide) -> list[dict[str, Any]]:
    """Return what has been published, once that is every outcome in the ledger, each once.

    While the notifier runs: asked to stop, it leaves what is not told yet for its next start.
    """
    with closing(open_ledger(settings.place)) as database:
        count = Outbox(database).last_position()
    published = await incidents.outcomes(count)
    assert [one["data"]["position"] for one in published] == list(range(1, count + 1))
    return published


def times_mailed(smtp_server: SmtpServer) -> Counter[UUID]:
    return Counter(UUID(mail.message["Message-ID"][1:37]) for mail in smtp_server.mails)


async def killed_again_and_again(
    process: Process, incidents: OtherSide, letters: int, kills: int, chance: random.Random
) -> list[UUID]:
    """Publish events that ask for letters while the notifier is killed. Return the letters."""
    messages = [event(uuid4(), "case_closed") for _ in range(letters)]
    await process.start()
    share = len(messages) // kills
    for turn in range(kills):
        for message in messages[turn * share : (turn + 1) * share]:
            await incidents.publish(message)
        await asyncio.sleep(chance.uniform(0.0, 0.5))
        assert await process.end(signal.SIGKILL) == -signal.SIGKILL
        await process.start()
    for message in messages[kills * share :]:
        await incidents.publish(message)
    return [letter_of(message, "L31", ONE_PERSON) for message in messages]


async def check_every_letter_once(
    process: Process,
    settings: Settings,
    incidents: OtherSide,
    smtp_server: SmtpServer,
    letters: list[UUID],
) -> int:
    """Return how many letters are uncertain, when all went once or are listed as uncertain."""
    await asyncio.to_thread(until, all_ended(settings, len(letters)), seconds=120)
    published = await everything_told(settings, incidents)
    assert await process.end(signal.SIGTERM) == 0
    mailed = times_mailed(smtp_server)
    state = {row.letter_id: row.state for row in rows(settings)}
    assert state.keys() == set(letters)
    assert set(state.values()) <= {State.ACCEPTED, State.UNCERTAIN}
    assert max(mailed.values()) == 1
    assert {one for one, how in state.items() if how is State.ACCEPTED} <= mailed.keys()
    assert mailed.keys() <= state.keys()
    with closing(open_ledger(settings.place)) as database:
        assert Inbox(database).waiting() == []
        assert Outbox(database).last_position() == len(published)
    for letter, how in state.items():
        last = "letter_sent" if how is State.ACCEPTED else "letter_uncertain"
        assert kinds(published, letter) == ["letter_drafted", last]
    return sum(how is State.UNCERTAIN for how in state.values())


async def test_killed_with_sixty_letters_in_flight_each_goes_once_or_is_listed_as_uncertain(
    process: Process, settings: Settings, incidents: OtherSide, smtp_server: SmtpServer
) -> None:
    chance = random.Random(60)
    letters = await killed_again_and_again(process, incidents, 60, 6, chance)
    await check_every_letter_once(process, settings, incidents, smtp_server, letters)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(5))
async def test_killed_thirty_times_with_three_hundred_letters_in_flight(
    process: Process,
    settings: Settings,
    incidents: OtherSide,
    smtp_server: SmtpServer,
    record_property: Callable[[str, object], None],
    seed: int,
) -> None:
    chance = random.Random(seed)
    letters = await killed_again_and_again(process, incidents, 300, 30, chance)
    doubtful = await check_every_letter_once(process, settings, incidents, smtp_server, letters)
    record_property("uncertain", doubtful)


async def test_killed_while_alerts_are_in_flight_each_arrives_at_least_once(
    process: Process, settings: Settings, incidents: OtherSide, smtp_server: SmtpServer
) -> None:
    chance = random.Random(4)
    messages = [event(uuid4(), "assessment_recorded", possible_offence=True) for _ in range(30)]
    await process.start()
    for turn in range(3):
        for message in messages[turn * 10 : turn * 10 + 10]:
            await incidents.publish(message)
        await asyncio.sleep(chance.uniform(0.0, 0.3))
        await process.end(signal.SIGKILL)
        await process.start()
    alerts = {letter_of(message, "A4", ONE_PERSON) for message in messages}
    await asyncio.to_thread(until, all_ended(settings, len(alerts)), seconds=60)
    assert await process.end(signal.SIGTERM) == 0
    assert times_mailed(smtp_server).keys() == alerts
    again = [mail for mail in smtp_server.mails if mail.message["X-Caseward-Possible-Repeat"]]
    assert len(smtp_server.mails) <= len(alerts) + len(again)


async def test_asked_to_stop_it_finishes_what_it_has_begun_and_leaves_nothing_in_doubt(
    process: Process, settings: Settings, incidents: OtherSide, smtp_server: SmtpServer
) -> None:
    messages = [event(uuid4(), "incident_logged") for _ in range(20)]
    await process.start()
    for message in messages:
        await incidents.publish(message)
    assert await process.end(signal.SIGTERM) == 0
    assert not any(row.state in (State.SENDING, State.UNCERTAIN) for row in rows(settings))
    await process.start()
    count = len(messages) * (len(SLT) + 1)
    await asyncio.to_thread(until, all_ended(settings, count))
    published = await everything_told(settings, incidents)
    assert sum(one["type"] == "notifier.letter_sent.v1" for one in published) == count
    assert await process.end(signal.SIGTERM) == 0
    mailed = times_mailed(smtp_server)
    assert len(mailed) == count
    assert set(mailed.values()) == {1}
    assert b"Traceback" not in process.log
