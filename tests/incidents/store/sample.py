"""A small school of events for the store's tests, and short ways to make facts of them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID, uuid4

import msgspec

from incidents.domain import case as cases
from incidents.domain import users
from incidents.domain.facts import (
    Actor,
    CaseText,
    Event,
    PersonId,
    Recorded,
    SchoolId,
    SealedUnder,
    Text,
    UserId,
)
from incidents.domain.vocabulary import Role
from incidents.store import Claim, StateRow

SCHOOL: Final = SchoolId("fieldside")
START: Final = datetime(2026, 9, 1, 8, 30, tzinfo=UTC)


class Detail(msgspec.Struct, frozen=True):
    """Something nested, without words in it."""

    kind: str
    on: date


class NoteAdded(Event, frozen=True, kw_only=True):
    TOPIC = "tests.note_added"

    text: CaseText
    aside: CaseText | None = None


class PersonNamed(Event, frozen=True, kw_only=True):
    TOPIC = "tests.person_named"

    person: PersonId | None = None
    name: Annotated[Text | None, SealedUnder("person")] = None
    remark: Annotated[Text, SealedUnder()]


class ThingsCounted(Event, frozen=True, kw_only=True):
    TOPIC = "tests.things_counted"

    number: int
    share: float
    at: datetime
    by: UserId | None = None
    details: tuple[Detail, ...] = ()
    answers: dict[str, bool]
    raw: bytes = b""


class ValueChanged(Event, frozen=True, kw_only=True):
    TOPIC = "tests.value_changed"

    value: dict[str, Any]


EVENTS: Final[dict[str, type[Event]]] = {
    kind.TOPIC: kind for kind in (NoteAdded, PersonNamed, ThingsCounted, ValueChanged)
}

EVERY_KIND: Final[Mapping[str, type[Event]]] = {**EVENTS, **cases.EVENTS, **users.EVENTS}
"""These, and every kind of event the product has."""


def fact(event: Event, stream: UUID, version: int = 1, **changes: Any) -> Recorded:
    """A fact of SCHOOL, recorded `version` seconds after START."""
    moment = START + timedelta(seconds=version)
    fields: dict[str, Any] = {
        "event_id": uuid4(),
        "school": SCHOOL,
        "stream": stream,
        "version": version,
        "recorded_at": moment,
        "occurred_at": moment - timedelta(minutes=5),
        "actor": Actor(user=UserId(uuid4()), role=Role.DSL),
        "policy_version": "2026-09",
        "calendar_version": "2026-27",
        "causation_id": uuid4(),
        "correlation_id": uuid4(),
        "event": event,
    }
    return Recorded(**(fields | changes))


def row(stream: UUID, version: int = 1, state: bytes = b'{"stage":"reported"}') -> StateRow:
    return StateRow(stream, SCHOOL, "case", version, state)


def claim(key: str, stream: UUID) -> Claim:
    return Claim(SCHOOL, "reference", key, stream)
