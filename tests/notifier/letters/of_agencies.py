"""Ordinary facts of the letters to agencies, to the press office and about a data breach."""

from datetime import date
from typing import Any, Final

from incidents.letter_data import (
    Alert,
    BreachReport,
    BreachTold,
    Evidence,
    Involved,
    Letter,
    OnlineReport,
    PressSupport,
    PreventReferral,
    Recipient,
    SocialCareReferral,
)
from tests.notifier.letters.people import (
    DPO,
    HEAD,
    POSTED_PARENT,
    PRINT,
    REPORTER,
    at,
    common,
)


def _to(name: str) -> dict[str, Any]:
    return {**common(Recipient(name=name, salutation="colleague")), "agency": name}


ONLINE: Final[dict[str, Any]] = {
    "urgent": False,
    "platform": "A video site",
    "observed_at": at(20, 16, 40),
    "posted_at": at(19, 21),
    "post_url": "https://social.example.com/watch/1234567890",
}
SEEN: Final[dict[str, Any]] = {
    "urgent": True,
    "kind": "Abuse",
    "platform": "A messaging app",
    "observed_at": at(20, 16, 40),
    "posted_at": at(19, 21),
    "evidence": [
        Evidence(
            label="Notes of the talk", kind="document", captured_at=at(20, 17, 5), sha256=PRINT
        )
    ],
    "actions_taken": ["The child stays with the teaching assistant until she is collected."],
}

SAMPLES: Final[dict[str, Letter]] = {
    "L21": SocialCareReferral(
        **_to("Children’s social care"),
        **SEEN,
        reason="The child said that she is afraid to go home.",
        facts="The child showed the class teacher messages that she had on her telephone from an "
        "adult whom she called her uncle.",
        child_words="“He says I am not to tell.”",
        people=[
            Involved(part="subject", role="unknown adult"),
            Involved(part="affected", role="pupil", name="The pupil"),
            Involved(part="related", role="parent", name="The parent"),
        ],
        level=4,
        consent="not_sought",
        no_consent_because="To ask the parents could put the child at greater risk.",
        other_children="A younger brother, in reception at the same school.",
    ),
    "L22": PreventReferral(
        **_to("Prevent, local team"),
        **{**SEEN, "urgent": False},
        reason="A pupil repeats slogans of a group that calls for violence.",
        facts="On three days in one week the pupil repeated slogans from a video and said that he "
        "had seen it with an older boy.",
        people=[Involved(part="subject", role="pupil", name="The pupil")],
    ),
    "L23": OnlineReport(
        **_to("Internet watch, reports"),
        **ONLINE,
        reason="The page may show a child in an indecent picture. Nobody at the school has "
        "opened it again.",
    ),
    "L24": PressSupport(
        **common(Recipient(name="County council, press office", salutation="colleague"), HEAD),
        outlet="A local newspaper",
        query="What does the school say about the post that parents are talking about, and has "
        "anybody been suspended?",
        asked="There is a post about the school. The school is dealing with it under its policy. "
        "It is half-term next week, and the school is closed.",
        received_at=at(20, 11, 20),
        answer_by=at(23, 12),
    ),
    "L24b": OnlineReport(
        **_to("County council, press office"),
        **ONLINE,
        reason="Several schools of the county are named in the same video.",
    ),
    "L25": BreachReport(
        **common(Recipient(name="Information commissioner", salutation="colleague"), DPO),
        aware_at=at(20, 16, 40),
        nature="A list of one class, with names, dates of birth and telephone numbers of parents, "
        "stood on a public page of the school’s website.",
        people_affected=58,
        consequences="Somebody could ring the families and pretend to be the school.",
        measures="The list was taken down within an hour. The page has been removed from the "
        "search engines. The families are told.",
        reason="The list names children and how to reach their families, and could be read by "
        "anybody for two days.",
        late_because="The page was found on a Friday, and its visitors could be counted only when "
        "the host answered.",
    ),
    "L26": BreachTold(
        **common(POSTED_PARENT, DPO),
        known_on=date(2026, 11, 20),
        nature="A class list stood on a public page of the school’s website for two days. It had "
        "the name and date of birth of your child on it, and your telephone number.",
        consequences="Somebody could ring you and pretend to be the school.",
        measures="We took the list down within an hour of hearing of it, and have reported it to "
        "the Information Commissioner.",
    ),
    "A2": Alert(**common(REPORTER), about="somebody may be in danger: look at the case now"),
    "A5": Alert(
        **common(REPORTER),
        about="a journalist has asked the school something",
        act_by=at(20, 16, 55),
    ),
    "A6": Alert(**common(REPORTER), about="personal data may have got out", act_by=at(21, 16, 40)),
    "A6b": Alert(
        **common(REPORTER), about="a picture is to be taken down at once", act_by=at(20, 17, 40)
    ),
    "A9": Alert(**common(REPORTER), about="several reports are to be looked at together"),
}
