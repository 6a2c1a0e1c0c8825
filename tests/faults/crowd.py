"""Many clients at once, each of which goes on until it knows what became of what it asked.

Every write carries an idempotency key and is sent again with it until it is acknowledged, as a
client does that cannot tell a lost request from a lost answer. What was acknowledged is kept, to be
looked for in the log afterwards.
"""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit
from uuid import uuid4

from incidents.domain import access_record
from incidents.followers import RELAY, SEQUENCER, VIEWS, Followers
from incidents.store import Store
from tests.support.whole import Whole

PROMISED_SECONDS: Final = 3.0
"""No request hangs for longer."""
AGAIN_SECONDS: Final = 0.1
STALE: Final = 412
ON_ACCESS: Final = frozenset(access_record.EVENTS)
AWAY: Final = frozenset({429, 503})
READS_PER_CASE: Final = 16
REPORT: Final[Mapping[str, Any]] = {
    "kind": "abuse",
    "categories": ["offensive"],
    "platform": "Facebook",
    "observed_at": "2026-11-20T16:30:00Z",
    "facts": "A parent wrote that the class teacher is useless.",
}


class NoAnswer(Exception):
    """The connection was refused or lost, or nothing came in time."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Tally:
    """What the crowd has seen. `receipts` are of every event that was acknowledged to it."""

    answers: Counter[int] = field(default_factory=Counter)
    unanswered: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    without_retry_after: int = 0
    slowest: float = 0.0
    receipts: dict[int, str] = field(default_factory=dict)

    @property
    def late(self) -> int:
        """How many requests had no answer when it was promised."""
        return self.unanswered["late"]


class Connection:
    """One client's way in. A connection that broke is opened anew for the next request."""

    def __init__(self, address: str, tally: Tally) -> None:
        parts = urlsplit(address)
        self._host, self._port = parts.hostname, parts.port
        self._tally = tally
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(
        self, method: str, path: str, token: str, headers: Mapping[str, str], body: Any = None
    ) -> Answer:
        """Return the answer, whatever it is. Raises NoAnswer."""
        content = b"" if body is None else json.dumps(body).encode()
        said = {"Host": "127.0.0.1", "Authorization": f"Bearer {token}", **headers}
        if body is not None:
            said |= {"Content-Type": "application/json", "Content-Length": str(len(content))}
        head = "".join(f"{name}: {value}\r\n" for name, value in said.items())
        request = f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + content
        begun = time.monotonic()
        try:
            async with asyncio.timeout(PROMISED_SECONDS):
                answer = await self._exchange(request)
        except TimeoutError:
            await self._broken("late")
        except (OSError, EOFError, asyncio.IncompleteReadError):
            await self._broken("lost")
        self._tally.slowest = max(self._tally.slowest, time.monotonic() - begun)
        self._tally.answers[answer.status] += 1
        if answer.status in AWAY and "retry-after" not in answer.headers:
            self._tally.without_retry_after += 1
        return answer

    async def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            with suppress(OSError):
                await self._streams[1].wait_closed()
            self._streams = None

    async def _exchange(self, request: bytes) -> Answer:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._streams
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head[1:] if line)
        }
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        return Answer(int(head[0].split()[1]), headers, body)

    async def _broken(self, how: str) -> NoReturn:
        self._tally.unanswered[how] += 1
        await self.close()
        raise NoAnswer(how)


class Visitor:
    """One client, which works on a case of its own, then on the next one."""

    def __init__(
        self,
        address: str,
        tokens: Mapping[str, str],
        tally: Tally,
        lot: random.Random,
        pause: float,
    ) -> None:
        self._connection = Connection(address, tally)
        self._tokens = tokens
        self._tally = tally
        self._lot = lot
        self._pause = pause

    async def run(self, stop: asyncio.Event) -> None:
        """Go on until `stop` is set; what was begun then is carried to its end."""
        try:
            while not stop.is_set():
                await self._case(stop)
        finally:
            await self._connection.close()

    async def _case(self, stop: asyncio.Event) -> None:
        logged = await self._write("staff", "/api/incidents", REPORT, None)
        if logged is None:
            return
        path = f"/api/cases/{logged['case_id']}"
        acts = [
            ("slt", "acknowledge-report", {}),
            ("slt", "start-assessment", {}),
            ("staff", "add-information", {"text": "It is still there."}),
        ]
        for turn in range(READS_PER_CASE):
            if stop.is_set():
                return
            await self._read(self._lot.choice((path, f"{path}/history", "/api/cases")))
            if turn % 4 == 3 and acts:
                who, command, body = acts.pop(0)
                await self._write(who, f"{path}/{command}", body, path)
            await asyncio.sleep(self._pause * self._lot.uniform(0.5, 1.5))

    async def _read(self, path: str) -> None:
        try:
            answer = await self._connection.ask("GET", path, self._tokens["slt"], {})
        except NoAnswer:
            return
        if answer.status not in (200, *AWAY):
            self._tally.refused[f"GET {answer.status}"] += 1

    async def _write(self, who: str, path: str, body: Any, case: str | None) -> Any:
        """Send until it is acknowledged or refused for good; return the answer, None if refused."""
        key = {"Idempotency-Key": str(uuid4())}
        version = await self._version(case) if case else None
        while True:
            match = {} if version is None else {"If-Match": version}
            try:
                answer = await self._connection.ask(
                    "POST", path, self._tokens[who], key | match, body
                )
            except NoAnswer:
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            if answer.status in AWAY:
                await asyncio.sleep(AGAIN_SECONDS)
            elif answer.status == STALE and case:
                version = await self._version(case)
            elif answer.status in (200, 201):
                said = answer.json
                self._tally.receipts |= {r["position"]: r["sha256"] for r in said["receipt"]}
                return said
            else:
                self._tally.refused[f"{path.rpartition('/')[2]} {answer.status}"] += 1
                return None

    async def _version(self, case: str) -> str:
        while True:
            with suppress(NoAnswer):
                answer = await self._connection.ask("GET", case, self._tokens["slt"], {})
                if answer.status == 200:
                    return answer.headers["etag"]
            await asyncio.sleep(AGAIN_SECONDS)


async def crowd(
    address: str,
    tokens: Mapping[str, str],
    stop: asyncio.Event,
    tally: Tally,
    *,
    clients: int,
    seed: int = 1,
    pause: float = 0.05,
) -> None:
    """Let so many clients work until `stop` is set and each knows what became of its writes."""
    visitors = [
        Visitor(address, tokens, tally, random.Random(seed * 1000 + n), pause)
        for n in range(clients)
    ]
    async with asyncio.TaskGroup() as tasks:
        for visitor in visitors:
            tasks.create_task(visitor.run(stop))


@asynccontextmanager
async def working(running: Whole, *, clients: int, pause: float = 0.02) -> AsyncIterator[Tally]:
    """A crowd that works while the block lasts, and comes to its end with it."""
    stop, tally = asyncio.Event(), Tally()
    work = asyncio.ensure_future(
        crowd(running.address, running.tokens, stop, tally, clients=clients, pause=pause)
    )
    try:
        yield tally
        stop.set()
        await work
    finally:
        work.cancel()
        await asyncio.wait([work])


async def seen(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Return when it is so. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 of things that no event tells
            await asyncio.sleep(0.02)


@dataclass(frozen=True, slots=True)
class Kept:
    """What of a crowd's work is in the log. Both lists are empty when all is well."""

    lost: Sequence[int]
    """Positions that were acknowledged and hold something else, or nothing."""
    unasked: Sequence[int]
    """Positions of what people did that nobody was told of: done twice."""


def kept(store: Store, tally: Tally, after: int) -> Kept:
    """Compare the log after a position with what was acknowledged to the crowd."""
    found, by_people = {}, set()
    while entries := store.log(after, 500):
        for entry in entries:
            found[entry.position] = sha256(entry.state).hexdigest()
            by_person = store.decode(entry).actor.user is not None
            # Who looked at what is on record too, on streams of its own.
            if by_person and entry.topic not in ON_ACCESS:
                by_people.add(entry.position)
        after = entries[-1].position
    return Kept(
        lost=[p for p, digest in tally.receipts.items() if found.get(p) != digest],
        unasked=sorted(by_people - set(tally.receipts)),
    )


def caught_up(running: Whole, store: Store) -> bool:
    """Whether everything runs, and every follower of the log knows of all that is in it."""
    with closing(Followers(running.place)) as followers:
        notes, head = followers.notes(), store.head()
    positions = [notes[name].position for name in (VIEWS, SEQUENCER, RELAY)]
    return running.runs() and positions == [head] * 3
