"""The load: so many clients on connections that stay open, each asking again as soon as it has its
answer.

One process, started apart from what it measures: `python -m tests.bench.load` reads a `Plan` as
JSON and prints a `Tally`. Requests are whole before the clock starts; of an answer no more is read
than its status, its length and, where it is asked for, the id of what was made. Any status but the
one expected ends the run: a refusal is quick, and must not count as speed.
"""

import os
import re
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import cycle, islice
from pathlib import Path
from statistics import quantiles
from typing import Final, Self

import msgspec

ROOT: Final = Path(__file__).parents[2]
MADE: Final = re.compile(rb'"(?:case_id|id)":\s*"([0-9a-f-]{36})"')
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_BLOCK: Final = 1 << 18
_SILENCE: Final = 20.0


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked, by how many clients, and for how long.

    With `seconds` the requests are asked over and over until the time is up; without, each once.
    `core` pins the process to one processor.
    """

    port: int
    requests: list[bytes]
    clients: int
    status: int = 200
    seconds: float | None = None
    made: bool = False
    core: int | None = None


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. `busy` is the share of the time in which the load itself was computing."""

    answers: int
    seconds: float
    median: float
    slowest_hundredth: float
    busy: float
    made: list[str] = []

    @property
    def per_second(self) -> float:
        return self.answers / self.seconds


class UnexpectedAnswer(Exception):
    """A server has answered with another status than the act has, or not at all."""


def apply(plan: Plan) -> Tally:
    """Run a plan in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.load"],
        input=msgspec.json.encode(plan),
        stdout=subprocess.PIPE,
        cwd=ROOT,
        check=False,
    )
    if done.returncode:
        raise UnexpectedAnswer("The load could not be applied; its last line says why.")
    return msgspec.json.decode(done.stdout, type=Tally)


class Client:
    """One connection, at most one request on its way. Closed when the block ends."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), _SILENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.asked_at = 0.0
        self._answer = b""
        self._expected = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.socket.close()

    def ask(self, request: bytes) -> None:
        self._answer, self._expected = b"", 0
        self.asked_at = time.perf_counter()
        if self.socket.send(request) != len(request):
            raise UnexpectedAnswer("A request is too large to be sent at once.")

    def answer(self) -> bytes | None:
        """Return the answer once all of it is there."""
        block = self.socket.recv(_BLOCK)
        if not block:
            raise UnexpectedAnswer("The server has closed a connection.")
        self._answer = self._answer + block if self._answer else block
        if not self._expected:
            self._expected = _length(self._answer)
        return self._answer if len(self._answer) == self._expected else None


def _length(answer: bytes) -> int:
    """The length of the whole answer, 0 as long as its head is not complete."""
    head = answer.find(b"\r\n\r\n")
    if head < 0:
        return 0
    length = _LENGTH.search(answer, 0, head + 2)
    if length is None:
        raise UnexpectedAnswer("An answer does not say how long it is.")
    return head + 4 + int(length[1])


def run(plan: Plan) -> Tally:
    """Ask until the plan is done, and wait for the answers that are still to come."""
    requests = iter(plan.requests) if plan.seconds is None else cycle(plan.requests)
    with ExitStack() as opened:
        clients = [opened.enter_context(Client(plan.port)) for _ in range(plan.clients)]
        begun, computed = time.perf_counter(), time.process_time()
        until = begun + plan.seconds if plan.seconds is not None else float("inf")
        answers, times = _converse(plan, clients, requests, until)
        seconds = time.perf_counter() - begun
        busy = (time.process_time() - computed) / seconds
    return _tally(plan, answers, times, seconds, busy)


def _converse(
    plan: Plan, clients: Sequence[Client], requests: Iterator[bytes], until: float
) -> tuple[list[bytes], list[float]]:
    expected = b"HTTP/1.1 %d " % plan.status
    answers: list[bytes] = []
    times: list[float] = []
    with selectors.DefaultSelector() as selector:
        waiting = 0
        for client, request in zip(clients, islice(requests, len(clients)), strict=False):
            selector.register(client.socket, selectors.EVENT_READ, client)
            client.ask(request)
            waiting += 1
        while waiting:
            for client, answer in _answered(selector):
                if not answer.startswith(expected):
                    raise UnexpectedAnswer(answer[:2000].decode(errors="replace"))
                now = time.perf_counter()
                times.append(now - client.asked_at)
                answers.append(answer if plan.made else b"")
                if now < until and (request := next(requests, b"")):
                    client.ask(request)
                else:
                    # Nothing more is expected of it: the server may close it when it likes.
                    selector.unregister(client.socket)
                    waiting -= 1
    return answers, times


def _answered(selector: selectors.BaseSelector) -> Iterator[tuple[Client, bytes]]:
    """Wait for the next answers to be whole."""
    ready = selector.select(_SILENCE)
    if not ready:
        raise UnexpectedAnswer(f"The server has said nothing for {_SILENCE:g} s.")
    for key, _ in ready:
        client: Client = key.data
        answer = client.answer()
        if answer is not None:
            yield client, answer


def _tally(
    plan: Plan, answers: list[bytes], times: list[float], seconds: float, busy: float
) -> Tally:
    made = [found[1].decode() for one in answers if (found := MADE.search(one))]
    if plan.made and len(made) != len(answers):
        raise UnexpectedAnswer("An answer does not name what was made.")
    cuts = quantiles(times, n=100) if len(times) > 1 else times * 99
    return Tally(
        answers=len(answers),
        seconds=seconds,
        median=cuts[49],
        slowest_hundredth=cuts[98],
        busy=busy,
        made=made,
    )


def main() -> None:
    plan = msgspec.json.decode(sys.stdin.buffer.read(), type=Plan)
    if plan.core is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {plan.core})
    try:
        tally = run(plan)
    except (UnexpectedAnswer, OSError) as reason:
        sys.exit(f"{reason}")
    sys.stdout.buffer.write(msgspec.json.encode(tally))


if __name__ == "__main__":
    main()
