"""Grants to auditors: who may look at which cases, until when and what for.

Two people give one: the data protection officer and the headteacher (or the chair), whoever of them
began it. Without a grant that stands, an auditor sees no case and no register. It ends by itself at
its moment, or when one of the two takes it back.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final

from msgspec import Meta
from msgspec.structs import replace

from incidents.domain.access import Sight
from incidents.domain.facts import CaseId, CaseText, Event, Recorded, Text, UserId
from incidents.domain.registers.register import Entry, Register, begin_fields
from incidents.domain.school import User
from incidents.domain.table import (
    Asking,
    Command,
    RowOf,
    TrackOf,
    body_guard,
    guard,
    recording,
)
from incidents.domain.vocabulary import Moment, Reason, Role

LONGEST: Final = timedelta(days=366)
GRANTERS: Final = (Role.HEADTEACHER, Role.DPO, Role.CHAIR)


class GrantState(StrEnum):
    PROPOSED = "proposed"
    GRANTED = "granted"
    REVOKED = "revoked"


class GrantTie(StrEnum):
    """What somebody is to a grant."""

    AUDITOR = "its_auditor"


class AccessGrant(Entry, frozen=True, kw_only=True):
    """What one auditor may look at: without `cases` every case of the school, and the registers."""

    state: GrantState
    auditor: UserId
    cases: tuple[CaseId, ...]
    until: datetime
    purpose: Text
    proposed_by: UserId | None
    proposed_as: Role
    granted_by: UserId | None = None

    def stands(self, now: datetime) -> bool:
        """Whether it opens anything at this moment."""
        return self.state is GrantState.GRANTED and now < self.until


# ── commands ──────────────────────────────────────────────────────────────────────────────────────


class ProposeGrant(Command, frozen=True, kw_only=True):
    """Propose what an auditor may look at, until when, and what for.

    Without `cases` it is every case of the school. Somebody else has to grant it.
    """

    auditor: UserId
    until: Moment
    purpose: Reason
    cases: Annotated[tuple[CaseId, ...], Meta(max_length=200)] = ()


class GrantAccess(Command, frozen=True, kw_only=True):
    """Grant what somebody else has proposed: of the two, one is the data protection officer."""


class RevokeAccess(Command, frozen=True, kw_only=True):
    """Take a grant back, from this moment on, and say why."""

    reason: Reason


# ── events ────────────────────────────────────────────────────────────────────────────────────────


class GrantProposed(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.grant_proposed"
    auditor: UserId
    cases: tuple[CaseId, ...]
    until: datetime
    purpose: CaseText


class AccessGranted(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.access_granted"


class AccessRevoked(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.access_revoked"
    reason: CaseText


# ── guards ────────────────────────────────────────────────────────────────────────────────────────


@body_guard()
def grant_is_for_an_auditor(_: None, command: ProposeGrant, asking: Asking) -> str | None:
    if Role.AUDITOR not in asking.school.roster.get(command.auditor, ()):
        return "`auditor` has to hold the role of an auditor at this school."
    return None


@body_guard()
def grant_ends_within_a_year(_: None, command: ProposeGrant, asking: Asking) -> str | None:
    if not asking.now < command.until <= asking.now + LONGEST:
        return "`until` has to lie ahead, and within a year: a grant is for one audit."
    return None


@guard
def granted_by_two(grant: AccessGrant, _: Command | None, asking: Asking) -> str | None:
    other = (Role.HEADTEACHER, Role.CHAIR) if grant.proposed_as is Role.DPO else (Role.DPO,)
    if asking.user.id != grant.proposed_by and asking.user.roles & set(other):
        return None
    return "Two people grant it: the data protection officer, and the headteacher or the chair."


@guard
def grant_has_not_ended(grant: AccessGrant, _: Command | None, asking: Asking) -> str | None:
    return "It would have ended already: propose another." if asking.now >= grant.until else None


# ── what it changes ───────────────────────────────────────────────────────────────────────────────


def _opened(event: GrantProposed, recorded: Recorded) -> AccessGrant:
    return AccessGrant(
        **begin_fields(recorded),
        state=GrantState.PROPOSED,
        auditor=event.auditor,
        cases=event.cases,
        until=event.until,
        purpose=event.purpose,
        proposed_by=recorded.actor.user,
        proposed_as=recorded.actor.role,
    )


def _apply_grant(grant: AccessGrant, _: AccessGranted, recorded: Recorded) -> AccessGrant:
    return replace(grant, granted_by=recorded.actor.user)


def _apply_end(grant: AccessGrant, _: AccessRevoked, _recorded: Recorded) -> AccessGrant:
    return grant


def granted(grants: Iterable[AccessGrant], user: User, now: datetime) -> frozenset[CaseId] | None:
    """Return the cases that an auditor has been granted at this moment; None for all of them."""
    his = [one for one in grants if one.auditor == user.id and one.stands(now)]
    if any(not one.cases for one in his):
        return None
    return frozenset(case for one in his for case in one.cases)


# ── the table ─────────────────────────────────────────────────────────────────────────────────────

BEGIN: Final[RowOf[None, ProposeGrant]] = RowOf(
    ask=ProposeGrant,
    who=GRANTERS,
    at=(),
    guards=(grant_is_for_an_auditor, grant_ends_within_a_year),
    records=(GrantProposed,),
    by=recording(GrantProposed),
    to=GrantState.PROPOSED,
)
TRANSITIONS: Final[tuple[RowOf[AccessGrant, Any], ...]] = (
    RowOf(
        ask=GrantAccess,
        who=GRANTERS,
        at=(GrantState.PROPOSED,),
        guards=(granted_by_two, grant_has_not_ended),
        records=(AccessGranted,),
        by=recording(AccessGranted),
        to=GrantState.GRANTED,
    ),
    RowOf(
        ask=RevokeAccess,
        who=GRANTERS,
        at=(GrantState.PROPOSED, GrantState.GRANTED),
        records=(AccessRevoked,),
        by=recording(AccessRevoked),
        to=GrantState.REVOKED,
    ),
)


def _states(grant: AccessGrant, _: Command | None) -> frozenset[GrantState]:
    return frozenset({grant.state})


def _place(grant: AccessGrant, state: GrantState) -> AccessGrant:
    return replace(grant, state=state)


TRACK: Final[TrackOf[AccessGrant]] = TrackOf(
    "access grant",
    _states,
    TRANSITIONS,
    {AccessGranted: _apply_grant, AccessRevoked: _apply_end},
    _place,
)
REGISTER: Final[Register[AccessGrant]] = Register(
    kind="access_grant",
    path="access-grants",
    entry=AccessGrant,
    begin=BEGIN,
    opened=_opened,
    track=TRACK,
    sights={Role.HEADTEACHER: Sight.FULL, Role.DPO: Sight.FULL, Role.CHAIR: Sight.FULL},
    ties={GrantTie.AUDITOR: (Sight.AUDIT, lambda grant: frozenset({grant.auditor}))},
    closed={},
)
