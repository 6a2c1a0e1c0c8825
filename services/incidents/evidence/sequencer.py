"""The sequencer: follows the log, gives every event its leaf in order, and signs checkpoints.

Writers of events know nothing of it. It may stop or be killed at any point and goes on where the
tree ends; several may run, and the tree comes out the same. It refuses to go on when the log no
longer agrees with what it has sequenced: what was proved once is never proved differently.
"""

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event as Signal
from typing import Final, Protocol

from incidents.evidence.alarm import EvidenceAlarm
from incidents.evidence.checkpoint import CheckpointFolder, SignedCheckpoint, SigningKey
from incidents.evidence.tree import Sequenced, Tree, View
from incidents.evidence.verify import (
    FIRST_VERSION,
    NO_PREVIOUS,
    Checkpoint,
    Leaf,
    Malformed,
    event_place,
    leaf_of,
)
from incidents.store.records import Stored

LOG: Final = logging.getLogger(__name__)
BATCH: Final = 500
"""The most leaves in one transaction."""


class Log(Protocol):
    """What the sequencer asks of the store."""

    def head(self) -> int:
        """Return the last position of the log, 0 when it is empty."""
        ...

    def log(self, after: int, limit: int) -> list[Stored]:
        """Return up to `limit` events after a position, in the order of the log."""
        ...

    def follow(self, after: int, stop: Signal, limit: int = BATCH) -> Iterator[list[Stored]]:
        """Yield what comes after a position, as it is committed, until `stop` is set."""
        ...


class Sequencer:
    """Turns the log into the tree and the tree into checkpoints."""

    def __init__(
        self,
        log: Log,
        tree: Tree,
        folder: CheckpointFolder,
        key: SigningKey,
        *,
        interval: float = 1.0,
    ) -> None:
        """Sign at most every `interval` seconds. Raises KeyUnusable if `key` is not this log's."""
        self._log = log
        self._tree = tree
        self._folder = folder
        self._key = key
        self._interval = interval
        folder.publish(key.public)

    def run(self, stop: Signal) -> None:
        """Follow the log until `stop` is set, signing as the tree grows; sign once more at the end.

        Raises EvidenceAlarm when history disagrees with its evidence, StoreUnavailable, and
        OSError when a checkpoint cannot be written. Started again, it goes on where it stopped.
        """
        halt = Signal()
        try:
            self.check_resumption()
            with ThreadPoolExecutor(1, "sequencer") as pool:
                following = pool.submit(self._follow, halt)
                try:
                    while not (following.done() or stop.wait(self._interval)):
                        self.sign()
                finally:
                    halt.set()
            following.result()
            self.sign()
        except EvidenceAlarm as alarm:
            LOG.critical("evidence alarm: %s", alarm)
            raise

    def catch_up(self) -> int:
        """Sequence and sign everything that is in the log now; return the size of the tree."""
        self.check_resumption()
        while batch := self._read(self._tree.reached(), BATCH):
            self.take(batch)
        self.sign()
        return self._tree.size()

    def take(self, events: Sequence[Stored]) -> None:
        """Give events of the log their leaves. What was sequenced before must be the same again.

        One batch or many, the tree is the same. Raises EvidenceAlarm.
        """
        for start in range(0, len(events), BATCH):
            with self._tree.growing() as growth:
                last = growth.last()
                reached = last.position if last else 0
                for event in events[start : start + BATCH]:
                    if event.position <= reached:
                        _expect_the_same(growth, event)
                    else:
                        leaf = _next_leaf(growth, event)
                        growth.add(event.position, event.stream, event.version, leaf.hash())

    def sign(self) -> SignedCheckpoint | None:
        """Sign and keep a checkpoint if the tree has grown; return it, or None.

        Raises EvidenceAlarm rather than sign a tree that does not continue the one signed last.
        """
        with self._tree.reading() as view:
            size, last = view.size(), self._last_signed()
            if last and size < last.size:
                self._expect_more(view, last)
                return None
            if last and view.root(last.size) != last.root:
                raise EvidenceAlarm(
                    f"the first {last.size} events of the log",
                    "the tree has another root than the checkpoint that was signed for them",
                )
            if size == (last.size if last else 0):
                return None
            checkpoint = Checkpoint(self._key.public.name, size, view.root(size))
        signed = SignedCheckpoint(checkpoint, self._key.sign(checkpoint))
        self._folder.keep(signed)
        return signed

    def check_resumption(self) -> None:
        """Check that the log still holds what was sequenced last. Raises EvidenceAlarm."""
        with self._tree.reading() as view:
            known = view.from_index(max(0, view.size() - BATCH))
            if not known:
                return
            events = self._read(known[0].position - 1, len(known))
            for leaf, event in zip(known, events, strict=False):
                if leaf.position < event.position:
                    raise EvidenceAlarm(_place_of(leaf), "the log no longer holds it")
                _expect_the_same(view, event)
            if len(events) < len(known):
                raise EvidenceAlarm(_place_of(known[len(events)]), "the log no longer holds it")

    def _follow(self, halt: Signal) -> None:
        batches = self._log.follow(self._tree.reached(), halt, BATCH)
        while True:
            with _alarm_if_unreadable(self._tree.reached()):
                batch = next(batches, None)
            if batch is None:
                return
            self.take(batch)

    def _read(self, after: int, limit: int) -> list[Stored]:
        with _alarm_if_unreadable(after):
            return self._log.log(after, limit)

    def _last_signed(self) -> Checkpoint | None:
        try:
            signed = self._folder.latest()
        except Malformed as error:
            raise EvidenceAlarm("checkpoint latest.txt", str(error)) from error
        return signed.checkpoint if signed else None

    def _expect_more(self, view: View, signed: Checkpoint) -> None:
        """Allow a tree smaller than its checkpoint only while it is being built again."""
        last = view.last()
        if (last.position if last else 0) >= self._log.head():
            raise EvidenceAlarm(
                f"the end of the log, after {view.size()} events",
                f"a checkpoint was signed for {signed.size}: the others are gone",
            )


@contextmanager
def _alarm_if_unreadable(after: int) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        # The store reads ids and numbers only as it writes them.
        place = f"the log after position {after}"
        raise EvidenceAlarm(place, "a row there is not one the store wrote") from error


def _next_leaf(view: View, event: Stored) -> Leaf:
    """Return the leaf of an event that comes next in its stream. Raises EvidenceAlarm."""
    before = view.last_of(event.stream)
    expected = before.version + 1 if before else FIRST_VERSION
    if event.version != expected:
        raise EvidenceAlarm(_place_of(event), f"version {expected} should come next")
    return _leaf(event, before)


def _expect_the_same(view: View, event: Stored) -> None:
    """Check an event that was sequenced before against its leaf. Raises EvidenceAlarm."""
    known = view.at(event.position)
    if known is None:
        raise EvidenceAlarm(_place_of(event), "it was put into the log behind the sequencer")
    before = view.of(known.stream, known.version - 1)
    if (event.stream, event.version) != (known.stream, known.version) or _leaf(
        event, before
    ).hash() != known.hash:
        raise EvidenceAlarm(_place_of(known), "the log holds something else than was sequenced")


def _leaf(event: Stored, before: Sequenced | None) -> Leaf:
    try:
        return leaf_of(
            position=event.position,
            stream=event.stream,
            version=event.version,
            topic=event.topic,
            state=event.state,
            previous=before.hash if before else NO_PREVIOUS,
        )
    except Malformed as error:
        raise EvidenceAlarm(_place_of(event), str(error)) from error


def _place_of(event: Stored | Sequenced) -> str:
    return event_place(event.position, event.stream, event.version)
