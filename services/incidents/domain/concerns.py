"""The concern track, one per low-level concern: recorded, reviewed.

Anything inconsistent with the code of conduct that does not meet the harm threshold, even a nagging
doubt, is written down with its context and goes to the headteacher, or to the chair where it is
about him. Its words stay closed to everybody else, and it is no part of any pupil's file.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec.structs import replace

from incidents.domain.facts import CaseId, CaseText, Event, PersonId, Recorded, UserId
from incidents.domain.loose_ends import case_is_open
from incidents.domain.parallel import Concern, ConcernDecision, ConcernState
from incidents.domain.patterns import KnownConcern, pattern
from incidents.domain.state import Case
from incidents.domain.table import (
    Apply,
    Asking,
    Command,
    Row,
    Track,
    body_guard,
    guard,
    prompting,
    recording,
)
from incidents.domain.vocabulary import STAFF_ROLES, Moment, Part, Rationale, Role, Section, Words

# ── commands ──────────────────────────────────────────────────────────────────────────────────────


class RecordLowLevelConcern(Command, frozen=True, kw_only=True):
    """Write down a concern about a colleague: what was seen, and in what context."""

    HAPPENED = "observed_at"
    person: PersonId
    what: Words
    context: Words
    observed_at: Moment


class ReviewConcern(Command, frozen=True, kw_only=True):
    """Decide what follows from it, also in the light of a pattern."""

    concern: UUID
    decision: ConcernDecision
    reason: Rationale


# ── events ────────────────────────────────────────────────────────────────────────────────────────


class LowLevelConcernRecorded(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.low_level_concern_recorded"
    SECTION = Section.LOW_LEVEL
    concern: UUID
    person: PersonId
    about: UserId | None
    observed_at: datetime
    what: CaseText
    context: CaseText


class PatternDetected(Event, frozen=True, kw_only=True):
    """Several concerns about one person: `cases` are those they stand in, this one among them."""

    TOPIC = "incidents.pattern_detected"
    SECTION = Section.LOW_LEVEL
    concern: UUID
    count: int
    months: int
    cases: tuple[CaseId, ...]


class ConcernReviewed(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.concern_reviewed"
    SECTION = Section.LOW_LEVEL
    concern: UUID
    decision: ConcernDecision
    reason: CaseText


# ── guards ────────────────────────────────────────────────────────────────────────────────────────


@guard
def harm_is_ruled_out(case: Case, _command: Command | None, _asking: Asking) -> str | None:
    """Low-level is what is left when the four harm questions are answered with no."""
    answers = case.assessment.harm_test if case.assessment else {}
    if not answers:
        return "Answer the four harm questions first (record-assessment, with `harm_test`)."
    if any(answers.values()):
        return "Harm to a child is suspected: that is an allegation, and the LADO's to hear."
    return None


@body_guard()
def concern_is_about_a_colleague(
    case: Case, command: RecordLowLevelConcern, _asking: Asking
) -> str | None:
    person = case.people.get(command.person)
    works_here = person is not None and (person.role in STAFF_ROLES or person.user is not None)
    if person is None or person.part is not Part.SUBJECT or not works_here:
        return "`person` has to be a subject of this case who works or worked here."
    return None


@body_guard()
def concern_was_observed(_case: Case, command: RecordLowLevelConcern, asking: Asking) -> str | None:
    return "`observed_at` lies in the future." if command.observed_at > asking.now else None


# ── what is recorded ──────────────────────────────────────────────────────────────────────────────


def known_concerns(case: Case) -> tuple[KnownConcern, ...]:
    """Return what other cases have to know of this one's concerns: ids and times, and no words."""
    return tuple(
        KnownConcern(case=case.id, about=one.about, observed_at=one.observed_at)
        for one in case.concerns.values()
        if one.about is not None
    )


def _recorded(case: Case, command: RecordLowLevelConcern, asking: Asking) -> Iterable[Event]:
    concern, about = asking.new_id("concern"), case.people[command.person].user
    yield LowLevelConcernRecorded(
        concern=concern,
        person=command.person,
        about=about,
        observed_at=command.observed_at,
        what=command.what,
        context=command.context,
    )
    if about is not None:
        latest = KnownConcern(case=case.id, about=about, observed_at=command.observed_at)
        yield from _patterns(concern, latest, case, asking)


def _patterns(
    concern: UUID, latest: KnownConcern, case: Case, asking: Asking
) -> Iterable[PatternDetected]:
    limits = asking.school.limits
    count, months = limits.pattern_concerns, limits.pattern_months
    elsewhere = (c for c in asking.concerns if c.case != case.id)
    found = pattern(latest, [*known_concerns(case), *elsewhere], count=count, months=months)
    if found:
        cases = tuple(dict.fromkeys(one.case for one in found))
        yield PatternDetected(concern=concern, count=len(found), months=months, cases=cases)


# ── what it changes ───────────────────────────────────────────────────────────────────────────────


def _apply_concern(case: Case, event: LowLevelConcernRecorded, recorded: Recorded) -> Case:
    concern = Concern(
        concern=event.concern,
        person=event.person,
        about=event.about,
        observed_at=event.observed_at,
        what=event.what,
        context=event.context,
    )
    return prompting(replace(case, concerns={**case.concerns, event.concern: concern}), recorded)


def _apply_pattern(case: Case, event: PatternDetected, recorded: Recorded) -> Case:
    return prompting(_changed(case, event.concern, pattern=event.cases), recorded)


def _apply_review(case: Case, event: ConcernReviewed, _recorded: Recorded) -> Case:
    reviewed = ConcernState.REVIEWED
    return _changed(case, event.concern, state=reviewed, decision=event.decision)


def _changed(case: Case, concern: UUID, **changes: object) -> Case:
    if concern not in case.concerns:
        return case
    known = replace(case.concerns[concern], **changes)
    return replace(case, concerns={**case.concerns, concern: known})


# ── the table ─────────────────────────────────────────────────────────────────────────────────────

_S = ConcernState
_WHO: Final = (Role.HEADTEACHER, Role.DSL, Role.CHAIR)

TRANSITIONS = (
    Row(
        ask=RecordLowLevelConcern,
        who=_WHO,
        at=tuple(_S),
        guards=(
            case_is_open,
            harm_is_ruled_out,
            concern_is_about_a_colleague,
            concern_was_observed,
        ),
        records=(LowLevelConcernRecorded, PatternDetected),
        by=_recorded,
        policy=(22, 42),
    ),
    Row(
        ask=ReviewConcern,
        who=(Role.HEADTEACHER, Role.CHAIR),
        at=(_S.RECORDED,),
        records=(ConcernReviewed,),
        by=recording(ConcernReviewed),
        to=_S.REVIEWED,
        policy=(22, 42),
    ),
)


def _states(case: Case, command: Command | None) -> frozenset[ConcernState]:
    if isinstance(command, ReviewConcern):
        known = case.concerns.get(command.concern)
        return frozenset({known.state if known else ConcernState.NONE})
    return frozenset({ConcernState.NONE, *(x.state for x in case.concerns.values())})


APPLY: Final[dict[type[Event], Apply]] = {
    LowLevelConcernRecorded: _apply_concern,
    PatternDetected: _apply_pattern,
    ConcernReviewed: _apply_review,
}
TRACK = Track("concern", _states, TRANSITIONS, APPLY)
