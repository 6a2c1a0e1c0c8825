"""An auditor replays each case step by step, and as it was known at any moment."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import quote

from tests.scenarios.told import Told, Week

MOMENT = timedelta(microseconds=1)


def replayed(told: Told, **asked: object) -> Any:
    query = "&".join(f"{name}={quote(str(value))}" for name, value in asked.items())
    return told.town.as_("headteacher", "GET", f"/api/cases/{told.case_id}/replay?{query}")


def seen(told: Told) -> dict[int, Any]:
    """The pages of the case as they were read while it was played, by version."""
    pages = told.town.door.pages.items()
    return {version: page for (case_id, version), page in pages if case_id == told.case_id}


def recorded_at(entry: Any) -> datetime:
    return datetime.fromisoformat(entry["recorded_at"])


def test_every_version_replays_to_the_state_that_was_seen_then(week: Week) -> None:
    for told in week.all:
        pages = seen(told)
        assert len(pages) > len(told.history) // 3, "too few states were seen to say anything"
        for version, page in pages.items():
            assert replayed(told, version=version).json == page


def test_there_is_a_state_for_every_version_and_none_beyond(week: Week) -> None:
    for told in week.all:
        for entry in told.history:
            assert replayed(told, version=entry["version"]).json["version"] == entry["version"]
        assert replayed(told, version=len(told.history) + 1).status == 404


def test_what_was_known_at_any_moment_is_the_state_seen_before_it(week: Week) -> None:
    for told in week.all:
        pages = seen(told)
        for before, after in pairwise(told.history):
            known, next_known = recorded_at(before), recorded_at(after)
            if before["version"] not in pages or known == next_known:
                continue
            between = known + (next_known - known) / 2
            at_once = replayed(told, known_at=known.isoformat()).json
            later = replayed(told, known_at=between.isoformat()).json
            assert at_once == later == pages[before["version"]]


def test_nothing_was_known_before_the_report(week: Week) -> None:
    for told in week.all:
        before = recorded_at(told.history[0]) - MOMENT
        assert replayed(told, known_at=before.isoformat()).status == 404


def test_the_last_version_is_how_the_case_stands(week: Week) -> None:
    for told in week.all:
        page = {name: value for name, value in told.page.items() if name != "actions"}
        assert replayed(told, version=len(told.history)).json == page


def test_an_auditor_replays_without_reading_anybodys_words(week: Week) -> None:
    for told in week.all:
        path = f"/api/cases/{told.case_id}/replay?version={len(told.history)}"
        page = told.town.as_("auditor", "GET", path).json
        assert page["facts"] == "[withheld]"
        assert page["stage"] == "closed"
