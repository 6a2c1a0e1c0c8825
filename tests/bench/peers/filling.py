"""The cases that are there before anything is measured: the same for both peers.

Reported over two months at a steady pace; every fifth is under assessment.
"""

import json
import random
import secrets
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final, TypeVar

from tests.bench.acts import REPORT
from tests.bench.peers import casework
from tests.bench.peers.casework import ROLES, SCHOOL, SignedIn

SPAN: Final = timedelta(days=60)
AT_ONCE: Final = 2_000
TOLD: Final = 2_000
"""Ids are told of about so many cases, from the oldest to the newest."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Person:
    """A user and the token he shows."""

    id: uuid.UUID
    role: str
    token: str


@dataclass(frozen=True, slots=True)
class Filed:
    """A case, and the entries of its audit as (version, action, who, when, what)."""

    columns: dict[str, Any]
    audit: list[tuple[int, str, uuid.UUID, datetime, dict[str, Any]]]


def people() -> list[Person]:
    """One user for every role."""
    return [Person(uuid.uuid4(), role, secrets.token_urlsafe(32)) for role in ROLES]


def cases(count: int, people: list[Person]) -> Iterator[Filed]:
    """So many cases, the oldest first."""
    chance = random.Random(count)
    by_role = {person.role: person for person in people}
    staff, lead = by_role["staff"], by_role["slt"]
    begun = datetime.now(UTC) - SPAN
    report = {**_NOTHING, **REPORT}
    for number in range(count):
        moment = begun + SPAN * number / count
        case = uuid.UUID(int=chance.getrandbits(128), version=4)
        yield _filed(case, report, staff, None if number % 5 else lead, moment)


def _filed(
    case: uuid.UUID, report: dict[str, Any], staff: Person, lead: Person | None, at: datetime
) -> Filed:
    state = casework.document(report, [])
    state["deadlines"] = casework.deadlines(at)
    columns = {
        "id": case,
        "school": SCHOOL,
        "reference": casework.reference(),
        "version": 2 if lead else 1,
        "stage": "assessing" if lead else "reported",
        "kind": report["kind"],
        "severity": None,
        "reporter_id": staff.id,
        "lead_id": lead.id if lead else None,
        "reported_at": at,
        "updated_at": at,
        "next_due_at": casework.end_of_school_day(at, 1),
        "state": state,
    }
    after = {"version": 1, "stage": "reported", "kind": report["kind"], **state}
    entries: list[tuple[int, str, Person, object, object]]
    entries = [(1, "incident_logged", staff, None, after)]
    if lead:
        changed = {"stage": "assessing", "lead": str(lead.id), "version": 2}
        entries.append((2, "assessment_started", lead, {"stage": "reported"}, changed))
    return Filed(
        columns,
        [
            (version, action, by.id, at, casework.audited(_signed_in(by), by.role, at, was, now))
            for version, action, by, was, now in entries
        ],
    )


def told(people: list[Person], kept: list[uuid.UUID]) -> str:
    """Return what a program that fills a peer prints."""
    tokens = {person.role: person.token for person in people}
    return json.dumps({"tokens": tokens, "cases": [str(case) for case in kept]})


def in_batches(filed: Iterator[T]) -> Iterator[list[T]]:
    while batch := list(islice(filed, AT_ONCE)):
        yield batch


def _signed_in(person: Person) -> SignedIn:
    return SignedIn(person.id, SCHOOL, frozenset({person.role}))


_NOTHING: Final = {
    "source": "seen",
    "poster_identity": "unknown",
    "on_school_account": False,
    "suspected_illegal": False,
    "flags": [],
    "post_url": None,
    "posted_at": None,
    "opinion": None,
    "child_words": None,
    "immediate_action": None,
}
