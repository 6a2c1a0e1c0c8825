"""The table of letters: which event asks for which letter, to whom, how, and who approves it.

The rows are in `letters/letters.toml`; what a row may say is `Rule`. The table is read once, at
start, and refused as a whole if any row is wrong: a misspelt key that silently did nothing would be
a letter that silently never goes out.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import msgspec

from notifier.shape import TEXT, BadSchema, Kind, Shape, group, shape_from

TABLE: Final = "letters.toml"
COVER: Final = group(name=TEXT, reference=TEXT, school=group(name=TEXT, email=TEXT))
"""All that a covering e-mail and any subject can know: they say nothing of the case."""
CODE: Final = re.compile(r"[LA][1-9][0-9]?[a-z]?")
"""A small letter behind the number marks a second letter for the same purpose, e.g. `L6b`."""


class BadLetters(Exception):
    """The letters cannot be used. `problems` names each file and row or line, and what to do."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class Audience(StrEnum):
    """For whom a letter is. Incidents turns it into people, at the moment it is asked."""

    SLT_POOL = "slt_pool"
    REPORTER = "reporter"
    HEADTEACHER_AND_DSL = "headteacher_and_dsl"
    SUBJECT_PARENT = "subject_parent"
    SUBJECT_STAFF = "subject_staff"
    NAMED_PERSON = "named_person"
    COMPLAINANT = "complainant"
    TOLD_STAFF = "told_staff"
    PUPILS_PARENTS = "pupils_parents"
    PEOPLE_INFORMED = "people_informed"
    PUBLISHED_CHILD = "published_child"
    AFFECTED = "affected"
    HEADTEACHER = "headteacher"
    DPO_AND_HEADTEACHER = "dpo_and_headteacher"
    DSL = "dsl"
    SCHOOL_ACCOUNT = "school_account"
    AGENCY = "agency"
    DEADLINE_OWNER = "deadline_owner"
    HEAD_OR_CHAIR = "head_or_chair"


class Form(StrEnum):
    """What leaves: an e-mail text, a PDF attached to an e-mail, or a short text that is posted."""

    EMAIL = "email"
    PDF = "pdf"
    NOTICE = "notice"


class Class(StrEnum):
    """A letter goes at most once and may have to wait for a person; an alert goes at least once."""

    LETTER = "letter"
    ALERT = "alert"


class Approval(StrEnum):
    """Who reads the draft before it goes: nobody, the case's lead, or any senior leader."""

    NONE = "none"
    LEAD = "lead"
    SLT = "slt"


class InLanguage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a letter is in another language: one whole template, its title and its marking."""

    template: str
    title: str
    marking: str | None = None


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row of the table.

    `when` is the event's published type, e.g. `incidents.case_closed.v1`; `where` narrows it to
    events whose listed fields have exactly these values (a list: one of them). `template` and
    `title` are what the letter says and is called; `subject` is the e-mail's. After
    `not_after_hours` from the event nothing is sent any more. `marking` stands above the address,
    e.g. "Private and confidential". `languages` are the further ones it can be had in.
    """

    code: str
    when: str
    where: Mapping[str, bool | int | str | tuple[str, ...]] = {}
    to: Audience
    class_: Class = msgspec.field(name="class")
    form: Form
    template: str
    title: str
    subject: str | None = None
    marking: str | None = None
    approval: Approval
    not_after_hours: int
    languages: Mapping[str, InLanguage] = {}

    @property
    def needs_approval(self) -> bool:
        """Whether a person must approve the draft before it is sent."""
        return self.approval is not Approval.NONE

    @property
    def not_after(self) -> timedelta:
        """How long after its event the letter may still be sent."""
        return timedelta(hours=self.not_after_hours)

    def spoken(self, language: str) -> "Rule":
        """Return the rule as it is in this language: itself where it has no such template."""
        other = self.languages.get(language)
        if other is None:
            return self
        return msgspec.structs.replace(
            self, template=other.template, title=other.title, marking=other.marking
        )

    @property
    def conditions(self) -> Mapping[str, tuple[bool | int | str, ...]]:
        """What each of the narrowing fields may be."""
        return {
            name: value if isinstance(value, tuple) else (value,)
            for name, value in self.where.items()
        }

    def matches(self, event_type: str, data: Mapping[str, object]) -> bool:
        """Whether this event asks for this letter."""
        return self.when == event_type and all(
            # True == 1 in Python, but not in a message
            any(type(data.get(name)) is type(value) and data[name] == value for value in values)
            for name, values in self.conditions.items()
        )


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """Every rule, in the order of the file, and the envelope that PDF letters are laid out for."""

    envelope: str
    cover: str
    rules: tuple[Rule, ...]

    def rules_for(self, event_type: str, data: Mapping[str, object]) -> tuple[Rule, ...]:
        """Return the rules that this event, with these published fields, asks to be carried out."""
        return tuple(rule for rule in self.rules if rule.matches(event_type, data))

    def rule(self, code: str) -> Rule:
        """Return the rule of the letter with this code, e.g. `L2`. Raises `KeyError`."""
        for rule in self.rules:
            if rule.code == code:
                return rule
        raise KeyError(code)

    @property
    def event_types(self) -> frozenset[str]:
        """The published event types that any rule waits for."""
        return frozenset(rule.when for rule in self.rules)


def read_table(letters: Path, schemas: Path) -> Table:
    """Return the table in the folder `letters`, checked.

    Event types and conditions are checked against `schemas/events/` once that folder exists.
    Raises `BadLetters` with every problem found.
    """
    path = letters / TABLE
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as problem:
        raise BadLetters([f"{path}: cannot be read: {problem}"]) from problem
    rows = document.pop("letter", {})
    problems = [f"{TABLE}: {problem}" for problem in _heading_problems(document, letters)]
    rules: list[Rule] = []
    for code, row in rows.items():
        try:
            rule = _read_row(code, row)
        except BadLetters as refused:
            problems += [f"{TABLE}, row {code}: {problem}" for problem in refused.problems]
            continue
        problems += [f"{TABLE}, row {code}: {p}" for p in _row_problems(rule, letters, schemas)]
        rules.append(rule)
    if not rows:
        problems.append(f"{TABLE}: has no rows; a row begins with [letter.L1]")
    if problems:
        raise BadLetters(problems)
    return Table(envelope=document["envelope"], cover=document["cover"], rules=tuple(rules))


def _heading_problems(heading: Mapping[str, Any], letters: Path) -> Iterator[str]:
    folders = {"envelope": ("layout/{}.toml", letters), "cover": ("{}", letters)}
    for name in heading.keys() - folders.keys():
        yield f"unknown key '{name}'{did_you_mean(name, folders)}"
    for name, (pattern, folder) in folders.items():
        value = heading.get(name)
        if not isinstance(value, str):
            yield f"needs '{name} = \"…\"' before the first row"
        elif not (folder / pattern.format(value)).is_file():
            yield f"{name}: there is no file {pattern.format(value)}"


def _read_row(code: str, row: object) -> Rule:
    if not isinstance(row, dict):
        raise BadLetters(["is not a table; a row begins with [letter.L1]"])
    known = {f.encode_name for f in msgspec.structs.fields(Rule)} - {"code"}
    unknown = [f"unknown key '{key}'{did_you_mean(key, known)}" for key in row.keys() - known]
    if unknown:
        raise BadLetters(sorted(unknown))
    try:
        return msgspec.convert({**row, "code": code}, Rule)
    except msgspec.ValidationError as problem:
        raise BadLetters([str(problem)]) from problem


def _row_problems(rule: Rule, letters: Path, schemas: Path) -> Iterator[str]:
    if not CODE.fullmatch(rule.code):
        yield "a row is named L or A and a number, e.g. [letter.L2], or [letter.L2b]"
    if Path(rule.template).name != rule.template or not (letters / rule.template).is_file():
        there = sorted(path.name for path in letters.glob("*.j2"))
        yield f"there is no template '{rule.template}'{did_you_mean(rule.template, there)}"
    if rule.not_after_hours < 1:
        yield "not_after_hours must be at least 1"
    if not rule.title.strip():
        yield "the title is empty"
    yield from _form_problems(rule)
    yield from _language_problems(rule, letters)
    if (schemas / "events").is_dir():
        yield from _event_problems(rule, schemas / "events")


def _language_problems(rule: Rule, letters: Path) -> Iterator[str]:
    if rule.languages and rule.form is not Form.PDF:
        yield "only a PDF letter can be had in another language"
    for language, words in rule.languages.items():
        if language == "en":
            yield "languages: the row itself is the letter in English"
        if not (letters / words.template).is_file() or Path(words.template).name != words.template:
            yield f"languages: there is no template '{words.template}'"


def _form_problems(rule: Rule) -> Iterator[str]:
    if rule.form is Form.NOTICE and rule.subject is not None:
        yield "a notice is posted, not mailed: it has no subject"
    if rule.form is not Form.NOTICE and not (rule.subject or "").strip():
        yield "needs a subject for its e-mail"
    if rule.form is not Form.PDF and rule.marking is not None:
        yield "only a PDF letter has a marking"
    if rule.class_ is Class.ALERT and (rule.form is not Form.EMAIL or rule.needs_approval):
        yield 'an alert is an e-mail that nobody approves: form = "email", approval = "none"'
    if (rule.class_ is Class.ALERT) != rule.code.startswith("A"):
        yield 'letters are named L and alerts A: mend the name of the row or its "class"'


def _event_problems(rule: Rule, events: Path) -> Iterator[str]:
    known = sorted(path.name.removesuffix(".json") for path in events.glob("*.json"))
    if rule.when not in known:
        yield f"unknown event type '{rule.when}'{did_you_mean(rule.when, known)}"
        return
    try:
        envelope = shape_from(events / f"{rule.when}.json")
    except BadSchema as problem:
        yield str(problem)
        return
    data = envelope.fields.get("data", envelope)
    for name, values in rule.conditions.items():
        if not values:
            yield f"where: '{name}' has an empty list, so the letter would never be written"
        for value in values:
            yield from _condition_problems(name, value, data.fields)


def _condition_problems(
    name: str, value: bool | int | str, fields: Mapping[str, Shape]
) -> Iterator[str]:
    shape = fields.get(name)
    if shape is None:
        yield f"where: the event publishes no '{name}'{did_you_mean(name, fields)}"
        return
    types: dict[Kind, type] = {Kind.YES_NO: bool, Kind.NUMBER: int}
    if type(value) is not types.get(shape.kind, str):
        yield f"where: '{name}' is {shape.kind}, so it never equals {value!r}"
    elif shape.one_of and value not in shape.one_of:
        yield f"where: '{name}' is never {value!r}{did_you_mean(str(value), shape.one_of)}"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return "; did you mean '…'?" with the nearest known word, or nothing when none is near."""
    near = get_close_matches(word, list(known), 1)
    return f"; did you mean '{near[0]}'?" if near else ""
