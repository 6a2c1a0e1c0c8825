"""A whole installation in this process: every part real, and a clock that can be set.

The API answers in memory; the worker and the notifier run beside each other as they do in their own
programs, over a real broker, a real mail server and real files.
"""

import asyncio
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx

from deploy.demo.client import Answer, Client
from deploy.demo.play import Play
from deploy.demo.post import Post
from deploy.demo.steps import Scenario
from incidents import broker
from incidents.api.app import create_app
from incidents.config import Settings as IncidentsSettings
from incidents.demonstration import prepare
from incidents.installation import Installation, open_installation
from incidents.worker import work
from notifier.config import Settings as NotifierSettings
from notifier.service import run
from tests.support.nats_server import NatsServer
from tests.support.smtp_server import SmtpServer

ROOT: Final = Path(__file__).parents[2]
THREADS: Final = 32
PATIENCE: Final = 30.0


class SetClock:
    """Runs on from wherever it was set; it can be set forward, never back."""

    def __init__(self, start: datetime) -> None:
        self._lock = threading.Lock()
        self._base = start.astimezone(UTC)
        self._since = time.monotonic()

    def __call__(self) -> datetime:
        with self._lock:
            return self._base + timedelta(seconds=time.monotonic() - self._since)

    def set(self, moment: datetime) -> None:
        """Make it `moment`, unless it is later already."""
        later = max(self(), moment.astimezone(UTC))
        with self._lock:
            self._base, self._since = later, time.monotonic()


class AsItWas:
    """The days of the story are the days of the installation."""

    def __init__(self, clock: SetClock) -> None:
        self._clock = clock

    def begin(self, at: datetime) -> None:
        self._clock.set(at)

    def when(self, moment: datetime) -> datetime:
        return moment


class Noting:
    """A door to an application in a loop of another thread. Keeps each case that was seen whole."""

    def __init__(self, http: httpx.AsyncClient, loop: asyncio.AbstractEventLoop) -> None:
        self._http = http
        self._loop = loop
        self.pages: dict[tuple[str, int], Any] = {}
        self.said: list[Any] = []
        """Every body that was sent."""

    def request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        if body:
            self.said.append(json.loads(body))
        asked = self._http.request(method, path, headers=dict(headers), content=body)
        answer = asyncio.run_coroutine_threadsafe(asked, self._loop).result()
        self._note(answer)
        return Answer(answer.status_code, dict(answer.headers), answer.content)

    def _note(self, answer: httpx.Response) -> None:
        page = answer.json() if answer.headers.get("content-type") == "application/json" else {}
        if page.get("sight") == "full" and page.pop("actions", None):
            self.pages[page["case_id"], page["version"]] = page


class Town:
    """What a test has in hand while everything runs."""

    def __init__(
        self,
        installation: Installation,
        clock: SetClock,
        door: Noting,
        tokens: Mapping[str, str],
        mail: SmtpServer,
    ) -> None:
        self.installation = installation
        self.clock = clock
        self.door = door
        self.tokens = tokens
        self.mail = mail
        self.client = Client(door, tokens, PATIENCE)

    @property
    def var(self) -> Path:
        return self.installation.settings.var

    def play(self, *scenarios: Scenario) -> list[Play]:
        """Play scenarios side by side, each step on its own day, and return what they left."""
        plays = [self.begin() for _ in scenarios]
        steps = [(step, play) for s, play in zip(scenarios, plays, strict=True) for step in s.steps]
        for step, play in sorted(steps, key=lambda one: one[0].at):
            step.take(play)
        return plays

    def begin(self) -> Play:
        """Return a play that nothing has happened in yet."""
        return Play(self.client, Post(self.mail.folder), AsItWas(self.clock))

    def as_(self, who: str | None, method: str, path: str) -> Answer:
        """Ask once, and return whatever is answered."""
        signed = {"Authorization": f"Bearer {self.tokens[who]}"} if who else {}
        return self.door.request(method, path, signed, None)


@contextmanager
def town(folder: Path, nats: NatsServer, mail: SmtpServer, start: datetime) -> Iterator[Town]:
    """Run everything until the block ends; what failed meanwhile is raised then."""
    clock = SetClock(start)
    settings = IncidentsSettings(
        var=folder / "var", nats_url=nats.url, school_dir=ROOT / "deploy" / "school"
    )
    installation = open_installation(settings, now=clock)
    tokens = json.loads(prepare(installation).read_text())
    with _logged(folder / "log"), _loop() as loop:
        http = httpx.AsyncClient(
            # Litestar's types for ASGI are narrower than httpx's.
            transport=httpx.ASGITransport(create_app(installation)),  # type: ignore[arg-type]
            base_url="http://school.example",
        )
        programs = Programs(loop, installation, clock, nats, mail)
        try:
            yield Town(installation, clock, Noting(http, loop), tokens, mail)
        finally:
            programs.stop()
            asyncio.run_coroutine_threadsafe(http.aclose(), loop).result()
            installation.close()


class Programs:
    """The worker and the notifier, as their command lines run them."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        installation: Installation,
        clock: Callable[[], datetime],
        nats: NatsServer,
        mail: SmtpServer,
    ) -> None:
        self._loop = loop
        self._stopping = asyncio.Event()
        asyncio.run_coroutine_threadsafe(_set_up(nats.url), loop).result()
        notifier = NotifierSettings(
            var=installation.settings.var,
            nats_url=nats.url,
            smtp_url=mail.url,
            schemas_dir=ROOT / "schemas",
        )
        self._running: list[Future[None]] = [
            asyncio.run_coroutine_threadsafe(work(installation, self._stopping), loop),
            asyncio.run_coroutine_threadsafe(run(notifier, self._stopping, clock), loop),
        ]

    def stop(self) -> None:
        """Ask both to stop and return when they have. Raises what one of them has failed with."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        for running in self._running:
            running.result()


async def _set_up(url: str) -> None:
    admin = await broker.connect(url, name="admin")
    try:
        await broker.set_up(admin.jetstream)
    finally:
        await admin.close()


@contextmanager
def _loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop in a thread of its own."""
    loop = asyncio.new_event_loop()
    loop.set_default_executor(ThreadPoolExecutor(THREADS, "town"))
    thread = threading.Thread(target=loop.run_forever, name="town")
    thread.start()
    try:
        yield loop
    finally:
        asyncio.run_coroutine_threadsafe(loop.shutdown_default_executor(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class _Everything(logging.Formatter):
    """Writes down whatever a record carries, printed or not."""

    def format(self, record: logging.LogRecord) -> str:
        return f"{super().format(record)} {vars(record)}"


@contextmanager
def _logged(path: Path) -> Iterator[None]:
    """Write down all that any part logs, in the most talkative way."""
    handler = logging.FileHandler(path)
    handler.setFormatter(_Everything())
    # The mail server is the world outside, and aiosmtpd writes down what it is told.
    handler.addFilter(lambda record: record.name != "mail.log")
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.setLevel(before)
        root.removeHandler(handler)
        handler.close()
