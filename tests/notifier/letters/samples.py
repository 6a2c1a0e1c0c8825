"""Fictional facts for every letter: as usual, with as little as can be, and with as much.

They are built from the Structs that incidents sends, so a field that is renamed there breaks here;
and written as JSON, which is all that the notifier ever sees.
"""

from datetime import date, datetime, timedelta, timezone
from typing import Any, Final, NamedTuple

import msgspec

from incidents.letter_data import (
    LETTERS,
    Alert,
    AudienceNotice,
    Clause,
    Contact,
    Evidence,
    HarmAnswer,
    Involved,
    LadoReferral,
    Letter,
    PoliceReferral,
    Post,
    Recipient,
    RemovalAndMeeting,
    ReportClosed,
    ReportReceived,
    School,
    StaffCorrection,
)
from notifier.shape import Kind, Shape, read_shape

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
PARENT: Final = Recipient(name="The Parent", salutation="Parent")
POSTED_PARENT: Final = Recipient(
    name="The Parent",
    salutation="Parent",
    address_lines=["12 Example Street", "Exampleton", "EX1 0AB"],
)
REPORTER: Final = Recipient(name="The class teacher", salutation="Class teacher")
OFFICER: Final = Recipient(name="Police, school liaison", salutation="Colleague")
DESIGNATED: Final = Recipient(name="Local authority designated officer", salutation="Colleague")
STAFF: Final = Recipient(name="The teaching assistant", salutation="Teaching assistant")

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


def _common(recipient: Recipient) -> dict[str, Any]:
    return {
        "school": SCHOOL,
        "reference": "CW-7K4M-2QXD",
        "written_on": WRITTEN,
        "contact": DEPUTY,
        "recipient": recipient,
    }


USUAL: Final[dict[str, Letter]] = {
    "L1": ReportReceived(
        **_common(REPORTER), received_on=date(2026, 11, 20), act_by=date(2026, 11, 23)
    ),
    "L2": RemovalAndMeeting(
        **_common(POSTED_PARENT),
        post=Post(
            platform="Facebook",
            seen_on=date(2026, 11, 20),
            posted_on=date(2026, 11, 19),
            url="https://social.example.com/groups/exampleton/posts/1234567890",
        ),
        policy_title="Social media policy",
        clauses=[RESPECT, ASK_TO_REMOVE],
        meeting_slots=[at(25, 15, 45), at(26, 8, 30), at(27, 12)],
        reply_by=date(2026, 11, 25),
    ),
    "L13": AudienceNotice(
        **_common(Recipient(name="The school’s account", salutation="All")),
        action="removed a comment",
        clause=RESPECT,
    ),
    "L17": StaffCorrection(
        **_common(STAFF),
        clauses=[DISCLAIMER],
        correction="Please add to your profile a line such as: “My views are my own and not those "
        "of the school.”",
        correct_by=date(2026, 11, 27),
        support="The administrator will gladly show you where the line goes. The next training "
        "session on social media is on 3 December at 3:45pm.",
    ),
    "L19": PoliceReferral(
        **_common(OFFICER),
        agency="Police, school liaison",
        urgent=True,
        kind="Threat",
        platform="Twitter",
        facts="An anonymous account answered the school’s public post of the same morning with the "
        "words: “I know which gate you leave by.”\nThe account was made on the same day and has "
        "no other posts.",
        reason="The words may be a threat to a member of staff.",
        observed_at=at(20, 16, 40),
        posted_at=at(20, 16, 5),
        post_url="https://social.example.com/example-primary/status/1234567890123456789",
        people=[
            Involved(part="subject", role="unknown account holder"),
            Involved(part="affected", role="member of staff", name="The class teacher"),
        ],
        evidence=[
            Evidence(
                label="Screenshot of the reply",
                kind="screenshot",
                captured_at=at(20, 16, 52),
                sha256=PRINT,
            ),
            Evidence(
                label="Web page of the account",
                kind="page copy",
                captured_at=at(20, 16, 58),
                sha256=OTHER_PRINT,
            ),
        ],
        actions_taken=[
            "The reply was recorded, then reported to the platform; the account was blocked.",
            "The member of staff was told and is collected from another door.",
        ],
        possible_offences=["threatening communication", "harassment"],
    ),
    "L20": LadoReferral(
        **_common(DESIGNATED),
        agency="Local authority designated officer",
        urgent=False,
        kind="Staff contact with a former pupil",
        platform="A private messaging account",
        facts="A colleague reported that a teacher follows, and exchanges messages with, a pupil "
        "who left the school in July 2026, on the teacher’s private account.",
        reason="Personal contact by an adult who works with children with a former pupil.",
        observed_at=at(19, 12, 15),
        people=[
            Involved(part="subject", role="teacher", name="The class teacher"),
            Involved(part="affected", role="former pupil, aged 11", name="The former pupil"),
        ],
        evidence=[
            Evidence(
                label="What was seen on the screen", kind="description", captured_at=at(19, 12, 40)
            )
        ],
        actions_taken=["The report was recorded and assessed on the day it was made."],
        harm_test=[
            HarmAnswer(question=question, answer=number > 1)
            for number, question in enumerate(QUESTIONS)
        ],
        other_work="The teacher also runs an after-school club elsewhere.",
    ),
    "L31": ReportClosed(
        **_common(REPORTER), received_on=date(2026, 11, 20), closed_on=date(2026, 12, 3)
    ),
    "A1": Alert(**_common(REPORTER), about="a new report is waiting", act_by=at(23, 16, 40)),
    "A4": Alert(**_common(REPORTER), about="a referral is to be decided on", act_by=at(20, 18)),
    "A8": Alert(**_common(REPORTER), about="the assessment is not recorded", act_by=at(24, 16, 40)),
}


ACCENTED_NAME: Final = "Siân Łukasiewicz-Ó Conchúir"
ACCENTED: Final = "Zoë’s naïve façade, Ŵyn ŷ Żółć, Đặng Thị Huyền, Ελένη, Юлія"
LINK: Final = "https://social.example.com/" + "a-very-long-group-name/" * 12 + "?post=" + "7" * 60
LONG: Final = "\n\n".join(
    f"{ACCENTED}. The account was made on the same day and has no other posts; those who saw it "
    "were asked to write down what they saw, when, and on which device, before anything was "
    f"reported or removed. This is paragraph {number} of what was recorded." * number
    for number in (1, 2, 3)
)
TOLD_AT_LENGTH: Final = frozenset(
    {"facts", "child_words", "reason", "correction", "support", "other_children", "other_work"}
)
AS_USUAL: Final = frozenset({"reference", "phone", "email", "salutation", "action", "about"})


def facts(letter: Letter) -> dict[str, Any]:
    """Return the facts as the notifier gets them: decoded JSON."""
    return msgspec.json.decode(msgspec.json.encode(letter), type=dict[str, Any])


def usual(code: str) -> dict[str, Any]:
    """Return ordinary facts of the letter with this code."""
    return facts(USUAL[code])


def schema(code: str) -> dict[str, Any]:
    """Return the JSON Schema of the facts of the letter with this code."""
    return msgspec.json.schema(LETTERS[code])


def least(code: str) -> dict[str, Any]:
    """Return the facts with every optional field absent and every list as short as it may be."""
    read: dict[str, Any] = _least(read_shape(schema(code)), usual(code))
    return read


def _least(shape: Shape, value: Any) -> Any:
    if shape.kind is Kind.LIST:
        return value[: shape.least]
    if shape.kind is not Kind.GROUP:
        return value
    kept = {name: field for name, field in shape.fields.items() if not field.optional}
    return {name: _least(field, value[name]) for name, field in kept.items() if name in value}


def most(code: str, many: int = 8, told: str = LONG) -> dict[str, Any]:
    """Return the facts with every field filled, and with letters of many languages.

    Lists have `many` entries, where the letter does not fix their number; `told` is what stands
    where people write at length.
    """
    read: dict[str, Any] = _Most(many, told).facts(read_shape(schema(code)), usual(code), "")
    return read


class _Most(NamedTuple):
    many: int
    told: str

    def facts(self, shape: Shape, value: Any, name: str) -> Any:
        match shape.kind:
            case Kind.GROUP:
                given = value or {}
                fields = shape.fields.items()
                return {key: self.facts(field, given.get(key), key) for key, field in fields}
            case Kind.LIST:
                return self._list(shape, value or [], name)
            case Kind.MOMENT:
                return value or at(20, 16, 5).isoformat()
            case Kind.DATE:
                return value or "2026-11-19"
            case Kind.ID:
                return "00000000-0000-4000-8000-000000000000"
            case Kind.TEXT:
                return self._text(name, value)
        return value

    def _list(self, shape: Shape, value: list[Any], name: str) -> list[Any]:
        assert shape.items
        count = {"address_lines": 5, "harm_test": len(QUESTIONS)}.get(name, self.many)
        items = [value[n % len(value)] if value else None for n in range(count)]
        return [self.facts(shape.items, item, name) for item in items]

    def _text(self, name: str, value: str | None) -> str:
        if name in AS_USUAL and value:
            return value
        if name in TOLD_AT_LENGTH:
            return self.told
        known = {"name": ACCENTED_NAME, "sha256": PRINT, "url": LINK, "post_url": LINK}
        known["address_lines"] = value or "Tŷ’r Ysgol, Żółć Street"
        return known.get(name, value or ACCENTED)
