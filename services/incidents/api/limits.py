"""Token buckets: so much at once, and so much again every minute."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

_MOST_KEYS: Final = 10_000


class Limiter:
    """One bucket per key, full at first. The bucket used longest ago is forgotten first."""

    def __init__(self, per_minute: int, monotonic: Callable[[], float]) -> None:
        """`monotonic` returns seconds that never go back."""
        self._capacity = float(per_minute)
        self._per_second = per_minute / 60
        self._monotonic = monotonic
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> float:
        """Take one, if there is one left: return 0, or in how many seconds there will be."""
        now = self._monotonic()
        left, at = self._buckets.pop(key, (self._capacity, now))
        left = min(self._capacity, left + (now - at) * self._per_second)
        wait = 0.0 if left >= 1 else (1 - left) / self._per_second
        self._buckets[key] = (left if wait else left - 1, now)
        if len(self._buckets) > _MOST_KEYS:
            self._buckets.popitem(last=False)
        return wait
