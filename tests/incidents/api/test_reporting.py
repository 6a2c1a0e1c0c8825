"""Reporting an incident, once and however often it is sent."""

import asyncio
from hashlib import sha256
from uuid import UUID

from incidents.domain.facts import CaseId
from tests.incidents.api.school import Client, report

KEY = {"Idempotency-Key": "the-same-again"}


async def test_a_report_begins_a_case_and_gives_a_receipt_for_each_event(client: Client) -> None:
    answer = await client.call("staff", "POST", "/api/incidents", report())
    logged = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/api/cases/{logged['case_id']}"
    assert answer.headers["etag"] == f'"{logged["version"]}"'
    stored = client.life.installation.store.stored(CaseId(UUID(logged["case_id"])))
    assert logged["receipt"] == [
        {"position": s.position, "version": s.version, "sha256": sha256(s.state).hexdigest()}
        for s in stored
    ]
    assert answer.headers["caseward-position"] == str(stored[-1].position)


async def test_the_etag_of_a_report_is_what_the_first_command_has_to_name(client: Client) -> None:
    case = await client.report()
    assert (await case.ask("slt", "start-assessment")).status_code == 200


async def test_the_same_report_sent_again_gets_the_same_answer(client: Client) -> None:
    first = await client.call("staff", "POST", "/api/incidents", report(), headers=KEY)
    before = client.life.installation.store.head()
    again = await client.call("staff", "POST", "/api/incidents", report(), headers=KEY)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["etag"] == first.headers["etag"]
    assert client.life.installation.store.head() == before


async def test_spaces_and_order_do_not_make_another_report(client: Client) -> None:
    first = await client.call("staff", "POST", "/api/incidents", report(), headers=KEY)
    turned = dict(reversed(report().items()))
    again = await client.call("staff", "POST", "/api/incidents", turned, headers=KEY)
    assert again.content == first.content


async def test_a_key_that_came_with_another_report_is_refused(client: Client) -> None:
    await client.call("staff", "POST", "/api/incidents", report(), headers=KEY)
    before = client.life.installation.store.head()
    other = await client.call(
        "staff", "POST", "/api/incidents", report(platform="Instagram"), headers=KEY
    )
    assert other.status_code == 422
    assert other.json()["type"].endswith("/key-reused")
    assert client.life.installation.store.head() == before


async def test_a_key_is_its_users_own(client: Client) -> None:
    mine = await client.call("staff", "POST", "/api/incidents", report(), headers=KEY)
    hers = await client.call("second_teacher", "POST", "/api/incidents", report(), headers=KEY)
    assert hers.json()["case_id"] != mine.json()["case_id"]


async def test_the_same_report_sent_many_times_at_once_makes_one_case(client: Client) -> None:
    answers = await asyncio.gather(
        *(client.call("staff", "POST", "/api/incidents", report(), headers=KEY) for _ in range(8))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1


async def test_a_key_has_to_be_short_visible_ascii(client: Client) -> None:
    for key in ("", " ", "two words", "k" * 201, "schlüssel"):
        answer = await client.call(
            "staff",
            "POST",
            "/api/incidents",
            report(),
            headers={"Idempotency-Key": key.encode("utf-8")},
        )
        assert answer.status_code == 400, key
        assert "Idempotency-Key" in answer.json()["detail"]


async def test_clerks_and_auditors_do_not_report(client: Client) -> None:
    for who in ("clerk", "auditor"):
        answer = await client.call(who, "POST", "/api/incidents", report())
        assert answer.status_code == 403
        assert [reason["rule"] for reason in answer.json()["reasons"]] == ["may_report"]


async def test_a_report_from_the_future_is_refused_with_its_rule(client: Client) -> None:
    answer = await client.call(
        "staff", "POST", "/api/incidents", report(observed_at="2026-11-21T09:00:00Z")
    )
    assert answer.status_code == 422
    assert [reason["rule"] for reason in answer.json()["reasons"]] == ["times_are_past"]
