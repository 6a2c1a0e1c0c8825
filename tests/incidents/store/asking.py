"""Requests for the writer that do as they are told, and a way to have many of them wait at once."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from threading import Event as Signal
from typing import Any, Literal
from uuid import UUID, uuid4

from eventsourcing.persistence import Notification

from incidents.domain.facts import Event, Recorded
from incidents.store import Claim, ClaimKey, Found, StateRow, Store
from incidents.store.records import Kind
from tests.incidents.store.sample import SCHOOL, START, NoteAdded, fact

PATIENCE = 60.0


class Stumbled(Exception):
    """What a request raises that was told to."""


@dataclass
class Adding:
    """Adds events to a stream, wherever that stands; answers their positions and versions."""

    stream: UUID = field(default_factory=uuid4)
    count: int = 1
    takes: str | None = None
    at: Literal["decide", "settle", "answer", ""] = ""
    raises: BaseException = field(default_factory=lambda: Stumbled("as it was told"))
    skips: int = 0
    school: str = SCHOOL
    event: Event = field(default_factory=lambda: NoteAdded(text="a note"))
    claims: Collection[ClaimKey] = ()
    kinds: Collection[Kind] = ()

    @property
    def streams(self) -> Collection[UUID]:
        return (self.stream,)

    def decide(self, found: Found) -> Sequence[Recorded]:
        self._stumble("decide")
        before = found.states.get(self.stream)
        first = (before.version if before else 0) + 1 + self.skips
        moment = max(found.latest or START, START)
        return [
            fact(self.event, self.stream, v, recorded_at=moment, school=self.school)
            for v in range(first, first + self.count)
        ]

    def settle(self, sealed: Sequence[Recorded]) -> tuple[StateRow, Sequence[Claim]]:
        self._stumble("settle")
        state = StateRow(self.stream, self.school, "case", sealed[-1].version, b"a state")
        claim = [Claim(self.school, "reference", self.takes, self.stream)] if self.takes else []
        return state, claim

    def answer(self, placed: Sequence[Notification]) -> list[tuple[int, int]]:
        self._stumble("answer")
        return [(one.id, one.originator_version) for one in placed]

    def _stumble(self, where: str) -> None:
        if self.at == where:
            raise self.raises


@dataclass
class Holding(Adding):
    """Keeps the turn to write until it may go on."""

    has_turn: Signal = field(default_factory=Signal)
    may_go_on: Signal = field(default_factory=Signal)

    def decide(self, found: Found) -> Sequence[Recorded]:
        self.has_turn.set()
        assert self.may_go_on.wait(PATIENCE)
        return super().decide(found)


class Waiting:
    """Requests that wait for one that holds the turn, so that they are written together."""

    def __init__(self, store: Store, *requests: Adding) -> None:
        self._store = store
        self._requests = requests
        self._holding = Holding(event=requests[0].event, school=requests[0].school)
        self._tasks: list[asyncio.Task[Any]] = []

    async def wait(self) -> None:
        """Return when all of them wait."""
        self._tasks = [asyncio.create_task(self._store.written(self._holding))]
        assert await asyncio.to_thread(self._holding.has_turn.wait, PATIENCE)
        self._tasks += [asyncio.create_task(self._store.written(r)) for r in self._requests]
        await asyncio.sleep(0)  # each task runs as far as its place in the queue

    async def answers(self) -> list[Any]:
        """Let them go on; return what each was answered, or what was raised."""
        self._holding.may_go_on.set()
        return (await asyncio.gather(*self._tasks, return_exceptions=True))[1:]


async def together(store: Store, *requests: Adding) -> list[Any]:
    """Have all of them written in as few transactions as it takes; return answers and errors."""
    waiting = Waiting(store, *requests)
    await waiting.wait()
    return await waiting.answers()


def count_of(store: Store, stream: UUID) -> int:
    """Return how many events a stream has, having checked that nothing of it is half there."""
    versions = [stored.version for stored in store.stored(stream)]
    assert versions == list(range(1, len(versions) + 1))
    state = store.state(stream)
    assert (state.version if state else 0) == len(versions)
    return len(versions)
