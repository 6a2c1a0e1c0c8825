"""The same letter for whoever reads it otherwise: in large print, handed over, or by e-mail."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from notifier.render import Renderer
from notifier.rules import BadLetters
from tests.notifier.letters.codes import PDFS
from tests.notifier.letters.samples import most, usual
from tests.notifier.letters.test_pages import inflated, pages

ADDRESS = 9.5
"""Points: it has to fit the window of the envelope, whatever the reader's eyes."""


def to(code: str, **reader: Any) -> dict[str, Any]:
    facts = usual(code)
    facts["recipient"] |= reader
    return facts


def sizes(content: bytes) -> set[float]:
    """The sizes of type that a PDF is set in, in points."""
    return {float(size) for size in re.findall(rb"/f\d+ ([\d.]+) Tf", inflated(content))}


def set_page(renderer: Renderer, given: list[dict[str, str]], facts: dict[str, Any]) -> str:
    renderer.render(renderer.table.rule("L2"), facts)
    return given[-1]["letter"]


@pytest.mark.parametrize("code", PDFS)
def test_every_letter_can_be_had_in_large_print(renderer: Renderer, code: str) -> None:
    rule = renderer.table.rule(code)
    large = renderer.render(rule, to(code, large_print=True)).content
    assert min(sizes(large) - {ADDRESS}) >= 11, "a hash; all that is read has 14 points or more"
    assert {14, 16, 19} <= sizes(large)


@pytest.mark.parametrize("code", PDFS)
def test_a_long_letter_in_large_print_keeps_to_its_pages(renderer: Renderer, code: str) -> None:
    facts = most(code, many=2, told="What was told. " * 40)
    facts["recipient"]["large_print"] = True
    assert renderer.render(renderer.table.rule(code), facts).content.startswith(b"%PDF-1.7")


def test_large_print_is_for_whoever_asked_for_it(renderer: Renderer) -> None:
    rule = renderer.table.rule("L2")
    assert not {14, 19} & sizes(renderer.render(rule, usual("L2")).content)
    assert renderer.render(rule, to("L2", large_print=False)).content == (
        renderer.render(rule, usual("L2")).content
    )


@pytest.mark.parametrize(
    ("reader", "delivered"),
    [
        ({}, "null"),
        ({"address_lines": []}, '"by_hand"'),
        ({"address_lines": [], "email": "parent@example.org"}, '"by_email"'),
        ({"email": "parent@example.org"}, "null"),
    ],
)
def test_without_an_address_a_letter_says_how_it_is_delivered(
    renderer: Renderer,
    inputs: list[dict[str, str]],
    reader: dict[str, Any],
    delivered: str,
) -> None:
    assert f'"delivered":{delivered}' in set_page(renderer, inputs, to("L2", **reader))


def test_an_address_that_is_withheld_is_nowhere_in_the_letter(
    renderer: Renderer,
    inputs: list[dict[str, str]],
) -> None:
    """Where nobody may know it, none is recorded, and the letter has no place for it."""
    page = set_page(renderer, inputs, to("L2", address_lines=[]))
    assert '"to":["The Parent"]' in page
    assert "12 Example Street" not in page


# ── in another language ──────────────────────────────────────────────────────────────────────────


def in_welsh(renderer: Renderer, inputs: list[dict[str, str]], **reader: Any) -> str:
    return set_page(renderer, inputs, to("L2", language="cy", **reader))


def test_a_letter_is_written_whole_in_the_language_of_its_reader(
    renderer: Renderer,
    inputs: list[dict[str, str]],
) -> None:
    page = in_welsh(renderer, inputs)
    for said in (
        "Cais ynghylch neges, a gwahoddiad i siarad",
        "Preifat a chyfrinachol",
        "A fyddech cystal â thynnu’r neges i lawr?",
        "A hoffech ddod i siarad â ni?",
        "dydd Mercher 25 Tachwedd 2026 am 3:45pm",
        "dydd Gwener 27 Tachwedd 2026 am hanner dydd",
        "Cewch ddod â rhywun gyda chi",
        "trefn gwyno’r ysgol",
        '"written_on":"23 Tachwedd 2026"',
    ):
        assert said in page
    for english in ("Would you", "November", "Wednesday", "midday", "Private"):
        assert english not in page.replace("Social media policy", "")


def test_its_fixed_words_and_its_tags_are_in_that_language_too(renderer: Renderer) -> None:
    pdf = renderer.render(renderer.table.rule("L2"), to("L2", language="cy")).content
    assert re.search(rb"/Lang ?\(cy", inflated(pdf))
    assert pages(pdf) == 2


def test_a_letter_without_a_template_in_that_language_is_in_english(renderer: Renderer) -> None:
    rule = renderer.table.rule("L6")
    assert renderer.render(rule, to("L6", language="cy")).content == (
        renderer.render(rule, usual("L6")).content
    )


def test_a_language_pins_its_own_template(renderer: Renderer) -> None:
    rule = renderer.table.rule("L2")
    welsh = renderer.render(rule, to("L2", language="cy"))
    assert welsh.template_hash != renderer.render(rule, usual("L2")).template_hash


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[letter.L2.languages.cy]", "[letter.L2.languages.xx]", "the language 'xx' is not known"),
        ("[letter.L2.languages.cy]", "[letter.L2.languages.en]", "the row itself is the letter in"),
        ("meeting.cy.j2", "meeting.cz.j2", "there is no template"),
        ("[letter.L2.languages.cy]", "[letter.L1.languages.cy]", "only a PDF letter"),
    ],
)
def test_a_language_that_cannot_be_written_is_refused(
    letters: Path, schemas: Path, tmp_path: Path, old: str, new: str, said: str
) -> None:
    own = shutil.copytree(letters, tmp_path / "letters")
    table = (own / "letters.toml").read_text(encoding="utf-8")
    assert old in table
    (own / "letters.toml").write_text(table.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BadLetters, match=said):
        Renderer(own, schemas)


def test_a_mistake_in_a_template_of_another_language_is_found(
    letters: Path, schemas: Path, tmp_path: Path
) -> None:
    own = shutil.copytree(letters, tmp_path / "letters")
    path = own / "L2-removal-and-meeting.cy.j2"
    path.write_text(
        path.read_text(encoding="utf-8").replace("post.seen_on", "post.sen_on"), "utf-8"
    )
    with pytest.raises(BadLetters, match=r"cy\.j2, line 1: unknown field 'post.sen_on'"):
        Renderer(own, schemas)
