"""Group commit: what many requests record goes into one transaction, each decided within it.

A commit waits for the disk, and while it does others queue up; the next in line then commits them
all at once. A request says beforehand what it has to know; it is then asked, with that before it
and nobody else writing, what is to be recorded. So nothing it decides upon can change under it, and
there is nothing to try again when somebody was quicker. Alone, a write costs what it always did.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event, Lock, Thread
from typing import Any, Final, Generic, Protocol, TypeVar
from uuid import UUID

from eventsourcing.persistence import Notification, StoredEvent

from durable import Connection, IntegrityError, OutcomeUnknown, StoreUnavailable
from incidents.domain.facts import Recorded
from incidents.store.data_key import DataKey
from incidents.store.errors import AlreadyClaimed, Conflict, StoreBusy
from incidents.store.keys import Owner
from incidents.store.mapper import EventMapper, read_stamp
from incidents.store.recorder import (
    EventRecorder,
    claim_rows,
    find_events,
    insert_events,
    last_event,
    put_claims,
    put_states,
    stamp,
    state_rows,
)
from incidents.store.records import Claim, ClaimKey, Kind, StateRow
from incidents.store.sealing import Sealer

MOST_AT_ONCE: Final = 64
MOST_WAITING: Final = 1024
"""So many requests wait for their turn at most; the next one is told to come back."""

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Found:
    """What a request asked to know, as it stands while nobody else writes."""

    latest: datetime | None
    states: Mapping[UUID, StateRow]
    claims: Mapping[ClaimKey, Claim]
    stamps: Mapping[Kind, int]

    def asked_by(self, request: "Request[Any]") -> "Found":
        """Return what this request asked for, and nothing of what was found for others."""
        return Found(
            latest=self.latest,
            states={s: self.states[s] for s in request.streams if s in self.states},
            claims={c: self.claims[c] for c in request.claims if c in self.claims},
            stamps={k: self.stamps[k] for k in request.kinds},
        )


class Request(Protocol[T_co]):
    """Something to be recorded on one stream.

    The methods are called in this order, at most once for an attempt, `decide` and `settle` in
    whichever thread writes. What these two raise goes to whoever asked, and nothing of the request
    is recorded. An attempt that comes to nothing through no fault of the request's is followed by
    another, which begins with `decide` again.
    """

    @property
    def streams(self) -> Collection[UUID]:
        """The streams whose state rows it has to know; it may write to these and to a new one."""

    @property
    def claims(self) -> Collection[ClaimKey]:
        """The claims it has to know of."""

    @property
    def kinds(self) -> Collection[Kind]:
        """The kinds of stream whose stamp it has to know: a number that grows with each change."""

    def decide(self, found: Found) -> Sequence[Recorded]:
        """Return the events to record; their words may still be plain. Without any, only `answer`
        follows.
        """

    def settle(self, sealed: Sequence[Recorded]) -> tuple[StateRow, Sequence[Claim]]:
        """Return where the stream stands after these events, and what is claimed with them."""

    def answer(self, placed: Sequence[Notification]) -> T_co:
        """Return the answer, now that the events have their places in the log and are durable."""


@dataclass(eq=False, slots=True)
class _Entry(Generic[T]):
    """A request on its way through, with what has become of it."""

    request: Request[T]
    waiter: "_Waiter | None" = None
    sealed: Sequence[Recorded] = ()
    stored: Sequence[StoredEvent] = ()
    row: StateRow | None = None
    claims: Sequence[Claim] = ()
    placed: Sequence[Notification] = ()
    error: BaseException | None = None
    done: bool = False

    def fail(self, error: BaseException) -> None:
        """Note why it was not recorded; what is done stays done."""
        if not self.done:
            self.error, self.done = error, True

    def result(self) -> T:
        if self.error is not None:
            raise self.error
        return self.request.answer(self.placed)


@dataclass(slots=True)
class _Batch:
    """Requests that do not touch each other, for one transaction; the others wait for the next."""

    entries: list[_Entry[Any]] = field(default_factory=list)
    touched: set[object] = field(default_factory=set)

    def takes(self, entry: _Entry[Any]) -> bool:
        wanted = {*entry.request.streams, *entry.request.claims}
        if self.touched & wanted:
            return False
        self.touched |= wanted
        self.entries.append(entry)
        return True


class Writer:
    """Writes what requests decide, in few transactions. Safe to share between threads."""

    def __init__(self, recorder: EventRecorder, mapper: EventMapper, sealer: Sealer) -> None:
        self._recorder = recorder
        self._mapper = mapper
        self._sealer = sealer
        self._waiting: deque[_Entry[Any]] = deque()
        self._turn = Lock()
        self._door = Lock()
        self._rung = Event()
        self._thread: Thread | None = None
        self._closed = False

    def write(self, request: Request[T]) -> T:
        """Return the answer once everything is durable, waiting in this thread.

        Raises what the request raised, StoreBusy, StoreUnavailable, AlreadyClaimed, Conflict.
        """
        entry = self._enter(_Entry(request))
        with self._turn:
            while not entry.done:
                self._write_batch()
        return entry.result()

    async def written(self, request: Request[T]) -> T:
        """The same for a coroutine, which waits without a thread of its own."""
        waiter = _Waiter(asyncio.get_running_loop())
        entry = self._enter(_Entry(request, waiter))
        self._rung.set()
        await waiter.future
        return entry.result()

    @property
    def waiting(self) -> int:
        """How many requests wait for their turn."""
        return len(self._waiting)

    def close(self) -> None:
        """Let nobody in any more, and return once everything that waits is written."""
        with self._door:
            self._closed = True
        self._rung.set()
        if self._thread is not None:
            self._thread.join()
        with self._turn:
            while self._waiting:
                self._write_batch()

    def _enter(self, entry: _Entry[T]) -> _Entry[T]:
        with self._door:
            if self._closed:
                raise StoreUnavailable("This program is ending. Nothing more is recorded.")
            if len(self._waiting) >= MOST_WAITING:
                raise StoreBusy
            self._waiting.append(entry)
            if entry.waiter is not None and self._thread is None:
                self._thread = Thread(target=self._run, name="writer", daemon=True)
                self._thread.start()
        return entry

    def _run(self) -> None:
        """Write for coroutines."""
        while not self._closed:
            self._rung.wait()
            self._rung.clear()
            while self._waiting:
                with self._turn:
                    self._write_batch()

    # ── one transaction ───────────────────────────────────────────────────────────────────────────

    def _write_batch(self) -> None:
        """Write for those who have waited longest. Nothing it meets is raised: it is told."""
        batch, later = _Batch(), []
        while self._waiting and len(batch.entries) < MOST_AT_ONCE:
            entry = self._waiting.popleft()
            if not batch.takes(entry):
                later.append(entry)
        self._waiting.extendleft(reversed(later))
        try:
            self._settle(batch.entries)
        except Exception as error:
            _fail(batch.entries, error)
        finally:
            _fail(batch.entries, OutcomeUnknown("The program was interrupted while it recorded."))
            _tell(batch.entries)

    def _settle(self, entries: Sequence[_Entry[Any]]) -> None:
        try:
            self._write_apart(entries)
        except StoreUnavailable as error:
            # Whoever waits meanwhile would only wait as long again for the same.
            late = [self._waiting.popleft() for _ in range(len(self._waiting))]
            _fail([*entries, *late], error)
            _tell(late)

    def _write_apart(self, entries: Sequence[_Entry[Any]]) -> None:
        """Write all together; if that cannot be, each alone, so that none harms another.

        Raises StoreUnavailable, with which all are lost.
        """
        try:
            self._write_once(entries)
        except StoreUnavailable:
            raise
        except Exception as error:
            if len(entries) == 1:
                self._explain(entries[0], error)
                return
            for entry in entries:
                if not entry.done:
                    self._write_apart([entry])

    def _write_once(self, entries: Sequence[_Entry[Any]]) -> None:
        """Write all together, and once more what is not there when the answer was lost."""
        try:
            self._transact(entries)
        except OutcomeUnknown as lost:
            try:
                self._transact(entries, again=True)
            except OutcomeUnknown:
                _fail(entries, lost)
            except StoreUnavailable:
                _fail(entries, lost)
                raise

    def _transact(self, entries: Sequence[_Entry[Any]], *, again: bool = False) -> None:
        """Decide and record everything, or, when it raises, nothing.

        `again`: some may be there from an attempt whose outcome is not known. With the turn to
        write, that attempt has ended: what is not there now never will be.
        """
        with self._recorder.database.writing() as connection:
            if again:
                self._look_for(connection, entries)
            going = [entry for entry in entries if not entry.done]
            found = _found(connection, going)
            going = [entry for entry in going if self._decided(entry, found)]
            keys = self._sealer.keys_for(one for entry in going for one in entry.sealed)
            going = [entry for entry in going if self._settled(entry, keys)]
            self._record(connection, going)
        for entry in going:
            entry.done = True
        self._recorder.wake()

    def _look_for(self, connection: Connection, entries: Sequence[_Entry[Any]]) -> None:
        for entry in entries:
            entry.placed = find_events(connection, entry.stored)
            entry.done = entry.done or _is_there(entry)

    def _decided(self, entry: _Entry[Any], found: Found) -> bool:
        def decide() -> None:
            # Of an attempt before this one nothing is left.
            entry.stored, entry.row, entry.claims, entry.placed = (), None, (), ()
            entry.sealed = entry.request.decide(found.asked_by(entry.request))

        return _attempt(entry, decide)

    def _settled(self, entry: _Entry[Any], keys: Mapping[Owner, DataKey]) -> bool:
        def settle() -> None:
            if not entry.sealed:
                return
            entry.sealed = [self._sealer.seal_with(keys, one) for one in entry.sealed]
            entry.row, entry.claims = entry.request.settle(entry.sealed)
            entry.stored = [self._mapper.to_stored_event(one) for one in entry.sealed]

        return _attempt(entry, settle)

    def _record(self, connection: Connection, entries: Sequence[_Entry[Any]]) -> None:
        if not any(entry.stored for entry in entries):
            return
        events = [event for entry in entries for event in entry.stored]
        placed = iter(insert_events(connection, events))
        put_states(connection, [entry.row for entry in entries if entry.row is not None])
        put_claims(connection, [claim for entry in entries for claim in entry.claims])
        for entry in entries:
            entry.placed = [next(placed) for _ in entry.stored]

    def _explain(self, entry: _Entry[Any], error: Exception) -> None:
        """Say what stood in the way of a request that was alone."""
        if not isinstance(error, IntegrityError):
            entry.fail(error)
            return
        with self._recorder.database.reading() as connection:
            held = claim_rows(connection, [claim.claim_key for claim in entry.claims])
        conflict = AlreadyClaimed(next(iter(held.values()))) if held else Conflict()
        conflict.__cause__ = error
        entry.fail(conflict)


class _Waiter:
    """A coroutine that waits in its loop."""

    __slots__ = ("future", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.future: asyncio.Future[None] = loop.create_future()


def _found(connection: Connection, entries: Sequence[_Entry[Any]]) -> Found:
    last = last_event(connection)
    return Found(
        latest=None if last is None else read_stamp(last.state).recorded_at,
        states=state_rows(connection, {s for e in entries for s in e.request.streams}),
        claims=claim_rows(connection, {c for e in entries for c in e.request.claims}),
        stamps={k: stamp(connection, k) for k in {k for e in entries for k in e.request.kinds}},
    )


def _attempt(entry: _Entry[Any], action: Callable[[], None]) -> bool:
    """Run a part of a request. What it raises is its own affair, unless the store has failed."""
    try:
        action()
    except StoreUnavailable:
        raise
    except Exception as error:
        entry.fail(error)
    return not entry.done


def _is_there(entry: _Entry[Any]) -> bool:
    """Whether exactly the events of this attempt are in the log."""
    found = [read_stamp(one.state).event_id for one in entry.placed]
    return bool(found) and found == [one.event_id for one in entry.sealed]


def _fail(entries: Iterable[_Entry[Any]], error: BaseException) -> None:
    for entry in entries:
        entry.fail(error)


def _tell(entries: Iterable[_Entry[Any]]) -> None:
    """Wake the coroutines among those who wait, each loop once."""
    futures: defaultdict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = defaultdict(list)
    for entry in entries:
        if entry.waiter is not None:
            futures[entry.waiter.loop].append(entry.waiter.future)
    for loop, waiting in futures.items():
        # A loop that was closed meanwhile has nobody left who waits.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_wake, waiting)


def _wake(futures: Iterable["asyncio.Future[None]"]) -> None:
    for future in futures:
        if not future.done():
            future.set_result(None)
