"""Programs that share the store's files with the tests: writers, followers and readers.

Each prints one line per thing done and flushes it, so that a test knows what was acknowledged.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event as Signal
from typing import IO, Final
from uuid import UUID, uuid4

from durable import Place
from incidents.domain.facts import Sealed
from incidents.store import ClockBehind, Store, open_store
from tests.incidents.store.sample import EVENTS, SCHOOL, NoteAdded, claim, fact, row


class Process:
    """One of the programs below, running."""

    def __init__(self, running: subprocess.Popen[str]) -> None:
        assert running.stdin is not None
        assert running.stdout is not None
        self.running = running
        self.input: IO[str] = running.stdin
        self.output: IO[str] = running.stdout

    def line(self) -> str:
        return self.output.readline().rstrip("\n")

    def ask(self) -> str:
        self.input.write("\n")
        self.input.flush()
        return self.line()

    def kill(self) -> list[str]:
        """Kill it as a power cut would and return the lines it had still printed whole."""
        self.running.kill()
        self.running.wait()
        return [line.rstrip("\n") for line in self.output if line.endswith("\n")]


@contextmanager
def process(program: str, place: Place, *arguments: object) -> Iterator[Process]:
    """Run a program of this module until the block ends."""
    where = (str(place.folder), place.url or "")
    command = [sys.executable, "-m", __name__, program, *where, *map(str, arguments)]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": ":".join(path for path in sys.path if path)},
    ) as running:
        yield Process(running)
        running.kill()


def append_for_ever(store: Store) -> None:
    """Append batches of three events, each with a claim of its own; print every receipt."""
    while True:
        case = uuid4()
        for first in range(1, 13, 3):
            versions = range(first, first + 3)
            moment = datetime.now(UTC)
            events = [
                store.seal(fact(NoteAdded(text="x" * 400), case, v, recorded_at=moment))
                for v in versions
            ]
            state = row(case, versions[-1], b"s" * 5000)
            receipts = store.append(events, state=state, claims=[claim(f"{case}/{first}", case)])
            for receipt in receipts:
                _say(case, receipt.position, receipt.version, receipt.sha256)


def append(store: Store, count: str) -> None:
    """Append single events to a case of its own; print each position."""
    case = uuid4()
    for version in range(1, int(count) + 1):
        _say(_append_when_the_clock_allows(store, case, version))


def follow(store: Store, count: str) -> None:
    """Print the position of every event that comes, until so many have been seen."""
    seen = 0
    _say("following")
    for batch in store.follow(0, Signal()):
        for stored in batch:
            _say(stored.position)
        seen += len(batch)
        if seen >= int(count):
            return


def read(store: Store, case: str) -> None:
    """Print the first note of a case each time a line comes in."""
    (recorded, *_) = store.history(UUID(case))
    assert isinstance(recorded.event, NoteAdded)
    assert isinstance(recorded.event.text, Sealed)
    for _line in sys.stdin:
        _say(store.open(recorded.event.text, school=SCHOOL, stream=recorded.stream))


def _append_when_the_clock_allows(store: Store, case: UUID, version: int) -> int:
    while True:
        event = store.seal(
            fact(NoteAdded(text="y" * 50), case, version, recorded_at=datetime.now(UTC))
        )
        try:
            (receipt,) = store.append([event], state=row(case, version))
        except ClockBehind:
            continue  # another writer was quicker: take the time again
        return receipt.position


def _say(*what: object) -> None:
    sys.stdout.write(" ".join(map(str, what)) + "\n")
    sys.stdout.flush()


PROGRAMS: Final[dict[str, Callable[..., None]]] = {
    program.__name__: program for program in (append_for_ever, append, follow, read)
}

if __name__ == "__main__":
    _, program_name, folder, url, *rest = sys.argv
    with open_store(Place(Path(folder), url or None), events=EVENTS) as opened:
        PROGRAMS[program_name](opened, *rest)
