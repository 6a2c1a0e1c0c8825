"""Writes docs/explanation/performance.md and its plot from what was measured.

`python -m tests.bench.report` takes what `tests.bench.comparison` has kept in `var-bench/`, or the
files it is given. Of a figure that is in two of them, the last one counts.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from statistics import median
from string import Template
from typing import Final

import msgspec

from tests.bench.comparison import KEPT, Results
from tests.bench.drawing import Bar, Group, bars
from tests.bench.rounds import Comparison, Measured
from tests.bench.subjects import DJANGO, FASTAPI, NOOP, OURS, Subject
from tests.bench.verdicts import ACTS, WORKER_MB, comparisons

ROOT: Final = Path(__file__).parents[2]
TEMPLATE: Final = Path(__file__).with_name("performance.md.template")
FOLDER: Final = ROOT / "docs" / "explanation"
OTHERS: Final = (FASTAPI, DJANGO, NOOP)
ALL: Final = (OURS, *OTHERS)
DRAWN: Final = (FASTAPI, DJANGO)
DRAWN_CLIENTS: Final = 16


def main(files: Sequence[Path]) -> None:
    runs = [msgspec.json.decode(file.read_bytes(), type=Results) for file in files]
    every = (one for run in runs for one in comparisons(run.measured, run.memory))
    found = list({(one.name, one.against): one for one in every}.values())
    (FOLDER / "performance.md").write_text(page(runs, found))
    (FOLDER / "performance-ratios.svg").write_text(plot(found))


def page(runs: Sequence[Results], found: Sequence[Comparison]) -> str:
    """Return the page, from the last run's machine and options."""
    last, beside = runs[-1], [one for one in found if one.act and one.other != OURS.name]
    busy = max(one.busy for run in runs for one in run.measured)
    workers = last.options.workers
    return Template(TEMPLATE.read_text()).substitute(
        busy=f"{busy:.0%}",
        rounds=last.options.rounds,
        seconds=f"{last.options.seconds:g}",
        machine=_table(("", ""), last.machine.items()),
        date=f"{last.begun:%-d %B %Y}",
        workers="one API worker" if workers == 1 else f"{workers} API workers",
        beside="\n\n".join(_beside(beside)),
        speed="\n\n".join(_speed([one for run in runs for one in run.measured])),
        growth=_growth([one for one in found if one.other == OURS.name]),
        memory=_memory([one for one in found if not one.act]),
    )


def _beside(found: Sequence[Comparison]) -> Iterator[str]:
    """A table for each database and number of cases."""
    for database, cases in dict.fromkeys((one.database, one.cases) for one in found):
        here = [one for one in found if (one.database, one.cases) == (database, cases)]
        yield f"### {database}, {cases:,} cases"
        rows = (
            [ACTS[act], f"{clients}", *(_against(here, act, clients, other) for other in OTHERS)]
            for act in ACTS
            for clients in sorted({one.clients for one in here})
        )
        yield _table(("", "clients", *(_title(other) for other in OTHERS)), rows)


def _title(subject: Subject) -> str:
    return subject.title.partition(",")[0]


def _against(found: Sequence[Comparison], act: str, clients: int, other: Subject) -> str:
    for one in found:
        if (one.act, one.clients, one.other) == (act, clients, other.name):
            return _figure(one)
    return ""


def _figure(one: Comparison) -> str:
    low, high = one.spread
    ratio = f"{one.ratio:.2f}" if one.holds is not False else f"**{one.ratio:.2f}**"
    return f"{ratio} ({low:.2f}–{high:.2f})" + ("" if one.bar is None else f" / {one.bar:g}")


def _speed(measured: Sequence[Measured]) -> Iterator[str]:
    """What the ratios are made of, for each database with the fewest cases."""
    fewest = min((one.cases for one in measured), default=0)
    for database in dict.fromkeys(one.database for one in measured):
        yield f"### {database}, {fewest:,} cases, requests a second"
        here = [one for one in measured if (one.database, one.cases) == (database, fewest)]
        rows = (
            [ACTS[act], f"{clients}", *(_median(here, act, clients, one) for one in ALL)]
            for act in ACTS
            for clients in sorted({one.clients for one in here})
        )
        yield _table(("", "clients", *(_title(one) for one in ALL)), rows)


def _median(measured: Sequence[Measured], act: str, clients: int, subject: Subject) -> str:
    found = [
        one.per_second
        for one in measured
        if (one.act, one.clients, one.subject) == (act, clients, subject.name)
    ]
    return f"{median(found):,.0f}" if found else ""


def _growth(found: Sequence[Comparison]) -> str:
    if not found:
        return "Not measured yet: `make bench-large` does."
    sizes = sorted({one.cases for one in found})
    rows = []
    for key in dict.fromkeys((one.database, one.act, one.clients) for one in found):
        database, act, clients = key
        by_size = {
            one.cases: _figure(one) for one in found if (one.database, one.act, one.clients) == key
        }
        rows.append([database, ACTS[act], f"{clients}", *(by_size.get(n, "") for n in sizes)])
    return _table(("", "", "clients", *(f"{cases:,} cases" for cases in sizes)), rows)


def _memory(found: Sequence[Comparison]) -> str:
    rows = [
        [one.database, f"{one.cases:,}", f"{one.ratio * WORKER_MB:.0f} MB", f"{WORKER_MB:.0f} MB"]
        for one in found
    ]
    return _table(("", "cases", "the most that an API worker has taken", "bar"), rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *(row for row in rows if any(row[2:]) or len(head) == 2)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def plot(found: Sequence[Comparison]) -> str:
    """Return the ratios at 16 clients, with the fewest cases."""
    fewest = min((one.cases for one in found), default=0)
    groups = []
    for database in dict.fromkeys(one.database for one in found):
        for act, words in ACTS.items():
            here = [
                next(
                    (
                        one
                        for one in found
                        if (one.database, one.cases, one.act, one.clients, one.other)
                        == (database, fewest, act, DRAWN_CLIENTS, other.name)
                    ),
                    None,
                )
                for other in DRAWN
            ]
            if any(here):
                drawn = [Bar(one.ratio, *one.spread, one.bar) if one else None for one in here]
                groups.append(Group(f"{words}, {database}", drawn))
    title = f"Ours, times as many requests a second ({DRAWN_CLIENTS} clients, {fewest:,} cases)"
    return bars(title, [f"than {other.title}" for other in DRAWN], groups)


if __name__ == "__main__":
    main([Path(file) for file in sys.argv[1:]] or sorted(KEPT.parent.glob("*.json")))
