"""Where time, ids and chance come from. Everything else is handed them."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from threading import local
from time import time_ns
from typing import Final
from uuid import UUID

Clock = Callable[[], datetime]
"""Returns the present moment, aware and in UTC."""
NewId = Callable[[], UUID]
Random = Callable[[int], bytes]
"""Returns so many unpredictable bytes."""

_MARKS: Final = 7 << 76 | 0b10 << 62
"""Where a UUID says its version and its variant."""
_CHANCE: Final = ~(0xF << 76 | 0b11 << 62) & ((1 << 80) - 1)
_BUFFER: Final = 4096


class _Chance(local):
    """The system's chance, fetched a page at a time: a request takes some dozens of bytes of it.

    No two threads take from the same page, and a forked process does not go on with its parent's.
    """

    page = b""
    taken = 0

    def bytes(self, count: int) -> bytes:
        end = self.taken + count
        if end > len(self.page):
            if count > _BUFFER:
                return os.urandom(count)
            self.page, self.taken, end = os.urandom(_BUFFER), 0, count
        found = self.page[self.taken : end]
        self.taken = end
        return found

    def forget(self) -> None:
        self.page, self.taken = b"", 0


_chance: Final = _Chance()
os.register_at_fork(after_in_child=_chance.forget)
chance: Final[Random] = _chance.bytes


def now() -> datetime:
    return datetime.now(UTC)


def time_ordered_id() -> UUID:
    """Return a UUIDv7 (RFC 9562): ids made one after the other lie together in an index."""
    millis = time_ns() // 1_000_000
    return UUID(int=millis << 80 | int.from_bytes(chance(10)) & _CHANCE | _MARKS)
