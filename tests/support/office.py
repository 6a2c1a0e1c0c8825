"""An installation with its own clock and one user for every role, as the demonstration has them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from durable import Place
from incidents.cases import Done
from incidents.config import Settings
from incidents.demonstration import PEOPLE
from incidents.domain.facts import PersonId, SchoolId, UserId
from incidents.domain.intake import IdentifyPerson, LogIncident, PersonInIncident
from incidents.domain.school import User
from incidents.domain.state import Case
from incidents.domain.table import Command
from incidents.domain.vocabulary import (
    Category,
    ContactBasis,
    Kind,
    Part,
    PersonRole,
    Role,
)
from incidents.installation import SCHEMAS, Installation, open_installation

SCHOOL_DIR: Final = Path(__file__).parents[2] / "deploy" / "school"
FRIDAY: Final = datetime(2026, 11, 20, 16, 40, tzinfo=UTC)
PARENT: Final = "Planted Parentname"
PARENTS_ADDRESS: Final = "planted.parent@example.org"


def migrated(place: Place) -> None:
    """Make every table of the service at `place`."""
    for schema in SCHEMAS:
        database = place.open(schema, migrate=False)
        database.migrate()
        database.close()


class Office:
    """One school at work. Time stands still unless it is told to pass."""

    def __init__(self, var: Path, now: datetime = FRIDAY, database_url: str | None = None) -> None:
        self.now = now
        settings = Settings(var=var, school_dir=SCHOOL_DIR, database_url=database_url)
        if database_url:
            migrated(settings.place)
        self.installation: Installation = open_installation(settings, now=lambda: self.now)
        self.school: SchoolId = next(iter(self.installation.schools))
        self.users: dict[str, User] = {}
        for key, (name, role) in PEOPLE.items():
            self.users[key] = self.hire(key, name, role)

    def hire(self, key: str, name: str, *roles: Role) -> User:
        users = self.installation.users
        user = users.add(self.school, name, f"{key}@demonstration.example.org", roles)
        return User(id=user, school=self.school, roles=frozenset(roles))

    def id_of(self, key: str) -> UserId:
        user = self.users[key].id
        assert user is not None
        return user

    def after(self, **passed: float) -> None:
        self.now += timedelta(**passed)

    def log(self, by: str = "staff", **said: object) -> Case:
        """Report what a parent wrote, unless something else is `said`."""
        body: dict[str, object] = {
            "kind": Kind.ABUSE,
            "categories": (Category.OFFENSIVE, Category.HARASSING),
            "platform": "Facebook",
            "observed_at": self.now,
            "facts": "A parent wrote that the class teacher is useless.",
            "people": (PersonInIncident(part=Part.SUBJECT, role=PersonRole.PARENT, name=PARENT),),
        }
        command = LogIncident(**{**body, **said})  # type: ignore[arg-type]
        return self.installation.cases.log(self.users[by], command).case

    def ask(self, by: str | User, case: Case | UUID, command: Command) -> Done:
        user = self.users[by] if isinstance(by, str) else by
        case_id = case.id if isinstance(case, Case) else case
        return self.installation.cases.ask(user, case_id, command, version=None)

    def subject(self, case: Case) -> PersonId:
        return case.of(Part.SUBJECT)[0].person

    def give_contact(self, by: str, case: Case) -> Case:
        command = IdentifyPerson(
            person=self.subject(case),
            name=PARENT,
            email=PARENTS_ADDRESS,
            address=("2 Example Lane", "Exampleton"),
            basis=ContactBasis.OWN_CONDUCT,
        )
        return self.ask(by, case, command).case

    def follow(self) -> None:
        """Let the views catch up with the log."""
        views, store = self.installation.views, self.installation.store
        while batch := store.log(views.position(), 500):
            views.take(store, batch)
        search = self.installation.search
        while batch := store.log(search.position(), 500):
            search.take(batch)

    def close(self) -> None:
        self.installation.close()
