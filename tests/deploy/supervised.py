"""An installation of small programs, run by the real supervisor as a process of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from tests.support.waiting import T, until

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "tests" / "deploy" / "program.py"


class Supervised:
    """A running supervisor. Everything it prints is in `output`."""

    def __init__(self, process: subprocess.Popen[bytes], var: Path, printed: Path) -> None:
        self.process = process
        self.var = var
        self._printed = printed

    @property
    def output(self) -> str:
        """What has been printed so far."""
        return self._printed.read_text()

    @property
    def state(self) -> dict[str, Any]:
        """What run.json says; nothing before it is there."""
        file = self.var / "run.json"
        content = json.loads(file.read_text()) if file.exists() else {"pids": {}}
        assert isinstance(content, dict)
        return content

    def pid(self, name: str) -> int:
        """The process that runs under this name now, 0 when there is none."""
        return int(self.state["pids"].get(name, 0))

    def until(self, condition: Callable[[], T]) -> T:
        """Wait for the condition. Fails at once, with the output, when the supervisor has ended."""

        def checked() -> T:
            value = condition()
            assert value or self.process.poll() is None, f"the supervisor ended:\n{self.output}"
            return value

        return until(checked)

    def until_ready(self) -> None:
        """Wait until the supervisor says that everything is ready."""
        self.until(lambda: "caseward | ready: http://127.0.0.1:" in self.output)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask the supervisor to stop and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(30)


@contextmanager
def supervised(
    folder: Path, procfile: str, *, port: int, **environment: str
) -> Iterator[Supervised]:
    """Run these programs in `folder`; `$IDLE` and the like stand for `program.py idle`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Procfile").write_text(procfile.replace("program ", f"python {PROGRAM} "))
    around = {
        **{
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("NATS", "SMTP"))
        },
        "PROCFILE": str(folder / "Procfile"),
        "VAR": str(folder / "var"),
        "PORT": str(port),
        **environment,
    }
    printed = folder / "printed"
    with printed.open("ab") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "deploy.run"], cwd=ROOT, env=around, stdout=file, stderr=file
        )
    running = Supervised(process, folder / "var", printed)
    try:
        yield running
    finally:
        process.kill()
        process.wait()
        for pid in running.state["pids"].values():
            if psutil.pid_exists(pid):
                os.kill(pid, signal.SIGKILL)


def gone(pid: int) -> bool:
    """Whether this process runs no more."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
