"""Plots as SVG: bars in groups, each with its spread, beside the line it has to reach."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

WIDTH: Final = 900
LEFT: Final = 210
RIGHT: Final = 60
BAR: Final = 15
GAP: Final = 16
HEAD: Final = 74
COLOURS: Final = ("#2f6f9f", "#c8742b", "#5b8c5a", "#8a6fae")
BAR_LINE: Final = "#b3261e"
INK: Final = "#24292f"
FAINT: Final = "#d7dbe0"


@dataclass(frozen=True, slots=True)
class Bar:
    """One value with the smallest and the largest it was; `bar` is what it has to reach."""

    value: float
    low: float
    high: float
    bar: float | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Bars that stand together, one for each series; None where a series has none."""

    label: str
    bars: Sequence[Bar | None]


def bars(title: str, series: Sequence[str], groups: Sequence[Group]) -> str:
    """Return the plot: groups from top to bottom, values to the right."""
    drawn = [bar for group in groups for bar in group.bars if bar]
    largest = max((max(bar.high, bar.bar or 0) for bar in drawn), default=1.0)
    scale = (WIDTH - LEFT - RIGHT) / largest
    height = HEAD + len(groups) * (len(series) * BAR + GAP) + 30
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" role="img" font-family="sans-serif" font-size="12" '
        f'fill="{INK}">'
    )
    parts = [
        opening,
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="16" y="26" font-size="16" font-weight="bold">{escape(title)}</text>',
        *_legend(series),
        *_grid(largest, scale, height),
    ]
    top = HEAD
    for group in groups:
        parts += _group(group, top, scale)
        top += len(series) * BAR + GAP
    return "\n".join([*parts, "</svg>", ""])


def _legend(series: Sequence[str]) -> Iterator[str]:
    x = 16.0
    for name, colour in zip(series, COLOURS, strict=False):
        yield f'<rect x="{x:.0f}" y="40" width="11" height="11" fill="{colour}"/>'
        yield f'<text x="{x + 17:.0f}" y="50">{escape(name)}</text>'
        x += 40 + 7 * len(name)
    yield f'<line x1="{x:.0f}" y1="38" x2="{x:.0f}" y2="54" stroke="{BAR_LINE}" stroke-width="2"/>'
    yield f'<text x="{x + 8:.0f}" y="50">the bar to reach</text>'


def _grid(largest: float, scale: float, height: float) -> Iterator[str]:
    step = next(step for step in (0.25, 0.5, 1, 2, 5, 10, 20, 50, 10**6) if largest / step <= 10)
    for number in range(int(largest / step) + 1):
        x = LEFT + number * step * scale
        yield (
            f'<line x1="{x:.1f}" y1="{HEAD - 8}" x2="{x:.1f}" y2="{height - 24}" stroke="{FAINT}"/>'
        )
        yield f'<text x="{x:.1f}" y="{height - 8}" text-anchor="middle">{number * step:g}</text>'


def _group(group: Group, top: float, scale: float) -> Iterator[str]:
    middle = top + len(group.bars) * BAR / 2 + 4
    yield f'<text x="{LEFT - 10}" y="{middle:.0f}" text-anchor="end">{escape(group.label)}</text>'
    for number, (bar, colour) in enumerate(zip(group.bars, COLOURS, strict=False)):
        if bar is not None:
            yield from _bar(bar, top + number * BAR, scale, colour)


def _bar(bar: Bar, top: float, scale: float, colour: str) -> Iterator[str]:
    x, low, high = (LEFT + value * scale for value in (bar.value, bar.low, bar.high))
    y = top + BAR / 2
    yield (
        f'<rect x="{LEFT}" y="{top + 1:.1f}" width="{x - LEFT:.1f}" height="{BAR - 3}" '
        f'fill="{colour}"/>'
    )
    yield f'<line x1="{low:.1f}" y1="{y:.1f}" x2="{high:.1f}" y2="{y:.1f}" stroke="{INK}"/>'
    if bar.bar is not None:
        mark = LEFT + bar.bar * scale
        yield (
            f'<line x1="{mark:.1f}" y1="{top:.1f}" x2="{mark:.1f}" y2="{top + BAR - 1:.1f}" '
            f'stroke="{BAR_LINE}" stroke-width="2"/>'
        )
    yield f'<text x="{high + 5:.1f}" y="{y + 4:.1f}" font-size="10">{bar.value:.1f}</text>'
