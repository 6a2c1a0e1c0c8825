"""Telling a process apart from another that got the same number later.

Linux keeps both facts under /proc; elsewhere `ps` tells them.
"""

import os
import signal
import subprocess
import time
from pathlib import Path

_PROC = Path("/proc/self/stat").exists()


def started_at(pid: int) -> str:
    """Return when this process started, opaque but unchanging; "" when there is none."""
    if not _PROC:
        return _ps(pid, "lstart=")
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return ""
    # The name in brackets may hold anything. After it: state (field 3) ... start time (field 22).
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in "ZX" else fields[19]


def command_line(pid: int) -> str:
    """Return the program and its arguments, parted by blanks; "" when there is no such process."""
    if not _PROC:
        return _ps(pid, "command=")
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except OSError:
        return ""


def end(pid: int, *, seconds: float) -> None:
    """Return when this process and its group are gone: asked first, after `seconds` forced."""
    began = started_at(pid)
    for number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + seconds
        _signal(pid, number)
        while began and started_at(pid) == began and time.monotonic() < deadline:
            time.sleep(0.02)
    # The leader may be gone and have left others of its group behind.
    _signal(pid, signal.SIGKILL)


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def _ps(pid: int, column: str) -> str:
    command = ["ps", "-o", column, "-p", str(pid)]
    found = subprocess.run(command, capture_output=True, env={**os.environ, "LC_ALL": "C"})
    return found.stdout.decode("utf-8", "replace").strip()
