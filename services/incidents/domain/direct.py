"""What anybody may do before a case is assessed: raise an alarm, turn to an agency himself.

Policy row 13 puts the assessment first; a danger does not wait for it. Ring 999, then write it
down. Anybody may turn to children's social care or Prevent himself, to the police in an emergency,
and to the LADO where the headteacher can't be reached or is concerned.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from msgspec.structs import replace

from incidents.domain.access import Sight, sight
from incidents.domain.agencies import AGENCIES
from incidents.domain.facts import CaseText, Event, Recorded, SealedUnder, Text
from incidents.domain.state import Case
from incidents.domain.table import Apply, Asking, Command, Refuses, body_guard, prompting
from incidents.domain.vocabulary import (
    Agency,
    Due,
    Flag,
    Line,
    Moment,
    Reason,
    ReferralMethod,
    Relation,
    Role,
    Words,
)

ANYBODY: Final = (
    Relation.REPORTER,
    Relation.LEAD,
    Role.SLT,
    Role.HEADTEACHER,
    Role.DSL,
    Role.MODERATOR,
    Role.DPO,
    Role.CHAIR,
)

# ── commands ──────────────────────────────────────────────────────────────────────────────────────


class RaiseImmediateDanger(Command, frozen=True, kw_only=True):
    """Somebody is in danger now: ring 999 first, then record here what was done."""

    HAPPENED = "called_at"
    danger: Words
    called_at: Moment | None = None
    incident_number: Line | None = None


class EscalateCase(Command, frozen=True, kw_only=True):
    """Take it to the headteacher, or to the chair where it is about him, and say why."""

    reason: Reason


class RecordDirectReferral(Command, frozen=True, kw_only=True):
    """Record that an agency was told directly: whom, when, by which way, and why not by a lead."""

    HAPPENED = "told_at"
    agency: Agency
    method: ReferralMethod
    told_at: Moment
    reason: Reason
    reference_number: Line | None = None


# ── events ────────────────────────────────────────────────────────────────────────────────────────


class ImmediateDangerRaised(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.immediate_danger_raised"
    danger: CaseText
    called_at: datetime | None = None
    incident_number: Annotated[Text | None, SealedUnder()] = None


class CaseEscalated(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.case_escalated"
    reason: CaseText


class DirectReferralRecorded(Event, frozen=True, kw_only=True):
    """An agency was told by somebody himself. Nothing is to be sent: it has been."""

    TOPIC = "incidents.direct_referral_recorded"
    referral: UUID
    agency: Agency
    method: ReferralMethod
    told_at: datetime
    reason: CaseText
    reference_number: Annotated[Text | None, SealedUnder()] = None


# ── guards ────────────────────────────────────────────────────────────────────────────────────────


@body_guard()
def told_in_the_past(
    _case: Case, command: RaiseImmediateDanger | RecordDirectReferral, asking: Asking
) -> str | None:
    at = command.called_at if isinstance(command, RaiseImmediateDanger) else command.told_at
    return "This time lies in the future." if at is not None and at > asking.now else None


@body_guard(Refuses.STATE)
def agency_takes_direct_referrals(
    _case: Case, command: RecordDirectReferral, _asking: Asking
) -> str | None:
    if AGENCIES[command.agency].directly:
        return None
    return f"A referral to {command.agency} is the lead's, after the assessment (make-referral)."


@body_guard(Refuses.STATE)
def agency_does_not_know_yet(
    case: Case, command: RecordDirectReferral, asking: Asking
) -> str | None:
    """Whoever does not see the referrals is not told of one."""
    if command.agency not in case.open_referrals:
        return None
    if sight(case, asking.user) is Sight.FULL:
        return f"There is an open referral to {command.agency} already: record its response."
    return "Not possible as the case stands: tell the lead what you have done."


# ── deadlines ─────────────────────────────────────────────────────────────────────────────────────


def danger_deadlines(
    case: Case, _command: RaiseImmediateDanger, asking: Asking
) -> Iterable[tuple[Due, datetime]]:
    """Whoever has not assessed it yet does so on the same day."""
    if case.assessment is None:
        yield Due.URGENT_ASSESSMENT, asking.now


# ── what it changes ───────────────────────────────────────────────────────────────────────────────


def _raised(case: Case, _event: ImmediateDangerRaised, recorded: Recorded) -> Case:
    flags = case.flags | {Flag.IMMEDIATE_DANGER}
    return prompting(replace(case, flags=flags), recorded)


def _escalated(case: Case, _event: CaseEscalated, recorded: Recorded) -> Case:
    return prompting(case, recorded)


APPLY: Final[dict[type[Event], Apply]] = {
    ImmediateDangerRaised: _raised,
    CaseEscalated: _escalated,
}
