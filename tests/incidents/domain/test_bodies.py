"""What a body may hold is said by its types: nothing that a rule would have to stumble over."""

from collections.abc import Iterator

import msgspec
import pytest
from msgspec.inspect import DateTimeType, StrType, Type

from incidents.domain.case import ROWS
from incidents.domain.intake import LogIncident
from incidents.domain.registers import REGISTERS
from incidents.domain.registers.images import CheckPublication
from incidents.domain.table import Command
from incidents.domain.vocabulary import (
    ClauseRef,
    EmailAddress,
    Line,
    Platform,
    Rationale,
    Reason,
    Sha256,
    Url,
    Words,
)

COMMANDS = (
    LogIncident,
    *ROWS,
    *(row.ask for register in REGISTERS for row in register.rows),
    CheckPublication,
)
LINES = {
    "an e-mail address": (EmailAddress, "parent@example.org"),
    "a URL": (Url, "https://social.example.org/posts/1"),
    "a clause": (ClauseRef, "4.1"),
    "a platform": (Platform, "Facebook"),
    "a hash": (Sha256, "ab" * 32),
    "a line": (Line, "the class teacher"),
}


def types(found: Type) -> Iterator[Type]:
    """This type and every one inside it."""
    yield found
    for name in found.__struct_fields__:
        inside = getattr(found, name)
        for one in inside if isinstance(inside, tuple) else (inside,):
            if isinstance(one, msgspec.inspect.Field):
                yield from types(one.type)
            elif isinstance(one, Type):
                yield from types(one)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c.__name__)
def test_every_time_in_a_body_carries_its_offset(command: type[Command]) -> None:
    times = [t for t in types(msgspec.inspect.type_info(command)) if isinstance(t, DateTimeType)]
    assert all(time.tz for time in times)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c.__name__)
def test_every_text_in_a_body_has_a_pattern(command: type[Command]) -> None:
    texts = [t for t in types(msgspec.inspect.type_info(command)) if isinstance(t, StrType)]
    assert all(text.pattern is not None for text in texts)
    bare = [text.pattern for text in texts if str(text.pattern).endswith("$")]
    assert not bare, "`$` also matches before a line break at the end"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c.__name__)
def test_a_body_with_a_field_that_nobody_knows_is_refused(command: type[Command]) -> None:
    """Server-owned fields too: never ignored, always refused."""
    assert command.__struct_config__.forbid_unknown_fields
    assert command.__struct_config__.frozen
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.convert({"school": "hazelmere2"}, command)


def test_a_time_without_an_offset_is_refused() -> None:
    body = (
        b'{"kind":"abuse","categories":["other"],"platform":"Facebook","facts":"words",'
        b'"observed_at":"2026-11-20T16:40:00"}'
    )
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(body, type=LogIncident)


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("ending", ["\n", "\nBcc: somebody@example.org", "\r\nx"])
def test_what_stands_on_one_line_ends_with_it(name: str, ending: str) -> None:
    """A line break in a name, an address or a URL would be a header of its own in an e-mail."""
    kind, value = LINES[name]
    assert msgspec.convert(value, kind) == value
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(value + ending, kind)


@pytest.mark.parametrize("control", ["\0", "\t", "\x1b", "\x7f"])
def test_a_line_holds_nothing_but_what_can_be_read(control: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(f"the class{control}teacher", Line)


@pytest.mark.parametrize("kind", [Words, Line, Reason, Rationale])
def test_blank_words_are_no_answer(kind: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(" " * 100, kind)


def test_a_line_may_be_of_any_script() -> None:
    for name in ("la maîtresse", "الأم", "老师", "the parent’s friend (2)"):
        assert msgspec.convert(name, Line) == name
