"""Where time, ids and chance come from. Everything else is handed them."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from time import time_ns
from typing import Final
from uuid import UUID

Clock = Callable[[], datetime]
"""Returns the present moment, aware and in UTC."""
NewId = Callable[[], UUID]
Random = Callable[[int], bytes]
"""Returns so many unpredictable bytes."""

_VERSION_7: Final = 7
_VARIANT: Final = 0b10


def now() -> datetime:
    return datetime.now(UTC)


def time_ordered_id() -> UUID:
    """Return a UUIDv7 (RFC 9562): ids made one after the other lie together in an index."""
    millis = time_ns() // 1_000_000
    chance = int.from_bytes(os.urandom(10))
    high = chance >> 68
    low = chance & ((1 << 62) - 1)
    return UUID(int=millis << 80 | _VERSION_7 << 76 | high << 64 | _VARIANT << 62 | low)
