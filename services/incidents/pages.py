"""What a reader is shown of a case: the shapes, and what each sight opens of them.

A field that a sight does not open is left out, as if it did not exist. Words are opened here, at
the last moment, for whoever may read them.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from incidents.domain.access import Sight
from incidents.domain.facts import PersonId, Text, UserId
from incidents.domain.state import OPEN_DEADLINES, Case, Letter
from incidents.domain.vocabulary import (
    Agency,
    Category,
    ContactBasis,
    DeadlineState,
    Due,
    EvidenceKind,
    Finding,
    Flag,
    HarmQuestion,
    Kind,
    LetterForm,
    LetterState,
    Moderation,
    ModerationAct,
    Moment,
    Offence,
    Outcome,
    Part,
    PersonRole,
    PostStatus,
    ReferralState,
    Retention,
    Role,
    Route,
    Scope,
    Stage,
)

Words = Callable[[Text | None], str | None]
"""Opens a sealed text for the reader at hand, or says that it is withheld from him."""


class _Page(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    pass


class PersonPage(_Page, frozen=True, kw_only=True):
    person: PersonId
    part: Part
    role: PersonRole
    user: UserId | None = None
    name: str | None = None
    salutation: str | None = None
    email: str | None = None
    address: str | None = None
    basis: ContactBasis | None = None


class EvidencePage(_Page, frozen=True, kw_only=True):
    evidence: UUID
    kind: EvidenceKind
    captured_at: Moment
    label: str | None = None
    sha256: str | None = None
    media_type: str | None = None


class AssessmentPage(_Page, frozen=True, kw_only=True):
    scope: Scope
    finding: Finding
    severity: int
    clauses: tuple[str, ...]
    harm_test: Mapping[HarmQuestion, bool]
    possible_offences: tuple[Offence, ...]
    rationale: str | None = None


class ReferralPage(_Page, frozen=True, kw_only=True):
    agency: Agency
    state: ReferralState
    holds: bool
    made_at: Moment
    urgent: bool
    reason: str | None = None
    agency_reference: str | None = None


class RemedyPage(_Page, frozen=True, kw_only=True):
    remedy: UUID
    person: PersonId
    clauses: tuple[str, ...]
    correct_by: Moment
    met: bool
    correction: str | None = None
    support: str | None = None


class ActionPage(_Page, frozen=True, kw_only=True):
    action: UUID
    act: ModerationAct
    clause: str
    taken_at: Moment


class LetterLine(_Page, frozen=True, kw_only=True):
    """A letter's fate. Its words are in its document."""

    letter: UUID
    code: str
    state: LetterState
    form: LetterForm | None = None
    audience: str
    document: str | None = None
    media_type: str | None = None
    recipient: PersonId | None = None
    approved_by: UserId | None = None


class DeadlinePage(_Page, frozen=True, kw_only=True):
    due: Due
    due_at: Moment
    starts_at: Moment
    state: DeadlineState
    calendar_version: str
    overdue: bool = False


class CasePage(_Page, frozen=True, kw_only=True):
    """A case as this reader may see it."""

    case_id: UUID
    reference: str
    version: int
    sight: str
    stage: Stage
    reported_at: Moment
    acknowledged_at: Moment | None = None
    closed_at: Moment | None = None
    kind: Kind | None = None
    platform: str | None = None
    facts: str | None = None
    opinion: str | None = None
    post_url: str | None = None
    child_words: str | None = None
    immediate_action: str | None = None
    posted_at: Moment | None = None
    observed_at: Moment | None = None
    updated_at: Moment | None = None
    on_school_account: bool | None = None
    categories: list[Category] | None = None
    flags: list[Flag] | None = None
    reporter: UserId | None = None
    lead: UserId | None = None
    people: list[PersonPage] | None = None
    evidence: list[EvidencePage] | None = None
    assessment: AssessmentPage | None = None
    route: Route | None = None
    removal_requested: bool | None = None
    meeting_slots: tuple[Moment, ...] | None = None
    meeting_held_at: Moment | None = None
    post_status: PostStatus | None = None
    remedies: list[RemedyPage] | None = None
    not_referred: list[Agency] | None = None
    referrals: list[ReferralPage] | None = None
    moderation: Moderation | None = None
    actions_taken: list[ActionPage] | None = None
    letters: list[LetterLine] | None = None
    deadlines: list[DeadlinePage] | None = None
    outcome: Outcome | None = None
    outcome_summary: str | None = None
    retention: Retention | None = None
    reopened: int | None = None


class ActorPage(_Page, frozen=True, kw_only=True):
    role: Role
    user: UserId | None = None
    name: str | None = None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One field before and after, in words: never just "updated"."""

    field: str
    old: Any
    new: Any


class Entry(_Page, frozen=True, kw_only=True):
    """One event of a history. `sha256` and `position` demand its proof of inclusion."""

    version: int
    event: str
    event_id: UUID
    recorded_at: Moment
    occurred_at: Moment
    actor: ActorPage
    policy_version: str
    calendar_version: str
    position: int
    sha256: str
    data: dict[str, Any]
    changes: list[Change] = []


MODERATION_DUE: Final = frozenset({Due.MODERATION, Due.AUDIENCE_NOTICE})


def case_page(case: Case, much: Sight, words: Words, now: datetime) -> CasePage:
    """Return the case as far as `much` opens it."""
    parts = {
        "case_id": case.id,
        "reference": case.reference,
        "version": case.version,
        "sight": much.name.lower(),
        "stage": case.stage,
        "reported_at": case.reported_at,
        "acknowledged_at": case.acknowledged_at,
        "closed_at": case.closed_at,
    }
    match much:
        case Sight.STATUS:
            parts |= _report(case, words)
        case Sight.MODERATION:
            parts |= _post(case, words) | _moderation(case, words, now)
        case Sight.FULL | Sight.AUDIT:
            parts |= _report(case, words) | _post(case, words) | _moderation(case, words, now)
            parts |= _handling(case, words, now)
    return msgspec.convert(parts, CasePage, from_attributes=True)


def letter_line(letter: Letter) -> LetterLine:
    return LetterLine(
        letter=letter.letter,
        code=letter.code,
        state=letter.state,
        form=letter.form,
        audience=letter.audience,
        document=letter.document,
        media_type=letter.media_type,
        recipient=letter.recipient,
        approved_by=letter.approved_by,
    )


def _report(case: Case, words: Words) -> dict[str, Any]:
    """What the reporter told."""
    return {
        "kind": case.kind,
        "platform": words(case.platform),
        "facts": words(case.facts),
        "opinion": words(case.opinion),
        "post_url": words(case.post_url),
        "child_words": words(case.child_words),
        "immediate_action": words(case.immediate_action),
        "observed_at": case.observed_at,
        "posted_at": case.posted_at,
    }


def _post(case: Case, words: Words) -> dict[str, Any]:
    """Where the post is, and what is kept of it."""
    return {
        "platform": words(case.platform),
        "post_url": words(case.post_url),
        "posted_at": case.posted_at,
        "on_school_account": case.on_school_account,
        "categories": sorted(case.categories),
        "updated_at": case.updated_at,
        "evidence": [
            EvidencePage(
                evidence=item.evidence,
                kind=item.kind,
                captured_at=item.captured_at,
                label=words(item.label),
                sha256=item.sha256,
                media_type=item.media_type,
            )
            for item in case.evidence.values()
        ],
    }


def _moderation(case: Case, words: Words, now: datetime) -> dict[str, Any]:
    return {
        "moderation": case.moderation,
        "actions_taken": [
            ActionPage(action=a.action, act=a.act, clause=a.clause, taken_at=a.taken_at)
            for a in case.actions.values()
        ],
        "letters": [letter_line(x) for x in case.letters.values() if x.form is LetterForm.NOTICE],
        "deadlines": [d for d in _deadlines(case, now) if d.due in MODERATION_DUE],
    }


def _handling(case: Case, words: Words, now: datetime) -> dict[str, Any]:
    return {
        "flags": sorted(case.flags),
        "reporter": case.reporter,
        "lead": case.lead,
        "people": _people(case, words),
        "assessment": _assessment(case, words),
        "route": case.route,
        "removal_requested": case.removal_requested,
        "meeting_slots": case.meeting_slots,
        "meeting_held_at": case.meeting_held_at,
        "post_status": case.post_status,
        "remedies": _remedies(case, words),
        "not_referred": sorted(case.not_referred),
        "referrals": _referrals(case, words),
        "letters": [letter_line(letter) for letter in case.letters.values()],
        "deadlines": _deadlines(case, now),
        "outcome": case.outcome,
        "outcome_summary": words(case.outcome_summary),
        "retention": case.retention,
        "reopened": case.reopened,
    }


def _people(case: Case, words: Words) -> list[PersonPage]:
    return [
        PersonPage(
            person=p.person,
            part=p.part,
            role=p.role,
            user=p.user,
            name=words(p.name),
            salutation=words(p.salutation),
            email=words(p.email),
            address=words(p.address),
            basis=p.basis,
        )
        for p in case.people.values()
    ]


def _assessment(case: Case, words: Words) -> AssessmentPage | None:
    said = case.assessment
    if said is None:
        return None
    return AssessmentPage(
        scope=said.scope,
        finding=said.finding,
        severity=said.severity,
        clauses=said.clauses,
        harm_test=said.harm_test,
        possible_offences=said.offences,
        rationale=words(said.rationale),
    )


def _remedies(case: Case, words: Words) -> list[RemedyPage]:
    return [
        RemedyPage(
            remedy=r.remedy,
            person=r.person,
            clauses=r.clauses,
            correct_by=r.correct_by,
            met=r.met,
            correction=words(r.correction),
            support=words(r.support),
        )
        for r in case.remedies.values()
    ]


def _referrals(case: Case, words: Words) -> list[ReferralPage]:
    return [
        ReferralPage(
            agency=agency,
            state=r.state,
            holds=r.holds,
            made_at=r.made_at,
            urgent=r.urgent,
            reason=words(r.reason),
            agency_reference=words(r.agency_reference),
        )
        for agency, r in case.referrals.items()
    ]


def _deadlines(case: Case, now: datetime) -> list[DeadlinePage]:
    return [
        DeadlinePage(
            due=due,
            due_at=d.due_at,
            starts_at=d.starts_at,
            state=d.state,
            calendar_version=d.calendar_version,
            overdue=d.state in OPEN_DEADLINES and d.due_at <= now,
        )
        for due, d in case.deadlines.items()
    ]
