"""What all questions about letters begin with: the case, the event, its words and local dates."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from incidents.cases import Cases
from incidents.domain.access import walled
from incidents.domain.facts import Recorded, SchoolId, Text, UserId
from incidents.domain.school import User
from incidents.domain.state import Case
from incidents.domain.vocabulary import Role
from incidents.school_files import SchoolFiles


class NotToBeSent(Exception):
    """This letter is not to go to this recipient. `code` says why, without a person's words."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Lookup:
    """Cases, users and schools as the letters need them."""

    def __init__(self, cases: Cases) -> None:
        self.cases = cases

    def case(self, school: SchoolId, case_id: UUID) -> Case:
        """Return a case of this school. Raises `NoSuchCase` and `NotToBeSent`."""
        case = self.cases.load(case_id)
        if case.school != school:
            raise NotToBeSent("unknown_case")
        return case

    def event(self, case: Case, event_id: UUID) -> Recorded:
        """Return an event of the case. Raises `NotToBeSent`."""
        for recorded in self.cases.history(case.id):
            if recorded.event_id == event_id:
                return recorded
        raise NotToBeSent("unknown_event")

    def files(self, case: Case) -> SchoolFiles:
        return self.cases.schools[case.school]

    def opened(self, case: Case, text: Text) -> str:
        if isinstance(text, str):
            return text
        return self.cases.store.open(text, school=case.school, stream=case.id)

    def words(self, case: Case, text: Text | None) -> str | None:
        return None if text is None else self.opened(case, text)

    def local(self, case: Case, moment: datetime) -> datetime:
        return self.files(case).calendar.local(moment)

    def day(self, case: Case, moment: datetime) -> date:
        return self.local(case, moment).date()

    def holding(self, case: Case, *roles: Role) -> list[UserId]:
        """Everybody at the school who holds one of these roles."""
        roster = self.cases.users.roster(case.school)
        return [user for user, held in roster.items() if held & set(roles)]

    def allowed(self, case: Case, users: Sequence[UserId]) -> list[UserId]:
        """Without those the case is walled from, and those who are no longer here."""
        roster = self.cases.users.roster(case.school)
        return [
            user
            for user in users
            if roster.get(user)
            and not walled(case, User(id=user, school=case.school, roles=roster[user]))
        ]
