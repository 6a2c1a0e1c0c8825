"""A small installation on real files: a log of events, its evidence, and somebody who tampers."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event as Signal
from uuid import UUID, uuid5

from durable import Place
from incidents.evidence.audit import Report, audit
from incidents.evidence.bundle import build_bundle
from incidents.evidence.checkpoint import CheckpointFolder, SigningKey
from incidents.evidence.sequencer import Sequencer
from incidents.evidence.tree import Tree
from incidents.evidence.verify import PublicKey
from incidents.store.records import Stored

LOG_NAME = "caseward.example/test"
SCHOOL = "hillviewprimary"
FIRST_MOMENT = datetime(2026, 11, 2, 8, 30, tzinfo=UTC)
CASES = tuple(uuid5(UUID(int=0), f"case {n}") for n in range(4))

SCHEMA = """
CREATE TABLE IF NOT EXISTS stored_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    originator_id TEXT NOT NULL,
    originator_version INTEGER NOT NULL,
    topic TEXT NOT NULL,
    state BLOB NOT NULL,
    UNIQUE (originator_id, originator_version));
CREATE TRIGGER IF NOT EXISTS never_changed BEFORE UPDATE ON stored_events
    BEGIN SELECT RAISE(ABORT, 'a recorded event is never changed'); END;
CREATE TRIGGER IF NOT EXISTS never_deleted BEFORE DELETE ON stored_events
    BEGIN SELECT RAISE(ABORT, 'a recorded event is never deleted'); END;
"""


class Installation:
    """The files of one installation under `var`, and its log as the sequencer sees it."""

    def __init__(self, var: Path) -> None:
        self.var = var
        self.folder = CheckpointFolder(var / "checkpoints")
        var.mkdir(exist_ok=True)
        self._connection = sqlite3.connect(var / "events.db", check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.executescript(SCHEMA)

    def close(self) -> None:
        self._connection.close()

    # the log

    def head(self) -> int:
        (head,) = self._connection.execute(
            "SELECT coalesce(max(id), 0) FROM stored_events"
        ).fetchone()
        return int(head)

    def log(self, after: int, limit: int) -> list[Stored]:
        return self._select("WHERE id > ? ORDER BY id LIMIT ?", after, limit)

    def follow(self, after: int, stop: Signal, limit: int = 500) -> Iterator[list[Stored]]:
        while not stop.is_set():
            if batch := self.log(after, limit):
                after = batch[-1].position
                yield batch
            stop.wait(0.01)

    def stored(self, case: UUID) -> list[Stored]:
        return self._select("WHERE originator_id = ? ORDER BY originator_version", case.hex)

    def _select(self, condition: str, *parameters: object) -> list[Stored]:
        rows = self._connection.execute(
            "SELECT id, originator_id, originator_version, topic, state FROM stored_events "
            + condition,
            parameters,
        )
        return [Stored(i, UUID(stream), version, topic, s) for i, stream, version, topic, s in rows]

    # what people do

    def record(self, *cases: UUID) -> None:
        """Append one event to each of `cases`, in this order and in one transaction."""
        with self._connection:
            for case in cases:
                version = len(self.stored(case)) + 1
                self._connection.execute(
                    "INSERT INTO stored_events (originator_id, originator_version, topic, state) "
                    "VALUES (?, ?, ?, ?)",
                    (case.hex, version, "incidents.note_added", self.state(self.head() + 1)),
                )

    def state(self, number: int, school: str = SCHOOL) -> bytes:
        """Return stored bytes in the store's layout, different for every number."""
        moment = (FIRST_MOMENT + timedelta(seconds=number)).isoformat().replace("+00:00", "Z")
        stored = {
            "schema": 1,
            "salt": f"{number:022d}==",
            "event_id": str(uuid5(UUID(int=1), str(number))),
            "school": school,
            "recorded_at": moment,
            "occurred_at": moment,
            "data": {"note": f"the class teacher rang, call {number}"},
        }
        return json.dumps(stored).encode()

    def key(self) -> SigningKey:
        return SigningKey.load_or_create(self.var / "keys" / "checkpoint.key", LOG_NAME)

    def sequencer(self) -> Sequencer:
        return Sequencer(self, self.tree(), self.folder, self.key())

    def tree(self) -> Tree:
        return Tree(Place(self.var))

    def catch_up(self) -> int:
        return self.sequencer().catch_up()

    def audit(self, kept: Sequence[Path] = (), keys: Sequence[PublicKey] = ()) -> Report:
        return audit(Place(self.var), kept=kept, keys=keys)

    def bundle(
        self, case: UUID, *, since: Sequence[int] = (), history: bytes | None = None
    ) -> bytes:
        return build_bundle(
            self.stored(case), tree=self.tree(), folder=self.folder, since=since, history=history
        )

    # what somebody does who can write the files

    def tampering(self, name: str = "events.db") -> AbstractContextManager[sqlite3.Connection]:
        return opened(self.var / name)

    def forget_evidence(self) -> None:
        """Delete the tree, as before making it anew from a log that was tampered with."""
        for path in self.var.glob("evidence.db*"):
            path.unlink()


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Give a connection on which nothing stops anybody, and commit what was done on it."""
    with closing(sqlite3.connect(path)) as connection, connection:
        triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (trigger,) in triggers.fetchall():
            connection.execute(f"DROP TRIGGER {trigger}")
        yield connection


def flip(data: bytes, at: int, bit: int = 0) -> bytes:
    """Return `data` with one bit of one byte turned over."""
    changed = bytearray(data)
    changed[at] ^= 1 << bit
    return bytes(changed)
