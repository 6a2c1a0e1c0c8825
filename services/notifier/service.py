"""The running notifier: its parts, wired together, from start to an orderly end."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from notifier.bell import Bell, unless
from notifier.broker import Broker, connect
from notifier.clock import Clock, now
from notifier.composer import Composer
from notifier.config import Settings
from notifier.consumer import Consumer
from notifier.contract import Contract
from notifier.database import FILE, Database, alone
from notifier.desk import Desk
from notifier.enquiries import Enquiries
from notifier.inbox import Inbox
from notifier.intake import Intake, followed
from notifier.ledger import Ledger
from notifier.outbox import Outbox
from notifier.outcomes import Outcomes
from notifier.render import Renderer
from notifier.transports.smtp import Smtp, smtp_server

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


async def run(settings: Settings, stopping: asyncio.Event, clock: Clock = now) -> None:
    """Work until `stopping` is set; a mail that is being handed over is finished first.

    Raises `BadLetters`, `BadSmtpUrl` or `NoSchema` when the settings do not add up, `LedgerInUse`,
    `LedgerBehind` or `LedgerDiverged` when this is not the ledger to work with, and otherwise
    whatever a supervisor should start us afresh for.
    """
    renderer = Renderer(settings.letters_dir, settings.schemas_dir)
    with alone(settings.var), Database(settings.var / FILE) as database:
        broker = await unless(stopping, connect(settings.nats_url, settings.nats_nkey_seed_file))
        if broker is not None:
            async with _parts(settings, clock, renderer, database, broker) as parts:
                await _work(parts, stopping)


async def _work(parts: Parts, stopping: asyncio.Event) -> None:
    await unless(stopping, parts.broker.answered(parts.outcomes.take_over))
    await unless(stopping, parts.broker.answered(parts.consumer.check_places))
    if stopping.is_set():
        return
    parts.desk.recover()
    log.info("started")
    # What has begun a letter finishes it; the rest is cut off, and goes on where it was next time.
    finishing = {
        asyncio.create_task(parts.consumer.run(stopping)),
        asyncio.create_task(parts.desk.run(stopping)),
    }
    cut_off = {
        asyncio.create_task(parts.outcomes.run()),
        asyncio.create_task(_closed(parts.broker)),
    }
    await asyncio.wait(finishing | cut_off, return_when=asyncio.FIRST_COMPLETED)
    stopping.set()
    await asyncio.wait(finishing)
    for task in cut_off:
        task.cancel()
    results = await asyncio.gather(*finishing, *cut_off, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result
    log.info("stopped")


async def _closed(broker: Broker) -> None:
    await broker.closed.wait()
    raise BrokerClosed("The broker closed the connection for good.")


@asynccontextmanager
async def _parts(
    settings: Settings,
    clock: Clock,
    renderer: Renderer,
    database: Database,
    broker: Broker,
) -> AsyncIterator[Parts]:
    async with AsyncExitStack() as ending:
        ending.push_async_callback(broker.close)
        bell = Bell()
        outbox, inbox = Outbox(database), Inbox(database)
        ledger = Ledger(database, outbox, clock)
        contract = Contract(settings.schemas_dir, followed(renderer.table))
        enquiries = Enquiries(broker)
        composer = Composer(enquiries, renderer, clock)
        ending.callback(composer.close)
        desk = Desk(
            ledger=ledger,
            enquiries=enquiries,
            composer=composer,
            transport=Smtp(
                smtp_server(settings.smtp_url), domain=settings.mail_domain, clock=clock
            ),
            clock=clock,
            bell=bell,
            hands=settings.smtp_connections,
        )
        ending.callback(desk.close)
        intake = Intake(
            database=database,
            inbox=inbox,
            ledger=ledger,
            table=renderer.table,
            contract=contract,
            enquiries=enquiries,
            clock=clock,
            bell=bell,
        )
        yield Parts(
            broker=broker,
            outcomes=Outcomes(broker=broker, ledger=ledger, outbox=outbox, bell=bell),
            consumer=Consumer(
                broker=broker,
                intake=intake,
                inbox=inbox,
                contract=contract,
                clock=clock,
                bell=bell,
            ),
            desk=desk,
        )
