"""What the facts of every letter begin with: the case, the event, the reader, and who signs."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, TypeVar

from incidents import letter_data as data
from incidents.domain.facts import Event, Recorded, UserId
from incidents.domain.state import Case
from incidents.letters.lookup import Lookup, NotToBeSent
from incidents.letters.words import title
from incidents.school_files import SchoolFiles

ANOTHER_EVENT: Final = "event_of_another_kind"

E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class About:
    """A letter in the making: the case as it stands, the event it answers to, its reader."""

    case: Case
    event: Recorded
    files: SchoolFiles
    recipient: data.Recipient
    written_on: date

    def of(self, kind: type[E]) -> E:
        """The event, which has to be of this kind. Raises `NotToBeSent`."""
        if not isinstance(self.event.event, kind):
            raise NotToBeSent(ANOTHER_EVENT)
        return self.event.event


Facts = Callable[[Lookup, About], data.Letter]
"""Makes the facts of one kind of letter. Raises `NotToBeSent`."""


def common(lookup: Lookup, about: About, signed_by: UserId | None = None) -> dict[str, Any]:
    """What every letter begins with.

    The contact is who signs it, if the letter is somebody's own; else the lead, or the office
    before there is one. Whoever is walled out by now signs nothing.
    """
    case, head = about.case, about.files.letterhead
    signs = lookup.allowed(case, [user for user in (signed_by, case.lead) if user])[:1]
    people = lookup.cases.users.people(case.school, signs)
    contact = data.Contact(
        name=people[0].name if people else head.contact_name,
        role=title(people[0].roles) if people else head.contact_role,
        phone=head.phone,
        email=head.email,
    )
    school = data.School(
        name=head.name, address_lines=list(head.address), phone=head.phone, email=head.email
    )
    return {
        "school": school,
        "reference": case.reference,
        "written_on": about.written_on,
        "contact": contact,
        "recipient": about.recipient,
    }


def clauses(about: About, refs: tuple[str, ...]) -> list[data.Clause]:
    """Clauses with the words of the edition in force; one that has gone keeps its number."""
    words = about.files.policy.clauses
    return [data.Clause(ref=ref, words=words.get(ref, "see the school's policy")) for ref in refs]


def date_words(lookup: Lookup, about: About, moment: datetime) -> str:
    day = lookup.day(about.case, moment)
    return f"{day.day} {day:%B %Y}"


def latest(lookup: Lookup, about: About, kind: type[E]) -> E:
    """The last event of this kind up to the one that asks for the letter. Raises `NotToBeSent`."""
    recorded = earlier(lookup, about, kind)
    if recorded is None or not isinstance(recorded.event, kind):
        raise NotToBeSent("nothing_to_tell")
    return recorded.event


def earlier(lookup: Lookup, about: About, kind: type[E]) -> Recorded | None:
    """The same with when it was recorded and by whom; None where there was none."""
    history = reversed(lookup.cases.history(about.case.id))
    before = (r for r in history if r.version <= about.event.version)
    return next((r for r in before if isinstance(r.event, kind)), None)
