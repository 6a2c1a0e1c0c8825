"""Scenario 3: a threat in reply to the school's own post."""

from datetime import datetime, timedelta
from hashlib import sha256

from deploy.demo.calendar import LONDON
from deploy.demo.picture import picture
from tests.scenarios.planted import said, traces, users
from tests.scenarios.told import Week, attachments_of, body_of
from tests.support.pdf_text import text_of

LONGEST_NOTICE = 280
EVIDENCE = sha256(picture(48)).hexdigest()


def test_the_case_goes_through_a_referral_to_the_police(week: Week) -> None:
    expected = ["reported", "assessing", "assessed", "referred", "resolved", "closed"]
    assert week.threat.stages == expected
    assert week.threat.page["outcome"] == "agency_action"


def test_nothing_is_moderated_before_the_evidence_is_kept_by_its_hash(week: Week) -> None:
    names = week.threat.names
    assert names.index("evidence_captured") < names.index("moderation_action_taken")
    assert week.threat.once("evidence_captured")["data"]["sha256"] == EVIDENCE
    acts = [e["data"]["act"] for e in week.threat.happened("moderation_action_taken")]
    assert acts == ["reported", "blocked"]


def test_the_notice_names_the_rule_and_no_person(week: Week) -> None:
    letter = week.threat.letter("L13")
    answer = week.town.as_("headteacher", "GET", f"/api/letters/{letter['letter']}").json
    notice: str = answer["text"]
    assert "blocked a user" in notice
    assert "4.2: Where a conversation becomes offensive or unacceptable" in notice
    assert len(notice) <= LONGEST_NOTICE
    assert traces(notice.encode(), said(week.town) | users()) == []
    informed = week.threat.once("audience_informed")["data"]
    assert informed["text_hash"] == sha256(notice.encode()).hexdigest()
    assert week.threat.page["moderation"] == "audience_informed"


def test_one_notice_goes_out_and_the_other_was_withdrawn_with_a_reason(week: Week) -> None:
    sent, withdrawn = week.threat.letter("L13"), week.threat.letter("L13", "withdrawn")
    assert week.threat.fate(withdrawn["letter"]) == ["rendered", "withdrawn"]
    assert week.threat.fate(sent["letter"])[:2] == ["rendered", "approved"]
    assert week.threat.mails(sent["letter"]) == week.threat.mails(withdrawn["letter"]) == []


def test_a_threat_is_never_below_severity_3_however_small_its_reach(week: Week) -> None:
    assessed = week.threat.once("assessment_recorded")["data"]
    assert max(assessed[level] for level in ("scale", "audience", "permanency", "harm")) == 2
    assert assessed["severity"] == 3
    assert assessed["finding"] == "possibly_illegal"


def test_the_headteacher_and_the_dsl_are_alerted_to_a_possible_offence(week: Week) -> None:
    alerts = week.threat.alerted("A4")
    to = sorted(address for alert in alerts for address in alert.recipients)
    assert to == ["dsl@demonstration.example.org", "headteacher@demonstration.example.org"]
    for alert in alerts:
        assert "Thursday 26 November 2026 at 5pm" in body_of(alert)
        assert traces(alert.content, said(week.town)) == []


def test_the_letter_to_the_police_lists_hashes_and_carries_no_media(week: Week) -> None:
    mail = week.threat.mailed("L19")
    assert mail.recipients == ["police-liaison@example.org"]
    assert week.threat.fate(week.threat.letter("L19")["letter"]) == [
        "rendered",
        "approved",
        "sent",
    ]
    [pdf] = attachments_of(mail)
    words = text_of(pdf)
    assert f"SHA-256: {EVIDENCE}" in words
    assert "I know which gate you leave by" in words
    assert "threatening communication" in words
    assert "No picture, recording or other media is attached." in words
    assert b"/Subtype/Image" not in pdf
    assert b"/EmbeddedFile" not in pdf
    assert picture(48) not in mail.content


def test_the_reference_number_of_the_police_is_on_record(week: Week) -> None:
    [referral] = week.threat.page["referrals"]
    assert referral["agency_reference"] == "EX-20261126-0417"
    assert (referral["state"], referral["holds"]) == ("closed", False)


def test_the_case_closes_only_after_the_referral_and_by_a_second_person(week: Week) -> None:
    names = week.threat.names
    assert names.index("internal_hold_lifted") < names.index("referral_closed")
    assert names.index("referral_closed") < names.index("outcome_recorded")
    closed = week.threat.once("case_closed")
    assert closed["actor"]["user"] != week.threat.page["lead"]
    assert closed["actor"]["role"] == "headteacher"


def test_what_has_to_be_done_on_the_same_day_is_due_at_its_end(week: Week) -> None:
    evening = datetime(2026, 11, 26, 17, 0, tzinfo=LONDON)
    due = week.threat.due()
    for what in ("urgent_assessment", "police", "audience_notice"):
        assert set(due[what]) == {evening}
    reported = datetime.fromisoformat(week.threat.page["reported_at"])
    assert due["moderation"] == [reported + timedelta(hours=2)]
    assert due["agency_chase"][0] == datetime(2026, 11, 30, 17, 0, tzinfo=LONDON)
    assert {d["state"] for d in week.threat.page["deadlines"]} == {"met"}
