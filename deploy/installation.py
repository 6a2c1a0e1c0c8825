"""The folder of one installation, and the one supervisor that may run it."""

import fcntl
import json
import os
from pathlib import Path
from typing import Any, Self

from deploy.identity import command_line, end, started_at
from deploy.ports import LOOPBACK, free_port, is_free
from deploy.procfile import Program

_ORPHAN_SECONDS = 5.0


class CannotRun(Exception):
    """The installation cannot be started as asked. The message says what to do."""


class Installation:
    """Holds the folder for itself while entered, and keeps `run.json` in it.

    `run.json` says where the installation answers (`api`, `nats`, `smtp`) and which processes run
    (`supervisor`, and `pids` by name; none once it has stopped). It is always complete: it is
    replaced, never rewritten.

    Entering raises CannotRun when another supervisor holds the folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.addresses: dict[str, str] = {}
        self._file = folder / "run.json"
        self._before: dict[str, Any] = {}

    def __enter__(self) -> Self:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Released by the system however we end.
        self._lock = (self.folder / "run.lock").open("w")
        self._before = self._read()
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            where = self._before.get("api", "somewhere")
            raise CannotRun(
                f"The installation in {self.folder} is running already, at {where}. "
                "Stop it first, or choose another folder and port: make run VAR=var-2 PORT=8002"
            ) from None
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.close()

    def keep_port(self, name: str) -> int:
        """Return the port that `name` had last time if it is still free, else a free one."""
        before = str(self._before.get(name, "")).rpartition(":")[2]
        if before.isdecimal() and is_free(LOOPBACK, int(before)):
            return int(before)
        return free_port()

    def end_orphans(self) -> list[str]:
        """End what an earlier supervisor started and left running; return the names.

        A process is ours when it started at the moment we wrote down, with the arguments we gave
        it: a number alone may meanwhile be somebody else's.
        """
        ended = []
        for name, process in reversed(self._before.get("processes", {}).items()):
            pid = process["pid"]
            ours = started_at(pid) == process["started"] != ""
            if ours and process["arguments"] in command_line(pid):
                end(pid, seconds=_ORPHAN_SECONDS)
                ended.append(name)
        return ended

    def record(self, pids: dict[str, int], programs: list[Program]) -> None:
        """Write `run.json`: the addresses, and these processes."""
        arguments = {program.name: " ".join(program.arguments[1:]) for program in programs}
        content = {
            **self.addresses,
            "supervisor": os.getpid() if pids else None,
            "pids": pids,
            "processes": {
                name: {"pid": pid, "started": started_at(pid), "arguments": arguments[name]}
                for name, pid in pids.items()
            },
        }
        unfinished = self._file.with_suffix(".new")
        unfinished.write_text(json.dumps(content, indent=2) + "\n")
        unfinished.replace(self._file)

    def _read(self) -> dict[str, Any]:
        try:
            content = json.loads(self._file.read_text())
        except (FileNotFoundError, ValueError):
            # Never run here, or the machine stopped before the file was on the disk.
            return {}
        return content if isinstance(content, dict) else {}
