"""A colleague's profile without a disclaimer: the clause, by when, what help; no disciplinary."""

from deploy.demo.calendar import november
from deploy.demo.steps import (
    NOTIFIER,
    Scenario,
    Step,
    alert,
    approve,
    ask,
    letter,
    person,
    refused,
    remedy,
    report,
    sees_nothing,
    user,
)

_PROFILE = "https://social.example.com/teaching-assistant-exampleton"
PROFILE_REPORTED = {
    "kind": "unacceptable_conduct",
    "categories": ["missing_disclaimer"],
    "platform": "Twitter",
    "observed_at": november(23, 8, 20),
    "post_url": _PROFILE,
    "poster_identity": "known",
    "facts": (
        "The personal profile of a teaching assistant says where she works, and does not say "
        "that she speaks for herself. Her posts are about gardening."
    ),
    "people": [
        {
            "part": "subject",
            "role": "staff",
            "name": "The teaching assistant in Year 3",
            "user": user("second_staff"),
        },
    ],
}
_PROFILE_ASSESSED = {
    "scope": "personal_in_scope",
    "finding": "unacceptable",
    "categories": ["missing_disclaimer"],
    "risks": ["reputation"],
    "scale": 1,
    "audience": 1,
    "permanency": 1,
    "harm": 1,
    "clauses": ["1.3"],
    "harm_test": {
        "harmed_a_child": False,
        "possible_offence_against_a_child": False,
        "may_pose_a_risk": False,
        "may_be_unsuitable": False,
    },
    "rationale": (
        "The profile names the school and lacks the disclaimer that the policy asks for. There "
        "is nothing else to find fault with, and nobody was harmed."
    ),
}
_CORRECTED = {
    "outcome": "corrected",
    "summary": "The profile says now that its owner speaks for herself. Nothing else was needed.",
}

NO_DISCLAIMER = Scenario(
    9,
    "no-disclaimer",
    "A profile that names the school without a disclaimer",
    (
        Step(
            november(23, 9, 0),
            "staff",
            "reports that a colleague’s own profile names the school",
            report(PROFILE_REPORTED),
        ),
        Step(november(23, 9, 1), NOTIFIER, "alerts the senior leaders (A1)", alert("A1")),
        Step(
            november(23, 9, 1),
            NOTIFIER,
            "tells the reporter that it was received (L1)",
            letter("L1", "sent"),
        ),
        Step(
            november(23, 9, 5),
            "second_staff",
            "looks for the case that is about her",
            sees_nothing,
        ),
        Step(november(23, 10, 0), "slt", "acknowledges the report", ask("acknowledge-report")),
        Step(november(23, 10, 1), "slt", "takes the lead", ask("start-assessment")),
        Step(
            november(23, 10, 10),
            "staff",
            "adds a description of the profile in place of a picture",
            ask(
                "describe-evidence",
                {
                    "kind": "link",
                    "label": "The profile as it read on Monday",
                    "description": "It says “works at Demonstration Primary”, and no more of us.",
                    "reason": "Its other posts are private and none of our business.",
                },
            ),
        ),
        Step(
            november(23, 10, 20),
            "slt",
            "answers the four harm questions with no, and cites the clause",
            ask("record-assessment", _PROFILE_ASSESSED),
        ),
        Step(
            november(23, 10, 22),
            "slt",
            "tries to refer it to the LADO on her own",
            refused(
                ask(
                    "make-referral",
                    {
                        "agency": "lado",
                        "method": "telephone",
                        "reason": "To be on the safe side about a colleague’s profile.",
                    },
                ),
                403,
                "may_refer_to_this_agency",
            ),
        ),
        Step(
            november(23, 10, 25),
            "slt",
            "will handle it as a matter of conduct",
            ask("start-internal-handling", {"route": "staff_conduct"}),
        ),
        Step(
            november(23, 10, 28),
            "slt",
            "records that the colleague is written to as an employee",
            ask(
                "identify-person",
                {
                    "person": person("subject"),
                    "name": "The teaching assistant in Year 3",
                    "salutation": "colleague",
                    "email": "teaching.assistant@example.org",
                    "basis": "employment",
                },
            ),
        ),
        Step(
            november(23, 10, 30),
            "slt",
            "asks for the disclaimer: which clause, by when, and what help there is",
            ask(
                "require-remedy",
                {
                    "person": person("subject"),
                    "clauses": ["1.3"],
                    "correction": "Please add to your profile that you speak for yourself only.",
                    "correct_by": november(27, 16, 0),
                    "support": "The administrator shows you how, at any time before registration.",
                },
            ),
        ),
        Step(
            november(23, 10, 31),
            NOTIFIER,
            "drafts the letter to the colleague (L17)",
            letter("L17", "drafted"),
        ),
        Step(november(23, 11, 0), "headteacher", "approves the letter", approve("L17")),
        Step(november(23, 11, 1), NOTIFIER, "sends it", letter("L17", "sent")),
        Step(
            november(23, 11, 5),
            "slt",
            "tries to record the outcome before anything was put right",
            refused(
                ask("record-outcome", _CORRECTED), 422, "steps_are_done_or_left_out_with_a_reason"
            ),
        ),
        Step(
            november(26, 9, 0),
            "slt",
            "has seen the disclaimer",
            ask("record-remedy-met", {"remedy": remedy(), "seen": "On the profile this morning."}),
        ),
        Step(november(26, 9, 5), "slt", "records the outcome", ask("record-outcome", _CORRECTED)),
        Step(
            november(26, 9, 10),
            "slt",
            "closes the case, without any disciplinary step",
            ask("close-case"),
        ),
        Step(
            november(26, 9, 11),
            NOTIFIER,
            "tells the reporter that it was dealt with (L31)",
            letter("L31", "sent"),
        ),
    ),
)
