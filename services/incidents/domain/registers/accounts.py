"""The accounts of the school: applied for, approved, created by another, monitored, handed on.

Policy rows 14 to 19. Nobody approves what he applied for, nobody creates what he approved, whoever
leaves keeps nothing, and no password is ever written down here.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any, Final

from msgspec.structs import replace

from incidents.domain.access import Sight
from incidents.domain.deadlines import Calendar, Clock, Term, due_at
from incidents.domain.facts import Event, Recorded, UserId
from incidents.domain.registers.account import (
    Account,
    AccountClosed,
    AccountCreated,
    AccountDeadlineMissed,
    AccountState,
    AccountTie,
    AccountTransferred,
    ApplicationApproved,
    ApplicationRefused,
    ApplicationSubmitted,
    ApproveApplication,
    AssignMonitors,
    CloseAccount,
    CreateAccount,
    CredentialCustodyRecorded,
    LeadStaffLeft,
    MissAccountDeadline,
    MonitoringCheckRecorded,
    MonitorsAssigned,
    RecordCustody,
    RecordLeadLeaving,
    RecordMonitoringCheck,
    RefuseApplication,
    SubmitApplication,
    TransferAccount,
)
from incidents.domain.registers.custody import (
    custody_is_a_reference,
    no_password_is_written,
)
from incidents.domain.registers.register import (
    Register,
    begin_fields,
    deadline_at,
    deadline_set,
    met,
    works_here,
)
from incidents.domain.table import (
    Asking,
    Command,
    Refuses,
    RowOf,
    TrackOf,
    body_guard,
    recording,
)
from incidents.domain.timers import DeadlineMet, DeadlineSet
from incidents.domain.vocabulary import (
    DeadlineState,
    Due,
    Role,
)

# ── guards ────────────────────────────────────────────────────────────────────────────────────────

_NAMED: Final = ("lead", "custodian", "monitors")


def _named(command: Command) -> tuple[UserId, ...]:
    """Everybody whom a request gives something to do."""
    found: list[UserId] = []
    for name in _NAMED:
        value = getattr(command, name, None)
        found += value if isinstance(value, tuple) else [value] if value is not None else []
    return tuple(found)


@body_guard()
def whoever_is_named_works_here(_: Account | None, command: Command, asking: Asking) -> str | None:
    if not works_here(asking.school, *_named(command)):
        return "Somebody named in it has no account with a role at this school."
    return None


@body_guard(Refuses.WHO)
def approver_did_not_apply(account: Account, _: Command, asking: Asking) -> str | None:
    if asking.user.id in (account.applicant, account.lead):
        return "Whoever applied for it, or would lead it, does not decide on it: ask a colleague."
    return None


@body_guard(Refuses.WHO)
def creator_is_somebody_else(account: Account, _: CreateAccount, asking: Asking) -> str | None:
    if asking.user.id in (account.applicant, account.approver):
        return "Whoever applied for it or approved it does not create it: ask a colleague."
    return None


@body_guard()
def leaver_keeps_nothing(account: Account, command: Command, _: Asking) -> str | None:
    if account.state is AccountState.LEAD_LEFT and account.lead in _named(command):
        return "Whoever leaves can't lead, keep or monitor it: name somebody who stays."
    return None


@body_guard()
def password_has_been_changed(_: Account, command: TransferAccount, _asking: Asking) -> str | None:
    if not command.password_changed:
        return "Change the password first, so that whoever leaves has no way in."
    return None


@body_guard()
def account_time_has_passed(_: Account, command: Command, asking: Asking) -> str | None:
    moment = getattr(command, command.HAPPENED or "", None)
    return "This time lies in the future." if moment and moment > asking.now else None


@body_guard(Refuses.STATE)
def account_deadline_has_passed(
    account: Account, command: MissAccountDeadline, asking: Asking
) -> str | None:
    deadline = account.deadlines.get(command.due)
    open_now = deadline is not None and deadline.state is DeadlineState.OPEN
    if deadline is None or not open_now or deadline.due_at > asking.now:
        return "This deadline has not passed."
    return None


# ── what is recorded ──────────────────────────────────────────────────────────────────────────────


def _submitted(_: None, command: SubmitApplication, asking: Asking) -> Iterable[Event]:
    assert asking.user.id is not None
    yield ApplicationSubmitted(
        platform=command.platform,
        name=command.name,
        purpose=command.purpose,
        applicant=asking.user.id,
        lead=command.lead or asking.user.id,
    )


def _approved(_: Account, command: ApproveApplication, _asking: Asking) -> Iterable[Event]:
    yield ApplicationApproved(conditions=command.conditions)
    yield MonitorsAssigned(monitors=command.monitors, check_every=command.check_every)


def _custody(command: CreateAccount | RecordCustody | TransferAccount) -> Event:
    return CredentialCustodyRecorded(
        custodian=command.custodian, kept_in=command.kept_in, reference=command.reference
    )


def _created(account: Account, command: CreateAccount, asking: Asking) -> Iterable[Event]:
    yield AccountCreated(created_at=command.created_at, url=command.url)
    yield _custody(command)
    yield from _next_check(account, account.check_every, asking)


def _custody_recorded(_: Account, command: RecordCustody, _asking: Asking) -> Iterable[Event]:
    yield _custody(command)


def _assigned(account: Account, command: AssignMonitors, asking: Asking) -> Iterable[Event]:
    yield MonitorsAssigned(monitors=command.monitors, check_every=command.check_every)
    if command.check_every != account.check_every:
        yield from _next_check(account, command.check_every, asking)


def _checked(account: Account, command: RecordMonitoringCheck, asking: Asking) -> Iterable[Event]:
    yield MonitoringCheckRecorded(
        checked_at=command.checked_at,
        findings=command.findings,
        report_needed=command.report_needed,
    )
    yield from _next_check(account, account.check_every, asking)


def _leaving(account: Account, command: RecordLeadLeaving, _asking: Asking) -> Iterable[Event]:
    yield LeadStaffLeft(lead=account.lead, last_day=command.last_day)


def _transferred(account: Account, command: TransferAccount, asking: Asking) -> Iterable[Event]:
    staying = tuple(one for one in account.monitors if one != account.lead)
    yield AccountTransferred(lead=command.lead, monitors=staying or (command.lead,))
    yield _custody(command)


def _next_check(account: Account, every: int | None, asking: Asking) -> Iterable[Event]:
    """The monitoring that is due next: so many school days from now."""
    yield from met(account, Due.ACCOUNT_MONITORING)
    school = asking.school
    term = school.terms[Due.ACCOUNT_MONITORING]
    if every is not None:
        term = Term(amount=every, clock=Clock.SCHOOL_DAYS)
    due = due_at(term, asking.now, school.calendar)
    yield DeadlineSet(
        due=Due.ACCOUNT_MONITORING,
        starts_at=asking.now,
        due_at=due,
        calendar_version=school.calendar_version(due),
    )


def handed_on_by(
    _: Account, command: RecordLeadLeaving, asking: Asking
) -> Iterable[tuple[Due, datetime]]:
    """It is handed on or closed by the end of the last working day of whoever leaves."""
    day = last_working_day(command.last_day, asking.school.calendar)
    yield Due.ACCOUNT_LEAVER, asking.school.calendar.opening(day)


def last_working_day(day: date, calendar: Calendar) -> date:
    """Return the day itself, or the last working day before it."""
    while not calendar.is_working_day(day):
        day -= timedelta(days=1)
    return day


# ── what it changes ───────────────────────────────────────────────────────────────────────────────


def _opened(event: ApplicationSubmitted, recorded: Recorded) -> Account:
    return Account(
        **begin_fields(recorded),
        state=AccountState.APPLIED,
        platform=event.platform,
        name=event.name,
        purpose=event.purpose,
        applicant=event.applicant,
        lead=event.lead,
    )


def _apply_approval(account: Account, event: ApplicationApproved, recorded: Recorded) -> Account:
    return replace(account, approver=recorded.actor.user, conditions=event.conditions)


def _apply_refusal(account: Account, event: ApplicationRefused, recorded: Recorded) -> Account:
    return replace(account, approver=recorded.actor.user, refused_because=event.reason)


def _apply_creation(account: Account, event: AccountCreated, recorded: Recorded) -> Account:
    return replace(account, creator=recorded.actor.user, created_at=event.created_at, url=event.url)


def _apply_custody(account: Account, event: CredentialCustodyRecorded, _: Recorded) -> Account:
    return replace(
        account, custodian=event.custodian, kept_in=event.kept_in, reference=event.reference
    )


def _apply_monitors(account: Account, event: MonitorsAssigned, _: Recorded) -> Account:
    return replace(account, monitors=event.monitors, check_every=event.check_every)


def _apply_check(account: Account, event: MonitoringCheckRecorded, _: Recorded) -> Account:
    return replace(account, last_checked_at=event.checked_at)


def _apply_leaving(account: Account, event: LeadStaffLeft, _: Recorded) -> Account:
    return replace(account, last_day=event.last_day)


def _apply_transfer(account: Account, event: AccountTransferred, _: Recorded) -> Account:
    return replace(account, lead=event.lead, monitors=event.monitors, last_day=None)


def _apply_closing(account: Account, event: AccountClosed, _: Recorded) -> Account:
    return replace(account, closed_at=event.closed_at)


# ── the table ─────────────────────────────────────────────────────────────────────────────────────

_S = AccountState
_IN_USE: Final = (_S.ACTIVE, _S.LEAD_LEFT)
_SENIOR: Final = (Role.SLT, Role.HEADTEACHER)

BEGIN: Final[RowOf[None, SubmitApplication]] = RowOf(
    ask=SubmitApplication,
    who=(Role.STAFF,),
    at=(),
    guards=(whoever_is_named_works_here, no_password_is_written),
    records=(ApplicationSubmitted,),
    by=_submitted,
    to=_S.APPLIED,
    starts=(Due.ACCOUNT_DECISION,),
    policy=(14, 19),
)
TRANSITIONS: Final[tuple[RowOf[Account, Any], ...]] = (
    RowOf(
        ask=ApproveApplication,
        who=_SENIOR,
        at=(_S.APPLIED,),
        guards=(approver_did_not_apply, whoever_is_named_works_here, no_password_is_written),
        records=(ApplicationApproved, MonitorsAssigned),
        by=_approved,
        to=_S.APPROVED,
        settles=(Due.ACCOUNT_DECISION,),
        policy=(14, 17),
    ),
    RowOf(
        ask=RefuseApplication,
        who=_SENIOR,
        at=(_S.APPLIED,),
        guards=(approver_did_not_apply, no_password_is_written),
        records=(ApplicationRefused,),
        by=recording(ApplicationRefused),
        to=_S.REFUSED,
        settles=(Due.ACCOUNT_DECISION,),
        policy=(14,),
    ),
    RowOf(
        ask=CreateAccount,
        who=(Role.MODERATOR,),
        at=(_S.APPROVED,),
        guards=(
            creator_is_somebody_else,
            account_time_has_passed,
            whoever_is_named_works_here,
            custody_is_a_reference,
            no_password_is_written,
        ),
        records=(AccountCreated, CredentialCustodyRecorded, DeadlineSet),
        by=_created,
        to=_S.ACTIVE,
        policy=(15, 16),
    ),
    RowOf(
        ask=RecordCustody,
        who=(Role.MODERATOR,),
        at=_IN_USE,
        guards=(
            whoever_is_named_works_here,
            leaver_keeps_nothing,
            custody_is_a_reference,
            no_password_is_written,
        ),
        records=(CredentialCustodyRecorded,),
        by=_custody_recorded,
        policy=(16,),
    ),
    RowOf(
        ask=AssignMonitors,
        who=(*_SENIOR, Role.MODERATOR),
        at=_IN_USE,
        guards=(whoever_is_named_works_here, leaver_keeps_nothing),
        records=(MonitorsAssigned, DeadlineMet, DeadlineSet),
        by=_assigned,
        policy=(17,),
    ),
    RowOf(
        ask=RecordMonitoringCheck,
        who=(AccountTie.MONITOR, Role.MODERATOR),
        at=_IN_USE,
        guards=(account_time_has_passed, no_password_is_written),
        records=(MonitoringCheckRecorded, DeadlineMet, DeadlineSet),
        by=_checked,
        policy=(17, 19, 47),
    ),
    RowOf(
        ask=RecordLeadLeaving,
        who=(Role.MODERATOR, *_SENIOR, AccountTie.LEAD),
        at=(_S.ACTIVE,),
        records=(LeadStaffLeft,),
        by=_leaving,
        to=_S.LEAD_LEFT,
        starts=(handed_on_by,),
        policy=(18,),
    ),
    RowOf(
        ask=TransferAccount,
        who=(Role.MODERATOR,),
        at=(_S.LEAD_LEFT,),
        guards=(
            whoever_is_named_works_here,
            leaver_keeps_nothing,
            password_has_been_changed,
            custody_is_a_reference,
            no_password_is_written,
        ),
        records=(AccountTransferred, CredentialCustodyRecorded),
        by=_transferred,
        to=_S.ACTIVE,
        settles=(Due.ACCOUNT_LEAVER,),
        policy=(18,),
    ),
    RowOf(
        ask=CloseAccount,
        who=(Role.MODERATOR,),
        at=_IN_USE,
        guards=(account_time_has_passed, no_password_is_written),
        records=(AccountClosed,),
        by=recording(AccountClosed),
        to=_S.CLOSED,
        settles=(Due.ACCOUNT_LEAVER, Due.ACCOUNT_MONITORING),
        policy=(18,),
    ),
    RowOf(
        ask=MissAccountDeadline,
        who=(Role.TIMEKEEPER,),
        at=tuple(_S),
        guards=(account_deadline_has_passed,),
        records=(AccountDeadlineMissed,),
        by=recording(AccountDeadlineMissed),
    ),
)


def _states(account: Account, _: Command | None) -> frozenset[AccountState]:
    return frozenset({account.state})


def _place(account: Account, state: AccountState) -> Account:
    return replace(account, state=state)


TRACK: Final[TrackOf[Account]] = TrackOf(
    "account",
    _states,
    TRANSITIONS,
    {
        ApplicationApproved: _apply_approval,
        ApplicationRefused: _apply_refusal,
        AccountCreated: _apply_creation,
        CredentialCustodyRecorded: _apply_custody,
        MonitorsAssigned: _apply_monitors,
        MonitoringCheckRecorded: _apply_check,
        LeadStaffLeft: _apply_leaving,
        AccountTransferred: _apply_transfer,
        AccountClosed: _apply_closing,
        AccountDeadlineMissed: deadline_at(DeadlineState.MISSED),
        DeadlineSet: deadline_set,
        DeadlineMet: deadline_at(DeadlineState.MET),
    },
    _place,
)


def _one(user: UserId | None) -> frozenset[UserId]:
    return frozenset(() if user is None else (user,))


REGISTER: Final[Register[Account]] = Register(
    kind="account",
    path="accounts",
    entry=Account,
    begin=BEGIN,
    opened=_opened,
    track=TRACK,
    sights={
        Role.MODERATOR: Sight.FULL,
        Role.SLT: Sight.FULL,
        Role.HEADTEACHER: Sight.FULL,
        Role.CHAIR: Sight.FULL,
        Role.TIMEKEEPER: Sight.FULL,
        Role.NOTIFIER: Sight.FULL,
        Role.AUDITOR: Sight.AUDIT,
    },
    ties={
        AccountTie.APPLICANT: (Sight.FULL, lambda account: _one(account.applicant)),
        AccountTie.LEAD: (Sight.FULL, lambda account: _one(account.lead)),
        AccountTie.CUSTODIAN: (Sight.FULL, lambda account: _one(account.custodian)),
        AccountTie.MONITOR: (Sight.FULL, lambda account: frozenset(account.monitors)),
    },
    closed={"reference": (Role.MODERATOR, Role.HEADTEACHER, AccountTie.CUSTODIAN)},
)
