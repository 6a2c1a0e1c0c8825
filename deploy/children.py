"""A program under supervision: its process, its output, and when to start it again."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from deploy.procfile import Program

_PR_SET_PDEATHSIG = 1
_LONGEST_LINE = 1 << 16


class Pace(NamedTuple):
    """Seconds: the first wait before a restart, doubled up to the longest, forgotten after `well`
    seconds of running; and what a program is given to end when asked."""

    first: float = 0.2
    longest: float = 5.0
    well: float = 10.0
    grace: float = 10.0


class Child:
    """One program and the process it runs in, if any.

    `say` gets each finished line of its output, without the line's end. `kept` says whether it is
    to be started again when it ends.
    """

    def __init__(self, program: Program, *, kept: bool, pace: Pace, say: Callable[[bytes], None]):
        self.program = program
        self.kept = kept
        self.exit_code: int | None = None
        self.start_due: float | None = None
        self._pace = pace
        self._say = say
        self._wait = pace.first
        self._process: subprocess.Popen[bytes] | None = None
        self._began = 0.0
        self._unfinished = b""

    @property
    def pid(self) -> int | None:
        """The running process, None when there is none."""
        return self._process.pid if self._process else None

    @property
    def output(self) -> int | None:
        """The descriptor to read its output from; reading never blocks."""
        return self._process.stdout.fileno() if self._process and self._process.stdout else None

    def start(self, folder: Path) -> None:
        """Start the process, in a session of its own: a Ctrl-C is ours to pass on.

        A program that cannot be started is treated as one that ended at once.
        """
        self.start_due = None
        self.exit_code = None
        self._began = time.monotonic()
        try:
            self._process = subprocess.Popen(
                self.program.arguments,
                cwd=folder,
                env=self.program.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                bufsize=0,
                start_new_session=True,
                preexec_fn=_end_with_the_supervisor(),
            )
        except OSError as error:
            self._say(f"cannot be started: {error}".encode())
            self._ended(127)
            return
        assert self.output is not None
        os.set_blocking(self.output, False)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process, if there is one."""
        if self._process:
            self._process.send_signal(number)

    def kill(self) -> None:
        """End the process and all that it started, at once."""
        if self._process:
            _kill_group(self._process.pid)

    def read(self) -> bool:
        """Pass on a block of what it has written. Returns False when nothing more will come."""
        block = self._block()
        if block is not None:
            self._pass_on(block)
        return block != b""

    def reap(self) -> bool:
        """Say whether the process has just ended. If so, nothing of it is left running."""
        if self._process is None or self._process.poll() is None:
            return False
        _kill_group(self._process.pid)
        while block := self._block():
            self._pass_on(block)
        self._pass_on(b"")
        assert self._process.stdout
        self._process.stdout.close()
        code = self._process.returncode
        self._process = None
        self._ended(code)
        return True

    def _block(self) -> bytes | None:
        """What can be read now: b"" at the end, None when there is nothing yet."""
        assert self.output is not None
        try:
            return os.read(self.output, _LONGEST_LINE)
        except BlockingIOError:
            return None

    def _pass_on(self, block: bytes) -> None:
        *lines, self._unfinished = (self._unfinished + block).split(b"\n")
        if not block or len(self._unfinished) > _LONGEST_LINE:
            lines.append(self._unfinished)
            self._unfinished = b""
        for line in filter(None, lines):
            self._say(line)

    def _ended(self, code: int) -> None:
        self.exit_code = code
        if not self.kept:
            return
        now = time.monotonic()
        if now - self._began >= self._pace.well:
            self._wait = self._pace.first
        self._say(f"{describe(code)}; starting it again in {self._wait:g} s".encode())
        self.start_due = now + self._wait
        self._wait = min(self._pace.longest, self._wait * 2)


def describe(code: int) -> str:
    """Say in words how a process ended, from its exit code (negative: the signal)."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"


def _kill_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _end_with_the_supervisor() -> Callable[[], None] | None:
    """Return what a new process must do to be killed when we die, None where the system cannot."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    supervisor = os.getpid()

    def bind() -> None:
        # Kill, not terminate: every program here must survive that anyway, and none may ignore it.
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != supervisor:
            os._exit(1)

    return bind
