"""What may leave for a letter: one Struct per letter, and nothing else can be printed.

The notifier asks for the facts of one letter by NATS request-reply and gets exactly the Struct
named in `LETTERS`; the JSON Schema of each is published under `schemas/letters/` and every template
is checked against it when it is saved. Dates are dates of the school's own calendar; a `Moment` is
aware, in the school's own time zone (a letter prints the clock as it stands). What is named by a
code in the case (a platform, a category, a role) stands here in words, as a letter would say it.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Final
from uuid import UUID

import msgspec

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class _Data(msgspec.Struct, frozen=True, omit_defaults=True):
    pass


class School(_Data, frozen=True, kw_only=True):
    name: str
    address_lines: list[str]
    phone: str
    email: str


class Contact(_Data, frozen=True, kw_only=True):
    """A named person at the school whom the reader may turn to."""

    name: str
    role: str
    phone: str
    email: str


class Recipient(_Data, frozen=True, kw_only=True):
    """`salutation` is what follows "Dear". Without address lines the letter is not for the post."""

    recipient_ref: UUID | None = None
    name: str
    salutation: str
    address_lines: list[str] = []
    email: str | None = None


class Letter(_Data, frozen=True, kw_only=True):
    """What every letter and alert has. `reference` is the case's, e.g. `CW-7K4M-2QXD`."""

    school: School
    reference: str
    written_on: date
    contact: Contact
    recipient: Recipient


class ReportReceived(Letter, frozen=True, kw_only=True):
    """L1, to the reporter: received. No details of the report."""

    received_on: date
    act_by: date | None = None


class Post(_Data, frozen=True, kw_only=True):
    platform: str
    seen_on: date
    posted_on: date | None = None
    url: str | None = None


class Clause(_Data, frozen=True, kw_only=True):
    """A clause of the policy: its number in the edition, and its words."""

    ref: str
    words: str


Clauses = Annotated[list[Clause], msgspec.Meta(min_length=1)]


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


class Evidence(_Data, frozen=True, kw_only=True):
    """An item the school holds; no SHA-256 (in hex) where it was described and not copied."""

    label: str
    kind: str
    captured_at: Moment
    sha256: str | None = None


class Involved(_Data, frozen=True, kw_only=True):
    """A person in the case, as the agency needs to know him."""

    part: str
    """"subject" or "affected"."""
    role: str
    name: str | None = None


class Referral(Letter, frozen=True, kw_only=True):
    """What every referral says: the facts and what has been done, without media or opinion."""

    agency: str
    urgent: bool
    kind: str
    platform: str
    facts: str
    reason: str
    observed_at: Moment
    post_url: str | None = None
    posted_at: Moment | None = None
    child_words: str | None = None
    people: list[Involved] = []
    evidence: list[Evidence] = []
    actions_taken: list[str] = []


class PoliceReferral(Referral, frozen=True, kw_only=True):
    """L19."""

    possible_offences: list[str] = []


class HarmAnswer(_Data, frozen=True, kw_only=True):
    question: str
    answer: bool


class LadoReferral(Referral, frozen=True, kw_only=True):
    """L20. The four harm questions answered, and what else the LADO asks first."""

    harm_test: Annotated[list[HarmAnswer], msgspec.Meta(min_length=4, max_length=4)]
    other_children: str | None = None
    other_work: str | None = None


class ReportClosed(Letter, frozen=True, kw_only=True):
    """L31, to the reporter: dealt with. No outcome, no sanction."""

    received_on: date
    closed_on: date


class Alert(Letter, frozen=True, kw_only=True):
    """A1, A4, A8: content-free. `about` is the kind of thing to do, never what happened."""

    about: str
    act_by: Moment | None = None


LETTERS: Final[Mapping[str, type[Letter]]] = {
    "L1": ReportReceived,
    "L2": RemovalAndMeeting,
    "L13": AudienceNotice,
    "L17": StaffCorrection,
    "L19": PoliceReferral,
    "L20": LadoReferral,
    "L31": ReportClosed,
    "A1": Alert,
    "A4": Alert,
    "A8": Alert,
}
