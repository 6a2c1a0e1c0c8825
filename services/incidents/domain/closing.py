"""The end of a case: its outcome, its closure by a second person where it was severe, its return.

What may not be left open then is listed in `loose_ends`.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Final

from msgspec.structs import replace

from incidents.domain.access import somebody_else_may
from incidents.domain.facts import CaseText, Event, Recorded, SealedUnder, Text
from incidents.domain.parallel import AllegationOutcome
from incidents.domain.state import Case
from incidents.domain.table import Apply, Asking, Command, body_guard, guard
from incidents.domain.timers import DeadlineWaived
from incidents.domain.vocabulary import (
    Due,
    Finding,
    Outcome,
    Reason,
    Relation,
    Retention,
    Role,
    Route,
    Stage,
    Words,
)

SEVERE: Final = 3
HANDLING: Final = (
    Due.REMOVAL_LETTER,
    Due.POST_RECHECK,
    Due.REMOVAL_REMINDER,
    Due.MEETING,
    Due.REMEDY,
)
"""The deadlines of internal handling: they end with it."""

CLOSERS: Final = (Relation.LEAD, Role.HEADTEACHER, Role.DSL, Role.CHAIR)

# ── commands ──────────────────────────────────────────────────────────────────────────────────────


class RecordOutcome(Command, frozen=True, kw_only=True):
    """Say what was done in the end. Steps of the route that were left out need a reason."""

    outcome: Outcome
    summary: Words
    steps_left_out_because: Reason | None = None


class CloseCase(Command, frozen=True, kw_only=True):
    """Close it. The reporter is told that it was dealt with, and nothing else."""


class ReopenCase(Command, frozen=True, kw_only=True):
    """Take it up again: new information, or a mistake."""

    reason: Reason


# ── events ────────────────────────────────────────────────────────────────────────────────────────


class OutcomeRecorded(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.outcome_recorded"
    outcome: Outcome
    summary: CaseText
    steps_left_out_because: Annotated[Text | None, SealedUnder()] = None


class CaseClosed(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.case_closed"
    retention: Retention


class CaseReopened(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.case_reopened"
    reason: CaseText


# ── retention ─────────────────────────────────────────────────────────────────────────────────────


def retention(case: Case) -> Retention:
    """Return the class a closed case is kept under: the longest that fits."""
    if case.about_a_child:
        return Retention.CHILD_PROTECTION
    if _proved_wrong(case):
        return Retention.MALICIOUS_OR_FALSE
    if case.assessment is not None and case.assessment.harm_suspected:
        return Retention.ALLEGATION
    if case.concerns:
        return Retention.LOW_LEVEL
    if case.complaint is not None and case.complaint.received_at is not None:
        return Retention.COMPLAINT
    return Retention.CONDUCT


def _proved_wrong(case: Case) -> bool:
    """Every allegation was malicious or false: then nothing of it stays with the person."""
    wrong = {AllegationOutcome.MALICIOUS, AllegationOutcome.FALSE}
    ends = {allegation.outcome for allegation in case.allegations.values()}
    return bool(ends) and ends <= wrong


# ── guards ────────────────────────────────────────────────────────────────────────────────────────

STEPS: Final[Mapping[Route, tuple[tuple[str, str], ...]]] = {
    Route.PARENT: (
        ("removal_requested", "ask for removal and invite to talk (request-removal)"),
        ("post_status", "look whether the post is gone (record-post-status)"),
        ("meeting_held_at", "hold the meeting (record-meeting)"),
    ),
    Route.STAFF_CONDUCT: (("remedies", "say what has to be put right (require-remedy)"),),
    Route.COLLEAGUE: (("remedies", "say what has to be put right (require-remedy)"),),
    Route.LOW_LEVEL: (("concerns", "write down the concern (record-low-level-concern)"),),
    Route.PUPIL_BEHAVIOUR: (
        ("behaviour_applied", "apply the behaviour policy (apply-behaviour-policy)"),
    ),
}
"""What each route asks for before an outcome: the field that shows it, and what to do."""


@body_guard()
def steps_are_done_or_left_out_with_a_reason(
    case: Case, command: RecordOutcome, _asking: Asking
) -> str | None:
    if command.steps_left_out_because is not None or case.route is None:
        return None
    missing = [todo for field, todo in STEPS[case.route] if not getattr(case, field)]
    missing += ["record that it was put right (record-remedy-met)"] * any(
        not r.met for r in case.remedies.values()
    )
    if missing:
        return f"Still to do: {'; '.join(missing)}. Or say why not in `steps_left_out_because`."
    return None


@guard
def handled_or_acceptable(case: Case, _command: Command | None, _asking: Asking) -> str | None:
    """No closure without action, or a reasoned finding that none is needed (policy row 30)."""
    acceptable = case.assessment is not None and case.assessment.finding is Finding.ACCEPTABLE
    if case.stage is Stage.ASSESSED and not acceptable:
        return "The finding asks for action: handle it internally or refer it first."
    return None


@guard
def second_person_closes(case: Case, _command: Command | None, asking: Asking) -> str | None:
    """Not by whoever led it to its outcome, also if he has handed on the lead since.

    A case about the headteacher is the chair's alone where there is no second chair: else it could
    never be closed.
    """
    if case.severest < SEVERE or asking.user.id != (case.outcome_by or case.lead):
        return None
    if case.about_headteacher and not somebody_else_may(case, CLOSERS, asking.user, asking.school):
        return None
    return "Severity 3 or more is closed by somebody other than whoever led it to its outcome."


# ── what is recorded ──────────────────────────────────────────────────────────────────────────────


def outcome_recorded(case: Case, command: RecordOutcome, _asking: Asking) -> Iterable[Event]:
    yield OutcomeRecorded(
        outcome=command.outcome,
        summary=command.summary,
        steps_left_out_because=command.steps_left_out_because,
    )
    for due in HANDLING:
        if due in case.open_deadlines and command.steps_left_out_because is not None:
            yield DeadlineWaived(due=due, reason=command.steps_left_out_because)


def case_closed(case: Case, _command: CloseCase, _asking: Asking) -> Iterable[Event]:
    yield CaseClosed(retention=retention(case))


def case_reopened(_case: Case, command: ReopenCase, _asking: Asking) -> Iterable[Event]:
    yield CaseReopened(reason=command.reason)


# ── what it changes ───────────────────────────────────────────────────────────────────────────────


def _outcome(case: Case, event: OutcomeRecorded, recorded: Recorded) -> Case:
    return replace(
        case,
        outcome=event.outcome,
        outcome_summary=event.summary,
        outcome_by=recorded.actor.user,
    )


def _closed(case: Case, event: CaseClosed, recorded: Recorded) -> Case:
    prompts = {**case.prompts, recorded.event_id: recorded.actor.user}
    return replace(case, retention=event.retention, closed_at=recorded.recorded_at, prompts=prompts)


def _reopened(case: Case, _event: CaseReopened, recorded: Recorded) -> Case:
    """It is assessed and handled anew: what was done before is history and answers nothing now."""
    return replace(
        case,
        route=None,
        removal_requested=False,
        removal_reminded=False,
        behaviour_applied=frozenset(),
        meeting_slots=(),
        post_status=None,
        meeting_held_at=None,
        remedies={},
        not_referred=frozenset(),
        opinions={},
        outcome=None,
        outcome_summary=None,
        outcome_by=None,
        retention=None,
        closed_at=None,
        reopened=case.reopened + 1,
        reopened_at=recorded.recorded_at,
    )


APPLY: Final[dict[type[Event], Apply]] = {
    OutcomeRecorded: _outcome,
    CaseClosed: _closed,
    CaseReopened: _reopened,
}
