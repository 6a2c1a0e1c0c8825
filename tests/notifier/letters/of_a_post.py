"""Ordinary facts of the letters about a post, of alerts and of what reporters are told."""

from datetime import date
from typing import Final

from incidents.letter_data import (
    Alert,
    AudienceNotice,
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
    StaffCorrection,
)
from tests.notifier.letters.people import (
    ASK_TO_REMOVE,
    DESIGNATED,
    DISCLAIMER,
    OFFICER,
    OTHER_PRINT,
    POSTED_PARENT,
    PRINT,
    QUESTIONS,
    REPORTER,
    RESPECT,
    STAFF,
    at,
    common,
)

SAMPLES: Final[dict[str, Letter]] = {
    "L1": ReportReceived(
        **common(REPORTER), received_on=date(2026, 11, 20), act_by=date(2026, 11, 23)
    ),
    "L2": RemovalAndMeeting(
        **common(POSTED_PARENT),
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
        **common(Recipient(name="The school’s account", salutation="All")),
        action="removed a comment",
        clause=RESPECT,
    ),
    "L17": StaffCorrection(
        **common(STAFF),
        clauses=[DISCLAIMER],
        correction="Please add to your profile a line such as: “My views are my own and not those "
        "of the school.”",
        correct_by=date(2026, 11, 27),
        support="The administrator will gladly show you where the line goes. The next training "
        "session on social media is on 3 December at 3:45pm.",
    ),
    "L19": PoliceReferral(
        **common(OFFICER),
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
        **common(DESIGNATED),
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
        **common(REPORTER), received_on=date(2026, 11, 20), closed_on=date(2026, 12, 3)
    ),
    "A1": Alert(**common(REPORTER), about="a new report is waiting", act_by=at(23, 16, 40)),
    "A4": Alert(**common(REPORTER), about="a referral is to be decided on", act_by=at(20, 18)),
    "A8": Alert(**common(REPORTER), about="the assessment is not recorded", act_by=at(24, 16, 40)),
    "A10": Alert(**common(REPORTER), about="somebody has read a case in an emergency"),
    "A10b": Alert(**common(REPORTER), about="the case needs another lead"),
}
