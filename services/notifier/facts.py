"""The facts of one letter, read through their shape and made safe to print.

What people typed arrives with all they typed, pasted or smuggled in. Here it becomes plain text:
nothing invisible, nothing that turns the direction of writing, no character of our own notation.
Dates become words the way a British school writes them.
"""

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType, SimpleNamespace
from typing import Final

from notifier.shape import Kind, Shape

MAX_TEXT: Final = 20_000
MAX_ITEMS: Final = 200
MAX_MARKS: Final = 2
"""Accents on one letter. Piled higher they run into the lines above and below."""

MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Tongue:
    """The words of a date in one language."""

    months: tuple[str, ...]
    days: tuple[str, ...]
    at: str
    midnight: str
    midday: str


ENGLISH: Final = Tongue(MONTHS, DAYS, "at", "midnight", "midday")
WELSH: Final = Tongue(
    months=(
        "Ionawr", "Chwefror", "Mawrth", "Ebrill", "Mai", "Mehefin",
        "Gorffennaf", "Awst", "Medi", "Hydref", "Tachwedd", "Rhagfyr",
    ),
    days=(
        "dydd Llun", "dydd Mawrth", "dydd Mercher", "dydd Iau",
        "dydd Gwener", "dydd Sadwrn", "dydd Sul",
    ),
    at="am",
    midnight="hanner nos",
    midday="hanner dydd",
)  # fmt: skip
TONGUES: Final[Mapping[str, Tongue]] = MappingProxyType({"en": ENGLISH, "cy": WELSH})
"""By ISO 639-1. A further language also needs its fixed words in `letters/layout/letter.typ`."""

Fact = str | date | int | float | bool | None | SimpleNamespace | Sequence["Fact"]


class BadFacts(Exception):
    """The facts do not fit the letter. Names the field and the problem, never the value."""

    def __init__(self, path: str, problem: str) -> None:
        self.path = path
        super().__init__(f"{path}: {problem}" if path else problem)


def read_facts(shape: Shape, facts: object) -> SimpleNamespace:
    """Return the facts as a template sees them: `facts.post.seen_on` is a date, and so on.

    Text is cleaned; a blank optional text counts as absent; fields the shape does not know are left
    out. Absent optional fields are None. Raises `BadFacts` where a field is missing, blank, of
    another type, or over `MAX_TEXT` characters or `MAX_ITEMS` entries.
    """
    return _read_group(shape, facts, "")


def _read(shape: Shape, value: object, path: str) -> Fact:
    if value is None:
        if shape.optional:
            return None
        raise BadFacts(path, "is missing")
    match shape.kind:
        case Kind.GROUP:
            return _read_group(shape, value, path)
        case Kind.LIST:
            return _read_list(shape, value, path)
        case Kind.YES_NO:
            if isinstance(value, bool):
                return value
        case Kind.NUMBER:
            if isinstance(value, int | float) and not isinstance(value, bool):
                return value
        case _ if isinstance(value, str):
            return _read_text(shape, value, path)
    raise BadFacts(path, f"is not {shape.kind}")


def _read_group(shape: Shape, value: object, path: str) -> SimpleNamespace:
    if not isinstance(value, Mapping):
        raise BadFacts(path, f"is not {shape.kind}")
    read = {
        name: _read(field, _given(field, value.get(name)), f"{path}.{name}".lstrip("."))
        for name, field in shape.fields.items()
    }
    return SimpleNamespace(**read)


def _given(shape: Shape, value: object) -> object:
    return () if value is None and shape.kind is Kind.LIST and not shape.optional else value


def _read_list(shape: Shape, value: object, path: str) -> tuple[Fact, ...]:
    if not isinstance(value, list | tuple) or shape.items is None:
        raise BadFacts(path, f"is not {shape.kind}")
    if len(value) > MAX_ITEMS:
        raise BadFacts(path, f"has {len(value)} entries; a letter takes {MAX_ITEMS}")
    if len(value) < shape.least:
        raise BadFacts(path, f"has {len(value)} entries and needs {shape.least}")
    return tuple(_read(shape.items, entry, f"{path}[{n}]") for n, entry in enumerate(value, 1))


def _read_text(shape: Shape, value: str, path: str) -> str | date | None:
    if len(value) > MAX_TEXT:
        raise BadFacts(path, f"has {len(value)} characters; a letter takes {MAX_TEXT}")
    try:
        match shape.kind:
            case Kind.DATE:
                return date.fromisoformat(value)
            case Kind.MOMENT:
                return _aware(datetime.fromisoformat(value))
    except ValueError:
        raise BadFacts(path, f"is not {shape.kind}") from None
    text = clean(value)
    if not text and not shape.optional:
        raise BadFacts(path, "is blank")
    return text or None


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("no time zone")
    return moment


def clean(text: str) -> str:
    """Return the text without anything that cannot be seen, its line ends as `\\n`.

    Control characters, direction overrides, zero-width and private characters, lone surrogates and
    variation selectors go; every sort of space becomes a space; at most one empty line in a row.
    """
    text = "\n".join(text.splitlines())
    if not (text.isascii() and text.replace("\n", "").isprintable()):
        text = unicodedata.normalize("NFC", "".join(map(_plain, text)))
        text = "".join(_few_marks(text))
    return _without_gaps([line.strip() for line in text.split("\n")])


def _plain(char: str) -> str:
    if char == "\n" or " " <= char <= "~":
        return char
    code = ord(char)
    if 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF:  # variation selectors
        return ""
    if 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE:  # never characters
        return ""
    category = unicodedata.category(char)
    if category == "Zs" or char == "\t":
        return " "
    return "" if category in {"Cc", "Cf", "Cs", "Co"} else char


def _few_marks(text: str) -> Iterator[str]:
    marks = 0
    for char in text:
        marks = marks + 1 if unicodedata.category(char) in {"Mn", "Me"} else 0
        if marks <= MAX_MARKS:
            yield char


def _without_gaps(lines: list[str]) -> str:
    kept = [line for n, line in enumerate(lines) if line or (n and lines[n - 1])]
    return "\n".join(kept).strip("\n")


def on_one_line(text: str) -> str:
    """Return the text with its line ends as spaces."""
    return " ".join(text.split())


def in_words(value: Fact, tongue: Tongue = ENGLISH) -> str:
    """Return what a template prints for the value. Lists, groups and yes/no have no words."""
    match value:
        case str():
            return value
        case datetime():
            return f"{_day(value, tongue)} {tongue.at} {_clock(value, tongue)}"
        case date():
            return _day(value, tongue)
        case bool() | None:
            raise TypeError("has no words of its own")
        case int() | float():
            return f"{value:,}"
    raise TypeError("has no words of its own")


def _day(day: date, tongue: Tongue) -> str:
    return f"{day.day} {tongue.months[day.month - 1]} {day.year}"


def _clock(moment: datetime, tongue: Tongue) -> str:
    match moment.hour, moment.minute:
        case 0, 0:
            return tongue.midnight
        case 12, 0:
            return tongue.midday
        case hour, minute:
            minutes = f":{minute:02}" if minute else ""
            return f"{(hour - 1) % 12 + 1}{minutes}{'am' if hour < 12 else 'pm'}"


def with_weekday(day: date, tongue: Tongue = ENGLISH) -> str:
    """Filter `weekday`: "Wednesday 25 November 2026", with the time if there is one."""
    return f"{tongue.days[day.weekday()]} {in_words(day, tongue)}"


def with_capital(text: str) -> str:
    """Filter `capital`: the text with its first letter as a capital."""
    return text[:1].upper() + text[1:]


def listed(texts: Sequence[str]) -> str:
    """Filter `listed`: "a, b and c"."""
    *rest, last = texts or ("",)
    return f"{', '.join(rest)} and {last}" if rest else last


FILTERS: Final[Mapping[str, Callable[..., str]]] = MappingProxyType(
    {"weekday": with_weekday, "capital": with_capital, "listed": listed}
)


def texts_of(facts: Fact, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the dotted path and the value of every text among the facts."""
    if isinstance(facts, str):
        yield path, facts
    elif isinstance(facts, SimpleNamespace):
        for name, value in vars(facts).items():
            yield from texts_of(value, f"{path}.{name}".lstrip("."))
    elif isinstance(facts, tuple):
        for n, value in enumerate(facts, 1):
            yield from texts_of(value, f"{path}[{n}]")


def with_texts(facts: SimpleNamespace, change: Callable[[str], str]) -> SimpleNamespace:
    """Return the same facts with every text changed."""
    return SimpleNamespace(**{name: _changed(value, change) for name, value in vars(facts).items()})


def _changed(value: Fact, change: Callable[[str], str]) -> Fact:
    match value:
        case str():
            return change(value)
        case SimpleNamespace():
            return with_texts(value, change)
        case tuple():
            return tuple(_changed(entry, change) for entry in value)
    return value
