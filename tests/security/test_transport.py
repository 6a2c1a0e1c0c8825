"""Headers on every answer, hosts, and limits on how fast one may ask."""

from pathlib import Path

import pytest

from incidents.api.limits import Limiter
from tests.incidents.api.school import Client, Template, open_school, report

STRICT = {
    "strict-transport-security": "max-age=63072000; includeSubDomains",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


async def test_every_answer_carries_the_strict_headers(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError

    case = await client.report()
    monkeypatch.setattr(client.life.installation.cases, "school", broken)
    answers = {
        200: await client.get("slt", "/api/me"),
        204: await client.call(None, "OPTIONS", "/api/me"),
        400: await client.get("slt", "/api/me?x=1"),
        401: await client.get(None, "/api/me"),
        404: await client.get("slt", "/nowhere"),
        405: await client.call("slt", "PUT", "/api/me"),
        415: await client.http.post(
            "/api/incidents",
            content=b"x",
            headers={"Authorization": f"Bearer {client.life.tokens['slt']}"},
        ),
        422: await client.call("slt", "POST", "/api/incidents", {}),
        500: await client.call("slt", "POST", "/api/incidents", report()),
    }
    answers[304] = await client.get(
        "slt", case.path, headers={"If-None-Match": f'"{case.version}"'}
    )
    for status, answer in answers.items():
        assert answer.status_code == status
        assert {name: answer.headers.get(name) for name in STRICT} == STRICT, status
        assert "set-cookie" not in answer.headers
        assert "server" not in answer.headers


async def test_a_cookie_signs_nobody_in(client: Client) -> None:
    token = client.life.tokens["slt"]
    for headers in (
        {"Cookie": f"token={token}; session={token}; Authorization=Bearer {token}"},
        {"X-Api-Key": token},
        {"Proxy-Authorization": f"Bearer {token}"},
    ):
        assert (await client.get(None, "/api/me", headers=headers)).status_code == 401
    assert (await client.get(None, f"/api/me?access_token={token}")).status_code == 401


async def test_no_other_origin_is_let_in(client: Client) -> None:
    asked = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}
    for answer in (
        await client.call(None, "OPTIONS", "/api/incidents", headers=asked),
        await client.get("slt", "/api/me", headers=asked),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_only_known_hosts_are_answered_where_they_are_set(
    template: Template, tmp_path: Path
) -> None:
    life = open_school(template, tmp_path / "var", allowed_hosts="cases.example.org, localhost")
    client = Client(life)
    for host, status in {
        "cases.example.org": 200,
        "CASES.example.org:8443": 200,
        "localhost:8000": 200,
        "cases.example.org.evil.example": 400,
        "evil.example": 400,
        "": 400,
    }.items():
        answer = await client.get("slt", "/api/me", headers={"Host": host})
        assert answer.status_code == status, host
        if status == 400:
            assert answer.headers["content-type"] == "application/problem+json"
            assert "evil" not in answer.text
    await client.http.aclose()
    life.installation.close()


async def test_failed_sign_ins_are_slowed_down_and_good_ones_are_not(
    template: Template, tmp_path: Path
) -> None:
    life = open_school(template, tmp_path / "var", failed_sign_ins_per_minute=3)
    client = Client(life)
    life.tokens["wrong"] = "demoschool01." + "A" * 43
    statuses = [(await client.get("wrong", "/api/me")).status_code for _ in range(3)]
    assert statuses == [401, 401, 401]
    slowed = await client.get("wrong", "/api/me")
    assert slowed.status_code == 429
    assert int(slowed.headers["retry-after"]) > 0
    assert (await client.get(None, "/api/cases")).status_code == 429
    assert (await client.get("slt", "/api/me")).status_code == 200
    await client.http.aclose()
    life.installation.close()


async def test_writes_are_limited_for_each_user(template: Template, tmp_path: Path) -> None:
    life = open_school(template, tmp_path / "var", writes_per_minute=2)
    client = Client(life)
    statuses = [
        (await client.call("staff", "POST", "/api/incidents", report())).status_code
        for _ in range(3)
    ]
    assert statuses == [201, 201, 429]
    session = await client.call("slt", "POST", "/api/session")
    life.tokens["session"] = session.json()["token"]
    assert (await client.call("session", "POST", "/api/incidents", report())).status_code == 201
    # A second token is no second allowance.
    assert (await client.call("slt", "POST", "/api/incidents", report())).status_code == 429
    assert (await client.get("staff", "/api/cases")).status_code == 200
    await client.http.aclose()
    life.installation.close()


def test_a_bucket_fills_again_with_time() -> None:
    now = 0.0
    limiter = Limiter(60, lambda: now)
    assert [limiter.take("somebody") for _ in range(60)] == [0.0] * 60
    assert limiter.take("somebody") == pytest.approx(1.0)
    assert limiter.take("somebody else") == 0.0
    now = 0.5
    assert limiter.take("somebody") == pytest.approx(0.5)
    now = 2.0
    assert [limiter.take("somebody") for _ in range(2)] == [0.0, 0.0]
    assert limiter.take("somebody") > 0


def test_a_limiter_forgets_whom_it_has_not_seen_for_longest() -> None:
    limiter = Limiter(1, lambda: 0.0)
    for number in range(20_000):
        limiter.take(str(number))
    assert len(limiter._buckets) == 10_000
