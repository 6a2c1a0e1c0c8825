"""Accounts in the school's name: four hands, no password, and nothing left with whoever leaves."""

from datetime import date
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from incidents.domain.registers.account import (
    AccountClosed,
    AccountCreated,
    AccountDeadlineMissed,
    AccountState,
    AccountTransferred,
    ApplicationApproved,
    ApplicationRefused,
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
from incidents.domain.registers.accounts import REGISTER
from incidents.domain.registers.custody import KeptIn, looks_secret
from incidents.domain.school import User
from incidents.domain.table import Command, Refuses
from incidents.domain.timers import DeadlineMet, DeadlineSet
from incidents.domain.vocabulary import Due, Role
from tests.incidents.domain.entries import EntryStory
from tests.incidents.domain.school import (
    CHAIR,
    FRIDAY,
    HEADTEACHER,
    MODERATOR,
    OTHER_SLT,
    OTHER_STAFF,
    SLT,
    STAFF,
    TIMEKEEPER,
    id_of,
    london,
    school_of,
    user,
)

STRANGER: Final = user("somebody from elsewhere", Role.STAFF)
MANY_HATS: Final = user("many hats", Role.STAFF, Role.SLT, Role.MODERATOR)
SCHOOL: Final = school_of(
    STAFF, OTHER_STAFF, SLT, OTHER_SLT, HEADTEACHER, MODERATOR, CHAIR, MANY_HATS
)

APPLICATION: Final = SubmitApplication(
    platform="Twitter", name="The school's news", purpose="To tell parents what happens."
)
APPROVAL: Final = ApproveApplication(monitors=(id_of(STAFF), id_of(OTHER_STAFF)))
REFUSAL: Final = RefuseApplication(reason="The newsletter does the same.")
CREATION: Final = CreateAccount(
    created_at=FRIDAY,
    custodian=id_of(MODERATOR),
    kept_in=KeptIn.PASSWORD_MANAGER,
    reference="school accounts, entry 12",
)
CUSTODY: Final = RecordCustody(
    custodian=id_of(SLT), kept_in=KeptIn.SAFE, reference="Green folder 3"
)
MONITORS: Final = AssignMonitors(monitors=(id_of(OTHER_STAFF),), check_every=2)
CHECK: Final = RecordMonitoringCheck(checked_at=FRIDAY, findings="Nothing out of the ordinary.")
LEAVING: Final = RecordLeadLeaving(last_day=date(2026, 12, 18))
HANDED_ON: Final = TransferAccount(
    lead=id_of(OTHER_STAFF),
    custodian=id_of(MODERATOR),
    kept_in=KeptIn.PASSWORD_MANAGER,
    reference="school accounts, entry 12",
    password_changed=True,
)
CLOSURE: Final = CloseAccount(closed_at=FRIDAY, reason="Nobody reads it any more.")


def applied(by: User = STAFF) -> EntryStory:
    return EntryStory(REGISTER, school=SCHOOL).after(APPLICATION, by=by)


def approved() -> EntryStory:
    return applied().after(APPROVAL, by=SLT)


def active() -> EntryStory:
    return approved().after(CREATION, by=MODERATOR)


def left() -> EntryStory:
    return active().after(LEAVING, by=SLT)


def test_an_application_is_decided_within_five_school_days() -> None:
    deadline = applied().entry.deadlines[Due.ACCOUNT_DECISION]
    assert deadline.due_at == london(2026, 11, 27, 16, 30)
    assert Due.ACCOUNT_DECISION not in approved().entry.open_deadlines


def test_from_the_application_to_the_end_four_hands_take_part() -> None:
    story = (
        applied().when(APPROVAL, by=SLT).records(ApplicationApproved, MonitorsAssigned, DeadlineMet)
    )
    story = story.when(CREATION, by=MODERATOR).records(
        AccountCreated, CredentialCustodyRecorded, DeadlineSet
    )
    story = story.when(CHECK, by=OTHER_STAFF).records(
        MonitoringCheckRecorded, DeadlineMet, DeadlineSet
    )
    story = story.when(LEAVING, by=SLT).records(LeadStaffLeft, DeadlineSet)
    story = story.when(HANDED_ON, by=MODERATOR).records(
        AccountTransferred, CredentialCustodyRecorded, DeadlineMet
    )
    assert story.entry.lead == id_of(OTHER_STAFF)
    assert story.entry.monitors == (id_of(OTHER_STAFF),)
    story = story.when(CLOSURE, by=MODERATOR).records(AccountClosed, DeadlineMet)
    assert story.entry.state is AccountState.CLOSED
    assert story.entry.open_deadlines == ()


def test_a_refused_application_goes_nowhere() -> None:
    story = applied().when(REFUSAL, by=HEADTEACHER).records(ApplicationRefused, DeadlineMet)
    story.when(CREATION, by=MODERATOR).refused(because="state", for_=Refuses.STATE)
    story.when(APPROVAL, by=SLT).refused(because="state")


@pytest.mark.parametrize("command", [APPROVAL, REFUSAL])
def test_whoever_applied_does_not_decide(command: Command) -> None:
    story = applied(MANY_HATS)
    story.when(command, by=MANY_HATS).refused(because="approver_did_not_apply", for_=Refuses.WHO)
    story.when(command, by=SLT).accepted()


def test_whoever_would_lead_it_does_not_decide_either() -> None:
    application = replace(APPLICATION, lead=id_of(SLT))
    story = EntryStory(REGISTER, school=SCHOOL).after(application, by=STAFF)
    story.when(APPROVAL, by=SLT).refused(because="approver_did_not_apply")
    story.when(APPROVAL, by=OTHER_SLT).accepted()


def test_whoever_approved_does_not_create() -> None:
    story = applied().after(APPROVAL, by=MANY_HATS)
    story.when(CREATION, by=MANY_HATS).refused(because="creator_is_somebody_else", for_=Refuses.WHO)
    story.when(CREATION, by=MODERATOR).accepted()


def test_whoever_applied_does_not_create() -> None:
    story = applied(MANY_HATS).after(APPROVAL, by=SLT)
    story.when(CREATION, by=MANY_HATS).refused(because="creator_is_somebody_else")


def test_nothing_is_created_before_it_is_approved() -> None:
    applied().when(CREATION, by=MODERATOR).refused(because="state", for_=Refuses.STATE)


@pytest.mark.parametrize(
    "handed",
    [
        replace(HANDED_ON, lead=id_of(STAFF)),
        replace(HANDED_ON, custodian=id_of(STAFF)),
    ],
)
def test_whoever_leaves_keeps_nothing(handed: TransferAccount) -> None:
    left().when(handed, by=MODERATOR).refused(because="leaver_keeps_nothing")


def test_whoever_leaves_is_made_neither_custodian_nor_monitor() -> None:
    custody = replace(CUSTODY, custodian=id_of(STAFF))
    left().when(custody, by=MODERATOR).refused(because="leaver_keeps_nothing")
    monitors = replace(MONITORS, monitors=(id_of(STAFF),))
    left().when(monitors, by=SLT).refused(because="leaver_keeps_nothing")


def test_the_password_is_changed_before_it_is_handed_on() -> None:
    handed = replace(HANDED_ON, password_changed=False)
    left().when(handed, by=MODERATOR).refused(because="password_has_been_changed")


@pytest.mark.parametrize(
    ("last_day", "due"),
    [
        (date(2026, 12, 18), london(2026, 12, 18, 16, 30)),
        # The last working day before a Sunday, and before Christmas.
        (date(2026, 12, 20), london(2026, 12, 18, 16, 30)),
        (date(2026, 12, 25), london(2026, 12, 24, 16, 30)),
    ],
)
def test_it_is_handed_on_by_the_last_working_day(last_day: date, due: object) -> None:
    story = active().after(RecordLeadLeaving(last_day=last_day), by=SLT)
    assert story.entry.deadlines[Due.ACCOUNT_LEAVER].due_at == due


def test_an_account_is_looked_at_as_often_as_it_says() -> None:
    story = active()
    assert story.entry.deadlines[Due.ACCOUNT_MONITORING].due_at == london(2026, 11, 27, 16, 30)
    story = story.after(MONITORS, by=SLT)
    assert story.entry.deadlines[Due.ACCOUNT_MONITORING].due_at == london(2026, 11, 24, 16, 30)


def test_a_look_that_was_missed_is_noticed_once_and_can_be_made_up_for() -> None:
    miss = MissAccountDeadline(due=Due.ACCOUNT_MONITORING)
    active().when(miss, by=TIMEKEEPER).refused(because="account_deadline_has_passed")
    later = london(2026, 11, 27, 16, 30)
    story = active().when(miss, by=TIMEKEEPER, at=later).records(AccountDeadlineMissed)
    story.when(miss, by=TIMEKEEPER).refused(because="account_deadline_has_passed")
    story = story.after(CHECK, by=STAFF)
    assert story.entry.open_deadlines == (Due.ACCOUNT_MONITORING,)
    active().when(miss, by=MODERATOR, at=later).refused(because="role", for_=Refuses.WHO)


def test_only_its_monitors_and_the_administrator_look_at_it() -> None:
    active().when(CHECK, by=OTHER_STAFF).accepted()
    active().when(CHECK, by=MODERATOR).accepted()
    active().when(CHECK, by=SLT).refused(because="role", for_=Refuses.WHO)


@pytest.mark.parametrize(
    "command",
    [
        replace(APPROVAL, monitors=(id_of(STRANGER),)),
        replace(APPROVAL, monitors=(id_of(STAFF), id_of(STRANGER))),
    ],
)
def test_whoever_is_named_works_here(command: ApproveApplication) -> None:
    applied().when(command, by=SLT).refused(because="whoever_is_named_works_here")


# ── no password ───────────────────────────────────────────────────────────────────────────────────

SECRETS: Final = [
    "Password: hunter2",
    "the password is Summer2026",
    "pwd=letmein",
    "PIN: 4711",
    "recovery code: 7711-2211",
    "log in at https://school:hunter2@social.example.com",
    "use Tr0ub4dor&3 for it",
    "api key = 99abc",
    "Password – hunter2",
    "password hunter2",
    "pin 4711",
]
NO_SECRETS: Final = [
    "The password is kept in the safe.",
    "the password manager of the office",
    "Ask the administrator for the password.",
    "Year 6 on their trip: 2026-11-20, 42 pupils, see https://social.example.com/post/1?id=2",
    "We tell parents what happens (news, trips & clubs) – and nothing else!",
    "The pin board in the hall is new.",
    "a password-protected page, seen by 12 people",
    "We changed the password on 12 November.",
    "the school's Twitter account @TheSchool",
]


@pytest.mark.parametrize("text", SECRETS)
def test_what_looks_like_a_password_is_refused_in_every_text(text: str) -> None:
    assert looks_secret(text)
    check = replace(CHECK, findings=text)
    told = active().when(check, by=STAFF).refused(because="no_password_is_written")
    assert "`findings`" in told
    assert text not in told


@pytest.mark.parametrize("text", NO_SECRETS)
def test_ordinary_words_are_no_password(text: str) -> None:
    assert not looks_secret(text)


@pytest.mark.parametrize("reference", ["Summer2026", "hunter2", "4711", "p@ss", "entry 12!"])
def test_a_reference_is_words_and_a_number(reference: str) -> None:
    custody = replace(CUSTODY, reference=reference)
    active().when(custody, by=MODERATOR).refused(because="custody_is_a_reference")
    created = replace(CREATION, reference=reference)
    approved().when(created, by=MODERATOR).refused(because="custody_is_a_reference")


# ── in whatever order ─────────────────────────────────────────────────────────────────────────────

COMMANDS: Final[list[Command]] = [
    APPROVAL, REFUSAL, CREATION, CUSTODY, MONITORS, CHECK, LEAVING, HANDED_ON, CLOSURE,
    MissAccountDeadline(due=Due.ACCOUNT_MONITORING),
]  # fmt: skip
PEOPLE: Final = [STAFF, OTHER_STAFF, SLT, HEADTEACHER, MODERATOR, MANY_HATS, TIMEKEEPER]


@settings(deadline=None, max_examples=150, print_blob=True)
@given(st.lists(st.tuples(st.sampled_from(COMMANDS), st.sampled_from(PEOPLE)), max_size=20))
def test_whatever_is_asked_an_account_was_approved_by_somebody_else_before_it_was_created(
    steps: list[tuple[Command, User]],
) -> None:
    story = applied(MANY_HATS)
    for command, by in steps:
        answer = story.when(command, by=by)
        story = answer.accepted() if answer.refusal is None else story
    approver = creator = None
    for recorded in story:
        if isinstance(recorded.event, ApplicationApproved):
            approver = recorded.actor.user
        if isinstance(recorded.event, AccountCreated):
            creator = recorded.actor.user
            assert approver is not None
    assert approver is None or approver != id_of(MANY_HATS)
    assert creator is None or creator not in (approver, id_of(MANY_HATS))
    if story.entry.state is AccountState.LEAD_LEFT:
        assert Due.ACCOUNT_LEAVER in story.entry.open_deadlines
