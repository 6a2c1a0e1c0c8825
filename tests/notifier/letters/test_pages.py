"""The page: what fits, what is refused, and that the same letter is always the same bytes."""

import json
import re
import shutil
import threading
import zlib
from pathlib import Path
from typing import Any

import pytest
import typst

from notifier.render import CannotRender, Rendered, Renderer
from tests.notifier.letters.codes import PDFS
from tests.notifier.letters.golden import known, samples
from tests.notifier.letters.hostile import HOSTILE
from tests.notifier.letters.samples import USUAL, most, usual

PAGES = {"L9": 2, "L19": 2, "L20": 2, "L21": 2, "L22": 2}
"""Of an ordinary letter, where it has more than one."""


def pdf(renderer: Renderer, code: str, facts: dict[str, Any]) -> Rendered:
    return renderer.render(renderer.table.rule(code), facts)


def refused(renderer: Renderer, code: str, facts: dict[str, Any]) -> CannotRender:
    with pytest.raises(CannotRender) as problem:
        pdf(renderer, code, facts)
    return problem.value


def addressed(*lines: str, code: str = "L2") -> dict[str, Any]:
    facts = usual(code)
    facts["recipient"]["address_lines"] = list(lines)
    return facts


def inflated(content: bytes) -> bytes:
    """The PDF with its compressed streams opened, so that its objects can be read."""
    opened = [content]
    for stream in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL):
        try:
            opened.append(zlib.decompress(stream[1]))
        except zlib.error:  # a stream that is not compressed is in `content` already
            continue
    return b"\n".join(opened)


def pages(content: bytes) -> int:
    return len(re.findall(rb"/Type ?/Page\b", inflated(content)))


def asked(letters: Path, inputs: dict[str, str], question: str) -> Any:
    """What Typst itself says of a page that it has set."""
    compiler = typst.Compiler(
        letters / "layout/letter.typ",
        font_paths=typst.Fonts(False, False, [letters / "fonts"]),
        sys_inputs=inputs,
    )
    return json.loads(compiler.eval(question))


# ── the same letter, the same bytes ──────────────────────────────────────────────────────────────


def test_every_sample_letter_has_the_hash_that_was_looked_at(renderer: Renderer) -> None:
    hashes = {name: letter.output_hash for name, letter in samples(renderer).items()}
    assert hashes == known(), "look at the letters, then see tests/notifier/letters/golden.py"


@pytest.mark.parametrize("code", USUAL)
def test_the_same_facts_give_the_same_bytes_from_another_renderer(
    renderer: Renderer, letters: Path, schemas: Path, code: str
) -> None:
    rule = renderer.table.rule(code)
    first, second = renderer.render(rule, usual(code)), Renderer(letters, schemas)
    again = second.render(second.table.rule(code), json.loads(json.dumps(usual(code))))
    assert again == first


def test_two_threads_give_the_same_bytes(renderer: Renderer) -> None:
    expected = [pdf(renderer, code, most(code)).output_hash for code in PDFS]
    found: list[list[str]] = []
    begin = threading.Barrier(2)

    def work() -> None:
        begin.wait()
        found.extend(
            [pdf(renderer, code, most(code)).output_hash for code in PDFS] for _ in range(3)
        )

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 6


def test_the_hashes_say_what_has_changed(
    renderer: Renderer, tmp_path: Path, letters: Path, schemas: Path
) -> None:
    before = pdf(renderer, "L2", usual("L2"))
    other = pdf(renderer, "L2", {**usual("L2"), "reference": "CW-0000-0000"})
    assert other.template_hash == before.template_hash
    assert other.data_hash != before.data_hash
    assert other.output_hash != before.output_hash
    own = shutil.copytree(letters, tmp_path / "letters")
    layout = own / "layout/letter.typ"
    layout.write_text(layout.read_text(encoding="utf-8").replace("10.5pt", "10.6pt"), "utf-8")
    changed = Renderer(own, schemas)
    after = pdf(changed, "L2", usual("L2"))
    assert after.data_hash == before.data_hash
    assert after.template_hash != before.template_hash
    assert changed.render(changed.table.rule("L1"), usual("L1")) == renderer.render(
        renderer.table.rule("L1"), usual("L1")
    )


# ── kept for long, and read aloud ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("code", PDFS)
def test_a_letter_is_pdf_a_2a_and_pdf_ua_1_with_title_language_and_tags(
    renderer: Renderer, code: str
) -> None:
    objects = inflated(pdf(renderer, code, usual(code)).content)
    assert b"<pdfaid:part>2</pdfaid:part>" in objects
    assert b"<pdfaid:conformance>A</pdfaid:conformance>" in objects
    assert b"<pdfuaid:part>1</pdfuaid:part>" in objects
    assert re.search(rb"/Lang ?\(en-GB\)", objects)
    assert re.search(rb"/MarkInfo ?<<[^>]*/Marked true", objects)
    title = renderer.table.rule(code).title
    assert f">{title}</rdf:li>".encode() in objects
    assert b"2026-11-23T00:00:00" in objects


def test_an_ordinary_letter_has_one_page_and_a_decision_or_a_referral_two(
    renderer: Renderer,
) -> None:
    found = {code: pages(pdf(renderer, code, usual(code)).content) for code in PDFS}
    assert found == {code: PAGES.get(code, 1) for code in PDFS}


def test_the_signature_stays_in_one_piece_and_later_pages_bear_the_reference(
    renderer: Renderer, letters: Path, inputs: list[dict[str, str]]
) -> None:
    lengths = range(8, 60, 4)
    for lines in lengths:
        words = "\n".join(["A line of what is to be put right."] * lines)
        pdf(renderer, "L17", usual("L17") | {"correction": words})
    found = [
        asked(
            letters,
            page,
            "(query(<closing>), query(<signed>)).map(p => p.first().location().page())",
        )
        for page in inputs
    ]
    assert all(closing == signed for closing, signed in found)
    assert {closing for closing, _ in found} == {1, 2}
    heads = asked(letters, inputs[-1], "query(<running-head>).map(head => head.location().page())")
    assert heads == [2]


# ── the address in its window ────────────────────────────────────────────────────────────────────


def test_a_name_and_five_lines_fit_the_window(renderer: Renderer) -> None:
    facts = addressed("Flat 1", "Example House", "1 Example Street", "Exampleton", "EX1 0AB")
    assert pdf(renderer, "L2", facts).content.startswith(b"%PDF-1.7")


def test_a_line_too_many_is_refused_with_what_the_window_takes(renderer: Renderer) -> None:
    facts = addressed("Flat 1", "Example House", "1 Example Street", "Exampleton", "X", "EX1 0AB")
    problem = refused(renderer, "L2", facts)
    assert problem.code == "cannot_set"
    assert str(problem) == (
        "L2: the address has 7 lines, 27 mm in all, and the window takes 24 mm: leave a line out"
    )


def test_a_line_that_is_too_wide_is_named_by_its_number_and_not_by_its_words(
    renderer: Renderer,
) -> None:
    wide = "The Very Long House Name Of Example Street"
    problem = refused(renderer, "L2", addressed("1 Example Street", wide * 2, "EX1 0AB"))
    assert problem.code == "cannot_set"
    assert re.fullmatch(
        r"L2: line 3 of the address is 1\d\d mm wide and the window takes 78 mm: shorten it",
        str(problem),
    )
    assert wide not in str(problem)


def test_a_letterhead_never_runs_into_the_address(renderer: Renderer) -> None:
    facts = usual("L2")
    facts["school"]["address_lines"] = ["A line"] * 12
    problem = refused(renderer, "L2", facts)
    assert "the letterhead is higher than the 41 mm above the address" in str(problem)


def test_the_notify_profile_moves_the_address_into_its_own_zone(
    tmp_path: Path, letters: Path, schemas: Path
) -> None:
    own = shutil.copytree(letters, tmp_path / "letters")
    table = own / "letters.toml"
    text = table.read_text(encoding="utf-8").replace('"dl-35x90"', '"notify"')
    table.write_text(text, encoding="utf-8")
    notify = Renderer(own, schemas)
    assert pdf(notify, "L19", most("L19")).content.startswith(b"%PDF-1.7")
    long = usual("L19") | {"facts": "word " * 3900, "child_words": "word " * 3900}
    long |= {"actions_taken": ["word " * 3900] * 2}
    assert "pages and may have 10" in str(refused(notify, "L19", long))


def test_a_letter_that_would_never_end_is_refused(renderer: Renderer) -> None:
    facts = usual("L19") | {"actions_taken": ["word " * 3900] * 5}
    problem = refused(renderer, "L19", facts)
    assert re.fullmatch(
        r"L19: the letter has \d\d pages and may have 20: shorten what is told in it", str(problem)
    )
    facts["actions_taken"] *= 3
    assert refused(renderer, "L19", facts).code == "too_long"


# ── what was typed, on paper ─────────────────────────────────────────────────────────────────────


def with_every_text(value: Any, text: str) -> Any:
    """The facts with every text that a letter's body prints replaced."""
    kept = {"school", "contact", "recipient", "reference", "part", "sha256"}
    if isinstance(value, dict):
        return {k: v if k in kept else with_every_text(v, text) for k, v in value.items()}
    if isinstance(value, list):
        return [with_every_text(entry, text) for entry in value]
    return text if isinstance(value, str) and not value[:4].isdigit() else value


def counted(letters: Path, inputs: dict[str, str]) -> list[Any]:
    """How many elements of each kind Typst finds on the page, and how many entries in each list."""
    alone = "(heading, image, link, raw, math.equation).map(kind => query(kind).len())"
    lists = "(list, enum, terms).map(kind => query(kind).map(found => found.children.len()))"
    found: list[Any] = asked(letters, inputs, f"{alone} + {lists}")
    return found


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_nothing_typed_becomes_an_element_of_the_page(
    renderer: Renderer, letters: Path, inputs: list[dict[str, str]], text: str
) -> None:
    facts = most("L19", many=1, told="Words.\n\nMore of them.")
    pdf(renderer, "L19", facts)
    try:
        pdf(renderer, "L19", with_every_text(facts, text))
    except CannotRender as problem:
        assert problem.code in {"cannot_set", "too_long"}  # noqa: PT017 - either is right
        assert "pages" in str(problem) or problem.code == "too_long"  # noqa: PT017
        return
    usual_page, hostile_page = inputs
    headings, *others = counted(letters, usual_page)
    assert headings == 7
    assert counted(letters, hostile_page) == [headings, *others]
