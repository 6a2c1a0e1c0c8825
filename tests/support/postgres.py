"""A real PostgreSQL server, in a folder of its own, that a test may stop, kill and start."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self
from urllib.parse import quote

import psutil
import psycopg

from deploy.ports import LOOPBACK, free_port
from tests.support.postgres_binaries import account, usable_by
from tests.support.waiting import until

START_SECONDS: Final = 30.0
SUPERUSER: Final = "postgres"
APPLICATION: Final = "caseward"  # may not do what a superuser may: owns its databases, no more

# `smart` waits for clients to go, `fast` sends them away, `immediate` ends without a checkpoint.
Stop = Literal["smart", "fast", "immediate"]
_SIGNALS: Final[dict[Stop, signal.Signals]] = {
    "smart": signal.SIGTERM,
    "fast": signal.SIGINT,
    "immediate": signal.SIGQUIT,
}


class PostgresServer:
    """Runs while entered, on the same port and data however often it is stopped and started.

    Listens on a loopback port and on a Unix socket, and asks for no password. With `fsync=False`
    it is faster and what it has committed would not survive a power cut.
    """

    def __init__(self, *, fsync: bool = True) -> None:
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="caseward-pg-"))
        self._fsync = fsync
        self._account = account()
        self._process: subprocess.Popen[bytes] | None = None
        self._made = False

    @property
    def log(self) -> str:
        """What the server has written so far."""
        return (self.folder / "postgres.log").read_text("utf-8", "replace")

    def url(
        self, database: str = "postgres", *, role: str = SUPERUSER, socket: bool = False
    ) -> str:
        """Return where `role` finds the database: on the loopback port, or through the socket."""
        if socket:
            host = quote(str(self.folder), safe="")
            return f"postgresql://{role}@/{database}?host={host}&port={self.port}"
        return f"postgresql://{role}@{LOOPBACK}:{self.port}/{database}"

    def start(self) -> None:
        """Return when the server answers queries. Raises AssertionError when it does not."""
        assert self._process is None, "the server runs already"
        first = not self._made
        if first:
            self._make()
        fsync = "on" if self._fsync else "off"
        # A group of its own: Ctrl-C ends the tests, and they end the server.
        self._process = self._popen(
            "postgres",
            *("-D", self.folder / "data", "-k", self.folder, "-p", str(self.port)),
            *(
                "-c",
                f"listen_addresses={LOOPBACK}",
                "-c",
                f"fsync={fsync}",
            ),
        )
        self.await_answer()
        if first:
            with psycopg.connect(self.url(), autocommit=True) as connection:
                connection.execute(f"create role {APPLICATION} login")

    def await_answer(self) -> None:
        """Return when the server answers, for one that comes back by itself as after a crash."""

        def answers() -> bool:
            assert self._process, "the server has been stopped"
            assert self._process.poll() is None, f"postgres ended:\n{self.log}"
            try:
                psycopg.connect(self.url(), connect_timeout=5).close()
            except psycopg.OperationalError:
                return False
            return True

        until(answers, seconds=START_SECONDS)

    def stop(self, how: Stop = "fast") -> None:
        """Ask the server to end and return when it has. Does nothing when it does not run."""
        if self._process:
            self._process.send_signal(_SIGNALS[how])
            self._wait()

    def kill(self) -> None:
        """End the server and what serves its clients without warning, as a power cut would."""
        if self._process:
            children = psutil.Process(self._process.pid).children()
            self._process.kill()
            _kill(children)
            self._wait()

    def kill_children(self) -> None:
        """Kill what serves the clients. The server then recovers by itself; see `await_answer`."""
        assert self._process, "the server does not run"
        _kill(psutil.Process(self._process.pid).children())

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """While the block lasts nothing of the server runs; its connections stay as they are."""
        assert self._process, "the server does not run"
        parent = psutil.Process(self._process.pid)
        parent.suspend()
        still = [parent, *parent.children()]
        for process in still:
            process.suspend()
        try:
            yield
        finally:
            for process in still:
                process.resume()

    def _make(self) -> None:
        if self._account:
            os.chown(self.folder, self._account.user, self._account.group)
        self._programs = usable_by(self._account, self.folder)
        code = self._popen(
            "initdb",
            *("-D", self.folder / "data", "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8"),
            *("--locale=C", "--no-sync"),
        ).wait(START_SECONDS)
        assert code == 0, f"initdb failed:\n{self.log}"
        self._made = True

    def _popen(self, program: str, *arguments: str | Path) -> subprocess.Popen[bytes]:
        with (self.folder / "postgres.log").open("ab") as log:
            return subprocess.Popen(
                [self._programs / program, *arguments],
                user=self._account.user if self._account else None,
                group=self._account.group if self._account else None,
                extra_groups=[] if self._account else None,
                process_group=0,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _wait(self) -> None:
        assert self._process
        try:
            self._process.wait(START_SECONDS)
        finally:
            self._process = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        try:
            self.stop("immediate")  # what it would still write is thrown away the next moment
        finally:
            shutil.rmtree(self.folder)


def _kill(processes: list[psutil.Process]) -> None:
    for process in processes:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue  # it ended before we came to it, which is what we want
    psutil.wait_procs(processes, timeout=START_SECONDS)
