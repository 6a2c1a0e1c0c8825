"""From a template and its facts to blocks: the only place where Jinja runs."""

import re
from datetime import date
from types import SimpleNamespace
from typing import Any, Final

from jinja2 import StrictUndefined, Template, pass_context
from jinja2.runtime import Context, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from notifier.blocks import Block, blocks_from, mark
from notifier.facts import ENGLISH, FILTERS, Tongue, in_words, with_weekday

MAX_WORDS: Final = 200_000
"""Characters in one letter, filled in and written. A loop over long texts ends here."""

TAG_LINE: Final = re.compile(r"^[ \t]*((?:\{[%#][^\n]*?[%#]\}[ \t]*)+)(?:\n|\Z)", re.MULTILINE)


class TooLong(Exception):
    """What the template makes of its facts is longer than `MAX_WORDS`."""


class _Values:
    """What was printed, in order; each stands in the text as a mark until the blocks are made."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self._room = MAX_WORDS

    def put(self, words: str) -> str:
        self.use(len(words))
        self.words.append(words)
        return mark(len(self.words) - 1)

    def use(self, characters: int) -> None:
        self._room -= characters
        if self._room < 0:
            raise TooLong(f"more than {MAX_WORDS:,} characters")


@pass_context
def _printed(context: Context, value: Any) -> str:
    if isinstance(value, Undefined):
        return str(value)  # raises: StrictUndefined has no text
    values: _Values = context["_values"]
    return values.put(in_words(value, context["_tongue"]))


@pass_context
def _weekday(context: Context, day: date) -> str:
    return with_weekday(day, context["_tongue"])


class Words:
    """Templates, compiled once. Safe to share between threads: nothing of a letter stays in it."""

    def __init__(self) -> None:
        self._jinja = ImmutableSandboxedEnvironment(
            undefined=StrictUndefined, autoescape=False, finalize=_printed
        )
        self._jinja.globals.clear()
        self._jinja.tests.clear()
        self._jinja.filters.clear()
        self._jinja.filters.update({**FILTERS, "weekday": _weekday})

    def template(self, source: str) -> Template:
        """Return the compiled template. A line with nothing but tags on it leaves no empty line."""
        return self._jinja.from_string(TAG_LINE.sub(r"\1", source))

    def blocks(
        self, template: Template, facts: SimpleNamespace, tongue: Tongue = ENGLISH
    ) -> tuple[Block, ...]:
        """Return the blocks that the template makes of the facts. Raises `TooLong`.

        Dates are written in the words of `tongue`.
        """
        values = _Values()
        pieces: list[str] = []
        for piece in template.generate(vars(facts), _values=values, _tongue=tongue):
            values.use(len(piece))
            pieces.append(piece)
        return blocks_from("".join(pieces), values.words)
