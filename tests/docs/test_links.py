"""Every link from a page of ours to another leads somewhere."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.docs.walk import ROOT

PAGES: Final = (
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "services").rglob("*.md")),
)
LINK: Final = re.compile(r"\]\(([^)\s]+)\)")
CODE: Final = re.compile(r"^```.*?^```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)
HEADING: Final = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
PUNCTUATION: Final = re.compile(r"[^\w\- ]")


def links(page: Path) -> Iterator[str]:
    """Yield where a page links to, other than to the outside."""
    for target in LINK.findall(CODE.sub("", page.read_text())):
        if not re.match(r"[a-z]+:", target):
            yield target


def anchors(page: Path) -> set[str]:
    """Return the names that a page's headings have, as GitHub makes them."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    return {PUNCTUATION.sub("", h.lower()).replace(" ", "-") for h in HEADING.findall(text)}


def broken(page: Path) -> Iterator[str]:
    """Yield the links of a page that lead nowhere."""
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            yield link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    assert list(broken(page)) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# What is `here`?\n")
    page = tmp_path / "page.md"
    page.write_text("[a](other.md#what-is-here) [b](no.md) [c](other.md#gone) [d](#e)\n")
    assert list(broken(page)) == ["no.md", "other.md#gone", "#e"]
