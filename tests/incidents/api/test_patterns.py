"""The patterns in the document say the same as the reading of a body, text for text."""

import re
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from incidents.api.patterns import without_controls
from incidents.api.problems import Problem
from incidents.api.strict_json import read
from incidents.domain import vocabulary

KINDS = {
    name: kind
    for name, kind in vars(vocabulary).items()
    if (meta := next((m for m in get_args(kind) if isinstance(m, msgspec.Meta)), None))
    and meta.pattern is not None
}
CHARACTERS = st.characters(categories=("L", "N", "P", "Z", "Cc", "Cf")) | st.sampled_from(
    " \t\n\r\x00\x0b\x1c\x1f\x7f\x85\x9f\xa0\u200b\u2028\u3000"
)


def accepted(kind: Any, text: str) -> bool:
    try:
        read(msgspec.json.encode([text]), list[kind])
    except Problem:
        return False
    return True


@pytest.mark.parametrize("name", KINDS)
@given(text=st.text(CHARACTERS, max_size=70))
@example(text="a" * 60)
@example(text="https://social.example.com/post/1")
@example(text="https://social.example.com/post/1\n")
@example(text="parent@example.com")
@example(text="Words\x85")
@example(text="Words\x1c")
@example(text="Words\n")
@example(text="\n\t words " * 9)
def test_the_document_takes_what_is_accepted_and_nothing_else(name: str, text: str) -> None:
    meta = next(m for m in get_args(KINDS[name]) if isinstance(m, msgspec.Meta))
    said = re.search(without_controls(meta.pattern or ""), text) is not None
    within = (meta.min_length or 0) <= len(text) <= (meta.max_length or len(text))
    assert accepted(KINDS[name], text) == (said and within)


def test_a_text_without_a_pattern_of_its_own_only_loses_its_controls() -> None:
    said = without_controls("")
    assert re.search(said, "")
    assert re.search(said, "any\nwords\t")
    assert not re.search(said, "a\x00b")
