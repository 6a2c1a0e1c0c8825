"""The access record: who read what, what was exported, who was refused; nothing of it in a case."""

from typing import Any
from uuid import UUID

import pytest
from litestar.testing import AsyncTestClient

from incidents.api.access_record import KEEPERS
from incidents.domain.access_record import KIND, Reading, month_of
from incidents.domain.school import User
from incidents.domain.vocabulary import Role
from incidents.installation import EVENTS, UPCASTERS
from incidents.state_check import state_rows_agree
from incidents.store import StoreUnavailable
from tests.incidents.api.school import FRIDAY, HERE, PEOPLE, CaseAt, Client
from tests.incidents.api.stages import drafted, handled


async def entries(client: Client, who: str = "dpo", **asked: Any) -> list[dict[str, Any]]:
    client.life.installation.access_record.flush()
    answer = await client.get(who, "/api/access-record", params=asked)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["entries"]
    return found


def told(found: list[dict[str, Any]], case: CaseAt) -> list[tuple[str, str | None]]:
    return [
        (e["event"].partition(".")[2], e.get("what"))
        for e in found
        if e.get("case_id") == str(case.id)
    ]


async def test_what_is_read_of_a_case_is_on_record_with_who_and_how_often(client: Client) -> None:
    case = await client.report()
    for path in ("", "", "/history", "/replay?version=1"):
        assert (await client.get("slt", f"{case.path}{path}")).status_code == 200
    found = await entries(client)
    assert sorted((e["what"], e.get("times", 1)) for e in found) == [
        ("case", 2), ("history", 1), ("replay", 1),
    ]  # fmt: skip
    assert {e["user"] for e in found} == {str(client.life.users["slt"])}
    assert {e["role"] for e in found} == {"slt"}
    assert {e["at"] for e in found} == {FRIDAY.isoformat().replace("+00:00", "Z")}


async def test_a_letter_and_a_piece_of_evidence_are_read_on_record_too(client: Client) -> None:
    case = await handled(client)
    letter = drafted(case)
    (item,) = (await client.get("slt", case.path)).json()["evidence"]
    await client.get("slt", f"/api/letters/{letter}")
    await client.get("slt", f"{case.path}/evidence/{item['evidence']}")
    assert {what for _, what in told(await entries(client), case)} >= {"letter", "evidence"}


async def test_who_is_refused_is_on_record_and_the_case_knows_nothing_of_it(client: Client) -> None:
    case = await client.report()
    before = case.client.life.installation.store.history(case.id)
    await client.get("second_teacher", case.path)
    await client.call("clerk", "POST", f"{case.path}/close-case", {})
    await client.get("staff", f"{case.path}/bundle")
    denied = [e for e in await entries(client) if e["event"] == "incidents.access_denied"]
    assert sorted((e["role"], e["what"]) for e in denied) == [
        ("clerk", "command"), ("staff", "bundle"), ("staff", "case"),
    ]  # fmt: skip
    assert client.life.installation.store.history(case.id) == before


async def test_what_is_not_there_or_elsewhere_leaves_nothing(client: Client) -> None:
    case = await client.report()
    await client.get("slt", f"/api/cases/{UUID(int=1)}")
    await client.get("outsider", case.path)
    assert await entries(client) == []
    assert (await client.get("outsider", "/api/access-record")).json() == {"entries": []}


async def test_a_failed_sign_in_is_counted_for_the_school_whose_token_it_claims_to_be(
    client: Client,
) -> None:
    for _ in range(3):
        await client.http.get("/api/me", headers={"Authorization": f"Bearer {HERE}.{'x' * 43}"})
    await client.http.get("/api/me", headers={"Authorization": f"Bearer nowhere99.{'x' * 43}"})
    (found,) = await entries(client)
    assert (found["event"], found["times"]) == ("incidents.sign_ins_failed", 3)


async def test_a_bundle_is_on_record_before_it_is_handed_over(client: Client) -> None:
    case = await client.report()
    client.life.follow()
    assert (await client.get("headteacher", f"{case.path}/bundle")).status_code == 200
    store = client.life.installation.store
    (recorded,) = store.history(month_of(HERE, FRIDAY))
    assert recorded.event.TOPIC == "incidents.export_produced"
    assert recorded.actor.user == client.life.users["headteacher"]


async def test_a_bundle_whose_record_can_not_be_written_is_not_handed_over(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = await client.report()
    client.life.follow()

    monkeypatch.setattr(type(client.life.installation.store), "write", _unavailable)
    answer = await client.get("headteacher", f"{case.path}/bundle")
    assert answer.status_code == 503
    assert b"PK" not in answer.content


async def test_what_could_not_be_written_is_kept_and_written_later(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = await client.report()
    await client.get("slt", case.path)
    record, store = client.life.installation.access_record, client.life.installation.store
    write = type(store).write
    monkeypatch.setattr(type(store), "write", _unavailable)
    with pytest.raises(StoreUnavailable):
        record.flush()
    monkeypatch.setattr(type(store), "write", write)
    await client.get("slt", case.path)
    (line,) = await entries(client)
    assert line["times"] == 2


def _unavailable(*_: object) -> None:
    raise StoreUnavailable("the disk is full")


async def test_while_too_much_waits_to_be_written_nothing_is_shown(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = await client.report()
    await client.get("slt", case.path)
    monkeypatch.setattr("incidents.access_record.MOST_GATHERED", 0)
    assert (await client.get("slt", case.path)).status_code == 503
    client.life.installation.access_record.flush()
    assert (await client.get("slt", case.path)).status_code == 200


async def test_the_record_is_for_those_who_answer_for_it(client: Client) -> None:
    for who, (_, role) in PEOPLE.items():
        answer = await client.get(who, "/api/access-record")
        assert answer.status_code == (200 if role in KEEPERS else 403), who


async def test_nobody_reads_in_it_of_a_case_he_is_walled_out_of(client: Client) -> None:
    head = {"part": "subject", "role": "headteacher"}
    case = await client.report(people=[head])
    await client.get("chair", case.path)
    await client.get("headteacher", case.path)
    assert await entries(client, "headteacher") == []
    seen = told(await entries(client, "chair"), case)
    assert sorted(seen) == [("access_denied", "case"), ("cases_viewed", "case")]


async def test_whoever_handles_a_case_sees_who_read_it(client: Client) -> None:
    case = await client.report()
    await client.get("headteacher", case.path)
    await client.get("second_teacher", case.path)
    client.life.installation.access_record.flush()
    answer = await client.get("slt", f"{case.path}/readers")
    assert [(e["role"], e["what"]) for e in answer.json()["entries"]] == [("headteacher", "case")]
    assert (await client.get("staff", f"{case.path}/readers")).status_code == 403
    assert (await client.get("second_teacher", f"{case.path}/readers")).status_code == 404


async def test_the_record_is_given_page_by_page_and_by_month(client: Client) -> None:
    case = await client.report()
    for who in ("slt", "headteacher", "second_deputy"):
        await client.get(who, case.path)
    client.life.installation.access_record.flush()
    first = (await client.get("dpo", "/api/access-record", params={"limit": 2})).json()
    rest = (await client.get("dpo", "/api/access-record", params={"cursor": first["next"]})).json()
    roles = [e["user"] for e in (*first["entries"], *rest["entries"])]
    assert len(set(roles)) == 3
    assert "next" not in rest
    assert await entries(client, month="2026-10") == []
    assert (await client.get("dpo", "/api/access-record?month=2026-13")).status_code == 400


async def test_the_record_adds_up_as_every_other_stream(client: Client) -> None:
    case = await client.report()
    await client.get("slt", case.path)
    await client.get("clerk", case.path)
    client.life.installation.access_record.flush()
    place = client.life.installation.settings.place
    assert list(state_rows_agree(place, EVENTS, UPCASTERS)) == []
    rows = client.life.installation.store.states(HERE, KIND)
    assert [row.version for row in rows] == [2]


async def test_what_was_read_is_written_by_the_time_the_api_stops(client: Client) -> None:
    case = await client.report()
    async with AsyncTestClient(client.app) as served:
        token = client.life.tokens["slt"]
        await served.get(case.path, headers={"Authorization": f"Bearer {token}"})
    stored = client.life.installation.store.history(month_of(HERE, FRIDAY))
    assert [one.actor.role for one in stored] == [Role.SLT]


async def test_thousands_of_cases_that_are_not_there_leave_nothing_and_stop_nothing(
    client: Client,
) -> None:
    case = await client.report()
    record, user = client.life.installation.access_record, client.life.users["clerk"]
    clerk = User(id=user, school=HERE, roles=frozenset({Role.CLERK}))
    for number in range(40_000):
        record.denied(clerk, UUID(int=number), Reading.CASE)
    record.denied(clerk, case.id, Reading.CASE)
    (line,) = await entries(client)
    assert (line["case_id"], line["what"]) == (str(case.id), "case")


async def test_a_record_that_can_not_be_written_for_a_while_is_written_afterwards(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = await client.report()
    await client.get("slt", case.path)
    store = type(client.life.installation.store)
    write = store.write
    monkeypatch.setattr(store, "write", _unavailable)
    async with AsyncTestClient(client.app):
        pass  # what the API could not write when it stopped is kept
    monkeypatch.setattr(store, "write", write)
    assert len(await entries(client)) == 1
