"""The access record: who read what, what left the house, and who was refused.

Streams of their own, one for each school and month, and never a case's: whoever is refused leaves
no trace in the case that he asked for. Ids and codes only: nobody's words are in it.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID, uuid5

import msgspec

from incidents.domain.facts import CaseId, Event, Recorded, SchoolId
from incidents.domain.vocabulary import Sha256

KIND: Final = "access"
_MONTHS: Final = UUID("0f4d0c86-9f2c-5d2a-8a53-1f5c2f5b8d11")


class Reading(StrEnum):
    """What of a case was read, or asked for in vain."""

    CASE = "case"
    HISTORY = "history"
    REPLAY = "replay"
    EVIDENCE = "evidence"
    LETTER = "letter"
    BUNDLE = "bundle"
    READERS = "readers"
    COMMAND = "command"
    """Something was asked on it."""
    OTHER = "other"


class Viewed(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody read of a case, so many times from `at` on."""

    case: CaseId
    what: Reading
    at: datetime
    times: int = 1


class Denied(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody asked for of a case that is there, and was not given, so many times."""

    case: CaseId
    what: Reading
    at: datetime
    times: int = 1


# ── events ────────────────────────────────────────────────────────────────────────────────────────


class CasesViewed(Event, frozen=True, kw_only=True):
    """What the actor read, gathered over a second at most."""

    TOPIC = "incidents.cases_viewed"
    views: tuple[Viewed, ...]


class AccessDenied(Event, frozen=True, kw_only=True):
    """What the actor was refused, gathered over a second at most."""

    TOPIC = "incidents.access_denied"
    attempts: tuple[Denied, ...]


class ExportProduced(Event, frozen=True, kw_only=True):
    """A file left the house. On record before it was handed over."""

    TOPIC = "incidents.export_produced"
    case: CaseId
    what: Reading
    sha256: Sha256


class SignInsFailed(Event, frozen=True, kw_only=True):
    """Tokens of this school that signed nobody in, so many within a second."""

    TOPIC = "incidents.sign_ins_failed"
    times: int


EVENTS: Final[Mapping[str, type[Event]]] = {
    event.TOPIC: event for event in (CasesViewed, AccessDenied, ExportProduced, SignInsFailed)
}

# ── the stream ────────────────────────────────────────────────────────────────────────────────────


class AccessMonth(msgspec.Struct, frozen=True, kw_only=True):
    """The access record of one school for one month: how much there is in it."""

    id: UUID
    school: SchoolId
    version: int
    views: int = 0
    denied: int = 0
    exports: int = 0
    failed_sign_ins: int = 0


class ForeignRecord(ValueError):
    """An event that no access record has stands in one."""


def month_of(school: SchoolId, moment: datetime) -> UUID:
    """Return the stream of a school's access record for the month of this moment (UTC)."""
    return uuid5(_MONTHS, f"{school} {moment:%Y-%m}")


def evolve(month: AccessMonth | None, recorded: Recorded) -> AccessMonth:
    """Return the month after one more event. Raises `ForeignRecord` for any other event."""
    known = month or AccessMonth(id=recorded.stream, school=recorded.school, version=0)
    counted = {"version": recorded.version}
    match recorded.event:
        case CasesViewed(views=views):
            counted["views"] = known.views + sum(one.times for one in views)
        case AccessDenied(attempts=attempts):
            counted["denied"] = known.denied + sum(one.times for one in attempts)
        case ExportProduced():
            counted["exports"] = known.exports + 1
        case SignInsFailed(times=times):
            counted["failed_sign_ins"] = known.failed_sign_ins + times
        case event:
            raise ForeignRecord(f"{event.TOPIC} is not among the events of an access record")
    return msgspec.structs.replace(known, **counted)
