"""The finished documents: kept as sent, under their case's key, and given out to be sent."""

from uuid import UUID

from incidents.domain.facts import SchoolId
from incidents.domain.vocabulary import LetterState
from incidents.letters.lookup import Lookup, NotToBeSent
from incidents.letters.recipients import recipient
from incidents.messages import Delivery, Sender


def keep(lookup: Lookup, school: SchoolId, case_id: UUID, content: bytes) -> str:
    """Keep a finished document and return its SHA-256 in hex. Raises `NoSuchCase`."""
    case = lookup.case(school, case_id)
    return lookup.cases.store.blobs.keep(case.school, case.id, content)


def delivery(lookup: Lookup, school: SchoolId, case_id: UUID, letter_id: UUID) -> Delivery:
    """Return where an approved letter is to go now, and its document as it was kept.

    Raises `NoSuchCase` and `NotToBeSent`.
    """
    case = lookup.case(school, case_id)
    letter = case.letters.get(letter_id)
    if letter is None or letter.document is None or letter.media_type is None:
        raise NotToBeSent("unknown_letter")
    if letter.state is not LetterState.APPROVED:
        raise NotToBeSent("not_approved")
    event = lookup.event(case, letter.prompted_by).event
    to = recipient(lookup, case, letter.audience, letter.recipient, event)
    if to.email is None:
        raise NotToBeSent("no_email_address")
    head = lookup.files(case).letterhead
    return Delivery(
        email=to.email,
        name=to.name,
        reference=case.reference,
        school=Sender(name=head.name, email=head.email),
        media_type=letter.media_type,
        document=lookup.cases.store.blobs.read(case.school, case.id, letter.document),
    )
