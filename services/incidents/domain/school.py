"""What the rules need to know of the school at the moment they decide."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from incidents.domain.deadlines import Calendar, Term, due_at
from incidents.domain.facts import SchoolId, UserId
from incidents.domain.vocabulary import Due, Role


class User(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody (or one of our programs, `id` None) with the roles he holds at this moment."""

    id: UserId | None
    school: SchoolId
    roles: frozenset[Role]


class School(msgspec.Struct, frozen=True, kw_only=True):
    """One school's own editions: policy clauses, calendar, deadlines, and who holds which role."""

    id: SchoolId
    policy_version: str
    clauses: Mapping[str, str]
    calendar: Calendar
    terms: Mapping[Due, Term]
    roster: Mapping[UserId, frozenset[Role]]

    def due(self, what: Due, start: datetime) -> datetime:
        """Return when `what` is due if it starts at `start`, in UTC."""
        return due_at(self.terms[what], start, self.calendar)

    def calendar_version(self, due: datetime) -> str:
        return self.calendar.edition_for(self.calendar.local(due).date())
