"""Cases that have to do with each other: linked, or one the duplicate of the other.

Each case says for itself what a person is in it. A link sets the two side by side and carries
nothing over, so that nobody harmed in one case becomes a perpetrator by being linked to another.
"""

from collections.abc import Iterable
from typing import Annotated, Final

import msgspec
from msgspec.structs import replace

from incidents.domain.closing import CaseClosed, retention
from incidents.domain.facts import CaseId, CaseText, Event, PersonId, Recorded, UserId
from incidents.domain.parallel import Link, LinkRelation
from incidents.domain.state import Case
from incidents.domain.table import Apply, Asking, Command, body_guard, prompting
from incidents.domain.vocabulary import Part, Reason

# ── commands ──────────────────────────────────────────────────────────────────────────────────────


class NamesAnotherCase(Command, frozen=True, kw_only=True):
    """Something asked about this case and another one, which the asker has to see too."""

    other: CaseId


class SamePerson(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who stands in both cases, by his id in each."""

    here: PersonId
    there: PersonId


class LinkCase(NamesAnotherCase, frozen=True, kw_only=True):
    """Say what the other case has to do with this one, and who stands in both."""

    relation: LinkRelation
    reason: Reason
    people: Annotated[tuple[SamePerson, ...], msgspec.Meta(max_length=30)] = ()


class MarkDuplicate(NamesAnotherCase, frozen=True, kw_only=True):
    """Close this case: the other is about the same incident, and goes on."""

    reason: Reason
    second_person: UserId | None = None


# ── events ────────────────────────────────────────────────────────────────────────────────────────


class LinkedPerson(msgspec.Struct, frozen=True, kw_only=True):
    """One person in two cases, with his part in each as it stood when they were linked."""

    here: PersonId
    part_here: Part
    there: PersonId
    part_there: Part


class IncidentsLinked(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.incidents_linked"
    other: CaseId
    relation: LinkRelation
    reason: CaseText
    people: tuple[LinkedPerson, ...]


class DuplicateLinked(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.duplicate_linked"
    other: CaseId
    reason: CaseText
    second_person: UserId | None = None


# ── guards ────────────────────────────────────────────────────────────────────────────────────────


@body_guard()
def other_case_is_seen(case: Case, command: NamesAnotherCase, asking: Asking) -> str | None:
    """One that the asker may not see is not told from one that does not exist."""
    if command.other == case.id:
        return "`other` is this very case."
    if asking.other is None or asking.other.id != command.other:
        return "There is no other case with this id."
    return None


@body_guard()
def people_stand_in_both(case: Case, command: LinkCase, asking: Asking) -> str | None:
    there = asking.other.people if asking.other is not None else {}
    if any(one.here not in case.people or one.there not in there for one in command.people):
        return "Each of `people` has to stand in both cases, by his id in each."
    return None


@body_guard()
def other_case_is_no_duplicate(_case: Case, command: MarkDuplicate, asking: Asking) -> str | None:
    if asking.other is not None and asking.other.duplicate_of is not None:
        return "The other case is a duplicate itself: name the one it is a duplicate of."
    return None


# ── what is recorded ──────────────────────────────────────────────────────────────────────────────


def incidents_linked(case: Case, command: LinkCase, asking: Asking) -> Iterable[Event]:
    there = asking.other.people if asking.other is not None else {}
    yield IncidentsLinked(
        other=command.other,
        relation=command.relation,
        reason=command.reason,
        people=tuple(
            LinkedPerson(
                here=one.here,
                part_here=case.people[one.here].part,
                there=one.there,
                part_there=there[one.there].part,
            )
            for one in command.people
        ),
    )


def duplicate_linked(case: Case, command: MarkDuplicate, _asking: Asking) -> Iterable[Event]:
    yield DuplicateLinked(
        other=command.other, reason=command.reason, second_person=command.second_person
    )
    yield CaseClosed(retention=retention(case))


# ── what it changes ───────────────────────────────────────────────────────────────────────────────


def _linked(case: Case, event: IncidentsLinked, recorded: Recorded) -> Case:
    link = Link(other=event.other, relation=event.relation)
    return prompting(replace(case, links={**case.links, event.other: link}), recorded)


def _duplicate(case: Case, event: DuplicateLinked, _recorded: Recorded) -> Case:
    return replace(case, duplicate_of=event.other)


APPLY: Final[dict[type[Event], Apply]] = {
    IncidentsLinked: _linked,
    DuplicateLinked: _duplicate,
}
