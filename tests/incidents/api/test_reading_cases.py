"""Reading cases: the list, one case, and what may be done to it now."""

from datetime import timedelta
from typing import Any

import pytest

from tests.incidents.api.school import FRIDAY, Client, SchoolLife, report
from tests.incidents.api.stages import assessed, drafted, evidence, handled


async def listed(client: Client, who: str, query: str = "") -> list[dict[str, Any]]:
    client.life.follow()
    answer = await client.get(who, f"/api/cases{query}")
    assert answer.status_code == 200, answer.text
    cases: list[dict[str, Any]] = answer.json()["cases"]
    return cases


async def test_the_list_has_the_newest_case_first(client: Client) -> None:
    older = await client.report()
    client.life.clock.move(minutes=5)
    newer = await client.report()
    assert [c["case_id"] for c in await listed(client, "headteacher")] == [
        str(newer.id),
        str(older.id),
    ]


async def test_a_line_says_what_its_reader_may_know(client: Client) -> None:
    case = await assessed(client)
    (full,) = await listed(client, "slt")
    assert full["lead"] == str(client.life.users["slt"])
    assert (full["severity"], full["sight"], full["version"]) == (2, "full", case.version)
    (own,) = await listed(client, "staff")
    assert set(own) == {
        "case_id", "reference", "version", "sight", "stage", "reported_at", "kind",
    }  # fmt: skip


async def test_pages_follow_on_each_other_without_gap_or_repetition(client: Client) -> None:
    made = []
    for _ in range(5):
        made.append(str((await client.report()).id))
        client.life.clock.move(seconds=1)
    client.life.follow()
    seen: list[str] = []
    query = "?limit=2"
    while query:
        page = (await client.get("headteacher", f"/api/cases{query}")).json()
        assert len(page["cases"]) <= 2
        seen += [case["case_id"] for case in page["cases"]]
        query = f"?limit=2&cursor={page['next']}" if "next" in page else ""
    assert seen == made[::-1]


@pytest.mark.parametrize(
    ("who", "query"),
    [
        ("slt", "limit=1"),
        ("headteacher", "limit=1&stage=reported"),
        ("outsider", "limit=1"),
    ],
)
async def test_a_cursor_serves_only_its_own_list(client: Client, who: str, query: str) -> None:
    await client.report()
    await client.report()
    client.life.follow()
    page = (await client.get("headteacher", "/api/cases?limit=1")).json()
    lent = await client.get(who, f"/api/cases?{query}&cursor={page['next']}")
    assert lent.status_code == 404
    assert "cursor" in lent.json()["detail"]


async def test_an_altered_cursor_is_refused(client: Client) -> None:
    await client.report()
    client.life.follow()
    cursor = (await client.get("headteacher", "/api/cases?limit=1")).json()["next"]
    other = "B" if cursor.startswith("A") else "A"
    for bad in (cursor[:-1], other + cursor[1:], cursor + "A", "A" * 40, "-"):
        answer = await client.get("headteacher", f"/api/cases?cursor={bad}")
        assert answer.status_code == 404


async def test_the_list_is_narrowed_by_stage_reference_and_track(client: Client) -> None:
    reported = await client.report()
    client.life.clock.move(seconds=1)
    case = await handled(client)
    drafted(case)
    lines = {line["case_id"]: line for line in await listed(client, "headteacher")}

    async def found(query: str) -> list[str]:
        return [line["case_id"] for line in await listed(client, "headteacher", query)]

    assert await found("?stage=reported") == [str(reported.id)]
    assert await found("?stage=internal") == [str(case.id)]
    assert await found("?track=letter") == [str(case.id)]
    assert await found("?track=referral") == []
    reference = lines[str(case.id)]["reference"]
    assert await found(f"?q={reference}") == [str(case.id)]
    assert await found(f"?q={reference.lower()[:5]}") == [str(case.id)]
    assert await found("?q=O'Neill") == []
    assert await found("?q=%25") == []


async def test_the_list_is_narrowed_by_what_a_line_shows(client: Client) -> None:
    older = await client.report(kind="press_enquiry")
    client.life.clock.move(hours=3)
    case = await assessed(client)
    page = (await client.get("headteacher", case.path)).json()
    subject, lead = page["people"][0]["person"], page["lead"]
    (waiting,) = await listed(client, "headteacher", "?stage=reported")
    due = waiting["next_due_at"]

    async def found(query: str, who: str = "headteacher") -> list[str]:
        return [line["case_id"] for line in await listed(client, who, f"?{query}")]

    both, first = [str(case.id), str(older.id)], [str(older.id)]
    for query, expected in {
        "kind=press_enquiry": first,
        "severity=2": [str(case.id)],
        f"person={subject}": [str(case.id)],
        f"person={lead}": [str(case.id)],
        f"person={client.life.users['staff']}": both,
        f"person={case.id}": [],
        "reported_from=2026-11-20T18:00:00Z": [str(case.id)],
        "reported_to=2026-11-20T18:00:00%2B00:00": first,
        f"due_after={due}": first,
        f"due_before={due}": [],
        "due_before=2027-11-20T18:00:00Z": first,
        "kind=press_enquiry&severity=2": [],
        f"stage=assessed&person={subject}&track=letter": [],
    }.items():
        assert await found(query) == expected, query


async def test_no_filter_finds_what_its_reader_is_not_shown(client: Client) -> None:
    case = await assessed(client)
    page = (await client.get("headteacher", case.path)).json()
    told = [
        "severity=2", f"person={page['people'][0]['person']}", f"person={page['lead']}",
        "due_before=2027-11-20T18:00:00Z", "overdue=true", "track=referral", "track=letter",
    ]  # fmt: skip
    client.life.clock.move(days=30)
    for query in told:
        assert await listed(client, "staff", f"?{query}") == [], query
        assert await listed(client, "outsider", f"?{query}") == [], query
    own = client.life.users["staff"]
    assert len(await listed(client, "staff", f"?person={own}&kind=abuse&overdue=false")) == 1


async def test_words_are_searched_for_in_what_is_shown(client: Client) -> None:
    case = await client.report(facts="Xanthippe's class was insulted by O’Neill.")
    await client.report(facts="Somebody was insulted.")
    for query in ("xanthippe", "O'Neill insulted", "XANTHIPPE%20class"):
        assert [c["case_id"] for c in await listed(client, "slt", f"?q={query}")] == [str(case.id)]
    assert len(await listed(client, "slt", "?q=insulted&stage=reported")) == 2
    for who in ("auditor", "outsider", "second_teacher", "moderator"):
        assert await listed(client, who, "?q=insulted") == []


async def test_a_search_with_a_position_waits_for_the_index_too(client: Client) -> None:
    answer = await client.call("staff", "POST", "/api/incidents", report(facts="Xanthippe."))
    position = answer.headers["caseward-position"]
    store, views = client.life.installation.store, client.life.installation.views
    views.take(store, store.log(views.position(), 500))
    assert (await client.get("slt", f"/api/cases?position={position}")).status_code == 200
    query = f"/api/cases?q=xanthippe&position={position}"
    assert (await client.get("slt", query)).status_code == 503
    client.life.follow()
    assert len((await client.get("slt", query)).json()["cases"]) == 1


async def test_a_cursor_of_a_search_serves_only_that_search(client: Client) -> None:
    for _ in range(3):
        await client.report(facts="Xanthippe.")
    client.life.follow()
    page = (await client.get("slt", "/api/cases?q=xanthippe&limit=1")).json()
    following = f"limit=1&cursor={page['next']}"
    assert (
        len((await client.get("slt", f"/api/cases?q=xanthippe&{following}")).json()["cases"]) == 1
    )
    for lent in ("q=another&", "", "q=xanthippe&stage=reported&"):
        assert (await client.get("slt", f"/api/cases?{lent}{following}")).status_code == 404


async def test_overdue_means_passed_and_not_met_also_once_it_was_noticed(client: Client) -> None:
    case = await client.report()
    assert await listed(client, "headteacher", "?overdue=true") == []
    client.life.clock.move(days=4)
    late = await listed(client, "headteacher", "?overdue=true")
    assert [(line["case_id"], line["overdue"]) for line in late] == [(str(case.id), True)]
    assert client.life.installation.timekeeper().look() > 0
    (line,) = await listed(client, "headteacher", "?overdue=true")
    assert line["overdue"] is True
    assert await listed(client, "headteacher", "?overdue=false") == []


async def test_filters_tell_a_reporter_nothing_that_he_does_not_see(client: Client) -> None:
    case = await assessed(client, finding="possibly_illegal")
    await case.done("headteacher", "make-referral", {
        "agency": "police", "method": "telephone", "reason": "It may be a threat to somebody.",
    })  # fmt: skip
    client.life.clock.move(days=10)
    assert await listed(client, "headteacher", "?track=referral") != []
    for query in ("?track=referral", "?overdue=true"):
        assert await listed(client, "staff", query) == []
    # He knows of no deadline: to him nothing is overdue.
    assert len(await listed(client, "staff", "?overdue=false")) == 1


async def test_a_list_asked_with_a_position_waits_until_it_knows_of_it(client: Client) -> None:
    answer = await client.call("staff", "POST", "/api/incidents", {
        "kind": "abuse", "categories": ["unsure"], "platform": "Facebook",
        "observed_at": "2026-11-20T16:30:00Z", "facts": "A post.",
    })  # fmt: skip
    position = answer.headers["caseward-position"]
    waiting = await client.get("headteacher", f"/api/cases?position={position}")
    assert waiting.status_code == 503
    assert int(waiting.headers["retry-after"]) > 0
    client.life.follow()
    known = await client.get("headteacher", f"/api/cases?position={position}")
    assert len(known.json()["cases"]) == 1
    never = await client.get("headteacher", f"/api/cases?position={int(position) + 1}")
    assert never.status_code == 404


BAD_QUERIES = [
        "colour=red", "limit=0", "limit=101", "limit=ten", "limit=1&limit=2", "limit=1.0",
        "stage=lost", "track=case", "overdue=maybe", "overdue=1", "q=", f"q={'x' * 101}",
        "kind=lost", "severity=0", "severity=5", "person=x", "due_before=soon",
        "reported_from=2026-11-20", "reported_to=2026-11-20T18:00:00", "person=",
        "position=-1", "position=99999999999999999999", "stage", "%ff=1", "q=%ff", "&", "=",
        "cursor=%00", "&".join(f"p{n}=1" for n in range(50)),
]  # fmt: skip


async def test_a_query_is_read_strictly(client: Client) -> None:
    for query in BAD_QUERIES:
        answer = await client.get("headteacher", f"/api/cases?{query}")
        assert answer.status_code == 400, query
        assert answer.headers["content-type"] == "application/problem+json"


async def test_a_query_where_none_is_read_is_refused(client: Client) -> None:
    case = await client.report()
    for path in (case.path, f"{case.path}/history", "/api/me", "/health/live"):
        assert (await client.get("headteacher", f"{path}?version=1")).status_code == 400


async def test_a_case_shows_its_deadlines_and_what_may_be_done_now(client: Client) -> None:
    case = await client.report()
    page = (await client.get("slt", case.path)).json()
    assert {d["due"] for d in page["deadlines"]} == {"acknowledge", "assessment"}
    actions = {action["command"]: action for action in page["actions"]}
    start = actions["start-assessment"]
    assert start["possible"] is True
    assert start["href"] == f"{case.path}/start-assessment"
    assert actions["close-case"]["possible"] is False
    assert {r["rule"] for r in actions["close-case"]["reasons"]} >= {"state"}
    assert actions["approve-letter"]["href"] == "/api/letters/{letter_id}/approve"


async def test_a_reporter_is_offered_what_is_his_and_told_nothing_else(client: Client) -> None:
    case = await assessed(client)
    page = (await client.get("staff", case.path)).json()
    assert "deadlines" not in page
    for action in page["actions"]:
        if not action["possible"]:
            (reason,) = action["reasons"]
            assert reason["rule"] == "role" or _tells_nothing(reason), action


def _tells_nothing(reason: dict[str, str]) -> bool:
    """What anybody may do at another time: it says where the case stands, or not even that."""
    known = reason["detail"].startswith(
        ("Not possible as the case stands", "The case is at: assessed")
    )
    return reason["rule"] == "state" and known


async def test_an_auditor_is_offered_nothing(client: Client) -> None:
    case = await client.report()
    assert "actions" not in (await client.get("auditor", case.path)).json()


async def test_an_offered_action_is_accepted_and_one_not_offered_is_refused(
    client: Client,
) -> None:
    case = await assessed(client)
    page = (await client.get("slt", case.path)).json()
    for action in page["actions"]:
        if action["possible"] or action["track"] == "letter":
            continue
        answer = await case.ask("slt", action["command"])
        # What is missing in the body is said first; with a body, the case or the role refuses.
        assert answer.status_code in (403, 409, 422), action
    assert (await case.ask("slt", "start-internal-handling", {"route": "parent"})).is_success


async def test_a_case_that_has_not_changed_is_not_sent_again(client: Client) -> None:
    case = await client.report()
    tag = (await client.get("slt", case.path)).headers["etag"]
    for known in (tag, f"W/{tag}", f'"0", {tag}'):
        same = await client.get("slt", case.path, headers={"If-None-Match": known})
        assert (same.status_code, same.content) == (304, b"")
        assert same.headers["etag"] == tag
    await case.done("slt", "acknowledge-report")
    moved = await client.get("slt", case.path, headers={"If-None-Match": tag})
    assert moved.status_code == 200
    assert moved.headers["etag"] == f'"{case.version}"'


async def test_head_answers_like_get_without_a_body(client: Client) -> None:
    case = await client.report()
    got = await client.get("slt", case.path)
    head = await client.call("slt", "HEAD", case.path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"] == got.headers["etag"]
    assert head.headers["content-length"] == got.headers["content-length"]
    assert (await client.call(None, "HEAD", case.path)).status_code == 401


async def test_options_lists_every_verb_of_an_address(client: Client) -> None:
    for path, verbs in {
        "/api/session": "DELETE, OPTIONS, POST",
        "/api/cases": "GET, HEAD, OPTIONS",
        "/api/incidents": "OPTIONS, POST",
    }.items():
        answer = await client.call(None, "OPTIONS", path)
        assert (answer.status_code, answer.headers["allow"]) == (204, verbs)
        other = await client.call("slt", "PATCH", path)
        assert (other.status_code, other.headers["allow"]) == (405, verbs)


async def test_the_clock_of_a_page_is_the_installations(life: SchoolLife) -> None:
    client = Client(life)
    case = await client.report()
    page = (await client.get("slt", case.path)).json()
    assert page["reported_at"] == FRIDAY.isoformat().replace("+00:00", "Z")
    assert not any(d.get("overdue") for d in page["deadlines"])
    life.clock.now = FRIDAY + timedelta(days=30)
    page = (await client.get("slt", case.path)).json()
    assert all(d["overdue"] for d in page["deadlines"])
    await client.http.aclose()


async def test_evidence_is_listed_with_its_hash(client: Client) -> None:
    case = await client.report()
    await case.done("slt", "capture-evidence", evidence())
    (item,) = (await client.get("slt", case.path)).json()["evidence"]
    assert item["media_type"] == "text/plain"
    assert len(item["sha256"]) == 64
