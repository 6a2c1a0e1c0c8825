"""Which figures are drawn from the measurements, and what each has to be."""

from collections.abc import Iterator, Sequence
from typing import Final

from tests.bench.rounds import Comparison, Measured, Memory, cost_ratios, speed_ratios
from tests.bench.subjects import DJANGO, FASTAPI, NOOP, OURS, SUBJECTS

ACTS: Final = {
    "create": "create a case",
    "advance": "advance a case",
    "read": "read a case",
    "list": "list 50 cases",
}
UNDER_LOAD: Final = (16, 64)
CREATE_BARS: Final = {FASTAPI.name: 3.0, DJANGO.name: 5.0, NOOP.name: 0.5}
READING_BAR: Final = 2.0
LARGE: Final = 1_000_000
GROWTH_BAR: Final = 1.2
WORKER_MB: Final = 150.0


def comparisons(measured: Sequence[Measured], memory: Sequence[Memory]) -> list[Comparison]:
    """Return every ratio that these measurements allow."""
    return [*_beside_others(measured), *_among_more(measured), *_memory(memory)]


def _beside_others(measured: Sequence[Measured]) -> Iterator[Comparison]:
    for ours in _groups(measured, OURS.name):
        for other in SUBJECTS.values():
            theirs = _same(measured, ours[0], other.name)
            if other.name != OURS.name and theirs:
                one = ours[0]
                yield Comparison(
                    name=f"{ACTS[one.act]}, {_where(one)}",
                    against=other.title,
                    database=one.database,
                    cases=one.cases,
                    act=one.act,
                    clients=one.clients,
                    other=other.name,
                    ratios=speed_ratios(ours, theirs),
                    bar=_bar(one, other.name),
                )


def _bar(one: Measured, other: str) -> float | None:
    """Ours has to be so many times as fast. One client alone mostly waits for the disk."""
    if one.act == "create" and one.clients in UNDER_LOAD:
        return CREATE_BARS[other]
    return READING_BAR if one.act in ("list", "read") else None


def _among_more(measured: Sequence[Measured]) -> Iterator[Comparison]:
    sizes = sorted({one.cases for one in measured if one.subject == OURS.name})
    for large in _groups(measured, OURS.name):
        one = large[0]
        small = [
            each
            for each in measured
            if (each.subject, each.act, each.clients) == (one.subject, one.act, one.clients)
            and (each.database, each.cases) == (one.database, sizes[0])
        ]
        if one.cases != sizes[0] and small:
            yield Comparison(
                name=f"cost to {ACTS[one.act]}, {_where(one)}",
                against=f"the same with {sizes[0]:,} cases",
                database=one.database,
                cases=one.cases,
                act=one.act,
                clients=one.clients,
                other=OURS.name,
                ratios=cost_ratios(large, small),
                bar=GROWTH_BAR if one.cases >= LARGE else None,
                most=True,
            )


def _memory(memory: Sequence[Memory]) -> Iterator[Comparison]:
    for database, cases in dict.fromkeys((one.database, one.cases) for one in memory):
        peaks = [
            one.peak / WORKER_MB
            for one in memory
            if (one.database, one.cases, one.subject) == (database, cases, OURS.name)
        ]
        if peaks:
            yield Comparison(
                name=f"memory of an API worker under load, {database}, {cases:,} cases",
                against=f"a bar of {WORKER_MB:g} MB",
                database=database,
                cases=cases,
                ratios=tuple(peaks),
                bar=1.0,
                most=True,
            )


def _groups(measured: Sequence[Measured], subject: str) -> list[list[Measured]]:
    """The rounds of each act of a subject."""
    groups: dict[object, list[Measured]] = {}
    for one in measured:
        if one.subject == subject:
            key = (one.database, one.cases, one.act, one.clients)
            groups.setdefault(key, []).append(one)
    return list(groups.values())


def _same(measured: Sequence[Measured], one: Measured, subject: str) -> list[Measured]:
    """The rounds of another subject that are to be held against this one."""
    return [
        each
        for each in measured
        if each.subject == subject
        and (each.act, each.clients) == (one.act, one.clients)
        and (each.database, each.cases) == (one.database, one.cases)
    ]


def _where(one: Measured) -> str:
    clients = "1 client" if one.clients == 1 else f"{one.clients} clients"
    return f"{one.database}, {one.cases:,} cases, {clients}"
