"""What is measured: our API, a route that does nothing, and the peers; each filled and served.

A subject lives in a folder of its own (VAR), and in a database of its own where there is a server
for them (DATABASE_URL). All are told the same number of workers.
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec
import psutil

from deploy.ports import LOOPBACK, free_port
from tests.bench import acts
from tests.support.waiting import until

ROOT: Final = Path(__file__).parents[2]
START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 20.0
LOG_TAIL: Final = 4_000
UNLIMITED: Final = str(10**9)
MB: Final = 1024 * 1024
_BIN: Final = Path(sys.executable).parent

Command = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """`fill` is followed by a number of cases; `beside` runs for as long as `serve` does.

    `{port}`, `{workers}` and `{threads}` in a command are filled in. `version` is that of a case
    when it has just been created. `threads` are those of one worker, on SQLite and on PostgreSQL:
    of 4, 8, 16 and 40, those it was fastest with.
    """

    name: str
    title: str
    serve: Command
    fill: Command = ()
    beside: Command = ()
    version: int = 1
    threads: tuple[int, int] = (0, 0)


def _module(*arguments: str) -> Command:
    return (sys.executable, "-m", *arguments)


OURS: Final = Subject(
    name="ours",
    title="Caseward",
    fill=_module("tests.bench.fill"),
    serve=_module("incidents", "serve"),
    beside=_module("tests.bench.follower"),
    version=3,
)
NOOP: Final = Subject(
    name="noop",
    title="a route that does nothing, same server",
    serve=_module("tests.bench.noop"),
)
FASTAPI: Final = Subject(
    name="fastapi",
    title="FastAPI + SQLAlchemy",
    fill=_module("tests.bench.peers.fastapi_fill"),
    serve=(
        *_module("uvicorn", "tests.bench.peers.fastapi_app:app"),
        *("--port", "{port}", "--workers", "{workers}", "--loop", "uvloop"),
        *("--http", "httptools", "--no-access-log", "--log-level", "warning"),
    ),
    threads=(4, 8),
)
DJANGO: Final = Subject(
    name="django",
    title="Django",
    fill=_module("tests.bench.peers.django_app.fill"),
    serve=(
        *_module("gunicorn", "tests.bench.peers.django_app.wsgi:application"),
        *("--bind", "127.0.0.1:{port}", "--workers", "{workers}", "--worker-class", "gthread"),
        *("--threads", "{threads}", "--keep-alive", "75", "--log-level", "warning"),
    ),
    threads=(4, 8),
)
SUBJECTS: Final = {one.name: one for one in (OURS, NOOP, FASTAPI, DJANGO)}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a subject keeps what it keeps, and with how many workers it is served."""

    folder: Path
    database_url: str = ""
    workers: int = 1
    tokens: Mapping[str, str] = field(default_factory=dict)
    cases: Sequence[str] = ()
    """Ids of some of the cases that it was filled with, from the oldest to the newest."""

    def environment(self, subject: Subject, port: int = 0) -> dict[str, str]:
        around = {
            name: value
            for name, value in os.environ.items()
            if name not in ("DATABASE_URL", "NATS_URL", "SMTP_URL")
        }
        around |= {
            "PYTHONPATH": os.pathsep.join((str(ROOT / "services"), str(ROOT))),
            "VAR": str(self.folder),
            "SCHOOL_DIR": str(ROOT / "deploy" / "school"),
            "HOST": LOOPBACK,
            "PORT": str(port),
            "API_WORKERS": str(self.workers),
            "WRITES_PER_MINUTE": UNLIMITED,
        }
        if subject.threads[0]:
            around["THREADS"] = str(subject.threads[bool(self.database_url)])
        if self.database_url:
            around["DATABASE_URL"] = self.database_url
        return around


class Filled(msgspec.Struct, frozen=True):
    """What a program that fills a subject prints: tokens by role, and ids of some of the cases."""

    tokens: dict[str, str]
    cases: list[str]


def fill(subject: Subject, place: Place, cases: int) -> Filled:
    """Make the subject's tables with so many cases in them."""
    if not subject.fill:
        return Filled({acts.REPORTER: "none"}, [])
    around = place.environment(subject)
    said = subprocess.run(
        [*subject.fill, str(cases)], cwd=ROOT, env=around, check=True, stdout=subprocess.PIPE
    )
    return msgspec.json.decode(said.stdout, type=Filled)


class Served:
    """A subject that answers on `port` once it is ready."""

    def __init__(self, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
        self.port = port
        self._process = process
        self._log = log

    def until_ready(self) -> None:
        """Return when it answers. Raises AssertionError when it has ended instead."""
        until(lambda: _answers(self.port, self._process), seconds=START_SECONDS)

    def log_tail(self) -> str:
        """Return what it has written last."""
        return self._log.read_bytes()[-LOG_TAIL:].decode(errors="replace")

    def peak_memory(self) -> float:
        """Return the most memory that one of its processes has taken so far, in MB."""
        root = psutil.Process(self._process.pid)
        return max(_peak(process) for process in (root, *root.children(recursive=True)))


@contextmanager
def served(subject: Subject, place: Place) -> Iterator[Served]:
    """Start to serve the subject; it is stopped when the block ends."""
    port = free_port()
    around = place.environment(subject, port)
    parts = {"port": str(port), "workers": str(place.workers), "threads": around.get("THREADS", "")}
    file = place.folder / f"{subject.name}.log"
    with file.open("ab") as log, ExitStack() as running:
        if subject.beside:
            running.enter_context(_running(subject.beside, around, log.fileno()))
        command = tuple(word.format(**parts) for word in subject.serve)
        process = running.enter_context(_running(command, around, log.fileno()))
        yield Served(port, process, file)


@contextmanager
def _running(
    command: Command, around: Mapping[str, str], log: int
) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command, cwd=ROOT, env=dict(around), stdout=log, stderr=log, process_group=0
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _answers(port: int, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "it ended instead of serving; its log says why"
    try:
        with socket.create_connection((LOOPBACK, port), 5) as asking:
            asking.sendall(b"GET /there-is-nothing HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            return asking.recv(16).startswith(b"HTTP/1.1 ")
    except OSError:
        return False


def _peak(process: psutil.Process) -> float:
    """The high-water mark where the system keeps one, otherwise what it takes now."""
    status = Path(f"/proc/{process.pid}/status")
    if status.exists():
        marks = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
        return int(marks[0].split()[1]) * 1024 / MB
    return float(process.memory_info().rss / MB)
