"""What the rules need to know of the school at the moment they decide."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from incidents.domain.deadlines import Calendar, Term, due_at, due_before
from incidents.domain.facts import CaseId, SchoolId, UserId
from incidents.domain.vocabulary import Due, Role


class User(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody (or one of our programs, `id` None) with the roles he holds at this moment.

    `only` are the cases that he has as an auditor; None where nothing narrows that role.
    """

    id: UserId | None
    school: SchoolId
    roles: frozenset[Role]
    only: frozenset[CaseId] | None = None

    def roles_on(self, case: CaseId) -> frozenset[Role]:
        """The roles he holds where a case is concerned."""
        beyond = self.only is not None and case not in self.only
        return self.roles - {Role.AUDITOR} if beyond else self.roles

    @property
    def roles_without_a_case(self) -> frozenset[Role]:
        """The roles he holds where no case is concerned: lists, registers, the record of access."""
        return self.roles if self.only is None else self.roles - {Role.AUDITOR}


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The school's own numbers that are no deadlines. The defaults are typical, not the law's."""

    complaint_months: int = 3
    """How old a matter may be when it is complained of, exceptions apart."""
    panel_members: int = 3
    contact_review_months: int = 6
    pattern_concerns: int = 3
    pattern_months: int = 12
    """So many low-level concerns about one person in so many months are looked at together."""


class School(msgspec.Struct, frozen=True, kw_only=True):
    """One school's own editions: policy clauses, calendar, deadlines, and who holds which role."""

    id: SchoolId
    policy_version: str
    clauses: Mapping[str, str]
    calendar: Calendar
    terms: Mapping[Due, Term]
    roster: Mapping[UserId, frozenset[Role]]
    limits: Limits = Limits()

    def due(self, what: Due, start: datetime) -> datetime:
        """Return when `what` is due if it starts at `start`, in UTC."""
        return due_at(self.terms[what], start, self.calendar)

    def due_before(self, what: Due, moment: datetime) -> datetime:
        """Return when `what` has to be done so that it is done in time before `moment`, in UTC."""
        return due_before(self.terms[what], moment, self.calendar)

    def morning_of(self, moment: datetime) -> datetime:
        """The opening of the office on that day: what is due at the end of it starts then."""
        return self.calendar.opening(self.calendar.local(moment).date())

    def calendar_version(self, due: datetime) -> str:
        return self.calendar.edition_for(self.calendar.local(due).date())
