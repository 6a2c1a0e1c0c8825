"""Nothing that people said, or are called, lies anywhere but in letters and mails.

Every byte on disk is searched while everything runs: databases with their logs, sealed documents,
the broker's files with their subjects, and the log of every part at its most talkative.
"""

from collections.abc import Iterator
from pathlib import Path

from deploy.demo.picture import picture
from tests.scenarios.planted import said, traces, users
from tests.scenarios.told import Week, attachments_of

PLACES = ("var", "nats", "log")


def files(week: Week) -> Iterator[Path]:
    """Every file of the installation: all but what has gone out by mail."""
    for place in PLACES:
        top = week.folder / place
        yield from (p for p in (top, *top.rglob("*")) if p.is_file())


def holding(week: Week, words: set[str]) -> dict[str, list[str]]:
    found = {str(p.relative_to(week.folder)): traces(p.read_bytes(), words) for p in files(week)}
    return {name: pieces for name, pieces in found.items() if pieces}


def test_the_search_finds_what_is_there(week: Week) -> None:
    """Ids are no secret; words are found in the mails, where they have to be."""
    in_files = {Path(name).name for name in holding(week, {week.post.case_id})}
    assert {"log", "nats.log"} & in_files
    assert any(name.endswith(".blk") for name in in_files), "the broker's messages"
    in_database = {Path(name).name for name in holding(week, {week.post.reference})}
    assert {"events.db", "events.db-wal", "views.db", "views.db-wal"} & in_database
    [pdf] = attachments_of(week.post.mailed("L2"))
    assert traces(week.post.mailed("L2").content, {"The parent of two pupils"})
    assert pdf.startswith(b"%PDF-")


def test_no_file_holds_what_people_said_of_each_other(week: Week) -> None:
    words = said(week.town)
    assert len(words) > 30
    assert holding(week, words) == {}


def test_no_file_holds_what_users_are_called_or_where_they_are_written_to(week: Week) -> None:
    assert holding(week, users()) == {}


def test_no_file_holds_a_picture_or_a_letter(week: Week) -> None:
    pdfs = [attachments_of(week.post.mailed("L2"))[0], attachments_of(week.threat.mailed("L19"))[0]]
    for path in files(week):
        content = path.read_bytes()
        for secret in (picture(96), picture(48), *pdfs, b"%PDF-1.7"):
            assert secret[-100:] not in content, path


def test_no_subject_of_a_mail_says_what_it_is_about(week: Week) -> None:
    words = said(week.town) | users()
    for mail in week.town.mail.mails:
        subject = str(mail.message["Subject"])
        assert traces(subject.encode(), words) == []
        assert any(told.reference in subject for told in week.all)


def test_the_metrics_count_routes_and_name_nobody(week: Week) -> None:
    metrics = week.town.as_(None, "GET", "/metrics")
    assert metrics.status == 200
    assert b"/api/cases/{case_id}" in metrics.body
    words = said(week.town) | users() | {told.case_id for told in week.all}
    assert traces(metrics.body, words) == []
