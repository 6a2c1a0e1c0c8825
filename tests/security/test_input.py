"""What comes in as a body: one meaning, within bounds, nothing that was not asked for."""

import json
from typing import Any, Final

import pytest

from tests.incidents.api.school import Client, report
from tests.incidents.api.stages import ASSESSMENT
from tests.security.one_installation import app, life
from tests.security.routes import DOCUMENT

__all__ = ["app", "life"]

GOOD: Final = json.dumps(report()).encode()
JSON: Final = "application/json"
_FACTS: Final = DOCUMENT["components"]["schemas"]["LogIncident"]["properties"]["facts"]
LONGEST: Final[int] = _FACTS["maxLength"]


async def sent(client: Client, raw: bytes, media_type: str | None = JSON, **headers: str) -> Any:
    token = {"Authorization": f"Bearer {client.life.tokens['staff']}"}
    kind = {} if media_type is None else {"Content-Type": media_type}
    answer = await client.http.post(
        "/api/incidents", content=raw, headers={**token, **kind, **headers}
    )
    if answer.is_error:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code
    return answer


def with_facts(written: bytes) -> bytes:
    """The good report, with these bytes for the JSON of `facts`."""
    raw = json.dumps(report(facts="@")).encode()
    return raw.replace(b'"@"', written)


MALFORMED: Final = {
    "a key twice": GOOD[:-1] + b', "kind": "abuse"}',
    "a key twice inside": with_facts(b'{"a": 1, "a": 2}'),
    "NaN": with_facts(b"NaN"),
    "Infinity": with_facts(b"-Infinity"),
    "1e400": with_facts(b"1e400"),
    "-1e400": with_facts(b"-1e400"),
    "a number of 65 bits": with_facts(b"9223372036854775808"),
    "a number of a thousand digits": with_facts(b"9" * 1000),
    "a number of half a million digits": with_facts(b"9" * 500_000),
    "33 levels": with_facts(b"[" * 32 + b"]" * 32),
    "a hundred thousand levels": with_facts(b"[" * 100_000),
    "a hundred thousand objects": with_facts(b'{"a":' * 100_000),
    "NUL": with_facts(b'"\\u0000"'),
    "NUL in a key": GOOD[:-1] + b', "\\u0000": 1}',
    "a bell": with_facts(b'"\\u0007"'),
    "delete": with_facts(b'"\\u007f"'),
    "a C1 control": with_facts(b'"\\u0085"'),
    "a raw line break": with_facts(b'"a\nb"'),
    "a raw NUL": with_facts(b'"\x00"'),
    "half a character": with_facts(b'"\\ud800"'),
    "halves the wrong way round": with_facts(b'"\\udc00\\ud800"'),
    "bytes that are no UTF-8": with_facts(b'"\xff"'),
    "an overlong NUL": with_facts(b'"\xc0\x80"'),
    "a half written in UTF-8": with_facts(b'"\xed\xa0\x80"'),
    "a byte order mark": b"\xef\xbb\xbf" + GOOD,
    "UTF-16": GOOD.decode().encode("utf-16"),
    "UTF-32": GOOD.decode().encode("utf-32"),
    "two values": GOOD + GOOD,
    "half a value": GOOD[:-1],
    "a comma too many": GOOD[:-1] + b",}",
    "single quotes": GOOD.replace(b'"', b"'"),
    "a comment": GOOD[:-1] + b"/* hello */}",
    "spaces only": b"   ",
    "no JSON": b"kind=abuse",
}


@pytest.mark.parametrize("raw", MALFORMED.values(), ids=MALFORMED)
async def test_what_has_no_one_meaning_is_refused(client: Client, raw: bytes) -> None:
    head = client.life.installation.store.head()
    answer = await sent(client, raw)
    assert answer.status_code == 400, answer.text
    assert client.life.installation.store.head() == head


@pytest.mark.parametrize(
    "text",
    ["line\nbreak and\ttab\r\n", "Zoë", "😀 and 𝄞", "‘quoted’", "\u202eright", "a" * LONGEST],
)
async def test_words_come_back_as_they_were_written(client: Client, text: str) -> None:
    answer = await sent(client, json.dumps(report(facts=text)).encode())
    assert answer.status_code == 201
    page = await client.get("staff", f"/api/cases/{answer.json()['case_id']}")
    assert page.json()["facts"] == text


async def test_thirty_two_levels_are_read_and_then_refused_as_no_field(client: Client) -> None:
    answer = await sent(client, with_facts(b"[" * 31 + b"]" * 31))
    assert answer.status_code == 422


@pytest.mark.parametrize(
    "media_type",
    [
        None, "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data",
        "application/json; charset=latin-1", "application/json; charset=utf-16",
        "application/jsonp", "text/json", "application/json, application/json",
        "application/problem+json", "application/json; charset=utf-8; charset=utf-16",
    ],
)  # fmt: skip
async def test_a_body_that_is_not_said_to_be_json_is_refused(
    client: Client, media_type: str | None
) -> None:
    assert (await sent(client, GOOD, media_type)).status_code == 415


@pytest.mark.parametrize(
    "media_type",
    ["application/json", "Application/JSON", "application/json;charset=UTF-8",
     'application/json; charset="utf-8"'],
)  # fmt: skip
async def test_json_may_be_said_in_every_usual_way(client: Client, media_type: str) -> None:
    assert (await sent(client, GOOD, media_type)).status_code == 201


async def test_a_compressed_body_is_refused(client: Client) -> None:
    answer = await sent(client, GOOD, **{"Content-Encoding": "gzip"})
    assert answer.status_code == 415


@pytest.mark.parametrize(
    "field",
    ["id", "case_id", "stage", "state", "school", "recorded_at", "actor", "version", "reporter",
     "reference", "lead", "__proto__", "constructor", "_type_", "_data_"],
)  # fmt: skip
async def test_a_field_the_server_owns_is_refused_by_name(client: Client, field: str) -> None:
    answer = await sent(client, json.dumps(report(**{field: "x"})).encode())
    assert answer.status_code == 422
    (reason,) = answer.json()["reasons"]
    assert field.startswith("_") or f"`{field}`" in reason["detail"]


async def test_a_field_inside_a_person_is_refused_too(client: Client) -> None:
    people = [{"part": "subject", "role": "parent", "person": "x"}]
    answer = await sent(client, json.dumps(report(people=people)).encode())
    assert answer.status_code == 422
    assert "`people[0].person`" in answer.text


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"kind": "gossip"}, "`kind` has to be one of: abuse, "),
        ({"categories": []}, "`categories` has to be at least 1 entries long"),
        ({"categories": ["gossip"]}, "has to be one of: "),
        ({"facts": "  \n "}, "`facts` has too little to read in it"),
        ({"facts": ""}, "`facts` has to be at least 1 characters long"),
        ({"facts": "x" * (LONGEST + 1)}, f"`facts` has to be at most {LONGEST} characters long"),
        ({"facts": 7}, "`facts` has to be a text"),
        ({"facts": None}, "`facts` has to be a text"),
        ({"observed_at": "yesterday"}, "`observed_at` has to be a date and time with its zone"),
        ({"observed_at": "2026-11-20T16:30:00"}, "with its zone"),
        ({"observed_at": 1763656200}, "with its zone"),
        ({"observed_at": "0001-01-01T00:00:00+23:59"}, "`observed_at` is no date a case"),
        ({"observed_at": "9999-12-31T23:59:59-12:00"}, "`observed_at` is no date a case"),
        ({"on_school_account": "true"}, "`on_school_account` has to be true or false"),
        ({"on_school_account": 1}, "`on_school_account` has to be true or false"),
        ({"people": "the parent"}, "`people` has to be a list"),
        ({"people": [{"part": "subject"}]}, "`people[0].role` is missing"),
        ({"people": [{"part": "subject", "role": "king"}]}, "`people[0].role` has to be one of"),
        (
            {"people": [{"part": "subject", "role": "staff", "user": "me"}]},
            "`people[0].user` has to be an id",
        ),
        ({"post_url": "javascript:alert(1)"}, "`post_url` is not written as"),
        ({"post_url": "https://example.org/\n"}, "`post_url` is not written as"),
        ({"platform": "Face\nbook"}, "`platform` has to be one line"),
    ],
)
async def test_a_field_that_does_not_fit_is_named_in_words(
    client: Client, changes: dict[str, Any], says: str
) -> None:
    answer = await sent(client, json.dumps(report(**changes)).encode())
    assert answer.status_code == 422
    (reason,) = answer.json()["reasons"]
    assert says in reason["detail"]


async def test_a_problem_never_repeats_what_was_sent(client: Client) -> None:
    secret = "Jane of class 4B"
    case = await client.report()
    for raw in (
        json.dumps(report(kind=secret)),
        json.dumps(report(**{secret: secret})),
        json.dumps(report(people=[{"part": secret, "role": "staff"}])),
        f'{{"{secret}": 1, "{secret}": 2}}',
        f'{{"kind": "{secret}',
        json.dumps([secret]),
        json.dumps(secret),
    ):
        answer = await sent(client, raw.encode())
        assert answer.is_error
        assert secret not in answer.text
    for path in (f"/api/cases?q={secret}&x=1", f"/api/{secret}", f"/api/cases?stage={secret}",
                 f"{case.path}/replay?known_at={secret}", f"/api/cases?{secret}=1"):  # fmt: skip
        answer = await client.get("staff", path)
        assert answer.is_error
        assert "Jane" not in answer.text
    await case.done("slt", "start-assessment")
    wrong = await case.ask("slt", "record-assessment", {**ASSESSMENT, "harm_test": {secret: True}})
    assert wrong.status_code == 422
    assert secret not in wrong.text


@pytest.mark.parametrize("value", ["", "null", "true", "7", "[]", '"text"'])
async def test_a_body_that_is_no_object_is_refused(client: Client, value: str) -> None:
    assert (await sent(client, value.encode())).status_code == 422


@pytest.mark.parametrize("announced", ["abc", "1, 2", ""])
async def test_a_length_that_is_no_length_is_refused(client: Client, announced: str) -> None:
    answer = await sent(client, GOOD, **{"Content-Length": announced})
    assert answer.status_code == 400
