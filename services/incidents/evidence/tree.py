"""The append-only tree over the log, kept in `evidence.db`: its leaves, nodes, roots and proofs.

A leaf per event in the order of the log, and the hash of every complete subtree (RFC 9162, 2.1).
Rows are only ever added. Leaves, their nodes and the position the sequencer has reached (that of
the last leaf) are written in one transaction, so that none can be there without the others and no
event can be sequenced twice.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from durable import Connection, Place, Row, Schema, only
from incidents.evidence.alarm import EvidenceAlarm
from incidents.evidence.verify import EMPTY_ROOT, node_hash

TREE: Final = Schema(
    "evidence",
    (
        """CREATE TABLE IF NOT EXISTS leaves (
        idx INTEGER PRIMARY KEY,
        position INTEGER NOT NULL UNIQUE,
        stream BLOB NOT NULL CHECK (length(stream) = 16),
        version INTEGER NOT NULL,
        hash BLOB NOT NULL CHECK (length(hash) = 32),
        UNIQUE (stream, version))""",
        """CREATE TABLE IF NOT EXISTS nodes (
        level INTEGER NOT NULL,
        idx INTEGER NOT NULL,
        hash BLOB NOT NULL CHECK (length(hash) = 32),
        PRIMARY KEY (level, idx)) WITHOUT ROWID""",
        *only(
            "sqlite",
            *(
                f"""CREATE TRIGGER IF NOT EXISTS {table}_refuse_{action} BEFORE {action} ON {table}
            BEGIN SELECT RAISE(ABORT, 'the tree is only ever added to'); END"""
                for table in ("leaves", "nodes")
                for action in ("update", "delete")
            ),
            # INSERT OR REPLACE deletes without asking those.
            """CREATE TRIGGER IF NOT EXISTS leaves_refuse_replace BEFORE INSERT ON leaves
        WHEN EXISTS (SELECT 1 FROM leaves WHERE idx = NEW.idx)
        BEGIN SELECT RAISE(ABORT, 'the tree is only ever added to'); END""",
            """CREATE TRIGGER IF NOT EXISTS nodes_refuse_replace BEFORE INSERT ON nodes
        WHEN EXISTS (SELECT 1 FROM nodes WHERE level = NEW.level AND idx = NEW.idx)
        BEGIN SELECT RAISE(ABORT, 'the tree is only ever added to'); END""",
        ),
        *only(
            "postgresql",
            """CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            RAISE EXCEPTION 'the tree is only ever added to'
                USING ERRCODE = 'integrity_constraint_violation'; END $$""",
            *(
                f"""CREATE TRIGGER {table}_refuse_{action} BEFORE {action} ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"""
                for table in ("leaves", "nodes")
                for action in ("update", "delete", "truncate")
            ),
        ),
    ),
    grants={"leaves": "SELECT, INSERT", "nodes": "SELECT, INSERT"},
)
LEAF: Final = "SELECT idx, position, stream, version, hash FROM leaves "
LEAF_HASH: Final = "SELECT hash FROM leaves WHERE idx = ?"
NODE_HASH: Final = "SELECT hash FROM nodes WHERE level = ? AND idx = ?"


@dataclass(frozen=True, slots=True)
class Sequenced:
    """One event's place in the tree: the `index` of its leaf, and the leaf's hash."""

    index: int
    position: int
    stream: UUID
    version: int
    hash: bytes


class Frontier:
    """The right edge of a tree: enough to add leaves to it and to know its root.

    `peaks` are the roots of the complete subtrees that make up a tree of `size` leaves, largest
    first: one for every bit that is set in `size`.
    """

    def __init__(self, size: int = 0, peaks: list[bytes] | None = None) -> None:
        self.size = size
        self._peaks = peaks or []

    def add(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Add a leaf hash and return the nodes it completes as (level, index, hash)."""
        completed = []
        level, index, found = 0, self.size, leaf
        while index & 1:
            found = node_hash(self._peaks.pop(), found)
            level, index = level + 1, index >> 1
            completed.append((level, index, found))
        self._peaks.append(found)
        self.size += 1
        return completed

    def root(self) -> bytes:
        """Return the root hash."""
        if not self._peaks:
            return EMPTY_ROOT
        found = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            found = node_hash(peak, found)
        return found


class Tree:
    """The tree of one installation. Safe to share between threads and processes.

    Every method raises StoreUnavailable when the file cannot be read or written, and EvidenceAlarm
    when it lacks a row that must be there.
    """

    def __init__(self, place: Place) -> None:
        """Open the tree that is kept at `place`."""
        # FULL is not needed: what a power cut takes is sequenced again, with the same hashes.
        self._database = place.open(TREE, synchronous="NORMAL")

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    @contextmanager
    def growing(self) -> Iterator["Growth"]:
        """Add leaves, all of them or, when the block raises, none."""
        with self._database.writing() as connection:
            yield Growth(connection)

    @contextmanager
    def reading(self) -> Iterator["View"]:
        """See the tree at one moment."""
        with self._database.snapshot() as connection:
            yield View(connection)

    def size(self) -> int:
        """Return the number of leaves."""
        with self.reading() as view:
            return view.size()

    def reached(self) -> int:
        """Return the position in the log of the last leaf, 0 when there is none."""
        with self.reading() as view:
            last = view.last()
        return last.position if last else 0

    def root(self, size: int) -> bytes:
        """Return the root hash of the first `size` leaves."""
        with self.reading() as view:
            return view.root(size)

    def inclusion(self, index: int, size: int) -> tuple[bytes, ...]:
        """Return the proof that a leaf is in the tree of `size` leaves (RFC 9162, 2.1.3.1)."""
        with self.reading() as view:
            return view.inclusion(index, size)

    def consistency(self, first: int, second: int) -> tuple[bytes, ...]:
        """Return the proof that the second tree only adds to the first (RFC 9162, 2.1.4.1)."""
        with self.reading() as view:
            return view.consistency(first, second)


class View:
    """What can be asked of a tree on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def size(self) -> int:
        """Return the number of leaves."""
        last = self.last()
        return 0 if last is None else last.index + 1

    def last(self) -> Sequenced | None:
        """Return the last leaf: how far the log is sequenced."""
        return self._one("ORDER BY idx DESC LIMIT 1")

    def at(self, position: int) -> Sequenced | None:
        """Return the leaf of the event at a position of the log."""
        return self._one("WHERE position = ?", position)

    def last_of(self, stream: UUID) -> Sequenced | None:
        """Return the last leaf of a stream."""
        return self._one("WHERE stream = ? ORDER BY version DESC LIMIT 1", stream.bytes)

    def of(self, stream: UUID, version: int) -> Sequenced | None:
        """Return the leaf of one version of a stream."""
        return self._one("WHERE stream = ? AND version = ?", stream.bytes, version)

    def from_index(self, index: int) -> list[Sequenced]:
        """Return the leaves from `index` to the last."""
        rows = self._connection.execute(LEAF + "WHERE idx >= ? ORDER BY idx", (index,))
        return [sequenced(row) for row in rows]

    def root(self, size: int) -> bytes:
        """Return the root hash of the first `size` leaves."""
        _within(size, self.size())
        return self._range(0, size) if size else EMPTY_ROOT

    def inclusion(self, index: int, size: int) -> tuple[bytes, ...]:
        """Return the proof that a leaf is in the tree of `size` leaves (RFC 9162, 2.1.3.1)."""
        _within(size, self.size())
        _within(index, size - 1)
        proof: list[bytes] = []
        low, high = 0, size
        while high - low > 1:
            middle = low + _left(high - low)
            if index < middle:
                proof.append(self._range(middle, high))
                high = middle
            else:
                proof.append(self._range(low, middle))
                low = middle
        return tuple(reversed(proof))

    def consistency(self, first: int, second: int) -> tuple[bytes, ...]:
        """Return the proof that the second tree only adds to the first (RFC 9162, 2.1.4.1)."""
        _within(second, self.size())
        _within(first, second)
        if first in (0, second):
            return ()
        proof: list[bytes] = []
        low, high = 0, second
        while first != high:
            middle = low + _left(high - low)
            if first <= middle:
                proof.append(self._range(middle, high))
                high = middle
            else:
                proof.append(self._range(low, middle))
                low = middle
        if low:
            proof.append(self._range(low, high))
        return tuple(reversed(proof))

    def _range(self, low: int, high: int) -> bytes:
        """Return the root of the leaves from `low` to before `high`; a subtree begins at `low`."""
        width = high - low
        if width & (width - 1) == 0:
            level = width.bit_length() - 1
            return self._node(level, low >> level)
        middle = low + _left(width)
        return node_hash(self._range(low, middle), self._range(middle, high))

    def _node(self, level: int, index: int) -> bytes:
        statement = NODE_HASH if level else LEAF_HASH
        parameters = (level, index) if level else (index,)
        row = self._connection.execute(statement, parameters).fetchone()
        if row is None:
            raise EvidenceAlarm(f"node {index} of level {level} in evidence.db", "it is missing")
        return bytes(row[0])

    def _one(self, condition: str, *parameters: object) -> Sequenced | None:
        row = self._connection.execute(LEAF + condition, parameters).fetchone()
        return None if row is None else sequenced(row)


class Growth(View):
    """A tree that is being added to, in one transaction."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        size = self.size()
        self._frontier = Frontier(size, list(self._peaks(size)))

    def add(self, position: int, stream: UUID, version: int, leaf: bytes) -> None:
        """Add a leaf hash and every node it completes. Raises IntegrityError if it is there."""
        self._connection.execute(
            "INSERT INTO leaves (idx, position, stream, version, hash) VALUES (?, ?, ?, ?, ?)",
            (self._frontier.size, position, stream.bytes, version, leaf),
        )
        self._connection.executemany(
            "INSERT INTO nodes (level, idx, hash) VALUES (?, ?, ?)", self._frontier.add(leaf)
        )

    def _peaks(self, size: int) -> Iterator[bytes]:
        for level in reversed(range(size.bit_length())):
            if size >> level & 1:
                yield self._node(level, (size >> level) - 1)


def sequenced(row: Row) -> Sequenced:
    """Return a row of `LEAF` as what it stands for."""
    index, position, stream, version, leaf = row
    return Sequenced(index, position, UUID(bytes=stream), version, bytes(leaf))


def _left(width: int) -> int:
    """Return how many of `width` leaves stand left of the root: the largest smaller power of 2."""
    return 1 << (width - 1).bit_length() - 1


def _within(number: int, limit: int) -> None:
    if not 0 <= number <= limit:
        raise ValueError(f"{number} is beyond the tree, which ends at {limit}")
