"""What a field has to be, in words: the decoder's messages without what was sent.

Its own messages repeat values and speak of types. Here the field is named, and what it accepts is
looked up in its schema.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import msgspec

from incidents.domain.table import Reason

REF: Final = "#/components/schemas/"
_AT: Final = re.compile(r"^(?P<what>.*?)(?: - at `(?P<path>[^`]*)`)?$", re.DOTALL)
_FIELD: Final = re.compile(r"`(?P<name>[A-Za-z][A-Za-z0-9_\-]{0,39})`$")
_STEP: Final = re.compile(r"\.(?P<field>\w+)|\[(?P<item>[^\]]*)\]")
_BOUND: Final = re.compile(
    r"Expected `(?P<kind>[^`]*)` (?:of length )?(?P<how>>=|<=|>|<) (?P<n>\d+)"
)
_KINDS: Final = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "datetime": "a date and time",
    "uuid": "an id",
    "bytes": "base64",
    "null": "null",
}
_SECRET: Final = re.compile(r"pass.?(?:word|code|phrase|wd)|pwd|secret|\bpin\b|credential", re.I)
_NO_PASSWORDS: Final = " No password is kept here: say where it is kept, in words and a number."
_MOMENT: Final = "has to be a date and time with its zone, like 2026-11-20T16:40:00Z"


def reason_for(error: msgspec.ValidationError, kind: type, rule: str = "body") -> Reason:
    """Return the decoder's complaint about a `kind` as a reason for the person who sent it."""
    found = _AT.match(str(error))
    what, path = (found["what"], found["path"] or "$") if found else ("", "$")
    return Reason(rule, _words(what, path, kind))


def _words(what: str, path: str, kind: type) -> str:
    name = path.removeprefix("$").removeprefix(".")
    where = f"`{name}`" if name else "The body"
    if what.startswith("Object contains unknown field"):
        inner = _inner(name, what)
        instead = _NO_PASSWORDS if _SECRET.search(inner) else ""
        return f"{inner} is not among the fields that may be sent here.{instead}"
    if what.startswith("Object missing required field"):
        return f"{_inner(name, what)} is missing."
    return f"{where} {_has_to_be(what, _schema_at(kind, path))}."


def _inner(name: str, what: str) -> str:
    named = _FIELD.search(what)
    inner = named["name"] if named else "(a field whose name can't be repeated)"
    return f"`{name}.{inner}`" if name else f"`{inner}`"


def _has_to_be(what: str, schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return "has to be one of: " + ", ".join(map(str, schema["enum"]))
    if "datetime" in what or schema.get("format") == "date-time":
        return _MOMENT
    if what.startswith("Invalid UUID"):
        return "has to be an id, like 0192f0c1-2b3a-7c4d-8e5f-60718293a4b5"
    if what.startswith("Invalid base64"):
        return "has to be base64"
    if "matching regex" in what:
        return _written(schema.get("pattern", ""))
    if limit := _BOUND.search(what):
        return _within(limit["kind"], limit["how"], limit["n"])
    return "has to be " + _kinds(what)


def _written(pattern: str) -> str:
    """A pattern is told by what it lets through: any words, words on one line, or a form."""
    if not re.search(pattern, "Ordinary words " * 5):
        return "is not written as this field asks for"
    if not re.search(pattern, "Ordinary\nwords\n" * 5):
        return "has to be one line with something to read in it"
    return "has too little to read in it: blanks do not count"


def _within(kind: str, how: str, n: str) -> str:
    bound = {">=": "at least", ">": "more than", "<=": "at most", "<": "less than"}[how]
    unit = {"str": " characters long", "array": " entries long", "bytes": " bytes long"}
    return f"has to be {bound} {n}{unit.get(kind, '')}"


def _kinds(what: str) -> str:
    expected = re.search(r"Expected `([^`]*)`", what)
    named = expected[1].split(" | ") if expected else []
    return " or ".join(_KINDS.get(one, "what the field asks for") for one in named) or "different"


# ── the schema of a field ─────────────────────────────────────────────────────────────────────────


def components(kind: type) -> Mapping[str, Any]:
    """Return the JSON schemas of a type and of all it is made of, by name."""
    return _components(kind)


@cache
def _components(kind: Any) -> Mapping[str, Any]:
    (top,), found = msgspec.json.schema_components((kind,), ref_template=REF + "{name}")
    return {"": top, **found}


def _schema_at(kind: type, path: str) -> dict[str, Any]:
    known = components(kind)
    schema = known[""]
    for step in _STEP.finditer(path):
        schema = _resolved(schema, known)
        if step["field"]:
            schema = schema.get("properties", {}).get(step["field"], {})
        else:
            schema = schema.get("items") or schema.get("additionalProperties") or {}
            schema = schema if isinstance(schema, dict) else {}
    return _resolved(schema, known)


def _resolved(schema: dict[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    for one in schema.get("anyOf", ()):
        if one.get("type") != "null":
            return _resolved(one, known)
    if "$ref" in schema:
        return _resolved(known[schema["$ref"].removeprefix(REF)], known)
    return schema
