"""The school, the people and the clauses that the sample letters are about. All are made up."""

from datetime import date, datetime, timedelta, timezone
from typing import Any, Final

from incidents.letter_data import Clause, Contact, Recipient, School

WINTER: Final = timezone(timedelta(0), "GMT")
WRITTEN: Final = date(2026, 11, 23)
SCHOOL: Final = School(
    name="Example Primary School",
    address_lines=["1 Example Lane", "Exampleton", "EX1 0AA"],
    phone="01632 960123",
    email="office@example.org",
)
DEPUTY: Final = Contact(
    name="A. Deputy",
    role="Deputy headteacher",
    phone="01632 960124",
    email="deputy@example.org",
)
HEAD: Final = Contact(
    name="A. Head", role="Headteacher", phone="01632 960125", email="head@example.org"
)
CLERK: Final = Contact(
    name="A. Clerk", role="Clerk to the panel", phone="01632 960126", email="clerk@example.org"
)
DPO: Final = Contact(
    name="A. Officer",
    role="Data protection officer",
    phone="01632 960127",
    email="dpo@example.org",
)
PARENT: Final = Recipient(name="The Parent", salutation="Parent")
POSTED_PARENT: Final = Recipient(
    name="The Parent",
    salutation="Parent",
    address_lines=["12 Example Street", "Exampleton", "EX1 0AB"],
)
REPORTER: Final = Recipient(name="The class teacher", salutation="Class teacher")
OFFICER: Final = Recipient(
    name="Police, school liaison", salutation="Colleague", email="police@example.org"
)
DESIGNATED: Final = Recipient(
    name="Local authority designated officer", salutation="Colleague", email="lado@example.org"
)
STAFF: Final = Recipient(
    name="The teaching assistant", salutation="Teaching assistant", email="staff@example.org"
)

RESPECT: Final = Clause(
    ref="3.6",
    words="Conduct that is defamatory, discriminatory, offensive or harassing, or that breaches "
    "data protection, confidentiality or copyright, is unacceptable and is taken extremely "
    "seriously.",
)
ASK_TO_REMOVE: Final = Clause(
    ref="6.3",
    words="Parents and carers are asked to remove offensive or inappropriate comments and are "
    "invited to discuss the issues in person.",
)
SWIFTLY: Final = Clause(
    ref="4.1", words="Offensive comments are handled swiftly and with sensitivity."
)
DISCLAIMER: Final = Clause(
    ref="1.3",
    words="A personal account that names or affects the school carries a clear disclaimer that it "
    "does not speak for the school.",
)
PRINT: Final = "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"
OTHER_PRINT: Final = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
QUESTIONS: Final = (
    "Has the adult harmed a child, or may they have done?",
    "Has the adult committed an offence against or related to a child, or may they have done?",
    "May the adult pose a risk of harm to children?",
    "May the adult be unsuitable to work with children?",
)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """Return a moment of November 2026 by the school's clock."""
    return datetime(2026, 11, day, hour, minute, tzinfo=WINTER)


def common(recipient: Recipient, contact: Contact = DEPUTY) -> dict[str, Any]:
    """What every letter has: to this recipient, signed by this contact."""
    return {
        "school": SCHOOL,
        "reference": "CW-7K4M-2QXD",
        "written_on": WRITTEN,
        "contact": contact,
        "recipient": recipient,
    }
