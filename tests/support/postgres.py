"""A real PostgreSQL: a throwaway server that a test may stop and kill, and databases of one test.

`TEST_DATABASE_URL` may name a server that runs already, with a role that may create databases.
Without it a server is made from the programs of the machine or of a wheel.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self
from urllib.parse import quote, urlsplit

import psutil
import psycopg
from psycopg import sql

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


class Databases:
    """Makes databases for one test each, on the server that `url` names."""

    def __init__(self, url: str, *, owner: str | None = None) -> None:
        """`url`'s role must be allowed to create databases; they belong to `owner` or to it."""
        self._url = url
        self._owner = owner

    @contextmanager
    def fresh(self, *, synchronous: bool = True) -> Iterator[str]:
        """Make an empty database, give its URL, and drop it together with who is still in it.

        With `synchronous=False` a commit returns before it is on the disk: faster, for tests of
        what is stored, not of whether it lasts.
        """
        name = f"caseward_{uuid.uuid4().hex}"
        quoted = sql.Identifier(name)
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(sql.SQL("create database {} template template0").format(quoted))
            if not synchronous:
                connection.execute(
                    sql.SQL("alter database {} set synchronous_commit = off").format(quoted)
                )
            if self._owner:
                owner = sql.Identifier(self._owner)
                connection.execute(sql.SQL("alter database {} owner to {}").format(quoted, owner))
        try:
            yield self._named(name)
        finally:
            with psycopg.connect(self._url, autocommit=True) as connection:
                connection.execute(sql.SQL("drop database {} with (force)").format(quoted))

    def _named(self, database: str) -> str:
        parts = urlsplit(self._url)
        where = parts.netloc
        if self._owner:
            where = f"{quote(self._owner)}@{where.rpartition('@')[2]}"
        return f"{parts.scheme}://{where}/{database}" + (f"?{parts.query}" if parts.query else "")


@contextmanager
def databases() -> Iterator[Databases]:
    """Give the server that tests share: the one that `TEST_DATABASE_URL` names, or a new one."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield Databases(url)
        return
    with PostgresServer() as server:
        yield Databases(server.url(), owner=APPLICATION)


def _kill(processes: list[psutil.Process]) -> None:
    for process in processes:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue  # it ended before we came to it, which is what we want
    psutil.wait_procs(processes, timeout=START_SECONDS)
