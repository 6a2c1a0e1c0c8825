"""A parent's post: asked to remove it and invited to talk, in one letter; gone by Monday."""

from deploy.demo.calendar import november
from deploy.demo.picture import picture
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
    report,
    sees_nothing,
    user,
)

_POST = "https://social.example.com/groups/village-parents/posts/20451"
_POST_REPORTED = {
    "kind": "abuse",
    "categories": ["offensive", "harassing"],
    "platform": "Facebook",
    "observed_at": november(20, 16, 30),
    "posted_at": november(20, 12, 10),
    "post_url": _POST,
    "poster_identity": "known",
    "facts": (
        "In a public group for parents of the village a parent has written that the teaching "
        "assistant is “useless and a liar, someone should sort her out”. Eleven people have "
        "reacted to it."
    ),
    "opinion": "She is upset and would rather not be at the gate on Monday.",
    "immediate_action": "I have answered nobody, and told the deputy headteacher that I report it.",
    "people": [
        {"part": "subject", "role": "parent", "name": "The parent of two pupils"},
        {
            "part": "affected",
            "role": "staff",
            "name": "The teaching assistant in Year 3",
            "user": user("second_staff"),
        },
    ],
}
_POST_ASSESSED = {
    "scope": "personal_in_scope",
    "finding": "unacceptable",
    "categories": ["offensive", "harassing"],
    "risks": ["bullying", "reputation"],
    "scale": 2,
    "audience": 2,
    "permanency": 2,
    "harm": 2,
    "clauses": ["3.6", "6.3"],
    "rationale": (
        "A public post names a member of staff, insults her and invites others to act against "
        "her. It is offensive and harassing; nothing in it threatens an offence."
    ),
}
_PARENT_FOUND = {
    "person": person("subject"),
    "name": "The parent of two pupils",
    "salutation": "parent",
    "email": "parent.of.two@example.org",
    "address": ["12 Example Terrace", "Exampleton", "EX1 2EX"],
    "basis": "own_conduct",
}
_HANDLED = {
    "outcome": "removed_and_discussed",
    "summary": "The post was removed. The parent came to talk and will ring the office next time.",
}

A_PARENTS_POST = Scenario(
    1,
    "a-parents-post",
    "A parent's post about a teaching assistant",
    (
        Step(
            november(20, 16, 40),
            "staff",
            "reports what a parent has written about a colleague in a public group",
            report(_POST_REPORTED),
        ),
        Step(
            november(20, 16, 41),
            NOTIFIER,
            "alerts the senior leaders, without a word of what it is about (A1)",
            alert("A1"),
        ),
        Step(
            november(20, 16, 41),
            NOTIFIER,
            "tells the reporter that it was received (L1)",
            letter("L1", "sent"),
        ),
        Step(
            november(20, 16, 44),
            "staff",
            "adds a screenshot: it is sealed, and its hash goes on record",
            ask(
                "capture-evidence",
                {
                    "kind": "screenshot",
                    "label": "The post with its eleven reactions",
                    "media_type": "image/png",
                    "content": picture(96),
                    "captured_at": november(20, 16, 32),
                    "url": _POST,
                },
            ),
        ),
        Step(
            november(20, 16, 45),
            "second_staff",
            "looks for the case: she is named in it, and has not been let in",
            sees_nothing,
        ),
        Step(
            november(20, 16, 46),
            "staff",
            "tries to assess her own report",
            refused(ask("start-assessment"), 403, "role"),
        ),
        Step(november(20, 16, 48), "slt", "acknowledges the report", ask("acknowledge-report")),
        Step(november(20, 16, 49), "slt", "takes the lead", ask("start-assessment")),
        Step(
            november(20, 16, 58),
            "slt",
            "finds it unacceptable, and says under which clauses and why",
            ask("record-assessment", _POST_ASSESSED),
        ),
        Step(
            november(20, 17, 2),
            "slt",
            "will handle it inside the school, with the parent",
            ask("start-internal-handling", {"route": "parent"}),
        ),
        Step(
            november(20, 17, 5),
            "slt",
            "records how the parent may be written to, and on what basis",
            ask("identify-person", _PARENT_FOUND),
        ),
        Step(
            november(20, 17, 8),
            "slt",
            "asks for removal and invites the parent to talk, in one letter",
            ask(
                "request-removal",
                {
                    "person": person("subject"),
                    "meeting_slots": [november(25, 15, 45), november(26, 8, 30)],
                },
            ),
        ),
        Step(
            november(20, 17, 9),
            NOTIFIER,
            "drafts the letter to the parent (L2)",
            letter("L2", "drafted"),
        ),
        Step(
            november(20, 17, 10),
            "slt",
            "tries to approve the letter that she asked for herself",
            refused(approve("L2"), 403, "approver_did_not_prompt_it"),
        ),
        Step(
            november(20, 17, 15),
            "headteacher",
            "reads the letter and approves it as it stands",
            approve("L2"),
        ),
        Step(
            november(20, 17, 16),
            NOTIFIER,
            "sends it once, as a PDF attached to an e-mail",
            letter("L2", "sent"),
        ),
        Step(
            november(23, 8, 40),
            "slt",
            "looks at the group: the post is gone",
            ask("record-post-status", {"status": "removed", "checked_at": november(23, 8, 35)}),
        ),
        Step(
            november(23, 8, 45),
            "slt",
            "tries to record the outcome before the meeting",
            refused(
                ask("record-outcome", _HANDLED), 422, "steps_are_done_or_left_out_with_a_reason"
            ),
        ),
        Step(
            november(25, 16, 30),
            "slt",
            "records the meeting: who came, and what was agreed",
            ask(
                "record-meeting",
                {
                    "held_at": november(25, 15, 45),
                    "attendees": "The parent with a friend, the deputy headteacher",
                    "agreed": (
                        "The parent regrets the words, and will ring the office when something "
                        "worries her. The school will ring back on the same day."
                    ),
                },
            ),
        ),
        Step(november(25, 16, 40), "slt", "records the outcome", ask("record-outcome", _HANDLED)),
        Step(november(25, 16, 45), "slt", "closes the case", ask("close-case")),
        Step(
            november(25, 16, 46),
            NOTIFIER,
            "tells the reporter that it was dealt with, and nothing else (L31)",
            letter("L31", "sent"),
        ),
    ),
)
