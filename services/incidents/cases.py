"""The one place where a command meets a case: load, decide, seal, append.

A request is done when its events are durable; everything else follows the log. Whoever may not see
a case is told that there is none, before any rule is asked.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final, TypeVar
from uuid import UUID

import msgspec

from incidents.clock import Clock, NewId, Random
from incidents.domain import case as rules
from incidents.domain.access import Sight, sight
from incidents.domain.case import Decision
from incidents.domain.facts import Actor, CaseId, Recorded, SchoolId
from incidents.domain.intake import LogIncident
from incidents.domain.moderation import CaptureEvidence
from incidents.domain.school import School, User
from incidents.domain.state import Case
from incidents.domain.table import Asking, Command
from incidents.school_files import SchoolFiles
from incidents.store import (
    AlreadyClaimed,
    Claim,
    ClockBehind,
    Conflict,
    Receipt,
    StateRow,
    Store,
)
from incidents.users import Users

KIND: Final = "case"
TRIES: Final = 5
"""How often a request is decided anew after somebody else was quicker. Each has a reason to end."""
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ENCODE: Final = msgspec.json.Encoder()
_DECODE: Final = msgspec.json.Decoder(Case)

T = TypeVar("T")


class NoSuchCase(LookupError):
    """There is no such case, as far as this user may know."""


class Stale(Exception):
    """The case has moved on since it was read. `version` is where it stands now."""

    def __init__(self, version: int) -> None:
        super().__init__(f"The case is at version {version} by now: read it again.")
        self.version = version


class KeyReused(Exception):
    """The idempotency key was used for another request before."""


@dataclass(frozen=True, slots=True)
class Key:
    """An idempotency key of one user, with the SHA-256 of the body it came with."""

    text: str
    body: str


@dataclass(frozen=True, slots=True)
class Done:
    """What a request has recorded. `case` is where the case stands afterwards."""

    case: Case
    receipt: tuple[Receipt, ...]
    events: tuple[Recorded, ...]


class _Kept(msgspec.Struct, array_like=True):
    """What an idempotency claim remembers: the body, and the versions that it led to."""

    body: str
    first: int
    last: int


class Cases:
    """The cases of every school in one store."""

    def __init__(
        self,
        store: Store,
        users: Users,
        schools: Mapping[SchoolId, SchoolFiles],
        clock: Clock,
        new_id: NewId,
        random: Random,
    ) -> None:
        self.store = store
        self.users = users
        self.schools = schools
        self._clock = clock
        self._new_id = new_id
        self._random = random

    def log(self, user: User, command: LogIncident, key: Key | None = None) -> Done:
        """Begin a case. With the same key and body again, the first answer is given again.

        Raises `Refusal`, `KeyReused`, `StoreUnavailable`.
        """
        return self._until_settled(lambda: self._log_once(user, command, key))

    def ask(
        self,
        user: User,
        case_id: UUID,
        command: Command,
        *,
        version: int | None,
        key: Key | None = None,
        cause: UUID | None = None,
    ) -> Done:
        """Do what the command asks, on the case as it was at `version` (None: as it is now).

        `cause` is the event that a program answers to. Raises `NoSuchCase`, `Stale`, `Refusal`,
        `KeyReused`, `StoreUnavailable`.
        """
        return self._until_settled(
            lambda: self._ask_once(user, case_id, command, version, key, cause)
        )

    def seen(self, user: User, case_id: UUID) -> tuple[Case, Sight]:
        """Return the case and how much of it this user sees. Raises `NoSuchCase`."""
        case = self._load(case_id)
        much = sight(case, user) if case is not None else Sight.NONE
        if case is None or much is Sight.NONE:
            raise NoSuchCase
        return case, much

    def asking(self, user: User, request: UUID) -> Asking:
        """Return the frame of a request by this user at this moment."""
        return Asking(user=user, now=self._now(), school=self.school(user.school), request=request)

    def school(self, school: SchoolId) -> School:
        return self.schools[school].with_roster(self.users.roster(school))

    def load(self, case_id: UUID) -> Case:
        """Return a case for our own programs, whoever may see it. Raises `NoSuchCase`."""
        case = self._load(case_id)
        if case is None:
            raise NoSuchCase
        return case

    def history(self, case_id: UUID, up_to: int | None = None) -> list[Recorded]:
        return self.store.history(case_id, up_to)

    # ── one attempt ───────────────────────────────────────────────────────────────────────────────

    def _log_once(self, user: User, command: LogIncident, key: Key | None) -> Done:
        if (before := self._done_before(user, key)) is not None:
            return before
        asking = self.asking(user, self._new_id())
        reference = self._reference()
        decision = rules.log(command, reference, asking)
        case_id = CaseId(asking.request)
        claims = [Claim(user.school, "reference", reference, case_id)]
        return self._append(None, case_id, command, decision, asking, key, None, claims)

    def _ask_once(
        self,
        user: User,
        case_id: UUID,
        command: Command,
        version: int | None,
        key: Key | None,
        cause: UUID | None,
    ) -> Done:
        case, _ = self.seen(user, case_id)
        if (before := self._done_before(user, key)) is not None:
            return before
        if version is not None and version != case.version:
            raise Stale(case.version)
        asking = self.asking(user, self._new_id())
        decision = rules.decide(case, command, asking)
        if isinstance(command, CaptureEvidence):
            self.store.blobs.keep(case.school, case.id, command.content)
        return self._append(case, case.id, command, decision, asking, key, cause, [])

    def _append(
        self,
        case: Case | None,
        case_id: CaseId,
        command: Command,
        decision: Decision,
        asking: Asking,
        key: Key | None,
        cause: UUID | None,
        claims: list[Claim],
    ) -> Done:
        first = (case.version if case else 0) + 1
        events = tuple(
            self.store.seal(placed)
            for placed in self._placed(case_id, first, command, decision, asking, cause)
        )
        after = case
        for recorded in events:
            after = rules.evolve(after, recorded)
        assert after is not None
        if key is not None:
            kept = _ENCODE.encode(_Kept(key.body, first, after.version))
            claims.append(
                Claim(after.school, "idempotency", _claim_key(asking.user, key), case_id, kept)
            )
        row = StateRow(case_id, after.school, KIND, after.version, _ENCODE.encode(after))
        receipt = self.store.append(events, state=row, claims=claims)
        return Done(after, receipt, events)

    def _placed(
        self,
        case_id: CaseId,
        first: int,
        command: Command,
        decision: Decision,
        asking: Asking,
        cause: UUID | None,
    ) -> list[Recorded]:
        happened: datetime | None = getattr(command, command.HAPPENED or "", None)
        return [
            Recorded(
                event_id=self._new_id(),
                school=asking.school.id,
                stream=case_id,
                version=first + n,
                recorded_at=asking.now,
                occurred_at=happened or asking.now,
                actor=Actor(user=asking.user.id, role=decision.role),
                policy_version=asking.school.policy_version,
                calendar_version=asking.school.calendar_version(asking.now),
                causation_id=cause or asking.request,
                correlation_id=case_id,
                event=event,
            )
            for n, event in enumerate(decision.events)
        ]

    def _until_settled(self, once: Callable[[], T]) -> T:
        """Try again when somebody else was quicker: the next attempt sees what he has done."""
        for _ in range(TRIES):
            try:
                return once()
            except (Conflict, AlreadyClaimed, ClockBehind):
                continue
        return once()

    # ── what an attempt needs ─────────────────────────────────────────────────────────────────────

    def _load(self, case_id: UUID) -> Case | None:
        row = self.store.state(case_id)
        return _DECODE.decode(row.state) if row is not None and row.kind == KIND else None

    def _now(self) -> datetime:
        """The present moment, but never before the last thing on record."""
        now, latest = self._clock(), self.store.latest()
        return now if latest is None else max(now, latest)

    def _reference(self) -> str:
        """Random, so that nobody can tell from a gap that there is a case he may not see."""
        letters = [_ALPHABET[byte % 32] for byte in self._random(8)]
        return f"CW-{''.join(letters[:4])}-{''.join(letters[4:])}"

    def _done_before(self, user: User, key: Key | None) -> Done | None:
        claim = self.store.claim(user.school, "idempotency", _claim_key(user, key)) if key else None
        if key is None or claim is None:
            return None
        kept = msgspec.json.decode(claim.value, type=_Kept)
        if kept.body != key.body:
            raise KeyReused
        stored = self.store.stored(claim.stream)[kept.first - 1 : kept.last]
        receipt = tuple(
            Receipt(one.position, one.version, sha256(one.state).hexdigest()) for one in stored
        )
        history = self.store.history(claim.stream, kept.last)
        return Done(rules.replay(history), receipt, tuple(history[kept.first - 1 :]))


def _claim_key(user: User, key: Key) -> str:
    """A user's key under its hash: what a client chose as its key is nobody's business."""
    return sha256(f"{user.id}:{key.text}".encode()).hexdigest()
