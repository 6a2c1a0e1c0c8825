"""The tracks beside the main one as a reader is shown them, and what is closed to most.

What is done about a colleague stays with the headteacher or the chair: to others it is shown that
there is something, and how far it has come. Low-level concerns are shown to nobody else at all.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec

from incidents.domain.facts import PersonId, Text, UserId
from incidents.domain.parallel import (
    AllegationOutcome,
    BreachState,
    ComplaintFinding,
    ComplaintState,
    ConcernDecision,
    ConcernState,
    ContactState,
    DisciplinaryState,
    LinkRelation,
    OpinionState,
    PressState,
    TrainingState,
)
from incidents.domain.state import Case
from incidents.domain.vocabulary import Moment, Section

Words = Callable[[Text | None], str | None]
"""Opens a sealed text for the reader at hand, or says that it is withheld from him."""


class _Page(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    pass


class OpinionPage(_Page, frozen=True, kw_only=True):
    opinion: UUID
    of: UserId
    state: OpinionState
    agrees: bool | None = None
    question: str | None = None
    view: str | None = None


class ComplaintPage(_Page, frozen=True, kw_only=True):
    state: ComplaintState
    complainant: PersonId | None = None
    about_headteacher: bool = False
    received_at: Moment | None = None
    issues: str | None = None
    outcome_wanted: str | None = None
    investigator: UserId | None = None
    finding: ComplaintFinding | None = None
    reasons: str | None = None
    remedies: str | None = None
    stage_2_by: Moment | None = None
    stage_2_reasons: str | None = None
    panel: tuple[UserId, ...] = ()
    hears_at: Moment | None = None
    panel_finding: ComplaintFinding | None = None
    panel_reasons: str | None = None


class ContactPage(_Page, frozen=True, kw_only=True):
    person: PersonId
    state: ContactState
    review_on: Moment
    limits: str | None = None


class PressPage(_Page, frozen=True, kw_only=True):
    enquiry: UUID
    state: PressState
    received_at: Moment
    answer_by: Moment | None = None
    outlet: str | None = None
    query: str | None = None
    advice: str | None = None
    response: str | None = None


class BreachPage(_Page, frozen=True, kw_only=True):
    state: BreachState
    aware_at: Moment
    what: str | None = None
    people_affected: int | None = None
    reported_to_ico: bool | None = None
    ico_reference: str | None = None
    informed: tuple[PersonId, ...] = ()


class DisciplinaryPage(_Page, frozen=True, kw_only=True):
    person: PersonId
    state: DisciplinaryState
    clauses: tuple[str, ...]
    opened_at: Moment
    outcome: str | None = None


class AllegationPage(_Page, frozen=True, kw_only=True):
    person: PersonId
    outcome: AllegationOutcome
    dbs_decided: bool
    tra_decided: bool


class ConcernPage(_Page, frozen=True, kw_only=True):
    concern: UUID
    person: PersonId
    state: ConcernState
    observed_at: Moment
    what: str | None = None
    context: str | None = None
    decision: ConcernDecision | None = None
    pattern: tuple[UUID, ...] = ()


class TrainingPage(_Page, frozen=True, kw_only=True):
    training: UUID
    person: PersonId
    state: TrainingState
    attend_by: Moment
    topic: str | None = None


class LinkPage(_Page, frozen=True, kw_only=True):
    other: UUID
    relation: LinkRelation


def parts(case: Case, words: Words, sections: frozenset[Section]) -> dict[str, Any]:
    """Return the fields of a full page that stand beside the main track."""
    return {
        "drafts": sorted(case.drafts),
        "opinions": _opinions(case, words),
        "complaint": complaint(case, words),
        "contact_limits": _contact(case, words),
        "press": _press(case, words),
        "breach": _breach(case, words),
        **_staff(case, words, sections),
        "trainings": _trainings(case, words),
        "links": [LinkPage(other=x.other, relation=x.relation) for x in case.links.values()],
        "duplicate_of": case.duplicate_of,
        "publication": case.publication,
        "interpreted": sorted(case.interpreted),
        "disclosed": sorted(case.disclosed),
    }


def complaint(case: Case, words: Words) -> ComplaintPage | None:
    """Return the complaint with its two answers: what its papers say."""
    told = case.complaint
    if told is None:
        return None
    return ComplaintPage(
        state=told.state,
        complainant=told.complainant,
        about_headteacher=told.about_headteacher,
        received_at=told.received_at,
        issues=words(told.issues),
        outcome_wanted=words(told.outcome_wanted),
        investigator=told.investigator,
        finding=told.finding,
        reasons=words(told.reasons),
        remedies=words(told.remedies),
        stage_2_by=told.stage_2_by,
        stage_2_reasons=words(told.stage_2_reasons),
        panel=told.panel,
        hears_at=told.hears_at,
        panel_finding=told.panel_finding,
        panel_reasons=words(told.panel_reasons),
    )


def _opinions(case: Case, words: Words) -> list[OpinionPage]:
    return [
        OpinionPage(
            opinion=one.opinion,
            of=one.of,
            state=one.state,
            agrees=one.agrees,
            question=words(one.question),
            view=words(one.view),
        )
        for one in case.opinions.values()
    ]


def _contact(case: Case, words: Words) -> list[ContactPage]:
    return [
        ContactPage(
            person=one.person, state=one.state, review_on=one.review_on, limits=words(one.limits)
        )
        for one in case.contact_limits.values()
    ]


def _press(case: Case, words: Words) -> PressPage | None:
    told = case.press
    if told is None:
        return None
    return PressPage(
        enquiry=told.enquiry,
        state=told.state,
        received_at=told.received_at,
        answer_by=told.answer_by,
        outlet=words(told.outlet),
        query=words(told.query),
        advice=words(told.advice),
        response=words(told.response),
    )


def _breach(case: Case, words: Words) -> BreachPage | None:
    told = case.breach
    if told is None:
        return None
    return BreachPage(
        state=told.state,
        aware_at=told.aware_at,
        what=words(told.what),
        people_affected=told.people_affected,
        reported_to_ico=told.reported_to_ico,
        ico_reference=words(told.ico_reference),
        informed=told.informed,
    )


def _staff(case: Case, words: Words, sections: frozenset[Section]) -> dict[str, Any]:
    """What is closed: shown in full, as a state without its outcome, or not at all."""
    disciplinary = Section.DISCIPLINARY in sections
    shown: dict[str, Any] = {
        "disciplinary": [
            DisciplinaryPage(
                person=person,
                state=one.state,
                clauses=one.clauses,
                opened_at=one.opened_at,
                outcome=words(one.outcome) if disciplinary else None,
            )
            for person, one in case.disciplinary.items()
        ]
    }
    if disciplinary and case.allegations:
        shown["allegations"] = [
            AllegationPage(
                person=person,
                outcome=one.outcome,
                dbs_decided=one.dbs_decided,
                tra_decided=one.tra_decided,
            )
            for person, one in case.allegations.items()
        ]
    if Section.LOW_LEVEL in sections and case.concerns:
        shown["concerns"] = _concerns(case, words)
    return shown


def _concerns(case: Case, words: Words) -> list[ConcernPage]:
    return [
        ConcernPage(
            concern=one.concern,
            person=one.person,
            state=one.state,
            observed_at=one.observed_at,
            what=words(one.what),
            context=words(one.context),
            decision=one.decision,
            pattern=one.pattern,
        )
        for one in case.concerns.values()
    ]


def _trainings(case: Case, words: Words) -> list[TrainingPage]:
    return [
        TrainingPage(
            training=one.training,
            person=one.person,
            state=one.state,
            attend_by=one.attend_by,
            topic=words(one.topic),
        )
        for one in case.trainings.values()
    ]
