"""Anything that a type allows: events and request bodies, read off the types by msgspec.

Ids come from a handful and times from around a moment, so that what is made up meets what is there.
Texts are samples for their pattern: it is the rules that are tried here, not the patterns.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Any, Final, TypeVar
from uuid import UUID

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

from incidents.domain.facts import Sealed
from incidents.domain.moderation import MediaType
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
from tests.incidents.domain.cases import EVIDENCE, HASH
from tests.incidents.domain.school import FRIDAY

S = TypeVar("S", bound=msgspec.Struct)

IDS: Final = tuple(UUID(int=number) for number in range(1, 4))
SEALED: Final = Sealed(
    kid="a-key", nonce=b"n", ciphertext=b"words", commitment=b"c", version=1, field="facts"
)
WORDS: Final = ("Words enough to be a reason and a rationale, said once and for all.", "Ж" * 60)
SAMPLES: Final = {
    ClauseRef: ("4.1", "5.4", "9.9"),
    EmailAddress: ("subject@example.org",),
    Line: ("the subject", "L2", "L13"),
    Platform: ("Facebook", "World of Warcraft"),
    Rationale: WORDS,
    Reason: WORDS,
    Sha256: (HASH, "cd" * 32),
    Url: ("https://social.example.org/posts/1",),
    Words: WORDS,
    MediaType: ("image/png", "text/plain"),
}
AROUND: Final = (
    timedelta(),
    timedelta(minutes=-1),
    timedelta(minutes=1),
    timedelta(days=-2),
    timedelta(days=3),
    timedelta(days=400),
)
EXTREMES: Final = (
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
)


def pattern_of(kind: Any) -> str | None:
    found = inspect.type_info(kind)
    return found.pattern if isinstance(found, inspect.StrType) else None


BY_PATTERN: Final = {
    # Reason, Rationale and Words ask for the same; every sample of theirs fits all three.
    pattern_of(kind): samples
    for kind, samples in SAMPLES.items()
}


class Anything:
    """Makes up values of a type, with these ids and times around this moment."""

    def __init__(self, ids: Sequence[UUID] = IDS, now: datetime = FRIDAY) -> None:
        self._ids = tuple(ids)
        times = [now + around for around in AROUND]
        self._times = st.sampled_from([*times, *EXTREMES])

    def of(self, kind: type[S]) -> st.SearchStrategy[S]:
        """Any value of this Struct."""
        return self._struct(inspect.type_info(kind))

    def field(self, kind: type[msgspec.Struct], name: str) -> st.SearchStrategy[Any]:
        """Any value of one field of this Struct."""
        found = inspect.type_info(kind)
        assert isinstance(found, inspect.StructType)
        (field,) = (field for field in found.fields if field.name == name)
        return self._value(field.type)

    def _struct(self, found: inspect.Type) -> st.SearchStrategy[Any]:
        assert isinstance(found, inspect.StructType)
        if found.cls is Sealed:
            return st.just(SEALED)
        return st.builds(found.cls, **{f.name: self._value(f.type) for f in found.fields})

    def _value(self, found: inspect.Type) -> st.SearchStrategy[Any]:
        match found:
            case inspect.UnionType(types=types):
                return reduce(lambda a, b: a | b, (self._value(t) for t in types))
            case inspect.EnumType(cls=cls):
                return st.sampled_from(list(cls))
            case inspect.StrType(pattern=pattern):
                return st.sampled_from(BY_PATTERN.get(pattern, ("a code", "L13")))
            case inspect.IntType(ge=ge, le=le):
                return st.integers(ge if ge is not None else 0, le if le is not None else 9)
            case inspect.VarTupleType(item_type=item, min_length=least, max_length=most):
                most = min(3, 3 if most is None else most)
                return st.lists(self._value(item), min_size=least or 0, max_size=most).map(tuple)
            case inspect.DictType(key_type=key, value_type=value):
                return st.dictionaries(self._value(key), self._value(value), max_size=4)
            case inspect.StructType():
                return self._struct(found)
            case _:
                return self._simple(found)

    def _simple(self, found: inspect.Type) -> st.SearchStrategy[Any]:
        match found:
            case inspect.NoneType():
                return st.none()
            case inspect.BoolType():
                return st.booleans()
            case inspect.DateTimeType():
                return self._times
            case inspect.UUIDType():
                return st.sampled_from(self._ids)
            case inspect.BytesType():
                return st.sampled_from([EVIDENCE.content, b"", b"words", b"\xff\xfe"])
            case _:
                raise NotImplementedError(f"no values of {found} are made up yet")
