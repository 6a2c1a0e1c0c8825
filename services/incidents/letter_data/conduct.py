"""What is told about a post and about conduct: to reporters, parents, staff and the public."""

from datetime import date

import msgspec

from incidents.letter_data.common import Clause, Clauses, Letter, Moment, Post


class ReportReceived(Letter, frozen=True, kw_only=True):
    """L1, to the reporter: received. No details of the report."""

    received_on: date
    act_by: date | None = None


class RemovalAndMeeting(Letter, frozen=True, kw_only=True):
    """L2, to a parent or carer: asks to remove a post and invites to talk, in one letter."""

    post: Post
    policy_title: str
    clauses: Clauses
    meeting_slots: list[Moment]
    reply_by: date | None = None


class AudienceNotice(Letter, frozen=True, kw_only=True):
    """L13, for the school's own account: what was done and under which rule. Never a person."""

    action: str
    """In the past tense, e.g. "removed a comment"."""
    clause: Clause


class StaffCorrection(Letter, frozen=True, kw_only=True):
    """L17, to a member of staff: the clause, what to put right, by when, with what support."""

    clauses: Clauses
    correction: str
    correct_by: date
    support: str | None = None


class PostStillThere(Letter, frozen=True, kw_only=True):
    """L3, to a parent or carer: asks once more, says what comes next, offers the chair's help."""

    post: Post
    policy_title: str
    clauses: Clauses
    next_steps: str
    asked_on: date | None = None
    meeting_slots: list[Moment] = msgspec.field(default_factory=list)


class PupilsBehaviour(Letter, frozen=True, kw_only=True):
    """L16, to the parents of one pupil: what was done with this pupil, and support."""

    child: str
    known_on: date
    clauses: list[Clause] = msgspec.field(default_factory=list)
    done: str
    support: str | None = None


class TrainingSet(Letter, frozen=True, kw_only=True):
    """L17b, to a member of staff: a training, and by when."""

    topic: str
    attend_by: date


class ToldOfAllegation(Letter, frozen=True, kw_only=True):
    """L18, to the member of staff concerned: only what an agency has agreed that he may be told."""

    agency: str
    agreed: str


class ChildPublished(Letter, frozen=True, kw_only=True):
    """L27, to the parents of one child: where the picture stood, from when, until when."""

    child: str
    where: str
    published_on: date
    taken_down_on: date


class DealtWith(Letter, frozen=True, kw_only=True):
    """L30, to somebody affected: it has been dealt with, and there is support. No outcome."""

    reported_on: date
    decided_on: date


class ReportClosed(Letter, frozen=True, kw_only=True):
    """L31, to the reporter: dealt with. No outcome, no sanction."""

    received_on: date
    closed_on: date


class Alert(Letter, frozen=True, kw_only=True):
    """Every alert: content-free. `about` is the kind of thing to do, never what happened."""

    about: str
    act_by: Moment | None = None
