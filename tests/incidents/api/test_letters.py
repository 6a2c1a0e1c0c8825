"""Letters: what waits for approval, how it reads, and what is decided about it."""

import asyncio
from hashlib import sha256
from uuid import UUID, uuid4

import pytest

from incidents.api import letters, patience
from incidents.domain.school import User
from incidents.domain.vocabulary import LetterForm
from tests.incidents.api.school import Client
from tests.incidents.api.stages import DOCUMENT, NOTICE, drafted, evidence, handled, uncertain

HASH = sha256(DOCUMENT).hexdigest()


async def test_the_queue_shows_what_waits_for_approval(client: Client) -> None:
    case = await handled(client)
    letter = drafted(case)
    queue = (await client.get("headteacher", "/api/letters?state=drafted")).json()["letters"]
    assert [(line["letter"], line["case_id"], line["code"]) for line in queue] == [
        (str(letter), str(case.id), "L2")
    ]
    assert (await client.get("headteacher", "/api/letters?state=sent")).json()["letters"] == []


async def test_letters_are_listed_page_by_page(client: Client) -> None:
    case = await handled(client)
    made = sorted(str(drafted(case)) for _ in range(3))
    first = (await client.get("headteacher", "/api/letters?limit=2")).json()
    rest = (await client.get("headteacher", f"/api/letters?cursor={first['next']}")).json()
    assert [x["letter"] for x in first["letters"] + rest["letters"]] == made
    assert "next" not in rest
    other = await client.get("slt", f"/api/letters?cursor={first['next']}")
    assert other.status_code == 404


async def test_a_page_looks_at_so_many_letters_and_no_more(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(letters, "MOST_EXAMINED", 2)
    case = await handled(client)
    made = sorted(str(drafted(case)) for _ in range(5))
    # Approved since the views last looked: they still list all of them as drafts.
    take = client.life.installation.views.take
    monkeypatch.setattr(client.life.installation.views, "take", lambda *_: None)
    for letter in made[:3]:
        path = f"/api/letters/{letter}/approve"
        assert (await client.call("headteacher", "POST", path, {"document": HASH})).is_success
    monkeypatch.setattr(client.life.installation.views, "take", take)
    pages: list[list[str]] = []
    query = "?state=drafted"
    while query:
        page = (await client.get("headteacher", f"/api/letters{query}")).json()
        pages.append([line["letter"] for line in page["letters"]])
        query = f"?state=drafted&cursor={page['next']}" if "next" in page else ""
    assert pages == [[], [made[3]], [made[4]]]


async def test_nothing_is_looked_at_for_whoever_sees_no_letters(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = await handled(client)
    drafted(case)
    loaded: list[str] = []
    seen = client.life.installation.cases.seen

    def counting(user: User, case_id: UUID) -> object:
        loaded.append(str(case_id))
        return seen(user, case_id)

    monkeypatch.setattr(client.life.installation.cases, "seen", counting)
    for who in ("auditor", "clerk", "second_teacher", "dpo", "outsider"):
        page = (await client.get(who, "/api/letters?limit=1")).json()
        assert (page, loaded) == ({"letters": []}, []), who
    page = (await client.get("headteacher", "/api/letters?limit=1")).json()
    assert (len(page["letters"]), loaded) == (1, [str(case.id)])


async def test_letters_of_a_case_are_for_those_who_see_all_of_it(client: Client) -> None:
    case = await handled(client)
    letter = drafted(case)
    seen = {"slt", "headteacher"}
    for who in client.life.tokens:
        listed = (await client.get(who, "/api/letters")).json()["letters"]
        assert bool(listed) == (who in seen), who
        for path in (f"/api/letters/{letter}", f"/api/letters/{letter}/pdf"):
            assert (await client.get(who, path)).status_code == (200 if who in seen else 404)


async def test_a_moderator_sees_the_notice_and_no_other_letter(client: Client) -> None:
    case = await client.report(on_school_account=True)
    await case.done("slt", "start-assessment")
    await case.done("slt", "capture-evidence", evidence())
    act = {"act": "hidden", "clause": "4.2", "taken_at": "2026-11-20T16:38:00Z"}
    await case.done("moderator", "take-moderation-action", act)
    letter = drafted(case)
    notice = drafted(
        case,
        code="L13",
        form=LetterForm.NOTICE,
        audience="school_account",
        media_type="text/plain",
        content=NOTICE.encode(),
    )
    listed = (await client.get("moderator", "/api/letters")).json()["letters"]
    assert [line["letter"] for line in listed] == [str(notice)]
    read = (await client.get("moderator", f"/api/letters/{notice}")).json()
    assert read["text"] == NOTICE
    assert (await client.get("moderator", f"/api/letters/{letter}")).status_code == 404
    # The moderator posts the notice; approving it is for others.
    path = f"/api/letters/{notice}/approve"
    refused = await client.call("moderator", "POST", path, {"document": read["document"]})
    assert refused.status_code == 403


async def test_a_document_is_given_out_as_a_file_to_save(client: Client) -> None:
    case = await handled(client)
    letter = drafted(case)
    answer = await client.get("headteacher", f"/api/letters/{letter}/pdf")
    assert answer.content == DOCUMENT
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == f'attachment; filename="letter-{letter}.pdf"'
    assert "sandbox" in answer.headers["content-security-policy"]


async def test_an_approval_pins_the_document_that_was_read(client: Client) -> None:
    case = await handled(client)
    letter = drafted(case)
    path = f"/api/letters/{letter}/approve"
    other = await client.call("headteacher", "POST", path, {"document": "0" * 64})
    assert other.status_code == 409
    assert [r["rule"] for r in other.json()["reasons"]] == ["document_is_the_one_kept"]
    done = await client.call("headteacher", "POST", path, {"document": HASH})
    assert done.status_code == 200
    assert done.json()["events"][0]["event"] == "incidents.letter_approved"
    assert done.headers["etag"] == f'"{case.version + 1}"'
    again = await client.call("headteacher", "POST", path, {"document": HASH})
    assert again.status_code == 409


async def test_who_asked_for_a_letter_does_not_approve_it(client: Client) -> None:
    case = await handled(client)
    letter = drafted(case, prompted_by=_event(client, case.id, "incidents.meeting_invited"))
    path = f"/api/letters/{letter}/approve"
    own = await client.call("slt", "POST", path, {"document": HASH})
    assert own.status_code == 403
    assert [r["rule"] for r in own.json()["reasons"]] == ["approver_did_not_prompt_it"]
    assert (await client.call("headteacher", "POST", path, {"document": HASH})).is_success


async def test_a_letter_is_withdrawn_with_a_reason(client: Client) -> None:
    case = await handled(client)
    letter = drafted(case)
    path = f"/api/letters/{letter}/withdraw"
    assert (await client.call("headteacher", "POST", path, {})).status_code == 422
    assert (await client.call("headteacher", "POST", path, {"reason": " "})).status_code == 422
    why = {"reason": "The parent has come to the office already."}
    assert (await client.call("headteacher", "POST", path, why)).status_code == 200
    client.life.follow()
    line = (await client.get("headteacher", f"/api/letters/{letter}")).json()
    assert line["state"] == "withdrawn"


async def test_an_uncertain_letter_is_resolved_by_a_person(client: Client) -> None:
    case = await handled(client)
    letter = drafted(case)
    await client.call("headteacher", "POST", f"/api/letters/{letter}/approve", {"document": HASH})
    uncertain(case, letter)
    queue = (await client.get("headteacher", "/api/letters?state=uncertain")).json()["letters"]
    assert len(queue) == 1
    said = {"delivered": True, "how_known": "The parent answered it this morning."}
    resolved = await client.call("headteacher", "POST", f"/api/letters/{letter}/resolve", said)
    assert resolved.status_code == 200
    assert (await client.get("slt", f"/api/letters/{letter}")).json()["state"] == "sent"


async def test_a_decision_sent_again_is_made_once(client: Client) -> None:
    case = await handled(client)
    path = f"/api/letters/{drafted(case)}/approve"
    key = {"Idempotency-Key": "approve-once"}
    first = await client.call("headteacher", "POST", path, {"document": HASH}, headers=key)
    again = await client.call("headteacher", "POST", path, {"document": HASH}, headers=key)
    assert (first.status_code, again.content) == (200, first.content)


async def test_a_letter_that_is_not_there_answers_like_one_that_is_hidden(client: Client) -> None:
    case = await handled(client)
    hidden = drafted(case)
    for verb, body in (
        ("approve", {"document": HASH}),
        ("withdraw", {"reason": "It is not needed any more."}),
        ("resolve", {"delivered": True, "how_known": "The parent answered it."}),
    ):
        answers = [
            await client.call("second_teacher", "POST", f"/api/letters/{letter}/{verb}", body)
            for letter in (hidden, uuid4())
        ]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].content == answers[1].content


def _event(client: Client, case_id: object, topic: str) -> object:
    history = client.life.installation.store.history(case_id)  # type: ignore[arg-type]
    return next(one.event_id for one in history if topic == one.event.TOPIC)


async def test_a_letter_younger_than_the_views_is_waited_for(client: Client) -> None:
    case = await handled(client)
    letter = drafted(case, followed=False)
    asked = asyncio.create_task(client.get("headteacher", f"/api/letters/{letter}"))
    await asyncio.to_thread(client.life.follow)
    assert (await asked).json()["letter"] == str(letter)


async def test_a_letter_that_the_views_do_not_get_to_know_is_not_said_to_be_absent(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "PATIENCE", 0.05)
    case = await handled(client)
    letter = drafted(case, followed=False)
    answers = [await client.get("slt", f"/api/letters/{one}") for one in (letter, uuid4())]
    assert [answer.status_code for answer in answers] == [503, 503]
    client.life.follow()
    answers = [await client.get("slt", f"/api/letters/{one}") for one in (letter, uuid4())]
    assert [answer.status_code for answer in answers] == [200, 404]
