"""Who signs in: users, their roles and their tokens, on the same log as everything else.

A token reads `<school>.<secret>`. Only its SHA-256 is kept; it is one user's, and it expires.
"""

from base64 import urlsafe_b64encode
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, Generic, TypeVar
from uuid import UUID

import msgspec

from incidents.clock import Clock, NewId, Random
from incidents.domain import users as domain
from incidents.domain.facts import Actor, Event, Recorded, SchoolId, Sealed, UserId
from incidents.domain.school import User
from incidents.domain.users import Account, RoleEnded, TokenIssued, TokenRevoked
from incidents.domain.vocabulary import Role
from incidents.store import Claim, ClaimKey, Found, Kind, Notification, StateRow, Store

KIND: Final = "user"
SECRET_BYTES: Final = 32
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


class _Roster:
    """The users of a school as they stood at one moment, which `stamp` tells from others."""

    def __init__(self, stamp: int, accounts: Iterable[Account]) -> None:
        self.stamp = stamp
        self.accounts: Mapping[UserId, Account] = {account.id: account for account in accounts}
        self.roles = {user: account.roles for user, account in self.accounts.items()}
        self.holders = {
            token.digest: account
            for account in self.accounts.values()
            for token in account.tokens.values()
        }


@dataclass(frozen=True, slots=True)
class _Wanted(Generic[T]):
    """What is to be recorded of an account, and the answer once it is."""

    events: Sequence[Event]
    answer: T
    claims: Sequence[Claim] = ()
    by: Actor = _INSTALLER


class _Change(Generic[T]):
    """A change of one account, as the store's writer takes it through."""

    claims: Collection[ClaimKey] = ()
    kinds: Collection[Kind] = ()

    def __init__(
        self,
        school: SchoolId,
        user: UserId,
        want: Callable[[Account | None], _Wanted[T]],
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self.streams = (user,)
        self._school = school
        self._user = user
        self._want = want
        self._clock = clock
        self._new_id = new_id
        self._account: Account | None = None
        self._wanted: _Wanted[T] | None = None

    def decide(self, found: Found) -> Sequence[Recorded]:
        row = found.states.get(self._user)
        self._account = None
        if row is not None and row.kind == KIND:
            self._account = _DECODE.decode(row.state)
        wanted = self._wanted = self._want(self._account)
        now, request = max(filter(None, (self._clock(), found.latest))), self._new_id()
        first = (self._account.version if self._account else 0) + 1
        school, user, by = self._school, self._user, wanted.by
        return [
            _placed(event, school, user, first + n, now, request, self._new_id(), by)
            for n, event in enumerate(wanted.events)
        ]

    def settle(self, sealed: Sequence[Recorded]) -> tuple[StateRow, Sequence[Claim]]:
        assert self._wanted is not None
        for one in sealed:
            self._account = domain.evolve(self._account, one)
        account = self._account
        assert account is not None
        row = StateRow(account.id, account.school, KIND, account.version, _ENCODE.encode(account))
        return row, self._wanted.claims

    def answer(self, placed: Sequence[Notification]) -> T:
        assert self._wanted is not None
        return self._wanted.answer


class Users:
    """The users of every school in one store."""

    def __init__(self, store: Store, clock: Clock, new_id: NewId, random: Random) -> None:
        self._store = store
        self._clock = clock
        self._new_id = new_id
        self._random = random
        self._rosters: dict[SchoolId, _Roster] = {}

    def sign_in(self, token: str) -> User | None:
        """Return whose token this is, or None if it is nobody's, revoked or expired."""
        found = self._holder(token)
        if found is None:
            return None
        account, _ = found
        return User(id=account.id, school=account.school, roles=account.roles)

    def roster(
        self, school: SchoolId, stamp: int | None = None
    ) -> Mapping[UserId, frozenset[Role]]:
        """Return who holds which roles at this school now.

        `stamp` is the store's for the users of the school, if it is known already.
        """
        return self._roster(school, stamp).roles

    def people(self, school: SchoolId, users: Iterable[UserId]) -> list[Person]:
        """Return these users of this school by name, in the given order; others are left out."""
        accounts = self._accounts(school)
        return [self._person(accounts[user]) for user in users if user in accounts]

    def add(self, school: SchoolId, name: str, email: str, roles: Iterable[Role]) -> UserId:
        """Add a user with these roles and return his id."""
        user = UserId(self._new_id())
        added = tuple(domain.user_added(name, email, roles))
        self._change(school, user, lambda _: _Wanted(added, None))
        return user

    def issue_token(self, school: SchoolId, user: UserId, expires_at: datetime) -> str:
        """Return a new token for the user. It can't be read again: only its hash is kept.

        Raises `LookupError` when this school has no such user.
        """
        return self._change(
            school,
            user,
            lambda found: self._issuing(_here(found, school), expires_at, _INSTALLER),
        )

    def end_role(self, school: SchoolId, user: UserId, role: Role) -> None:
        """Take a role away, from now on. Raises `LookupError` when he does not hold it here."""

        def end(found: Account | None) -> _Wanted[None]:
            if role not in _here(found, school).roles:
                raise LookupError("There is no such user at this school, or he has no such role.")
            return _Wanted([RoleEnded(role=role)], None)

        self._change(school, user, end)

    def revoke_all(self, school: SchoolId, user: UserId) -> int:
        """Make every token of a user good for nobody; return how many there were.

        Raises `LookupError` when this school has no such user.
        """

        def revoke(found: Account | None) -> _Wanted[int]:
            revoked = [TokenRevoked(token=token) for token in _here(found, school).tokens]
            return _Wanted(revoked, len(revoked))

        return self._change(school, user, revoke)

    def open_session(self, token: str, length: timedelta) -> tuple[str, datetime]:
        """Return a new token for the holder of this one, and when it ends.

        It ends after `length`, but never later than the token it was made with: sessions can't be
        chained. Raises `NotSignedIn`.
        """
        ends_at = self._clock() + length
        holder, _ = self._held(token)

        def issue(found: Account | None) -> _Wanted[tuple[str, datetime]]:
            account, held = self._still_held(found, token)
            ends = min(ends_at, account.tokens[held].expires_at)
            wanted = self._issuing(account, ends, _himself(account))
            return _Wanted(wanted.events, (wanted.answer, ends), wanted.claims, wanted.by)

        return self._change(holder.school, holder.id, issue)

    def revoke(self, token: str) -> None:
        """Make a token good for nobody. Raises `NotSignedIn` when it already is."""
        holder, _ = self._held(token)

        def revoke(found: Account | None) -> _Wanted[None]:
            account, held = self._still_held(found, token)
            return _Wanted([TokenRevoked(token=held)], None, by=_himself(account))

        self._change(holder.school, holder.id, revoke)

    def _held(self, token: str) -> tuple[Account, UUID]:
        found = self._holder(token)
        if found is None:
            raise NotSignedIn
        return found

    def _still_held(self, account: Account | None, token: str) -> tuple[Account, UUID]:
        held = account.good_token(_digest(token), self._clock()) if account else None
        if account is None or held is None:
            raise NotSignedIn
        return account, held

    def _holder(self, token: str) -> tuple[Account, UUID] | None:
        school, dot, secret = token.partition(".")
        if not (school and dot and secret):
            return None
        digest = _digest(token)
        account = self._roster(SchoolId(school)).holders.get(digest)
        held = account.good_token(digest, self._clock()) if account else None
        return None if account is None or held is None else (account, held)

    def _issuing(self, account: Account, expires_at: datetime, by: Actor) -> "_Wanted[str]":
        secret = urlsafe_b64encode(self._random(SECRET_BYTES)).rstrip(b"=").decode()
        token = f"{account.school}.{secret}"
        digest = _digest(token)
        issued = TokenIssued(token=self._new_id(), digest=digest, expires_at=expires_at)
        return _Wanted([issued], token, [Claim(account.school, "token", digest, account.id)], by)

    def _change(
        self, school: SchoolId, user: UserId, want: "Callable[[Account | None], _Wanted[T]]"
    ) -> T:
        return self._store.write(_Change(school, user, want, self._clock, self._new_id))

    def _accounts(self, school: SchoolId) -> Mapping[UserId, Account]:
        return self._roster(school).accounts

    def _roster(self, school: SchoolId, stamp: int | None = None) -> "_Roster":
        stamp = self._store.stamp(school, KIND) if stamp is None else stamp
        known = self._rosters.get(school)
        if known is None or known.stamp != stamp:
            rows = self._store.states(school, KIND)
            known = self._rosters[school] = _Roster(stamp, [_DECODE.decode(r.state) for r in rows])
        return known

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


def _here(account: Account | None, school: SchoolId) -> Account:
    if account is None or account.school != school:
        raise LookupError("There is no such user at this school.")
    return account


def _himself(account: Account) -> Actor:
    return Actor(user=account.id, role=min(account.roles, default=Role.INSTALLER))


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()
