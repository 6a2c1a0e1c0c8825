"""The case bundle: everything about one case that an auditor needs to check it away from here.

A zip, stored without compression: the same case at the same checkpoint gives the same bytes. What
is in it, and what each file looks like, stands in `verify.py`, which is in it too.
"""

import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from incidents.evidence import verify
from incidents.evidence.checkpoint import CheckpointFolder, SignedCheckpoint
from incidents.evidence.proofs import NotYetCovered, prove_consistency, prove_event
from incidents.evidence.tree import Tree
from incidents.store.records import Stored

_READ_ME: Final = Path(__file__).with_name("bundle_readme.txt")
_MOMENT: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest time a zip can say: a bundle has no time of its own."""


class BundleTooLarge(Exception):
    """The case is too large for one bundle."""

    def __init__(self) -> None:
        super().__init__(
            f"The bundle would be larger than {verify.MAX_BUNDLE} bytes or hold more than "
            f"{verify.MAX_FILES} files. Leave out the readable history, or ask for fewer versions."
        )


def build_bundle(
    events: Sequence[Stored],
    *,
    tree: Tree,
    folder: CheckpointFolder,
    since: Iterable[int] = (),
    history: bytes | None = None,
) -> bytes:
    """Return the bundle of a case: `events` are all it has, or its first ones, in order.

    `since` are sizes of checkpoints the reader may have kept: the bundle proves that the log
    continues each that is not larger than its own. `history` is the opened history as JSON, for
    people to read. Raises NotYetCovered if no checkpoint vouches for the last event,
    EvidenceAlarm if an event has no place in the tree, Malformed if the folder's own checkpoint
    is damaged, and BundleTooLarge.
    """
    if not events:
        raise ValueError("A bundle needs at least one event.")
    signed = folder.latest()
    if signed is None:
        raise NotYetCovered(events[-1].position)
    if any(len(event.state) > verify.MAX_EVENT for event in events):
        raise BundleTooLarge
    files = dict(_papers(events, folder, signed))
    files.update(_events(events, tree, signed.checkpoint.size))
    for first in since:
        if 0 < first < signed.checkpoint.size:
            proof = prove_consistency(tree, first, signed.checkpoint.size)
            files[verify.consistency_file(first)] = msgspec.json.encode(proof)
    if history is not None:
        files[verify.HISTORY] = history
    return _archive(files)


def _papers(
    events: Sequence[Stored], folder: CheckpointFolder, signed: SignedCheckpoint
) -> Iterator[tuple[str, bytes]]:
    key = str(folder.key())
    header = {
        "format": verify.BUNDLE_FORMAT,
        "case": str(events[0].stream),
        "last_version": events[-1].version,
    }
    words = {
        "{case}": str(events[0].stream),
        "{events}": str(len(events)),
        "{size}": str(signed.checkpoint.size),
        "{key}": key,
    }
    text = _READ_ME.read_text("utf-8")
    for mark, word in words.items():
        text = text.replace(mark, word)
    yield verify.README, text.encode()
    yield verify.HEADER, msgspec.json.encode(header)
    yield verify.CHECKPOINT, signed.note
    yield verify.KEY, f"{key}\n".encode()
    yield verify.VERIFIER, Path(verify.__file__).read_bytes()


def _events(events: Sequence[Stored], tree: Tree, size: int) -> Iterator[tuple[str, bytes]]:
    with tree.reading() as view:
        for event in events:
            proof = msgspec.json.encode(prove_event(view, event, size))
            yield verify.event_file(event.version), event.state
            yield verify.proof_file(event.version), proof


def _archive(files: dict[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files.items():
            member = zipfile.ZipInfo(name, _MOMENT)
            member.create_system = 3  # or the bytes would depend on the machine
            member.external_attr = 0o644 << 16
            archive.writestr(member, data)
    if written.tell() > verify.MAX_BUNDLE or len(files) > verify.MAX_FILES:
        raise BundleTooLarge
    return written.getvalue()
