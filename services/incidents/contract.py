"""The contract, made from the code: what `schemas/` holds of the incidents service.

A published event is described with its whole envelope, a letter by the struct of its facts, and
each request by its question and its answer. Every schema comes with a golden example that both
services are tested against.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final, Literal
from uuid import UUID

import msgspec
from msgspec import inspect

from incidents.domain.facts import Event
from incidents.letter_data import LETTERS
from incidents.messages import (
    PUBLISHED,
    REQUESTS,
    SCHEMAS,
    CloudEvent,
    Refused,
    data_struct,
    published_type,
)

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
BASE: Final = SCHEMAS.rpartition("/")[0]

_MOMENT: Final = datetime(2026, 11, 20, 16, 40, tzinfo=UTC)
_SAMPLES: Final[Mapping[str, str]] = {
    "school": "demoschool01",
    "dataschema": f"{SCHEMAS}/name-of-the-type.json",
    "source": "/incidents/demoschool01",
    "reference": "CW-7K4M-2QXD",
    "letter": "L2",
    "audience": "subject_parent",
    "email": "office@demonstration.example.org",
    "phone": "01632 960100",
    "name": "The class teacher",
    "salutation": "colleague",
    "media_type": "application/pdf",
    "sha256": "0" * 64,
    "document": "0" * 64,
    "refused": "not_approved",
    "url": "https://social.example.com/post/1",
    "post_url": "https://social.example.com/post/1",
    "platform": "Facebook",
}
"""Words for examples, by the name of their field; every other text says what it is."""


def files() -> Mapping[str, bytes]:
    """Return every file below `schemas/` that is made here, by its path."""
    found: dict[str, bytes] = {}
    for path, title, kind in _shapes():
        found[f"{path}.json"] = _schema(path, title, kind)
        found[f"examples/{path.rpartition('/')[2]}.json"] = _pretty(example(kind))
    found["envelope.json"] = _schema("envelope", "CloudEvents 1.0 envelope", CloudEvent)
    return found


def _shapes() -> Iterator[tuple[str, str, type[msgspec.Struct]]]:
    for event in PUBLISHED:
        name = published_type(event)
        yield f"events/{name}", name, published(event)
    for code, letter in LETTERS.items():
        yield f"letters/{code}.v1", f"Facts of {code}", letter
    for name, (asked, answered) in REQUESTS.items():
        yield f"requests/{name}.v1", f"Asked on requests.incidents.{name}", asked
        if answered is not None:
            yield f"requests/{name}_answer.v1", f"Answer to {name}", answered
    yield "requests/refused.v1", "The answer where there is none to give", Refused


def published(event: type[Event]) -> type[msgspec.Struct]:
    """The envelope of one event, with its type and its data spelled out."""
    name = published_type(event)
    return msgspec.defstruct(
        event.__name__,
        [("type", Literal[name]), ("data", data_struct(event))],
        bases=(CloudEvent,),
        namespace={"__doc__": event.__doc__},
        frozen=True,
        kw_only=True,
    )


def _schema(path: str, title: str, kind: type[msgspec.Struct]) -> bytes:
    (schema,), parts = msgspec.json.schema_components([kind], ref_template="#/$defs/{name}")
    body = parts.pop(schema["$ref"].rpartition("/")[2])
    head = {"$schema": DIALECT, "$id": f"{BASE}/{path}.json", "title": title}
    return _pretty({**head, **{k: v for k, v in body.items() if k != "title"}, "$defs": parts})


def _pretty(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value, order="sorted"), indent=2) + b"\n"


# ── examples ──────────────────────────────────────────────────────────────────────────────────────


def example(kind: type[msgspec.Struct]) -> Any:
    """Return a value of this shape with every field filled in: always the same one."""
    return msgspec.to_builtins(msgspec.convert(_value(inspect.type_info(kind), ""), kind))


def _value(kind: inspect.Type, name: str) -> Any:
    match kind:
        case inspect.Metadata(type=inner):
            return _value(inner, name)
        case inspect.StructType(fields=fields):
            return {f.encode_name: _value(f.type, f.name) for f in fields}
        case inspect.UnionType(types=types):
            return _value(next(t for t in types if not isinstance(t, inspect.NoneType)), name)
        case inspect.ListType(item_type=item, min_length=least):
            return [_value(item, name)] * (least or 1)
        case inspect.LiteralType(values=values):
            return values[0]
        case inspect.EnumType(cls=choices):
            return next(iter(choices)).value
    return _simple(kind, name)


def _simple(kind: inspect.Type, name: str) -> Any:
    match kind:
        case inspect.StrType():
            return _SAMPLES.get(name, f"the {name.replace('_', ' ')}")
        case inspect.UUIDType():
            return UUID(int=0x01A204B01E8D7A24ACD4958E0570E6FE)
        case inspect.DateTimeType():
            return _MOMENT
        case inspect.DateType():
            return date(2026, 11, 20)
        case inspect.BoolType():
            return True
        case inspect.IntType():
            return 1
        case inspect.BytesType():
            return b"%PDF-1.7"
    raise TypeError(f"{name}: there is no example for {kind}")
