"""What a complainant is told at each step, and somebody whose contact is limited for a while.

Of the complaint only: nothing here can hold what was done about a member of staff.
"""

from datetime import date
from typing import Literal

from incidents.letter_data.common import Letter, Moment

Finding = Literal["upheld", "partly_upheld", "not_upheld"]
Procedure = Literal[
    "admissions",
    "exclusions",
    "child_protection",
    "whistleblowing",
    "staff_grievance",
    "staff_conduct",
    "data_protection",
    "other",
]


class ComplaintsProcedure(Letter, frozen=True, kw_only=True):
    """L6, to a parent or carer: how to make a formal complaint, and within how many months."""

    months: int


class OtherProcedure(Letter, frozen=True, kw_only=True):
    """L6b, to a complainant: the matter belongs to another procedure, and which."""

    received_on: date
    procedure: Procedure


class ComplaintAcknowledged(Letter, frozen=True, kw_only=True):
    """L7, to a complainant: what is understood, what was asked for, by when it is decided."""

    received_on: date
    issues: str
    outcome_wanted: str
    understood: str | None = None
    decide_by: date | None = None


class ComplaintDelayed(Letter, frozen=True, kw_only=True):
    """L8, to a complainant: why it takes longer, and the new date."""

    received_on: date
    stage: int
    reason: str
    new_date: date


class Stage1Decision(Letter, frozen=True, kw_only=True):
    """L9, to a complainant: what was looked into, the decision, why, and how to go on."""

    received_on: date
    issues: str
    finding: Finding
    investigated: str
    reasons: str
    remedies: str | None = None
    stage_2_by: date


class PanelInvitation(Letter, frozen=True, kw_only=True):
    """L10, to a complainant: when the panel meets and when its papers come. No names."""

    hears_at: Moment
    members: int
    papers_by: date | None = None


class PanelDecision(Letter, frozen=True, kw_only=True):
    """L11, to a complainant: what the panel found and why, and that the school's part is over."""

    heard_on: date
    finding: Finding
    reasons: str
    recommendations: str | None = None


class ContactLimited(Letter, frozen=True, kw_only=True):
    """L12, to the person himself: what happened, the limits, and when they are looked at again."""

    behaviour: str
    limits: str
    review_on: date
