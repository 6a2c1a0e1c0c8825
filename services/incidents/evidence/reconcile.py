"""The log and the tree side by side: every event against its leaf, every leaf against its event.

Nothing that is read here is believed: rows come as they lie in the files, whatever somebody put
there, and every disagreement becomes a finding that names its place.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from durable import Connection
from durable.schema import Dialect
from incidents.evidence.tree import Frontier, Sequenced
from incidents.evidence.verify import (
    FIRST_VERSION,
    HASH_SIZE,
    NO_PREVIOUS,
    Finding,
    Kind,
    Leaf,
    Malformed,
    event_place,
    leaf_of,
)

# SQLite lets any value lie in any column; PostgreSQL does not.
_LOG: Final[Mapping[Dialect, str]] = {
    "sqlite": """SELECT CASE typeof(id) WHEN 'integer' THEN id END,
    CASE typeof(originator_id) WHEN 'text' THEN CAST(originator_id AS BLOB) END,
    CASE typeof(originator_version) WHEN 'integer' THEN originator_version END,
    CASE typeof(topic) WHEN 'text' THEN CAST(topic AS BLOB) END,
    CASE typeof(state) WHEN 'blob' THEN state END
    FROM stored_events ORDER BY id""",
    "postgresql": """SELECT id, convert_to(originator_id, 'UTF8'), originator_version,
    convert_to(topic, 'UTF8'), state FROM stored_events ORDER BY id""",
}
_LEAVES: Final[Mapping[Dialect, str]] = {
    "sqlite": """SELECT CASE typeof(idx) WHEN 'integer' THEN idx END,
    CASE typeof(position) WHEN 'integer' THEN position END,
    CASE typeof(stream) WHEN 'blob' THEN stream END,
    CASE typeof(version) WHEN 'integer' THEN version END,
    CASE typeof(hash) WHEN 'blob' THEN hash END
    FROM leaves ORDER BY idx""",
    "postgresql": "SELECT idx, position, stream, version, hash FROM leaves ORDER BY idx",
}
_NODE: Final = "SELECT hash FROM nodes WHERE level = ? AND idx = ?"
_COUNT_NODES: Final = "SELECT count(*) FROM nodes"
_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)
MOST_FINDINGS: Final = 1000
"""The most findings that are kept; what is found beyond is counted."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the log as it lies there. None stands for what cannot be what it must be."""

    position: int
    stream: UUID | None
    version: int | None
    topic: str | None
    state: bytes | None

    def leaf(self, previous: bytes) -> Leaf:
        """Return the row's leaf. Raises Malformed."""
        if self.stream is None or self.version is None or self.topic is None or self.state is None:
            raise Malformed("a column of the row is not what the store writes")
        return leaf_of(
            position=self.position,
            stream=self.stream,
            version=self.version,
            topic=self.topic,
            state=self.state,
            previous=previous,
        )

    @property
    def place(self) -> str:
        """Return how a finding names the row."""
        if self.stream is None or self.version is None:
            return f"event at log position {self.position}"
        return event_place(self.position, self.stream, self.version)


@dataclass(slots=True)
class Findings:
    """What was found: the first ones in full, the others counted by kind."""

    kept: list[Finding] = field(default_factory=list)
    more: int = 0
    kinds: set[Kind] = field(default_factory=set)

    def add(self, kind: Kind, place: str, what: object) -> None:
        """Add a finding."""
        self.kinds.add(kind)
        if len(self.kept) < MOST_FINDINGS:
            self.kept.append(Finding(kind, place, str(what)))
        else:
            self.more += 1


@dataclass(slots=True)
class Walk:
    """One pass along the log and the tree.

    The tree is built anew from the stored leaves and, past their end, from the events themselves.
    `roots` holds, for each size asked for, the root and the position of the last event within.
    """

    sizes: Collection[int]
    findings: Findings
    tree_name: str = "evidence.db"
    events: int = 0
    leaves: int = 0
    reached: int = 0
    finished: bool = False
    roots: dict[int, tuple[bytes, int]] = field(default_factory=dict)
    _frontier: Frontier = field(default_factory=Frontier)
    _streams: dict[UUID, tuple[int, bytes]] = field(default_factory=dict)
    _latest: datetime = _EARLIEST
    _nodes: int = 0

    def go(
        self,
        log: Connection,
        evidence: Connection | None,
        progress: Callable[[int], None],
    ) -> None:
        """Walk to the end of both. `progress` is told the number of events seen so far."""
        rows = self._read_log(log)
        leaves = self._read_leaves(evidence) if evidence else iter(())
        row, leaf = next(rows, None), next(leaves, None)
        while row or leaf:
            if leaf is None or (row and row.position < leaf.position):
                assert row is not None
                self._without_leaf(row, still_to_come=leaf is not None)
                row = self._next(rows, progress)
            elif row is None or leaf.position < row.position:
                self._without_event(leaf)
                self._grow(leaf.hash, leaf.position, evidence)
                leaf = next(leaves, None)
            else:
                self._compare(row, leaf)
                self._grow(leaf.hash, leaf.position, evidence)
                row, leaf = self._next(rows, progress), next(leaves, None)
        if evidence and evidence.execute(_COUNT_NODES).fetchone()[0] > self._nodes:
            self.findings.add(Kind.INSERTED, self.tree_name, "it holds nodes that no leaf makes")
        self.finished = True

    def _next(self, rows: Iterator[Row], progress: Callable[[int], None]) -> Row | None:
        self.events += 1
        progress(self.events)
        row = next(rows, None)
        self.reached = row.position if row else self.reached
        return row

    def _compare(self, row: Row, leaf: Sequenced) -> None:
        """Hold an event against the leaf at its position."""
        place = event_place(leaf.position, leaf.stream, leaf.version)
        version, previous = self._streams.get(leaf.stream, (FIRST_VERSION - 1, NO_PREVIOUS))
        if leaf.version != version + 1:
            self.findings.add(Kind.REORDERED, place, f"version {version + 1} should come before it")
        self._streams[leaf.stream] = (leaf.version, leaf.hash)
        if (row.stream, row.version) != (leaf.stream, leaf.version):
            self.findings.add(Kind.CHANGED, place, f"the log now holds there the {row.place}")
            return
        try:
            found = row.leaf(previous)
        except Malformed as error:
            self.findings.add(Kind.CHANGED, place, error)
            return
        if found.hash() != leaf.hash:
            self.findings.add(
                Kind.CHANGED, place, "its bytes or its topic are not those that were sequenced"
            )
            return
        self._check_time(found.recorded_at, place)

    def _without_event(self, leaf: Sequenced) -> None:
        place = event_place(leaf.position, leaf.stream, leaf.version)
        self.findings.add(Kind.DELETED, place, "it was sequenced, and is gone from the log")
        self._streams[leaf.stream] = (leaf.version, leaf.hash)

    def _without_leaf(self, row: Row, *, still_to_come: bool) -> None:
        """Take an event that has no leaf: put in later, or not sequenced yet."""
        if still_to_come:
            self.findings.add(Kind.INSERTED, row.place, "it was put in after later events")
            return
        known = self._streams.get(row.stream) if row.stream else None
        version, previous = known or (FIRST_VERSION - 1, NO_PREVIOUS)
        try:
            leaf = row.leaf(previous)
        except Malformed as error:
            self.findings.add(Kind.CHANGED, row.place, error)
            return
        if leaf.version != version + 1:
            self.findings.add(
                Kind.REORDERED, row.place, f"version {version + 1} should come next in its stream"
            )
        self._streams[leaf.stream] = (leaf.version, leaf.hash())
        self._check_time(leaf.recorded_at, row.place)
        self._grow(leaf.hash(), row.position, None)

    def _check_time(self, recorded_at: str, place: str) -> None:
        try:
            moment = datetime.fromisoformat(recorded_at)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            self.findings.add(Kind.CHANGED, place, "its time of recording is not a time")
        elif moment < self._latest:
            self.findings.add(
                Kind.REORDERED, place, "it says it was recorded before an event ahead of it"
            )
        else:
            self._latest = moment

    def _grow(self, leaf: bytes, position: int, evidence: Connection | None) -> None:
        for level, index, expected in self._frontier.add(leaf):
            if evidence:
                self._check_node(evidence, level, index, expected)
        if self._frontier.size in self.sizes:
            self.roots[self._frontier.size] = (self._frontier.root(), position)

    def _check_node(self, evidence: Connection, level: int, index: int, expected: bytes) -> None:
        row = evidence.execute(_NODE, (level, index)).fetchone()
        place = f"node {index} of level {level} in {self.tree_name}"
        if row is None:
            self.findings.add(Kind.DELETED, place, "it is missing")
            return
        self._nodes += 1
        if row[0] != expected:
            self.findings.add(Kind.CHANGED, place, "it is not what its leaves make")

    def _read_log(self, log: Connection) -> Iterator[Row]:
        """Yield every row of the log in order, those at impossible positions too."""
        for position, stream, version, topic, state in log.stream(_LOG[log.dialect]):
            if position is None:
                place = f"the log after position {self.reached}"
                self.findings.add(Kind.CHANGED, place, "a row has no position")
            else:
                yield Row(position, _uuid(stream), version, _text(topic), state)

    def _read_leaves(self, evidence: Connection) -> Iterator[Sequenced]:
        """Yield the stored leaves that are leaves; report the others."""
        position = 0
        for index, at, stream, version, leaf in evidence.stream(_LEAVES[evidence.dialect]):
            place = f"leaf {self.leaves} in {self.tree_name}"
            if index is None or at is None or version is None:
                self.findings.add(Kind.CHANGED, place, "it is not a leaf")
                continue
            if index != self.leaves:
                self.findings.add(Kind.DELETED, place, f"leaf {index} stands in its place")
            self.leaves = index + 1
            if not _is(stream, 16) or not _is(leaf, HASH_SIZE):
                self.findings.add(Kind.CHANGED, place, "it is not a leaf")
            elif at <= position:
                self.findings.add(Kind.REORDERED, place, "it is not in the order of the log")
            else:
                position = at
                yield Sequenced(index, at, UUID(bytes=stream), version, leaf)


def _uuid(data: bytes | None) -> UUID | None:
    """Return a stream only if it is written as the store writes it: any other form hides it."""
    try:
        text = data.decode("ascii") if data else ""
        stream = UUID(hex=text)
    except ValueError:
        return None
    return stream if stream.hex == text else None


def _text(data: bytes | None) -> str | None:
    try:
        return None if data is None else data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _is(value: object, size: int) -> bool:
    return isinstance(value, bytes) and len(value) == size
