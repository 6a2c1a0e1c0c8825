"""Ours beside what the same acts cost elsewhere: a route that does nothing, FastAPI, Django.

`python -m tests.bench.comparison` measures every subject in turns, round after round, with each
number of clients and of cases on file. It prints one JSON line per figure and keeps every
measurement in a file, which `tests.bench.report` makes the documentation from. `--help` lists what
may be chosen. Exits 1 if a figure misses its bar.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec

from tests.bench import acts, machine
from tests.bench.databases import POSTGRESQL, SQLITE, Shelf, shelf
from tests.bench.load import Plan, Tally, apply
from tests.bench.rounds import Measured, Memory, turns
from tests.bench.subjects import NOOP, SUBJECTS, Place, Served, Subject, served
from tests.bench.verdicts import comparisons

WARM_UP_SECONDS: Final = 0.4
WARM_UP_CLIENTS: Final = 8


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What is measured, and how."""

    subjects: tuple[str, ...] = tuple(SUBJECTS)
    databases: tuple[str, ...] = (SQLITE, POSTGRESQL)
    cases: tuple[int, ...] = (1_000, 100_000)
    clients: tuple[int, ...] = (1, 16, 64)
    rounds: int = 5
    workers: int = 1
    seconds: float = 1.0
    """For so long an act is repeated."""
    pinned: bool = False
    """Servers on processor 0 and the load on 1; otherwise the system decides."""


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """All that a run has measured, and on what."""

    begun: datetime
    machine: dict[str, str]
    options: Options
    measured: list[Measured]
    memory: list[Memory]


def main(options: Options, kept: Path) -> int:
    """Return 0 when every bar holds."""
    results = Results(begun=datetime.now(UTC), machine={}, options=options, measured=[], memory=[])
    with TemporaryDirectory(dir=kept.parent, prefix="bench-") as here:
        results.machine.update(machine.described(Path(here)))
        if options.pinned and hasattr(os, "sched_setaffinity"):
            # What is started from here on stays there; the load moves itself.
            os.sched_setaffinity(0, {0})
        for database in options.databases:
            with shelf(database, Path(here), options.workers) as filled:
                for cases in options.cases:
                    _measure(results, filled, database, cases)
                    kept.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1))
    found = comparisons(results.measured, results.memory)
    for comparison in found:
        print(json.dumps(comparison.line(), ensure_ascii=False), flush=True)
    return int(any(comparison.holds is False for comparison in found))


def _measure(results: Results, filled: Shelf, database: str, cases: int) -> None:
    options = results.options
    for number, name in turns(options.subjects, options.rounds):
        subject = SUBJECTS[name]
        with filled.taken(subject, cases) as place, served(subject, place) as server:
            begun = time.monotonic()
            for act, clients, tally in _round(subject, place, server, options):
                results.measured.append(
                    Measured(
                        database=database,
                        cases=cases,
                        subject=name,
                        act=act,
                        clients=clients,
                        round=number,
                        per_second=tally.per_second,
                        median=tally.median,
                        slowest_hundredth=tally.slowest_hundredth,
                        busy=tally.busy,
                    )
                )
            results.memory.append(
                Memory(
                    database=database,
                    cases=cases,
                    subject=name,
                    round=number,
                    peak=server.peak_memory(),
                )
            )
            _say(f"{database}, {cases:,} cases, round {number}: {subject.title}", begun)


def _round(
    subject: Subject, place: Place, server: Served, options: Options
) -> Iterator[tuple[str, int, Tally]]:
    """Every act with every number of clients, once the server is warm."""
    asked = _Asked(subject, place, server, options)
    asked.warm_up()
    for clients in options.clients:
        made = asked.create(clients, options.seconds)
        yield "create", clients, made
        if subject is not NOOP:
            yield "advance", clients, asked.advance(clients, made.made)
            yield "read", clients, asked.read(clients, options.seconds)
            yield "list", clients, asked.list_fifty(clients, options.seconds)


class _Asked:
    """The acts as they are asked of one server."""

    def __init__(self, subject: Subject, place: Place, server: Served, options: Options) -> None:
        self._subject = subject
        self._place = place
        self._port = server.port
        self._core = 1 if options.pinned else None
        self._reporter = place.tokens[acts.REPORTER]
        self._reader = place.tokens.get(acts.READER, "")

    def warm_up(self) -> None:
        made = self.create(WARM_UP_CLIENTS, WARM_UP_SECONDS)
        if self._subject is not NOOP:
            self.advance(WARM_UP_CLIENTS, made.made)
            self.read(WARM_UP_CLIENTS, WARM_UP_SECONDS)
            self.list_fifty(WARM_UP_CLIENTS, WARM_UP_SECONDS)

    def create(self, clients: int, seconds: float) -> Tally:
        requests = [acts.create(self._reporter)]
        return self._apply(requests, clients, status=201, seconds=seconds, made=True)

    def advance(self, clients: int, cases: Sequence[str]) -> Tally:
        return self._apply(acts.advance(self._reader, cases, self._subject.version), clients)

    def read(self, clients: int, seconds: float) -> Tally:
        return self._apply(acts.read(self._reader, self._place.cases), clients, seconds=seconds)

    def list_fifty(self, clients: int, seconds: float) -> Tally:
        return self._apply([acts.list_fifty(self._reader)], clients, seconds=seconds)

    def _apply(
        self,
        requests: list[bytes],
        clients: int,
        *,
        status: int = 200,
        seconds: float | None = None,
        made: bool = False,
    ) -> Tally:
        return apply(
            Plan(
                port=self._port,
                requests=requests,
                clients=clients,
                status=status,
                seconds=seconds,
                made=made,
                core=self._core,
            )
        )


def _say(what: str, begun: float) -> None:
    print(f"{what} ({time.monotonic() - begun:.0f} s)", file=sys.stderr, flush=True)


def _options(arguments: Sequence[str]) -> tuple[Options, Path]:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.comparison",
        description="Compare the API with the same acts written otherwise.",
    )
    usual = Options()
    parser.add_argument("--subjects", nargs="+", choices=SUBJECTS, default=usual.subjects)
    parser.add_argument(
        "--databases", nargs="+", choices=(SQLITE, POSTGRESQL), default=usual.databases
    )
    parser.add_argument("--cases", nargs="+", type=int, default=usual.cases)
    parser.add_argument("--clients", nargs="+", type=int, default=usual.clients)
    parser.add_argument("--rounds", type=int, default=usual.rounds)
    parser.add_argument("--workers", type=int, default=usual.workers)
    parser.add_argument("--seconds", type=float, default=usual.seconds)
    parser.add_argument("--pinned", action="store_true")
    parser.add_argument("--keep", type=Path, required=True, help="where measurements are kept")
    given = vars(parser.parse_args(arguments))
    kept: Path = given.pop("keep")
    return msgspec.convert(given, Options), kept.absolute()


if __name__ == "__main__":
    sys.exit(main(*_options(sys.argv[1:])))
