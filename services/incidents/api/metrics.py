"""What the API counts about itself, in Prometheus' text format: routes and statuses, no people.

Where several processes answer, each counts for itself, and each says what all of them have counted:
once a second every one leaves its numbers in a file beside the others'. A series names its worker,
so that it begins at 0 again only when that one does.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Final

import msgspec

METHODS: Final = frozenset({"GET", "HEAD", "POST", "DELETE", "OPTIONS"})
MEDIA_TYPE: Final = "text/plain; version=0.0.4"
LEAVE_SECONDS: Final = 1.0


class Answered(msgspec.Struct, frozen=True, array_like=True, order=True):
    """How often a route was answered with a status, and how long all of that took."""

    method: str
    route: str
    status: int
    number: int
    seconds: float


class Counted(msgspec.Struct, frozen=True, array_like=True):
    """What one worker has counted since it began."""

    worker: int
    answered: tuple[Answered, ...]
    waiting: int
    """Requests that wait to be recorded, at this moment."""


_DECODE: Final = msgspec.json.Decoder(Counted)


class Metrics:
    """Requests and their time by route template. Safe to share between threads."""

    def __init__(self, worker: int, waiting: Callable[[], int]) -> None:
        """`worker` numbers this process among those that answer, from 1."""
        self.worker = worker
        self._waiting = waiting
        self._lock = Lock()
        self._number: Counter[tuple[str, str, int]] = Counter()
        self._seconds: dict[tuple[str, str, int], float] = {}

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request. Methods of a client's own invention share one name."""
        key = (method if method in METHODS else "other", route, status)
        with self._lock:
            self._number[key] += 1
            self._seconds[key] = self._seconds.get(key, 0.0) + seconds

    def counted(self) -> Counted:
        """Return what was counted so far."""
        with self._lock:
            answered = [Answered(*key, n, self._seconds[key]) for key, n in self._number.items()]
        return Counted(self.worker, tuple(sorted(answered)), self._waiting())


class Shelf:
    """Where workers leave their numbers for each other: a file for each in one folder."""

    def __init__(self, folder: Path, workers: int) -> None:
        self._folder = folder
        self._workers = workers

    async def keep(self, metrics: Metrics) -> None:
        """Leave these numbers whenever they have changed, until cancelled."""
        left = None
        await asyncio.to_thread(self._folder.mkdir, parents=True, exist_ok=True)
        while True:
            if (counted := metrics.counted()) != left:
                # Where there is no room for numbers, what was left before stays.
                with suppress(OSError):
                    await asyncio.to_thread(self._leave, counted)
                    left = counted
            await asyncio.sleep(LEAVE_SECONDS)

    def others(self, worker: int) -> Iterator[Counted]:
        """Yield what the other workers have left."""
        for number in range(1, self._workers + 1):
            if number != worker and self._file(number).exists():
                yield _DECODE.decode(self._file(number).read_bytes())

    def _leave(self, counted: Counted) -> None:
        unfinished = self._file(counted.worker).with_suffix(".new")
        unfinished.write_bytes(msgspec.json.encode(counted))
        unfinished.replace(self._file(counted.worker))

    def _file(self, worker: int) -> Path:
        return self._folder / f"api-{worker}.json"


def lines(counted: Sequence[Counted]) -> Iterator[str]:
    """Yield what these workers have counted."""
    yield from _family("caseward_requests_total", "counter", "Requests answered.")
    for one in counted:
        for a in one.answered:
            labels = f'method="{a.method}",route="{a.route}",status="{a.status}"'
            yield f'caseward_requests_total{{{labels},worker="{one.worker}"}} {a.number}'
    yield from _family("caseward_request_seconds", "summary", "Time to the end of the answer.")
    for one in counted:
        for (method, route), (seconds, number) in _by_route(one.answered).items():
            labels = f'method="{method}",route="{route}",worker="{one.worker}"'
            yield f"caseward_request_seconds_sum{{{labels}}} {seconds:.6f}"
            yield f"caseward_request_seconds_count{{{labels}}} {number}"
    yield from gauge(
        "caseward_writes_waiting",
        "Requests that wait to be recorded.",
        ((f'worker="{one.worker}"', one.waiting) for one in counted),
    )


def gauge(name: str, help_text: str, values: Iterable[tuple[str, int]]) -> Iterator[str]:
    """Yield a gauge; each value comes with its labels (`name="value"`, or nothing)."""
    yield from _family(name, "gauge", help_text)
    for labels, value in values:
        yield f"{name}{{{labels}}} {int(value)}" if labels else f"{name} {int(value)}"


def _family(name: str, kind: str, help_text: str) -> Iterator[str]:
    yield f"# HELP {name} {help_text}"
    yield f"# TYPE {name} {kind}"


def _by_route(answered: Iterable[Answered]) -> dict[tuple[str, str], tuple[float, int]]:
    found: dict[tuple[str, str], tuple[float, int]] = {}
    for one in answered:
        seconds, number = found.get((one.method, one.route), (0.0, 0))
        found[one.method, one.route] = (seconds + one.seconds, number + one.number)
    return found
