"""Nothing about people in logs, metrics, addresses, headers or refusals."""

import logging
from collections.abc import Iterator

import httpx
import pytest

from tests.incidents.api.school import Client
from tests.incidents.api.stages import ASSESSMENT, evidence, parent_of
from tests.security.routes import COMMANDS

PLANTED = {
    "facts": "Planted-facts about somebody",
    "opinion": "Planted-opinion",
    "child_words": "Planted-child-words",
    "post_url": "https://social.example.com/planted-url",
    "immediate_action": "Planted-action",
}
NAME = "Planted-name"
EMAIL = "planted-email@example.com"
LABEL = "Planted-label"


async def test_a_days_work_leaves_no_words_outside_the_case(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    answers: list[httpx.Response] = []

    async def remember(response: httpx.Response) -> None:
        await response.aread()
        answers.append(response)

    client.http.event_hooks = {"response": [remember]}
    with caplog.at_level(logging.DEBUG, "incidents"):
        await _a_days_work(client)
    metrics = (await client.get(None, "/metrics")).text
    outside = [caplog.text, metrics]
    for answer in answers:
        outside += [str(answer.request.url), str(answer.headers.raw)]
        outside += [answer.text] if answer.is_error else []
    assert len([answer for answer in answers if answer.is_error]) > 50
    written = "\n".join(outside).lower()
    assert "planted" not in written
    assert not [name for name in _names(client) if name in written]


async def _a_days_work(client: Client) -> None:
    people = [{"part": "subject", "role": "parent", "name": NAME}]
    case = await client.report(people=people, **PLANTED)
    await case.done("slt", "capture-evidence", evidence(label=LABEL))
    person = str(await parent_of(case))
    who = {"person": person, "name": NAME, "email": EMAIL, "basis": "own_conduct"}
    await case.done("headteacher", "identify-person", who)
    await case.done("slt", "start-assessment")
    await case.done("slt", "record-assessment", {**ASSESSMENT, "rationale": "Planted. " * 20})
    for path in (case.path, f"{case.path}/history", f"{case.path}/replay?version=1"):
        assert (await client.get("slt", path)).status_code == 200
    for command in COMMANDS.values():
        for asker in ("slt", "staff", "clerk"):
            body = {**(command.body or {}), "reason": "Planted-reason", "kind": "Planted-kind"}
            await command.call(client, asker, case=case.id, version=case.version, body=body)


def _names(client: Client) -> Iterator[str]:
    for who in client.life.users:
        yield f'the {who.replace("_", " ")}"'
        yield f"{who}@example.org"
