"""What every letter has: the school, who signs, who reads, and what of the policy it cites."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Data(msgspec.Struct, frozen=True, omit_defaults=True):
    pass


class School(Data, frozen=True, kw_only=True):
    name: str
    address_lines: list[str]
    phone: str
    email: str


class Contact(Data, frozen=True, kw_only=True):
    """A named person at the school whom the reader may turn to."""

    name: str
    role: str
    phone: str
    email: str


class Recipient(Data, frozen=True, kw_only=True):
    """`salutation` is what follows "Dear". Without address lines the letter is not for the post.

    Where an address is not to be known, none is recorded: the letter is handed over.
    """

    recipient_ref: UUID | None = None
    name: str
    salutation: str
    address_lines: list[str] = []
    email: str | None = None
    language: Literal["en", "cy"] = "en"
    large_print: bool = False


class Letter(Data, frozen=True, kw_only=True):
    """What every letter and alert has. `reference` is the case's, e.g. `CW-7K4M-2QXD`."""

    school: School
    reference: str
    written_on: date
    contact: Contact
    recipient: Recipient


class Post(Data, frozen=True, kw_only=True):
    platform: str
    seen_on: date
    posted_on: date | None = None
    url: str | None = None


class Clause(Data, frozen=True, kw_only=True):
    """A clause of the policy: its number in the edition, and its words."""

    ref: str
    words: str


Clauses = Annotated[list[Clause], msgspec.Meta(min_length=1)]
