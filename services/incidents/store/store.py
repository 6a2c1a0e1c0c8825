"""The store as the rest of the program sees it: append, load, follow, seal, open."""

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from threading import Event as Signal
from types import MappingProxyType, TracebackType
from typing import Final, Self, TypeVar
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.persistence import Mapper, Notification, StoredEvent
from eventsourcing.utils import Environment, EnvType

from durable import Database, Place
from incidents.domain.facts import Event, Recorded, Sealed
from incidents.store.blobs import Blobs
from incidents.store.errors import AlreadyClaimed, ClockBehind, Conflict, StoreUnavailable
from incidents.store.files import make_folder
from incidents.store.glances import count_of, events_by_stream, rows_after, rows_of, versions_of
from incidents.store.keys import KeyStore
from incidents.store.mapper import EventMapper, Upcaster, read_stamp
from incidents.store.recorder import FOLLOW_LIMIT, EventRecorder
from incidents.store.records import Claim, ClaimKey, Kind, Receipt, StateRow, Stored
from incidents.store.sealing import Sealer, sealed_fields
from incidents.store.tables import LOG
from incidents.store.writer import Found, Request, Writer

T = TypeVar("T")

_NO_UPCASTERS: Final[Mapping[tuple[str, int], Upcaster]] = MappingProxyType({})


class EventLog(Application[UUID]):
    """The library's application: our mapper and recorder in its event store.

    Aggregates are not rebuilt by its repository: the state row is there, and `history` for replay.
    """

    name = "Incidents"
    recorder: EventRecorder

    def __init__(self, database: Database, mapper: EventMapper) -> None:
        self._database = database
        self._mapper = mapper
        super().__init__()

    def construct_env(self, name: str, env: EnvType | None = None) -> Environment:
        """Only our settings: a stray CIPHER_KEY in the process's environment changes nothing."""
        return Environment(name, env)

    def construct_mapper(self) -> Mapper[UUID]:
        """The mapper that knows our events."""
        return self._mapper

    def construct_recorder(self) -> EventRecorder:
        """The recorder that knows our tables."""
        return EventRecorder(self._database)


class Store:
    """Events, state rows, claims, keys and kept files of one installation.

    Safe to share between threads; several processes may open the same files. Every method may raise
    StoreUnavailable. Use it as a context manager, or `close` it.
    """

    def __init__(
        self, log: EventLog, mapper: EventMapper, sealer: Sealer, keys: KeyStore, blobs: Blobs
    ) -> None:
        self._log = log
        self._mapper = mapper
        self._sealer = sealer
        self.keys = keys
        self.blobs = blobs
        self._writer = Writer(log.recorder, mapper, sealer)

    def write(self, request: Request[T]) -> T:
        """Record what the request decides, and return its answer once that is durable.

        Raises what the request raises, StoreBusy, and for what it asks to record: AlreadyClaimed,
        NotSealed, UnknownTopic, and Conflict where its events do not follow those of the stream.
        """
        return self._writer.write(request)

    async def written(self, request: Request[T]) -> T:
        """The same for a coroutine, which waits without a thread of its own."""
        return await self._writer.written(request)

    @property
    def waiting(self) -> int:
        """How many requests of this process wait to be recorded."""
        return self._writer.waiting

    def append(
        self, events: Sequence[Recorded], *, state: StateRow, claims: Sequence[Claim] = ()
    ) -> tuple[Receipt, ...]:
        """Append sealed events of one stream, its state after them, and claims; give receipts.

        One transaction, durable when it returns; nothing of it is there when it raises. Appending
        the very same events again (an answer was lost) gives the first receipts again. Raises
        Conflict, AlreadyClaimed, ClockBehind, NotSealed, UnknownTopic, and ValueError for events
        and a state row that do not belong together.
        """
        _check(events, state)
        try:
            return self._writer.write(_Given(self._sealer, events, state, claims))
        except Conflict:
            there = self._log.recorder.select_stream(state.stream)
            first = events[0].version - 1
            known = there[first : first + len(events)]
            if [read_stamp(one.state).event_id for one in known] != [e.event_id for e in events]:
                raise
            return receipts(known)

    def seal(self, recorded: Recorded) -> Recorded:
        """Return the same fact with every plain text sealed; sealing twice changes nothing.

        Keys that did not exist are made and durable before it returns.
        """
        return self._sealer.seal(recorded)

    def open(self, sealed: Sealed, *, school: str, stream: UUID) -> str:
        """Return the words that were sealed on this stream, or REDACTED if their key is destroyed.

        Raises CannotOpen when they were altered, come from elsewhere, or their key is lost.
        """
        return self._sealer.open(sealed, school=school, stream=stream)

    def state(self, stream: UUID) -> StateRow | None:
        """Return where the stream stands, None if there is no such stream."""
        return self._log.recorder.state(stream)

    def rows(self, streams: Collection[UUID]) -> list[StateRow]:
        """Return where each of these streams stands, as far as there are such streams."""
        with self._log.recorder.database.reading() as connection:
            return rows_of(connection, streams)

    def versions(self, streams: Sequence[str]) -> Mapping[str, int]:
        """Return the version of each of these streams, as far as there are such; ids are in hex."""
        with self._log.recorder.database.reading() as connection:
            return versions_of(connection, streams)

    def rows_after(self, stream: UUID | None, limit: int) -> list[StateRow]:
        """Return at most `limit` state rows that come after one, in the order of the streams."""
        with self._log.recorder.database.reading() as connection:
            return rows_after(connection, stream, limit)

    def count(self, kind: str) -> int:
        """Return how many streams of a kind there are."""
        with self._log.recorder.database.reading() as connection:
            return count_of(connection, kind)

    def by_stream(self) -> Iterator[Recorded]:
        """Yield every fact, stream by stream, each in its order; words are sealed.

        Streams that begin meanwhile may be left out. Raises UnknownTopic and UnreadableEvent.
        """
        after = ("", 0)
        while True:
            with self._log.recorder.database.reading() as connection:
                found = events_by_stream(connection, after, 10 * FOLLOW_LIMIT)
            if not found:
                return
            yield from map(self._mapper.to_domain_event, found)
            last = found[-1]
            assert isinstance(last.originator_id, UUID)
            after = (last.originator_id.hex, last.originator_version)

    def states(self, school: str, kind: str) -> list[StateRow]:
        """Return the state rows of one kind in one school: for kinds that are few, like users."""
        return self._log.recorder.states(school, kind)

    def stamp(self, school: str, kind: str) -> int:
        """Return a number that changes whenever one of `states` does."""
        return self._log.recorder.stamp(Kind(school, kind))

    def claim(self, school: str, kind: str, key: str) -> Claim | None:
        """Return who holds this claim, None if it is free."""
        return self._log.recorder.claim(ClaimKey(school, kind, key))

    def history(self, stream: UUID, up_to: int | None = None) -> list[Recorded]:
        """Return the stream's facts in order, to version `up_to` inclusive; their words are sealed.

        Raises UnknownTopic and UnreadableEvent.
        """
        found = self._log.recorder.select_events(stream, lte=up_to)
        return list(map(self._mapper.to_domain_event, found))

    def stored(self, stream: UUID) -> list[Stored]:
        """Return the stream's events as they lie in the log, in order."""
        return list(map(_stored, self._log.recorder.select_stream(stream)))

    def log(self, after: int, limit: int) -> list[Stored]:
        """Return at most `limit` events that come after position `after`, in the log's order."""
        return list(
            map(
                _stored,
                self._log.recorder.select_notifications(after, limit, inclusive_of_start=False),
            )
        )

    def decode(self, stored: Stored) -> Recorded:
        """Read a stored event. Raises UnknownTopic and UnreadableEvent."""
        return self._mapper.to_domain_event(
            StoredEvent(stored.stream, stored.version, stored.topic, stored.state)
        )

    def head(self) -> int:
        """Return the last position in the log, 0 when it is empty."""
        return self._log.recorder.max_notification_id() or 0

    def latest(self) -> datetime | None:
        """Return when the last event in the log was recorded, in UTC."""
        last = self._log.recorder.latest()
        return None if last is None else read_stamp(last.state).recorded_at

    def follow(self, after: int, stop: Signal, limit: int = FOLLOW_LIMIT) -> Iterator[list[Stored]]:
        """Yield what comes after position `after`, in batches, as it is committed by any process.

        Blocks while there is nothing new; ends soon after `stop` is set.
        """
        for batch in self._log.recorder.follow(after, stop, limit):
            yield list(map(_stored, batch))

    def close(self) -> None:
        """Write what waits to be written, then close everything."""
        self._writer.close()
        self._log.close()
        self._log.recorder.database.close()
        self.keys.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class _Given:
    """Events that were decided and sealed elsewhere, to be appended as they are."""

    kinds: tuple[Kind, ...]

    def __init__(
        self, sealer: Sealer, events: Sequence[Recorded], state: StateRow, claims: Sequence[Claim]
    ) -> None:
        self._sealer = sealer
        self._events = events
        self._state = state
        self._claims = claims
        self.streams = (state.stream,)
        self.claims = tuple(claim.claim_key for claim in claims)
        self.kinds = ()

    def decide(self, found: Found) -> Sequence[Recorded]:
        first, before = self._events[0], found.states.get(self._state.stream)
        if first.version != (before.version if before else 0) + 1:
            raise Conflict
        if found.latest is not None and first.recorded_at < found.latest:
            raise ClockBehind(found.latest)
        for taken in found.claims.values():
            raise AlreadyClaimed(taken)
        for event in self._events:
            self._sealer.refuse_plain(event)
        return self._events

    def settle(self, sealed: Sequence[Recorded]) -> tuple[StateRow, Sequence[Claim]]:
        return self._state, self._claims

    def answer(self, placed: Sequence[Notification]) -> tuple[Receipt, ...]:
        return receipts(placed)


def open_store(
    place: Place,
    *,
    events: Mapping[str, type[Event]],
    upcasters: Mapping[tuple[str, int], Upcaster] = _NO_UPCASTERS,
    random: Callable[[int], bytes] = os.urandom,
) -> Store:
    """Open the store at `place` for the given kinds of event; its folder is made if absent.

    `upcasters` maps (topic, schema) to the step that turns a stored payload into the next schema.
    Raises BadEventClass, MasterKeyUnusable and StoreUnavailable.
    """
    fields = {kind: sealed_fields(kind) for kind in events.values()}
    mapper = EventMapper(events, fields, random, upcasters)
    folder = place.folder
    try:
        make_folder(folder)
    except OSError as error:
        raise StoreUnavailable(f"{folder} cannot be made: {error.strerror}.") from error
    if place.in_files:
        _refuse_history_without_keys(folder)
    keys = KeyStore(place, folder / "keys" / "master.key", random)
    try:
        database = place.open(LOG)
    except StoreUnavailable:
        keys.close()
        raise
    return Store(
        EventLog(database, mapper),
        mapper,
        Sealer(keys, fields, random),
        keys,
        Blobs(folder / "blobs", keys, random),
    )


def _refuse_history_without_keys(var: Path) -> None:
    """A new keystore beside an old log would only hide that every word has become unreadable."""
    # In this order: of several programs that start together, one makes the keys, then the log.
    if (var / "events.db").exists() and not (var / "keys.db").exists():
        raise StoreUnavailable(
            "keys.db is missing, and without it no word of the history can be read. "
            "Restore the file from its newest backup."
        )


def _check(events: Sequence[Recorded], state: StateRow) -> None:
    if not events:
        raise ValueError("There is nothing to append.")
    if any(e.stream != state.stream or e.school != state.school for e in events):
        raise ValueError("Events and state row are not all of one stream of one school.")
    if any(b.version != a.version + 1 for a, b in pairwise(events)):
        raise ValueError("The versions of the events do not follow one another.")
    if any(b.recorded_at < a.recorded_at for a, b in pairwise(events)):
        raise ValueError("The events were not recorded in their order.")
    if state.version != events[-1].version:
        raise ValueError("The state row is not of the last event's version.")


def receipts(placed: Sequence[Notification]) -> tuple[Receipt, ...]:
    """Return the receipts of events in the log."""
    return tuple(
        Receipt(one.id, one.originator_version, sha256(one.state).hexdigest()) for one in placed
    )


def _stored(row: Notification) -> Stored:
    assert isinstance(row.originator_id, UUID)
    return Stored(row.id, row.originator_id, row.originator_version, row.topic, row.state)
