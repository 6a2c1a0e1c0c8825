"""Whether every file that the history cites is still kept, and is what was recorded of it.

The tree holds events, and events hold only the SHA-256 of a file: whoever deletes or alters the
file leaves the tree as it was. So each file is opened again under the key of its case, and hashed.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple
from uuid import UUID

from durable import DatabaseError, Place
from incidents.domain.facts import Event
from incidents.domain.letters import LetterRendered
from incidents.domain.moderation import EvidenceCaptured
from incidents.evidence.verify import Finding, Kind
from incidents.store.blobs import BlobReader, count_kept
from incidents.store.errors import (
    BlobAltered,
    BlobErased,
    BlobGone,
    CannotOpen,
    MasterKeyUnusable,
    StoreUnavailable,
    UnknownTopic,
    UnreadableEvent,
)
from incidents.store.key_reader import KeyReader
from incidents.store.mapper import Upcaster
from incidents.store.reader import LogReader

_CITING: Final = (EvidenceCaptured.TOPIC, LetterRendered.TOPIC)
_MEANS: Final[Mapping[type[Exception], Kind]] = {
    BlobGone: Kind.ABSENT,
    BlobAltered: Kind.CHANGED,
    CannotOpen: Kind.UNREADABLE,
    MasterKeyUnusable: Kind.UNREADABLE,
    StoreUnavailable: Kind.UNREADABLE,
    # The event names a school or a hash that cannot be one.
    ValueError: Kind.CHANGED,
}


class Cited(NamedTuple):
    """A file that an event cites: `item` is the evidence or the letter, and whose."""

    item: str
    school: str
    stream: UUID
    sha256: str

    @property
    def place(self) -> str:
        """Return how a finding names it."""
        return f"{self.item} of case {self.stream}"


def can_be_opened(place: Place) -> bool:
    """Whether the keys are there. Without them files can be counted, not opened."""
    keys = not place.in_files or (place.folder / "keys.db").is_file()
    return keys and _master_key(place).is_file()


def kept_files_agree(
    place: Place,
    events: Mapping[str, type[Event]],
    upcasters: Mapping[tuple[str, int], Upcaster],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[Finding]:
    """Yield what is wrong with the kept files of the installation at `place`.

    Where the keys are, each file is opened and hashed, and one whose key was destroyed is no fault.
    Elsewhere the files of each case are counted. `progress` is told how many of how many are done.
    """
    try:
        with ExitStack() as stack:
            log = stack.enter_context(LogReader.open(place, events, upcasters))
            blobs = _blobs(place, stack) if can_be_opened(place) else None
            cited = _cited(log, progress)
            folder = place.folder / "blobs"
            yield from _opened(cited, blobs) if blobs else _counted(cited, folder)
    except (StoreUnavailable, MasterKeyUnusable, DatabaseError) as reason:
        yield Finding(Kind.UNREADABLE, "the kept files", str(reason))


def _blobs(place: Place, stack: ExitStack) -> BlobReader:
    keys = KeyReader(place, _master_key(place))
    stack.callback(keys.close)
    return BlobReader(place.folder / "blobs", keys)


def _master_key(place: Place) -> Path:
    return place.folder / "keys" / "master.key"


def _cited(log: LogReader, progress: Callable[[int, int], None]) -> Iterator[Cited | Finding]:
    """Yield what the log cites, and a finding for each event that does not say what it cites."""
    positions = log.positions(_CITING)
    for done, position in enumerate(positions, 1):
        try:
            recorded = log.decode(log.event(position))
        except (UnknownTopic, UnreadableEvent, ValueError) as reason:
            what = f"what it cites can't be read: {type(reason).__name__}"
            yield Finding(Kind.UNREADABLE, f"event at log position {position}", what)
        else:
            item, digest = _item(recorded.event)
            yield Cited(item, recorded.school, recorded.stream, digest)
        progress(done, len(positions))


def _item(event: Event) -> tuple[str, str]:
    if isinstance(event, EvidenceCaptured):
        return f"evidence {event.evidence}", event.sha256
    assert isinstance(event, LetterRendered)
    return f"letter {event.letter_id}", event.document


def _opened(cited: Iterator[Cited | Finding], blobs: BlobReader) -> Iterator[Finding]:
    for each in cited:
        if isinstance(each, Finding):
            yield each
            continue
        try:
            content = blobs.read(each.school, each.stream, each.sha256)
        except BlobErased:
            continue
        except tuple(_MEANS) as reason:
            kind = next(kind for error, kind in _MEANS.items() if isinstance(reason, error))
            yield Finding(kind, each.place, str(reason))
        else:
            if sha256(content).hexdigest() != each.sha256:
                yield Finding(Kind.CHANGED, each.place, "the file is not the one recorded")


def _counted(cited: Iterator[Cited | Finding], folder: Path) -> Iterator[Finding]:
    """Without its key nobody can tell which file is which: so many must be there in each case."""
    cases: dict[tuple[str, UUID], dict[str, str]] = {}
    for each in cited:
        if isinstance(each, Finding):
            yield each
        else:
            cases.setdefault((each.school, each.stream), {})[each.sha256] = each.item
    for (school, stream), items in cases.items():
        place = f"kept files of case {stream}"
        try:
            there = count_kept(folder, school, stream)
        except (StoreUnavailable, ValueError) as reason:
            yield Finding(_MEANS[type(reason)], place, str(reason))
            continue
        if there < len(items):
            what = f"{there} of {len(items)} are there, for: {', '.join(items.values())}"
            yield Finding(Kind.ABSENT, place, what)
