"""A school to try things out with: one user for every role, and a token for each in a file.

Every name is a role, every address one that can't be written to.
"""

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

from incidents.domain.facts import UserId
from incidents.domain.registers import accounts, grants
from incidents.domain.registers.account import ApproveApplication, CreateAccount, SubmitApplication
from incidents.domain.registers.custody import KeptIn
from incidents.domain.registers.grants import GrantAccess, ProposeGrant
from incidents.domain.school import User
from incidents.domain.vocabulary import Role
from incidents.installation import Installation
from incidents.store.files import make_folder, write_over

PEOPLE: Final[Mapping[str, tuple[str, Role]]] = {
    "staff": ("The class teacher", Role.STAFF),
    "second_staff": ("The teaching assistant", Role.STAFF),
    "slt": ("The deputy headteacher", Role.SLT),
    "headteacher": ("The headteacher", Role.HEADTEACHER),
    "dsl": ("The designated safeguarding lead", Role.DSL),
    "moderator": ("The administrator", Role.MODERATOR),
    "dpo": ("The data protection officer", Role.DPO),
    "chair": ("The chair of governors", Role.CHAIR),
    "vice_chair": ("The vice-chair of governors", Role.VICE_CHAIR),
    "authority": ("The officer of the local authority", Role.AUTHORITY),
    "clerk": ("The clerk to the panel", Role.CLERK),
    "auditor": ("The auditor", Role.AUDITOR),
}
"""By the name in the file of tokens."""
APPLICATION: Final = SubmitApplication(
    platform="Twitter",
    name="The school's news",
    purpose="To tell parents and carers what happens at the school.",
)
VALID_FOR: Final = timedelta(days=90)


def prepare(installation: Installation) -> Path:
    """Make the school's users if there are none, and write `demo/tokens.json`; return its path.

    Run again, it changes nothing while every token works; when one does not, all are made anew.
    """
    path = installation.settings.var / "demo" / "tokens.json"
    tokens = json.loads(path.read_text()) if path.exists() else {}
    if any(installation.users.sign_in(tokens.get(key, "")) is None for key in PEOPLE):
        make_folder(path.parent)
        write_over(path, json.dumps(_tokens(installation), indent=2).encode() + b"\n")
    _account(installation, _by(installation))
    _let_the_auditor_in(installation, _by(installation))
    return path


def _by(installation: Installation) -> Mapping[str, User]:
    """The school's users by their name in the file of tokens."""
    school, users = next(iter(installation.schools)), installation.users
    known = {person.email: person for person in users.people(school, users.roster(school))}
    people = {key: known[_address(key)] for key in PEOPLE}
    return {key: User(id=one.id, school=school, roles=one.roles) for key, one in people.items()}


def _account(installation: Installation, by: Mapping[str, User]) -> None:
    """The school's one account, on Twitter: its register begins with it."""
    registers, school = installation.registers, by["staff"].school
    if registers.all(school, accounts.REGISTER):
        return
    applied = registers.begin(by["staff"], accounts.REGISTER, APPLICATION).entry.id
    approval = ApproveApplication(monitors=(_id(by["staff"]), _id(by["second_staff"])))
    registers.ask(by["slt"], accounts.REGISTER, applied, approval)
    creation = CreateAccount(
        created_at=installation.clock(),
        custodian=_id(by["moderator"]),
        kept_in=KeptIn.PASSWORD_MANAGER,
        reference="school accounts, entry 1",
    )
    registers.ask(by["moderator"], accounts.REGISTER, applied, creation)


def _let_the_auditor_in(installation: Installation, by: Mapping[str, User]) -> None:
    """Grant the auditor every case for as long as the tokens last, as two people have to."""
    registers, auditor, now = installation.registers, by["auditor"], installation.clock()
    if registers.as_granted(auditor, now).only is None:
        return
    wanted = ProposeGrant(auditor=_id(auditor), until=now + VALID_FOR, purpose="To show an audit.")
    proposed = registers.begin(by["headteacher"], grants.REGISTER, wanted).entry.id
    registers.ask(by["dpo"], grants.REGISTER, proposed, GrantAccess())


def _id(user: User) -> UserId:
    assert user.id is not None
    return user.id


def _address(key: str) -> str:
    return f"{key.replace('_', '-')}@demonstration.example.org"


def _tokens(installation: Installation) -> dict[str, str]:
    school = next(iter(installation.schools))
    users = installation.users
    known = {person.email: person.id for person in users.people(school, users.roster(school))}
    expires_at = installation.clock() + VALID_FOR
    tokens = {}
    for key, (name, role) in PEOPLE.items():
        email = _address(key)
        user = known.get(email) or users.add(school, name, email, [role])
        tokens[key] = users.issue_token(school, user, expires_at)
    return tokens
