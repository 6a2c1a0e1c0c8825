"""What the store costs beside raw SQL with the same bytes and the same durability.

Run it with `services` and the repository's root on PYTHONPATH: `python -m tests.bench.store`. One
JSON line per figure; a ratio is the median over rounds in which the store and raw SQL take turns.
"""

import json
import sqlite3
import sys
from collections.abc import Callable, Sequence
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
from tests.incidents.store.sample import EVENTS, NoteAdded, fact

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


def report(name: str, turns: Callable[[], Turns], against: str, bar: float) -> bool:
    """Measure, print one line, and say whether the bar holds."""
    ratio = round(median(_ratio(turns()) for _ in range(ROUNDS)), 3)
    holds = ratio <= bar
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
        held = [
            report("append to a 20-event case", sealed, same, 2.0),
            report("seal and append to a 20-event case", plain, same, 2.0),
            report("load a 200-event case", loads, "raw SELECT of its events", 1.0),
        ]
        raw.connection.close()
    return 0 if all(held) else 1


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
