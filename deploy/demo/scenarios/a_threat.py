"""A threat under the school's own post: evidence first, then the police, then the notice."""

from deploy.demo.calendar import november
from deploy.demo.picture import picture
from deploy.demo.steps import (
    NOTIFIER,
    Scenario,
    Step,
    alert,
    approve,
    ask,
    drafted,
    letter,
    refused,
    report,
    user,
    withdraw,
)

_REPLY = "https://social.example.com/anonymous-48213/status/99120"
_THREAT_REPORTED = {
    "kind": "illegal_conduct_suspected",
    "categories": ["threat"],
    "platform": "Twitter",
    "on_school_account": True,
    "suspected_illegal": True,
    "poster_identity": "anonymous",
    "observed_at": november(26, 9, 5),
    "posted_at": november(26, 8, 52),
    "post_url": _REPLY,
    "facts": (
        "An anonymous account has replied to the school’s post about the autumn fair: “I know "
        "which gate you leave by.” The post shows the class teacher at the east gate."
    ),
    "people": [
        {"part": "subject", "role": "unknown"},
        {
            "part": "affected",
            "role": "staff",
            "name": "The class teacher at the east gate",
            "user": user("staff"),
        },
    ],
}
_THREAT_ASSESSED = {
    "scope": "professional",
    "finding": "possibly_illegal",
    "categories": ["threat"],
    "risks": ["safeguarding"],
    "scale": 1,
    "audience": 2,
    "permanency": 1,
    "harm": 2,
    "clauses": ["3.7", "4.2"],
    "possible_offences": ["threatening_communication"],
    "rationale": (
        "The reply says that its writer knows where a member of staff can be met. Whether it is "
        "meant seriously is not for the school to find out."
    ),
}
_TO_POLICE = {
    "agency": "police",
    "method": "online_form",
    "reason": "An anonymous account lets a member of staff know that her way home is watched.",
}
_AGENCY_ACTED = {
    "outcome": "agency_action",
    "summary": "The police have spoken to the owner of the account, and the account is gone.",
}
_TAKEN = {"clause": "4.2", "url": _REPLY}

A_THREAT = Scenario(
    3,
    "a-threat",
    "A threat in reply to the school's own post",
    (
        Step(
            november(26, 9, 10),
            "moderator",
            "reports a threat under a post of the school’s account",
            report(_THREAT_REPORTED),
        ),
        Step(november(26, 9, 11), NOTIFIER, "alerts the senior leaders (A1)", alert("A1")),
        Step(
            november(26, 9, 12),
            "moderator",
            "tries to delete the reply at once",
            refused(
                ask(
                    "take-moderation-action",
                    {**_TAKEN, "act": "deleted", "taken_at": november(26, 9, 12)},
                ),
                409,
                "state",
                "evidence_is_kept",
            ),
        ),
        Step(
            november(26, 9, 15),
            "moderator",
            "captures the reply first: it is sealed, and its hash goes on record",
            ask(
                "capture-evidence",
                {
                    "kind": "screenshot",
                    "label": "The reply under the school’s post",
                    "media_type": "image/png",
                    "content": picture(48),
                    "captured_at": november(26, 9, 14),
                    "url": _REPLY,
                },
            ),
        ),
        Step(
            november(26, 9, 16),
            NOTIFIER,
            "tells the reporter that it was received (L1)",
            letter("L1", "sent"),
        ),
        Step(november(26, 9, 20), "slt", "acknowledges the report", ask("acknowledge-report")),
        Step(november(26, 9, 21), "slt", "takes the lead", ask("start-assessment")),
        Step(
            november(26, 9, 40),
            "slt",
            "finds it possibly illegal; a threat is never below severity 3",
            ask("record-assessment", _THREAT_ASSESSED),
        ),
        Step(
            november(26, 9, 41),
            NOTIFIER,
            "alerts the headteacher and the DSL: a decision is needed today (A4)",
            alert("A4", count=2),
        ),
        Step(
            november(26, 9, 45),
            "moderator",
            "tries to refer it to the police, which is not hers to do",
            refused(ask("make-referral", _TO_POLICE), 403, "role"),
        ),
        Step(
            november(26, 9, 50),
            "headteacher",
            "refers it to the police: the school holds back until they have cleared it",
            ask("make-referral", _TO_POLICE),
        ),
        Step(
            november(26, 9, 51),
            NOTIFIER,
            "drafts the referral, with the hashes of the evidence and no picture (L19)",
            letter("L19", "drafted"),
        ),
        Step(
            november(26, 9, 55),
            "slt",
            "reads the referral and approves it",
            approve("L19"),
        ),
        Step(november(26, 9, 56), NOTIFIER, "sends it to the police", letter("L19", "sent")),
        Step(
            november(26, 10, 0),
            "moderator",
            "reports the reply to the platform",
            ask(
                "take-moderation-action",
                {**_TAKEN, "act": "reported", "taken_at": november(26, 9, 58)},
            ),
        ),
        Step(
            november(26, 10, 1),
            NOTIFIER,
            "drafts a notice for the account (L13)",
            letter("L13", "drafted", note=True),
        ),
        Step(
            november(26, 10, 3),
            "slt",
            "withdraws it: one notice will do for both steps",
            withdraw("L13", "The user is blocked as well: one notice is enough for both."),
        ),
        Step(
            november(26, 10, 5),
            "moderator",
            "blocks the user",
            ask(
                "take-moderation-action",
                {**_TAKEN, "act": "blocked", "taken_at": november(26, 10, 4)},
            ),
        ),
        Step(
            november(26, 10, 6),
            "moderator",
            "tries to post the notice before anybody has approved it",
            refused(
                ask(
                    "inform-audience",
                    {"letter": drafted("L13"), "posted_at": november(26, 10, 6)},
                ),
                409,
                "notice_is_approved",
            ),
        ),
        Step(
            november(26, 10, 10),
            "slt",
            "approves the notice: it names the rule, and nobody",
            approve("L13"),
        ),
        Step(
            november(26, 10, 12),
            "moderator",
            "has posted the notice, word for word",
            ask(
                "inform-audience",
                {
                    "letter": drafted("L13"),
                    "posted_at": november(26, 10, 11),
                    "url": "https://social.example.com/demonstration-primary/status/99155",
                },
            ),
        ),
        Step(
            november(26, 10, 30),
            "headteacher",
            "tries to close the case while the police are at work",
            refused(ask("close-case"), 409, "state", "no_open_referral", "no_open_deadline"),
        ),
        Step(
            november(27, 11, 0),
            "headteacher",
            "records the reference number that the police have given",
            ask(
                "record-agency-response",
                {
                    "agency": "police",
                    "reference_number": "EX-20261126-0417",
                    "update": "An officer will ring; the school asks nobody anything meanwhile.",
                },
            ),
        ),
        Step(
            november(30, 14, 0),
            "headteacher",
            "records that the police have acted and clear the case",
            ask(
                "record-agency-response",
                {
                    "agency": "police",
                    "update": "The owner of the account was spoken to and has deleted it.",
                    "cleared": True,
                    "decision": "action_taken",
                },
            ),
        ),
        Step(
            november(30, 14, 10),
            "slt",
            "records the outcome",
            ask("record-outcome", _AGENCY_ACTED),
        ),
        Step(
            november(30, 14, 15),
            "slt",
            "tries to close it alone, though its severity is 3",
            refused(ask("close-case"), 409, "second_person_closes"),
        ),
        Step(november(30, 14, 20), "headteacher", "closes the case", ask("close-case")),
        Step(
            november(30, 14, 21),
            NOTIFIER,
            "tells the reporter that it was dealt with (L31)",
            letter("L31", "sent"),
        ),
    ),
)
