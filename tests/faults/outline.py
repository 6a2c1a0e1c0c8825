"""A history without what may differ between two runs of the same story.

Ids, times and hashes are left out; so is the order in which programs and people came in between
each other. That a letter was uncertain and a person looked counts as what he found.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)")
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_REFERENCE: Final = re.compile(r"CW-[0-9A-Z]{4}-[0-9A-Z]{4}")
_STANDS_FOR: Final = ((_UUID, "id"), (_MOMENT, "moment"), (_HASH, "hash"), (_REFERENCE, "CW"))


@dataclass(frozen=True)
class Outline:
    """What people did, in order; what became of each letter; which alerts went out for what."""

    by_people: tuple[Any, ...]
    letters: Mapping[str, Any]
    alerts: Mapping[tuple[str, str], int]


def outline(history: Sequence[Any]) -> Outline:
    """Return the outline of a case's history as the API gives it."""
    names = {entry["event_id"]: _name(entry) for entry in history}
    by_people = (e for e in history if "user" in e["actor"] and _name(e) != "letter_resolved")
    alerts = [e["data"] for e in history if _name(e).startswith("alert_")]
    return Outline(
        by_people=tuple((_name(e), e["actor"]["role"], _plain(e["data"])) for e in by_people),
        letters=_letters(history),
        alerts=Counter((alert["code"], names[alert["prompted_by"]]) for alert in alerts),
    )


def _name(entry: Any) -> str:
    return str(entry["event"].removeprefix("incidents."))


def _letters(history: Sequence[Any]) -> Mapping[str, Any]:
    """By code and number, in the order in which they were written: as what, and what came of it."""
    seen: Counter[str] = Counter()
    found = {}
    for entry in history:
        if _name(entry) != "letter_rendered":
            continue
        code, letter = entry["data"]["code"], entry["data"]["letter_id"]
        seen[code] += 1
        found[f"{code} {seen[code]}"] = (_plain(entry["data"]), tuple(_fate(history, letter)))
    return found


def _fate(history: Sequence[Any], letter: str) -> Iterator[str]:
    for entry in history:
        if entry["data"].get("letter_id") != letter:
            continue
        match _name(entry), entry["data"]:
            case "letter_uncertain", _:
                pass
            case "letter_resolved", {"delivered": True}:
                yield "letter_sent"
            case "letter_resolved", _:
                pass
            case name, _:
                yield name


def _plain(value: Any) -> Any:
    match value:
        case Mapping():
            return {name: _plain(inner) for name, inner in value.items()}
        case list():
            return [_plain(inner) for inner in value]
        case str():
            return next((word for what, word in _STANDS_FOR if what.fullmatch(value)), value)
        case _:
            return value
