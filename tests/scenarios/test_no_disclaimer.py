"""Scenario 9: a colleague's own profile names the school without a disclaimer."""

from tests.scenarios.planted import said, traces
from tests.scenarios.told import Week, attachments_of, body_of
from tests.support.pdf_text import text_of


def test_the_case_is_handled_inside_as_a_matter_of_conduct(week: Week) -> None:
    expected = ["reported", "assessing", "assessed", "internal", "resolved", "closed"]
    assert week.profile.stages == expected
    assert week.profile.page["route"] == "staff_conduct"
    assert not any(week.profile.page["assessment"]["harm_test"].values())


def test_the_clause_is_cited(week: Week) -> None:
    assert week.profile.page["assessment"]["clauses"] == ["1.3"]
    assert week.profile.once("remedy_required")["data"]["clauses"] == ["1.3"]


def test_the_letter_says_what_to_put_right_by_when_and_what_help_there_is(week: Week) -> None:
    assert week.profile.fate(week.profile.letter("L17")["letter"]) == [
        "rendered",
        "approved",
        "sent",
    ]
    mail = week.profile.mailed("L17")
    assert mail.recipients == ["teaching.assistant@example.org"]
    [pdf] = attachments_of(mail)
    words = text_of(pdf)
    assert "1.3: A personal account that names or affects the school" in words
    assert "Please add to your profile that you speak for yourself only." in words
    assert "by Friday 27 November 2026 and tell me" in words
    assert "The administrator shows you how" in words
    told = said(week.town) - {"The teaching assistant in Year 3"}
    assert traces(body_of(mail).encode(), told) == []


def test_what_was_put_right_is_on_record(week: Week) -> None:
    [remedy] = week.profile.page["remedies"]
    assert remedy["met"]
    assert week.profile.once("remedy_met")["actor"]["role"] == "slt"
    assert week.profile.page["outcome"] == "corrected"


def test_it_is_closed_without_a_disciplinary_step(week: Week) -> None:
    assert not [name for name in week.profile.names if "disciplinary" in name]
    assert week.profile.page["referrals"] == []
    assert week.profile.page["retention"] == "conduct"
    assert sorted(week.profile.codes) == ["L1", "L17", "L31"]
