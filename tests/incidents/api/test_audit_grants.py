"""What an auditor sees: what two people have granted him, until it ends, and nothing else."""

from datetime import timedelta
from uuid import UUID

from tests.incidents.api.school import FRIDAY, CaseAt, Client, let_in

UNTIL = (FRIDAY + timedelta(days=30)).isoformat()


async def revoked(client: Client) -> None:
    """Take back the grant that the auditor begins with."""
    for entry in (await client.get("dpo", "/api/access-grants")).json()["entries"]:
        path = f"/api/access-grants/{entry['id']}/revoke-access"
        headers = {"If-Match": f'"{entry["version"]}"'}
        why = {"reason": "The audit has ended."}
        assert (await client.call("dpo", "POST", path, why, headers=headers)).status_code == 200


async def sees(client: Client, case: CaseAt) -> int:
    return (await client.get("auditor", case.path)).status_code


async def test_without_a_grant_an_auditor_sees_no_case_and_no_register(client: Client) -> None:
    case = await client.report()
    client.life.follow()
    assert await sees(client, case) == 200
    await revoked(client)
    client.life.follow()
    for path in ("", "/history", "/replay?version=1", "/bundle", "/readers"):
        assert (await client.get("auditor", f"{case.path}{path}")).status_code == 404, path
    assert (await client.get("auditor", "/api/cases")).json() == {"cases": []}
    assert (await client.get("auditor", "/api/policies")).json().get("entries", []) == []
    assert (await client.get("auditor", "/api/me")).status_code == 200


async def test_a_grant_takes_two_people_of_whom_one_is_the_data_protection_officer(
    client: Client,
) -> None:
    case = await client.report()
    await revoked(client)
    wanted = {
        "auditor": str(client.life.users["auditor"]),
        "until": UNTIL,
        "purpose": "The yearly audit.",
    }
    answer = await client.call("headteacher", "POST", "/api/access-grants", wanted)
    path = f"/api/access-grants/{answer.json()['id']}/grant-access"
    headers = {"If-Match": '"1"'}
    for who, status in (("headteacher", 409), ("chair", 409), ("slt", 404), ("auditor", 403)):
        refused = await client.call(who, "POST", path, {}, headers=headers)
        assert refused.status_code == status, (who, refused.text)
        assert await sees(client, case) == 404
    assert (await client.call("dpo", "POST", path, {}, headers=headers)).status_code == 200
    assert await sees(client, case) == 200


async def test_a_grant_ends_at_its_very_moment(client: Client) -> None:
    case = await client.report()
    await revoked(client)
    let_in(client.life, "auditor", days=3)
    client.life.clock.move(days=3, seconds=-1)
    assert await sees(client, case) == 200
    client.life.clock.move(seconds=1)
    assert await sees(client, case) == 404


async def test_a_grant_of_one_case_opens_no_other(client: Client) -> None:
    one, other = await client.report(), await client.report()
    await revoked(client)
    let_in(client.life, "auditor", one.id)
    client.life.follow()
    assert (await sees(client, one), await sees(client, other)) == (200, 404)
    assert (await client.get("auditor", f"{one.path}/history")).status_code == 200
    assert (await client.get("auditor", f"{one.path}/bundle")).status_code == 200


async def test_no_grant_opens_a_case_that_the_auditor_is_himself_in(client: Client) -> None:
    himself = {"part": "subject", "role": "public", "user": str(client.life.users["auditor"])}
    case = await client.report(people=[himself])
    let_in(client.life, "auditor", case.id)
    assert await sees(client, case) == 404


async def test_a_grant_is_for_an_auditor_and_for_a_year_at_most(client: Client) -> None:
    good = {
        "auditor": str(client.life.users["auditor"]),
        "until": UNTIL,
        "purpose": "The yearly audit.",
    }
    for wrong in (
        {"auditor": str(client.life.users["slt"])},
        {"auditor": str(UUID(int=1))},
        {"until": (FRIDAY + timedelta(days=400)).isoformat()},
        {"until": (FRIDAY - timedelta(days=1)).isoformat()},
        {"purpose": "audit"},
    ):
        answer = await client.call("dpo", "POST", "/api/access-grants", {**good, **wrong})
        assert answer.status_code == 422, wrong


async def test_an_auditor_sees_his_grant_and_changes_none(client: Client) -> None:
    (entry,) = (await client.get("auditor", "/api/access-grants")).json()["entries"]
    assert entry["auditor"] == str(client.life.users["auditor"])
    path = f"/api/access-grants/{entry['id']}/revoke-access"
    answer = await client.call("auditor", "POST", path, {}, headers={"If-Match": '"2"'})
    assert answer.status_code == 403
