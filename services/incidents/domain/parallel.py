"""Where the tracks beside the main one stand: the state of each, and the words it is told in.

A case has at most one complaint. What it does not have is None, or an empty mapping.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from incidents.domain.facts import CaseId, PersonId, Text, UserId

# ── complaint ─────────────────────────────────────────────────────────────────────────────────────


class ComplaintState(StrEnum):
    """How far a formal complaint has come (Education Act 2002, s29: the school's own procedure)."""

    NONE = "none"
    INFORMAL = "informal"
    S1_RECEIVED = "s1_received"
    S1_ACKNOWLEDGED = "s1_acknowledged"
    S1_DECIDED = "s1_decided"
    S2_REQUESTED = "s2_requested"
    S2_SCHEDULED = "s2_scheduled"
    S2_DECIDED = "s2_decided"
    EXHAUSTED = "exhausted"
    WITHDRAWN = "withdrawn"
    OUT_OF_PROCEDURE = "out_of_procedure"


class ComplaintFinding(StrEnum):
    UPHELD = "upheld"
    PARTLY_UPHELD = "partly_upheld"
    NOT_UPHELD = "not_upheld"


class OtherProcedure(StrEnum):
    """What has a procedure of its own, so that the complaints procedure does not apply."""

    ADMISSIONS = "admissions"
    EXCLUSIONS = "exclusions"
    CHILD_PROTECTION = "child_protection"
    WHISTLEBLOWING = "whistleblowing"
    STAFF_GRIEVANCE = "staff_grievance"
    STAFF_CONDUCT = "staff_conduct"
    DATA_PROTECTION = "data_protection"
    OTHER = "other"


class Complaint(msgspec.Struct, frozen=True, kw_only=True):
    """A complaint about how something was handled, and its two stages."""

    state: ComplaintState
    complainant: PersonId | None = None
    """None for an anonymous one, which is looked into only if the headteacher or chair says so."""
    about_headteacher: bool = False
    received_at: datetime | None = None
    issues: Text | None = None
    outcome_wanted: Text | None = None
    investigator: UserId | None = None
    investigated: bool = False
    decided_by: UserId | None = None
    finding: ComplaintFinding | None = None
    reasons: Text | None = None
    remedies: Text | None = None
    stage_2_by: datetime | None = None
    """Until when the complainant may ask for the second stage as of right."""
    stage_2_reasons: Text | None = None
    panel: tuple[UserId, ...] = ()
    hears_at: datetime | None = None
    panel_finding: ComplaintFinding | None = None
    panel_reasons: Text | None = None


class ContactState(StrEnum):
    """Whether somebody's contact with the school is limited."""

    NONE = "none"
    LIMITED = "limited"
    ENDED = "ended"


class ContactLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How somebody may be in touch with the school for a while. Safeguarding is always heard."""

    person: PersonId
    limits: Text
    review_on: datetime
    state: ContactState = ContactState.LIMITED


# ── press ─────────────────────────────────────────────────────────────────────────────────────────


class PressState(StrEnum):
    """A journalist's enquiry: the headteacher answers, and only once the county supports him."""

    NONE = "none"
    LOGGED = "logged"
    HEAD_INFORMED = "head_informed"
    LA_SUPPORTED = "la_supported"
    RESPONDED = "responded"
    DECLINED = "declined"


class PressEnquiry(msgspec.Struct, frozen=True, kw_only=True):
    """The latest enquiry. An earlier one is history."""

    enquiry: UUID
    state: PressState
    received_at: datetime
    outlet: Text
    query: Text
    answer_by: datetime | None = None
    advice: Text | None = None
    response: Text | None = None


# ── breach ────────────────────────────────────────────────────────────────────────────────────────


class BreachState(StrEnum):
    """A breach of personal data: confirmed or ruled out, then two decisions, each with a reason."""

    NONE = "none"
    SUSPECTED = "suspected"
    CONFIRMED = "confirmed"
    RULED_OUT = "ruled_out"
    ICO_DECIDED = "ico_decided"
    SUBJECTS_DECIDED = "subjects_decided"
    DONE = "done"


class Breach(msgspec.Struct, frozen=True, kw_only=True):
    """`aware_at` is the first awareness of anybody at the school. It never moves forward."""

    state: BreachState
    aware_at: datetime
    what: Text
    people_affected: int | None = None
    reported_to_ico: bool | None = None
    ico_reference: Text | None = None
    informed: tuple[PersonId, ...] = ()


# ── disciplinary ──────────────────────────────────────────────────────────────────────────────────


class DisciplinaryState(StrEnum):
    NONE = "none"
    OPENED = "opened"
    PAUSED = "paused"
    CONCLUDED = "concluded"


class DisciplinaryOutcome(StrEnum):
    NO_CASE = "no_case"
    ADVICE = "advice"
    WRITTEN_WARNING = "written_warning"
    FINAL_WARNING = "final_warning"
    DISMISSAL = "dismissal"
    LEFT_BEFORE = "left_before"


class AllegationOutcome(StrEnum):
    """The five outcomes of an allegation (Keeping Children Safe in Education, part four)."""

    SUBSTANTIATED = "substantiated"
    MALICIOUS = "malicious"
    FALSE = "false"
    UNSUBSTANTIATED = "unsubstantiated"
    UNFOUNDED = "unfounded"


class AllegationState(StrEnum):
    OPEN = "open"
    ENDED = "ended"


class Disciplinary(msgspec.Struct, frozen=True, kw_only=True):
    """What is done about one member of staff. The outcome is sealed: no rule looks at it."""

    state: DisciplinaryState
    clauses: tuple[str, ...]
    opened_at: datetime
    outcome: Text | None = None


class Allegation(msgspec.Struct, frozen=True, kw_only=True):
    """How an allegation against one person ended, and who was told of it as the law asks."""

    outcome: AllegationOutcome
    dbs_decided: bool = False
    tra_decided: bool = False


# ── opinions ──────────────────────────────────────────────────────────────────────────────────────


class OpinionState(StrEnum):
    NONE = "none"
    REQUESTED = "requested"
    GIVEN = "given"
    WITHDRAWN = "withdrawn"


class Opinion(msgspec.Struct, frozen=True, kw_only=True):
    """A second opinion: who was asked, and what he thinks. While it waits he sees the case."""

    opinion: UUID
    of: UserId
    question: Text
    state: OpinionState = OpinionState.REQUESTED
    agrees: bool | None = None
    view: Text | None = None


# ── low-level concerns ────────────────────────────────────────────────────────────────────────────


class ConcernState(StrEnum):
    NONE = "none"
    RECORDED = "recorded"
    REVIEWED = "reviewed"


class ConcernDecision(StrEnum):
    NO_FURTHER_ACTION = "no_further_action"
    GUIDANCE_GIVEN = "guidance_given"
    RAISED_TO_ALLEGATION = "raised_to_allegation"


class Concern(msgspec.Struct, frozen=True, kw_only=True):
    """A low-level concern. `pattern` are the cases that make one with it."""

    concern: UUID
    person: PersonId
    about: UserId | None
    observed_at: datetime
    what: Text
    context: Text
    state: ConcernState = ConcernState.RECORDED
    decision: ConcernDecision | None = None
    pattern: tuple[CaseId, ...] = ()


# ── training ──────────────────────────────────────────────────────────────────────────────────────


class TrainingState(StrEnum):
    NONE = "none"
    ASSIGNED = "assigned"
    ATTENDED = "attended"
    DROPPED = "dropped"


class Training(msgspec.Struct, frozen=True, kw_only=True):
    training: UUID
    person: PersonId
    topic: Text
    attend_by: datetime
    state: TrainingState = TrainingState.ASSIGNED


# ── links ─────────────────────────────────────────────────────────────────────────────────────────


class LinkRelation(StrEnum):
    SAME_INCIDENT = "same_incident"
    SAME_PEOPLE = "same_people"
    FOLLOWS_FROM = "follows_from"
    RELATED = "related"


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """Another case that has to do with this one. What people are in it stands there."""

    other: CaseId
    relation: LinkRelation


# ── images ────────────────────────────────────────────────────────────────────────────────────────


class Publication(StrEnum):
    """Whether a picture of a child who must not be published stands somewhere."""

    NONE = "none"
    PUBLISHED = "published"
    TAKEN_DOWN = "taken_down"
