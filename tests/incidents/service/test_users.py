"""Who signs in, and that nothing of him can be read from the disk."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from incidents.cases import NoSuchCase
from incidents.domain.facts import SchoolId, UserId
from incidents.domain.table import Refusal
from incidents.domain.users import RoleGiven
from incidents.domain.vocabulary import Role
from incidents.store import AlreadyClaimed
from tests.incidents.store.asking import Adding, Waiting
from tests.support.kept import in_files
from tests.support.office import Office
from tests.support.waiting import until

A_DAY = timedelta(days=1)


@pytest.fixture
def url(place: str | None) -> str | None:
    """Files and PostgreSQL."""
    return place


def test_a_token_signs_its_user_in_with_his_roles(office: Office) -> None:
    users = office.installation.users
    token = users.issue_token(office.school, office.id_of("slt"), office.now + A_DAY)
    assert users.sign_in(token) == office.users["slt"]


@pytest.mark.parametrize(
    "mangled",
    [
        "",
        ".",
        "demoschool01.",
        ".secret",
        "demoschool01.wrong",
        "otherschool1.{secret}",
        "{token}x",
    ],
)
def test_anything_but_the_token_signs_nobody_in(office: Office, mangled: str) -> None:
    users = office.installation.users
    token = users.issue_token(office.school, office.id_of("slt"), office.now + A_DAY)
    secret = token.partition(".")[2]
    assert users.sign_in(mangled.format(secret=secret, token=token)) is None


def test_a_token_ends_at_the_moment_it_names(office: Office) -> None:
    users = office.installation.users
    token = users.issue_token(office.school, office.id_of("slt"), office.now + A_DAY)
    office.after(days=1, microseconds=-1)
    assert users.sign_in(token) is not None
    office.after(microseconds=1)
    assert users.sign_in(token) is None


def test_a_token_is_issued_to_a_user_of_that_school_only(office: Office) -> None:
    with pytest.raises(LookupError):
        office.installation.users.issue_token(
            SchoolId("otherschool1"), office.id_of("slt"), office.now + A_DAY
        )


def test_a_new_user_is_on_the_roster_at_once(office: Office) -> None:
    before = office.installation.users.roster(office.school)
    new = office.hire("third_staff", "The caretaker", Role.STAFF)
    after = office.installation.users.roster(office.school)
    assert new.id not in before
    assert new.id is not None
    assert after[new.id] == frozenset({Role.STAFF})


def test_nobody_is_given_the_role_of_a_program(office: Office) -> None:
    with pytest.raises(Refusal):
        office.hire("ghost", "The ghost", Role.TIMEKEEPER)


async def test_a_user_is_added_once_though_his_group_had_to_be_tried_again(office: Office) -> None:
    """One of the others is refused by the database: everybody is decided upon anew."""
    users, store = office.installation.users, office.installation.store

    def taking() -> Adding:
        event = RoleGiven(role=Role.STAFF)
        return Adding(takes="a name", school=office.school, event=event)

    store.write(taking())

    def add() -> UserId:
        return users.add(office.school, "The caretaker", "c@example.org", [Role.STAFF])

    waiting = Waiting(store, taking())
    await waiting.wait()
    with ThreadPoolExecutor(1) as pool:
        added = pool.submit(add)
        until(lambda: len(store._writer._waiting) == 2)
        (refused,) = await waiting.answers()
    assert isinstance(refused, AlreadyClaimed)
    assert users.roster(office.school)[added.result()] == frozenset({Role.STAFF})


@in_files
def test_neither_tokens_nor_names_lie_on_the_disk(office: Office, tmp_path: Path) -> None:
    users = office.installation.users
    token = users.issue_token(office.school, office.id_of("slt"), office.now + A_DAY)
    office.hire("planted", "Planted Username", Role.STAFF)
    written = b"".join(f.read_bytes() for f in tmp_path.rglob("*") if f.is_file())
    assert len(written) > 10_000
    for secret in (token.partition(".")[2], "Planted Username", "planted@demonstration"):
        assert secret.encode() not in written


def test_a_role_that_has_ended_opens_nothing_any_more(office: Office) -> None:
    users, slt = office.installation.users, office.id_of("slt")
    token = users.issue_token(office.school, slt, office.now + A_DAY)
    case = office.log()
    users.end_role(office.school, slt, Role.SLT)
    signed_in = users.sign_in(token)
    assert signed_in is not None
    assert signed_in.roles == frozenset()
    with pytest.raises(NoSuchCase):
        office.installation.cases.seen(signed_in, case.id)
    with pytest.raises(LookupError):
        users.end_role(office.school, slt, Role.SLT)


def test_a_leavers_tokens_are_good_for_nobody(office: Office) -> None:
    users, slt = office.installation.users, office.id_of("slt")
    tokens = [users.issue_token(office.school, slt, office.now + A_DAY) for _ in range(2)]
    assert users.revoke_all(office.school, slt) == 2
    assert [users.sign_in(token) for token in tokens] == [None, None]
    assert users.revoke_all(office.school, slt) == 0
