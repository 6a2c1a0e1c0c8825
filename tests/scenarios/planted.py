"""What people said in the scenarios, and whether a trace of it lies somewhere.

A trace is a piece of the words as they are, as JSON may spell them, or in base64. Pieces, because a
file may hold a long text in parts.
"""

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from incidents.demonstration import PEOPLE
from tests.scenarios.town import Town

WORDS: Final = frozenset({
    "facts", "opinion", "name", "email", "address", "post_url", "url", "label", "description",
    "rationale", "reason", "attendees", "agreed", "summary", "update", "reference_number",
    "correction", "support", "seen", "immediate_action",
})  # fmt: skip
"""Fields of bodies that hold people's words, names or addresses."""
PLAIN: Final = frozenset({
    "kind", "categories", "platform", "observed_at", "posted_at", "poster_identity",
    "on_school_account", "suspected_illegal", "people", "part", "role", "user", "media_type",
    "content", "captured_at", "scope", "finding", "risks", "scale", "audience", "permanency",
    "harm", "clauses", "possible_offences", "harm_test", "harmed_a_child",
    "possible_offence_against_a_child", "may_pose_a_risk", "may_be_unsuitable", "route",
    "person", "basis", "meeting_slots", "status", "checked_at", "held_at", "outcome", "act",
    "clause", "taken_at", "agency", "method", "cleared", "decision", "letter", "document",
    "delivered", "how_known", "correct_by", "remedy", "salutation", "language", "large_print",
})  # fmt: skip
"""Fields that hold a choice, a time, an id, or too little to be looked for."""
PIECE: Final = 24
SHORTEST: Final = 12


def said(town: Town) -> set[str]:
    """Return all that was said of cases in this town, and of the people in them."""
    return {text for body in town.door.said for text in _texts("body", body)}


def users() -> set[str]:
    """Return what those who sign in are called, and where they are written to."""
    names = {name for name, _ in PEOPLE.values()}
    return names | {f"{key.replace('_', '-')}@demonstration.example.org" for key in PEOPLE}


def traces(content: bytes, words: set[str]) -> list[str]:
    """Return the pieces of `words` that `content` holds in any spelling."""
    return [piece for text in sorted(words) for piece in _pieces(text) if _in(content, piece)]


def _texts(field: str, value: Any) -> Iterator[str]:
    match value:
        case Mapping():
            for name, inner in value.items():
                assert name in WORDS | PLAIN, f"say in planted.py whether {name} is personal"
                yield from _texts(name, inner)
        case list():
            for inner in value:
                yield from _texts(field, inner)
        case str() if field in WORDS:
            yield value


def _pieces(text: str) -> Iterator[str]:
    for start in range(0, len(text), PIECE):
        piece = text[start : start + PIECE]
        if len(piece) >= SHORTEST or start == 0:
            yield piece


def _in(content: bytes, piece: str) -> bool:
    plain = piece.encode()
    return any(spelled in content for spelled in (plain, *_escaped(piece), *_encoded(plain)))


def _escaped(piece: str) -> Iterator[bytes]:
    yield json.dumps(piece)[1:-1].encode()
    yield piece.encode("utf-16-le")


def _encoded(plain: bytes) -> Iterator[bytes]:
    """The piece in base64 wherever it may begin: without what its neighbours decide."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + plain)
        first, last = (0, 2, 3)[before], (len(plain) + before) // 3 * 4
        yield encoded[first:last]
