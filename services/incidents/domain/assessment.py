"""Assessment: who leads, what it is, how severe, and whether the harm threshold may be met.

The reporter suspects; only the lead classifies (policy row 13). Every finding cites a clause.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec.structs import replace

from incidents.domain.access import HEIRS, colleagues, heir, somebody_else_may
from incidents.domain.closing import CaseClosed
from incidents.domain.drafting import without_draft
from incidents.domain.facts import CaseText, Event, Recorded, SealedUnder, Text, UserId
from incidents.domain.links import MarkDuplicate
from incidents.domain.parallel import OpinionState
from incidents.domain.referring import agency_deadline_met
from incidents.domain.state import Assessment, Case, imagery_flag
from incidents.domain.table import Apply, Asking, Command, Refuses, body_guard, guard, unchanged
from incidents.domain.vocabulary import (
    CHILD_CATEGORIES,
    CHILD_ROLES,
    Agency,
    Category,
    ClauseRef,
    Due,
    Finding,
    Flag,
    HarmQuestion,
    Level,
    Offence,
    Part,
    Rationale,
    Reason,
    Retention,
    Risk,
    Role,
    Scope,
)

LEADERS: Final = (Role.SLT, Role.HEADTEACHER, Role.DSL, Role.CHAIR)
"""Who may lead an assessment (policy rows 12 and 13; the DSL and the chair by the law's frame)."""

_HEIRS: Final = {
    Role.CHAIR: "chair",
    Role.VICE_CHAIR: "vice-chair",
    Role.AUTHORITY: "local authority's officer",
}

# ── commands ──────────────────────────────────────────────────────────────────────────────────────


class StartAssessment(Command, frozen=True, kw_only=True):
    """Take the lead and begin the assessment."""


class AssignLead(Command, frozen=True, kw_only=True):
    """Give the case to another lead: the first one is concerned, away or gone."""

    lead: UserId
    reason: Reason


class RecordAssessment(Command, frozen=True, kw_only=True):
    """Say what it is, how severe, under which clauses, and why (at least 50 characters).

    The four levels run from 1 (hardly) to 4 (very). `harm_test` answers the four harm questions and
    is required when a subject works or worked at the school.
    """

    scope: Scope
    finding: Finding
    categories: Annotated[tuple[Category, ...], msgspec.Meta(min_length=1, max_length=10)]
    risks: Annotated[tuple[Risk, ...], msgspec.Meta(min_length=1, max_length=3)]
    scale: Level
    audience: Level
    permanency: Level
    harm: Level
    clauses: Annotated[tuple[ClauseRef, ...], msgspec.Meta(min_length=1, max_length=20)]
    rationale: Rationale
    possible_offences: Annotated[tuple[Offence, ...], msgspec.Meta(max_length=10)] = ()
    harm_test: Mapping[HarmQuestion, bool] = {}


class MarkOutOfScope(Command, frozen=True, kw_only=True):
    """Close what is none of the school's business: personal, and not touching it."""

    reason: Reason
    second_person: UserId | None = None


class DecideNotToRefer(Command, frozen=True, kw_only=True):
    """Record a decision not to refer, with its reason and the person consulted."""

    agency: Agency
    reason: Reason
    consulted: UserId


# ── events ────────────────────────────────────────────────────────────────────────────────────────


class LeadAssigned(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.lead_assigned"
    lead: UserId
    reason: Annotated[Text | None, SealedUnder()] = None


class AssessmentStarted(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.assessment_started"


class AssessmentRecorded(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.assessment_recorded"
    scope: Scope
    finding: Finding
    categories: tuple[Category, ...]
    risks: tuple[Risk, ...]
    scale: int
    audience: int
    permanency: int
    harm: int
    severity: int
    clauses: tuple[str, ...]
    possible_offences: tuple[Offence, ...]
    possible_offence: bool
    harm_test: Mapping[HarmQuestion, bool]
    rationale: CaseText


class MarkedOutOfScope(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.marked_out_of_scope"
    reason: CaseText
    second_person: UserId | None = None


class DecisionNotToRefer(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.decision_not_to_refer"
    agency: Agency
    reason: CaseText
    consulted: UserId


# ── severity ──────────────────────────────────────────────────────────────────────────────────────

CATEGORY_FLOORS: Final[Mapping[Category, int]] = {
    Category.THREAT: 3,
    Category.STAFF_PUPIL_CONTACT: 3,
    Category.PUPIL_IMAGE_OFFCHANNEL: 3,
    Category.LISTED_CHILD_PUBLISHED: 3,
    Category.NUDE_OR_INDECENT_IMAGERY: 3,
    Category.GROOMING_OR_EXPLOITATION: 3,
}
FLAG_FLOORS: Final[Mapping[Flag, int]] = {Flag.NUDE_IMAGERY: 3, Flag.IMMEDIATE_DANGER: 4}


def severity(command: RecordAssessment, flags: frozenset[Flag]) -> int:
    """Return 1 to 4: the harm, or the reach where that is greater, but never below a floor.

    Reach is the mean of scale, audience and permanency (policy row 49), halves rounded up.
    """
    reach = (2 * (command.scale + command.audience + command.permanency) + 3) // 6
    floors = [CATEGORY_FLOORS.get(c, 1) for c in command.categories]
    floors += [FLAG_FLOORS.get(f, 1) for f in flags]
    return max(command.harm, reach, *floors)


# ── guards ────────────────────────────────────────────────────────────────────────────────────────


@guard
def lead_is_not_the_only_witness(
    case: Case, _command: Command | None, asking: Asking
) -> str | None:
    """Lead ≠ reporter, as long as a colleague could lead.

    Subjects and their relatives are walled out before any guard is asked.
    """
    if asking.user.id != case.reporter:
        return None
    if somebody_else_may(case, LEADERS, asking.user, asking.school):
        return "You reported this yourself: a colleague has to take the lead."
    return None


@guard
def lead_is_not_above_himself(case: Case, _command: Command | None, asking: Asking) -> str | None:
    """What is about the headteacher or the chair is led by whoever comes next (policy row 12)."""
    seat = heir(case, asking.school)
    return _led_by(seat) if seat is not None and seat not in asking.user.roles else None


def _led_by(seat: Role) -> str:
    return f"A case about the headteacher or the chair of governors is led by the {_HEIRS[seat]}."


@body_guard()
def lead_can_lead(case: Case, command: AssignLead, asking: Asking) -> str | None:
    """A senior colleague who works here and is no part of the case (policy row 12)."""
    roles = asking.school.roster.get(command.lead, frozenset())
    if not roles & {*LEADERS, *HEIRS}:
        return "`lead` has to be a senior colleague at this school: see GET /api/colleagues."
    if command.lead not in {user.id for user in colleagues(case, asking.school)}:
        return "This colleague can't lead this case: choose another."
    if (seat := heir(case, asking.school)) and seat not in roles:
        return _led_by(seat)
    if command.lead == case.reporter:
        return "Whoever reported it does not lead it: choose another colleague."
    return None


@guard
def no_harm_suspected(case: Case, _command: Command | None, _asking: Asking) -> str | None:
    """On the reporter's word, by the LADO's open deadline, or from an earlier assessment."""
    if case.flags & {Flag.CHILD_AT_RISK, Flag.IMMEDIATE_DANGER, Flag.NUDE_IMAGERY}:
        return "A child may be at risk: assess the case, it can't be put out of scope."
    if Due.LADO in case.open_deadlines:
        return "A member of staff may have harmed a child: answer the harm questions first."
    if case.assessment is not None and case.assessment.serious:
        return "An offence or harm was suspected before: assess the case anew."
    return None


@body_guard()
def clauses_are_in_the_policy(_case: Case, command: RecordAssessment, asking: Asking) -> str | None:
    unknown = [ref for ref in command.clauses if ref not in asking.school.clauses]
    if unknown:
        return f"The policy in force has no clause {', '.join(unknown)}. See GET /api/policy."
    return None


@body_guard()
def category_is_decided(_case: Case, command: RecordAssessment, _asking: Asking) -> str | None:
    if Category.UNSURE in command.categories:
        return "“unsure” is for the reporter: an assessment names a category, or “other”."
    return None


@body_guard()
def harm_test_is_answered(case: Case, command: RecordAssessment, _asking: Asking) -> str | None:
    """Four tick-tests on every staff-subject case (harm threshold, KCSIE part four).

    For anybody else they may be left out, but not answered in part.
    """
    needed = (
        case.about_staff
        or Category.STAFF_PUPIL_CONTACT in command.categories
        or bool(command.harm_test)
    )
    missing = [q for q in HarmQuestion if q not in command.harm_test]
    if needed and missing:
        return f"`harm_test` has to answer {', '.join(missing)} too."
    return None


@guard
def harm_test_covers_who_is_concerned(
    case: Case, _command: Command | None, _asking: Asking
) -> str | None:
    """Somebody who works here may be named after the assessment: then it is made anew."""
    unanswered = case.assessment is None or not case.assessment.harm_test
    if case.about_staff and unanswered:
        return (
            "A member of staff is concerned and the harm questions have not been answered: record "
            "the assessment anew, with `harm_test`."
        )
    return None


@body_guard()
def offences_match_the_finding(
    _case: Case, command: RecordAssessment, _asking: Asking
) -> str | None:
    if command.possible_offences and command.finding is not Finding.POSSIBLY_ILLEGAL:
        return "Possible offences are named: the finding is then “possibly_illegal”."
    return None


@body_guard()
def named_child_needs_a_second_person(
    case: Case, command: MarkOutOfScope | MarkDuplicate, asking: Asking
) -> str | None:
    named = case.about_a_child or any(p.role in CHILD_ROLES for p in case.of(Part.AFFECTED))
    if not named:
        return None
    if command.second_person in (None, asking.user.id, case.reporter):
        return "A child is named: `second_person` says which other colleague agreed."
    if not any(one.id == command.second_person for one in colleagues(case, asking.school)):
        return "`second_person` has to be a colleague at this school who is not involved himself."
    return None


@body_guard()
def somebody_else_was_consulted(
    case: Case, command: DecideNotToRefer, asking: Asking
) -> str | None:
    if command.consulted == asking.user.id:
        return "`consulted` has to be somebody other than yourself."
    if not any(one.id == command.consulted for one in colleagues(case, asking.school)):
        return "`consulted` has to be a colleague at this school who is not involved himself."
    return None


@body_guard()
def second_opinion_is_on_record(
    case: Case, command: DecideNotToRefer, _asking: Asking
) -> str | None:
    """Where an offence or harm is suspected, whoever was consulted has put it on record himself."""
    given = (o for o in case.opinions.values() if o.state is OpinionState.GIVEN)
    if case.assessment is None or not case.assessment.serious:
        return None
    if any(opinion.of == command.consulted for opinion in given):
        return None
    return (
        "An offence or harm is suspected: ask the colleague for a second opinion "
        "(request-second-opinion), and decide once it is recorded."
    )


@body_guard(Refuses.STATE)
def agency_is_not_told_yet(case: Case, command: DecideNotToRefer, _asking: Asking) -> str | None:
    if command.agency in case.open_referrals:
        return f"There is an open referral to {command.agency}: record its response instead."
    return None


# ── what is recorded ──────────────────────────────────────────────────────────────────────────────


def assessment_started(_case: Case, _command: StartAssessment, asking: Asking) -> Iterable[Event]:
    assert asking.user.id is not None
    yield LeadAssigned(lead=asking.user.id)
    yield AssessmentStarted()


def lead_assigned(_case: Case, command: AssignLead, _asking: Asking) -> Iterable[Event]:
    yield LeadAssigned(lead=command.lead, reason=command.reason)


def assessment_recorded(case: Case, command: RecordAssessment, _asking: Asking) -> Iterable[Event]:
    said = {
        n: getattr(command, n) for n in AssessmentRecorded.__struct_fields__ if hasattr(command, n)
    }
    yield AssessmentRecorded(
        **said,
        severity=severity(command, case.flags),
        possible_offence=command.finding is Finding.POSSIBLY_ILLEGAL,
    )


def marked_out_of_scope(_case: Case, command: MarkOutOfScope, _a: Asking) -> Iterable[Event]:
    yield MarkedOutOfScope(reason=command.reason, second_person=command.second_person)
    yield CaseClosed(retention=Retention.OUT_OF_SCOPE)


def decision_not_to_refer(
    case: Case, command: DecideNotToRefer, _asking: Asking
) -> Iterable[Event]:
    yield DecisionNotToRefer(
        agency=command.agency, reason=command.reason, consulted=command.consulted
    )
    yield from agency_deadline_met(case, command.agency)


# ── deadlines ─────────────────────────────────────────────────────────────────────────────────────


def referral_deadlines(
    case: Case, command: RecordAssessment, asking: Asking
) -> Iterable[tuple[Due, datetime]]:
    """Police and social care on the same day; LADO one working day from the first awareness.

    Not what somebody has told the agency already.
    """
    told = case.open_referrals
    if any(command.harm_test.values()) and Agency.LADO not in told:
        yield Due.LADO, case.reopened_at or case.reported_at
    if command.finding is Finding.POSSIBLY_ILLEGAL and Agency.POLICE not in told:
        yield Due.POLICE, asking.now
    if Flag.CHILD_AT_RISK in case.flags and Agency.SOCIAL_CARE not in told:
        yield Due.SOCIAL_CARE, asking.now


def is_urgent(flags: Iterable[Flag], categories: Iterable[Category]) -> bool:
    """Whether the reporter's own words already put the severity at 3 or more."""
    urgent = {Flag.CHILD_AT_RISK, *FLAG_FLOORS}
    return bool(urgent & set(flags)) or bool(
        (set(CATEGORY_FLOORS) | CHILD_CATEGORIES) & set(categories)
    )


# ── what it changes ───────────────────────────────────────────────────────────────────────────────


def _lead_assigned(case: Case, event: LeadAssigned, _recorded: Recorded) -> Case:
    return replace(case, lead=event.lead)


def _assessed(case: Case, event: AssessmentRecorded, _recorded: Recorded) -> Case:
    assessment = Assessment(
        scope=event.scope,
        finding=event.finding,
        severity=event.severity,
        clauses=event.clauses,
        harm_test=event.harm_test,
        offences=event.possible_offences,
        rationale=event.rationale,
    )
    flags = case.flags | imagery_flag(event.categories)
    categories = frozenset(event.categories)
    # Made anew on the way, the assessment asks again how the case is to be handled.
    return replace(
        case,
        assessment=assessment,
        severest=max(case.severest, event.severity),
        categories=categories,
        flags=flags,
        route=None,
    )


def _not_referred(case: Case, event: DecisionNotToRefer, _recorded: Recorded) -> Case:
    decided = without_draft(case, event.agency)
    return replace(decided, not_referred=case.not_referred | {event.agency})


APPLY: Final[dict[type[Event], Apply]] = {
    LeadAssigned: _lead_assigned,
    AssessmentStarted: unchanged,
    AssessmentRecorded: _assessed,
    MarkedOutOfScope: unchanged,
    DecisionNotToRefer: _not_referred,
}
