"""What each letter must say whatever its facts, what it may hold, and what it has no words for."""

from collections.abc import Mapping
from typing import Final, NamedTuple

THREATS: Final = frozenset(
    {
        *("must", "demand", "demands", "legal", "solicitor", "court", "police", "ban", "banned"),
        *("sanction", "consequences", "unless", "defamatory", "prosecute", "disciplinary"),
        *("failure", "comply", "trespass", "warning"),
    }
)
OTHERS: Final = frozenset(
    {"people", "facts", "child_words", "evidence", "actions_taken", "opinion", "rationale", "users"}
)
"""Fields of the report itself. A letter to a person has none of them."""


class Duty(NamedTuple):
    """`says` in every letter; `never` among the words of the template; `holds` beside the common
    fields: no other fact can get into it."""

    says: tuple[str, ...]
    holds: frozenset[str]
    never: frozenset[str] = THREATS


OPEN_TO_MENDING: Final = "large print or another language"
OF_COMPLAINTS: Final[Mapping[str, Duty]] = {
    "L6": Duty(
        says=(
            "make a formal complaint",
            "Stage 1.",
            "Stage 2.",
            "There is a form",
            "The school office will send you the complaints procedure and the form",
            "within 3 months",
            "we can make an exception",
            "Some matters have a procedure of their own",
            "worried about the safety of a child, please tell us at once",
            "01632 960124",
            OPEN_TO_MENDING,
        ),
        holds=frozenset({"months"}),
    ),
    "L6b": Duty(
        says=(
            "which we received on 16 November 2026",
            "has a procedure of its own",
            "You can appeal against a decision about a school place",
            "misunderstood it, please tell me",
            OPEN_TO_MENDING,
        ),
        holds=frozenset({"received_on", "procedure"}),
    ),
    "L7": Duty(
        says=(
            "We received it on 16 November 2026",
            "What you told us",
            "What you would like to happen",
            "If we have misunderstood anything",
            "Stage 1 of our complaints procedure",
            OPEN_TO_MENDING,
        ),
        holds=frozenset({"received_on", "issues", "outcome_wanted", "understood", "decide_by"}),
    ),
    "L8": Duty(
        says=(
            "which we received on 16 November 2026",
            "I am sorry",
            "Why it takes longer",
            "by Friday 15 January 2027",
            OPEN_TO_MENDING,
        ),
        holds=frozenset({"received_on", "stage", "reason", "new_date"}),
    ),
    "L9": Duty(
        says=(
            "What was looked into",
            "I have upheld part of your complaint",
            "The reasons",
            "What happens now",
            "What concerns the employment of a member of staff is private",
            "You can ask for Stage 2",
            "by Tuesday 12 January 2027",
            "If a fact in this letter is wrong",
        ),
        holds=frozenset(
            {"received_on", "issues", "finding", "investigated", "reasons", "remedies"}
            | {"stage_2_by"}
        ),
    ),
    "L10": Duty(
        says=(
            "Stage 2",
            "When: Monday 30 November 2026 at 5:30pm",
            "A panel of 3 governors who have had no part",
            "You may bring somebody with you",
            "the papers that the panel will read",
            "would make coming easier for you",
        ),
        holds=frozenset({"hears_at", "members", "papers_by"}),
    ),
    "L11": Duty(
        says=(
            "heard your complaint on 20 November 2026",
            "The panel has not upheld your complaint",
            "The reasons",
            "What concerns the employment of a member of staff is private",
            "Department for Education",
            "www.gov.uk/complain-about-school",
        ),
        holds=frozenset({"heard_on", "finding", "reasons", "recommendations"}),
    ),
    "L12": Duty(
        says=(
            "What has happened",
            "How we ask you to be in touch from now on",
            "again by Friday 26 February 2027",
            "If you are worried about a child, tell us at any time and in any way",
            "nothing changes for your child",
            "If you do not agree",
            "chair of governors",
        ),
        holds=frozenset({"behaviour", "limits", "review_on"}),
    ),
}
NO_MEDIA: Final = "No picture, recording or other media is attached."
IN_A_REFERRAL: Final = frozenset(
    {"agency", "urgent", "kind", "platform", "facts", "reason", "observed_at", "post_url"}
    | {"posted_at", "child_words", "people", "evidence", "actions_taken"}
)
ABOUT_A_PAGE: Final = frozenset(
    {"agency", "urgent", "reason", "platform", "observed_at", "post_url", "posted_at"}
)
OF_A_PAGE: Final = Duty(
    says=(
        "We give the place and the reason only",
        "Where: A video site",
        "Seen: Friday 20 November 2026 at 4:40pm",
        "Nobody is named here, and no picture, recording or copy of anything is attached.",
        "Please do not ask the school to send any.",
        "your reference number",
    ),
    holds=ABOUT_A_PAGE,
    never=THREATS | {"child", "pupil", "teacher"},
)
TO_AGENCIES: Final[Mapping[str, Duty]] = {
    "L21": Duty(
        says=(
            "Reason: ",
            "Those with parental responsibility have not been asked",
            "Facts",
            "Persons",
            "Other children",
            NO_MEDIA,
            "also if you decide to do nothing",
            "what may be said to the child and to the parents",
        ),
        holds=IN_A_REFERRAL | {"level", "consent", "no_consent_because", "other_children"},
        never=frozenset({"offence", "guilty", "abuser", "victim"}),
    ),
    "L22": Duty(
        says=(
            "what was seen and heard, where and when",
            "The school draws no conclusion about what anybody believes.",
            "What was observed",
            NO_MEDIA,
            "Channel is voluntary",
        ),
        holds=IN_A_REFERRAL,
        never=frozenset({"extremist", "radical", "terrorist", "radicalised", "offence"}),
    ),
    "L23": OF_A_PAGE,
    "L24b": OF_A_PAGE,
    "L24": Duty(
        says=(
            "We ask for your support.",
            "Nothing has been answered so far.",
            "Asked by: A local newspaper",
            "Answer wanted by: ",
            "The question",
            "What we can tell you",
            "“Thank you for your question. The school will respond.”",
            "We neither confirm nor deny anything, and we name nobody",
        ),
        holds=frozenset({"outlet", "query", "asked", "received_at", "answer_by"}),
    ),
    "L25": Duty(
        says=(
            "First known: Friday 20 November 2026 at 4:40pm",
            "People affected: 58",
            "What happened",
            "What may follow for the people affected",
            "What the school has done and will do",
            "Why we report it",
            "Data protection officer, 01632 960127",
            "Nobody who is affected is named here.",
        ),
        holds=frozenset(
            {"aware_at", "nature", "people_affected", "consequences", "measures", "reason"}
            | {"late_because"}
        ),
    ),
}
TO_PEOPLE: Final[Mapping[str, Duty]] = {
    "L3": Duty(
        says=(
            "I am asking once more",
            "Would you please take the post down",
            "a post on Facebook",
            "Social media policy",
            "the chair of governors is glad to meet you with me",
            "You may bring somebody with you",
            "What comes next",
            "complaints procedure",
        ),
        holds=frozenset(
            {"post", "policy_title", "clauses", "next_steps", "asked_on", "meeting_slots"}
        ),
        never=THREATS | {"pupil", "child"},
    ),
    "L16": Duty(
        says=(
            "On 20 November 2026 the school learned",
            "behaviour policy",
            "What we have done",
            "How we can help",
            "We write to each family about its own child only",
            "If you see it differently",
            OPEN_TO_MENDING,
        ),
        holds=frozenset({"child", "known_on", "clauses", "done", "support"}),
    ),
    "L17b": Duty(
        says=(
            "Training: ",
            "Please attend by: Friday 11 December 2026",
            "The time counts as working time",
            "It is there to support you.",
            "union or professional association",
        ),
        holds=frozenset({"topic", "attend_by"}),
        never=THREATS | {"report", "reported"},
    ),
    "L18": Duty(
        says=(
            "has agreed that we may tell you what is in this letter",
            "Nobody has decided anything.",
            "you will be heard",
            "I am your contact at the school: ",
            "union or professional association",
            "speak to your doctor",
            "Please do not try to find out who raised the concern",
            "I will put your answer on record",
        ),
        holds=frozenset({"agency", "agreed"}),
        never=THREATS | {"witness", "witnesses", "guilty", "accused"},
    ),
    "L26": Duty(
        says=(
            "since 20 November 2026",
            "I am sorry that it has happened",
            "What may follow",
            "What we have done",
            "What you can do",
            "within 30 days",
            "Information Commissioner: ico.org.uk",
            OPEN_TO_MENDING,
        ),
        holds=frozenset({"known_on", "nature", "consequences", "measures"}),
    ),
    "L27": Duty(
        says=(
            "and I am sorry",
            "Published on: Thursday 19 November 2026",
            "Taken down on: Friday 20 November 2026",
            "Your rights",
            "complaints procedure",
            "Information Commissioner: ico.org.uk",
            "We write to each family about its own child only",
        ),
        holds=frozenset({"child", "where", "published_on", "taken_down_on"}),
    ),
    "L30": Duty(
        says=(
            "reported to the school on 9 November 2026",
            "has dealt with it",
            "we cannot tell you what was decided about anybody else",
            "You can have support",
            "ring 999 first",
            "designated safeguarding lead (DSL)",
            "complaints procedure",
        ),
        holds=frozenset({"reported_on", "decided_on"}),
    ),
}
DUTIES: Final[Mapping[str, Duty]] = {**OF_COMPLAINTS, **TO_AGENCIES, **TO_PEOPLE}
