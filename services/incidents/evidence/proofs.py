"""Proofs as data: that an event is in the log, and that the log only grew.

The same objects answer `GET /api/audit/proof` and lie in a bundle; `verify.py` reads them.
"""

from uuid import UUID

import msgspec

from incidents.evidence.alarm import EvidenceAlarm
from incidents.evidence.tree import Sequenced, Tree, View
from incidents.evidence.verify import NO_PREVIOUS, Malformed, b64, event_place, leaf_of, unb64
from incidents.store.records import Stored


class NotYetCovered(Exception):
    """The event is recorded, but the checkpoint does not reach it yet: ask again."""

    def __init__(self, position: int) -> None:
        super().__init__(
            f"No checkpoint covers log position {position} yet. Try again in a few seconds; if it "
            "lasts, check that the worker is running."
        )
        self.position = position


class EventProof(msgspec.Struct, frozen=True, kw_only=True):
    """What an event's stored bytes do not say: its place in the tree, and the hashes that prove it.

    `previous` is the leaf hash of the event before it in its stream. Hashes are in base64.
    """

    index: int
    position: int
    version: int
    topic: str
    previous: str
    proof: tuple[str, ...]


class InclusionProof(msgspec.Struct, frozen=True, kw_only=True):
    """All that is needed to check a receipt against the checkpoint of size `size`.

    The leaf is made of the fields of `event` and these; `state_sha256` (hex) is the receipt's.
    """

    size: int
    school: str
    stream: UUID
    recorded_at: str
    state_sha256: str
    leaf_hash: str
    event: EventProof


class ConsistencyProof(msgspec.Struct, frozen=True, kw_only=True):
    """The hashes that prove the log of size `second` to only add to the one of size `first`."""

    first: int
    second: int
    proof: tuple[str, ...]


def prove_inclusion(tree: Tree, event: Stored, size: int) -> InclusionProof:
    """Prove that an event is among the first `size` of the log.

    Raises NotYetCovered if it was recorded after them, and EvidenceAlarm if it is not what was
    sequenced.
    """
    with tree.reading() as view:
        known = _sequenced(view, event, size)
        proof = prove_event(view, event, size)
    place = event_place(event.position, event.stream, event.version)
    try:
        leaf = leaf_of(
            position=event.position,
            stream=event.stream,
            version=event.version,
            topic=event.topic,
            state=event.state,
            previous=unb64(proof.previous, "the previous leaf"),
        )
    except Malformed as error:
        raise EvidenceAlarm(place, str(error)) from error
    if leaf.hash() != known.hash:
        raise EvidenceAlarm(place, "the log holds something else than was sequenced")
    return InclusionProof(
        size=size,
        school=leaf.school,
        stream=leaf.stream,
        recorded_at=leaf.recorded_at,
        state_sha256=leaf.state_hash.hex(),
        leaf_hash=b64(known.hash),
        event=proof,
    )


def prove_event(view: View, event: Stored, size: int) -> EventProof:
    """Prove one event of a bundle. Raises NotYetCovered, and EvidenceAlarm if it has no leaf."""
    known = _sequenced(view, event, size)
    before = view.of(event.stream, event.version - 1)
    return EventProof(
        index=known.index,
        position=event.position,
        version=event.version,
        topic=event.topic,
        previous=b64(before.hash if before else NO_PREVIOUS),
        proof=tuple(map(b64, view.inclusion(known.index, size))),
    )


def prove_consistency(tree: Tree, first: int, second: int) -> ConsistencyProof:
    """Prove that the log only grew. Raises ValueError unless 0 <= first <= second <= its size."""
    hashes = tree.consistency(first, second)
    return ConsistencyProof(first=first, second=second, proof=tuple(map(b64, hashes)))


def _sequenced(view: View, event: Stored, size: int) -> Sequenced:
    known, last = view.at(event.position), view.last()
    if known is None and last and event.position < last.position:
        raise EvidenceAlarm(
            event_place(event.position, event.stream, event.version),
            "it was put into the log behind the sequencer",
        )
    if known is None or known.index >= size:
        raise NotYetCovered(event.position)
    return known
