"""What the API counts about itself, in Prometheus' text format: routes and statuses, no people."""

from collections import Counter
from collections.abc import Iterable, Iterator
from threading import Lock
from typing import Final

METHODS: Final = frozenset({"GET", "HEAD", "POST", "DELETE", "OPTIONS"})
MEDIA_TYPE: Final = "text/plain; version=0.0.4"


class Metrics:
    """Requests and their time by route template. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._answered: Counter[tuple[str, str, int]] = Counter()
        self._seconds: dict[tuple[str, str], float] = {}

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request. Methods of a client's own invention share one name."""
        method = method if method in METHODS else "other"
        with self._lock:
            self._answered[method, route, status] += 1
            self._seconds[method, route] = self._seconds.get((method, route), 0.0) + seconds

    def lines(self) -> Iterator[str]:
        with self._lock:
            answered, seconds = sorted(self._answered.items()), sorted(self._seconds.items())
        yield from _family("caseward_requests_total", "counter", "Requests answered.")
        for (method, route, status), number in answered:
            labels = f'method="{method}",route="{route}",status="{status}"'
            yield f"caseward_requests_total{{{labels}}} {number}"
        yield from _family("caseward_request_seconds", "summary", "Time to the end of the answer.")
        totals = _totals(answered)
        for (method, route), spent in seconds:
            labels = f'method="{method}",route="{route}"'
            yield f"caseward_request_seconds_sum{{{labels}}} {spent:.6f}"
            yield f"caseward_request_seconds_count{{{labels}}} {totals[method, route]}"


def gauge(name: str, help_text: str, values: Iterable[tuple[str, int]]) -> Iterator[str]:
    """Yield a gauge; each value comes with its labels (`name="value"`, or nothing)."""
    yield from _family(name, "gauge", help_text)
    for labels, value in values:
        yield f"{name}{{{labels}}} {int(value)}" if labels else f"{name} {int(value)}"


def _family(name: str, kind: str, help_text: str) -> Iterator[str]:
    yield f"# HELP {name} {help_text}"
    yield f"# TYPE {name} {kind}"


def _totals(answered: Iterable[tuple[tuple[str, str, int], int]]) -> Counter[tuple[str, str]]:
    totals: Counter[tuple[str, str]] = Counter()
    for (method, route, _), number in answered:
        totals[method, route] += number
    return totals
