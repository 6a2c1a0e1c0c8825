"""Whether each stream's state row is what its history adds up to.

The state row is what people are shown, and it is not in the tree: whoever alters it alters what is
read. So it is worked out anew from the events, which are in the tree.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import reduce
from pathlib import Path
from typing import Any, Final

import msgspec

from incidents.domain import case, users
from incidents.domain.facts import Event, Recorded
from incidents.domain.state import Case
from incidents.domain.users import Account
from incidents.evidence import Finding, Kind
from incidents.store import StateRow, StoreUnavailable, UnknownTopic, UnreadableEvent
from incidents.store.reader import LogReader


def _account(history: Iterable[Recorded]) -> Account | None:
    return reduce(users.evolve, history, None)


_KINDS: Final[Mapping[str, tuple[Any, msgspec.json.Decoder[Any]]]] = {
    "case": (case.replay, msgspec.json.Decoder(Case)),
    "user": (_account, msgspec.json.Decoder(Account)),
}


def state_rows_agree(path: Path, events: Mapping[str, type[Event]]) -> Iterator[Finding]:
    """Yield what is wrong with the state rows of an events.db."""
    try:
        reader = LogReader(path, events)
        for row in reader.states():
            yield from _compared(row, reader)
        for stream in reader.without_state():
            yield Finding(Kind.DELETED, f"state row of stream {stream}", "it has events and no row")
        reader.close()
    except StoreUnavailable as reason:
        yield Finding(Kind.UNREADABLE, str(path), str(reason))


def _compared(row: StateRow, reader: LogReader) -> Iterator[Finding]:
    place = f"state row of {row.kind} {row.stream}"
    replay, decoder = _KINDS.get(row.kind, (None, None))
    if replay is None or decoder is None:
        yield Finding(Kind.INSERTED, place, "there is no such kind of stream")
        return
    try:
        history = reader.history(row.stream)
        same = bool(history) and decoder.decode(row.state) == replay(history)
    except (msgspec.DecodeError, ValueError, UnknownTopic, UnreadableEvent) as reason:
        yield Finding(Kind.CHANGED, place, f"it can't be worked out: {type(reason).__name__}")
        return
    if not same or row.version != len(history) or row.school != history[0].school:
        yield Finding(Kind.CHANGED, place, "it is not what the stream's events add up to")
