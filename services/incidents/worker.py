"""The worker: everything that follows the log, in one process.

A part that fails ends the process, and its supervisor starts it afresh: each of them resumes from
what it has on disk, so that nothing depends on how it ended.
"""

import asyncio
import logging
import signal
from collections.abc import Callable
from threading import Event as Signal
from typing import Final

from incidents.answers import Answers
from incidents.broker import Broker, connect
from incidents.evidence import EvidenceAlarm
from incidents.inbox import Inbox
from incidents.installation import Installation
from incidents.messages import publish
from incidents.relay import LogBehindStream, Relay

log: Final = logging.getLogger(__name__)


class BrokerClosed(Exception):
    """The connection to the broker is gone for good."""


async def run(installation: Installation) -> None:
    """Work until SIGTERM or SIGINT."""
    stopping, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await work(installation, stopping)


async def work(installation: Installation, stopping: asyncio.Event) -> None:
    """Follow the log until `stopping` is set. When it returns, no part runs any more.

    Raises whatever stopped a part that failed.
    """
    settings = installation.settings
    broker = await connect(
        settings.nats_url, name="incidents", nkey_seed_file=settings.nats_nkey_seed_file
    )
    stop = Signal()
    threads, tasks = _threads(installation, stop), _tasks(installation, broker)
    try:
        await _first_end(stopping, [*threads, *tasks])
    finally:
        stop.set()
        for task in tasks:
            task.cancel()
        # Only then the connection: a cancelled fetch on a closed one looks like a failure.
        await asyncio.gather(*threads, *tasks, return_exceptions=True)
        await broker.close()


def _threads(installation: Installation, stop: Signal) -> list["asyncio.Future[None]"]:
    blocking: tuple[Callable[[], None], ...] = (
        lambda: installation.views.follow(installation.store, stop),
        lambda: _sequence(installation, stop),
        lambda: installation.timekeeper().run(stop),
    )
    return [asyncio.ensure_future(asyncio.to_thread(one)) for one in blocking]


def _tasks(installation: Installation, broker: Broker) -> list["asyncio.Future[None]"]:
    return [
        asyncio.ensure_future(_relay(installation, broker)),
        asyncio.ensure_future(Answers(installation.lookup(), broker).run()),
        asyncio.ensure_future(Inbox(installation.cases, broker).run()),
        asyncio.ensure_future(_closed(broker)),
    ]


def _sequence(installation: Installation, stop: Signal) -> None:
    """An alarm ends the evidence and nothing else: deadlines and letters must go on."""
    try:
        installation.sequencer().run(stop)
    except EvidenceAlarm:
        stop.wait()


async def _relay(installation: Installation, broker: Broker) -> None:
    """A log older than the stream ends the relay and nothing else, until somebody has looked."""
    try:
        await Relay(installation.store, broker, publish).run()
    except LogBehindStream as reason:
        log.critical("relay: %s", reason)
        await asyncio.Event().wait()


async def _closed(broker: Broker) -> None:
    await broker.closed.wait()
    raise BrokerClosed("The broker closed the connection for good.")


async def _first_end(stopping: asyncio.Event, parts: list["asyncio.Future[None]"]) -> None:
    """Wait until we are to stop, or for the first part that ends; raise what ended it."""
    waiting = asyncio.ensure_future(_set(stopping))
    done, _ = await asyncio.wait([waiting, *parts], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    for part in done:
        part.result()


async def _set(stopping: asyncio.Event) -> None:
    await stopping.wait()
