"""Who is signed in, and tokens that end."""

from datetime import datetime, timedelta

from incidents.domain.vocabulary import Role
from tests.incidents.api.school import FRIDAY, HERE, Client


async def test_me_tells_who_i_am_and_in_which_roles(client: Client) -> None:
    answer = await client.get("slt", "/api/me")
    assert answer.json() == {
        "user": str(client.life.users["slt"]),
        "roles": ["slt"],
        "school": {"id": HERE, "name": "Demonstration Primary School"},
    }


async def test_a_session_is_the_same_user_for_eight_hours(client: Client) -> None:
    opened = await client.call("slt", "POST", "/api/session")
    assert opened.status_code == 201
    assert datetime.fromisoformat(opened.json()["expires_at"]) == FRIDAY + timedelta(hours=8)
    client.life.tokens["session"] = opened.json()["token"]
    mine = await client.get("session", "/api/me")
    assert mine.json()["user"] == str(client.life.users["slt"])
    client.life.clock.move(hours=7, minutes=59)
    assert (await client.get("session", "/api/me")).status_code == 200
    client.life.clock.move(minutes=1)
    assert (await client.get("session", "/api/me")).status_code == 401
    assert (await client.get("slt", "/api/me")).status_code == 200


async def test_sessions_cannot_be_chained_beyond_the_first(client: Client) -> None:
    first = (await client.call("slt", "POST", "/api/session")).json()
    client.life.tokens["session"] = first["token"]
    client.life.clock.move(hours=7)
    second = await client.call("session", "POST", "/api/session")
    assert second.json()["expires_at"] == first["expires_at"]


async def test_a_revoked_token_is_nobodys_at_once(client: Client) -> None:
    client.life.tokens["session"] = (await client.call("slt", "POST", "/api/session")).json()[
        "token"
    ]
    ended = await client.call("session", "DELETE", "/api/session")
    assert (ended.status_code, ended.content) == (204, b"")
    assert (await client.get("session", "/api/me")).status_code == 401
    assert (await client.call("session", "DELETE", "/api/session")).status_code == 401
    assert (await client.get("slt", "/api/me")).status_code == 200


async def test_signing_in_and_out_is_on_record_as_the_users_own_doing(client: Client) -> None:
    store, user = client.life.installation.store, client.life.users["slt"]
    before = len(store.history(user))
    client.life.tokens["session"] = (await client.call("slt", "POST", "/api/session")).json()[
        "token"
    ]
    await client.call("session", "DELETE", "/api/session")
    issued, revoked = store.history(user)[before:]
    assert issued.event.TOPIC == "incidents.token_issued"
    assert revoked.event.TOPIC == "incidents.token_revoked"
    assert {one.actor.user for one in (issued, revoked)} == {user}
    assert {one.actor.role for one in (issued, revoked)} == {Role.SLT}


async def test_an_account_does_not_grow_with_every_day(client: Client) -> None:
    for _ in range(3):
        await client.call("slt", "POST", "/api/session")
        client.life.clock.move(days=1)
    row = client.life.installation.store.state(client.life.users["slt"])
    assert row is not None
    # The token that lasts a year, and the newest session; those before it have expired.
    assert row.state.count(b'"expires_at"') == 2
