"""Keeps programs running until it is asked to stop. One thread, no polling while all is well."""

import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from deploy.children import Child, Pace
from deploy.procfile import Program

_IDLE_SECONDS = 60.0


class Supervisor:
    """Programs in their order of start, restarted when they end, stopped in reverse.

    `changed` is called whenever a process has been started or has ended. `stopping` is set by
    SIGINT, SIGTERM or SIGHUP; a second one cuts the grace short.
    """

    def __init__(self, folder: Path, *, pace: Pace, width: int, changed: Callable[[], None]):
        self._folder = folder
        self._pace = pace
        self._width = width
        self._changed = changed
        self._children: list[Child] = []
        self._selector = selectors.DefaultSelector()
        self._requests = 0
        self._listen()

    @property
    def stopping(self) -> bool:
        """Whether somebody has asked us to stop."""
        return self._requests > 0

    @property
    def pids(self) -> dict[str, int]:
        """The running processes by name."""
        return {child.program.name: child.pid for child in self._children if child.pid}

    def say(self, name: str, line: bytes) -> None:
        """Print one line under a name. Lines that nobody reads, or has room for, are dropped."""
        try:
            # Without a buffer: it would keep what there was no room for, and fail again later.
            os.write(sys.stdout.fileno(), name.ljust(self._width).encode() + b" | " + line + b"\n")
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)
        except OSError:
            # The disk is full: what is lost are lines, and not what they are about.
            return

    def keep(self, program: Program) -> None:
        """Start a program, and start it again whenever it ends."""
        self._start(self._child(program, kept=True))

    def run(self, program: Program) -> int | None:
        """Run a program to its end and return its exit code; None when asked to stop meanwhile."""
        child = self._child(program, kept=False)
        self._start(child)
        while child.exit_code is None and not self.stopping:
            self.turn(_IDLE_SECONDS)
        if child.exit_code is not None:
            self._children.remove(child)
        return child.exit_code

    def until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Attend to everything until the condition holds; False when it does not within `seconds`.

        Also returns, with what the condition then says, when asked to stop.
        """
        deadline = time.monotonic() + seconds
        while not (reached := condition()) and not self.stopping and time.monotonic() < deadline:
            self.turn(0.05)
        return reached

    def watch(self) -> None:
        """Attend to everything until asked to stop."""
        while not self.stopping:
            self.turn(_IDLE_SECONDS)

    def stop(self) -> None:
        """End everything, the last started first: asked, given its grace, then killed."""
        for child in self._children:
            child.kept = False
            child.start_due = None
        for child in reversed(self._children):
            self._end(child)

    def turn(self, longest: float) -> None:
        """Wait up to `longest` seconds for something to do, and do it."""
        now = time.monotonic()
        due = [child.start_due for child in self._children if child.start_due is not None]
        for key, _ in self._selector.select(max(0.0, min([longest, *(at - now for at in due)]))):
            if not key.data():
                self._selector.unregister(key.fd)
        for child in self._children:
            self._attend(child)

    def _attend(self, child: Child) -> None:
        output = child.output
        if child.reap():
            if output is not None and output in self._selector.get_map():
                self._selector.unregister(output)
            self._changed()
        elif child.start_due is not None and child.start_due <= time.monotonic():
            self._start(child)

    def _child(self, program: Program, *, kept: bool) -> Child:
        def say(line: bytes) -> None:
            self.say(program.name, line)

        child = Child(program, kept=kept, pace=self._pace, say=say)
        self._children.append(child)
        return child

    def _start(self, child: Child) -> None:
        child.start(self._folder)
        if child.output is not None:
            self._selector.register(child.output, selectors.EVENT_READ, child.read)
        self._changed()

    def _end(self, child: Child) -> None:
        child.signal(signal.SIGTERM)
        deadline = time.monotonic() + self._pace.grace
        while child.pid and time.monotonic() < deadline and self._requests < 2:
            self.turn(min(1.0, self._pace.grace))
        child.kill()
        while child.pid:
            self.turn(1.0)

    def _listen(self) -> None:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.setblocking(False)
        self._wakeups = (ours, theirs)
        signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        self._selector.register(ours, selectors.EVENT_READ, lambda: bool(ours.recv(4096)))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._asked_to_stop)
        # Without a handler, the end of a child would not wake us.
        signal.signal(signal.SIGCHLD, lambda number, frame: None)

    def _asked_to_stop(self, number: int, frame: FrameType | None) -> None:
        self._requests += 1
