"""Each letter says what it must and has no words for what it must not: one row of `duties` each.

The letters that `test_content.py` names have tests of their own there.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from notifier.blocks import as_text
from notifier.facts import read_facts
from notifier.render import Renderer
from notifier.render.words import Words
from notifier.rules import Form
from notifier.shape import Shape, read_shape
from tests.notifier.letters.codes import ALERTS
from tests.notifier.letters.duties import DUTIES, OF_A_PAGE, TO_AGENCIES
from tests.notifier.letters.samples import USUAL, least, most, schema, usual

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


TESTED_BY_THEMSELVES: Final = frozenset({"L1", "L2", "L13", "L17", "L19", "L20", "L31"})


def test_no_letter_is_without_its_duties() -> None:
    assert DUTIES.keys() | TESTED_BY_THEMSELVES | set(ALERTS) == USUAL.keys()


@pytest.mark.parametrize("code", TO_AGENCIES)
def test_a_letter_to_an_agency_carries_no_file_and_no_picture(
    renderer: Renderer, code: str
) -> None:
    pdf = renderer.render(renderer.table.rule(code), most(code)).content
    for media in (b"/EmbeddedFile", b"/Subtype /Image", b"/Subtype/Image"):
        assert media not in pdf


def test_a_report_of_a_page_can_hold_no_person_and_nothing_that_was_said() -> None:
    assert not {"people", "facts", "child_words", "evidence"} & OF_A_PAGE.holds


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
        ("L3", {}, "- Wednesday 25 November 2026 at 3:45pm"),
        ("L3", {}, "I wrote to you on 16 November 2026"),
        ("L3", {"meeting_slots": []}, "at a time that suits you."),
        ("L16", {"support": None}, "we will find the right person for that"),
        ("L21", {"consent": "given"}, "know of this referral and agree to it"),
        ("L21", {"consent": "refused"}, "do not agree to this referral"),
        ("L21", {}, "Why without: To ask the parents could put the child at greater risk."),
        ("L21", {}, "This referral is urgent."),
        ("L21", {"other_children": None}, "knows of no other children who may be at risk"),
        ("L24", {}, "Answer wanted by: Monday 23 November 2026 at midday"),
        ("L24", {"answer_by": None}, "Answer wanted by: Not said"),
        ("L25", {}, "Why this report comes after 72 hours"),
        ("L11", {"recommendations": None}, "has not asked the school to do anything more"),
    ],
)
def test_it_says_what_fits_the_case(
    renderer: Renderer, letters: Path, code: str, changed: dict[str, Any], said: str
) -> None:
    assert said in body(renderer, letters, code, usual(code) | changed)
