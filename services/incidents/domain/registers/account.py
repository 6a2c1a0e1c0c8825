"""An account of the school: how far it has come, what may be asked about it, what is recorded."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from incidents.domain.facts import CaseText, Event, Text, UserId
from incidents.domain.registers.custody import (
    KeptIn,
)
from incidents.domain.registers.register import (
    Entry,
)
from incidents.domain.table import (
    Command,
)
from incidents.domain.vocabulary import (
    Due,
    Line,
    Moment,
    Platform,
    Reason,
    Url,
    Words,
)


class AccountState(StrEnum):
    """How far an account has come."""

    APPLIED = "applied"
    APPROVED = "approved"
    REFUSED = "refused"
    ACTIVE = "active"
    LEAD_LEFT = "lead_left"
    """Whoever leads it leaves or has left: it has to be handed on or closed."""
    CLOSED = "closed"


class AccountTie(StrEnum):
    """What somebody is to an account."""

    APPLICANT = "applicant"
    LEAD = "lead"
    CUSTODIAN = "custodian"
    MONITOR = "monitor"


class Account(Entry, frozen=True, kw_only=True):
    """One account in the school's name."""

    state: AccountState
    platform: Text
    name: Text
    purpose: Text
    applicant: UserId
    lead: UserId
    """Who answers for what is posted."""
    approver: UserId | None = None
    conditions: Text | None = None
    refused_because: Text | None = None
    creator: UserId | None = None
    created_at: datetime | None = None
    url: Text | None = None
    custodian: UserId | None = None
    kept_in: KeptIn | None = None
    reference: Text | None = None
    """Which entry of the password manager, say: where the credentials are, never what they are."""
    monitors: tuple[UserId, ...] = ()
    check_every: int | None = None
    """In school days; None is the school's own number."""
    last_checked_at: datetime | None = None
    last_day: date | None = None
    """Of the lead who leaves."""
    closed_at: datetime | None = None


# ── commands ──────────────────────────────────────────────────────────────────────────────────────

Monitors = Annotated[tuple[UserId, ...], Meta(min_length=1, max_length=10)]
SchoolDays = Annotated[int, Meta(ge=1, le=20)]


class SubmitApplication(Command, frozen=True, kw_only=True):
    """Apply for an account in the school's name. Whoever leads it answers for what is posted."""

    platform: Platform
    name: Line
    purpose: Reason
    lead: UserId | None = None


class ApproveApplication(Command, frozen=True, kw_only=True):
    """Approve the account: who monitors it, how often, and on which conditions."""

    monitors: Monitors
    check_every: SchoolDays | None = None
    conditions: Words | None = None


class RefuseApplication(Command, frozen=True, kw_only=True):
    """Refuse the account, and say why."""

    reason: Reason


class CreateAccount(Command, frozen=True, kw_only=True):
    """Record that the approved account exists, and where its credentials are kept."""

    HAPPENED = "created_at"
    created_at: Moment
    custodian: UserId
    kept_in: KeptIn
    reference: Line
    url: Url | None = None


class RecordCustody(Command, frozen=True, kw_only=True):
    """Record where the credentials are kept from now on, and by whom. Never what they are."""

    custodian: UserId
    kept_in: KeptIn
    reference: Line


class AssignMonitors(Command, frozen=True, kw_only=True):
    """Name who monitors the account from now on, and how often."""

    monitors: Monitors
    check_every: SchoolDays | None = None


class RecordMonitoringCheck(Command, frozen=True, kw_only=True):
    """Record a look at the account: public posts and what is written to it."""

    HAPPENED = "checked_at"
    checked_at: Moment
    findings: Words
    report_needed: bool = False


class RecordLeadLeaving(Command, frozen=True, kw_only=True):
    """Record that whoever leads the account leaves the school, and the last day."""

    last_day: date


class TransferAccount(Command, frozen=True, kw_only=True):
    """Hand the account on. The password is changed, and its keeping recorded anew."""

    lead: UserId
    custodian: UserId
    kept_in: KeptIn
    reference: Line
    password_changed: bool


class CloseAccount(Command, frozen=True, kw_only=True):
    """Record that the account is closed, and why."""

    HAPPENED = "closed_at"
    closed_at: Moment
    reason: Reason


class MissAccountDeadline(Command, frozen=True, kw_only=True):
    """The timekeeper found that it has passed."""

    due: Due


# ── events ────────────────────────────────────────────────────────────────────────────────────────


class ApplicationSubmitted(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.account_application_submitted"
    platform: CaseText
    name: CaseText
    purpose: CaseText
    applicant: UserId
    lead: UserId


class ApplicationApproved(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.account_application_approved"
    conditions: CaseText | None = None


class ApplicationRefused(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.account_application_refused"
    reason: CaseText


class AccountCreated(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.account_created"
    created_at: datetime
    url: CaseText | None = None


class CredentialCustodyRecorded(Event, frozen=True, kw_only=True):
    """Where the credentials are kept. There is no field for what they are."""

    TOPIC = "incidents.account_custody_recorded"
    custodian: UserId
    kept_in: KeptIn
    reference: CaseText


class MonitorsAssigned(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.account_monitors_assigned"
    monitors: tuple[UserId, ...]
    check_every: int | None = None


class MonitoringCheckRecorded(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.account_monitoring_check_recorded"
    checked_at: datetime
    findings: CaseText
    report_needed: bool


class LeadStaffLeft(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.account_lead_left"
    lead: UserId
    last_day: date


class AccountTransferred(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.account_transferred"
    lead: UserId
    monitors: tuple[UserId, ...]


class AccountClosed(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.account_closed"
    closed_at: datetime
    reason: CaseText


class AccountDeadlineMissed(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.account_deadline_missed"
    due: Due
