"""Conflicts of interest: a colleague too close to a case has no part in it, and does not see it.

Declared by himself, or about him by whoever leads or answers for the case. From then on the case is
walled from him as from a subject; it is prospective, what he did before stays on record. A wall
only goes up.
"""

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from incidents.domain.access import acting_role, audience
from incidents.domain.facts import CaseText, Event, Recorded, UserId
from incidents.domain.school import User
from incidents.domain.state import Case
from incidents.domain.table import (
    Apply,
    Asking,
    Command,
    Refuses,
    Row,
    Track,
    body_guard,
    prompting,
)
from incidents.domain.vocabulary import Reason, Relation, Role, Stage

ANSWERABLE: Final = (Relation.LEAD, Role.HEADTEACHER, Role.DSL, Role.CHAIR)
"""Who may say of somebody else that he is too close."""
LEADING: Final = (Role.SLT, Role.HEADTEACHER, Role.DSL, Role.CHAIR)

# ── command and event ─────────────────────────────────────────────────────────────────────────────


class DeclareConflict(Command, frozen=True, kw_only=True):
    """Say that you are too close to this case, or that a colleague (`user`) is, and why.

    It is closed to him from then on, and nobody can let him in again.
    """

    reason: Reason
    user: UserId | None = None


class ConflictDeclared(Event, frozen=True, kw_only=True):
    """`held` are the roles he held at the time: others stand in for them in this case."""

    TOPIC = "incidents.conflict_declared"
    user: UserId
    held: tuple[Role, ...]
    led: bool
    """Whether he led the case: it needs another lead then."""
    reason: CaseText


# ── guards ────────────────────────────────────────────────────────────────────────────────────────


@body_guard(Refuses.WHO)
def conflict_is_ones_own_or_answered_for(
    case: Case, command: DeclareConflict, asking: Asking
) -> str | None:
    if _who(command, asking) == asking.user.id:
        return None
    if acting_role(case, asking.user, ANSWERABLE) is not None:
        return None
    return "Only whoever leads or answers for the case declares a conflict of somebody else."


@body_guard()
def conflict_is_a_colleagues(case: Case, command: DeclareConflict, asking: Asking) -> str | None:
    user = _who(command, asking)
    if user not in asking.school.roster:
        return "`user` has to be a colleague at this school."
    if user in audience(case).walled_users:
        return "The case is closed to this colleague already."
    return None


@body_guard(Refuses.STATE)
def somebody_is_left_to_lead(case: Case, command: DeclareConflict, asking: Asking) -> str | None:
    """A case that nobody sees any more would never be dealt with."""
    user = _who(command, asking)
    held = asking.school.roster.get(user, frozenset())
    without = replace(case, conflicts={**case.conflicts, user: held}, lead=_lead(case, user))
    school = asking.school
    others = (User(id=one, school=school.id, roles=roles) for one, roles in school.roster.items())
    may_lead = (acting_role(without, one, (Relation.LEAD, *LEADING)) for one in others)
    if any(role is not None for role in may_lead):
        return None
    return (
        "Nobody would be left who may lead it. Let a vice-chair or an officer of the local "
        "authority be added first."
    )


# ── what is recorded, and what it changes ─────────────────────────────────────────────────────────


def _who(command: DeclareConflict, asking: Asking) -> UserId:
    user = command.user or asking.user.id
    assert user is not None
    return user


def _lead(case: Case, without: UserId) -> UserId | None:
    return None if case.lead == without else case.lead


def _declared(case: Case, command: DeclareConflict, asking: Asking) -> Iterable[Event]:
    user = _who(command, asking)
    held = tuple(sorted(asking.school.roster[user]))
    yield ConflictDeclared(user=user, held=held, led=user == case.lead, reason=command.reason)


def _apply(case: Case, event: ConflictDeclared, recorded: Recorded) -> Case:
    conflicts = {**case.conflicts, event.user: frozenset(event.held)}
    closed = replace(case, conflicts=conflicts, lead=_lead(case, event.user))
    return prompting(closed, recorded)


# ── the table ─────────────────────────────────────────────────────────────────────────────────────

TRANSITIONS = (
    Row(
        ask=DeclareConflict,
        who=(
            *ANSWERABLE,
            Relation.INVESTIGATOR,
            Relation.CONSULTED,
            Relation.PANEL,
            Role.SLT,
            Role.MODERATOR,
            Role.DPO,
            Role.CLERK,
        ),
        at=tuple(Stage),
        guards=(
            conflict_is_ones_own_or_answered_for,
            conflict_is_a_colleagues,
            somebody_is_left_to_lead,
        ),
        records=(ConflictDeclared,),
        by=_declared,
        policy=(37,),
    ),
)


def _states(case: Case, _command: Command | None) -> frozenset[Stage]:
    return frozenset({case.stage})


APPLY: Final[dict[type[Event], Apply]] = {ConflictDeclared: _apply}
TRACK = Track("conflict", _states, TRANSITIONS, APPLY)
