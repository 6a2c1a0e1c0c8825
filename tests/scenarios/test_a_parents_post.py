"""Scenario 1: a parent's post about a teaching assistant."""

from datetime import datetime
from hashlib import sha256

from deploy.demo.calendar import LONDON
from tests.scenarios.planted import said, traces
from tests.scenarios.told import Week, attachments_of, body_of
from tests.support.pdf_text import text_of


def closing(month: int, day: int) -> datetime:
    return datetime(2026, month, day, 17, 0, tzinfo=LONDON)


def test_the_case_goes_the_way_of_a_parents_post(week: Week) -> None:
    expected = ["reported", "assessing", "assessed", "internal", "resolved", "closed"]
    assert week.post.stages == expected
    assert week.post.page["route"] == "parent"
    assert week.post.page["assessment"]["finding"] == "unacceptable"
    assert week.post.page["assessment"]["severity"] == 2
    assert week.post.page["post_status"] == "removed"


def test_one_letter_asks_to_remove_the_post_and_invites_to_talk_in_person(week: Week) -> None:
    assert sorted(week.post.codes) == ["L1", "L2", "L31"]
    letter = week.post.letter("L2")
    assert week.post.fate(letter["letter"]) == ["rendered", "approved", "sent"]
    [pdf] = attachments_of(week.post.mailed("L2"))
    words = text_of(pdf)
    assert "We ask you to take the post down" in words
    assert "You are welcome at school to talk about it in person" in words
    assert "Wednesday 25 November 2026 at 3:45pm" in words
    assert "Thursday 26 November 2026 at 8:30am" in words
    assert "3.6: Conduct that is defamatory" in words
    assert "6.3: Parents and carers are asked to remove" in words


def test_the_letter_is_sent_once_as_it_was_approved_in_a_mail_without_detail(week: Week) -> None:
    letter = week.post.letter("L2")
    mail = week.post.mailed("L2")
    [pdf] = attachments_of(mail)
    approved = week.post.once("letter_approved")["data"]["document"]
    assert sha256(pdf).hexdigest() == approved == letter["document"]
    kept = week.town.as_("headteacher", "GET", f"/api/letters/{letter['letter']}/pdf")
    assert kept.body == pdf
    assert mail.recipients == ["parent.of.two@example.org"]
    words = f"{mail.message['Subject']} {body_of(mail)}"
    # The parent is greeted by the name that the envelope bears.
    told = said(week.town) - {"The parent of two pupils"}
    assert traces(words.encode(), told) == []


def test_senior_leaders_are_alerted_at_intake_without_a_word_of_the_case(week: Week) -> None:
    [alert] = week.post.alerted("A1")
    assert alert.recipients == ["slt@demonstration.example.org"]
    assert week.post.reference in body_of(alert)
    assert "Monday 23 November 2026 at 5pm" in body_of(alert)
    assert traces(alert.content, said(week.town)) == []


def test_the_reporter_is_told_that_it_was_received_and_that_it_was_closed(week: Week) -> None:
    for code in ("L1", "L31"):
        mail = week.post.mailed(code)
        assert mail.recipients == ["staff@demonstration.example.org"]
        assert week.post.reference in body_of(mail)
        assert traces(mail.content, said(week.town)) == []
    assert week.post.names.index("incident_logged") < week.post.names.index("case_closed")


def test_the_colleague_named_sees_nothing_of_the_abuse_unless_she_is_let_in(week: Week) -> None:
    case = f"/api/cases/{week.post.case_id}"
    letter = f"/api/letters/{week.post.letter('L2')['letter']}"
    evidence = week.post.page["evidence"][0]["evidence"]
    for path in (case, f"{case}/history", f"{case}/evidence/{evidence}", letter, f"{letter}/pdf"):
        assert week.town.as_("second_staff", "GET", path).status == 404
    to = [address for mail in week.town.mail.mails for address in mail.recipients]
    assert "second-staff@demonstration.example.org" not in to


def test_deadlines_are_counted_in_school_days_over_the_weekend(week: Week) -> None:
    assert week.post.due() == {
        "acknowledge": [closing(11, 23)],
        "assessment": [closing(11, 24)],
        "removal_letter": [closing(11, 23)],
        "post_recheck": [closing(11, 25)],
        "meeting": [closing(12, 4)],
        "close": [closing(12, 2)],
    }
    assert {d["state"] for d in week.post.page["deadlines"]} == {"met"}


def test_what_was_refused_has_left_nothing(week: Week) -> None:
    by_people = [entry for entry in week.post.history if "user" in entry["actor"]]
    assert not [entry for entry in by_people if entry["actor"].get("role") == "moderator"]
    assert len(week.post.happened("letter_approved")) == 1
    assert len(week.post.happened("outcome_recorded")) == 1
    assert week.post.once("lead_assigned")["actor"]["role"] == "slt"
