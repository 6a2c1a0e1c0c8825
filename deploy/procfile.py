"""Reading the Procfile: one program per line, `name: NAME=value program argument ...`.

No shell is involved, so that the process id is the program's own. `$NAME` stands for a variable of
the environment; an assignment whose value comes out empty is left out.
"""

import re
import shlex
from collections.abc import Mapping
from typing import NamedTuple

_LINE = re.compile(r"(?P<name>[a-z][a-z0-9-]*):\s*(?P<command>\S.*)")
_ASSIGNMENT = re.compile(r"(?P<name>[A-Z][A-Z0-9_]*)=(?P<value>.*)", re.DOTALL)
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


class Program(NamedTuple):
    """What to start under `name`: the program with its arguments, and what it finds around it."""

    name: str
    arguments: list[str]
    environment: dict[str, str]


class Line(NamedTuple):
    """A line of the Procfile, as written."""

    name: str
    assignments: dict[str, str]
    words: list[str]

    def program(self, environment: Mapping[str, str]) -> Program:
        """Return the program in this environment. Raises ValueError for a variable not set."""
        given = {name: _expand(value, environment, "") for name, value in self.assignments.items()}
        around = {**environment, **{name: value for name, value in given.items() if value}}
        return Program(self.name, [_expand(word, environment) for word in self.words], around)


def read_procfile(text: str) -> list[Line]:
    """Return the lines in their order.

    Raises ValueError, saying where, for a line that is none, a name given twice or a command
    without a program.
    """
    lines: dict[str, Line] = {}
    for number, written in enumerate(text.splitlines(), start=1):
        if not written.strip() or written.lstrip().startswith("#"):
            continue
        try:
            line = _line(written.strip())
        except ValueError as error:
            raise ValueError(f"line {number} of the Procfile: {error}") from None
        if line.name in lines:
            raise ValueError(f"line {number} of the Procfile: {line.name!r} was named before")
        lines[line.name] = line
    return list(lines.values())


def _line(written: str) -> Line:
    found = _LINE.fullmatch(written)
    if not found:
        raise ValueError("expected `name: program argument ...`")
    words = shlex.split(found["command"])
    assignments = {}
    while words and (assignment := _ASSIGNMENT.fullmatch(words[0])):
        assignments[assignment["name"]] = assignment["value"]
        words.pop(0)
    if not words:
        raise ValueError(f"{found['name']!r} names no program")
    return Line(found["name"], assignments, words)


def _expand(word: str, environment: Mapping[str, str], missing: str | None = None) -> str:
    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        found = environment.get(name, missing)
        if found is None:
            raise ValueError(f"the Procfile needs {name}, which is not set")
        return found

    return _VARIABLE.sub(value, word)
