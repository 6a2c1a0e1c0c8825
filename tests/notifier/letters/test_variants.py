"""The same letter for whoever reads it otherwise: in large print, handed over, or by e-mail."""

import re
from typing import Any

import pytest

from notifier.render import Renderer
from tests.notifier.letters.codes import PDFS
from tests.notifier.letters.samples import most, usual
from tests.notifier.letters.test_pages import inflated, inputs  # noqa: F401 - a fixture

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
        ({"address_lines": []}, '"By hand"'),
        ({"address_lines": [], "email": "parent@example.org"}, '"By e-mail"'),
        ({"email": "parent@example.org"}, "null"),
    ],
)
def test_without_an_address_a_letter_says_how_it_is_delivered(
    renderer: Renderer,
    inputs: list[dict[str, str]],  # noqa: F811
    reader: dict[str, Any],
    delivered: str,
) -> None:
    assert f'"delivered":{delivered}' in set_page(renderer, inputs, to("L2", **reader))


def test_an_address_that_is_withheld_is_nowhere_in_the_letter(
    renderer: Renderer,
    inputs: list[dict[str, str]],  # noqa: F811
) -> None:
    """Where nobody may know it, none is recorded, and the letter has no place for it."""
    page = set_page(renderer, inputs, to("L2", address_lines=[]))
    assert '"to":["The Parent"]' in page
    assert "12 Example Street" not in page
