"""What you may not see does not exist: not by any id, filter, count, time of asking or school."""

import time
from functools import partial

import httpx
import pytest

from incidents.api.edge import NOT_FOUND_SECONDS
from tests.incidents.api.school import CaseAt, Client
from tests.incidents.api.stages import drafted, evidence
from tests.security.routes import NOWHERE, OPERATIONS

ON_SOMETHING = [o for o in OPERATIONS.values() if "{" in o.path]


async def about_the_head(client: Client) -> CaseAt:
    head = {"part": "subject", "role": "headteacher", "user": str(client.life.users["headteacher"])}
    return await client.report(people=[head])


def same(one: httpx.Response, other: httpx.Response) -> bool:
    return (one.status_code, one.content, one.headers.raw) == (
        other.status_code,
        other.content,
        other.headers.raw,
    )


@pytest.fixture
async def hidden(client: Client) -> CaseAt:
    """A case about the headteacher, with a letter and evidence."""
    case = await about_the_head(client)
    await case.done("staff", "capture-evidence", evidence())
    drafted(case)
    return case


@pytest.mark.parametrize("who", ["headteacher", "second_teacher", "clerk", "outsider"])
async def test_a_hidden_case_answers_like_one_that_does_not_exist(
    client: Client, hidden: CaseAt, who: str
) -> None:
    stored = client.life.installation.cases.load(hidden.id)
    (letter,), (item,) = stored.letters, stored.evidence
    for operation in ON_SOMETHING:
        there_is = partial(operation.call, client, case=hidden.id, letter=letter, evidence=item)
        absent = await operation.call(client, who)
        there = await there_is(who, version=hidden.version)
        stale = await there_is(who, version=3)
        # Who may break a glass is told before anybody looks for the case: it is the same for all.
        blind = operation.id == "breakGlass" and who not in ("headteacher", "outsider")
        assert absent.status_code == (403 if blind else 404), operation.id
        assert same(absent, there), operation.id
        assert same(absent, stale), operation.id


async def test_neither_answer_comes_before_both_can_be_ready(
    client: Client, hidden: CaseAt
) -> None:
    for path in (hidden.path, f"/api/cases/{NOWHERE}"):
        started = time.perf_counter()
        assert (await client.get("headteacher", path)).status_code == 404
        assert time.perf_counter() - started >= NOT_FOUND_SECONDS


async def test_the_headteacher_finds_no_trace_of_a_case_about_him(
    client: Client, hidden: CaseAt
) -> None:
    reference = client.life.installation.cases.load(hidden.id).reference
    for query in ("", "?stage=reported", "?track=letter", f"?q={reference}", "?overdue=false"):
        answer = await client.get("headteacher", f"/api/cases{query}")
        assert answer.json() == {"cases": []}
    assert (await client.get("headteacher", "/api/letters")).json() == {"letters": []}
    listed = (await client.get("chair", "/api/cases")).json()["cases"]
    assert [case["case_id"] for case in listed] == [str(hidden.id)]


async def test_naming_a_colleague_takes_the_case_from_him_at_once(client: Client) -> None:
    case = await client.report()
    session = (await client.call("second_deputy", "POST", "/api/session")).json()["token"]
    client.life.tokens["his_session"] = session
    client.life.follow()
    for who in ("second_deputy", "his_session"):
        assert (await client.get(who, case.path)).status_code == 200
    him = {"part": "subject", "role": "staff", "user": str(client.life.users["second_deputy"])}
    await case.done("headteacher", "identify-person", him)
    for who in ("second_deputy", "his_session"):
        assert (await client.get(who, case.path)).status_code == 404
        # The view has not caught up: the case itself is asked for every line.
        assert (await client.get(who, "/api/cases")).json() == {"cases": []}


async def test_a_reporter_who_turns_out_to_be_the_subject_loses_his_own_report(
    client: Client,
) -> None:
    case = await client.report(who="second_teacher")
    him = {"part": "subject", "role": "staff", "user": str(client.life.users["second_teacher"])}
    await case.done("headteacher", "identify-person", him)
    assert (await client.get("second_teacher", case.path)).status_code == 404
    answer = await case.ask("second_teacher", "add-information", {"text": "It was not me."})
    assert answer.status_code == 404


async def test_relatives_are_walled_out_like_the_subject(client: Client) -> None:
    case = await client.report()
    her = {"part": "related", "role": "staff", "user": str(client.life.users["slt"])}
    await case.done("headteacher", "identify-person", her)
    assert (await client.get("slt", case.path)).status_code == 404


async def test_another_school_is_nowhere(client: Client) -> None:
    case = await client.report(who="outsider")
    client.life.follow()
    for who in client.life.tokens:
        expected = 200 if who == "outsider" else 404
        assert (await client.get(who, case.path)).status_code == expected, who
    listed = (await client.get("headteacher", "/api/cases")).json()
    assert listed == {"cases": []}


async def test_colleagues_of_another_school_are_unknown_in_a_body(client: Client) -> None:
    case = await client.report()
    elsewhere = str(client.life.users["outsider"])
    for body in (
        {"part": "subject", "role": "staff", "user": elsewhere},
        {"part": "subject", "role": "staff", "user": str(NOWHERE)},
    ):
        answer = await case.ask("headteacher", "identify-person", body)
        assert answer.status_code == 422
        assert [r["rule"] for r in answer.json()["reasons"]] == ["colleagues_are_known"]
    names = {c["user"] for c in (await client.get("slt", "/api/colleagues")).json()["colleagues"]}
    assert elsewhere not in names


async def test_a_token_of_one_school_says_nothing_under_the_name_of_another(
    client: Client,
) -> None:
    secret = client.life.tokens["headteacher"].partition(".")[2]
    client.life.tokens["forged"] = f"otherschool02.{secret}"
    assert (await client.get("forged", "/api/me")).status_code == 401


async def test_an_idempotency_key_of_another_school_is_free(client: Client) -> None:
    key = {"Idempotency-Key": "the-same-key"}
    body = OPERATIONS["logIncident"].body
    here = await client.call("headteacher", "POST", "/api/incidents", body, headers=key)
    there = await client.call("outsider", "POST", "/api/incidents", body, headers=key)
    assert here.status_code == there.status_code == 201
    assert here.json()["case_id"] != there.json()["case_id"]
