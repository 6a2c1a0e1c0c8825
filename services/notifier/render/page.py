"""From blocks to a PDF: the only place where Typst runs.

Typst is given JSON and inserts every string as a value, so no words are ever read as its own
language. The time is pinned to the letter's own date and the fonts are those beside the layout:
the same page gives the same bytes, on every machine with the same Typst.

The PDF is tagged, PDF/A-2a (readable as long as the record is kept) and PDF/UA-1 (readable aloud).
Tried on Typst 0.15.2: UA-1 combines with every 1.x version and with A-1, A-2 and A-3 in all levels;
it is refused with PDF 2.0 and with A-4.
"""

import threading
import unicodedata
from collections.abc import Set
from datetime import UTC, date, datetime, time
from pathlib import Path
from types import SimpleNamespace
from typing import Final

import msgspec
import typst

from notifier.blocks import Block, words_of
from notifier.facts import TONGUES, in_words, on_one_line, texts_of
from notifier.glyphs import missing
from notifier.rules import Rule

STANDARDS: "Final[list[typst.PDFStandard]]" = ["a-2a", "ua-1"]
LAYOUT: Final = "letter.typ"


class CannotSet(Exception):
    """The page cannot be set. The message says what to do; it has none of the letter's words."""


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    """The letterhead."""

    name: str
    address_lines: tuple[str, ...]
    phone: str
    email: str


class Signatory(msgspec.Struct, frozen=True, kw_only=True):
    """Who signs, and whom the reader may turn to."""

    name: str
    role: str


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """All that is printed on a letter. `to` is the address: the name first, then its lines.

    Without lines `delivered` ("by_email" or "by_hand") stands in their place, in words of the
    `language` (ISO 639-1). `large_print` is a size of 16 points or more.
    """

    title: str
    marking: str | None
    school: Sender
    to: tuple[str, ...]
    day: date
    written_on: str
    reference: str
    salutation: str
    blocks: tuple[Block, ...]
    contact: Signatory
    delivered: str | None
    large_print: bool
    language: str


def page_of(
    rule: Rule, facts: SimpleNamespace, blocks: tuple[Block, ...], language: str = "en"
) -> Page:
    """Return the page of a letter whose body is these blocks, in this language."""
    school, contact, recipient = facts.school, facts.contact, facts.recipient
    return Page(
        title=rule.title,
        marking=rule.marking,
        school=Sender(
            name=on_one_line(school.name),
            address_lines=tuple(on_one_line(line) for line in school.address_lines),
            phone=on_one_line(school.phone),
            email=on_one_line(school.email),
        ),
        to=tuple(on_one_line(line) for line in (recipient.name, *recipient.address_lines)),
        day=facts.written_on,
        written_on=in_words(facts.written_on, TONGUES[language]),
        reference=on_one_line(facts.reference),
        salutation=on_one_line(recipient.salutation),
        blocks=blocks,
        contact=Signatory(name=on_one_line(contact.name), role=on_one_line(contact.role)),
        delivered=_delivered(recipient),
        large_print=recipient.large_print is True,
        language=language,
    )


def _delivered(recipient: SimpleNamespace) -> str | None:
    """How the letter reaches somebody without a postal address; None where it goes by post."""
    if recipient.address_lines:
        return None
    return "by_email" if recipient.email else "by_hand"


def no_glyph_for(page: Page, facts: SimpleNamespace, drawn: Set[int]) -> str | None:
    """Return which character of which field the fonts cannot draw and what to do, or None."""
    school, signatory = page.school, page.contact
    words = (
        *(school.name, *school.address_lines, school.phone, school.email),
        *(*page.to, page.reference, page.salutation, signatory.name, signatory.role),
        *words_of(page.blocks),
    )
    char = missing("".join(words), drawn)
    if char is None:
        return None
    path = next((path for path, text in texts_of(facts) if char in text), "the letter")
    name = unicodedata.name(char, "a character without a name").lower()
    return (
        f"{path} has '{char}' (U+{ord(char):04X}, {name}), which the letter font cannot print: "
        "write it in Latin, Greek or Cyrillic letters"
    )


class Press:
    """Sets pages with one layout and one envelope; a warm compiler for each thread."""

    def __init__(self, letters: Path, envelope: str) -> None:
        self._layout = letters / "layout"
        self._envelope = envelope
        self._fonts = typst.Fonts(
            include_system_fonts=False,
            include_embedded_fonts=False,
            font_paths=[letters / "fonts"],
        )
        self._threads = threading.local()

    def pdf(self, page: Page) -> bytes:
        """Return the page as a PDF, the same bytes for the same page. Raises `CannotSet`."""
        midnight = datetime.combine(page.day, time(), UTC)
        try:
            made, warnings = self._compiler().compile_with_warnings(
                sys_inputs=self._inputs(page),
                format="pdf",
                pdf_standards=STANDARDS,
                timestamp=midnight,
            )
        except typst.TypstError as problem:
            raise CannotSet(problem.message.removeprefix("assertion failed: ")) from None
        if warnings or not isinstance(made, bytes):
            raise CannotSet("; ".join(warning.message for warning in warnings))
        return made

    def _inputs(self, page: Page) -> dict[str, str]:
        letter = msgspec.to_builtins(page)
        letter["date"] = {"year": page.day.year, "month": page.day.month, "day": page.day.day}
        return {"letter": msgspec.json.encode(letter).decode(), "envelope": self._envelope}

    def _compiler(self) -> typst.Compiler:
        found: typst.Compiler | None = getattr(self._threads, "compiler", None)
        if found is None:
            found = typst.Compiler(self._layout / LAYOUT, root=self._layout, font_paths=self._fonts)
            self._threads.compiler = found
        return found
