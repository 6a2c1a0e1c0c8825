"""Invents events of any kind from its type hints, so that no kind can be forgotten in a test."""

from datetime import UTC
from typing import Any

from hypothesis import strategies as st
from msgspec import inspect

from incidents.domain.facts import Event
from incidents.store.sealing import sealed_fields

Strategy = st.SearchStrategy[Any]

WORDS: Strategy = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
"""Any text at all but half characters, which no JSON can carry."""


def events_of(kind: type[Event], words: Strategy = WORDS) -> Strategy:
    """Events of this kind; every text that will be sealed is drawn from `words`."""
    sealed = {field.name for field in sealed_fields(kind)}
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType)
    fields = {
        field.name: words if field.name in sealed else _of(field.type) for field in info.fields
    }
    return st.builds(kind, **fields)


def _of(info: inspect.Type) -> Strategy:
    match info:
        case inspect.Metadata():
            return _of(info.type)
        case inspect.UnionType():
            return st.one_of(*map(_of, info.types))
        case inspect.NoneType():
            return st.none()
        case inspect.BoolType():
            return st.booleans()
        case inspect.IntType():
            return st.integers(info.ge or 0, info.le or 2**53)
        case inspect.FloatType():
            return st.floats(allow_nan=False, allow_infinity=False)
        case inspect.StrType():
            return _text(info)
        case inspect.BytesType():
            return st.binary(max_size=40)
        case inspect.UUIDType():
            return st.uuids()
        case inspect.DateTimeType():
            return st.datetimes(timezones=st.just(UTC))
        case inspect.DateType():
            return st.dates()
        case inspect.EnumType():
            return st.sampled_from(info.cls)
        case inspect.VarTupleType():
            return st.lists(_of(info.item_type), min_size=1, max_size=3).map(tuple)
        case inspect.DictType():
            return st.dictionaries(_of(info.key_type), _of(info.value_type), max_size=3)
        case inspect.StructType():
            return st.builds(info.cls, **{field.name: _of(field.type) for field in info.fields})
        case inspect.AnyType():
            return _JSON
        case _:
            raise TypeError(f"Nothing can be invented for {info}: teach {__name__}.")


def _text(info: inspect.StrType) -> Strategy:
    shortest, longest = info.min_length or 0, info.max_length or 100
    if info.pattern is not None:
        ascii_only = st.characters(codec="ascii")
        matching = st.from_regex(info.pattern, fullmatch=True, alphabet=ascii_only)
        return matching.filter(lambda text: shortest <= len(text) <= longest)
    return st.text(
        st.characters(exclude_categories=["Cs"]), min_size=shortest, max_size=min(longest, 100)
    )


_NAMES: Strategy = st.text(max_size=8) | st.sampled_from(["_type_", "_data_", "$ref", "__class__"])
_JSON: Strategy = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=8,
)
