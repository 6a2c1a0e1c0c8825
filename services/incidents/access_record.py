"""Keeping the access record: what was read is gathered and written within a second.

A read does not wait for its record. What has been gathered is lost when the process is killed
before it was written, and then only that; an export waits until its record is durable. While so
much is gathered that it can't be kept, nothing more is shown.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from threading import Lock
from typing import Final
from uuid import UUID

import msgspec

from incidents.cases import Cases, NoSuchCase
from incidents.clock import Clock
from incidents.domain import access_record as domain
from incidents.domain.access import walled
from incidents.domain.access_record import (
    AccessDenied,
    AccessMonth,
    CasesViewed,
    Denied,
    ExportProduced,
    Reading,
    SignInsFailed,
    Viewed,
    month_of,
)
from incidents.domain.facts import Actor, CaseId, Event, Recorded, SchoolId, UserId
from incidents.domain.school import User
from incidents.domain.vocabulary import Role
from incidents.store import Claim, ClaimKey, Found, Kind, Notification, StateRow

MOST_GATHERED: Final = 50_000
"""Different things read or refused; beyond that the record has to be written first."""
LOOKED_UP: Final = 500
"""At once, of what somebody was refused: a database takes only so many in one question."""
MOST_AT_ONCE: Final = 200
"""In one event."""
_ENCODE: Final = msgspec.json.Encoder()
_DECODE: Final = msgspec.json.Decoder(AccessMonth)


@dataclass(frozen=True, slots=True)
class _Seen:
    """Something somebody read, or asked for in vain."""

    user: User
    case: UUID
    what: Reading
    refused: bool


@dataclass(slots=True)
class _Times:
    """How often, and when first."""

    at: datetime
    times: int


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the access record, as it is read."""

    version: int
    event: str
    at: datetime
    role: Role
    user: UserId | None = None
    case_id: UUID | None = None
    what: Reading | None = None
    times: int = 1
    sha256: str | None = None


class AccessRecord:
    """The access record of every school, as one process keeps it."""

    def __init__(self, cases: Cases, clock: Clock) -> None:
        self._cases = cases
        self._clock = clock
        self._lock = Lock()
        self._seen: dict[_Seen, _Times] = {}
        self._failed: Counter[SchoolId] = Counter()

    # ── gathering ─────────────────────────────────────────────────────────────────────────────────

    @property
    def full(self) -> bool:
        """Whether so much waits to be written that no more may be shown."""
        return len(self._seen) > MOST_GATHERED

    def viewed(self, user: User, case: UUID, what: Reading) -> None:
        self._gather({_Seen(user, case, what, False): _Times(self._clock(), 1)})

    def denied(self, user: User, case: UUID, what: Reading) -> None:
        """Somebody was refused something of a case, if there is such a case."""
        self._gather({_Seen(user, case, what, True): _Times(self._clock(), 1)})

    def not_signed_in(self, school: SchoolId) -> None:
        """A token that names this school signed nobody in."""
        if school in self._cases.schools:
            with self._lock:
                self._failed[school] += 1

    def flush(self) -> None:
        """Write what was gathered. Raises as the store does; what was not written is kept."""
        with self._lock:
            seen, self._seen = self._seen, {}
            failed, self._failed = self._failed, Counter()
        try:
            self._write(seen, failed)
        finally:
            self._gather(seen)
            with self._lock:
                self._failed.update(failed)

    def export(self, user: User, case: UUID, what: Reading, content: bytes) -> None:
        """Put on record that this leaves the house. Durable when it returns."""
        role = min(user.roles)
        event = ExportProduced(case=CaseId(case), what=what, sha256=sha256(content).hexdigest())
        self._record(user.school, Actor(user=user.id, role=role), (event,))

    # ── reading ───────────────────────────────────────────────────────────────────────────────────

    def entries(self, user: User, month: datetime, case: UUID | None = None) -> list[Entry]:
        """Return the record of a month, newest first, without what the reader is walled from."""
        stream = month_of(user.school, month.astimezone(UTC))
        lines = [line for one in self._cases.store.history(stream) for line in _lines(one)]
        hidden = {
            id_ for id_ in {line.case_id for line in lines} if id_ and self._hidden(id_, user)
        }
        return [
            line
            for line in reversed(lines)
            if line.case_id not in hidden and case in (None, line.case_id)
        ]

    def _hidden(self, case: UUID, user: User) -> bool:
        if not user.roles_on(CaseId(case)):
            return True
        try:
            return walled(self._cases.load(CaseId(case)), user)
        except NoSuchCase:
            return True

    # ── writing ───────────────────────────────────────────────────────────────────────────────────

    def _gather(self, seen: Mapping[_Seen, _Times]) -> None:
        with self._lock:
            for one, times in seen.items():
                known = self._seen.setdefault(one, _Times(times.at, 0))
                known.at, known.times = min(known.at, times.at), known.times + times.times

    def _write(self, seen: dict[_Seen, _Times], failed: Counter[SchoolId]) -> None:
        """Write all of it, and take out of both what is written."""
        there = {row.stream: row.school for row in self._rows({s.case for s in seen if s.refused})}
        for user in dict.fromkeys(one.user for one in seen):
            his = {one: times for one, times in seen.items() if one.user == user}
            known = {
                one: times
                for one, times in his.items()
                if not one.refused or there.get(one.case) == user.school
            }
            if events := [*_views(known), *_attempts(known)]:
                self._record(user.school, Actor(user=user.id, role=min(user.roles)), events)
            for one in his:
                del seen[one]
        for school, times in list(failed.items()):
            nobody = Actor(user=None, role=Role.INSTALLER)
            self._record(school, nobody, (SignInsFailed(times=times),))
            del failed[school]

    def _rows(self, cases: Collection[UUID]) -> list[StateRow]:
        """The cases among these, whatever else somebody has asked for."""
        store, every = self._cases.store, sorted(cases)
        parts = (every[at : at + LOOKED_UP] for at in range(0, len(every), LOOKED_UP))
        return [row for part in parts for row in store.rows(part) if row.kind == "case"]

    def _record(self, school: SchoolId, actor: Actor, events: Sequence[Event]) -> None:
        self._cases.store.write(_Add(self._cases, school, actor, events))


def _views(seen: Mapping[_Seen, _Times]) -> Iterator[Event]:
    views = [
        Viewed(case=CaseId(one.case), what=one.what, at=times.at, times=times.times)
        for one, times in seen.items()
        if not one.refused
    ]
    for start in range(0, len(views), MOST_AT_ONCE):
        yield CasesViewed(views=tuple(views[start : start + MOST_AT_ONCE]))


def _attempts(seen: Mapping[_Seen, _Times]) -> Iterator[Event]:
    attempts = [
        Denied(case=CaseId(one.case), what=one.what, at=times.at, times=times.times)
        for one, times in seen.items()
        if one.refused
    ]
    for start in range(0, len(attempts), MOST_AT_ONCE):
        yield AccessDenied(attempts=tuple(attempts[start : start + MOST_AT_ONCE]))


def _lines(recorded: Recorded) -> Iterator[Entry]:
    event = recorded.event

    def entry(at: datetime, **said: object) -> Entry:
        return Entry(
            version=recorded.version,
            event=event.TOPIC,
            at=at,
            role=recorded.actor.role,
            user=recorded.actor.user,
            **said,  # type: ignore[arg-type] # one of the fields below it
        )

    match event:
        case CasesViewed(views=seen) | AccessDenied(attempts=seen):
            for one in seen:
                yield entry(one.at, case_id=one.case, what=one.what, times=one.times)
        case ExportProduced(case=case, what=what, sha256=digest):
            yield entry(recorded.recorded_at, case_id=case, what=what, sha256=digest)
        case SignInsFailed(times=times):
            yield entry(recorded.recorded_at, times=times)


class _Add:
    """Events for the access record of this month, as the store's writer takes them through."""

    claims: Collection[ClaimKey] = ()
    kinds: Collection[Kind] = ()

    def __init__(
        self, cases: Cases, school: SchoolId, actor: Actor, events: Sequence[Event]
    ) -> None:
        self._cases = cases
        self._school = school
        self._actor = actor
        self._events = events
        self._stream = month_of(school, cases.now(None).astimezone(UTC))
        self._month: AccessMonth | None = None
        self.streams: Collection[UUID] = (self._stream,)

    def decide(self, found: Found) -> Sequence[Recorded]:
        row = found.states.get(self._stream)
        self._month = None if row is None else _DECODE.decode(row.state)
        now, first = self._cases.now(found.latest), 1 + (self._month.version if self._month else 0)
        request = self._cases.new_id()
        return [
            Recorded(
                event_id=self._cases.new_id(),
                school=self._school,
                stream=self._stream,
                version=first + n,
                recorded_at=now,
                occurred_at=now,
                actor=self._actor,
                policy_version="",
                calendar_version="",
                causation_id=request,
                correlation_id=self._stream,
                event=event,
            )
            for n, event in enumerate(self._events)
        ]

    def settle(self, sealed: Sequence[Recorded]) -> tuple[StateRow, Sequence[Claim]]:
        month = self._month
        for one in sealed:
            month = domain.evolve(month, one)
        assert month is not None
        row = StateRow(month.id, month.school, domain.KIND, month.version, _ENCODE.encode(month))
        return row, ()

    def answer(self, placed: Sequence[Notification]) -> None:
        return None
