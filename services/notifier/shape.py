"""The shape of a message, read from its JSON Schema: which fields there are and what each one is.

Templates are checked against a shape when they are saved, and the facts of a letter are read
through it when they arrive. Only what our schemas use is understood; anything else is refused
rather than guessed at.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

MAX_DEPTH: Final = 8


class BadSchema(Exception):
    """A JSON Schema is missing, unreadable, or uses something that no letter needs."""


class Kind(StrEnum):
    """What a field is, in words that an error message can use."""

    TEXT = "text"
    DATE = "a date"
    MOMENT = "a date and time"
    NUMBER = "a number"
    YES_NO = "yes or no"
    ID = "an internal id"
    GROUP = "a group of fields"
    LIST = "a list"


@dataclass(frozen=True, slots=True)
class Shape:
    """One field. `optional` is true where it may be absent; a list that may be absent is empty.

    `least` is how many entries a list has at least; `one_of` the only values of a text, if named.
    """

    kind: Kind
    optional: bool = False
    fields: Mapping[str, "Shape"] = field(default_factory=lambda: MappingProxyType({}))
    items: "Shape | None" = None
    least: int = 0
    one_of: tuple[str, ...] = ()


TEXT: Final = Shape(Kind.TEXT)


def group(**fields: Shape) -> Shape:
    """Return the shape of a group with exactly these fields, all required."""
    return Shape(Kind.GROUP, fields=MappingProxyType(fields))


def shape_from(path: Path) -> Shape:
    """Return the shape that the schema file describes. Raises `BadSchema`, naming the file."""
    try:
        schema = json.loads(path.read_bytes())
        return read_shape(schema)
    except FileNotFoundError:
        raise BadSchema(f"{path}: there is no such schema; run the schema generator") from None
    except (ValueError, BadSchema) as problem:
        raise BadSchema(f"{path}: {problem}") from problem


def read_shape(schema: object) -> Shape:
    """Return the shape of a decoded JSON Schema. Raises `BadSchema`, naming the place in it."""
    if not isinstance(schema, dict):
        raise BadSchema("a schema is a JSON object")
    return _read(schema, schema, "", 0)


def _read(node: Mapping[str, Any], root: Mapping[str, Any], path: str, depth: int) -> Shape:
    if depth > MAX_DEPTH:
        raise BadSchema(f"'{path}' lies more than {MAX_DEPTH} levels deep")
    node = _followed(node, root, path)
    if "anyOf" in node:
        return _read_optional(node["anyOf"], root, path, depth)
    match node.get("type"):
        case "object":
            return _read_group(node, root, path, depth)
        case "array":
            items = _read(node.get("items", {}), root, f"{path}[]", depth + 1)
            return Shape(Kind.LIST, items=items, least=node.get("minItems", 0))
        case "string":
            return _read_text(node)
        case "integer" | "number":
            return Shape(Kind.NUMBER)
        case "boolean":
            return Shape(Kind.YES_NO)
    if "enum" in node and all(isinstance(value, str) for value in node["enum"]):
        return _read_text(node)
    raise BadSchema(f"'{path}' has no type that a letter can use")


def _followed(node: Mapping[str, Any], root: Mapping[str, Any], path: str) -> Mapping[str, Any]:
    seen = 0
    while "$ref" in node:
        reference = node["$ref"]
        target: Any = root
        for step in reference.removeprefix("#/").split("/"):
            target = target.get(step) if isinstance(target, dict) else None
        seen += 1
        if not isinstance(target, dict) or seen > MAX_DEPTH:
            raise BadSchema(f"'{path}' refers to {reference}, which is not in this file")
        node = target
    return node


def _read_optional(
    choices: list[Mapping[str, Any]], root: Mapping[str, Any], path: str, depth: int
) -> Shape:
    real = [choice for choice in choices if choice.get("type") != "null"]
    if len(real) != 1 or len(choices) != 2:
        raise BadSchema(f"'{path}' may be of several types; a letter needs one")
    return replace(_read(real[0], root, path, depth + 1), optional=True)


def _read_group(node: Mapping[str, Any], root: Mapping[str, Any], path: str, depth: int) -> Shape:
    required = node.get("required", [])
    fields: dict[str, Shape] = {}
    for name, child in node.get("properties", {}).items():
        shape = _read(child, root, f"{path}.{name}".lstrip("."), depth + 1)
        absent = name not in required and shape.kind is not Kind.LIST
        fields[name] = replace(shape, optional=True) if absent else shape
    return Shape(Kind.GROUP, fields=MappingProxyType(fields))


def _read_text(node: Mapping[str, Any]) -> Shape:
    formats = {"date": Kind.DATE, "date-time": Kind.MOMENT, "uuid": Kind.ID}
    return Shape(formats.get(node.get("format", ""), Kind.TEXT), one_of=tuple(node.get("enum", ())))
