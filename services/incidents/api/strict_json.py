"""What may come in as JSON: one meaning only, within bounds, and nothing that was not asked for.

Python's own parser is used for its hooks: it is the one that can tell a key that comes twice. It
takes its time; a body in which a glance shows that there is nothing to find is read by a faster
one, to the same result.
"""

import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Final, NoReturn, TypeVar

import msgspec

from incidents.api.problems import Kind, Problem
from incidents.api.sizes import MAX_BODY, MB
from incidents.api.wording import reason_for
from incidents.domain.table import Reason

MAX_DEPTH: Final = 32
MAX_VALUES: Final = 10_000
"""Values in one body: each of them costs the parser many times the bytes it came in."""
_MARKS: Final = (b"[", b"{", b",")
"""One of these stands before every value but the first of all and those that follow a key."""
_TEXT: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
"""A text, also one that never ends: it is gone through once, whatever is in it."""
CONTROLS: Final = r"\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f"
"""What no text may have in it, as a range for patterns: all controls but line breaks and tabs."""
_UNPRINTABLE: Final = re.compile(f"[{CONTROLS}\ud800-\udfff]")
_PLAIN_SIZE: Final = 64 * 1024
_NOT_PLAIN: Final = re.compile(rb"\\[bfu]|\x7f|\xc2[\x80-\x9f]")
"""Where a control, or half a character, may be in a text: JSON itself forbids those below space."""
_ODD_NUMBER: Final = re.compile(rb"[.+eE][0-9]|[eE][+-]|[0-9]{19}")
"""Fractions, powers of ten and long numbers, once the texts are taken out."""
_STRANGE_YEAR: Final = re.compile(rb'"(?!19|20|21)[0-9]{4}-|\\')
"""Where a date outside three centuries may begin; an escape may hide one."""
_LARGEST: Final = 2**63
_DIGITS: Final = 20
_EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)

T = TypeVar("T")


def read(raw: bytes, kind: type[T]) -> T:
    """Return the body as a `kind`. Nothing at all stands for `{}`.

    Raises `Problem`: 400 where it is no JSON or has two meanings, 422 naming the field that does
    not fit.
    """
    given = _plainly(raw) if raw else {}
    if given is None:
        given = parse(raw)
    try:
        body = msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise not_valid([reason_for(error, kind)]) from None
    if _STRANGE_YEAR.search(raw) and (far := dict.fromkeys(_far(body))):
        raise not_valid([Reason("body", f"`{name}` is no date a case could have.") for name in far])
    return body


def _plainly(raw: bytes) -> Any:
    """Return what a plain body says, or None for one that has to be looked at more closely."""
    if len(raw) > _PLAIN_SIZE or _NOT_PLAIN.search(raw):
        return None
    bare = _TEXT.sub(b"", raw)
    if _ODD_NUMBER.search(bare) or _marks(bare) > MAX_VALUES:
        return None
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    # Outside of texts a colon only stands after a key: one that came twice is missing here.
    return value if _keys(value, MAX_DEPTH) == bare.count(b":") else None


def _keys(value: Any, depth: int) -> int:
    """Count the keys in a value; one that is nested too deeply has none that could be right."""
    if isinstance(value, dict):
        inner: Iterable[Any] = value.values()
        count = len(value)
    elif isinstance(value, list):
        inner, count = value, 0
    else:
        return 0
    if depth == 0:
        return -(2**40)
    for one in inner:
        if isinstance(one, dict | list):
            count += _keys(one, depth - 1)
    return count


def parse(raw: bytes) -> Any:
    """Return what the bytes say. Raises `Problem` (400) with words for whoever wrote them."""
    _refuse_sprawling(raw)
    try:
        value = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_no_number,
            parse_float=_float,
            parse_int=_int,
        )
    except UnicodeDecodeError:
        raise _malformed("It is not valid UTF-8.") from None
    except json.JSONDecodeError as error:
        raise _malformed(
            f"It is no JSON: look at line {error.lineno}, column {error.colno}."
        ) from None
    except RecursionError:
        raise _too_deep() from None
    _look_through(value)
    return value


def _refuse_sprawling(raw: bytes) -> None:
    """Refuse what would be dear to parse, by counting: what is large may only be one long text."""
    large = len(raw) > MAX_BODY
    if large and (raw.count(b'"') > MAX_VALUES or _beside_the_longest(raw) > MAX_BODY):
        raise _malformed(f"Beyond {MAX_BODY // MB} MB it may only be one long text in an object.")
    if _marks(raw) > MAX_VALUES and (large or _marks(_TEXT.sub(b"", raw)) > MAX_VALUES):
        raise _malformed(f"It has more than {MAX_VALUES} values in it.")


def _beside_the_longest(raw: bytes) -> int:
    return len(raw) - max(map(len, raw.split(b'"')[1::2]), default=0)


def _marks(raw: bytes) -> int:
    return sum(map(raw.count, _MARKS))


def canonical(body: object) -> bytes:
    """Return the one form of a body, whatever the spaces and the order it came in."""
    return msgspec.json.encode(body, order="deterministic")


def not_valid(reasons: list[Reason]) -> Problem:
    return Problem(Kind.NOT_VALID, "Mend the field that each reason names.", reasons=reasons)


def _malformed(detail: str) -> Problem:
    return Problem(Kind.BAD_REQUEST, f"The body can't be read. {detail}")


def _too_deep() -> Problem:
    return _malformed(f"It is nested more than {MAX_DEPTH} levels deep.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _malformed("A key comes twice in the same object: say it once.")
    return found


def _no_number(_text: str) -> NoReturn:
    raise _malformed("NaN and Infinity are no numbers in JSON.")


def _float(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise _malformed("A number is too large.")
    return number


def _int(text: str) -> int:
    # Long digits are refused unread: turning them into a number takes time that grows with the
    # square of their length.
    if len(text) > _DIGITS or not -_LARGEST <= int(text) < _LARGEST:
        raise _malformed("A number is too large: whole numbers have at most 64 bits.")
    return int(text)


def _look_through(value: Any) -> None:
    """Refuse what is nested too deeply, and characters that no text needs."""
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH + 1):
        if any(isinstance(text, str) and _UNPRINTABLE.search(text) for text in level):
            raise _malformed(
                "A text has control characters or half a character in it: of those only line "
                "breaks and tabs are accepted."
            )
        around = [one for one in level if isinstance(one, dict | list)]
        level = [inner for outer in around for inner in _inside(outer)]
        if not around:
            return
    raise _too_deep()


def _inside(value: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return (*value, *value.values()) if isinstance(value, dict) else value


def _far(value: Any, name: str = "body") -> Iterator[str]:
    """The fields whose moment lies beyond what calendars and clocks can reckon with."""
    if isinstance(value, datetime):
        if not _EARLIEST < value < _LATEST:
            yield name
    elif isinstance(value, msgspec.Struct):
        for field in value.__struct_fields__:
            yield from _far(getattr(value, field), field)
    elif isinstance(value, tuple | list):
        for one in value:
            yield from _far(one, name)
