"""The editions of the policy: which were adopted, and who says that he knows them (rows 11, 20).

The words of an edition are the school's own file; here stands that it was adopted, when, and by
whom. A new edition is another entry: whoever knew the old one is asked again.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Final

from msgspec import Meta
from msgspec.structs import replace

from incidents.domain.access import Sight
from incidents.domain.facts import Event, Recorded, UserId
from incidents.domain.registers.register import Entry, Register, begin_fields
from incidents.domain.table import (
    Asking,
    Command,
    RowOf,
    TrackOf,
    body_guard,
    guard,
    recording,
)
from incidents.domain.vocabulary import PEOPLES_ROLES, REPORTING_ROLES, Role, Sha256

Edition = Annotated[str, Meta(max_length=40, pattern=r"^[A-Za-z0-9][A-Za-z0-9./\- ]*$(?!\n)")]


class PolicyState(StrEnum):
    ADOPTED = "adopted"


class PolicyEdition(Entry, frozen=True, kw_only=True):
    """One edition, and when each of those who know it said so."""

    state: PolicyState
    edition: str
    adopted_on: date
    document: str | None = None
    """SHA-256 of the school's own document, hex."""
    acknowledged: Mapping[UserId, datetime] = {}


# ── commands ──────────────────────────────────────────────────────────────────────────────────────


class AdoptPolicyVersion(Command, frozen=True, kw_only=True):
    """Record that the edition in the school's policy.toml was adopted."""

    edition: Edition
    adopted_on: date
    document: Sha256 | None = None


class AcknowledgePolicy(Command, frozen=True, kw_only=True):
    """Say that one has read this edition and works by it."""


# ── events ────────────────────────────────────────────────────────────────────────────────────────


class PolicyVersionAdopted(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.policy_version_adopted"
    edition: str
    adopted_on: date
    document: str | None = None


class PolicyAcknowledged(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.policy_acknowledged"
    edition: str


# ── guards ────────────────────────────────────────────────────────────────────────────────────────


@body_guard()
def edition_is_the_schools(_: None, command: AdoptPolicyVersion, asking: Asking) -> str | None:
    if command.edition != asking.school.policy_version:
        return (
            f"The edition in the school's policy.toml is {asking.school.policy_version}: put the "
            "new one there first, or name that one."
        )
    return None


@body_guard()
def adopted_by_now(_: None, command: AdoptPolicyVersion, asking: Asking) -> str | None:
    today = asking.school.calendar.local(asking.now).date()
    return "This day lies in the future." if command.adopted_on > today else None


@guard
def edition_is_in_force(policy: PolicyEdition, _: Command | None, asking: Asking) -> str | None:
    if policy.edition != asking.school.policy_version:
        return f"The edition in force is {asking.school.policy_version}: acknowledge that one."
    return None


@guard
def not_known_to_him_yet(policy: PolicyEdition, _: Command | None, asking: Asking) -> str | None:
    if asking.user.id in policy.acknowledged:
        return "You have acknowledged this edition already."
    return None


# ── what is recorded, and what it changes ─────────────────────────────────────────────────────────


def _known(policy: PolicyEdition, _: AcknowledgePolicy, _asking: Asking) -> Iterable[Event]:
    yield PolicyAcknowledged(edition=policy.edition)


def _opened(event: PolicyVersionAdopted, recorded: Recorded) -> PolicyEdition:
    return PolicyEdition(
        **begin_fields(recorded),
        state=PolicyState.ADOPTED,
        edition=event.edition,
        adopted_on=event.adopted_on,
        document=event.document,
    )


def _apply_known(policy: PolicyEdition, _: PolicyAcknowledged, recorded: Recorded) -> PolicyEdition:
    user = recorded.actor.user
    if user is None:
        return policy
    return replace(policy, acknowledged={**policy.acknowledged, user: recorded.recorded_at})


# ── the table ─────────────────────────────────────────────────────────────────────────────────────

BEGIN: Final[RowOf[None, AdoptPolicyVersion]] = RowOf(
    ask=AdoptPolicyVersion,
    who=(Role.SLT, Role.HEADTEACHER),
    at=(),
    guards=(edition_is_the_schools, adopted_by_now),
    records=(PolicyVersionAdopted,),
    by=recording(PolicyVersionAdopted),
    to=PolicyState.ADOPTED,
    policy=(11,),
)
TRANSITIONS: Final[tuple[RowOf[PolicyEdition, Any], ...]] = (
    RowOf(
        ask=AcknowledgePolicy,
        who=REPORTING_ROLES,
        at=(PolicyState.ADOPTED,),
        guards=(edition_is_in_force, not_known_to_him_yet),
        records=(PolicyAcknowledged,),
        by=_known,
        policy=(20,),
    ),
)


def _states(policy: PolicyEdition, _: Command | None) -> frozenset[PolicyState]:
    return frozenset({policy.state})


TRACK: Final[TrackOf[PolicyEdition]] = TrackOf(
    "policy edition", _states, TRANSITIONS, {PolicyAcknowledged: _apply_known}
)
REGISTER: Final[Register[PolicyEdition]] = Register(
    kind="policy",
    path="policies",
    entry=PolicyEdition,
    begin=BEGIN,
    opened=_opened,
    track=TRACK,
    sights={role: Sight.FULL for role in PEOPLES_ROLES if role is not Role.AUDITOR}
    | {Role.AUDITOR: Sight.AUDIT},
    ties={},
    closed={"acknowledged": (Role.SLT, Role.HEADTEACHER, Role.CHAIR, Role.AUDITOR)},
    unique=lambda command: command.edition,
)
