"""Ours beside what the same acts cost elsewhere: a route that does nothing, FastAPI, Django.

`python -m tests.bench.comparison` measures all subjects in turns, act by act and round after round,
with each number of clients and of cases on file. It prints one JSON line per figure and keeps every
measurement in a file, which `tests.bench.report` makes the documentation from. `--help` lists what
may be chosen. Exits 1 if a figure misses its bar.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec

from tests.bench import acts, machine
from tests.bench.ceiling import ceiling
from tests.bench.databases import POSTGRESQL, SQLITE, Shelf, shelf
from tests.bench.load import Plan, Tally, UnexpectedAnswer, apply
from tests.bench.rounds import Measured, Memory
from tests.bench.subjects import NOOP, SUBJECTS, Place, Served, Subject, served
from tests.bench.verdicts import ACTS, comparisons

KEPT: Final = Path("var-bench/usual.json")
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
    seconds: float = 0.5
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
    kept.parent.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=kept.parent, prefix="bench-") as here:
        results.machine.update(machine.described(Path(here)))
        results.machine["The load alone"] = f"{ceiling():,.0f} requests a second"
        if options.pinned and hasattr(os, "sched_setaffinity"):
            # What is started from here on stays there; the load moves itself.
            os.sched_setaffinity(0, {0})
        for database in options.databases:
            with shelf(database, Path(here), options.workers) as filled:
                _measure(results, filled, database)
            kept.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1))
    found = comparisons(results.measured, results.memory)
    for comparison in found:
        print(json.dumps(comparison.line(), ensure_ascii=False), flush=True)
    return int(any(comparison.holds is False for comparison in found))


def _measure(results: Results, filled: Shelf, database: str) -> None:
    """Measure whatever is to be compared at the same time: all are up, and take turns act by act.

    So a ratio is made of what was measured seconds apart.
    """
    options = results.options
    begun = time.monotonic()
    filled.fill(_chosen(options))
    _say(f"{database}: filled", begun)
    for number in range(1, options.rounds + 1):
        begun = time.monotonic()
        with ExitStack() as running:
            entrants = _entrants(filled, options, running)
            for act, clients, entrant, tally in _round(entrants, options):
                results.measured.append(
                    Measured(
                        database=database,
                        cases=entrant.cases,
                        subject=entrant.subject.name,
                        act=act,
                        clients=clients,
                        round=number,
                        per_second=tally.per_second,
                        median=tally.median,
                        slowest_hundredth=tally.slowest_hundredth,
                        busy=tally.busy,
                    )
                )
            results.memory.extend(
                Memory(
                    database=database,
                    cases=entrant.cases,
                    subject=entrant.subject.name,
                    round=number,
                    peak=entrant.server.peak_memory(),
                )
                for entrant in entrants
            )
        _say(f"{database}: round {number} of {options.rounds}", begun)


def _chosen(options: Options) -> list[tuple[Subject, int]]:
    """Each subject with each number of cases.

    What does nothing keeps nothing: it is the same however many cases there are.
    """
    return [
        (SUBJECTS[name], cases)
        for cases in options.cases
        for name in options.subjects
        if name != NOOP.name or cases == options.cases[0]
    ]


def _entrants(filled: Shelf, options: Options, running: ExitStack) -> list["Entrant"]:
    """Take a place for each subject and number of cases, and serve them all."""
    chosen = [
        (subject, cases, running.enter_context(filled.taken(subject, cases)))
        for subject, cases in _chosen(options)
    ]
    servers = [running.enter_context(served(subject, place)) for subject, _, place in chosen]
    for server in servers:
        server.until_ready()
    return [
        Entrant(subject, cases, place, server, options.pinned)
        for (subject, cases, place), server in zip(chosen, servers, strict=True)
    ]


def _round(
    entrants: Sequence["Entrant"], options: Options
) -> Iterator[tuple[str, int, "Entrant", Tally]]:
    """Every act with every number of clients, once the servers are warm."""
    for act in ACTS:
        for entrant in entrants:
            entrant.ask(act, WARM_UP_CLIENTS, WARM_UP_SECONDS)
    for clients in options.clients:
        for act in ACTS:
            for entrant in entrants:
                tally = entrant.ask(act, clients, options.seconds)
                if tally is not None:
                    yield act, clients, entrant, tally


class Entrant:
    """A subject with so many cases, as the acts are asked of it."""

    def __init__(
        self, subject: Subject, cases: int, place: Place, server: Served, pinned: bool
    ) -> None:
        self.subject = subject
        self.cases = cases
        self.server = server
        self._place = place
        self._core = 1 if pinned else None
        self._made: list[str] = []

    def ask(self, act: str, clients: int, seconds: float) -> Tally | None:
        """Ask one act for so long; to advance, each of the cases just created, once.

        None for an act that the subject does not have.
        """
        if act != "create" and self.subject is NOOP:
            return None
        try:
            tally = apply(self._plan(act, clients, seconds))
        except UnexpectedAnswer as reason:
            where = f"{self.subject.title}, {self.cases:,} cases, {act}, {clients} clients"
            raise UnexpectedAnswer(f"{where}: {reason}\n{self.server.log_tail()}") from None
        if act == "create":
            self._made = tally.made
        return tally

    def _plan(self, act: str, clients: int, seconds: float) -> Plan:
        tokens, cases = self._place.tokens, self._place.cases
        reader = tokens.get(acts.READER, "")
        requests = {
            "create": lambda: [acts.create(tokens[acts.REPORTER])],
            "advance": lambda: acts.advance(reader, self._made, self.subject.version),
            "read": lambda: acts.read(reader, cases),
            "list": lambda: [acts.list_fifty(reader)],
        }
        return Plan(
            port=self.server.port,
            requests=requests[act](),
            clients=clients,
            status=201 if act == "create" else 200,
            seconds=None if act == "advance" else seconds,
            made=act == "create",
            core=self._core,
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
    parser.add_argument("--keep", type=Path, default=KEPT, help="where measurements are kept")
    given = vars(parser.parse_args(arguments))
    kept: Path = given.pop("keep")
    return msgspec.convert(given, Options), kept.absolute()


if __name__ == "__main__":
    sys.exit(main(*_options(sys.argv[1:])))
