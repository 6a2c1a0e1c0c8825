"""Internal handling: what the school does itself, on which route, and how it talks with parents.

Parents are asked to remove a post and invited to talk, in one step (policy row 45). What staff are
asked to put right stands in `remedies`.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Final

import msgspec
from msgspec.structs import replace

from incidents.domain.agencies import AGENCIES
from incidents.domain.facts import CaseText, Event, PersonId, Recorded
from incidents.domain.state import Case
from incidents.domain.table import Apply, Asking, Command, body_guard, guard, prompting, recording
from incidents.domain.timers import DeadlineMet
from incidents.domain.vocabulary import (
    Agency,
    Due,
    Finding,
    Moment,
    Part,
    PersonRole,
    PostStatus,
    Route,
    Words,
)

FURTHEST_AHEAD: Final = timedelta(days=366)
NOT_A_YEAR_AHEAD: Final = "The date has to lie ahead, and by less than a year: check it."

# ── commands ──────────────────────────────────────────────────────────────────────────────────────


class StartInternalHandling(Command, frozen=True, kw_only=True):
    """Handle it inside the school, on this route."""

    route: Route


class RequestRemoval(Command, frozen=True, kw_only=True):
    """Ask a parent to remove the post and invite him to talk: one letter does both."""

    person: PersonId
    meeting_slots: Annotated[tuple[Moment, ...], msgspec.Meta(min_length=1, max_length=6)]


class RemindOfRemoval(Command, frozen=True, kw_only=True):
    """Ask a second time, politely, and say what comes next; the chair of governors may be there."""

    person: PersonId
    next_steps: Words
    meeting_slots: Annotated[tuple[Moment, ...], msgspec.Meta(max_length=6)] = ()


class RecordPostStatus(Command, frozen=True, kw_only=True):
    """Say whether the post was still there when it was looked at."""

    HAPPENED = "checked_at"
    status: PostStatus
    checked_at: Moment


class RecordMeeting(Command, frozen=True, kw_only=True):
    """Record the meeting: who came and what was agreed."""

    HAPPENED = "held_at"
    held_at: Moment
    attendees: Words
    agreed: Words


# ── events ────────────────────────────────────────────────────────────────────────────────────────


class InternalHandlingStarted(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.internal_handling_started"
    route: Route


class RemovalRequested(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.removal_requested"
    person: PersonId


class MeetingInvited(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.meeting_invited"
    person: PersonId
    meeting_slots: tuple[datetime, ...]


class RemovalReminded(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.removal_reminded"
    person: PersonId
    next_steps: CaseText
    meeting_slots: tuple[datetime, ...]


class PostStatusChecked(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.post_status_checked"
    status: PostStatus
    checked_at: datetime


class MeetingHeld(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.meeting_held"
    held_at: datetime
    attendees: CaseText
    agreed: CaseText


# ── guards ────────────────────────────────────────────────────────────────────────────────────────


@guard
def nothing_has_to_be_referred_first(
    case: Case, _command: Command | None, _asking: Asking
) -> str | None:
    """Illegal goes to the agencies, harm to the LADO, before the school handles it (row 32)."""
    assessment = case.assessment
    if assessment is None:
        return "Assess the case first."
    suspected = {
        Agency.POLICE: assessment.finding is Finding.POSSIBLY_ILLEGAL,
        Agency.LADO: assessment.harm_suspected,
    }
    # What an earlier assessment suspected is still to be decided on: its deadline is open.
    owed = {a for a, suspects in suspected.items() if suspects} - case.not_referred
    owed -= set(case.referrals)
    missing = [a for a in Agency if a in owed or AGENCIES[a].decide_by in case.open_deadlines]
    if missing:
        return f"Refer to {' and '.join(missing)} first, or record the decision not to and why."
    return None


@guard
def conduct_was_unacceptable(case: Case, _command: Command | None, _asking: Asking) -> str | None:
    if case.assessment is not None and case.assessment.finding is Finding.ACCEPTABLE:
        return "The finding is “acceptable”: record the outcome instead."
    return None


@guard
def no_agency_holds(case: Case, _command: Command | None, _asking: Asking) -> str | None:
    """While an agency has not cleared it, the school does not investigate by itself."""
    if case.holds:
        agencies = " and ".join(case.holds)
        return f"On hold until {agencies} has cleared it: record the agency's response first."
    return None


@guard
def no_route_yet(case: Case, _command: Command | None, _asking: Asking) -> str | None:
    return f"It is handled on the route “{case.route}” already." if case.route else None


@guard
def route_is_parent(case: Case, _command: Command | None, _asking: Asking) -> str | None:
    return None if case.route is Route.PARENT else "Only on the route for parents."


@guard
def evidence_is_kept(case: Case, _command: Command | None, _asking: Asking) -> str | None:
    """No step that may make a post vanish before it is kept (trap 4)."""
    if case.evidence:
        return None
    return "Capture the evidence first, or describe it and say why it can't be captured."


@guard
def post_is_still_there(case: Case, _command: Command | None, _asking: Asking) -> str | None:
    """First it is asked for, then looked for, then asked for again."""
    if not case.removal_requested:
        return "Ask for the removal first (request-removal)."
    if case.post_status is not PostStatus.PRESENT:
        return "Look first whether the post is still there (record-post-status)."
    return None


@body_guard()
def parent_may_be_written_to(
    case: Case, command: RequestRemoval | RemindOfRemoval, _asking: Asking
) -> str | None:
    return may_be_written_to(case, command.person, {PersonRole.PARENT})


@body_guard()
def slots_lie_ahead(
    _case: Case, command: RequestRemoval | RemindOfRemoval, asking: Asking
) -> str | None:
    if all(lies_ahead(slot, asking) for slot in command.meeting_slots):
        return None
    return NOT_A_YEAR_AHEAD


@body_guard()
def times_have_passed(
    _case: Case, command: RecordPostStatus | RecordMeeting, asking: Asking
) -> str | None:
    moment = command.checked_at if isinstance(command, RecordPostStatus) else command.held_at
    return "This time lies in the future." if moment > asking.now else None


def lies_ahead(moment: datetime, asking: Asking) -> bool:
    return timedelta() < moment - asking.now <= FURTHEST_AHEAD


def may_be_written_to(case: Case, person: PersonId, roles: set[PersonRole]) -> str | None:
    known = case.people.get(person)
    if known is None or known.part is not Part.SUBJECT or known.role not in roles:
        return "`person` has to be a subject of this case whom this letter is for."
    if known.name is None or known.basis is None:
        return "Record this person's name and the basis for writing first (identify-person)."
    if known.email is None and known.address is None:
        return "Record where to write to first: an e-mail or a postal address (identify-person)."
    return None


# ── what is recorded ──────────────────────────────────────────────────────────────────────────────


def post_status_checked(case: Case, command: RecordPostStatus, _asking: Asking) -> Iterable[Event]:
    """Where the post has gone, nobody has to ask a second time."""
    yield PostStatusChecked(status=command.status, checked_at=command.checked_at)
    if command.status is PostStatus.REMOVED and Due.REMOVAL_REMINDER in case.open_deadlines:
        yield DeadlineMet(due=Due.REMOVAL_REMINDER)


def removal_requested(_case: Case, command: RequestRemoval, _asking: Asking) -> Iterable[Event]:
    yield RemovalRequested(person=command.person)
    yield MeetingInvited(person=command.person, meeting_slots=command.meeting_slots)


internal_handling_started = recording(InternalHandlingStarted)
removal_reminded = recording(RemovalReminded)
meeting_held = recording(MeetingHeld)

# ── deadlines ─────────────────────────────────────────────────────────────────────────────────────


def reminder_deadline(
    case: Case, command: RecordPostStatus, _asking: Asking
) -> Iterable[tuple[Due, datetime]]:
    """Still there: the second request is due so long after the first."""
    first = case.deadlines.get(Due.POST_RECHECK)
    asked = case.removal_requested and not case.removal_reminded and first is not None
    if first is not None and asked and command.status is PostStatus.PRESENT:
        yield Due.REMOVAL_REMINDER, first.starts_at


def removal_deadlines(
    _case: Case, command: StartInternalHandling, asking: Asking
) -> Iterable[tuple[Due, datetime]]:
    if command.route is Route.PARENT:
        yield Due.REMOVAL_LETTER, asking.now


# ── what it changes ───────────────────────────────────────────────────────────────────────────────


def _started(case: Case, event: InternalHandlingStarted, _recorded: Recorded) -> Case:
    return replace(case, route=event.route)


def _asked_to_remove(case: Case, _event: RemovalRequested, _recorded: Recorded) -> Case:
    return replace(case, removal_requested=True)


def _reminded(case: Case, event: RemovalReminded, recorded: Recorded) -> Case:
    slots = event.meeting_slots or case.meeting_slots
    return prompting(replace(case, removal_reminded=True, meeting_slots=slots), recorded)


def _invited(case: Case, event: MeetingInvited, recorded: Recorded) -> Case:
    prompts = {**case.prompts, recorded.event_id: recorded.actor.user}
    return replace(case, meeting_slots=event.meeting_slots, prompts=prompts)


def _post_checked(case: Case, event: PostStatusChecked, _recorded: Recorded) -> Case:
    return replace(case, post_status=event.status)


def _met(case: Case, event: MeetingHeld, _recorded: Recorded) -> Case:
    return replace(case, meeting_held_at=event.held_at)


APPLY: Final[dict[type[Event], Apply]] = {
    InternalHandlingStarted: _started,
    RemovalRequested: _asked_to_remove,
    MeetingInvited: _invited,
    RemovalReminded: _reminded,
    PostStatusChecked: _post_checked,
    MeetingHeld: _met,
}
