"""A mail as it goes over the wire: headers that cannot be injected into, and seven-bit bytes."""

import re
from datetime import datetime
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final
from uuid import UUID

from notifier.transports import Address, Mail, Permanent

# Seven bits go through every server; a body that is not ASCII is quoted or in base64.
POLICY: Final = SMTP.clone(cte_type="7bit", utf8=False)
UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
ADDRESS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,253}")


def message_id(letter_id: UUID, domain: str) -> str:
    """Return the Message-ID of a letter: the same at every attempt, so that repeats show."""
    return f"<{letter_id}@{domain}>"


def compose(mail: Mail, *, domain: str, sent_at: datetime) -> bytes:
    """Return the bytes of `mail`, lines ending in CR LF. The same input gives the same bytes.

    Raises `Permanent` for an address that cannot be one ("bad-address") and for a header with a
    line break or another control character in it ("bad-header").
    """
    message = EmailMessage(POLICY)
    message["Date"] = format_datetime(sent_at)
    message["Message-ID"] = message_id(mail.letter_id, domain)
    message["From"] = _address(mail.sender)
    message["To"] = _address(mail.recipient)
    message["Subject"] = _printable(mail.subject)
    # RFC 3834: tells holiday replies and other robots not to answer.
    message["Auto-Submitted"] = "auto-generated"
    if mail.possible_repeat:
        message["X-Caseward-Possible-Repeat"] = "yes"
    message.set_content(mail.text)
    if mail.attachment is not None:
        main, sub = mail.attachment.media_type.split("/")
        message.add_attachment(
            mail.attachment.content,
            maintype=main,
            subtype=sub,
            filename=_printable(mail.attachment.filename),
        )
        # The standard library draws a boundary by lot; a second try must send the same bytes.
        message.set_boundary(f"={mail.letter_id.hex}=")
    return message.as_bytes()


def _address(address: Address) -> HeaderAddress:
    if not ADDRESS.fullmatch(address.email):
        raise Permanent("bad-address")
    return HeaderAddress(display_name=_printable(address.name), addr_spec=address.email)


def _printable(value: str) -> str:
    if UNPRINTABLE.search(value):
        raise Permanent("bad-header")
    return value
