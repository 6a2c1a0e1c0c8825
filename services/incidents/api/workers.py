"""Several API processes on one port: started together, kept running, stopped together.

Each listens by itself and the system shares the connections out, so that nothing stands between a
client and the one that answers him, and nothing is shared that one could break for the other. This
parent does nothing but look after them: it loads only what Python brings along.
"""

import ctypes
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Final

PAUSES: Final = (0.1, 0.5, 1.0, 2.0, 5.0)
"""Seconds before one that has ended is started again: the first time, the second, …"""
WELL_SECONDS: Final = 10.0
"""Having run so long, it begins again with the first pause."""
GRACE_SECONDS: Final = 8.0
"""What they have to answer what they were asked, when all are to stop."""
NUMBER: Final = "API_WORKER"
"""The variable that tells a worker which one it is, from 1."""
_PR_SET_PDEATHSIG: Final = 1


@dataclass
class Worker:
    """One of them: its process, if it runs, and otherwise when it is to be started."""

    number: int
    process: subprocess.Popen[bytes] | None = None
    began: float = 0.0
    due: float = 0.0
    ends: int = 0


class Workers:
    """Keeps so many processes of one command running until told to stop by SIGTERM or SIGINT."""

    def __init__(self, command: Sequence[str], count: int, say: Callable[[str], None]) -> None:
        self._command = command
        self._workers = [Worker(number) for number in range(1, count + 1)]
        self._say = say
        self._asked = 0
        self._woken, self._bell = socket.socketpair()

    def run(self) -> None:
        """Return when they were told to stop, and have."""
        self._listen()
        while not self._asked:
            now = time.monotonic()
            for worker in self._workers:
                self._attend(worker, now)
            due = [worker.due for worker in self._workers if worker.process is None]
            self._wait(min([60.0, *(moment - now for moment in due)]))
        self._stop()

    def _attend(self, worker: Worker, now: float) -> None:
        if worker.process is not None and (code := worker.process.poll()) is not None:
            worker.process = None
            worker.ends = 1 if now - worker.began >= WELL_SECONDS else worker.ends + 1
            pause = PAUSES[min(worker.ends, len(PAUSES)) - 1]
            worker.due = now + pause
            self._say(f"API worker {worker.number} ended ({code}); again in {pause:g} s")
        if worker.process is None and worker.due <= now:
            worker.began = now
            worker.process = subprocess.Popen(
                self._command,
                env={**os.environ, NUMBER: str(worker.number)},
                preexec_fn=_end_with_the_parent(),
            )

    def _stop(self) -> None:
        running = [worker.process for worker in self._workers if worker.process is not None]
        for process in running:
            process.terminate()
        last = time.monotonic() + GRACE_SECONDS
        while any(process.poll() is None for process in running):
            if self._asked > 1 or time.monotonic() >= last:
                for process in running:
                    process.kill()
            self._wait(0.5)

    def _listen(self) -> None:
        for end in (self._woken, self._bell):
            end.setblocking(False)
        signal.set_wakeup_fd(self._bell.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._asked_to_stop)
        # Without a handler, the end of a child would not wake us.
        signal.signal(signal.SIGCHLD, lambda number, frame: None)

    def _asked_to_stop(self, number: int, frame: FrameType | None) -> None:
        self._asked += 1

    def _wait(self, seconds: float) -> None:
        if select.select([self._woken], [], [], max(0.0, seconds))[0]:
            self._woken.recv(4096)


def bound(host: str, port: int, *, shared: bool) -> socket.socket:
    """Return a socket to listen on; with `shared`, others of ours may listen there too.

    It does not listen yet: nobody is to connect to one who is not ready while another is. Raises
    OSError.
    """
    found = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        found.bind((host, port))
    except OSError:
        found.close()
        raise
    return found


def _end_with_the_parent() -> Callable[[], None] | None:
    """Return what a new process does to be killed when we are; None where the system cannot."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def bind() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return bind
