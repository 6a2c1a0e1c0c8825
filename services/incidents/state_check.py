"""Whether each stream's state row is what its history adds up to.

The state row is what people are shown, and it is not in the tree: whoever alters it alters what is
read. So it is worked out anew from the events, which are in the tree.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec

from durable import DatabaseError, Place
from incidents.domain import access_record, case, users
from incidents.domain.facts import Event, Recorded
from incidents.domain.registers import REGISTERS, images
from incidents.domain.state import Case
from incidents.domain.users import Account
from incidents.evidence import Finding, Kind
from incidents.evidence.audit import Progress
from incidents.evidence.verify import event_place, plain
from incidents.store import StateRow, StoreUnavailable, Upcaster
from incidents.store.reader import LogReader
from incidents.store.tables import LOG


class _Stream(NamedTuple):
    """A kind of stream: the events that it may have, and how they add up to its state."""

    events: Mapping[str, type[Event]]
    evolve: Callable[[Any, Recorded], Any]
    decode: Callable[[bytes], Any]


_KINDS: Final[Mapping[str, _Stream]] = {
    "case": _Stream(case.EVENTS, case.evolve, msgspec.json.Decoder(Case).decode),
    "user": _Stream(users.EVENTS, users.evolve, msgspec.json.Decoder(Account).decode),
    **{
        one.kind: _Stream(one.events, one.evolve, msgspec.json.Decoder(one.entry).decode)
        for one in REGISTERS
    },
    access_record.KIND: _Stream(
        access_record.EVENTS,
        access_record.evolve,
        msgspec.json.Decoder(access_record.AccessMonth).decode,
    ),
    images.CHECKS_KIND: _Stream(
        images.CHECKS, images.evolve_checks, msgspec.json.Decoder(images.Checks).decode
    ),
}


def state_rows_agree(
    place: Place,
    events: Mapping[str, type[Event]],
    upcasters: Mapping[tuple[str, int], Upcaster],
    progress: Progress = lambda done, total: None,
) -> Iterator[Finding]:
    """Yield what is wrong with the state rows of the log at `place`, as it was at one moment.

    It may run beside the programs that write it. `progress` is told how many of how many streams
    are done.
    """
    try:
        with LogReader.open(place, events, upcasters) as log:
            streams = log.streams()
            for done, stream in enumerate(streams, 1):
                finding = _compared(stream, log)
                if finding:
                    yield finding
                progress(done, len(streams))
    except (StoreUnavailable, DatabaseError) as reason:
        yield Finding(Kind.UNREADABLE, place.name_of(LOG), str(reason))


def _compared(stream: str, log: LogReader) -> Finding | None:
    try:
        row = log.state(stream)
        kind = _KINDS.get(row.kind) if row else None
        place = f"state row of {row.kind if row and kind else 'stream'} {_name(stream)}"
        if row is None:
            return Finding(Kind.DELETED, place, "it has events and no row")
        if kind is None:
            return Finding(Kind.INSERTED, place, "there is no such kind of stream")
        return _worked_out(row, kind, stream, place, log)
    except DatabaseError:
        raise
    except Exception as reason:
        # The row and the events are whatever somebody put there, and may make anything stumble that
        # was written for what the store puts there. None of it may end the check of the others.
        what = f"it can't be worked out: {type(reason).__name__}"
        return Finding(Kind.CHANGED, f"state row of stream {_name(stream)}", what)


def _worked_out(
    row: StateRow, kind: _Stream, stream: str, place: str, log: LogReader
) -> Finding | None:
    state, version, school = None, 0, row.school
    for stored in log.history(stream):
        try:
            recorded = log.decode(stored)
            state = _evolved(kind, state, recorded)
        except Exception as reason:
            # As above, and here the very event can be named.
            where = event_place(stored.position, stored.stream, stored.version)
            what = f"its stream can't be worked out past it: {type(reason).__name__}"
            return Finding(Kind.CHANGED, where, what)
        version, school = recorded.version, recorded.school
    same = (row.version, row.school) == (version, school) and kind.decode(row.state) == state
    if same:
        return None
    return Finding(Kind.CHANGED, place, "it is not what the stream's events add up to")


def _evolved(kind: _Stream, state: Any, recorded: Recorded) -> Any:
    if recorded.event.TOPIC not in kind.events:
        raise ValueError(f"{recorded.event.TOPIC} does not belong in such a stream")
    return kind.evolve(state, recorded)


def _name(stream: str) -> str:
    """A stream as findings name it everywhere, or as it stands there if it is none of ours."""
    try:
        found = UUID(hex=stream)
    except ValueError:
        return plain(stream)
    return str(found) if found.hex == stream else plain(stream)
