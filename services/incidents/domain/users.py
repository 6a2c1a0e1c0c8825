"""A user of one school: who he is (sealed), the roles he holds, and the tokens he signs in with.

Every change is an event, so that it can be shown later who could do what, and when.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from msgspec.structs import replace

from incidents.domain.facts import CaseText, Event, Recorded, SchoolId, Text, UserId
from incidents.domain.table import Reason, Refusal, Refuses
from incidents.domain.vocabulary import PEOPLES_ROLES, Role, Sha256

# ── events ────────────────────────────────────────────────────────────────────────────────────────


class UserAdded(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.user_added"
    name: CaseText
    email: CaseText


class RoleGiven(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.role_given"
    role: Role


class RoleEnded(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.role_ended"
    role: Role


class TokenIssued(Event, frozen=True, kw_only=True):
    """Only the SHA-256 of the token is kept: 256 random bits need no slow hash."""

    TOPIC = "incidents.token_issued"
    token: UUID
    digest: str
    expires_at: datetime


class TokenRevoked(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.token_revoked"
    token: UUID


# ── state ─────────────────────────────────────────────────────────────────────────────────────────


class Token(msgspec.Struct, frozen=True, kw_only=True):
    digest: Sha256
    expires_at: datetime


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A user as his events add up. Without a role he may do nothing."""

    id: UserId
    school: SchoolId
    version: int
    name: Text
    email: Text
    roles: frozenset[Role] = frozenset()
    tokens: Mapping[UUID, Token] = {}

    def good_token(self, digest: str, now: datetime) -> UUID | None:
        """Return which of the tokens has this digest, if it signs the user in at this moment."""
        good = (t for t, known in self.tokens.items() if known.digest == digest)
        return next((t for t in good if now < self.tokens[t].expires_at), None)


# ── what is recorded ──────────────────────────────────────────────────────────────────────────────


def user_added(name: str, email: str, roles: Iterable[Role]) -> Iterable[Event]:
    """Return the first events of a user. Raises `Refusal` for a role that no person holds."""
    yield UserAdded(name=name, email=email)
    for role in roles:
        yield role_given(role)


def role_given(role: Role) -> RoleGiven:
    if role not in PEOPLES_ROLES:
        raise Refusal(Refuses.BODY, [Reason("role", f"{role} is one of our programs, no role.")])
    return RoleGiven(role=role)


# ── what it changes ───────────────────────────────────────────────────────────────────────────────


def evolve(account: Account | None, recorded: Recorded) -> Account:
    """Return the account after one more event. Never refuses."""
    event = recorded.event
    if isinstance(event, UserAdded):
        return Account(
            id=UserId(recorded.stream),
            school=recorded.school,
            version=recorded.version,
            name=event.name,
            email=event.email,
        )
    if account is None:
        raise ValueError(f"stream {recorded.stream} does not begin with {UserAdded.TOPIC}")
    account = replace(account, version=recorded.version)
    match event:
        case RoleGiven(role=role):
            return replace(account, roles=account.roles | {role})
        case RoleEnded(role=role):
            return replace(account, roles=account.roles - {role})
        case TokenIssued(token=token, digest=digest, expires_at=expires_at):
            issued = Token(digest=digest, expires_at=expires_at)
            # What has expired is left out, or an account would grow with every day's sign-in.
            now = recorded.recorded_at
            left = {t: known for t, known in account.tokens.items() if now < known.expires_at}
            return replace(account, tokens={**left, token: issued})
        case TokenRevoked(token=token):
            left = {t: known for t, known in account.tokens.items() if t != token}
            return replace(account, tokens=left)
        case _:
            return account


_KINDS: Final[tuple[type[Event], ...]] = (
    UserAdded,
    RoleGiven,
    RoleEnded,
    TokenIssued,
    TokenRevoked,
)
EVENTS: Final[Mapping[str, type[Event]]] = {event.TOPIC: event for event in _KINDS}
