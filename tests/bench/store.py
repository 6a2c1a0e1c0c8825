"""What the store costs beside raw SQL with the same bytes and the same durability.

Run it with `services` and the repository's root on PYTHONPATH: `python -m tests.bench.store`. One
JSON line per figure; a ratio is the median over rounds in which the store and raw SQL take turns.
"""

import asyncio
import json
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final
from uuid import UUID, uuid4

from durable import Place
from incidents.domain.facts import Recorded
from incidents.store import StateRow, Store, Stored, open_store
from tests.bench import together
from tests.incidents.store.sample import EVENTS, NoteAdded, fact
from tests.support.kept import kept_at
from tests.support.postgres import PostgresServer

ROUNDS: Final = 7
CASES: Final = 250
LOADS: Final = 300
STATE: Final = b'{"stage":"assessing","texts":["%s"]}' % (b"x" * 3000)
WORDS: Final = "A parent wrote on a public page that the class teacher should be sorted out. " * 4

_RAW_SCHEMA: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    """CREATE TABLE stored_events (id INTEGER PRIMARY KEY AUTOINCREMENT, originator_id TEXT,
        originator_version INTEGER, topic TEXT, state BLOB,
        UNIQUE (originator_id, originator_version))""",
    """CREATE TABLE states (stream TEXT PRIMARY KEY, school TEXT, kind TEXT, version INTEGER,
        state BLOB)""",
)

Turns = list[tuple[Callable[[], object], Callable[[], object]]]
"""What the store and raw SQL do in turns: the same work, once by each."""


class Raw:
    """The same bytes by hand: one transaction of two prepared statements, and nothing else."""

    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None, cached_statements=128)
        for statement in _RAW_SCHEMA:
            self.connection.execute(statement)

    def append(self, events: Sequence[Stored], state: StateRow) -> None:
        run = self.connection.execute
        run("BEGIN IMMEDIATE")
        for event in events:
            run(
                "INSERT INTO stored_events (originator_id, originator_version, topic, state) "
                "VALUES (?, ?, ?, ?)",
                (event.stream.hex, event.version, event.topic, event.state),
            )
        run(
            "INSERT INTO states VALUES (?, ?, ?, ?, ?) ON CONFLICT (stream) DO UPDATE "
            "SET version = excluded.version, state = excluded.state",
            (state.stream.hex, state.school, state.kind, state.version, state.state),
        )
        run("COMMIT")

    def events(self, stream: UUID) -> list[tuple[int, str, bytes]]:
        return self.connection.execute(
            "SELECT originator_version, topic, state FROM stored_events "
            "WHERE originator_id = ? ORDER BY originator_version",
            (stream.hex,),
        ).fetchall()


def appending(store: Store, raw: Raw, *, seal: bool) -> Turns:
    """Event 21 of CASES cases that have 20; with `seal`, its words are sealed on the way."""
    turns: Turns = []
    for _ in range(CASES):
        *history, due = _case(21)
        _append_to_both(store, raw, list(map(store.seal, history)))
        if not seal:
            due = store.seal(due)
        # Event 20 stands in for what the raw side writes: the same bytes but for ids and salt.
        same = replace(store.stored(due.stream)[-1], version=21)
        turns.append(
            (partial(_seal_and_append, store, due), partial(raw.append, [same], _row(due)))
        )
    return turns


def loading(store: Store, raw: Raw, stream: UUID) -> Turns:
    """The state row of a case; all events of the same case."""
    return [(partial(store.state, stream), partial(raw.events, stream))] * LOADS


def replaying(store: Store, raw: Raw, stream: UUID) -> Turns:
    """Every fact of a case, ready to add up; the rows they lie in."""
    return [(partial(store.history, stream), partial(raw.events, stream))] * LOADS


def replaying_beside_json(store: Store, raw: Raw, stream: UUID) -> Turns:
    """Every fact of a case, ready to add up; the rows they lie in, each read as JSON."""

    def read() -> list[object]:
        return [json.loads(state) for _, _, state in raw.events(stream)]

    return [(partial(store.history, stream), read)] * LOADS


def asking(store: Store, raw: together.Raw, loop: asyncio.AbstractEventLoop) -> Turns:
    """AT_ONCE coroutines, each of which records one event after another in new streams."""
    turns: Turns = []
    for _ in range(ROUNDS):
        requests = [
            [_request(store) for _ in range(together.TIMES)] for _ in range(together.AT_ONCE)
        ]
        like = store.log(0, 1)[0]
        turns.append(
            (
                partial(_asked, store, requests, loop),
                partial(together.recorded_raw, raw, requests, like),
            )
        )
    return turns


def _asked(
    store: Store, requests: Sequence[Sequence[together.Asking]], loop: asyncio.AbstractEventLoop
) -> None:
    loop.run_until_complete(together.asked(store, requests))


def _request(store: Store) -> together.Asking:
    (sealed,) = map(store.seal, _case(1))
    return together.Asking(sealed, _row(sealed))


def report_speed(name: str, turns: Callable[[], Turns], against: str, bar: float) -> bool:
    """The same for a speed: how many times as fast ours was, which is less than 1."""
    ratio = round(median(1 / _ratio(turns()) for _ in range(ROUNDS)), 3)
    return _say(name, ratio, against, bar, holds=ratio >= bar)


def report(name: str, turns: Callable[[], Turns], against: str, bar: float) -> bool:
    """Measure, print one line, and say whether the bar holds."""
    ratio = round(median(_ratio(turns()) for _ in range(ROUNDS)), 3)
    return _say(name, ratio, against, bar, holds=ratio <= bar)


def _say(name: str, ratio: float, against: str, bar: float, *, holds: bool) -> bool:
    line = {"name": name, "ratio": ratio, "against": against, "bar": bar, "holds": holds}
    sys.stdout.write(json.dumps(line) + "\n")
    return holds


def main(folder: Path) -> int:
    """Return 0 when every bar holds."""
    with open_store(Place(folder / "var"), events=EVENTS) as store:
        raw = Raw(folder / "raw.db")
        case = list(map(store.seal, _case(200)))
        _append_to_both(store, raw, case)
        same = "raw SQL, same bytes and durability"
        plain = partial(appending, store, raw, seal=True)
        sealed = partial(appending, store, raw, seal=False)
        loads = partial(loading, store, raw, case[0].stream)
        replays = partial(replaying, store, raw, case[0].stream)
        beside = partial(replaying_beside_json, store, raw, case[0].stream)
        held = [
            report("append to a 20-event case", sealed, same, 1.5),
            report("seal and append to a 20-event case", plain, same, 2.0),
            report("load a 200-event case", loads, "raw SELECT of its events", 0.5),
            report("replay a 200-event case", replays, "raw SELECT of its events", 2.5),
            report("replay a 200-event case", beside, "raw SELECT and json.loads of each", 2.5),
        ]
        raw.connection.close()
    return 0 if all([*held, *_many_at_once(folder)]) else 1


def _many_at_once(folder: Path) -> Iterator[bool]:
    against = f"raw SQL, {together.AT_ONCE} in each transaction, same bytes and durability"
    name = f"speed of {together.AT_ONCE} coroutines that record, "
    loop = asyncio.new_event_loop()
    with closing(loop), open_store(Place(folder / "many"), events=EVENTS) as store:
        file = together.RawSqlite(folder / "many.db", _RAW_SCHEMA)
        _record_one(store)
        turns = partial(asking, store, file, loop)
        yield report_speed(name + "SQLite", turns, against, 0.35)
    with closing(asyncio.new_event_loop()) as loop, PostgresServer() as server:
        place = kept_at(folder / "server", server.url())
        with (
            open_store(place, events=EVENTS) as store,
            closing(together.RawPostgres(server.url())) as raw,
        ):
            _record_one(store)
            turns = partial(asking, store, raw, loop)
            yield report_speed(name + "PostgreSQL", turns, against, 0.5)


def _record_one(store: Store) -> None:
    """Something to take the bytes from that the raw side writes."""
    store.write(_request(store))


def _case(events: int) -> list[Recorded]:
    case = uuid4()
    moment = fact(NoteAdded(text=""), case).recorded_at
    return [
        fact(NoteAdded(text=WORDS), case, version, recorded_at=moment)
        for version in range(1, events + 1)
    ]


def _append_to_both(store: Store, raw: Raw, events: Sequence[Recorded]) -> None:
    store.append(events, state=_row(events[-1]))
    raw.append(store.stored(events[0].stream), _row(events[-1]))


def _row(recorded: Recorded) -> StateRow:
    return StateRow(recorded.stream, recorded.school, "case", recorded.version, STATE)


def _seal_and_append(store: Store, due: Recorded) -> None:
    store.append([store.seal(due)], state=_row(due))


def _ratio(turns: Turns) -> float:
    ours = theirs = 0.0
    for mine, other in turns:
        ours += _seconds(mine)
        theirs += _seconds(other)
    return ours / theirs


def _seconds(action: Callable[[], object]) -> float:
    begun = perf_counter()
    action()
    return perf_counter() - begun


if __name__ == "__main__":
    with TemporaryDirectory(dir=".") as here:
        sys.exit(main(Path(here)))
