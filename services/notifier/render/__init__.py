"""From the facts of a letter to the bytes that leave.

Everything is checked before the first letter: a template that names an unknown field, or could run
away, keeps the notifier from starting. After that one letter is one call, the same facts give the
same bytes, and what cannot be rendered is refused with a code and a sentence, never sent half-made.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Final

import msgspec
from jinja2 import Template

from notifier.blocks import as_text
from notifier.facts import TONGUES, BadFacts, on_one_line, read_facts, with_texts
from notifier.glyphs import BadFont, printable, spelled_out
from notifier.lint import lint_all, source_of
from notifier.render.hashes import data_hash, sha256, template_hash
from notifier.render.page import CannotSet, Press, no_glyph_for, page_of
from notifier.render.words import TooLong, Words
from notifier.rules import COVER, BadLetters, Class, Form, Rule, read_table
from notifier.shape import Shape, shape_from

TEXT_TYPE: Final = "text/plain; charset=utf-8"
PDF_TYPE: Final = "application/pdf"
FIRST_LANGUAGE: Final = "en"
MAX_NOTICE: Final = 280
MAX_SUBJECT: Final = 200
POINTS_AT_SOMEBODY: Final = re.compile(r"@\w|https?://|www\.|[\"“”„«»]")
"""A handle, a link or a quotation, which a public notice must not have."""


class CannotRender(Exception):
    """This letter cannot be made of these facts, now or later: trying again does not help.

    `code` is for the record: `bad_facts`, `no_glyph`, `cannot_set`, `too_long` or
    `not_for_public`. The message tells staff what to do; it holds no personal data.
    """

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """One letter. `content` is the document that is kept and sent; hashes are SHA-256 in hex.

    For a PDF `text` is the covering e-mail; otherwise it is the document itself. A notice has no
    subject. `template_hash` covers all but the facts: row, words, layout, fonts and Typst.
    """

    media_type: str
    content: bytes
    subject: str | None
    text: str
    data_hash: str
    template_hash: str
    output_hash: str


class Email(msgspec.Struct, frozen=True, kw_only=True):
    """The words of one e-mail: a subject without line ends, and a plain text."""

    subject: str
    text: str


class _Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """A rule with its template compiled and its facts' shape read."""

    language: str
    shape: Shape
    words: Template
    subject: Template
    template_hash: str


class Renderer:
    """Renders the letters of one table. Safe to share between threads; warm after one letter."""

    def __init__(self, letters: Path, schemas: Path) -> None:
        """Read and check the table, every template and the fonts in `letters`.

        Raises `BadLetters` with every problem found.
        """
        self.table = read_table(letters, schemas)
        try:
            self._drawn = printable(letters / "fonts")
        except BadFont as problem:
            raise BadLetters([str(problem)]) from problem
        if problems := lint_all(self.table, letters, schemas, self._drawn):
            raise BadLetters(str(problem) for problem in problems)
        self._press = Press(letters, self.table.envelope)
        self._words = Words()
        self._cover = self._compiled(letters / self.table.cover)
        self._rows = {
            (rule.code, language): self._prepared(rule, language, letters, schemas)
            for rule in self.table.rules
            for language in (FIRST_LANGUAGE, *rule.languages)
        }

    def render(self, rule: Rule, facts: Mapping[str, object]) -> Rendered:
        """Return the letter that the rule makes of the facts, as decoded from their JSON.

        It is written in the recipient's language if there is a template for it. The same facts
        give the same bytes, on any day. Raises `CannotRender`.
        """
        language = _language(rule, facts)
        rule, row = rule.spoken(language), self._rows[rule.code, language]
        try:
            read = read_facts(row.shape, facts)
            content, text = self._made(rule, row, read)
            cover = read_facts(COVER, _cover_facts(read))
            if rule.form is Form.PDF:
                text = self._text(self._cover, cover)
            subject = None if rule.form is Form.NOTICE else self._subject(row, cover)
        except BadFacts as problem:
            raise CannotRender("bad_facts", f"{rule.code}: {problem}") from None
        except TooLong as problem:
            raise CannotRender("too_long", f"{rule.code}: the letter has {problem}") from None
        return Rendered(
            media_type=PDF_TYPE if rule.form is Form.PDF else TEXT_TYPE,
            content=content,
            subject=subject,
            text=text,
            data_hash=data_hash(facts),
            template_hash=row.template_hash,
            output_hash=sha256(content),
        )

    def render_email(
        self,
        rule: Rule,
        *,
        name: str,
        reference: str,
        school_name: str,
        school_email: str,
        document: bytes,
    ) -> Email:
        """Return the words of the e-mail that carries a letter which was rendered before.

        `document` is the letter as it was kept: the text itself, or the PDF to go with the covering
        text. Nothing else about the case is needed or can be said. Raises `CannotRender`.
        """
        row = self._rows[rule.code, FIRST_LANGUAGE]
        school = {"name": school_name, "email": school_email}
        try:
            cover = read_facts(COVER, {"name": name, "reference": reference, "school": school})
        except BadFacts as problem:
            raise CannotRender("bad_facts", f"{rule.code}: {problem}") from None
        if rule.form is Form.PDF:
            text = self._text(self._cover, cover)
        else:
            text = document.decode()
        return Email(subject=self._subject(row, cover), text=text)

    def _made(self, rule: Rule, row: _Prepared, facts: SimpleNamespace) -> tuple[bytes, str]:
        if rule.form is Form.PDF:
            return self._pdf(rule, row, facts), ""
        words = self._text(row.words, facts)
        if rule.form is Form.NOTICE:
            _refuse_unless_public(words)
        elif rule.class_ is Class.LETTER:
            words = _as_letter(words, facts)
        return words.encode(), words

    def _pdf(self, rule: Rule, row: _Prepared, facts: SimpleNamespace) -> bytes:
        facts = with_texts(facts, lambda text: spelled_out(text, self._drawn))
        blocks = self._words.blocks(row.words, facts, TONGUES[row.language])
        page = page_of(rule, facts, blocks, row.language)
        if problem := no_glyph_for(page, facts, self._drawn):
            raise CannotRender("no_glyph", f"{rule.code}: {problem}")
        try:
            return self._press.pdf(page)
        except CannotSet as problem:
            raise CannotRender("cannot_set", f"{rule.code}: {problem}") from None

    def _text(self, template: Template, facts: SimpleNamespace) -> str:
        return as_text(self._words.blocks(template, with_texts(facts, on_one_line)))

    def _subject(self, row: _Prepared, cover: SimpleNamespace) -> str:
        subject = on_one_line(self._text(row.subject, cover))
        if len(subject) > MAX_SUBJECT:
            raise CannotRender("too_long", f"the subject has over {MAX_SUBJECT} characters")
        return subject

    def _prepared(self, rule: Rule, language: str, letters: Path, schemas: Path) -> _Prepared:
        rule = rule.spoken(language)
        return _Prepared(
            language=language,
            shape=shape_from(schemas / "letters" / f"{rule.code}.v1.json"),
            words=self._compiled(letters / rule.template),
            subject=self._words.template(rule.subject or ""),
            template_hash=template_hash(rule, letters, self.table.envelope),
        )

    def _compiled(self, path: Path) -> Template:
        return self._words.template(source_of(path))


def _language(rule: Rule, facts: Mapping[str, object]) -> str:
    recipient = facts.get("recipient")
    asked = recipient.get("language") if isinstance(recipient, Mapping) else None
    return asked if isinstance(asked, str) and asked in rule.languages else FIRST_LANGUAGE


def _cover_facts(facts: SimpleNamespace) -> Mapping[str, object]:
    school = {"name": facts.school.name, "email": facts.school.email}
    return {"name": facts.recipient.name, "reference": facts.reference, "school": school}


def _as_letter(words: str, facts: SimpleNamespace) -> str:
    """Return the text with its greeting and the name of who signs."""
    facts = with_texts(facts, on_one_line)
    signed = (facts.contact.name, facts.contact.role, facts.school.name, facts.school.phone)
    return f"Dear {facts.recipient.salutation},\n\n{words}\n\nYours sincerely,\n\n" + "\n".join(
        signed
    )


def _refuse_unless_public(words: str) -> None:
    if POINTS_AT_SOMEBODY.search(words):
        raise CannotRender(
            "not_for_public",
            "the notice has a handle, a link or a quotation: name the rule and nobody",
        )
    length = sum(1 if _counts_once(char) else 2 for char in words)
    if length > MAX_NOTICE:
        raise CannotRender(
            "too_long",
            f"the notice has {length} characters and may have {MAX_NOTICE}: shorten what was done, "
            "or cite a clause with fewer words",
        )


def _counts_once(char: str) -> bool:
    """Whether the character is one of the platform's 280 (most are; pictographs count two)."""
    return ord(char) < 0x1100 or 0x2000 <= ord(char) <= 0x2037
