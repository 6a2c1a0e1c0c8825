"""Every character of a letter is drawn, or the letter is refused with the field named."""

from pathlib import Path
from typing import Any

import pytest

from notifier.glyphs import BadFont, printable, spelled_out
from notifier.render import CannotRender, Renderer
from tests.notifier.letters.samples import ACCENTED, usual


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        (("people", 1, "name"), "علي", "people[2].name has 'ع' (U+0639, arabic letter ain)"),
        (("facts",), "said 你好", "facts has '你' (U+4F60, cjk unified ideograph-4f60)"),
        (("contact", "name"), "નામ", "contact.name has 'ન' (U+0AA8, gujarati letter na)"),
        (("recipient", "name"), "ਨਾਮ", "recipient.name has 'ਨ' (U+0A28, gurmukhi letter na)"),
        (("school", "name"), "학교", "school.name has '학' (U+D559, hangul syllable hag)"),
    ],
)
def test_a_character_without_a_glyph_is_named_with_its_field(
    renderer: Renderer, path: tuple[str | int, ...], text: str, said: str
) -> None:
    facts = usual("L19")
    held: Any = facts
    for step in path[:-1]:
        held = held[step]
    held[path[-1]] = text
    with pytest.raises(CannotRender) as problem:
        renderer.render(renderer.table.rule("L19"), facts)
    assert problem.value.code == "no_glyph"
    assert said in str(problem.value)
    assert "write it in Latin, Greek or Cyrillic letters" in str(problem.value)


def test_a_field_that_is_not_printed_may_hold_any_character(renderer: Renderer) -> None:
    facts = usual("L2")
    facts["recipient"]["email"] = "نام@example.org"
    assert renderer.render(renderer.table.rule("L2"), facts).content


def test_the_fonts_draw_the_names_of_wales_poland_and_vietnam_and_greek_and_cyrillic(
    letters: Path,
) -> None:
    drawn = printable(letters / "fonts")
    assert {ord(char) for char in ACCENTED} <= drawn
    assert {
        ord(char) for char in "ŴŵŶŷẀẁẂẃẄẅỲỳ ÀÂÉÈÊËÎÏÔÙÛÜŸÇ ĄĆĘŁŃÓŚŹŻ ȘȚ ĞİŞ“”‘’–—…•·£€°½"
    } <= drawn
    assert not {ord(char) for char in "你عन\U0001f600"} & drawn


def test_a_pictograph_is_written_out(letters: Path) -> None:
    drawn = printable(letters / "fonts")
    assert spelled_out("so \U0001f600!", drawn) == "so [grinning face]!"
    assert spelled_out("\U0001f44d\U0001f3fd", drawn) == "[thumbs up sign]"
    assert spelled_out("\U0001faff", drawn) == "[emoji u+1faff]"
    assert spelled_out("你", drawn) == "你"


def test_a_font_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadFont, match="there are no fonts"):
        printable(tmp_path)
    (tmp_path / "broken.ttf").write_bytes(b"\x00\x01\x00\x00\x00\x02")
    with pytest.raises(BadFont, match=r"broken\.ttf: has no character map"):
        printable(tmp_path)
