"""Where the tracks beside the main one stand: the state of each, and the words it is told in.

A case has at most one complaint. What it does not have is None, or an empty mapping.
"""

from datetime import datetime
from enum import StrEnum

import msgspec

from incidents.domain.facts import PersonId, Text, UserId

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
