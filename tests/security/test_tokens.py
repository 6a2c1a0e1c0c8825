"""Tokens: whose they are, that they end, and that nothing about them can be told apart."""

from datetime import timedelta
from typing import Final

from tests.incidents.api.school import FRIDAY, HERE, Client

SECRET = "A" * 43


NO_TOKENS: Final = [
        None, "", "Bearer", "Bearer ", f"Basic {SECRET}", f"Token demoschool01.{SECRET}",
        f"Bearer {SECRET}", f"Bearer demoschool01.{SECRET}", f"Bearer demoschool01.{SECRET}A",
        f"Bearer DEMOSCHOOL01.{SECRET}", f"Bearer nowhere00000.{SECRET}", "Bearer .", "Bearer a.b",
        f"Bearer demoschool01.{SECRET} extra", f"Bearer demoschool01.{SECRET}, Bearer x.y",
        "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.", f"demoschool01.{SECRET}",
        "Bearer demoschool01." + "é" * 43, "Bearer demoschool01.' OR 1=1 --",
        "Bearer " + "x" * 5000,
]  # fmt: skip


async def test_whatever_is_no_good_token_gets_the_same_answer(client: Client) -> None:
    plain = await client.get(None, "/api/me")
    for header in NO_TOKENS:
        headers = [] if header is None else [(b"Authorization", header.encode("latin-1"))]
        answer = await client.http.get("/api/me", headers=headers)
        assert answer.status_code == 401, header
        assert (answer.content, answer.headers.raw) == (plain.content, plain.headers.raw), header


async def test_two_tokens_in_one_request_are_none(client: Client) -> None:
    good = ("Authorization", f"Bearer {client.life.tokens['slt']}")
    assert (await client.http.get("/api/me", headers=[good, good])).status_code == 401


async def test_a_token_ends_at_its_time(client: Client) -> None:
    users = client.life.installation.users
    client.life.tokens["short"] = users.issue_token(
        HERE, client.life.users["slt"], FRIDAY + timedelta(minutes=5)
    )
    assert (await client.get("short", "/api/me")).status_code == 200
    client.life.clock.move(minutes=5)
    assert (await client.get("short", "/api/me")).status_code == 401
    for path in ("/api/session",):
        assert (await client.call("short", "POST", path)).status_code == 401


async def test_somebody_without_a_role_may_do_nothing(client: Client) -> None:
    users = client.life.installation.users
    nobody = users.add(HERE, "Somebody who left", "left@example.org", [])
    client.life.tokens["nobody"] = users.issue_token(HERE, nobody, FRIDAY + timedelta(days=1))
    assert (await client.get("nobody", "/api/me")).status_code == 401


async def test_only_the_hash_of_a_token_is_kept(client: Client) -> None:
    token = (await client.call("slt", "POST", "/api/session")).json()["token"]
    secret = token.partition(".")[2].encode()
    var = client.life.installation.settings.var
    files = [path for path in var.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if secret in path.read_bytes()]


async def test_a_session_revoked_elsewhere_ends_here_at_once(client: Client) -> None:
    token = (await client.call("slt", "POST", "/api/session")).json()["token"]
    client.life.tokens["session"] = token
    second = Client(client.life)
    assert (await second.get("session", "/api/me")).status_code == 200
    await client.call("session", "DELETE", "/api/session")
    assert (await second.get("session", "/api/me")).status_code == 401
    await second.http.aclose()
