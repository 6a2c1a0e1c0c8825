"""A whole installation as `make run` starts it, in a folder and on ports of its own."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from shutil import copytree
from typing import Any, Final

import psutil

from deploy.demo.client import Client, Http
from deploy.demo.play import AtOnce, Play
from deploy.demo.post import Post
from deploy.identity import started_at
from deploy.ports import free_port, http_status
from durable import Place
from incidents.installation import SCHEMAS
from notifier.database import SCHEMA as NOTIFIERS
from tests.deploy.supervised import Supervised
from tests.support.waiting import until

ROOT: Final = Path(__file__).parents[2]
START_SECONDS: Final = 90.0
PROGRAMS: Final = ("nats", "mailbox", "api", "worker", "notifier")
API_WORKER: Final = "api worker"
"""One of those that answer requests: the oldest that runs."""
NOTIFIER_STARTED: Final = '"source":"notifier.service","what":"started"'
NOTIFIER_ENDED: Final = "notifier | was ended"
READY: Final = 200
PROCFILE: Final = ROOT / "deploy" / "Procfile"
_TERM: Final = re.compile(r"\{ amount = \d+, clock = \"\w+\" \}")
PATIENT: Final = '{ amount = 500, clock = "running_hours" }'


class Whole(Supervised):
    """A running installation with its files below `var`, and perhaps a database elsewhere."""

    database_url: str | None = None

    @property
    def place(self) -> Place:
        return Place(self.var, self.database_url)

    @property
    def address(self) -> str:
        return str(self.state["api"])

    @property
    def tokens(self) -> dict[str, str]:
        """By name, of the demonstration school's people."""
        found: dict[str, str] = json.loads((self.var / "demo" / "tokens.json").read_text())
        return found

    def until_ready(self) -> None:
        """Wait for as long as a busy machine may need. Fails at once if it has ended instead."""

        def is_ready() -> bool:
            assert self.process.poll() is None, f"the supervisor ended:\n{self.output}"
            return "caseward | ready: " in self.output

        until(is_ready, seconds=START_SECONDS)

    def client(self, patience: float) -> Client:
        """Return a client for the demonstration school's people."""
        return Client(Http(self.address), self.tokens, patience)

    def play(self, client: Client) -> Play:
        """Return a play in which nothing has happened yet."""
        return Play(client, Post(self.var / "mailbox"), AtOnce())

    def kill(self, name: str) -> bool:
        """End a process without warning, if it is surely ours. False when there is none."""
        if name == API_WORKER:
            workers = self.api_workers()
            if workers:
                workers[0].kill()
            return bool(workers)
        process = self.state.get("processes", {}).get(name)
        if process is None or started_at(process["pid"]) != process["started"]:
            return False
        os.kill(process["pid"], signal.SIGKILL)
        return True

    def runs(self) -> bool:
        """Whether every program is there and does its work."""
        host, _, port = self.state.get("api", "").removeprefix("http://").partition(":")
        printed = self.output
        return (
            all(self.pid(name) for name in PROGRAMS)
            and printed.rfind(NOTIFIER_STARTED) > printed.rfind(NOTIFIER_ENDED)
            and http_status(host, int(port), "/health/ready") == READY
        )

    def api_workers(self) -> list[psutil.Process]:
        """Return the processes that answer requests, without the one that looks after them."""
        return psutil.Process(self.pid("api")).children() if self.pid("api") else []

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one of our command lines on this installation."""
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={
                **os.environ,
                **({"DATABASE_URL": self.database_url} if self.database_url else {}),
                "PYTHONPATH": str(ROOT / "services"),
                "VAR": str(self.var),
            },
            capture_output=True,
            text=True,
        )

    def left_behind(self) -> list[str]:
        """Return the programs of this installation that still run, the supervisor included."""
        return [" ".join(p.info["cmdline"]) for p in _processes() if self._is_ours(p)]

    def _is_ours(self, process: psutil.Process) -> bool:
        environment: Mapping[str, Any] = process.info["environ"] or {}
        return environment.get("VAR") == str(self.var) and process.pid != os.getpid()


def _processes() -> Iterator[psutil.Process]:
    return psutil.process_iter(["cmdline", "environ"])


@contextmanager
def whole(
    folder: Path,
    *,
    notifier: str = "notifier",
    incidents: str = "incidents",
    database_url: str | None = None,
    **settings: str,
) -> Iterator[Whole]:
    """Run an installation until the block ends; the same folder may be started again.

    Its deadlines lie weeks ahead. `notifier` and `incidents` are the modules that run as such. The
    tables in the database at `database_url`, if it is to use one, are made here.
    """
    if database_url is not None:
        settings["DATABASE_URL"] = database_url
        _make_tables(database_url)
    environment = {
        **{n: v for n, v in os.environ.items() if not n.startswith(("NATS", "SMTP"))},
        **settings,
        "PROCFILE": str(_procfile(folder, notifier, incidents)),
        "SCHOOL_DIR": str(_patient_school(folder)),
        "VAR": str(folder / "var"),
        "PORT": str(free_port()),
    }
    printed = folder / "printed"
    with printed.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "deploy.run"],
            cwd=ROOT,
            env=environment,
            stdout=file,
            stderr=file,
        )
    running = Whole(process, folder / "var", printed)
    running.database_url = database_url
    try:
        running.until_ready()
        yield running
    finally:
        if process.poll() is None:
            running.stop()


def _make_tables(database_url: str) -> None:
    place = Place(Path(), database_url)
    for schema in (*SCHEMAS, NOTIFIERS):
        with closing(place.open(schema, migrate=False)) as database:
            database.migrate()


def _procfile(folder: Path, notifier: str, incidents: str) -> Path:
    file = folder / "Procfile"
    lines = PROCFILE.read_text().replace("-m notifier", f"-m {notifier}")
    file.write_text(lines.replace("-m incidents", f"-m {incidents}"))
    return file


def _patient_school(folder: Path) -> Path:
    school = folder / "school"
    copytree(ROOT / "deploy" / "school", school, dirs_exist_ok=True)
    deadlines = school / "deadlines.toml"
    deadlines.write_text(_TERM.sub(PATIENT, deadlines.read_text()))
    return school
