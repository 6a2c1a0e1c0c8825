"""The shapes of what a reader is shown of a case."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from incidents.domain.facts import PersonId, UserId
from incidents.domain.parallel import Publication
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
    RemedyKind,
    Retention,
    Role,
    Route,
    Scope,
    Stage,
)
from incidents.pages.beside import (
    AllegationPage,
    BreachPage,
    ComplaintPage,
    ConcernPage,
    ContactPage,
    DisciplinaryPage,
    LinkPage,
    OpinionPage,
    PressPage,
    TrainingPage,
)


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
    kind: RemedyKind = RemedyKind.CORRECT
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
    drafts: list[Agency] | None = None
    opinions: list[OpinionPage] | None = None
    complaint: ComplaintPage | None = None
    contact_limits: list[ContactPage] | None = None
    press: PressPage | None = None
    breach: BreachPage | None = None
    disciplinary: list[DisciplinaryPage] | None = None
    allegations: list[AllegationPage] | None = None
    concerns: list[ConcernPage] | None = None
    trainings: list[TrainingPage] | None = None
    links: list[LinkPage] | None = None
    duplicate_of: UUID | None = None
    publication: Publication | None = None
    interpreted: list[str] | None = None
    disclosed: list[PersonId] | None = None
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
