"""Fictional facts for every letter: as usual, with as little as can be, and with as much.

They are built from the Structs that incidents sends, so a field that is renamed there breaks here;
and written as JSON, which is all that the notifier ever sees.
"""

from typing import Any, Final, NamedTuple

import msgspec

from incidents.letter_data import LETTERS, Letter
from notifier.shape import Kind, Shape, read_shape
from tests.notifier.letters import of_a_complaint, of_a_post, of_agencies, of_conduct
from tests.notifier.letters.people import PRINT, QUESTIONS, at

USUAL: Final[dict[str, Letter]] = {
    **of_a_post.SAMPLES,
    **of_a_complaint.SAMPLES,
    **of_conduct.SAMPLES,
    **of_agencies.SAMPLES,
}

ACCENTED_NAME: Final = "Siân Łukasiewicz-Ó Conchúir"
ACCENTED: Final = "Zoë’s naïve façade, Ŵyn ŷ Żółć, Đặng Thị Huyền, Ελένη, Юлія"
LINK: Final = "https://social.example.com/" + "a-very-long-group-name/" * 12 + "?post=" + "7" * 60
LONG: Final = "\n\n".join(
    f"{ACCENTED}. The account was made on the same day and has no other posts; those who saw it "
    "were asked to write down what they saw, when, and on which device, before anything was "
    f"reported or removed. This is paragraph {number} of what was recorded." * number
    for number in (1, 2, 3)
)
TOLD_AT_LENGTH: Final = frozenset(
    {
        *("facts", "child_words", "reason", "correction", "support"),
        *("other_children", "other_work", "no_consent_because", "late_because"),
        *("issues", "outcome_wanted", "understood", "investigated", "reasons", "remedies"),
        *("recommendations", "behaviour", "limits", "query", "asked", "agreed"),
        *("nature", "consequences", "measures", "next_steps", "done", "topic"),
    }
)
AS_USUAL: Final = frozenset({"reference", "phone", "email", "salutation", "action", "about"})


def facts(letter: Letter) -> dict[str, Any]:
    """Return the facts as the notifier gets them: decoded JSON."""
    return msgspec.json.decode(msgspec.json.encode(letter), type=dict[str, Any])


def usual(code: str) -> dict[str, Any]:
    """Return ordinary facts of the letter with this code."""
    return facts(USUAL[code])


def schema(code: str) -> dict[str, Any]:
    """Return the JSON Schema of the facts of the letter with this code."""
    return msgspec.json.schema(LETTERS[code])


def least(code: str) -> dict[str, Any]:
    """Return the facts with every optional field absent and every list as short as it may be."""
    read: dict[str, Any] = _least(read_shape(schema(code)), usual(code))
    return read


def _least(shape: Shape, value: Any) -> Any:
    if shape.kind is Kind.LIST:
        return value[: shape.least]
    if shape.kind is not Kind.GROUP:
        return value
    kept = {name: field for name, field in shape.fields.items() if not field.optional}
    return {name: _least(field, value[name]) for name, field in kept.items() if name in value}


def most(code: str, many: int = 8, told: str = LONG) -> dict[str, Any]:
    """Return the facts with every field filled, and with letters of many languages.

    Lists have `many` entries, where the letter does not fix their number; `told` is what stands
    where people write at length.
    """
    read: dict[str, Any] = _Most(many, told).facts(read_shape(schema(code)), usual(code), "")
    return read


class _Most(NamedTuple):
    many: int
    told: str

    def facts(self, shape: Shape, value: Any, name: str) -> Any:
        match shape.kind:
            case Kind.GROUP:
                given = value or {}
                fields = shape.fields.items()
                return {key: self.facts(field, given.get(key), key) for key, field in fields}
            case Kind.LIST:
                return self._list(shape, value or [], name)
            case Kind.MOMENT:
                return value or at(20, 16, 5).isoformat()
            case Kind.DATE:
                return value or "2026-11-19"
            case Kind.ID:
                return "00000000-0000-4000-8000-000000000000"
            case Kind.TEXT:
                return self._text(shape, name, value)
        return value

    def _list(self, shape: Shape, value: list[Any], name: str) -> list[Any]:
        assert shape.items
        count = {"address_lines": 5, "harm_test": len(QUESTIONS)}.get(name, self.many)
        items = [value[n % len(value)] if value else None for n in range(count)]
        return [self.facts(shape.items, item, name) for item in items]

    def _text(self, shape: Shape, name: str, value: str | None) -> str:
        if value and (name in AS_USUAL or shape.one_of):
            return value
        if name in TOLD_AT_LENGTH:
            return self.told
        known = {"name": ACCENTED_NAME, "sha256": PRINT, "url": LINK, "post_url": LINK}
        known["address_lines"] = value or "Tŷ’r Ysgol, Żółć Street"
        return known.get(name, value or ACCENTED)
