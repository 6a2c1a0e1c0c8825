"""What happened to a case, and how it stood: never "case updated"."""

from datetime import datetime
from typing import Any

import msgspec
import pytest

from incidents.domain.case import replay
from incidents.domain.state import Case
from tests.incidents.api.school import FRIDAY, CaseAt, Client
from tests.incidents.api.stages import assessed, drafted, handled, sent

WORDS = "A post in a public group insults the class teacher."


async def history(client: Client, who: str, case: CaseAt) -> list[dict[str, Any]]:
    answer = await client.get(who, f"{case.path}/history")
    assert answer.status_code == 200, answer.text
    entries: list[dict[str, Any]] = answer.json()["entries"]
    return entries


async def test_a_correction_shows_the_old_words_and_the_new(client: Client) -> None:
    case = await client.report()
    url = {"field": "post_url", "new": "https://social.example.com/post/2"}
    await case.done("staff", "correct-entry", {**url, "reason": "It was another address."})
    entry = (await history(client, "slt", case))[-1]
    assert entry["event"] == "incidents.entry_corrected"
    assert entry["changes"] == [
        {
            "field": "post_url",
            "old": "https://social.example.com/post/1",
            "new": "https://social.example.com/post/2",
        }
    ]


async def test_every_entry_says_who_in_which_role_and_when(client: Client) -> None:
    case = await client.report()
    client.life.clock.move(minutes=3)
    await case.done("slt", "acknowledge-report")
    entries = await history(client, "slt", case)
    assert [entry["version"] for entry in entries] == list(range(1, case.version + 1))
    first, last = entries[0], entries[-1]
    assert first["actor"] == {
        "role": "staff",
        "user": str(client.life.users["staff"]),
        "name": "The staff",
    }
    assert datetime.fromisoformat(first["recorded_at"]) == FRIDAY
    assert last["actor"]["role"] == "slt"
    assert first["data"]["facts"] == WORDS


async def test_the_fate_of_a_letter_stands_in_the_history(client: Client) -> None:
    case = await handled(client)
    letter = drafted(case)
    page = (await client.get("headteacher", f"/api/letters/{letter}")).json()
    path = f"/api/letters/{letter}/approve"
    await client.call("headteacher", "POST", path, {"document": page["document"]})
    sent(case, letter)
    fate = [
        change
        for entry in await history(client, "slt", case)
        for change in entry.get("changes", [])
        if change["field"] == f"letters.{letter}.state"
    ]
    assert [(change["old"], change["new"]) for change in fate] == [
        ("drafted", "approved"),
        ("approved", "sent"),
    ]


async def test_an_auditor_reads_everything_but_the_words_and_names(client: Client) -> None:
    case = await assessed(client)
    audited = await history(client, "auditor", case)
    assert len(audited) == len(await history(client, "slt", case))
    text = str(audited)
    assert WORDS not in text
    assert "The parent" not in text
    assert "The slt" not in text
    assert "[withheld]" in text


async def test_a_reporter_reads_his_own_entries_and_the_status(client: Client) -> None:
    case = await assessed(client)
    events = [entry["event"] for entry in await history(client, "staff", case)]
    assert "incidents.incident_logged" in events
    assert "incidents.report_acknowledged" in events
    assert "incidents.assessment_recorded" not in events


async def test_every_version_replays_to_what_its_events_add_up_to(client: Client) -> None:
    case = await handled(client)
    store = client.life.installation.store
    stood: dict[str, Any] = {}
    for version in range(1, case.version + 1):
        answer = await client.get("slt", f"{case.path}/replay?version={version}")
        stood = answer.json()
        fresh = replay(store.history(case.id, version))
        assert stood["version"] == fresh.version == version
        assert stood["stage"] == fresh.stage
        assert {d["due"]: d["state"] for d in stood["deadlines"]} == {
            due: d.state for due, d in fresh.deadlines.items()
        }
    now = (await client.get("slt", case.path)).json()
    del now["actions"]
    assert stood == now


async def test_the_state_row_is_what_the_events_add_up_to(client: Client) -> None:
    case = await handled(client)
    store = client.life.installation.store
    row = store.state(case.id)
    assert row is not None
    assert msgspec.json.decode(row.state, type=Case) == replay(store.history(case.id))


async def test_the_case_as_it_was_known_at_a_moment(client: Client) -> None:
    case = await client.report()
    client.life.clock.move(hours=1)
    await case.done("slt", "start-assessment")

    async def stage(query: str) -> str:
        answer = await client.get("slt", f"{case.path}/replay?{query}")
        return str(answer.json().get("stage", answer.status_code))

    assert await stage("known_at=2026-11-20T16:39:59Z") == "404"
    assert await stage("known_at=2026-11-20T16:40:00Z") == "reported"
    assert await stage("known_at=2026-11-20T18:30:00%2B01:00") == "reported"
    assert await stage("known_at=2026-11-20T17:40:00Z") == "assessing"


async def test_what_was_known_of_what_had_happened_by_another_moment(client: Client) -> None:
    case = await client.report()
    client.life.clock.move(hours=2)
    early = {"text": "Seen before.", "happened_at": "2026-11-20T16:35:00Z"}
    await case.done("staff", "add-information", early)
    now = "known_at=2026-11-20T19:00:00Z"
    by = await client.get("slt", f"{case.path}/replay?{now}&happened_by=2026-11-20T17:00:00Z")
    # The report was logged at 16:40 and the remark happened at 16:35: both count, though the
    # remark was written down only at 18:40.
    assert by.json()["version"] == case.version
    sooner = await client.get("slt", f"{case.path}/replay?{now}&happened_by=2026-11-20T16:00:00Z")
    assert sooner.status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        "",
        "version=1&known_at=2026-11-20T17:00:00Z",
        "happened_by=2026-11-20T17:00:00Z",
        "version=1&happened_by=2026-11-20T17:00:00Z",
        "version=0",
        "version=one",
        "known_at=yesterday",
        "known_at=2026-11-20T17:00:00",
        "known_at=1763658000",
        "known_at=2026-11-20",
    ],
)
async def test_a_replay_asks_for_one_clear_moment(client: Client, query: str) -> None:
    case = await client.report()
    answer = await client.get("slt", f"{case.path}/replay?{query}")
    assert answer.status_code == 400, answer.text


async def test_a_version_that_has_not_been_is_not_there(client: Client) -> None:
    case = await client.report()
    for version in (case.version + 1, 2**31):
        answer = await client.get("slt", f"{case.path}/replay?version={version}")
        assert answer.status_code == 404
