"""The second stage of a complaint: a panel of governors who have had nothing to do with it before.

Who has been involved is worked out from the case itself, and declared by each of them besides.
After the panel there is only the Department for Education, and the complainant is told so.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Final

import msgspec

from incidents.domain.access import walled
from incidents.domain.facts import CaseText, Event, PersonId, Recorded, SealedUnder, Text, UserId
from incidents.domain.first_stage import changed
from incidents.domain.parallel import ComplaintFinding
from incidents.domain.school import User
from incidents.domain.state import Case
from incidents.domain.table import (
    Apply,
    Asking,
    Command,
    Refuses,
    body_guard,
    prompting,
    recording,
    unchanged,
)
from incidents.domain.timers import DeadlineSet
from incidents.domain.vocabulary import Due, Moment, Rationale, Reason, Role, Words

Members = Annotated[tuple[UserId, ...], msgspec.Meta(min_length=1, max_length=9)]

# ── commands ──────────────────────────────────────────────────────────────────────────────────────


class RequestStage2(Command, frozen=True, kw_only=True):
    """Record that the complainant asks for a panel. After the time for it, say why all the same."""

    HAPPENED = "requested_at"
    requested_at: Moment
    reasons: Words
    late_because: Reason | None = None


class ConvenePanel(Command, frozen=True, kw_only=True):
    """Name the governors and the time they meet.

    Each of the `members` also stands in `declared`: he has said that he had no part in it before.
    """

    members: Members
    declared: Members
    hears_at: Moment


class RecordPanelPapers(Command, frozen=True, kw_only=True):
    """Record that everybody has the papers, and what they are."""

    HAPPENED = "sent_at"
    sent_at: Moment
    papers: Words


class DecideStage2(Command, frozen=True, kw_only=True):
    """Decide as the panel, with reasons."""

    HAPPENED = "heard_at"
    heard_at: Moment
    finding: ComplaintFinding
    reasons: Rationale
    recommendations: Words | None = None


class ExhaustComplaint(Command, frozen=True, kw_only=True):
    """Tell the complainant the panel's decision, and of the Department for Education."""

    told_of_department: bool


# ── events ────────────────────────────────────────────────────────────────────────────────────────


class Stage2Requested(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.stage2_requested"
    requested_at: datetime
    reasons: CaseText
    late_because: Annotated[Text | None, SealedUnder()] = None


class PanelConvened(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.panel_convened"
    complainant: PersonId | None
    members: tuple[UserId, ...]
    declared: tuple[UserId, ...]
    hears_at: datetime


class PanelPapersSent(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.panel_papers_sent"
    sent_at: datetime
    papers: CaseText


class PanelDecided(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.panel_decided"
    heard_at: datetime
    finding: ComplaintFinding
    reasons: CaseText
    recommendations: Annotated[Text | None, SealedUnder()] = None


class ComplaintExhausted(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.complaint_exhausted"
    complainant: PersonId | None


# ── guards ────────────────────────────────────────────────────────────────────────────────────────


@body_guard()
def request_is_in_time(case: Case, command: RequestStage2, asking: Asking) -> str | None:
    complaint = case.complaint
    if command.requested_at > asking.now:
        return "`requested_at` lies in the future."
    last = complaint.stage_2_by if complaint else None
    if last is not None and command.requested_at > last and command.late_because is None:
        return "The time to ask for the second stage has passed: give `late_because`."
    return None


@body_guard()
def panel_is_large_enough(_case: Case, command: ConvenePanel, asking: Asking) -> str | None:
    least = asking.school.limits.panel_members
    sitting = {Role.GOVERNOR, Role.CHAIR}
    governors = {m for m in command.members if asking.school.roster.get(m, frozenset()) & sitting}
    if len(governors) < least or governors != set(command.members):
        return f"A panel has at least {least} members, each a governor of this school."
    return None


@body_guard(Refuses.STATE)
def panel_was_not_involved(case: Case, command: ConvenePanel, asking: Asking) -> str | None:
    """Worked out from the case: whoever acted in it or is named in it does not judge it."""
    involved = involvement(case)
    members = (
        User(id=m, school=case.school, roles=asking.school.roster.get(m, frozenset()))
        for m in command.members
    )
    if any(m.id in involved or walled(case, m) for m in members):
        return "One of the members has been involved in the case before: choose another governor."
    return None


@body_guard()
def every_member_has_declared(_case: Case, command: ConvenePanel, _asking: Asking) -> str | None:
    if set(command.members) - set(command.declared):
        return "Each of `members` has to declare that he had no part in it: see `declared`."
    return None


@body_guard()
def hearing_lies_ahead(_case: Case, command: ConvenePanel, asking: Asking) -> str | None:
    return None if command.hears_at > asking.now else "`hears_at` has passed: choose a later time."


@body_guard()
def panel_time_has_passed(
    _case: Case, command: RecordPanelPapers | DecideStage2, asking: Asking
) -> str | None:
    moment = command.sent_at if isinstance(command, RecordPanelPapers) else command.heard_at
    return "This time lies in the future." if moment > asking.now else None


@body_guard()
def department_is_named(_case: Case, command: ExhaustComplaint, _asking: Asking) -> str | None:
    """Whoever has come to the end of the procedure is told where else he can go."""
    if command.told_of_department:
        return None
    return "Tell the complainant that the Department for Education comes next, then record it."


def involvement(case: Case) -> frozenset[UserId]:
    """Return everybody who has had a part in the case up to the panel: by acting, or by name."""
    complaint = case.complaint
    named = {p.user for p in case.people.values()} | {case.reporter, case.lead}
    if complaint is not None:
        named |= {complaint.investigator, complaint.decided_by}
    return case.acted | {user for user in named if user is not None}


# ── what is recorded ──────────────────────────────────────────────────────────────────────────────

stage_2_requested = recording(Stage2Requested)
panel_papers_sent = recording(PanelPapersSent)
panel_decided = recording(PanelDecided)


def panel_convened(case: Case, command: ConvenePanel, asking: Asking) -> Iterable[Event]:
    """The panel; and when the papers and the decision are due, counted from the hearing."""
    assert case.complaint is not None
    yield PanelConvened(
        complainant=case.complaint.complainant,
        members=command.members,
        declared=command.declared,
        hears_at=command.hears_at,
    )
    school = asking.school
    papers = max(asking.now, school.due_before(Due.PANEL_PAPERS, command.hears_at))
    decision = school.due(Due.PANEL_DECISION, command.hears_at)
    for due, starts_at, due_at in (
        (Due.PANEL_PAPERS, asking.now, papers),
        (Due.PANEL_DECISION, command.hears_at, decision),
    ):
        yield DeadlineSet(
            due=due,
            starts_at=starts_at,
            due_at=due_at,
            calendar_version=school.calendar_version(due_at),
        )


def complaint_exhausted(case: Case, _command: ExhaustComplaint, _asking: Asking) -> Iterable[Event]:
    assert case.complaint is not None
    yield ComplaintExhausted(complainant=case.complaint.complainant)


# ── what it changes ───────────────────────────────────────────────────────────────────────────────


def _requested(case: Case, event: Stage2Requested, _recorded: Recorded) -> Case:
    return changed(case, stage_2_reasons=event.reasons)


def _convened(case: Case, event: PanelConvened, recorded: Recorded) -> Case:
    convened = changed(case, panel=event.members, hears_at=event.hears_at)
    return prompting(convened, recorded)


def _decided(case: Case, event: PanelDecided, _recorded: Recorded) -> Case:
    return changed(case, panel_finding=event.finding, panel_reasons=event.reasons)


def _exhausted(case: Case, _event: ComplaintExhausted, recorded: Recorded) -> Case:
    return prompting(changed(case), recorded)


APPLY: Final[dict[type[Event], Apply]] = {
    Stage2Requested: _requested,
    PanelConvened: _convened,
    PanelPapersSent: unchanged,
    PanelDecided: _decided,
    ComplaintExhausted: _exhausted,
}
