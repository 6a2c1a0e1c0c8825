"""The worker: everything that follows the log, in one process. Several may run at once.

Each part goes on by itself: one that fails is begun again and ends no other. What only one process
does at a time is done by whoever has the lease for it; the others stand by.
"""

import asyncio
import logging
import os
import random
import signal
import socket
from typing import Any, Final

from durable import StoreUnavailable
from incidents.answers import Answers
from incidents.broker import Broker, connect
from incidents.followers import RELAY, SEARCH, SEQUENCER, STATISTICS, TIMEKEEPER, VIEWS
from incidents.inbox import Inbox
from incidents.installation import Installation
from incidents.messages import publish
from incidents.relay import Relay
from incidents.worker.follower import Follower, Part, in_a_thread

log: Final = logging.getLogger(__name__)

NOTE_SECONDS: Final = 1.0
"""How often it is noted how far the followers are."""


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

    Raises `BrokerClosed` when the process has to be started afresh.
    """
    office = _Office(installation)
    settings = installation.settings
    connecting = asyncio.ensure_future(
        connect(settings.nats_url, name="incidents", nkey_seed_file=settings.nats_nkey_seed_file)
    )
    try:
        # What needs no broker does not wait for one.
        for part in (_views, _search, _statistics, _sequencer, _timekeeper):
            office.begin(part(installation), alone=True)
        if await office.until(stopping, connecting):
            broker = connecting.result()
            office.begin(_relay(installation, broker), alone=True)
            # Several processes may share these: the broker gives each message to one of them.
            office.begin(Part("answers", Answers(installation.lookup(), broker).run), alone=False)
            office.begin(Part("inbox", Inbox(installation.cases, broker).run), alone=False)
            if await office.until(stopping, asyncio.ensure_future(_set(broker.closed))):
                raise BrokerClosed("The broker closed the connection for good.")
    finally:
        await office.end()
        # Only then the connection: a cancelled fetch on a closed one looks like a failure.
        await _let_go(connecting)


class _Office:
    """The followers of this process, and the notes on them."""

    def __init__(self, installation: Installation) -> None:
        self._notes = installation.followers
        self._clock = installation.clock
        self._holder = f"{socket.gethostname()}:{os.getpid()}"
        self._followers: list[Follower] = []
        self._tasks = [asyncio.ensure_future(self._keep_notes())]

    def begin(self, part: Part, *, alone: bool) -> None:
        """Keep a part going: in one process at a time if `alone`."""
        follower = Follower(
            part,
            (lambda: self._notes.alone(part.name)) if alone else None,
            holder=self._holder,
            clock=self._clock,
            chance=random.random,
        )
        self._followers.append(follower)
        self._tasks.append(asyncio.ensure_future(follower.run()))

    async def until(self, stopping: asyncio.Event, other: "asyncio.Future[Any]") -> bool:
        """Wait until we are to stop, or for the `other`: whether it was that."""
        asked = asyncio.ensure_future(_set(stopping))
        done, _ = await asyncio.wait(
            [asked, other, *self._tasks], return_when=asyncio.FIRST_COMPLETED
        )
        asked.cancel()
        for task in set(self._tasks) & done:
            # None of them ends by itself: this raises what nobody expected.
            task.result()
        return other in done and asked not in done

    async def end(self) -> None:
        """Return when nothing of it goes on."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _keep_notes(self) -> None:
        """Note once a second how far each follower is that this process holds."""
        unable = False
        while True:
            await asyncio.sleep(NOTE_SECONDS)
            for follower in self._followers:
                await follower.look()
            notes = [follower.note for follower in self._followers if follower.note]
            try:
                await asyncio.to_thread(self._notes.put, notes)
            except StoreUnavailable as reason:
                if not unable:
                    log.warning("how far the followers are is not noted: %s", reason)
                unable = True
            else:
                unable = False


def _views(installation: Installation) -> Part:
    views = installation.views
    work = in_a_thread(VIEWS, lambda stop: views.follow(installation.store, stop))
    return Part(VIEWS, work, position=views.position, pulse=views.position)


def _search(installation: Installation) -> Part:
    search = installation.search
    work = in_a_thread(SEARCH, search.follow)
    return Part(SEARCH, work, position=search.position, pulse=search.position)


def _statistics(installation: Installation) -> Part:
    figures = installation.statistics
    work = in_a_thread(STATISTICS, lambda stop: figures.follow(installation.store, stop))
    return Part(STATISTICS, work, position=figures.position, pulse=figures.position)


def _sequencer(installation: Installation) -> Part:
    reached = installation.tree.reached
    work = in_a_thread(SEQUENCER, lambda stop: installation.sequencer().run(stop))
    return Part(SEQUENCER, work, position=reached, pulse=reached)


def _relay(installation: Installation, broker: Broker) -> Part:
    relay = Relay(installation.store, broker, publish)
    return Part(RELAY, relay.run, position=lambda: relay.reached, pulse=lambda: relay.reached)


def _timekeeper(installation: Installation) -> Part:
    timekeeper = installation.timekeeper()
    return Part(TIMEKEEPER, in_a_thread(TIMEKEEPER, timekeeper.run), pulse=lambda: timekeeper.looks)


async def _let_go(connecting: "asyncio.Future[Broker]") -> None:
    connecting.cancel()
    await asyncio.wait([connecting])
    if not connecting.cancelled() and connecting.exception() is None:
        await connecting.result().close()


async def _set(event: asyncio.Event) -> None:
    await event.wait()
