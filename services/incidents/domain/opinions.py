"""The opinion track: a second opinion is asked of a colleague, who gives it himself.

When in doubt, get a second opinion (policy row 51). Not to refer although an offence or harm is
suspected needs one: recorded by whoever holds it, and not by whoever would like to have it.
"""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from msgspec.structs import replace

from incidents.domain.access import colleagues
from incidents.domain.facts import CaseText, Event, Recorded, UserId
from incidents.domain.loose_ends import case_is_open
from incidents.domain.parallel import Opinion, OpinionState
from incidents.domain.state import Case
from incidents.domain.table import (
    Apply,
    Asking,
    Command,
    Refuses,
    Row,
    Track,
    body_guard,
    prompting,
    recording,
)
from incidents.domain.vocabulary import Reason, Relation, Role, Words

# ── commands ──────────────────────────────────────────────────────────────────────────────────────


class RequestSecondOpinion(Command, frozen=True, kw_only=True):
    """Ask a colleague what he thinks. He sees the case from then on."""

    of: UserId
    question: Words


class OpinionCommand(Command, frozen=True, kw_only=True):
    """Something asked about one opinion."""

    opinion: UUID


class RecordSecondOpinion(OpinionCommand, frozen=True, kw_only=True):
    """Give the opinion one was asked for."""

    agrees: bool
    view: Reason


class WithdrawOpinionRequest(OpinionCommand, frozen=True, kw_only=True):
    """Ask no longer: the colleague is away, or it has been answered otherwise."""

    reason: Reason


# ── events ────────────────────────────────────────────────────────────────────────────────────────


class SecondOpinionRequested(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.second_opinion_requested"
    opinion: UUID
    of: UserId
    question: CaseText


class SecondOpinionRecorded(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.second_opinion_recorded"
    opinion: UUID
    agrees: bool
    view: CaseText


class OpinionRequestWithdrawn(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.opinion_request_withdrawn"
    opinion: UUID
    reason: CaseText


# ── guards ────────────────────────────────────────────────────────────────────────────────────────


@body_guard()
def opinion_is_a_colleagues(
    case: Case, command: RequestSecondOpinion, asking: Asking
) -> str | None:
    if command.of == asking.user.id:
        return "`of` has to be somebody other than yourself."
    if not any(one.id == command.of for one in colleagues(case, asking.school)):
        return "`of` has to be a colleague at this school who is not involved himself."
    return None


@body_guard(Refuses.WHO)
def opinion_was_asked_of_the_asker(
    case: Case, command: RecordSecondOpinion, asking: Asking
) -> str | None:
    opinion = case.opinions.get(command.opinion)
    if opinion is not None and opinion.of != asking.user.id:
        return "This opinion was asked of somebody else."
    return None


# ── what is recorded ──────────────────────────────────────────────────────────────────────────────


def _requested(_case: Case, command: RequestSecondOpinion, asking: Asking) -> Iterable[Event]:
    yield SecondOpinionRequested(
        opinion=asking.new_id("opinion"), of=command.of, question=command.question
    )


# ── what it changes ───────────────────────────────────────────────────────────────────────────────


def _apply_request(case: Case, event: SecondOpinionRequested, recorded: Recorded) -> Case:
    opinion = Opinion(opinion=event.opinion, of=event.of, question=event.question)
    return prompting(replace(case, opinions={**case.opinions, event.opinion: opinion}), recorded)


def _apply_view(case: Case, event: SecondOpinionRecorded, _recorded: Recorded) -> Case:
    return _changed(
        case, event.opinion, state=OpinionState.GIVEN, agrees=event.agrees, view=event.view
    )


def _apply_withdrawal(case: Case, event: OpinionRequestWithdrawn, _recorded: Recorded) -> Case:
    return _changed(case, event.opinion, state=OpinionState.WITHDRAWN)


def _changed(case: Case, opinion: UUID, **changes: object) -> Case:
    if opinion not in case.opinions:
        return case
    known = replace(case.opinions[opinion], **changes)
    return replace(case, opinions={**case.opinions, opinion: known})


# ── the table ─────────────────────────────────────────────────────────────────────────────────────

_S = OpinionState
_ASKERS: Final = (Relation.LEAD, Role.HEADTEACHER, Role.DSL, Role.CHAIR, Role.DPO)

TRANSITIONS = (
    Row(
        ask=RequestSecondOpinion,
        who=_ASKERS,
        at=tuple(_S),
        guards=(case_is_open, opinion_is_a_colleagues),
        records=(SecondOpinionRequested,),
        by=_requested,
        policy=(51,),
    ),
    Row(
        ask=RecordSecondOpinion,
        who=(Relation.CONSULTED,),
        at=(_S.REQUESTED,),
        guards=(opinion_was_asked_of_the_asker,),
        records=(SecondOpinionRecorded,),
        by=recording(SecondOpinionRecorded),
        to=_S.GIVEN,
        policy=(51,),
    ),
    Row(
        ask=WithdrawOpinionRequest,
        who=_ASKERS,
        at=(_S.REQUESTED,),
        records=(OpinionRequestWithdrawn,),
        by=recording(OpinionRequestWithdrawn),
        to=_S.WITHDRAWN,
        policy=(51,),
    ),
)


def _states(case: Case, command: Command | None) -> frozenset[OpinionState]:
    if isinstance(command, OpinionCommand):
        known = case.opinions.get(command.opinion)
        return frozenset({known.state if known else OpinionState.NONE})
    return frozenset({OpinionState.NONE, *(x.state for x in case.opinions.values())})


APPLY: Final[dict[type[Event], Apply]] = {
    SecondOpinionRequested: _apply_request,
    SecondOpinionRecorded: _apply_view,
    OpinionRequestWithdrawn: _apply_withdrawal,
}
TRACK = Track("opinion", _states, TRANSITIONS, APPLY)
