"""A small installation on real files: a log of events, its evidence, and somebody who tampers."""

import json
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event as Signal
from typing import Final
from uuid import UUID, uuid5

from durable import Connection
from durable.database import Cursor
from incidents.evidence.audit import Report, audit
from incidents.evidence.bundle import build_bundle
from incidents.evidence.checkpoint import CheckpointFolder, SigningKey
from incidents.evidence.sequencer import Sequencer
from incidents.evidence.tree import TREE, Tree
from incidents.evidence.verify import PublicKey
from incidents.store.records import Stored
from incidents.store.tables import LOG
from tests.support.kept import kept_at, tampering

LOG_NAME = "caseward.example/test"
SCHOOL = "hillviewprimary"
FIRST_MOMENT = datetime(2026, 11, 2, 8, 30, tzinfo=UTC)
_EVENTS: Final = "SELECT id, originator_id, originator_version, topic, state FROM stored_events "
CASES = tuple(uuid5(UUID(int=0), f"case {n}") for n in range(4))

_WORDS: Final = (
    (re.compile(r"zeroblob\((\d+)\)"), r"decode(repeat('00', \1), 'hex')"),
    (re.compile(r"CAST\(replace\(state, (.*?)\) AS BLOB\)"),
     r"convert_to(replace(convert_from(state, 'UTF8'), \1), 'UTF8')"),
    (re.compile(r"UPDATE sqlite_sequence SET seq = (\d+)"),
     r"SELECT setval('stored_events_id_seq', \1)"),
    (re.compile(r"CAST\('\{\}' AS BLOB\)"), "convert_to('{}', 'UTF8')"),
    (re.compile(r"PRAGMA .*"), "SELECT 1"),
)  # fmt: skip
"""What is called otherwise in PostgreSQL."""


class Installation:
    """What one installation keeps under `var` or at `url`, and its log as the sequencer sees it."""

    def __init__(self, var: Path, url: str | None = None) -> None:
        self.var = var
        self.folder = CheckpointFolder(var / "checkpoints")
        var.mkdir(exist_ok=True)
        self.place = kept_at(var, url)
        self._database = self.place.open(LOG)
        self._trees: list[Tree] = []

    def close(self) -> None:
        self._database.close()
        for tree in self._trees:
            tree.close()

    # the log

    def head(self) -> int:
        with self._database.reading() as connection:
            return _head(connection)

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

    def _select(self, condition: str, *values: object) -> list[Stored]:
        with self._database.reading() as connection:
            rows = connection.execute(_EVENTS + condition, values).fetchall()
        return [Stored(i, UUID(stream), version, topic, s) for i, stream, version, topic, s in rows]

    # what people do

    def record(self, *cases: UUID) -> None:
        """Append one event to each of `cases`, in this order and in one transaction."""
        with self._database.writing() as connection:
            for case in cases:
                (count,) = connection.execute(
                    "SELECT count(*) FROM stored_events WHERE originator_id = ?", (case.hex,)
                ).fetchone()
                state = self.state(_head(connection) + 1)
                connection.execute(
                    "INSERT INTO stored_events (originator_id, originator_version, topic, state) "
                    "VALUES (?, ?, ?, ?)",
                    (case.hex, count + 1, "incidents.note_added", state),
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
        self._trees.append(Tree(self.place))
        return self._trees[-1]

    def catch_up(self) -> int:
        return self.sequencer().catch_up()

    def audit(self, kept: Sequence[Path] = (), keys: Sequence[PublicKey] = ()) -> Report:
        return audit(self.place, kept=kept, keys=keys)

    def bundle(
        self, case: UUID, *, since: Sequence[int] = (), history: bytes | None = None
    ) -> bytes:
        return build_bundle(
            self.stored(case), tree=self.tree(), folder=self.folder, since=since, history=history
        )

    # what somebody does who can write the files

    @contextmanager
    def tampering(self, name: str = "events.db") -> Iterator["Attacker"]:
        schema = {"events.db": LOG, "evidence.db": TREE}[name]
        with tampering(self.place, schema) as connection:
            yield Attacker(connection)

    def forget_evidence(self) -> None:
        """Delete the tree, as before making it anew from a log that was tampered with."""
        if self.place.in_files:
            for path in self.var.glob("evidence.db*"):
                path.unlink()
            return
        with self.tampering("evidence.db") as attacker:
            attacker.execute("DELETE FROM leaves")
            attacker.execute("DELETE FROM nodes")


class Attacker:
    """Somebody who writes what he likes, in SQLite's words."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def execute(self, statement: str, values: Sequence[object] = ()) -> Cursor:
        if self._connection.dialect == "postgresql":
            for word, other in _WORDS:
                statement = word.sub(other, statement)
        return self._connection.execute(statement, values)


def _head(connection: Connection) -> int:
    (head,) = connection.execute("SELECT coalesce(max(id), 0) FROM stored_events").fetchone()
    return int(head)


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
