"""A refused request leaves nothing: no event, state, claim, file, letter or row in a view."""

import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.incidents.api.school import CaseAt, Client, report
from tests.incidents.api.stages import assessed, drafted, evidence, handled
from tests.security.routes import COMMANDS

KEY: Final = "a-key-for-what-is-refused"
Refused = Callable[[Client, CaseAt], Awaitable[httpx.Response]]


def counted(var: Path) -> dict[str, int]:
    """How much there is of everything that a request could leave."""
    found: dict[str, int] = {}
    for name in ("events.db", "keys.db", "views.db"):
        with closing(sqlite3.connect(f"file:{var / name}?mode=ro", uri=True)) as connection:
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            for (table,) in tables.fetchall():
                statement = f"SELECT count(*) FROM {table}"
                found[f"{name}: {table}"] = connection.execute(statement).fetchone()[0]
    found["blobs"] = sum(1 for path in (var / "blobs").rglob("*") if path.is_file())
    return found


def asked(who: str | None, command: str, body: Any = None, **changes: Any) -> Refused:
    """A command that will be refused; `changes` are to its headers."""

    async def ask(client: Client, case: CaseAt) -> httpx.Response:
        headers = {"If-Match": f'"{case.version}"', "Idempotency-Key": KEY, **changes}
        kept = {name: value for name, value in headers.items() if value is not None}
        path = f"{case.path}/{command}"
        return await client.call(who, "POST", path, body or {}, headers=kept)

    return ask


def reported(who: str | None, **changes: Any) -> Refused:
    async def log(client: Client, _case: CaseAt) -> httpx.Response:
        headers = {"Idempotency-Key": KEY}
        return await client.call(who, "POST", "/api/incidents", report(**changes), headers=headers)

    return log


REFUSED: Final[dict[str, tuple[int, Refused]]] = {
    "no token": (401, asked(None, "acknowledge-report")),
    "a report without a token": (401, reported(None)),
    "not his to do": (403, asked("staff", "start-assessment")),
    "a report by an auditor": (403, reported("auditor")),
    "not there for him": (404, asked("clerk", "acknowledge-report")),
    "not there for another school": (404, asked("outsider", "acknowledge-report")),
    "not at this point": (409, asked("headteacher", "close-case")),
    "acknowledged already": (409, asked("headteacher", "acknowledge-report")),
    "stale": (412, asked("headteacher", "start-assessment", {}, **{"If-Match": '"1"'})),
    "no version": (428, asked("headteacher", "start-assessment", {}, **{"If-Match": None})),
    "a bad version": (400, asked("headteacher", "start-assessment", {}, **{"If-Match": "1"})),
    "a bad key": (
        400,
        asked("headteacher", "start-assessment", {}, **{"Idempotency-Key": "two words"}),
    ),
    "an unknown field": (422, asked("headteacher", "start-assessment", {"id": 1})),
    "a rule about the body": (
        422,
        asked("headteacher", "identify-person", {"person": "0192f0c1-2b3a-7c4d-8e5f-60718293a4b5"}),
    ),
    "evidence that is not what it says": (
        422,
        asked("slt", "capture-evidence", evidence(b"GIF89a", media_type="image/png")),
    ),
    "empty evidence": (422, asked("slt", "capture-evidence", evidence(b""))),
    "evidence from the future": (
        422,
        asked("slt", "capture-evidence", evidence(captured_at="2027-01-01T00:00:00Z")),
    ),
    "a report from the future": (422, reported("staff", observed_at="2027-01-01T00:00:00Z")),
    "a report with a state": (422, reported("staff", stage="closed")),
    "too large": (413, reported("staff", facts="x" * 1_100_000)),
}


@pytest.mark.parametrize(("status", "refused"), REFUSED.values(), ids=REFUSED)
async def test_a_refused_request_leaves_nothing(
    client: Client, tmp_path: Path, status: int, refused: Refused
) -> None:
    case = await assessed(client)
    client.life.follow()
    before = counted(tmp_path / "var")
    answer = await refused(client, case)
    assert answer.status_code == status, answer.text
    client.life.follow()
    assert counted(tmp_path / "var") == before


async def test_what_may_be_indecent_is_refused_and_not_a_byte_is_kept(
    client: Client, tmp_path: Path
) -> None:
    case = await client.report(flags=["nude_imagery"])
    client.life.follow()
    before = counted(tmp_path / "var")
    picture = evidence(b"\x89PNG\r\n\x1a\n" + b"\0" * 5000, media_type="image/png")
    answer = await case.ask("headteacher", "capture-evidence", picture)
    assert answer.status_code == 409
    assert "nothing_indecent_is_copied" in {r["rule"] for r in answer.json()["reasons"]}
    assert "DSL" in answer.text
    client.life.follow()
    assert counted(tmp_path / "var") == before


async def test_a_refused_decision_on_a_letter_leaves_nothing(
    client: Client, tmp_path: Path
) -> None:
    case = await handled(client)
    path = f"/api/letters/{drafted(case)}"
    before = counted(tmp_path / "var")
    for verb, body, status in [
        ("approve", {"document": "0" * 64}, 409),
        ("approve", {"document": "none"}, 422),
        ("resolve", {"delivered": True, "how_known": "He says that it came."}, 409),
        ("withdraw", {"reason": "short"}, 422),
    ]:
        answer = await client.call("headteacher", "POST", f"{path}/{verb}", body)
        assert answer.status_code == status
    client.life.follow()
    assert counted(tmp_path / "var") == before


async def test_every_command_that_is_refused_leaves_nothing(client: Client, tmp_path: Path) -> None:
    case = await client.report()
    client.life.follow()
    before = counted(tmp_path / "var")
    for who in ("second_teacher", "clerk", "auditor", "outsider"):
        for command in COMMANDS.values():
            answer = await command.call(client, who, case=case.id, version=case.version)
            assert answer.status_code in (403, 404), (who, command.id)
    client.life.follow()
    assert counted(tmp_path / "var") == before


def test_the_log_itself_refuses_to_be_changed(client: Client, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "var" / "events.db")) as connection:
        for statement in (
            "UPDATE stored_events SET state = x'00'",
            "DELETE FROM stored_events",
            "INSERT OR REPLACE INTO stored_events SELECT * FROM stored_events LIMIT 1",
        ):
            with pytest.raises(sqlite3.DatabaseError):
                connection.execute(statement)
