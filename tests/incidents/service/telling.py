"""A case planted with what no letter to a person may tell, and the letters asked for in it.

Another child, a witness, a handle, a quote, a child's words, an opinion: `untold` finds them.
"""

from datetime import date
from typing import Final

import msgspec

from incidents.domain.facts import Event, PersonId
from incidents.domain.intake import PersonInIncident
from incidents.domain.internal import StartInternalHandling
from incidents.domain.state import Case
from incidents.domain.vocabulary import Part, PersonRole, Route
from incidents.letter_data import Letter
from incidents.letters.facts import facts
from incidents.letters.recipients import recipients
from tests.incidents.service.test_letters import assessment, event_of
from tests.support.office import PARENT, Office

PLANTED: Final = {
    "child": "Planted-Child",
    "witness": "Planted-Witness",
    "handle": "@planted_handle",
    "quote": "planted quotation",
    "words": "planted words of a child",
    "opinion": "planted opinion",
    "investigation": "planted record of what was looked into",
}
WRITTEN: Final = date(2026, 11, 23)


def planted(office: Office) -> Case:
    """A case about a parent's post, with all that must not leave, on the route for parents."""
    people = (
        PersonInIncident(part=Part.SUBJECT, role=PersonRole.PARENT, name=PARENT),
        PersonInIncident(part=Part.AFFECTED, role=PersonRole.PUPIL, name=PLANTED["child"]),
        PersonInIncident(part=Part.AFFECTED, role=PersonRole.STAFF, name=PLANTED["witness"]),
    )
    case = office.log(
        people=people,
        facts=f"{PLANTED['handle']} wrote: “{PLANTED['quote']}”. {PLANTED['witness']} saw it.",
        child_words=PLANTED["words"],
        opinion=PLANTED["opinion"],
    )
    assessment(office, case)
    office.ask("slt", case, StartInternalHandling(route=Route.PARENT))
    return office.give_contact("slt", case)


def letter_of(
    office: Office, case: Case, code: str, kind: type[Event], audience: str
) -> tuple[PersonId, Letter]:
    """The one recipient of a letter and its facts."""
    lookup, event = office.installation.lookup(), event_of(office, case, kind)
    (to,) = recipients(lookup, case.school, case.id, event.event_id, audience)
    assert to is not None
    found = facts(lookup, case.school, case.id, event.event_id, code, audience, to, WRITTEN)
    return PersonId(to), found


def untold(letter: Letter) -> list[str]:
    """What of the planted words is in the facts after all."""
    said = msgspec.json.encode(letter).decode()
    return [what for what, words in PLANTED.items() if words in said]
