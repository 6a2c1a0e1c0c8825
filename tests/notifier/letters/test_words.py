"""From a template and what people typed to blocks: what was typed never becomes structure."""

import copy
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Template

from notifier.blocks import (
    Block,
    Bullets,
    Heading,
    Numbered,
    Paragraph,
    Particulars,
    as_text,
    blocks_from,
    mark,
    words_of,
)
from notifier.facts import MAX_ITEMS, MAX_TEXT, BadFacts, clean, in_words, read_facts, with_weekday
from notifier.render import CannotRender, Renderer
from notifier.render.words import TooLong, Words
from notifier.rules import Form
from notifier.shape import Kind, Shape, read_shape
from tests.notifier.letters.hostile import HOSTILE
from tests.notifier.letters.samples import USUAL, most, schema, usual

UNSEEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
SHAPE = read_shape(
    {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "on": {"type": "string", "format": "date"},
            "at": {"type": "string", "format": "date-time"},
            "count": {"type": "integer"},
            "yes": {"type": "boolean"},
            "names": {"type": "array", "items": {"type": "string"}},
            "two": {"type": "array", "minItems": 2, "items": {"type": "string"}},
        },
        "required": ["name"],
    }
)


def outline(blocks: tuple[Block, ...]) -> list[Any]:
    """The structure without the words: kinds, numbers of entries, where bold begins and ends."""
    found: list[Any] = []
    for block in blocks:
        match block:
            case Heading(runs) | Paragraph(runs):
                found.append((type(block).__name__, [run.bold for run in runs]))
            case Bullets(items) | Numbered(items):
                bold = [[run.bold for run in runs] for runs in items]
                found.append((type(block).__name__, bold))
            case Particulars(items):
                bold = [[run.bold for run in (*item.label, *item.runs)] for item in items]
                found.append(("Particulars", bold))
    return found


def test_the_notation_makes_headings_paragraphs_lists_and_particulars() -> None:
    blocks = blocks_from(
        "# Head **one**\nwords\nmore\n\n- a\n- b\n  c\n3. one\n9. two\nWhere :: here\nWhen :: now",
        [],
    )
    assert [type(block).__name__ for block in blocks] == [
        "Heading",
        "Paragraph",
        "Bullets",
        "Numbered",
        "Particulars",
    ]
    assert as_text(blocks) == (
        "Head one\n\nwords more\n\n- a\n- b\n  c\n\n1. one\n2. two\n\nWhere: here\nWhen: now"
    )


def test_bold_ends_where_it_is_closed_and_an_odd_mark_is_only_two_asterisks() -> None:
    (block,) = blocks_from(f"a **b {mark(0)}** c ** d", ["**x**"])
    assert isinstance(block, Paragraph)
    assert [(run.text, run.bold) for run in block.runs] == [
        ("a ", False),
        ("b **x**", True),
        (" c ** d", False),
    ]


def test_a_line_of_tags_leaves_no_gap_and_a_tag_at_the_end_joins_nothing() -> None:
    words = Words()
    template = words.template(
        "{% for name in names %}\n- {{ name }}{% if note %} ({{ note }}){% endif %}\n"
        "{% if yes %}\n  yes\n{% endif %}\n{# a remark #}\n{% endfor %}\nend"
    )
    facts = {"name": "x", "names": ["a", "b"], "note": "n", "yes": True, "two": ["a", "b"]}
    blocks = words.blocks(template, read_facts(SHAPE, facts))
    assert as_text(blocks) == "- a (n)\n  yes\n- b (n)\n  yes\n\nend"


def changed(value: Any, text: str, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the facts with one text replaced, for each text that anybody can type."""
    kept = {"reference", "recipient_ref", "sha256", "part"}
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, held in items:
        if key in kept:
            continue
        if isinstance(held, dict | list):
            for where, inner in changed(held, text, f"{path}.{key}"):
                yield (
                    where,
                    {**value, key: inner}
                    if isinstance(value, dict)
                    else [
                        *value[:key],
                        inner,
                        *value[key + 1 :],
                    ],
                )
        elif isinstance(held, str) and not held[:4].isdigit():
            new = copy.copy(value)
            new[key] = text
            yield f"{path}.{key}", new


@pytest.fixture(scope="module")
def written(renderer: Renderer, letters: Path) -> dict[str, tuple[Words, Template, Shape]]:
    """Every letter's template, compiled, and the shape of its facts."""
    words = Words()
    return {
        rule.code: (
            words,
            words.template((letters / rule.template).read_text(encoding="utf-8")),
            read_shape(schema(rule.code)),
        )
        for rule in renderer.table.rules
    }


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_nothing_typed_into_any_field_changes_how_a_letter_is_built(
    written: dict[str, tuple[Words, Template, Shape]], text: str
) -> None:
    for code, (words, template, shape) in written.items():
        facts = most(code, many=1, told="Words.\n\nMore of them.")
        before = outline(words.blocks(template, read_facts(shape, facts)))
        for path, hostile in changed(facts, text):
            blocks = words.blocks(template, read_facts(shape, hostile))
            assert outline(blocks) == before, f"{code}{path}"


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_was_typed_is_printed_as_it_can_be_seen(text: str) -> None:
    facts = {"name": text, "names": [], "two": ["a", "b"]}
    read = read_facts(SHAPE, facts)
    words = Words()
    (heading, bullets) = words.blocks(words.template("# {{ name }}\n- **{{ name }}**"), read)
    assert [*words_of((heading,))] == [*words_of((bullets,))] == [clean(text)]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_clean_text_has_nothing_that_cannot_be_seen(text: str) -> None:
    cleaned = clean(text)
    assert not UNSEEN & {unicodedata.category(char) for char in cleaned.replace("\n", "")}
    assert "\n\n\n" not in cleaned
    assert not re.search(r"[\u0300-\u036f\u20d0-\u20ff]{3}", cleaned)
    assert cleaned == cleaned.strip() == clean(cleaned)
    cleaned.encode()


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_brings_a_line_of_its_own_into_an_email_or_its_subject(
    renderer: Renderer, text: str
) -> None:
    for rule in renderer.table.rules:
        if rule.form is not Form.EMAIL:
            continue
        facts = usual(rule.code)
        lines = renderer.render(rule, facts).text.count("\n")
        for path, hostile in changed(facts, text):
            try:
                rendered = renderer.render(rule, hostile)
            except CannotRender as refused:
                assert refused.code == "too_long", path  # noqa: PT017 - either is right
                continue
            assert rendered.text.count("\n") == lines, path
            subject = rendered.subject or ""
            assert subject.strip()
            assert not UNSEEN & {unicodedata.category(char) for char in subject}, path


def test_dates_and_times_are_written_out_as_a_school_writes_them() -> None:
    facts = {
        "name": "x",
        "on": "2026-11-05",
        "at": "2026-07-01T15:45:00+01:00",
        "count": 12345,
        "two": ["a", "b"],
    }
    read = read_facts(SHAPE, facts)
    assert in_words(read.on) == "5 November 2026"
    assert with_weekday(read.on) == "Thursday 5 November 2026"
    assert in_words(read.at) == "1 July 2026 at 3:45pm"
    assert in_words(read.count) == "12,345"


@pytest.mark.parametrize(
    ("clock", "words"),
    [
        ("00:00", "midnight"),
        ("00:05", "12:05am"),
        ("09:00", "9am"),
        ("12:00", "midday"),
        ("12:30", "12:30pm"),
        ("23:59", "11:59pm"),
    ],
)
def test_a_time_of_day_is_written_without_doubt(clock: str, words: str) -> None:
    facts = {"name": "x", "at": f"2026-11-05T{clock}:00+00:00", "two": ["a", "b"]}
    assert in_words(read_facts(SHAPE, facts).at) == f"5 November 2026 at {words}"


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({}, "name: is missing"),
        ({"name": None}, "name: is missing"),
        ({"name": " \u200b\x00 "}, "name: is blank"),
        ({"name": 1}, "name: is not text"),
        ({"name": "x" * (MAX_TEXT + 1)}, f"name: has {MAX_TEXT + 1} characters"),
        ({"name": "x", "on": "5 November"}, "on: is not a date"),
        ({"name": "x", "at": "2026-11-05T10:00:00"}, "at: is not a date and time"),
        ({"name": "x", "count": "3"}, "count: is not a number"),
        ({"name": "x", "count": True}, "count: is not a number"),
        ({"name": "x", "yes": "true"}, "yes: is not yes or no"),
        ({"name": "x", "names": "abc"}, "names: is not a list"),
        ({"name": "x", "names": ["a"] * (MAX_ITEMS + 1)}, f"names: has {MAX_ITEMS + 1} entries"),
        ({"name": "x", "names": ["a", None]}, "names[2]: is missing"),
        ({"name": "x", "two": ["a"]}, "two: has 1 entries and needs 2"),
        ("name", "is not a group of fields"),
    ],
)
def test_facts_that_do_not_fit_are_refused_by_field_and_without_the_value(
    facts: object, said: str
) -> None:
    with pytest.raises(BadFacts) as refused:
        read_facts(SHAPE, facts)
    assert said in str(refused.value)


def test_a_blank_optional_text_counts_as_absent_and_unknown_fields_are_left_out() -> None:
    read = read_facts(SHAPE, {"name": "x", "note": " \n ", "more": "y", "two": ["a", "b"]})
    assert (read.note, read.names, hasattr(read, "more")) == (None, (), False)


def test_what_loops_over_long_texts_ends_before_it_fills_the_memory() -> None:
    words = Words()
    line = "{% for a in names %}{% for b in names %}{{ a }}{{ b }}{% endfor %}{% endfor %}"
    facts = {"name": "x", "names": ["x" * MAX_TEXT] * MAX_ITEMS, "two": ["a", "b"]}
    with pytest.raises(TooLong):
        words.blocks(words.template(line), read_facts(SHAPE, facts))
    padding = "{% for a in names %}{% for b in names %}" + "x" * 9000 + "{% endfor %}{% endfor %}"
    facts["names"] = ["x"] * MAX_ITEMS
    with pytest.raises(TooLong):
        words.blocks(words.template(padding), read_facts(SHAPE, facts))


def test_every_letter_has_facts_to_be_tried_with() -> None:
    for code in USUAL:
        shape = read_shape(schema(code))
        assert shape.kind is Kind.GROUP
        assert all(name in most(code) for name in shape.fields)
        assert isinstance(shape.fields["school"], Shape)
