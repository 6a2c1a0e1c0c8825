"""The finished documents: kept as sent, under their case's key, and given out to be sent."""

from uuid import UUID

from incidents.domain.facts import PersonId, SchoolId
from incidents.domain.letters import WITHOUT_APPROVAL
from incidents.domain.state import Letter
from incidents.domain.vocabulary import LetterForm, LetterState
from incidents.letters.lookup import Lookup, NotToBeSent
from incidents.letters.recipients import recipient
from incidents.messages import Delivery, DeliveryAsked, Sender


def keep(lookup: Lookup, school: SchoolId, case_id: UUID, content: bytes) -> str:
    """Keep a finished document and return its SHA-256 in hex. Raises `NoSuchCase`."""
    case = lookup.case(school, case_id)
    return lookup.cases.store.blobs.keep(case.school, case.id, content)


def delivery(lookup: Lookup, asked: DeliveryAsked) -> Delivery:
    """Return where an approved letter is to go now, and its document as it was kept.

    Raises `NoSuchCase` and `NotToBeSent`.
    """
    case = lookup.case(SchoolId(asked.school), asked.case_id)
    letter = case.letters.get(asked.letter_id) or _not_yet_read_of(asked)
    if letter.state is not LetterState.APPROVED:
        raise NotToBeSent("not_approved")
    if letter.document != asked.document:
        raise NotToBeSent("another_document")
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
        media_type=asked.media_type,
        document=lookup.cases.store.blobs.read(case.school, case.id, asked.document),
    )


def _not_yet_read_of(asked: DeliveryAsked) -> Letter:
    """A letter that nobody has to approve, as its outcome will tell the case in a moment."""
    if asked.letter not in WITHOUT_APPROVAL:
        raise NotToBeSent("unknown_letter")
    return Letter(
        letter=asked.letter_id,
        code=asked.letter,
        state=LetterState.APPROVED,
        form=LetterForm.EMAIL,
        prompted_by=asked.event_id,
        recipient=PersonId(asked.recipient_ref) if asked.recipient_ref else None,
        audience=asked.audience,
        document=asked.document,
    )
