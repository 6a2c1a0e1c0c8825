"""A case as it stands: what its events add up to, and all that the rules look at.

Everything is frozen; `evolve` puts a new case in the place of the old one. Texts are carried along
sealed and never looked into.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cached_property
from uuid import UUID

import msgspec

from incidents.domain.facts import CaseId, PersonId, SchoolId, Text, UserId
from incidents.domain.parallel import (
    Allegation,
    Breach,
    Complaint,
    Concern,
    ContactLimits,
    Disciplinary,
    Link,
    Opinion,
    PressEnquiry,
    Publication,
    Training,
)
from incidents.domain.vocabulary import (
    CHILD_CATEGORIES,
    CHILD_ROLES,
    DATA_CATEGORIES,
    IMAGERY_CATEGORIES,
    STAFF_ROLES,
    Agency,
    Category,
    Consent,
    ContactBasis,
    DeadlineState,
    Due,
    EvidenceKind,
    Finding,
    Flag,
    HarmQuestion,
    Kind,
    Language,
    LetterForm,
    LetterState,
    Moderation,
    ModerationAct,
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

OPEN_DEADLINES = frozenset({DeadlineState.OPEN, DeadlineState.MISSED})
OPEN_LETTERS = frozenset(
    {LetterState.DRAFTED, LetterState.APPROVED, LetterState.UNCERTAIN, LetterState.FAILED}
)
"""Somebody has to do something about these. A letter that failed is withdrawn, with the reason."""


CALLED = {PersonRole.HEADTEACHER: Role.HEADTEACHER, PersonRole.CHAIR: Role.CHAIR}
"""Roles that one person holds: whoever is called so in a report is known by it."""


def imagery_flag(categories: Iterable[Category]) -> frozenset[Flag]:
    """The flag such a category raises. It stays up: nobody looks again in order to find out."""
    indecent = IMAGERY_CATEGORIES.intersection(categories)
    return frozenset({Flag.NUDE_IMAGERY} if indecent else ())


class Involvement(msgspec.Struct, frozen=True, kw_only=True):
    """A person in the case. `user` links a subject who works here to the account that is walled.

    `held` are the roles of that account at the time he was named: what he held then counts, whoever
    holds it later.
    """

    person: PersonId
    part: Part
    role: PersonRole
    user: UserId | None = None
    held: frozenset[Role] = frozenset()
    name: Text | None = None
    salutation: Text | None = None
    email: Text | None = None
    address: Text | None = None
    basis: ContactBasis | None = None
    language: Language | None = None
    large_print: bool = False


class EvidenceItem(msgspec.Struct, frozen=True, kw_only=True):
    """Held by its hash, or described only (`sha256` None)."""

    evidence: UUID
    kind: EvidenceKind
    captured_at: datetime
    sha256: str | None = None
    media_type: str | None = None
    label: Text | None = None


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """One act of moderation on the school's own space or reported to a platform."""

    action: UUID
    act: ModerationAct
    clause: str
    taken_at: datetime


class Referral(msgspec.Struct, frozen=True, kw_only=True):
    """The referral to one agency. While `holds`, the school does not investigate by itself."""

    referral: UUID
    state: ReferralState
    holds: bool
    made_at: datetime
    prompted_by: UUID | None = None
    """The event that its letter answers to; None where somebody has told the agency himself."""
    urgent: bool = False
    reason: Text | None = None
    agency_reference: Text | None = None
    level: int | None = None
    consent: Consent | None = None
    other_children: Text | None = None
    other_work: Text | None = None


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A letter's fate as far as it has come back from the notifier or been decided here."""

    letter: UUID
    code: str
    state: LetterState
    prompted_by: UUID
    """The event it answers to."""
    form: LetterForm | None = None
    """None where it failed before it was written."""
    recipient: PersonId | None = None
    document: str | None = None
    """SHA-256 of the finished document, hex."""
    media_type: str | None = None
    approved_by: UserId | None = None
    audience: str = ""


class Deadline(msgspec.Struct, frozen=True, kw_only=True):
    due_at: datetime
    starts_at: datetime
    calendar_version: str
    state: DeadlineState = DeadlineState.OPEN
    agreed: bool = False
    """Somebody has set this very moment: no other edition of the calendar moves it."""


class Remedy(msgspec.Struct, frozen=True, kw_only=True):
    """Something a member of staff has been asked to put right."""

    remedy: UUID
    person: PersonId
    clauses: tuple[str, ...]
    correct_by: datetime
    correction: Text
    support: Text | None = None
    met: bool = False
    kind: RemedyKind = RemedyKind.CORRECT


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    scope: Scope
    finding: Finding
    severity: int
    clauses: tuple[str, ...]
    harm_test: Mapping[HarmQuestion, bool]
    offences: tuple[Offence, ...]
    rationale: Text

    @property
    def harm_suspected(self) -> bool:
        return any(self.harm_test.values())

    @property
    def serious(self) -> bool:
        """An offence or harm to a child is suspected."""
        return self.finding is Finding.POSSIBLY_ILLEGAL or self.harm_suspected


class Case(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One incident and everything the school did about it. Times are aware UTC."""

    id: CaseId
    school: SchoolId
    reference: str
    version: int
    stage: Stage
    kind: Kind
    platform: Text
    categories: frozenset[Category]
    reported_as: frozenset[Category]
    """What the reporter took it for. Called something else later, it is still seen by the same."""
    flags: frozenset[Flag]
    on_school_account: bool
    reporter: UserId
    reported_at: datetime
    observed_at: datetime
    updated_at: datetime
    facts: Text
    posted_at: datetime | None = None
    opinion: Text | None = None
    post_url: Text | None = None
    child_words: Text | None = None
    immediate_action: Text | None = None
    acknowledged_at: datetime | None = None
    lead: UserId | None = None
    people: Mapping[PersonId, Involvement] = {}
    conflicts: Mapping[UserId, frozenset[Role]] = {}
    """Colleagues who are too close to the case to have part in it, with the roles they held."""
    glass: Mapping[UserId, datetime] = {}
    """Who has broken the glass to read it in an emergency, and until when."""
    evidence: Mapping[UUID, EvidenceItem] = {}
    assessment: Assessment | None = None
    severest: int = 0
    """The highest severity it was ever given: what is made mild later was severe all the same."""
    route: Route | None = None
    removal_requested: bool = False
    meeting_slots: tuple[datetime, ...] = ()
    post_status: PostStatus | None = None
    meeting_held_at: datetime | None = None
    remedies: Mapping[UUID, Remedy] = {}
    not_referred: frozenset[Agency] = frozenset()
    referrals: Mapping[Agency, Referral] = {}
    drafts: Mapping[Agency, Text] = {}
    """Referrals that somebody has prepared and nobody has made yet."""
    moderation: Moderation = Moderation.NONE
    actions: Mapping[UUID, Action] = {}
    letters: Mapping[UUID, Letter] = {}
    prompts: Mapping[UUID, UserId | None] = {}
    """Events that letters answer to, with who caused them."""
    acted: frozenset[UserId] = frozenset()
    """Everybody who has done anything in the case: none of them judges it later as an outsider."""
    deadlines: Mapping[Due, Deadline] = {}
    complaint: Complaint | None = None
    contact_limits: Mapping[PersonId, ContactLimits] = {}
    disclosed: frozenset[PersonId] = frozenset()
    """Who may be told of it, as far as an agency has agreed."""
    opinions: Mapping[UUID, Opinion] = {}
    concerns: Mapping[UUID, Concern] = {}
    trainings: Mapping[UUID, Training] = {}
    links: Mapping[CaseId, Link] = {}
    duplicate_of: CaseId | None = None
    publication: Publication = Publication.NONE
    published_children: frozenset[PersonId] = frozenset()
    behaviour_applied: frozenset[PersonId] = frozenset()
    """Pupils with whom the behaviour policy was applied."""
    removal_reminded: bool = False
    interpreted: frozenset[str] = frozenset()
    """Clauses whose reading is on record."""
    press: PressEnquiry | None = None
    breach: Breach | None = None
    disciplinary: Mapping[PersonId, Disciplinary] = {}
    allegations: Mapping[PersonId, Allegation] = {}
    outcome: Outcome | None = None
    outcome_summary: Text | None = None
    outcome_by: UserId | None = None
    retention: Retention | None = None
    closed_at: datetime | None = None
    reopened: int = 0
    reopened_at: datetime | None = None

    @property
    def severity(self) -> int | None:
        return self.assessment.severity if self.assessment else None

    @property
    def imagery(self) -> bool:
        """Nude or indecent imagery is or may be involved: nothing may be captured or uploaded."""
        return Flag.NUDE_IMAGERY in self.flags

    @property
    def about_a_child(self) -> bool:
        return (
            bool({Flag.CHILD_AT_RISK, Flag.NUDE_IMAGERY} & self.flags)
            or bool(CHILD_CATEGORIES & (self.categories | self.reported_as))
            or any(p.role in CHILD_ROLES for p in self.people.values())
        )

    @property
    def about_data(self) -> bool:
        suspected = self.breach is not None or self.publication is not Publication.NONE
        return suspected or bool(DATA_CATEGORIES & (self.categories | self.reported_as))

    @property
    def about_staff(self) -> bool:
        """A subject works or worked here: whoever has an account does, whatever he is called."""
        return any(p.role in STAFF_ROLES or p.user is not None for p in self.of(Part.SUBJECT))

    @property
    def about_headteacher(self) -> bool:
        """As a subject or a relative of one, or because a complaint is about him."""
        complained_of = self.complaint is not None and self.complaint.about_headteacher
        return complained_of or Role.HEADTEACHER in self.concerned

    @property
    def about_chair(self) -> bool:
        return Role.CHAIR in self.concerned

    @cached_property
    def concerned(self) -> frozenset[Role]:
        """The roles of everybody who is walled out of the case, as they were when that was told."""
        walled = self.of(Part.SUBJECT, Part.RELATED)
        called = frozenset(CALLED[p.role] for p in walled if p.role in CALLED)
        return called.union(*(p.held for p in walled), *self.conflicts.values())

    @property
    def needs_moderation(self) -> bool:
        return self.on_school_account or bool(self.actions)

    @property
    def holds(self) -> tuple[Agency, ...]:
        """The agencies whose clearance is still awaited."""
        return tuple(agency for agency, referral in self.referrals.items() if referral.holds)

    @property
    def open_referrals(self) -> tuple[Agency, ...]:
        ended = (ReferralState.CLOSED, ReferralState.WITHDRAWN)
        return tuple(a for a, r in self.referrals.items() if r.state not in ended)

    @property
    def open_deadlines(self) -> tuple[Due, ...]:
        return tuple(due for due, d in self.deadlines.items() if d.state in OPEN_DEADLINES)

    @property
    def open_letters(self) -> tuple[Letter, ...]:
        return tuple(x for x in self.letters.values() if x.state in OPEN_LETTERS)

    def of(self, *parts: Part) -> tuple[Involvement, ...]:
        return tuple(p for p in self.people.values() if p.part in parts)
