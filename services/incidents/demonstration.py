"""A school to try things out with: one user for every role, and a token for each in a file.

Every name is a role, every address one that can't be written to.
"""

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

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
    return path


def _tokens(installation: Installation) -> dict[str, str]:
    school = next(iter(installation.schools))
    users = installation.users
    known = {person.email: person.id for person in users.people(school, users.roster(school))}
    expires_at = installation.clock() + VALID_FOR
    tokens = {}
    for key, (name, role) in PEOPLE.items():
        email = f"{key.replace('_', '-')}@demonstration.example.org"
        user = known.get(email) or users.add(school, name, email, [role])
        tokens[key] = users.issue_token(school, user, expires_at)
    return tokens
