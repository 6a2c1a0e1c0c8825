"""Builds the views anew beside the live ones, and puts them in their place in one transaction.

Readers see the old ones until the new ones are complete, and nothing in between; whatever ends the
work on the way leaves the old ones where they are.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import reduce
from hashlib import sha256
from itertools import groupby
from typing import Final, Protocol
from uuid import UUID

import msgspec

from durable import Connection, Row
from incidents.domain import case as rules
from incidents.domain.facts import Recorded
from incidents.domain.intake import IncidentLogged
from incidents.domain.state import Case
from incidents.store import Store
from incidents.views.entries import Entry, put
from incidents.views.live import Views, entries_of, live_set, set_position
from incidents.views.tables import KEYS, SETS, TABLES, Set

AT_ONCE: Final = 500
"""Cases, or events of the log, in one transaction: the live views get their turn in between."""

Progress = Callable[[int, int], None]


class Source(Protocol):
    """Where the views are built from. Each case is given as it stands when it is looked at."""

    def everything(self, store: Store) -> Iterator[list[Entry]]:
        """Yield every case, some at a time."""

    def of(self, store: Store, streams: Collection[UUID]) -> list[Entry]:
        """Return the cases among these streams."""


class States:
    """The state rows, which hold where each case stands."""

    def everything(self, store: Store) -> Iterator[list[Entry]]:
        last: UUID | None = None
        while rows := store.rows_after(last, AT_ONCE):
            yield entries_of(rows)
            last = rows[-1].stream

    def of(self, store: Store, streams: Collection[UUID]) -> list[Entry]:
        return entries_of(store.rows(streams))


class History:
    """The events, replayed from the first to the last of each case."""

    def everything(self, store: Store) -> Iterator[list[Entry]]:
        entries: list[Entry] = []
        for _, events in groupby(store.by_stream(), key=lambda recorded: recorded.stream):
            entries += self._replayed(events)
            if len(entries) >= AT_ONCE:
                yield entries
                entries = []
        yield entries

    def of(self, store: Store, streams: Collection[UUID]) -> list[Entry]:
        return [
            entry
            for stream in sorted(streams)
            for entry in self._replayed(iter(store.history(stream)))
        ]

    def _replayed(self, events: Iterator[Recorded]) -> list[Entry]:
        first = next(events)
        if not isinstance(first.event, IncidentLogged):
            for _ in events:
                pass  # a user's, or a register's
            return []
        begun: Case = rules.evolve(None, first)
        return [Entry.of(reduce(rules.evolve, events, begun))]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What was built: from how many cases, up to which position in the log.

    `same` tells whether the views that were live until then held exactly the same, None if they
    were not as far in the log.
    """

    cases: int
    position: int
    same: bool | None


def rebuild(
    views: Views,
    store: Store,
    source: Source,
    *,
    compare: bool = False,
    progress: Progress = lambda done, total: None,
) -> Rebuilt:
    """Build the views anew from `source`, and put them in place of the live ones.

    Raises `HeldElsewhere` while another process does, and `StoreUnavailable`.
    """
    with views.database.alone("rebuild") as hold:
        with views.database.reading() as connection:
            old = live_set(connection)[0]
        new = SETS[1 - SETS.index(old)]
        _clear(views, new)
        position = store.head()
        cases = _fill(views, store, source, new, position, progress)
        position = _catch_up(views, store, source, new, position)
        hold.check()
        was = _switch(views, store, source, new, position)
        same = None
        if compare and was == views.position():
            same = fingerprint(views, old) == fingerprint(views, new)
        _clear(views, old)
        return Rebuilt(cases, views.position(), same)


def _fill(
    views: Views, store: Store, source: Source, new: Set, position: int, progress: Progress
) -> int:
    done, total = 0, store.count("case")
    for entries in source.everything(store):
        with views.database.writing() as connection:
            put(connection, new, entries)
        done += len(entries)
        progress(done, max(done, total))
    with views.database.writing() as connection:
        set_position(connection, new, position)
    return done


def _catch_up(views: Views, store: Store, source: Source, new: Set, position: int) -> int:
    """Bring the new set nearly to the end of the log; return how far it is."""
    while len(batch := store.log(position, AT_ONCE)) == AT_ONCE:
        entries = source.of(store, {stored.stream for stored in batch})
        position = batch[-1].position
        with views.database.writing() as connection:
            put(connection, new, entries)
            set_position(connection, new, position)
    return position


def _switch(views: Views, store: Store, source: Source, new: Set, position: int) -> int:
    """Bring the new set as far as the live one and make it live; return how far that one was.

    The turn to write is ours: nothing is added to the live one meanwhile.
    """
    with views.database.writing() as connection:
        old, was = live_set(connection)
        batch = store.log(position, AT_ONCE)
        while batch:
            put(connection, new, source.of(store, {stored.stream for stored in batch}))
            position = batch[-1].position
            batch = store.log(position, AT_ONCE) if position < was else []
        set_position(connection, new, position)
        connection.execute("UPDATE followed SET live = 0 WHERE name = ?", (old,))
        connection.execute("UPDATE followed SET live = 1 WHERE name = ?", (new,))
    return was


def _clear(views: Views, of: Set) -> None:
    """Empty a set that is not live."""
    for table in TABLES:
        with views.database.writing() as connection:
            if live_set(connection)[0] == of:
                raise AssertionError("the live views are never emptied")
            clear = "DELETE FROM" if connection.dialect == "sqlite" else "TRUNCATE"
            connection.execute(f"{clear} {table}_{of}")
    with views.database.writing() as connection:
        set_position(connection, of, 0)


def fingerprint(views: Views, of: Set) -> str:
    """Return a SHA-256 over every byte of every row of a set, in the order of their keys."""
    digest = sha256()
    with views.database.snapshot() as connection:
        for table, key in KEYS.items():
            for row in _rows(connection, f"{table}_{of}", key):
                digest.update(msgspec.msgpack.encode(tuple(row)))
            digest.update(table.encode())
    return digest.hexdigest()


def _rows(connection: Connection, table: str, key: str) -> Iterator[Row]:
    yield from connection.stream(f"SELECT * FROM {table} ORDER BY {key}")  # noqa: S608 ours
