"""What each letter must say and must not say. The reasons are the school's duties, not ours."""

import re
from pathlib import Path

import pytest

from notifier.blocks import as_text
from notifier.facts import read_facts
from notifier.render import MAX_NOTICE, CannotRender, Renderer
from notifier.render.words import Words
from notifier.rules import Form
from notifier.shape import read_shape
from tests.notifier.letters.people import PRINT, RESPECT
from tests.notifier.letters.samples import USUAL, least, most, schema, usual

EVERY_CASE = (usual, least, most)

THREATS = (
    "must", "demand", "legal", "solicitor", "court", "police", "ban", "sanction", "consequence",
    "unless", "defam", "prosecut", "disciplin",
)  # fmt: skip


def body(renderer: Renderer, letters: Path, code: str, facts: dict[str, object]) -> str:
    """The words of the letter between the greeting and the signature, as plain text."""
    rule = renderer.table.rule(code)
    if rule.form is not Form.PDF:
        return renderer.render(rule, facts).text
    words = Words()
    template = words.template((letters / rule.template).read_text(encoding="utf-8"))
    return as_text(words.blocks(template, read_facts(read_shape(schema(code)), facts)))


@pytest.mark.parametrize("code", USUAL)
@pytest.mark.parametrize("kind", EVERY_CASE)
def test_no_letter_has_gaps_or_leftovers_of_its_template(
    renderer: Renderer, letters: Path, code: str, kind: object
) -> None:
    assert callable(kind)
    text = body(renderer, letters, code, kind(code))
    assert not re.search(
        r"[{}]|\*\*|None(?!\.| known)|True|False|(?<!\n)  +\S|\n\n\n| [.,;:)]|\(\s|^- ?$|:$", text
    )


def test_every_template_keeps_to_plain_british_english(letters: Path) -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in sorted(letters.glob("*.j2")))
    american = r"\b\w*(?:ize[ds]?|izing|ization|yze[ds]?|color|behavior|center)\b|favor|honor"
    legalese = r"\bhereby|herewith|aforementioned|pursuant|henceforth\b"
    assert not re.search(american, source, re.IGNORECASE)
    assert not re.search(legalese, source, re.IGNORECASE)
    assert "'" not in re.sub(r"\{%.*?%\}", "", source)


# ── to a parent or carer ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", EVERY_CASE)
def test_l2_asks_to_remove_and_invites_to_talk_in_one_letter(
    renderer: Renderer, letters: Path, kind: object
) -> None:
    assert callable(kind)
    text = body(renderer, letters, "L2", kind("L2"))
    assert "Would you please remove the post?" in text
    assert "We ask you to take the post down" in text
    assert "Would you come and talk to us?" in text
    assert "You are welcome at school to talk about it in person" in text
    assert "You may bring somebody with you" in text
    assert "complaints procedure" in text
    assert "a post on Facebook" in text
    assert "which the school saw on 20 November 2026" in text
    assert "Social media policy" in text
    assert RESPECT.words in text


def test_l2_offers_the_times_and_names_the_day_of_the_post(
    renderer: Renderer, letters: Path
) -> None:
    text = body(renderer, letters, "L2", usual("L2"))
    assert "of 19 November 2026" in text
    assert "- Wednesday 25 November 2026 at 3:45pm\n- Thursday 26 November 2026 at 8:30am" in text
    assert "by Wednesday 25 November 2026 if you can" in text
    assert "at a time that suits you" in body(renderer, letters, "L2", least("L2"))


def test_l2_threatens_nobody_and_knows_no_child(letters: Path) -> None:
    source = (letters / "L2-removal-and-meeting.j2").read_text(encoding="utf-8").lower()
    assert [word for word in THREATS if word in re.split(r"\W+", source)] == []
    assert "pupil" not in source
    assert "your child" not in source
    shape = read_shape(schema("L2"))
    assert not {"people", "facts", "child_words"} & shape.fields.keys()


# ── for the school's own account ─────────────────────────────────────────────────────────────────


def notice(renderer: Renderer, **changed: object) -> str:
    rule = renderer.table.rule("L13")
    return renderer.render(rule, {**usual("L13"), **changed}).text


def test_l13_says_what_was_done_under_which_rule_and_where_to_turn(renderer: Renderer) -> None:
    text = notice(renderer)
    assert text.startswith("We have removed a comment.")
    assert RESPECT.ref in text
    assert RESPECT.words in text
    assert "Concerns? Please ring 01632 960123" in text
    assert len(text) <= MAX_NOTICE


def test_l13_names_nobody_whatever_the_facts_hold(renderer: Renderer) -> None:
    facts = usual("L13")
    rendered = renderer.render(renderer.table.rule("L13"), facts)
    for private in (
        facts["contact"]["name"],
        facts["contact"]["email"],
        facts["recipient"]["name"],
        facts["reference"],
        facts["school"]["email"],
    ):
        assert private not in rendered.text
    assert rendered.subject is None
    assert rendered.media_type == "text/plain; charset=utf-8"


def test_l13_has_280_characters_and_not_one_more(renderer: Renderer) -> None:
    room = MAX_NOTICE - len(notice(renderer, action="x")) + 1
    assert len(notice(renderer, action="x" * room)) == MAX_NOTICE
    with pytest.raises(CannotRender, match="has 281 characters and may have 280") as refused:
        notice(renderer, action="x" * (room + 1))
    assert refused.value.code == "too_long"


def test_l13_counts_a_pictograph_as_the_platform_does(renderer: Renderer) -> None:
    room = MAX_NOTICE - len(notice(renderer, action="x")) + 1
    assert notice(renderer, action="x" * (room - 2) + "\U0001f600")
    with pytest.raises(CannotRender, match="281"):
        notice(renderer, action="x" * (room - 1) + "\U0001f600")


@pytest.mark.parametrize(
    "action",
    [
        "removed a comment by @somebody",
        "removed a comment that said “go away”",
        'removed a comment that said "go away"',
        "removed https://social.example.com/1",
        "removed www.social.example.com/1",
    ],
)
def test_l13_refuses_a_handle_a_quotation_or_a_link(renderer: Renderer, action: str) -> None:
    with pytest.raises(CannotRender, match="name the rule and nobody") as refused:
        notice(renderer, action=action)
    assert refused.value.code == "not_for_public"
    assert action not in str(refused.value)


# ── to staff ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", EVERY_CASE)
def test_l17_cites_the_clause_says_what_by_when_and_offers_support(
    renderer: Renderer, letters: Path, kind: object
) -> None:
    assert callable(kind)
    facts = kind("L17")
    text = body(renderer, letters, "L17", facts)
    assert "1.3: A personal account that names or affects the school" in text
    assert facts["correction"] in text
    assert "by Friday 27 November 2026" in text
    assert "Help and support" in text
    assert "talk to me before that day" in text
    assert "union or professional association" in text


def test_l17_neither_threatens_nor_tells_who_reported(letters: Path) -> None:
    source = (letters / "L17-staff-correction.j2").read_text(encoding="utf-8").lower()
    assert [word for word in THREATS if word in re.split(r"\W+", source)] == []
    assert "report" not in source


# ── to the agencies ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("code", ["L19", "L20"])
def test_a_referral_lists_the_evidence_by_hash_and_carries_no_media(
    renderer: Renderer, letters: Path, code: str
) -> None:
    text = body(renderer, letters, code, most(code))
    assert f"SHA-256: {PRINT}" in text
    assert "No picture, recording or other media is attached." in text
    pdf = renderer.render(renderer.table.rule(code), most(code)).content
    assert b"/EmbeddedFile" not in pdf
    assert b"/Subtype /Image" not in pdf
    assert b"/Subtype/Image" not in pdf


@pytest.mark.parametrize("code", ["L19", "L20"])
def test_what_was_only_described_is_not_claimed_to_be_held(
    renderer: Renderer, letters: Path, code: str
) -> None:
    facts = usual(code)
    for item in facts["evidence"]:
        item.pop("sha256", None)
    text = body(renderer, letters, code, facts)
    assert "Described in writing only: the school holds no copy." in text
    assert "SHA-256:" not in text


def test_l19_gives_facts_times_persons_and_a_contact_and_leaves_the_law_to_the_police(
    renderer: Renderer, letters: Path
) -> None:
    facts = usual("L19")
    text = body(renderer, letters, "L19", facts)
    for said in (
        "This referral is urgent. It does not take the place of a 999 call.",
        "whether there is an offence is for you to decide",
        "Posted: Friday 20 November 2026 at 4:05pm",
        "Seen: Friday 20 November 2026 at 4:40pm",
        "Possible offences: threatening communication and harassment",
        "“I know which gate you leave by.”",
        "- Name not known, unknown account holder: subject of the report",
        "- The class teacher, member of staff: affected by it",
        "the school makes no further enquiries of its own",
        "your reference number",
        "01632 960124, deputy@example.org",
    ):
        assert said in text
    assert "This referral is urgent" not in body(
        renderer, letters, "L19", {**facts, "urgent": False}
    )


def test_l20_answers_the_four_questions_and_says_that_nothing_was_investigated(
    renderer: Renderer, letters: Path
) -> None:
    text = body(renderer, letters, "L20", usual("L20"))
    for said in (
        "The school has not investigated further and will not until you have advised it.",
        "1. Has the adult harmed a child, or may they have done? No",
        "4. May the adult be unsuitable to work with children? Yes",
        "- The class teacher, teacher: the adult whom the concern is about",
        "Other children: None known to the school",
        "Other work: The teacher also runs an after-school club elsewhere.",
        "The report was recorded and assessed on the day it was made.",
    ):
        assert said in text


def test_l20_without_all_four_answers_is_not_sent(renderer: Renderer) -> None:
    facts = usual("L20")
    facts["harm_test"].pop()
    with pytest.raises(CannotRender, match="harm_test: has 3 entries and needs 4"):
        renderer.render(renderer.table.rule("L20"), facts)


# ── to whoever reported ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", EVERY_CASE)
def test_l1_acknowledges_asks_to_keep_it_confidential_and_reminds_of_999_and_the_dsl(
    renderer: Renderer, letters: Path, kind: object
) -> None:
    assert callable(kind)
    text = body(renderer, letters, "L1", kind("L1"))
    for said in (
        "The school received your report on 20 November 2026",
        "CW-7K4M-2QXD",
        "Please keep this confidential.",
        "ring 999 first",
        "designated safeguarding lead (DSL)",
    ):
        assert said in text


@pytest.mark.parametrize("kind", EVERY_CASE)
def test_l31_says_that_it_was_dealt_with_offers_support_and_tells_no_outcome(
    renderer: Renderer, letters: Path, kind: object
) -> None:
    assert callable(kind)
    text = body(renderer, letters, "L31", kind("L31"))
    for said in ("has been dealt with", "closed on 3 December 2026", "you can have support"):
        assert said in text
    for untold in ("outcome", "sanction", "removed", "police", "disciplin", "found"):
        assert untold not in text.lower()


@pytest.mark.parametrize("code", ["L1", "L31"])
def test_a_letter_to_the_reporter_can_hold_no_detail_of_the_report(code: str) -> None:
    shape = read_shape(schema(code))
    told = shape.fields.keys() - read_shape(schema("A1")).fields.keys()
    assert told <= {"received_on", "closed_on", "act_by"}
