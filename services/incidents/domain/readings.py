"""How the policy is read where it can be read in two ways, and what is set right beside an entry.

The policy forbids social media at work on the school's infrastructure and permits reasonable access
to it (rows 29 and 43). Nothing here judges: the assessor cites the clauses and says how he reads
them. And no entry is ever written over: what is wrong in one is said beside it.
"""

from typing import Annotated, Final

import msgspec
from msgspec.structs import replace

from incidents.domain.facts import CaseText, Event, Recorded
from incidents.domain.state import Case
from incidents.domain.table import (
    Apply,
    Asking,
    Command,
    body_guard,
    guard,
    recording,
    unchanged,
)
from incidents.domain.vocabulary import Category, ClauseRef, Rationale, Reason, Words

TWO_WAYS: Final = frozenset({Category.WORK_INFRASTRUCTURE_USE, Category.EXCESSIVE_USE})
"""What the policy says two things about."""

# ── commands ──────────────────────────────────────────────────────────────────────────────────────


class InterpretPolicy(Command, frozen=True, kw_only=True):
    """Cite the clauses that are at odds, and say how they are read here and why."""

    clauses: Annotated[tuple[ClauseRef, ...], msgspec.Meta(min_length=1, max_length=10)]
    reading: Rationale


class AnnotateEntry(Command, frozen=True, kw_only=True):
    """Say what is wrong in an entry, by its version. The entry stays as it is."""

    entry: Annotated[int, msgspec.Meta(ge=1)]
    correction: Words
    reason: Reason


# ── events ────────────────────────────────────────────────────────────────────────────────────────


class PolicyInterpretationRecorded(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.policy_interpretation_recorded"
    clauses: tuple[str, ...]
    reading: CaseText


class EntryAnnotated(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.entry_annotated"
    entry: int
    correction: CaseText
    reason: CaseText


# ── guards ────────────────────────────────────────────────────────────────────────────────────────


@guard
def two_ways_are_read_in_one(case: Case, _command: Command | None, _asking: Asking) -> str | None:
    if TWO_WAYS & case.categories and not case.interpreted:
        return (
            "The policy says two things of this: cite the clauses and record how they are read "
            "(interpret-policy)."
        )
    return None


@body_guard()
def interpreted_clauses_are_in_the_policy(
    _case: Case, command: InterpretPolicy, asking: Asking
) -> str | None:
    unknown = [ref for ref in command.clauses if ref not in asking.school.clauses]
    return f"The policy in force has no clause {', '.join(unknown)}." if unknown else None


@body_guard()
def entry_is_there(case: Case, command: AnnotateEntry, _asking: Asking) -> str | None:
    return None if command.entry <= case.version else "There is no entry with this number yet."


# ── what is recorded, and what it changes ─────────────────────────────────────────────────────────

policy_interpreted = recording(PolicyInterpretationRecorded)
entry_annotated = recording(EntryAnnotated)


def _interpreted(case: Case, event: PolicyInterpretationRecorded, _recorded: Recorded) -> Case:
    return replace(case, interpreted=case.interpreted | set(event.clauses))


APPLY: Final[dict[type[Event], Apply]] = {
    PolicyInterpretationRecorded: _interpreted,
    EntryAnnotated: unchanged,
}
