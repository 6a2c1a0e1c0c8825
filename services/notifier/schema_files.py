"""The notifier's half of the contract, made from the code: a schema and an example per outcome."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

from notifier.messages import (
    OUTCOMES,
    SCHEMAS,
    CloudEvent,
    LetterDrafted,
    LetterFailed,
    LetterSent,
    LetterUncertain,
    LetterWithdrawn,
    Outcome,
    type_of,
)
from notifier.outbox import Told
from notifier.outcomes import cloud_event

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_ABOUT: Final[Mapping[str, Any]] = {
    "school": "demoschool01",
    "case_id": UUID("0192f3a0-7c1e-7d3a-9a51-3f0c2e9b1a01"),
    "letter_id": UUID("6b0f9a4e-55c1-5f0e-8a0b-0d8f2f6a7b02"),
    "letter": "L2",
    "event_id": UUID("0192f3a0-7c1f-7b10-8e44-5b7d9c0e1a03"),
    "recipient_ref": UUID("0192f39f-11aa-7c21-9d77-2a4b6c8d0e04"),
}
EXAMPLES: Final[tuple[Outcome, ...]] = (
    LetterDrafted(
        **_ABOUT,
        form="pdf",
        audience="subject_parent",
        media_type="application/pdf",
        document="9f" * 32,
        data_hash="1c" * 32,
        template_hash="e4" * 32,
        needs_approval=True,
    ),
    LetterSent(
        **_ABOUT,
        channel="email",
        message_id="<6b0f9a4e-55c1-5f0e-8a0b-0d8f2f6a7b02@notifier.caseward.example>",
    ),
    LetterUncertain(**_ABOUT, reason="reply-lost"),
    LetterFailed(**_ABOUT, reason="smtp-550-5.1.1"),
    LetterWithdrawn(**_ABOUT, reason="not_approved"),
)


def files() -> dict[str, bytes]:
    """Return every file below `schemas/` that is made here, by its path."""
    schemas = {f"events/{name}.json": _schema(name, kind) for name, kind in OUTCOMES.items()}
    return schemas | dict(_examples())


def stale(folder: Path) -> list[str]:
    """Return the files in `folder` that are not what the code says, missing ones included."""
    return [name for name, content in files().items() if _content(folder / name) != content]


def write(folder: Path) -> list[str]:
    """Bring the files in `folder` up to date; return those that changed."""
    changed = stale(folder)
    for name in changed:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(files()[name])
    return changed


def _schema(name: str, kind: type[Outcome]) -> bytes:
    data = msgspec.defstruct(
        f"{kind.__name__}Data",
        [("position", int)],
        bases=(kind,),
        namespace={"__doc__": kind.__doc__},
        frozen=True,
        kw_only=True,
    )
    message = msgspec.defstruct(
        kind.__name__,
        [("type", Literal[name]), ("data", data)],
        bases=(CloudEvent,),
        namespace={"__doc__": kind.__doc__},
        frozen=True,
        kw_only=True,
    )
    (schema,), parts = msgspec.json.schema_components([message], ref_template="#/$defs/{name}")
    body = parts.pop(schema["$ref"].rpartition("/")[2])
    head = {"$schema": DIALECT, "$id": f"{SCHEMAS}/{name}.json", "title": name}
    return _pretty({**head, **{k: v for k, v in body.items() if k != "title"}, "$defs": parts})


def _examples() -> Iterator[tuple[str, bytes]]:
    for position, outcome in enumerate(EXAMPLES, start=1):
        name = type_of(type(outcome))
        told = Told(
            position=position,
            event_id=UUID(int=_ABOUT["letter_id"].int + position),
            letter_id=outcome.letter_id,
            type=name,
            time=datetime(2026, 11, 20, 16, 40, tzinfo=UTC),
            data=msgspec.json.decode(msgspec.json.encode(outcome)),
        )
        yield f"examples/{name}.json", _pretty(msgspec.to_builtins(cloud_event(told)))


def _pretty(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value, order="sorted"), indent=2) + b"\n"


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
