"""The running notifier: its parts, wired together, from start to an orderly end."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

from durable import Database, Hold, NotSetUp, Place, StoreUnavailable
from notifier.bell import Bell, unless
from notifier.broker import Broker, connect
from notifier.clock import Clock, now
from notifier.composer import Composer
from notifier.config import Settings
from notifier.consumer import Consumer
from notifier.contract import Contract
from notifier.database import alone, open_ledger
from notifier.desk import Desk
from notifier.enquiries import Enquiries
from notifier.inbox import Inbox
from notifier.intake import Intake, followed
from notifier.ledger import Ledger
from notifier.outage import outlast
from notifier.outbox import Outbox
from notifier.outcomes import Outcomes
from notifier.render import Renderer
from notifier.transports.smtp import Smtp, SmtpServer, smtp_server

log: Final = logging.getLogger(__name__)


class BrokerClosed(Exception):
    """The connection to the broker is gone for good; started afresh, it may be had again."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What runs side by side."""

    broker: Broker
    outcomes: Outcomes
    consumer: Consumer
    desk: Desk


class Books:
    """The tables of one ledger."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self.inbox = Inbox(database)
        self.outbox = Outbox(database)
        self.ledger = Ledger(database, self.outbox, clock)


@dataclass(frozen=True, slots=True)
class Checked:
    """What the settings name, read and found fit for use."""

    renderer: Renderer
    contract: Contract
    mail_server: SmtpServer
    mail_domain: str
    hands: int

    @classmethod
    def of(cls, settings: Settings) -> "Checked":
        """Raises `BadLetters`, `BadSmtpUrl` or `NoSchema`."""
        renderer = Renderer(settings.letters_dir, settings.schemas_dir)
        return cls(
            renderer=renderer,
            contract=Contract(settings.schemas_dir, followed(renderer.table)),
            mail_server=smtp_server(settings.smtp_url),
            mail_domain=settings.mail_domain,
            hands=settings.smtp_connections,
        )


async def run(settings: Settings, stopping: asyncio.Event, clock: Clock = now) -> None:
    """Work until `stopping` is set; a mail that is being handed over is finished first.

    Raises `BadLetters`, `BadSmtpUrl` or `NoSchema` when the settings do not add up, `LedgerInUse`,
    `LedgerBehind`, `LedgerDiverged` or `StoreUnavailable` when this is not the ledger to work with,
    and otherwise whatever a supervisor should start us afresh for.
    """
    checked = Checked.of(settings)
    with ExitStack() as ending:
        opened = await _opened(settings.place, stopping, ending)
        broker = await unless(stopping, connect(settings.nats_url, settings.nats_nkey_seed_file))
        if opened is not None and broker is not None:
            async with _parts(checked, clock, *opened, broker) as parts:
                await _work(parts, stopping)


async def _opened(
    place: Place, stopping: asyncio.Event, ending: ExitStack
) -> tuple[Database, Hold] | None:
    """Return the ledger and the right to send what it holds; None when told to stop first.

    A database server may not be there yet. Raises `NotSetUp`, and `StoreUnavailable` for a file:
    that is for a person to mend.
    """
    mended_by_people = (StoreUnavailable,) if place.in_files else (NotSetUp,)

    async def opened() -> tuple[Database, Hold]:
        database = open_ledger(place)
        ending.callback(database.close)
        return database, ending.enter_context(alone(database))

    return await outlast(stopping, opened, except_for=mended_by_people)


async def _work(parts: Parts, stopping: asyncio.Event) -> None:
    for before in (parts.outcomes.take_over, parts.consumer.check_places, parts.desk.begin):
        asked = partial(parts.broker.answered, before)
        await unless(stopping, outlast(stopping, asked))
    if stopping.is_set():
        return
    log.info("started")
    running = [
        asyncio.create_task(part.run(stopping))
        for part in (parts.consumer, parts.desk, parts.outcomes)
    ]
    running.append(asyncio.create_task(_watch(parts.broker, stopping)))
    # The first part that fails stops the others; each finishes what it has begun.
    await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    stopping.set()
    for result in await asyncio.gather(*running, return_exceptions=True):
        if isinstance(result, Exception):
            raise result
    log.info("stopped")


async def _watch(broker: Broker, stopping: asyncio.Event) -> None:
    if await unless(stopping, broker.closed.wait()):
        raise BrokerClosed("The broker closed the connection for good.")


@asynccontextmanager
async def _parts(
    checked: Checked, clock: Clock, database: Database, hold: Hold, broker: Broker
) -> AsyncIterator[Parts]:
    async with AsyncExitStack() as ending:
        ending.push_async_callback(broker.close)
        books, enquiries, bell = Books(database, clock), Enquiries(broker), Bell()
        composer = Composer(enquiries, checked.renderer, clock)
        ending.callback(composer.close)
        desk = Desk(
            ledger=books.ledger,
            hold=hold,
            enquiries=enquiries,
            composer=composer,
            transport=Smtp(checked.mail_server, domain=checked.mail_domain, clock=clock),
            clock=clock,
            bell=bell,
            hands=checked.hands,
        )
        ending.callback(desk.close)
        yield Parts(
            broker=broker,
            outcomes=Outcomes(broker=broker, ledger=books.ledger, outbox=books.outbox, bell=bell),
            consumer=_consumer(checked, books, enquiries, broker, clock, bell),
            desk=desk,
        )


def _consumer(
    checked: Checked,
    books: Books,
    enquiries: Enquiries,
    broker: Broker,
    clock: Clock,
    bell: Bell,
) -> Consumer:
    intake = Intake(
        database=books.database,
        inbox=books.inbox,
        ledger=books.ledger,
        table=checked.renderer.table,
        contract=checked.contract,
        enquiries=enquiries,
        clock=clock,
        bell=bell,
    )
    return Consumer(
        broker=broker,
        intake=intake,
        inbox=books.inbox,
        contract=checked.contract,
        clock=clock,
        bell=bell,
    )
