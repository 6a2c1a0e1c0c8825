"""Commands: which version they are about, who may ask, and what they answer."""

import asyncio

from incidents.domain.case import COMMANDS
from incidents.domain.letters import TRACK as LETTERS
from tests.incidents.api.school import Client
from tests.incidents.api.stages import ASSESSMENT, evidence


async def test_a_command_answers_with_its_events_and_the_next_version(client: Client) -> None:
    case = await client.report()
    before = case.version
    answer = await case.ask("slt", "start-assessment")
    assert answer.headers["etag"] == f'"{before + 2}"'
    assert answer.json()["version"] == before + 2
    assert answer.json()["events"] == [
        {"version": before + 1, "event": "incidents.lead_assigned"},
        {"version": before + 2, "event": "incidents.assessment_started"},
    ]
    assert [one["version"] for one in answer.json()["receipt"]] == [before + 1, before + 2]
    assert answer.headers["caseward-position"] == str(answer.json()["receipt"][-1]["position"])


async def test_a_command_without_a_version_is_refused(client: Client) -> None:
    case = await client.report()
    answer = await client.call("slt", "POST", f"{case.path}/start-assessment", {})
    assert answer.status_code == 428
    assert "If-Match" in answer.json()["detail"]


async def test_a_version_that_is_no_version_is_refused(client: Client) -> None:
    case = await client.report()
    for tag in ("7", '"seven"', 'W/"7"', "*", '"7", "8"', '""', '"-1"', '"07"', '"7"x', '"９"'):
        headers = {"If-Match": tag.encode()}
        path = f"{case.path}/start-assessment"
        answer = await client.call("slt", "POST", path, {}, headers=headers)
        assert answer.status_code == 400, tag
        assert "If-Match" in answer.json()["detail"]


async def test_two_versions_in_two_headers_are_refused(client: Client) -> None:
    case = await client.report()
    token = client.life.tokens["slt"]
    answer = await client.http.post(
        f"{case.path}/start-assessment",
        json={},
        headers=[
            ("Authorization", f"Bearer {token}"),
            ("If-Match", f'"{case.version}"'),
            ("If-Match", '"1"'),
        ],
    )
    assert answer.status_code == 400


async def test_a_stale_version_is_refused_and_the_new_one_is_told(client: Client) -> None:
    case = await client.report()
    stale = case.version
    await case.done("slt", "acknowledge-report")
    answer = await client.call(
        "slt",
        "POST",
        f"{case.path}/start-assessment",
        {},
        headers={"If-Match": f'"{stale}"'},
    )
    assert answer.status_code == 412
    assert answer.headers["etag"] == f'"{case.version}"'


async def test_two_writers_of_one_version_one_of_them_wins(client: Client) -> None:
    case = await client.report()
    version = case.version
    answers = await asyncio.gather(
        *(
            client.call(
                "headteacher",
                "POST",
                f"{case.path}/add-information",
                {"text": f"Remark {n}."},
                headers={"If-Match": f'"{version}"'},
            )
            for n in range(8)
        ),
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 7
    history = client.life.installation.store.history(case.id)
    assert len(history) == version + 1


async def test_the_same_command_sent_again_gets_the_same_answer(client: Client) -> None:
    case = await client.report()
    version = case.version
    first = await case.ask("slt", "start-assessment", key="once")
    case.version = version
    again = await case.ask("slt", "start-assessment", key="once")
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["etag"] == first.headers["etag"]


async def test_a_key_of_one_command_does_not_serve_for_another(client: Client) -> None:
    case = await client.report()
    await case.ask("slt", "acknowledge-report", key="once")
    other = await case.ask("slt", "start-assessment", key="once")
    assert other.status_code == 422
    assert other.json()["type"].endswith("/key-reused")


async def test_who_may_not_is_told_who_may(client: Client) -> None:
    case = await client.report()
    answer = await case.ask("staff", "start-assessment")
    assert answer.status_code == 403
    (reason,) = answer.json()["reasons"]
    assert reason["rule"] == "role"
    assert "slt" in reason["detail"]


async def test_what_the_case_does_not_allow_names_every_reason(client: Client) -> None:
    case = await client.report()
    await case.done("slt", "start-assessment")
    answer = await case.ask("slt", "close-case")
    assert answer.status_code == 409
    assert {reason["rule"] for reason in answer.json()["reasons"]} >= {
        "state",
        "report_is_acknowledged",
        "no_open_deadline",
    }


async def test_what_the_rules_do_not_accept_in_the_body_names_the_rule(client: Client) -> None:
    case = await client.report()
    await case.done("slt", "start-assessment")
    answer = await case.ask("slt", "record-assessment", {**ASSESSMENT, "clauses": ["99.9"]})
    assert answer.status_code == 422
    assert [r["rule"] for r in answer.json()["reasons"]] == ["clauses_are_in_the_policy"]


async def test_a_command_without_fields_needs_no_body(client: Client) -> None:
    case = await client.report()
    answer = await client.call(
        "slt",
        "POST",
        f"{case.path}/acknowledge-report",
        headers={"If-Match": f'"{case.version}"'},
    )
    assert answer.status_code == 200


async def test_every_command_of_people_has_an_address_and_no_program_has_one(
    client: Client,
) -> None:
    programs = {"miss-deadline", "recalculate-deadline"}
    letters = {row.name for row in LETTERS.rows}
    case = await client.report()
    for name in COMMANDS:
        answer = await client.call("slt", "OPTIONS", f"{case.path}/{name}")
        reachable = answer.status_code == 204
        assert reachable == (name not in programs | letters), name


async def test_a_letter_of_evidence_may_be_as_large_as_evidence(client: Client) -> None:
    case = await client.report()
    large = b"x" * (2 * 1024 * 1024)
    assert (await case.ask("slt", "capture-evidence", evidence(large))).status_code == 200
    answer = await case.ask("staff", "add-information", {"text": "x" * (1024 * 1024)})
    assert answer.status_code == 413


async def test_whoever_may_not_ask_is_told_so_before_his_body_is_judged(client: Client) -> None:
    case = await client.report()
    for body in ({}, {"person": "nobody"}, {"unknown": 1}):
        answer = await client.call("staff", "POST", f"{case.path}/conclude-disciplinary", body)
        assert answer.status_code == 403
        assert [reason["rule"] for reason in answer.json()["reasons"]] == ["role"]
    unreadable = await client.http.post(
        f"{case.path}/conclude-disciplinary",
        content=b"{",
        headers={"Authorization": f"Bearer {client.life.tokens['staff']}"},
    )
    assert unreadable.status_code == 403
    report = await client.call("auditor", "POST", "/api/incidents", {"unknown": 1})
    assert report.status_code == 403


async def test_who_has_lost_the_right_by_what_he_asked_is_still_given_the_first_answer(
    client: Client,
) -> None:
    case = await client.report("second_deputy")
    await case.done("slt", "start-assessment")
    await case.done("slt", "record-assessment", ASSESSMENT)
    of = str(client.life.users["second_deputy"])
    await case.done("slt", "request-second-opinion", {"of": of, "question": "Is it a threat?"})
    asked = (await client.get("slt", f"{case.path}/history")).json()["entries"][-1]["data"]
    said = {"opinion": asked["opinion"], "agrees": True, "view": "Rude, and it threatens nobody."}
    version = {"If-Match": f'"{case.version}"'}
    first, again, other = [
        await client.call(
            "second_deputy", "POST", f"{case.path}/record-second-opinion", said,
            headers={**version, "Idempotency-Key": key},
        )
        for key in ("his-opinion", "his-opinion", "another-key")
    ]  # fmt: skip
    assert first.status_code == 200, first.text
    assert (again.status_code, again.json()) == (200, first.json())
    assert other.status_code == 403
