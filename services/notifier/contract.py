"""Whether a message is what `schemas/` says it is. Fields that nobody promised are passed over."""

import json
from collections.abc import Iterable
from pathlib import Path

import msgspec
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from notifier.messages import Envelope


class NoSchema(Exception):
    """An event that is followed has no usable schema."""


class Unreadable(Exception):
    """The message is not what was promised. `reason` is a code and a place, never a value."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Contract:
    """The schemas of the events that are followed, ready to check with."""

    def __init__(self, schemas: Path, types: Iterable[str]) -> None:
        """Read the schemas of `types`. Raises `NoSchema`."""
        self._validators = {kind: _validator(schemas, kind) for kind in types}

    def follows(self, kind: str) -> bool:
        """Whether events of this type concern us."""
        return kind in self._validators

    def read(self, message: bytes) -> Envelope:
        """Return the envelope of a message of a followed type. Raises `Unreadable`."""
        try:
            envelope = msgspec.json.decode(message, type=Envelope)
            fields = json.loads(message)
        except (msgspec.MsgspecError, ValueError):
            raise Unreadable("no-envelope") from None
        problem = best_match(self._validators[envelope.type].iter_errors(fields))
        if problem is not None:
            place = "/".join(str(step) for step in problem.absolute_schema_path)
            raise Unreadable(f"schema: {place}"[:200])
        return envelope


def _validator(schemas: Path, kind: str) -> Draft202012Validator:
    path = schemas / "events" / f"{kind}.json"
    try:
        schema = json.loads(path.read_bytes())
    except (OSError, ValueError) as problem:
        raise NoSchema(f"{path}: {problem}. Run `make schemas`.") from problem
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)
