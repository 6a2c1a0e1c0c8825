"""Breaking the glass: reading for a while, for a reason, never through a wall, and never unseen."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from incidents.domain.vocabulary import Role
from incidents.letters.lookup import Lookup
from incidents.letters.recipients import recipients
from tests.incidents.api.school import HERE, PEOPLE, CaseAt, Client

WHY = {"reason": "A child is missing, and the case may say where to look."}


async def breaks(client: Client, who: str, case: CaseAt, **body: Any) -> httpx.Response:
    return await client.call(who, "POST", f"{case.path}/break-glass", {**WHY, **body})


async def test_a_dsl_reads_a_case_that_is_not_his_for_half_an_hour_and_no_longer(
    client: Client,
) -> None:
    case = await client.report()
    assert (await client.get("dsl", case.path)).status_code == 404
    assert (await breaks(client, "dsl", case)).status_code == 200
    page = (await client.get("dsl", case.path)).json()
    assert page["sight"] == "full"
    assert page["facts"]
    client.life.clock.move(minutes=29, seconds=59)
    assert (await client.get("dsl", f"{case.path}/history")).status_code == 200
    client.life.clock.move(seconds=1)
    assert (await client.get("dsl", case.path)).status_code == 404
    assert (await client.get("dsl", f"{case.path}/history")).status_code == 404


async def test_it_opens_reading_and_nothing_else(client: Client) -> None:
    case = await client.report()
    assert (await breaks(client, "dsl", case)).status_code == 200
    case.version += 1
    actions = (await client.get("dsl", case.path)).json()["actions"]
    assert not any(action["possible"] for action in actions)
    answer = await case.ask("dsl", "acknowledge-report")
    assert answer.status_code == 403
    client.life.follow()
    assert (await client.get("dsl", "/api/cases")).json()["cases"] == []


async def test_it_is_in_the_history_with_its_reason_and_the_headteacher_is_told(
    client: Client,
) -> None:
    case = await client.report()
    await breaks(client, "dsl", case)
    last = (await client.get("headteacher", f"{case.path}/history")).json()["entries"][-1]
    assert last["event"] == "incidents.break_glass_used"
    assert last["actor"]["role"] == Role.DSL
    assert last["data"]["reason"] == WHY["reason"]
    assert told(client, case) == {client.life.users["headteacher"]}


async def test_when_the_chair_breaks_it_the_headteacher_is_told(client: Client) -> None:
    case = await client.report()
    assert (await breaks(client, "chair", case)).status_code == 200
    assert (await client.get("chair", case.path)).status_code == 200
    assert told(client, case) == {client.life.users["headteacher"]}


async def test_what_is_about_the_headteacher_is_told_to_the_chair(client: Client) -> None:
    case = await client.report(people=[{"part": "subject", "role": "headteacher"}])
    assert (await breaks(client, "headteacher", case)).status_code == 404
    assert (await breaks(client, "dsl", case)).status_code == 200
    assert told(client, case) == {client.life.users["chair"]}


@pytest.mark.parametrize("part", ["subject", "related"])
async def test_it_never_opens_a_wall(client: Client, part: str) -> None:
    walled = {"part": part, "role": "staff", "user": str(client.life.users["dsl"])}
    case = await client.report(people=[walled])
    answer = await breaks(client, "dsl", case)
    nothing = await client.call("dsl", "POST", f"/api/cases/{UUID(int=1)}/break-glass", WHY)
    assert (answer.status_code, answer.json()) == (404, nothing.json())
    assert len(client.life.installation.store.history(case.id)) == case.version


async def test_a_wall_that_goes_up_later_closes_it_again(client: Client) -> None:
    case = await client.report()
    await breaks(client, "dsl", case)
    case.version += 1
    named = {"part": "related", "role": "staff", "user": str(client.life.users["dsl"])}
    await case.done("headteacher", "identify-person", named)
    assert (await client.get("dsl", case.path)).status_code == 404


async def test_nobody_else_breaks_it_and_learns_nothing_by_trying(client: Client) -> None:
    case = await client.report()
    for who, (_, role) in PEOPLE.items():
        if role in (Role.HEADTEACHER, Role.DSL, Role.CHAIR):
            continue
        there = await breaks(client, who, case)
        absent = await client.call(who, "POST", f"/api/cases/{UUID(int=1)}/break-glass", WHY)
        assert there.status_code == absent.status_code == 403, who
        assert there.json() == absent.json()
    assert (await breaks(client, "outsider", case)).status_code == 404


async def test_a_reason_is_needed_and_a_need(client: Client) -> None:
    case = await client.report()
    assert (await breaks(client, "dsl", case, reason="urgent")).status_code == 422
    seen = await breaks(client, "headteacher", case)
    assert seen.status_code == 409
    assert len(client.life.installation.store.history(case.id)) == case.version


async def test_with_the_same_key_it_is_broken_once(client: Client) -> None:
    case = await client.report()
    headers = {"Idempotency-Key": "in-a-hurry"}
    path = f"{case.path}/break-glass"
    first = await client.call("dsl", "POST", path, WHY, headers=headers)
    again = await client.call("dsl", "POST", path, WHY, headers=headers)
    assert (first.status_code, first.json()) == (200, again.json())
    assert len(client.life.installation.store.history(case.id)) == case.version + 1


async def test_what_is_read_then_is_in_the_access_record(client: Client) -> None:
    case = await client.report()
    await breaks(client, "dsl", case)
    await client.get("dsl", case.path)
    client.life.installation.access_record.flush()
    entries = (await client.get("dpo", "/api/access-record")).json()["entries"]
    assert [(e["role"], e["what"]) for e in entries] == [("dsl", "case")]


def told(client: Client, case: CaseAt) -> set[UUID | None]:
    """Who gets the alert of the newest event."""
    lookup = Lookup(client.life.installation.cases)
    newest = client.life.installation.store.history(case.id)[-1].event_id
    return set(recipients(lookup, HERE, case.id, newest, "head_or_chair"))
