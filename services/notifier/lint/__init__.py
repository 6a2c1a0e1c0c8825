"""The check of a template before it may be used: when it is saved, and at every start.

A template is data written by school staff, so it is held to an allowlist over its syntax tree:
`{{ }}`, `if` and `for`, three filters, and fields that exist. Every dotted path is looked up in the
letter's own shape; an optional field may be printed only inside an `if` on it. What can neither
call, reckon nor assign, and loops only over short lists, cannot be made to run away.
"""

from collections.abc import Iterator, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jinja2 import TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from notifier.blocks import MARK_CLOSES, MARK_OPENS
from notifier.facts import TONGUES
from notifier.glyphs import missing
from notifier.lint.statements import Statements
from notifier.rules import COVER, TABLE, Class, Form, Rule, Table
from notifier.shape import BadSchema, Shape, shape_from

MAX_SOURCE: Final = 20_000
MAX_NODES: Final = 1_500
MAX_DEPTH: Final = 40

IN_A_SUBJECT: Final = frozenset({"reference", "school.name"})
IN_AN_ALERT: Final = frozenset({"reference", "school.name", "about", "act_by"})
"""An alert is content-free: the case, what is to be done, by when. It never grants a read."""
IN_A_NOTICE: Final = frozenset(
    {"action", "clause.ref", "clause.words", "school.name", "school.phone"}
)
"""A public notice names the rule and no person, so it cannot reach a field that holds one."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """What is wrong with a template, where, and what to do."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.message}"


def lint_all(table: Table, letters: Path, schemas: Path, drawn: Set[int]) -> tuple[Problem, ...]:
    """Check every template, subject and title that the table names.

    Shapes are read from `schemas/letters/<code>.v1.json`; `drawn` is what the fonts can draw.
    """
    problems = set(_lint_file(letters, table.cover, COVER, None, None))
    for rule in table.rules:
        problems.update(_lint_row(rule, letters, schemas, drawn))
    return tuple(sorted(problems))


def lint(
    source: str,
    file: str,
    shape: Shape,
    *,
    may_use: Set[str] | None = None,
    drawn: Set[int] | None = None,
) -> tuple[Problem, ...]:
    """Check one template against the shape of its facts.

    `may_use` narrows the fields to these paths; `drawn` refuses words that the fonts cannot draw.
    Returns the problems, in order; an empty tuple means that it can be used.
    """
    if len(source) > MAX_SOURCE:
        return (Problem(file, 1, f"is longer than {MAX_SOURCE:,} characters; shorten it"),)
    lines = {Problem(file, *found) for found in _line_problems(source, drawn)}
    try:
        tree = ImmutableSandboxedEnvironment(autoescape=False).parse(source)
        if _is_too_large(tree):
            return (Problem(file, 1, "has too many parts, or parts in parts; shorten it"),)
    except TemplateSyntaxError as problem:
        return (Problem(file, problem.lineno, f"cannot be read: {problem.message}"),)
    except (RecursionError, ValueError, OverflowError):
        return (Problem(file, 1, "is nested too deeply, or has a number that is too long"),)
    statements = Statements(shape, may_use)
    statements.check(tree)
    return tuple(sorted(lines | {Problem(file, *found) for found in statements.found}))


def _is_too_large(tree: nodes.Node) -> bool:
    seen, open_nodes = 0, [(tree, 0)]
    while open_nodes:
        node, depth = open_nodes.pop()
        seen += 1
        if seen > MAX_NODES or depth > MAX_DEPTH:
            return True
        open_nodes += [(child, depth + 1) for child in node.iter_child_nodes()]
    return False


def _lint_row(rule: Rule, letters: Path, schemas: Path, drawn: Set[int]) -> Iterator[Problem]:
    for language in ("en", *rule.languages):
        if language not in TONGUES:
            known = ", ".join(sorted(TONGUES))
            message = f"the language '{language}' is not known; known are {known}"
            yield Problem(f"{TABLE}, row {rule.code}", 1, message)
            continue
        yield from _lint_rule(rule.spoken(language), letters, schemas, drawn)


def _lint_rule(rule: Rule, letters: Path, schemas: Path, drawn: Set[int]) -> Iterator[Problem]:
    row = f"{TABLE}, row {rule.code}"
    on_paper = drawn if rule.form is Form.PDF else None
    for heading in (rule.title, rule.marking or ""):
        yield from (Problem(row, *found) for found in _line_problems(heading, on_paper))
    try:
        shape = shape_from(schemas / "letters" / f"{rule.code}.v1.json")
    except BadSchema as problem:
        yield Problem(row, 1, str(problem))
        return
    yield from _lint_file(letters, rule.template, shape, may_use(rule), on_paper)
    yield from lint(rule.subject or "", f"{row}, subject", COVER, may_use=IN_A_SUBJECT)


def may_use(rule: Rule) -> Set[str] | None:
    """Return the only fields that this letter's template may use, or None for all of its shape."""
    if rule.class_ is Class.ALERT:
        return IN_AN_ALERT
    return IN_A_NOTICE if rule.form is Form.NOTICE else None


def source_of(path: Path) -> str:
    """Return the text of a template. Raises `UnicodeDecodeError` where it is not UTF-8."""
    return path.read_text(encoding="utf-8-sig")  # some editors put a mark in front


def _lint_file(
    letters: Path, name: str, shape: Shape, may_use: Set[str] | None, drawn: Set[int] | None
) -> tuple[Problem, ...]:
    try:
        source = source_of(letters / name)
    except UnicodeDecodeError:
        return (Problem(name, 1, "is not UTF-8 text; save it as UTF-8"),)
    return lint(source, name, shape, may_use=may_use, drawn=drawn)


def _line_problems(source: str, drawn: Set[int] | None) -> Iterator[tuple[int, str]]:
    """Yield what can be seen line by line, without the syntax tree."""
    for number, line in enumerate(source.split("\n"), 1):
        hidden = next((c for c in line if not c.isprintable() or c in MARK_OPENS + MARK_CLOSES), "")
        if hidden:
            yield number, f"has a character that cannot be seen (U+{ord(hidden):04X}); delete it"
        elif drawn is not None and (char := missing(line, drawn)):
            yield number, f"the letter font cannot print '{char}' (U+{ord(char):04X}); reword it"
        if line.count("**") % 2:
            yield number, "has '**' that is not closed on the same line"
