"""Who signs in: users, their roles and their tokens, on the same log as everything else.

A token reads `<school>.<secret>`. Only its SHA-256 is kept; it is one user's, and it expires.
"""

from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, TypeVar
from uuid import UUID

import msgspec

from incidents.clock import Clock, NewId, Random
from incidents.domain import users as domain
from incidents.domain.facts import Actor, Event, Recorded, SchoolId, Sealed, UserId
from incidents.domain.school import User
from incidents.domain.users import Account, RoleEnded, TokenIssued, TokenRevoked
from incidents.domain.vocabulary import Role
from incidents.store import Claim, ClockBehind, Conflict, StateRow, Store

KIND: Final = "user"
SECRET_BYTES: Final = 32
TRIES: Final = 5
"""How often a change is made anew after somebody else was quicker."""
_INSTALLER: Final = Actor(user=None, role=Role.INSTALLER)
_ENCODE: Final = msgspec.json.Encoder()
_DECODE: Final = msgspec.json.Decoder(Account)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Person:
    """A user by name, for those who may read it."""

    id: UserId
    name: str
    email: str
    roles: frozenset[Role]


class NotSignedIn(Exception):
    """The token is nobody's any more: it has expired or was revoked."""


class Users:
    """The users of every school in one store."""

    def __init__(self, store: Store, clock: Clock, new_id: NewId, random: Random) -> None:
        self._store = store
        self._clock = clock
        self._new_id = new_id
        self._random = random
        self._rosters: dict[SchoolId, tuple[int, Mapping[UserId, Account]]] = {}

    def sign_in(self, token: str) -> User | None:
        """Return whose token this is, or None if it is nobody's, revoked or expired."""
        found = self._holder(token)
        if found is None:
            return None
        account, _ = found
        return User(id=account.id, school=account.school, roles=account.roles)

    def roster(self, school: SchoolId) -> Mapping[UserId, frozenset[Role]]:
        """Return who holds which roles at this school now."""
        return {user: account.roles for user, account in self._accounts(school).items()}

    def people(self, school: SchoolId, users: Iterable[UserId]) -> list[Person]:
        """Return these users of this school by name, in the given order; others are left out."""
        accounts = self._accounts(school)
        return [self._person(accounts[user]) for user in users if user in accounts]

    def add(self, school: SchoolId, name: str, email: str, roles: Iterable[Role]) -> UserId:
        """Add a user with these roles and return his id."""
        user = UserId(self._new_id())
        self._record(school, user, None, domain.user_added(name, email, roles))
        return user

    def issue_token(self, school: SchoolId, user: UserId, expires_at: datetime) -> str:
        """Return a new token for the user. It can't be read again: only its hash is kept.

        Raises `LookupError` when this school has no such user.
        """

        def issue() -> str:
            account = self._account(user)
            if account is None or account.school != school:
                raise LookupError("There is no such user at this school.")
            return self._issue(account, expires_at, _INSTALLER)

        return _until_recorded(issue)

    def end_role(self, school: SchoolId, user: UserId, role: Role) -> None:
        """Take a role away, from now on. Raises `LookupError` when he does not hold it here."""

        def end() -> None:
            account = self._account(user)
            if account is None or account.school != school or role not in account.roles:
                raise LookupError("There is no such user at this school, or he has no such role.")
            self._record(school, user, account, [RoleEnded(role=role)])

        _until_recorded(end)

    def revoke_all(self, school: SchoolId, user: UserId) -> int:
        """Make every token of a user good for nobody; return how many there were.

        Raises `LookupError` when this school has no such user.
        """

        def revoke() -> int:
            account = self._account(user)
            if account is None or account.school != school:
                raise LookupError("There is no such user at this school.")
            revoked = [TokenRevoked(token=token) for token in account.tokens]
            if revoked:
                self._record(school, user, account, revoked)
            return len(revoked)

        return _until_recorded(revoke)

    def open_session(self, token: str, length: timedelta) -> tuple[str, datetime]:
        """Return a new token for the holder of this one, and when it ends.

        It ends after `length`, but never later than the token it was made with: sessions can't be
        chained. Raises `NotSignedIn`.
        """

        def issue() -> tuple[str, datetime]:
            account, held = self._held(token)
            ends = min(self._clock() + length, account.tokens[held].expires_at)
            return self._issue(account, ends, _himself(account)), ends

        return _until_recorded(issue)

    def revoke(self, token: str) -> None:
        """Make a token good for nobody. Raises `NotSignedIn` when it already is."""

        def revoke() -> None:
            account, held = self._held(token)
            revoked = [TokenRevoked(token=held)]
            self._record(account.school, account.id, account, revoked, by=_himself(account))

        _until_recorded(revoke)

    def _held(self, token: str) -> tuple[Account, UUID]:
        found = self._holder(token)
        if found is None:
            raise NotSignedIn
        return found

    def _holder(self, token: str) -> tuple[Account, UUID] | None:
        school, dot, secret = token.partition(".")
        if not (school and dot and secret):
            return None
        digest = _digest(token)
        claim = self._store.claim(school, "token", digest)
        account = self._account(claim.stream) if claim else None
        if account is None or account.school != school:
            return None
        held = account.good_token(digest, self._clock())
        return None if held is None else (account, held)

    def _issue(self, account: Account, expires_at: datetime, by: Actor) -> str:
        secret = urlsafe_b64encode(self._random(SECRET_BYTES)).rstrip(b"=").decode()
        token = f"{account.school}.{secret}"
        digest = _digest(token)
        issued = TokenIssued(token=self._new_id(), digest=digest, expires_at=expires_at)
        claim = Claim(account.school, "token", digest, account.id)
        self._record(account.school, account.id, account, [issued], claim, by=by)
        return token

    def _record(
        self,
        school: SchoolId,
        user: UserId,
        account: Account | None,
        events: Iterable[Event],
        *claims: Claim,
        by: Actor = _INSTALLER,
    ) -> None:
        now = max(filter(None, (self._clock(), self._store.latest())))
        request = self._new_id()
        first = (account.version if account else 0) + 1
        recorded = [
            self._store.seal(
                _placed(event, school, user, first + n, now, request, self._new_id(), by)
            )
            for n, event in enumerate(events)
        ]
        for one in recorded:
            account = domain.evolve(account, one)
        assert account is not None
        row = StateRow(user, school, KIND, account.version, _ENCODE.encode(account))
        self._store.append(recorded, state=row, claims=claims)

    def _account(self, stream: UUID) -> Account | None:
        row = self._store.state(stream)
        return _DECODE.decode(row.state) if row is not None and row.kind == KIND else None

    def _accounts(self, school: SchoolId) -> Mapping[UserId, Account]:
        stamp = self._store.stamp(school, KIND)
        known = self._rosters.get(school)
        if known is not None and known[0] == stamp:
            return known[1]
        found = (_DECODE.decode(row.state) for row in self._store.states(school, KIND))
        accounts = {account.id: account for account in found}
        self._rosters[school] = (stamp, accounts)
        return accounts

    def _person(self, account: Account) -> Person:
        return Person(
            id=account.id,
            name=self._open(account, account.name),
            email=self._open(account, account.email),
            roles=account.roles,
        )

    def _open(self, account: Account, text: str | Sealed) -> str:
        if isinstance(text, str):
            return text
        return self._store.open(text, school=account.school, stream=account.id)


def _placed(
    event: Event,
    school: SchoolId,
    user: UserId,
    version: int,
    now: datetime,
    request: UUID,
    event_id: UUID,
    by: Actor,
) -> Recorded:
    return Recorded(
        event_id=event_id,
        school=school,
        stream=user,
        version=version,
        recorded_at=now,
        occurred_at=now,
        actor=by,
        policy_version="",
        calendar_version="",
        causation_id=request,
        correlation_id=request,
        event=event,
    )


def _until_recorded(once: Callable[[], T]) -> T:
    """Try again when somebody else was quicker: the next attempt sees what he has done."""
    for _ in range(TRIES):
        try:
            return once()
        except (Conflict, ClockBehind):
            continue
    return once()


def _himself(account: Account) -> Actor:
    return Actor(user=account.id, role=min(account.roles, default=Role.INSTALLER))


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()
