"""The generated parts of the docs: pictures and tables, read off the rules' own tables."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from incidents.domain import lifecycle, timers
from incidents.domain.access import RELATIONS, SECTIONS, SIGHTS
from incidents.domain.case import TRACKS
from incidents.domain.facts import Event
from incidents.domain.registers import REGISTERS, images
from incidents.domain.registers.register import Register
from incidents.domain.table import RowOf, Start, Track
from incidents.domain.vocabulary import Due, Stage
from incidents.messages import PUBLISHED, published_type

MADE: Final = "<!-- Made from the code by `make docs`: change the tables, not this page. -->\n"
_BEGIN: Final = "<!-- lifecycle: made by `make docs` -->\n"
_END: Final = "<!-- end of lifecycle -->\n"


def files(folder: Path) -> Mapping[str, bytes]:
    """Return every generated file below `docs/`, and README.md beside it with its picture."""
    return {
        "reference/lifecycle.md": _lifecycle().encode(),
        "reference/events.md": _events().encode(),
        "reference/access.md": _access().encode(),
        "reference/registers.md": _registers().encode(),
        "../README.md": _with_picture((folder / "../README.md").read_text()).encode(),
    }


# ── the lifecycle ─────────────────────────────────────────────────────────────────────────────────


def picture(track: Track) -> str:
    """Return a track as a Mermaid state diagram: every row that moves it, an arrow."""
    lines = ["```mermaid", "stateDiagram-v2", "    direction LR"]
    if track is lifecycle.TRACK:
        lines.append(f"    [*] --> {Stage.REPORTED}: log-incident")
    lines += _arrows(track.rows)
    if track is lifecycle.TRACK:
        lines.append(f"    {Stage.CLOSED} --> [*]")
    return "\n".join([*lines, "```", ""])


def _arrows(rows: Iterable[RowOf[Any, Any]]) -> Iterator[str]:
    for row in rows:
        if row.to is not None:
            yield from (f"    {at} --> {row.to}: {row.name}" for at in row.at if at != row.to)


def _with_picture(readme: str) -> str:
    before, _, rest = readme.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}\n{picture(lifecycle.TRACK)}\n{_END}{after}"


def _lifecycle() -> str:
    parts = [MADE, "# The life of a case\n"]
    for track in (one for one in TRACKS if one.rows):
        parts.append(f"## The {track.name} track\n")
        if track is not timers.TRACK and any(row.to for row in track.rows):
            parts.append(picture(track))
        parts.append(_table(_HEAD, (_row(row) for row in track.rows)))
    return "\n".join(parts)


_HEAD: Final = ("Command", "Who", "At", "Guards", "Records", "To", "Meets", "Starts", "Policy row")


def _row(row: RowOf[Any, Any]) -> tuple[str, ...]:
    return (
        f"`{row.name}`",
        ", ".join(row.who),
        ", ".join(row.at),
        ", ".join(f"`{g.name}`" for g in row.guards),
        ", ".join(event.__name__ for event in row.records),
        row.to or "",
        ", ".join(row.settles),
        ", ".join(map(_start, row.starts)),
        ", ".join(map(str, row.policy)),
    )


def _start(start: Start) -> str:
    return str(start) if isinstance(start, Due) else start.__name__.replace("_", " ")


# ── the registers ─────────────────────────────────────────────────────────────────────────────────


def _registers() -> str:
    parts = [MADE, "# The registers\n", _ABOUT_REGISTERS]
    for register in REGISTERS:
        name = register.track.name
        parts += [f"## {name[0].upper()}{name[1:]}: `/api/{register.path}`\n"]
        parts += [_entry_picture(register), _table(_HEAD, map(_row, register.rows))]
        parts += [_table(("Who", "Sight"), _readers(register))]
    checkers = ", ".join(images.CHECKERS)
    return "\n".join([*parts, _ABOUT_CHECKS.format(checkers=checkers)])


_ABOUT_REGISTERS: Final = """Beside the cases stand the registers that the policy asks for. Each \
entry is a stream of
its own; the first row of a table begins one. Whoever has no sight of an entry is told that there is
none.
"""
_ABOUT_CHECKS: Final = """## The question about a picture: `/api/publication-check`

Asked by: {checkers}. The answer is yes or no for all names together, and no in doubt. That it was
asked is recorded in a stream for each school and month: by whom, about how many, and the answer.
Not about whom.
"""


def _entry_picture(register: Register[Any]) -> str:
    lines = ["```mermaid", "stateDiagram-v2", "    direction LR"]
    lines += [f"    [*] --> {register.begin.to}: {register.begin.name}"]
    return "\n".join([*lines, *_arrows(register.track.rows), "```", ""])


def _readers(register: Register[Any]) -> Iterator[tuple[str, str]]:
    for role, sight in register.sights.items():
        yield role, sight.name.lower()
    for tie, (sight, _) in register.ties.items():
        yield tie, sight.name.lower()
    for field, who in register.closed.items():
        yield ", ".join(who), f"`{field}`, closed to everybody else"


# ── events and access ─────────────────────────────────────────────────────────────────────────────


def _events() -> str:
    of_cases = [(event, track.name) for track in TRACKS for event in track.apply]
    known = {event for event, _ in of_cases}
    of_registers = [
        (event, register.track.name)
        for register in REGISTERS
        for event in register.events.values()
        if event not in known
    ]
    checks = [(event, "publication check") for event in images.CHECKS.values()]
    head = ("Event", "Track", "Fields", "Leaves for the broker with")
    rows = (_event(event, track) for event, track in [*of_cases, *of_registers, *checks])
    return "\n".join([MADE, "# Events\n", _table(head, rows)])


def _event(event: type[Event], track: str) -> tuple[str, ...]:
    leaves = ""
    if event in PUBLISHED:
        fields = ", ".join(PUBLISHED[event][1]) or "no further fields"
        leaves = f"`{published_type(event)}`: {fields}"
    return f"`{event.TOPIC}`", track, ", ".join(event.__struct_fields__), leaves


def _access() -> str:
    sights = (
        (role, sight.name.lower(), sees.__name__.strip("_").replace("_", " "))
        for role, (sight, sees) in SIGHTS.items()
    )
    relations = ((relation, sight.name.lower()) for relation, (sight, _) in RELATIONS.items())
    sections = ((section, ", ".join(who)) for section, who in SECTIONS.items())
    return "\n".join(
        [
            MADE,
            "# Who sees what of a case\n",
            _table(("Role", "Sight", "When"), sights),
            "## By what somebody is to it\n",
            _table(("Relation", "Sight"), relations),
            "## What stays closed even then\n",
            _table(("Section", "Open to"), sections),
        ]
    )


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    return "\n".join([_line(head), _line("---" for _ in head), *map(_line, rows), ""])


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
