"""Ordinary facts of the letters about conduct, to parents, staff and those affected."""

from datetime import date
from typing import Final

from incidents.letter_data import (
    ChildPublished,
    Clause,
    DealtWith,
    Letter,
    Post,
    PostStillThere,
    PupilsBehaviour,
    Recipient,
    ToldOfAllegation,
    TrainingSet,
)
from tests.notifier.letters.people import (
    ASK_TO_REMOVE,
    HEAD,
    POSTED_PARENT,
    STAFF,
    at,
    common,
)

BY_PUPILS: Final = Clause(
    ref="6.2",
    words="Offensive or inappropriate comments by pupils are resolved through the behaviour "
    "policy.",
)
CHILDS_PARENTS: Final = Recipient(
    name="The parents or carers of The Pupil",
    salutation="parents and carers",
    address_lines=["12 Example Street", "Exampleton", "EX1 0AB"],
)

SAMPLES: Final[dict[str, Letter]] = {
    "L3": PostStillThere(
        **common(POSTED_PARENT),
        post=Post(
            platform="Facebook",
            seen_on=date(2026, 11, 12),
            posted_on=date(2026, 11, 11),
            url="https://social.example.com/groups/exampleton/posts/1234567890",
        ),
        policy_title="Social media policy",
        clauses=[ASK_TO_REMOVE],
        next_steps="If we do not hear from you by 27 November, we will ask the website to look at "
        "the post under its own rules.",
        asked_on=date(2026, 11, 16),
        meeting_slots=[at(25, 15, 45), at(26, 8, 30)],
    ),
    "L16": PupilsBehaviour(
        **common(POSTED_PARENT),
        child="Your Child",
        known_on=date(2026, 11, 20),
        clauses=[BY_PUPILS],
        done="Your child’s class teacher has talked with your child about what was written and how "
        "it felt to read it. Your child has written a note to put it right.",
        support="The learning mentor meets your child on Tuesdays after lunch for the next four "
        "weeks. You are welcome to come along.",
    ),
    "L17b": TrainingSet(
        **common(STAFF),
        topic="Social media and the school: an hour with the local safeguarding adviser",
        attend_by=date(2026, 12, 11),
    ),
    "L18": ToldOfAllegation(
        **common(STAFF, HEAD),
        agency="Local authority designated officer",
        agreed="Somebody has raised a concern about messages on a private account. The local "
        "authority is looking at it together with the police. You will be asked about it, and told "
        "beforehand when and by whom.",
    ),
    "L27": ChildPublished(
        **common(CHILDS_PARENTS, HEAD),
        child="The Pupil",
        where="The school’s Twitter account, in a post about sports day",
        published_on=date(2026, 11, 19),
        taken_down_on=date(2026, 11, 20),
    ),
    "L30": DealtWith(**common(STAFF), reported_on=date(2026, 11, 9), decided_on=date(2026, 11, 20)),
}
