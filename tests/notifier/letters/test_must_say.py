"""What each letter must say whatever its facts, and what it has no words for. One row a letter.

The letters of the first table of `test_content.py` have tests of their own there.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from notifier.blocks import as_text
from notifier.facts import read_facts
from notifier.render import Renderer
from notifier.render.words import Words
from notifier.rules import Form
from notifier.shape import Shape, read_shape
from tests.notifier.letters.samples import least, most, schema, usual

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
DUTIES: Final[Mapping[str, Duty]] = {
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
COMMON: Final = frozenset({"school", "reference", "written_on", "contact", "recipient"})

Facts = Callable[[str], dict[str, Any]]


def shape_of(code: str) -> Shape:
    return read_shape(schema(code))


def body(renderer: Renderer, letters: Path, code: str, facts: dict[str, Any]) -> str:
    """The words of the letter between the greeting and the signature, as plain text."""
    rule = renderer.table.rule(code)
    if rule.form is not Form.PDF:
        return renderer.render(rule, facts).text
    words = Words()
    template = words.template((letters / rule.template).read_text(encoding="utf-8"))
    return as_text(words.blocks(template, read_facts(shape_of(code), facts)))


@pytest.mark.parametrize("kind", [usual, least, most])
@pytest.mark.parametrize("code", DUTIES)
def test_it_says_what_it_has_to_say_whatever_its_facts(
    renderer: Renderer, letters: Path, code: str, kind: Facts
) -> None:
    text = body(renderer, letters, code, kind(code))
    assert [words for words in DUTIES[code].says if words not in text] == []


@pytest.mark.parametrize("code", DUTIES)
def test_it_has_no_words_that_threaten_or_judge(
    renderer: Renderer, letters: Path, code: str
) -> None:
    template = letters / renderer.table.rule(code).template
    source = re.sub(r"\{[{%].*?[}%]\}", " ", template.read_text(encoding="utf-8")).lower()
    assert DUTIES[code].never & set(re.split(r"[^a-z]+", source)) == set()


@pytest.mark.parametrize("code", DUTIES)
def test_it_can_hold_no_facts_but_its_own(code: str) -> None:
    assert shape_of(code).fields.keys() - COMMON == DUTIES[code].holds


@pytest.mark.parametrize("code", DUTIES)
def test_it_prints_every_fact_that_it_is_given(
    renderer: Renderer, letters: Path, code: str
) -> None:
    """What is not printed is not needed, and what is not needed does not leave."""
    source = (letters / renderer.table.rule(code).template).read_text(encoding="utf-8")
    used = set(re.findall(r"[a-z][a-z_0-9]+", " ".join(re.findall(r"\{[{%](.*?)[}%]\}", source))))
    assert shape_of(code).fields.keys() - COMMON - used == set()


# ── what depends on the facts ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("code", "changed", "said"),
    [
        ("L6b", {"procedure": "exclusions"}, "a decision to suspend or exclude a pupil"),
        ("L6b", {"procedure": "child_protection"}, "designated safeguarding lead (DSL)"),
        ("L6b", {"procedure": "whistleblowing"}, "protects people who speak up"),
        ("L6b", {"procedure": "staff_grievance"}, "the grievance procedure for staff"),
        ("L6b", {"procedure": "staff_conduct"}, "but not what was decided about a member of staff"),
        ("L6b", {"procedure": "data_protection"}, "within 30 days"),
        ("L6b", {"procedure": "other"}, "The school office will tell you which procedure it is"),
        ("L7", {}, "by Monday 14 December 2026 with the decision"),
        ("L7", {"decide_by": None}, "I will tell you by when as soon as I can"),
        ("L8", {"stage": 2}, "The panel will meet by Friday 15 January 2027"),
        ("L9", {"finding": "upheld"}, "I have upheld your complaint"),
        ("L9", {"finding": "not_upheld"}, "I have not upheld your complaint"),
        ("L9", {"remedies": None}, "There is nothing more for the school to put right."),
        ("L10", {}, "Papers: You will have them by Monday 23 November 2026"),
        ("L11", {"finding": "upheld"}, "The panel has upheld your complaint"),
        ("L11", {"finding": "partly_upheld"}, "The panel has upheld part of your complaint"),
        ("L11", {"recommendations": None}, "has not asked the school to do anything more"),
    ],
)
def test_it_says_what_fits_the_case(
    renderer: Renderer, letters: Path, code: str, changed: dict[str, Any], said: str
) -> None:
    assert said in body(renderer, letters, code, usual(code) | changed)
