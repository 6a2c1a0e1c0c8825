"""The press track: a journalist's enquiry goes to the headteacher, who takes support first.

Policy row 26: staff do not discuss it, the headteacher obtains Lancashire County Council's support
before anything is answered. What is asked of the county and what holds a journalist off name nobody
and confirm nothing.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec.structs import replace

from incidents.domain.facts import CaseText, Event, Recorded
from incidents.domain.loose_ends import case_is_open
from incidents.domain.parallel import PressEnquiry, PressState
from incidents.domain.state import Case
from incidents.domain.table import (
    Apply,
    Asking,
    Command,
    Row,
    Track,
    body_guard,
    prompting,
    recording,
)
from incidents.domain.vocabulary import Due, Line, Moment, Reason, Relation, Role, Words

# ── commands ──────────────────────────────────────────────────────────────────────────────────────


class LogPressEnquiry(Command, frozen=True, kw_only=True):
    """Write down who asked, what and until when. Answer nothing: it goes to the headteacher."""

    HAPPENED = "received_at"
    received_at: Moment
    outlet: Line
    query: Words
    answer_by: Moment | None = None


class InformHead(Command, frozen=True, kw_only=True):
    """Record that the headteacher knows of the enquiry."""


class RequestLaSupport(Command, frozen=True, kw_only=True):
    """Ask the county council's press office for support: outlet, date and facts, and no name."""

    asked: Words


class ObtainLaSupport(Command, frozen=True, kw_only=True):
    """Record who at the county council supports the school, and what was advised."""

    HAPPENED = "obtained_at"
    obtained_at: Moment
    from_whom: Line
    advice: Words


class RespondToPress(Command, frozen=True, kw_only=True):
    """Record the answer that was given, word for word."""

    HAPPENED = "issued_at"
    issued_at: Moment
    response: Words


class DeclineToRespond(Command, frozen=True, kw_only=True):
    """Decide to say nothing, and why."""

    reason: Reason


# ── events ────────────────────────────────────────────────────────────────────────────────────────


class PressEnquiryLogged(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.press_enquiry_logged"
    enquiry: UUID
    received_at: datetime
    outlet: CaseText
    query: CaseText
    answer_by: datetime | None = None


class HeadInformed(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.head_informed"


class LaSupportRequested(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.la_support_requested"
    enquiry: UUID
    asked: CaseText


class LaSupportObtained(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.la_support_obtained"
    obtained_at: datetime
    from_whom: CaseText
    advice: CaseText


class PressResponseIssued(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.press_response_issued"
    issued_at: datetime
    response: CaseText


class PressResponseDeclined(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.press_response_declined"
    reason: CaseText


# ── guards ────────────────────────────────────────────────────────────────────────────────────────

_HAPPENED: Final = ("received_at", "obtained_at", "issued_at")


@body_guard()
def press_time_has_passed(_case: Case, command: Command, asking: Asking) -> str | None:
    told = (getattr(command, name, None) for name in _HAPPENED)
    if any(moment > asking.now for moment in told if moment is not None):
        return "This time lies in the future."
    return None


# ── what is recorded ──────────────────────────────────────────────────────────────────────────────


def _logged(_case: Case, command: LogPressEnquiry, asking: Asking) -> Iterable[Event]:
    yield PressEnquiryLogged(
        enquiry=asking.new_id("enquiry"),
        received_at=command.received_at,
        outlet=command.outlet,
        query=command.query,
        answer_by=command.answer_by,
    )


def _requested(case: Case, command: RequestLaSupport, _asking: Asking) -> Iterable[Event]:
    assert case.press is not None
    yield LaSupportRequested(enquiry=case.press.enquiry, asked=command.asked)


# ── what it changes ───────────────────────────────────────────────────────────────────────────────


def _apply_log(case: Case, event: PressEnquiryLogged, recorded: Recorded) -> Case:
    enquiry = PressEnquiry(
        enquiry=event.enquiry,
        state=PressState.LOGGED,
        received_at=event.received_at,
        outlet=event.outlet,
        query=event.query,
        answer_by=event.answer_by,
    )
    return prompting(replace(case, press=enquiry), recorded)


def _apply_prompt(case: Case, _event: Event, recorded: Recorded) -> Case:
    return prompting(case, recorded)


def _apply_support(case: Case, event: LaSupportObtained, _recorded: Recorded) -> Case:
    return _changed(case, advice=event.advice)


def _apply_response(case: Case, event: PressResponseIssued, _recorded: Recorded) -> Case:
    return _changed(case, response=event.response)


def _changed(case: Case, **changes: object) -> Case:
    return case if case.press is None else replace(case, press=replace(case.press, **changes))


# ── the table ─────────────────────────────────────────────────────────────────────────────────────

_S = PressState
_ANYBODY: Final = (
    Relation.REPORTER,
    Relation.LEAD,
    Role.SLT,
    Role.HEADTEACHER,
    Role.DSL,
    Role.MODERATOR,
    Role.DPO,
    Role.CHAIR,
)
_HEAD: Final = (Role.HEADTEACHER, Role.CHAIR)

TRANSITIONS = (
    Row(
        ask=LogPressEnquiry,
        who=_ANYBODY,
        at=(_S.NONE, _S.RESPONDED, _S.DECLINED),
        guards=(case_is_open, press_time_has_passed),
        records=(PressEnquiryLogged,),
        by=_logged,
        to=_S.LOGGED,
        starts=(Due.PRESS_HEAD_TOLD,),
        policy=(26,),
    ),
    Row(
        ask=InformHead,
        who=(Relation.LEAD, Role.SLT, Role.HEADTEACHER, Role.DSL, Role.CHAIR),
        at=(_S.LOGGED,),
        records=(HeadInformed,),
        by=recording(HeadInformed),
        to=_S.HEAD_INFORMED,
        settles=(Due.PRESS_HEAD_TOLD,),
        starts=(Due.PRESS_SUPPORT,),
        policy=(26,),
    ),
    Row(
        ask=RequestLaSupport,
        who=_HEAD,
        at=(_S.HEAD_INFORMED,),
        records=(LaSupportRequested,),
        by=_requested,
        settles=(Due.PRESS_SUPPORT,),
        policy=(26,),
    ),
    Row(
        ask=ObtainLaSupport,
        who=_HEAD,
        at=(_S.HEAD_INFORMED,),
        guards=(press_time_has_passed,),
        records=(LaSupportObtained,),
        by=recording(LaSupportObtained),
        to=_S.LA_SUPPORTED,
        settles=(Due.PRESS_SUPPORT,),
        policy=(26,),
    ),
    Row(
        ask=RespondToPress,
        who=_HEAD,
        at=(_S.LA_SUPPORTED,),
        guards=(press_time_has_passed,),
        records=(PressResponseIssued,),
        by=recording(PressResponseIssued),
        to=_S.RESPONDED,
        policy=(26,),
    ),
    Row(
        ask=DeclineToRespond,
        who=_HEAD,
        at=(_S.HEAD_INFORMED, _S.LA_SUPPORTED),
        records=(PressResponseDeclined,),
        by=recording(PressResponseDeclined),
        to=_S.DECLINED,
        settles=(Due.PRESS_SUPPORT,),
        policy=(26,),
    ),
)


def _states(case: Case, _command: Command | None) -> frozenset[PressState]:
    return frozenset({case.press.state if case.press else PressState.NONE})


def _place(case: Case, state: PressState) -> Case:
    return _changed(case, state=state)


APPLY: Final[dict[type[Event], Apply]] = {
    PressEnquiryLogged: _apply_log,
    HeadInformed: _apply_prompt,
    LaSupportRequested: _apply_prompt,
    LaSupportObtained: _apply_support,
    PressResponseIssued: _apply_response,
    PressResponseDeclined: _apply_prompt,
}
TRACK = Track("press", _states, TRANSITIONS, APPLY, _place)
