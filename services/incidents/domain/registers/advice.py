"""Advice before something is published: ask a senior leader, and in doubt a second one (row 51)."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from msgspec.structs import replace

from incidents.domain.access import Sight
from incidents.domain.facts import CaseText, Event, Recorded, Text, UserId
from incidents.domain.registers.register import Entry, Register, begin_fields, unmoved
from incidents.domain.table import Asking, Command, Refuses, RowOf, TrackOf, body_guard, recording
from incidents.domain.vocabulary import REPORTING_ROLES, Moment, Platform, Reason, Role, Words


class AdviceState(StrEnum):
    SOUGHT = "sought"
    GIVEN = "given"
    SECOND_SOUGHT = "second_sought"
    SECOND_GIVEN = "second_given"


class AdviceTie(StrEnum):
    """What somebody is to a piece of advice."""

    ASKER = "asker"
    ADVISER = "adviser"


class Verdict(StrEnum):
    GO_AHEAD = "go_ahead"
    CHANGE_FIRST = "change_first"
    DO_NOT_PUBLISH = "do_not_publish"


class Advice(Entry, frozen=True, kw_only=True):
    """What somebody would like to publish, and what senior leaders say to it."""

    state: AdviceState
    asker: UserId
    platform: Text
    draft: Text
    wanted_by: datetime | None = None
    adviser: UserId | None = None
    verdict: Verdict | None = None
    words: Text | None = None
    second_adviser: UserId | None = None
    second_verdict: Verdict | None = None
    second_words: Text | None = None


# ── commands ──────────────────────────────────────────────────────────────────────────────────────


class SeekPublicationAdvice(Command, frozen=True, kw_only=True):
    """Show a senior leader what you would like to publish, before it is."""

    platform: Platform
    draft: Words
    wanted_by: Moment | None = None


class GivePublicationAdvice(Command, frozen=True, kw_only=True):
    """Say whether it may be published as it is, and why."""

    verdict: Verdict
    words: Reason


class SeekSecondAdvice(Command, frozen=True, kw_only=True):
    """Ask another senior leader as well: when in doubt, get a second opinion."""

    question: Words


class GiveSecondAdvice(Command, frozen=True, kw_only=True):
    """Say what you think of it, whatever the first answer was."""

    verdict: Verdict
    words: Reason


# ── events ────────────────────────────────────────────────────────────────────────────────────────


class PublicationAdviceSought(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.publication_advice_sought"
    platform: CaseText
    draft: CaseText
    wanted_by: datetime | None = None


class PublicationAdviceGiven(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.publication_advice_given"
    verdict: Verdict
    words: CaseText


class SecondAdviceSought(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.publication_second_advice_sought"
    question: CaseText


class SecondAdviceGiven(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.publication_second_advice_given"
    verdict: Verdict
    words: CaseText


# ── guards ────────────────────────────────────────────────────────────────────────────────────────


@body_guard(Refuses.WHO)
def somebody_else_advises(advice: Advice, _: Command, asking: Asking) -> str | None:
    if asking.user.id == advice.asker:
        return "Nobody advises himself: ask another senior leader."
    return None


@body_guard(Refuses.WHO)
def second_adviser_is_another(advice: Advice, _: Command, asking: Asking) -> str | None:
    if asking.user.id == advice.adviser:
        return "The second opinion is somebody else's."
    return None


# ── what it changes ───────────────────────────────────────────────────────────────────────────────


def _opened(event: PublicationAdviceSought, recorded: Recorded) -> Advice:
    assert recorded.actor.user is not None
    return Advice(
        **begin_fields(recorded),
        state=AdviceState.SOUGHT,
        asker=recorded.actor.user,
        platform=event.platform,
        draft=event.draft,
        wanted_by=event.wanted_by,
    )


def _apply_advice(advice: Advice, event: PublicationAdviceGiven, recorded: Recorded) -> Advice:
    return replace(advice, adviser=recorded.actor.user, verdict=event.verdict, words=event.words)


def _apply_second(advice: Advice, event: SecondAdviceGiven, recorded: Recorded) -> Advice:
    return replace(
        advice,
        second_adviser=recorded.actor.user,
        second_verdict=event.verdict,
        second_words=event.words,
    )


# ── the table ─────────────────────────────────────────────────────────────────────────────────────

_S = AdviceState
_SENIOR: Final = (Role.SLT, Role.HEADTEACHER)

BEGIN: Final[RowOf[None, SeekPublicationAdvice]] = RowOf(
    ask=SeekPublicationAdvice,
    who=REPORTING_ROLES,
    at=(),
    records=(PublicationAdviceSought,),
    by=recording(PublicationAdviceSought),
    to=_S.SOUGHT,
    policy=(51,),
)
TRANSITIONS: Final[tuple[RowOf[Advice, Any], ...]] = (
    RowOf(
        ask=GivePublicationAdvice,
        who=_SENIOR,
        at=(_S.SOUGHT,),
        guards=(somebody_else_advises,),
        records=(PublicationAdviceGiven,),
        by=recording(PublicationAdviceGiven),
        to=_S.GIVEN,
        policy=(51,),
    ),
    RowOf(
        ask=SeekSecondAdvice,
        who=(AdviceTie.ASKER, AdviceTie.ADVISER),
        at=(_S.GIVEN,),
        records=(SecondAdviceSought,),
        by=recording(SecondAdviceSought),
        to=_S.SECOND_SOUGHT,
        policy=(51,),
    ),
    RowOf(
        ask=GiveSecondAdvice,
        who=_SENIOR,
        at=(_S.GIVEN, _S.SECOND_SOUGHT),
        guards=(somebody_else_advises, second_adviser_is_another),
        records=(SecondAdviceGiven,),
        by=recording(SecondAdviceGiven),
        to=_S.SECOND_GIVEN,
        policy=(51,),
    ),
)


def _states(advice: Advice, _: Command | None) -> frozenset[AdviceState]:
    return frozenset({advice.state})


def _place(advice: Advice, state: AdviceState) -> Advice:
    return replace(advice, state=state)


def _those(*users: UserId | None) -> frozenset[UserId]:
    return frozenset(user for user in users if user is not None)


TRACK: Final[TrackOf[Advice]] = TrackOf(
    "publication advice",
    _states,
    TRANSITIONS,
    {
        PublicationAdviceGiven: _apply_advice,
        SecondAdviceSought: unmoved,
        SecondAdviceGiven: _apply_second,
    },
    _place,
)
REGISTER: Final[Register[Advice]] = Register(
    kind="publication_advice",
    path="advice",
    entry=Advice,
    begin=BEGIN,
    opened=_opened,
    track=TRACK,
    sights={Role.SLT: Sight.FULL, Role.HEADTEACHER: Sight.FULL, Role.AUDITOR: Sight.AUDIT},
    ties={
        AdviceTie.ASKER: (Sight.FULL, lambda advice: _those(advice.asker)),
        AdviceTie.ADVISER: (
            Sight.FULL,
            lambda advice: _those(advice.adviser, advice.second_adviser),
        ),
    },
    closed={},
)
