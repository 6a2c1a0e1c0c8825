"""What goes into each letter: one function a letter, and nothing but what its struct lists."""

from collections.abc import Mapping
from datetime import date
from typing import Final
from uuid import UUID

from incidents import letter_data as data
from incidents.domain.facts import SchoolId
from incidents.letters import alerts, complaints, conduct, press_and_breach, referrals
from incidents.letters.about import About, Facts
from incidents.letters.lookup import Lookup, NotToBeSent
from incidents.letters.recipients import recipient

KINDS: Final[Mapping[str, Facts]] = {
    **conduct.KINDS,
    **complaints.KINDS,
    **referrals.KINDS,
    **press_and_breach.KINDS,
    **alerts.KINDS,
}
"""By the letter's code: the same codes as in `letter_data.LETTERS`."""


def facts(
    lookup: Lookup,
    school: SchoolId,
    case_id: UUID,
    event_id: UUID,
    letter: str,
    audience: str,
    recipient_ref: UUID | None,
    written_on: date,
) -> data.Letter:
    """Return the facts of one letter for one recipient, opened for this moment only.

    Raises `NoSuchCase` and `NotToBeSent`.
    """
    case = lookup.case(school, case_id)
    event = lookup.event(case, event_id)
    kind = KINDS.get(letter)
    if kind is None:
        raise NotToBeSent("unknown_letter")
    reader = recipient(lookup, case, audience, recipient_ref, event.event)
    return kind(lookup, About(case, event, lookup.files(case), reader, written_on))
