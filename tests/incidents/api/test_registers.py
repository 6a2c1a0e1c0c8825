"""The registers end to end: over HTTP, on files, with nothing personal left in the open."""

from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx
import pytest

from incidents.domain.vocabulary import Role
from tests.incidents.api.school import HERE, Client

PURPOSE: Final = "To tell parents what happens at the school."
KEPT: Final = {"kept_in": "password_manager", "reference": "school accounts, entry 12"}
NOW: Final = "2026-11-20T16:30:00Z"


async def begin(client: Client, who: str, path: str, body: dict[str, Any], **more: Any) -> UUID:
    answer = await client.call(who, "POST", f"/api/{path}", body, **more)
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"/api/{path}/{answer.json()['id']}"
    return UUID(answer.json()["id"])


async def ask(
    client: Client, who: str, path: str, body: dict[str, Any] | None = None, **headers: str
) -> httpx.Response:
    """Ask for something on an entry as it stands now."""
    version = await version_of(client, path)
    return await client.call(
        who, "POST", f"/api/{path}", body or {}, headers={"If-Match": f'"{version}"', **headers}
    )


async def version_of(client: Client, path: str) -> int:
    history = client.life.installation.store.history(UUID(path.split("/")[1]))
    return history[-1].version


async def done(client: Client, who: str, path: str, body: dict[str, Any] | None = None) -> None:
    answer = await ask(client, who, path, body)
    assert answer.status_code == 200, answer.text


def ids(client: Client, *who: str) -> list[str]:
    return [str(client.life.users[one]) for one in who]


async def applied(client: Client, who: str = "staff") -> str:
    body = {"platform": "Twitter", "name": "The school's news", "purpose": PURPOSE}
    return f"accounts/{await begin(client, who, 'accounts', body)}"


async def active(client: Client) -> str:
    path = await applied(client)
    monitors = {"monitors": ids(client, "staff", "second_teacher"), "check_every": 2}
    await done(client, "slt", f"{path}/approve-application", monitors)
    created = {"created_at": NOW, "custodian": ids(client, "moderator")[0], **KEPT}
    await done(client, "moderator", f"{path}/create-account", created)
    return path


async def page(client: Client, who: str, path: str) -> Any:
    answer = await client.get(who, f"/api/{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def rules(answer: httpx.Response) -> set[str]:
    return {reason["rule"] for reason in answer.json()["reasons"]}


# ── accounts ──────────────────────────────────────────────────────────────────────────────────────


async def test_an_account_is_applied_for_approved_created_monitored_and_handed_on(
    client: Client,
) -> None:
    path = await active(client)
    teacher, second, moderator = ids(client, "staff", "second_teacher", "moderator")
    assert (await page(client, "staff", path))["monitors"] == [teacher, second]
    checked = {"checked_at": NOW, "findings": "Nothing out of the ordinary."}
    await done(client, "second_teacher", f"{path}/record-monitoring-check", checked)
    await done(client, "slt", f"{path}/record-lead-leaving", {"last_day": "2026-12-18"})
    handed = {"lead": second, "custodian": moderator, "password_changed": True, **KEPT}
    await done(client, "moderator", f"{path}/transfer-account", handed)
    shown = await page(client, "moderator", path)
    assert (shown["state"], shown["lead"], shown["monitors"]) == ("active", second, [second])
    closed = {"closed_at": NOW, "reason": "Nobody reads it any more."}
    await done(client, "moderator", f"{path}/close-account", closed)
    assert (await page(client, "slt", path))["state"] == "closed"


async def test_nobody_approves_what_he_applied_for_or_creates_what_he_approved(
    client: Client,
) -> None:
    users = client.life.installation.users
    both = users.add(HERE, "Somebody", "both@example.org", [Role.STAFF, Role.SLT, Role.MODERATOR])
    expires = client.life.clock.now + timedelta(days=1)
    client.life.tokens["both"] = users.issue_token(HERE, both, expires)
    own = await applied(client, "both")
    monitors = {"monitors": ids(client, "staff")}
    answer = await ask(client, "both", f"{own}/approve-application", monitors)
    assert (answer.status_code, rules(answer)) == (403, {"approver_did_not_apply"})
    others = await applied(client)
    await done(client, "both", f"{others}/approve-application", monitors)
    created = {"created_at": NOW, "custodian": str(both), **KEPT}
    answer = await ask(client, "both", f"{others}/create-account", created)
    assert (answer.status_code, rules(answer)) == (403, {"creator_is_somebody_else"})


@pytest.mark.parametrize("reference", ["Summer2026", "hunter2", "Tr0ub4dor&3", "entry 12!"])
async def test_a_password_in_place_of_a_reference_is_refused_in_words(
    client: Client, reference: str
) -> None:
    path = await active(client)
    custody = {"custodian": ids(client, "moderator")[0], **KEPT, "reference": reference}
    answer = await ask(client, "moderator", f"{path}/record-custody", custody)
    assert answer.status_code == 422
    assert "custody_is_a_reference" in rules(answer)
    assert reference not in answer.text
    assert "Never the password itself" in answer.text


async def test_a_password_field_is_refused_by_name(client: Client) -> None:
    path = await active(client)
    custody = {"custodian": ids(client, "moderator")[0], **KEPT, "password": "Summer2026"}
    answer = await ask(client, "moderator", f"{path}/record-custody", custody)
    assert answer.status_code == 422
    assert "`password` is not among the fields" in answer.text
    assert "say where it is kept" in answer.text


async def test_whoever_keeps_it_reads_the_reference_and_others_do_not(client: Client) -> None:
    path = await active(client)
    assert (await page(client, "moderator", path))["reference"] == KEPT["reference"]
    for who in ("staff", "slt", "second_teacher", "chair"):
        assert "reference" not in await page(client, who, path)
    assert (await page(client, "auditor", path))["name"] == "[withheld]"
    for who in ("clerk", "governor", "outsider", "second_deputy"):
        expected = 200 if who == "second_deputy" else 404
        assert (await client.get(who, f"/api/{path}")).status_code == expected


async def test_a_missed_look_at_an_account_is_noticed_once(client: Client) -> None:
    path = await active(client)
    deadline = (await page(client, "slt", path))["deadlines"][-1]
    assert (deadline["due"], deadline["state"]) == ("account_monitoring", "open")
    timekeeper = client.life.installation.timekeeper()
    assert timekeeper.look() == 0
    assert (await page(client, "slt", "accounts?overdue=true"))["entries"] == []
    assert len((await page(client, "slt", "accounts?overdue=false"))["entries"]) == 1
    client.life.clock.move(days=30)
    assert timekeeper.look() == 1
    assert timekeeper.look() == 0
    assert len((await page(client, "slt", "accounts?overdue=true"))["entries"]) == 1
    assert (await page(client, "slt", path))["deadlines"][-1]["state"] == "missed"
    checked = {"checked_at": NOW, "findings": "Nothing out of the ordinary."}
    await done(client, "staff", f"{path}/record-monitoring-check", checked)
    assert (await page(client, "slt", path))["deadlines"][-1]["state"] == "open"


# ── what every register shares ────────────────────────────────────────────────────────────────────


async def test_a_change_names_its_version_and_may_be_sent_again(client: Client) -> None:
    path = await applied(client)
    monitors = {"monitors": ids(client, "staff")}
    call = f"/api/{path}/approve-application"
    assert (await client.call("slt", "POST", call, monitors)).status_code == 428
    stale = {"If-Match": '"1"'}
    answer = await client.call("slt", "POST", call, monitors, headers=stale)
    assert answer.status_code == 412
    assert answer.headers["etag"] == '"2"'
    headers = {"If-Match": '"2"', "Idempotency-Key": "once"}
    first = await client.call("slt", "POST", call, monitors, headers=headers)
    again = await client.call("slt", "POST", call, monitors, headers=headers)
    assert (first.status_code, first.json()) == (200, again.json())
    other = {"monitors": ids(client, "second_teacher")}
    assert (await client.call("slt", "POST", call, other, headers=headers)).status_code == 422


async def test_what_is_begun_twice_with_one_key_is_there_once(client: Client) -> None:
    body = {"platform": "Twitter", "draft": "Our view of the new road."}
    more = {"headers": {"Idempotency-Key": "once"}}
    first = await begin(client, "staff", "advice", body, **more)
    assert await begin(client, "staff", "advice", body, **more) == first
    assert len((await page(client, "slt", "advice"))["entries"]) == 1


async def test_a_register_is_read_page_by_page(client: Client) -> None:
    body = {"platform": "Twitter", "draft": "Our view of the new road."}
    made = []
    for _ in range(5):
        client.life.clock.move(minutes=1)
        made.append(str(await begin(client, "staff", "advice", body)))
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        answer = await client.get("slt", "/api/advice", params={"limit": "2", **cursor})
        seen += [entry["id"] for entry in answer.json()["entries"]]
        if "next" not in answer.json():
            break
        cursor = {"cursor": answer.json()["next"]}
    assert seen == made[::-1]
    assert (await page(client, "second_teacher", "advice"))["entries"] == []


async def test_every_state_row_of_a_register_is_what_its_events_add_up_to(client: Client) -> None:
    from incidents.installation import EVENTS, UPCASTERS
    from incidents.state_check import state_rows_agree

    await active(client)
    await objected(client)
    await client.call("staff", "POST", "/api/publication-check", {"names": ["Somebody"]})
    place = client.life.installation.settings.place
    assert list(state_rows_agree(place, EVENTS, UPCASTERS)) == []


# ── pictures ──────────────────────────────────────────────────────────────────────────────────────

CHILD: Final = "Plantedgiven Plantedfamily"


async def objected(client: Client, **changes: Any) -> str:
    body = {
        "name": CHILD,
        "role": "pupil",
        "objected_by": "parent_or_carer",
        "received_at": NOW,
        "words": "Planted-words of a parent",
        **changes,
    }
    return f"image-objections/{await begin(client, 'moderator', 'image-objections', body)}"


async def may_publish(client: Client, *names: str, who: str = "staff") -> bool:
    answer = await client.call(who, "POST", "/api/publication-check", {"names": list(names)})
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"may_be_published"}
    may: bool = answer.json()["may_be_published"]
    return may


async def test_the_question_about_a_picture_is_answered_with_yes_or_no(client: Client) -> None:
    assert await may_publish(client, CHILD)
    path = await objected(client)
    assert not await may_publish(client, CHILD)
    assert not await may_publish(client, "Another Child", "PLANTEDFAMILY, plantedgiven")
    assert not await may_publish(client, "Plantedgiven")
    assert await may_publish(client, "Another Child", "The class teacher")
    withdrawal = {"withdrawn_at": NOW, "withdrawn_by": "parent_or_carer"}
    await done(client, "moderator", f"{path}/withdraw-objection", withdrawal)
    assert await may_publish(client, CHILD)


async def test_one_school_does_not_answer_for_another(client: Client) -> None:
    await objected(client)
    assert await may_publish(client, CHILD, who="outsider")


async def test_the_list_is_for_its_keepers_only(client: Client) -> None:
    path = await objected(client)
    answer = await client.get("staff", "/api/image-objections")
    assert answer.status_code == 403
    assert (await client.get("staff", f"/api/{path}")).status_code == 404
    assert (await page(client, "dsl", path))["name"] == CHILD


async def test_that_it_was_asked_is_recorded_and_not_about_whom(client: Client) -> None:
    await objected(client)
    await may_publish(client, CHILD, "Another Child")
    store = client.life.installation.store
    (asked,) = [s for s in store.log(0, 100) if s.topic == "incidents.publication_checked"]
    event = store.decode(asked)
    assert event.actor.user == client.life.users["staff"]
    assert b'"data":{"people":2,"may_be_published":false}' in asked.state


async def test_what_a_child_is_called_lies_nowhere_in_the_open(
    client: Client, tmp_path: Path
) -> None:
    await objected(client)
    path = await active(client)
    await may_publish(client, CHILD)
    body = {"platform": "Twitter", "draft": "Planted-draft of a post"}
    await begin(client, "staff", "advice", body)
    told = {"checked_at": NOW, "findings": "Planted-findings"}
    await done(client, "staff", f"{path}/record-monitoring-check", told)
    client.life.follow()
    files = [file for file in (tmp_path / "var").rglob("*") if file.is_file()]
    assert files
    for file in files:
        content = file.read_bytes().lower()
        assert b"planted" not in content, file
        assert KEPT["reference"].encode() not in content, file


# ── editions of the policy, advice ────────────────────────────────────────────────────────────────


async def test_an_edition_is_adopted_once_and_known_by_each_once(client: Client) -> None:
    body = {"edition": "2026/1", "adopted_on": "2026-09-01"}
    path = f"policies/{await begin(client, 'headteacher', 'policies', body)}"
    answer = await client.call("slt", "POST", "/api/policies", body)
    assert (answer.status_code, rules(answer)) == (409, {"only_one"})
    answer = await client.call("slt", "POST", "/api/policies", {**body, "edition": "2031/1"})
    assert (answer.status_code, rules(answer)) == (422, {"edition_is_the_schools"})
    await done(client, "staff", f"{path}/acknowledge-policy")
    answer = await ask(client, "staff", f"{path}/acknowledge-policy")
    assert (answer.status_code, rules(answer)) == (409, {"not_known_to_him_yet"})
    assert set((await page(client, "headteacher", path))["acknowledged"]) == set(
        ids(client, "staff")
    )
    assert "acknowledged" not in await page(client, "second_teacher", path)


async def test_nobody_advises_himself_and_the_second_opinion_is_another_ones(
    client: Client,
) -> None:
    body = {"platform": "Twitter", "draft": "Our view of the new road."}
    path = f"advice/{await begin(client, 'slt', 'advice', body)}"
    said = {"verdict": "change_first", "words": "Leave the council's motives out."}
    answer = await ask(client, "slt", f"{path}/give-publication-advice", said)
    assert (answer.status_code, rules(answer)) == (403, {"somebody_else_advises"})
    await done(client, "headteacher", f"{path}/give-publication-advice", said)
    await done(client, "slt", f"{path}/seek-second-advice", {"question": "At all?"})
    second = f"{path}/give-second-advice"
    answer = await ask(client, "headteacher", second, said)
    assert (answer.status_code, rules(answer)) == (403, {"second_adviser_is_another"})
    await done(client, "second_deputy", second, {**said, "verdict": "do_not_publish"})
    shown = await page(client, "slt", path)
    assert (shown["verdict"], shown["second_verdict"]) == ("change_first", "do_not_publish")


async def test_what_happened_to_an_entry_is_read_by_those_who_see_it(client: Client) -> None:
    path = await active(client)
    told = (await page(client, "moderator", f"{path}/history"))["entries"]
    assert [one["event"] for one in told][:2] == [
        "incidents.account_application_submitted",
        "incidents.deadline_set",
    ]
    assert told[0]["data"]["purpose"] == PURPOSE
    (custody,) = [one for one in told if one["event"] == "incidents.account_custody_recorded"]
    assert custody["data"]["reference"] == KEPT["reference"]
    told = (await page(client, "slt", f"{path}/history"))["entries"]
    (custody,) = [one for one in told if one["event"] == "incidents.account_custody_recorded"]
    assert "reference" not in custody["data"]
    told = (await page(client, "auditor", f"{path}/history"))["entries"]
    assert told[0]["data"]["purpose"] == "[withheld]"
    assert (await client.get("clerk", f"/api/{path}/history")).status_code == 404


async def test_an_entry_replays_to_what_it_is_with_its_words_withheld(client: Client) -> None:
    path = await active(client)
    installation = client.life.installation
    history = installation.store.history(UUID(path.split("/")[1]))
    replayed = installation.registers.replayed(history)
    assert replayed is not None
    assert (replayed["state"], replayed["name"]) == ("active", "[withheld]")
    assert installation.registers.replayed(history[:1]) is not None
    case = await client.report()
    assert installation.registers.replayed(installation.store.history(case.id)) is None


REFUSED: Final[list[tuple[str, str, dict[str, Any], int]]] = [
    ("clerk", "accounts", {"platform": "X", "name": "News", "purpose": PURPOSE}, 403),
    ("staff", "accounts", {"platform": "X", "name": "pin: 4711", "purpose": PURPOSE}, 422),
    ("staff", "accounts", {"platform": "X", "name": "News", "purpose": PURPOSE, "id": 1}, 422),
    ("staff", "image-objections", {}, 403),
    ("moderator", "image-objections", {"name": "Somebody"}, 422),
    ("staff", "policies", {"edition": "2026/1", "adopted_on": "2026-09-01"}, 403),
    ("slt", "policies", {"edition": "2026/1", "adopted_on": "2031-09-01"}, 422),
    ("auditor", "advice", {"platform": "X", "draft": "Something"}, 403),
    ("governor", "publication-check", {"names": ["Somebody"]}, 403),
    ("staff", "publication-check", {"names": []}, 422),
]


@pytest.mark.parametrize(("who", "path", "body", "status"), REFUSED)
async def test_what_a_register_refuses_leaves_nothing(
    client: Client, who: str, path: str, body: dict[str, Any], status: int
) -> None:
    store = client.life.installation.store
    before = store.head()
    headers = {"Idempotency-Key": "refused"}
    answer = await client.call(who, "POST", f"/api/{path}", body, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert store.head() == before
    # The key is free: nothing was done with it.
    good = {"platform": "X", "draft": "Something"}
    answer = await client.call("staff", "POST", "/api/advice", good, headers=headers)
    assert answer.status_code == 201


async def test_another_school_has_registers_of_its_own(client: Client) -> None:
    path = await active(client)
    for there in (path, f"{path}/history"):
        assert (await client.get("outsider", f"/api/{there}")).status_code == 404
    assert (await page(client, "outsider", "accounts"))["entries"] == []
    reason = {"reason": "The newsletter does the same."}
    answer = await ask(client, "outsider", f"{path}/refuse-application", reason)
    assert answer.status_code == 404


async def test_an_entry_of_one_register_is_none_of_another(client: Client) -> None:
    path = await active(client)
    id_ = path.split("/")[1]
    assert (await client.get("headteacher", f"/api/advice/{id_}")).status_code == 404
    assert (await client.get("headteacher", f"/api/cases/{id_}")).status_code == 404
    case = await client.report()
    assert (await client.get("headteacher", f"/api/accounts/{case.id}")).status_code == 404
