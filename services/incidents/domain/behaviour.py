"""Pupils: comments by them are resolved by the behaviour policy, and their parents are told.

One step for each pupil (policy row 44). Each family hears of its own child and of no other.
"""

from typing import Annotated, Final

import msgspec
from msgspec.structs import replace

from incidents.domain.facts import CaseText, Event, PersonId, Recorded, SealedUnder, Text
from incidents.domain.state import Case
from incidents.domain.table import Apply, Asking, Command, body_guard, guard, prompting, recording
from incidents.domain.vocabulary import Part, PersonRole, Reason, Route, Words

# ── commands ──────────────────────────────────────────────────────────────────────────────────────


class ApplyBehaviourPolicy(Command, frozen=True, kw_only=True):
    """Record what was done with one pupil under the behaviour policy, and what support there is.

    `parents` are those of this pupil, who are written to; without them say why nobody is told.
    """

    person: PersonId
    done: Words
    support: Words | None = None
    parents: Annotated[tuple[PersonId, ...], msgspec.Meta(max_length=4)] = ()
    not_told_because: Reason | None = None


# ── events ────────────────────────────────────────────────────────────────────────────────────────


class BehaviourPolicyApplied(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.behaviour_policy_applied"
    person: PersonId
    done: CaseText
    parents: tuple[PersonId, ...]
    support: Annotated[Text | None, SealedUnder()] = None
    not_told_because: Annotated[Text | None, SealedUnder()] = None


# ── guards ────────────────────────────────────────────────────────────────────────────────────────


@guard
def route_is_pupils(case: Case, _command: Command | None, _asking: Asking) -> str | None:
    return None if case.route is Route.PUPIL_BEHAVIOUR else "Only on the route for pupils."


@body_guard()
def person_is_a_pupil(case: Case, command: ApplyBehaviourPolicy, _asking: Asking) -> str | None:
    person = case.people.get(command.person)
    if person is None or person.part is not Part.SUBJECT or person.role is not PersonRole.PUPIL:
        return "`person` has to be a pupil who is a subject of this case."
    return None


@body_guard()
def parents_are_told_or_not_for_a_reason(
    case: Case, command: ApplyBehaviourPolicy, _asking: Asking
) -> str | None:
    known = (case.people.get(parent) for parent in command.parents)
    if any(p is None or p.role is not PersonRole.PARENT or p.basis is None for p in known):
        return "Each of `parents` has to be a parent in the case who may be written to."
    if not command.parents and command.not_told_because is None:
        return "Name the pupil's `parents`, or say in `not_told_because` why they are not told."
    return None


# ── what is recorded, and what it changes ─────────────────────────────────────────────────────────

behaviour_policy_applied = recording(BehaviourPolicyApplied)


def _applied(case: Case, event: BehaviourPolicyApplied, recorded: Recorded) -> Case:
    pupils = case.behaviour_applied | {event.person}
    return prompting(replace(case, behaviour_applied=pupils), recorded)


APPLY: Final[dict[type[Event], Apply]] = {BehaviourPolicyApplied: _applied}
