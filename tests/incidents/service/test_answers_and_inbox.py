"""Over a real broker: questions are answered, and outcomes become events of their case, once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from incidents.answers import Answers
from incidents.broker import Broker, connect, set_up
from incidents.domain.facts import Recorded
from incidents.domain.letters import (
    AlertSent,
    LetterFailed,
    LetterRendered,
    LetterSent,
    LetterUncertain,
)
from incidents.domain.state import Case
from incidents.domain.vocabulary import LetterState
from incidents.inbox import Inbox
from incidents.messages import Refused
from incidents.relay import partition
from tests.support.nats_server import NatsServer
from tests.support.office import Office


@pytest.fixture
async def broker(nats_server: NatsServer) -> AsyncIterator[Broker]:
    opened = await connect(nats_server.url, name="incidents")
    await set_up(opened.jetstream)
    yield opened
    await opened.close()


@pytest.fixture
async def answering(office: Office, broker: Broker) -> AsyncIterator[Office]:
    async with asyncio.TaskGroup() as tasks:
        running = [
            tasks.create_task(Answers(office.installation.lookup(), broker).run()),
            tasks.create_task(Inbox(office.installation.cases, broker).run()),
        ]
        await broker.client.flush()
        yield office
        for one in running:
            one.cancel()


async def ask(broker: Broker, name: str, **asked: Any) -> Any:
    answer = await broker.client.request(
        f"requests.incidents.{name}", msgspec.json.encode(asked), timeout=10
    )
    return msgspec.json.decode(answer.data)


async def tell(broker: Broker, case: Case, what: str, message: UUID, **data: Any) -> None:
    body = {
        "specversion": "1.0",
        "id": message,
        "source": "/notifier",
        "type": f"notifier.{what}.v1",
        "data": {"school": case.school, "case_id": case.id, **data},
    }
    subject = f"notifier.{case.school}.{partition(case.id)}.{case.id}"
    await broker.jetstream.publish(subject, msgspec.json.encode(body))


async def recorded(office: Office, case: Case, kind: type, count: int = 1) -> list[Recorded]:
    """Wait until so many events of this kind stand in the history."""
    async with asyncio.timeout(20):
        while True:
            history = office.installation.cases.history(case.id)
            found = [r for r in history if isinstance(r.event, kind)]
            if len(found) >= count:
                return found
            await asyncio.sleep(0.01)


def first_event(office: Office, case: Case) -> UUID:
    return office.installation.cases.history(case.id)[0].event_id


async def test_recipients_and_facts_are_answered_and_a_document_is_kept(
    answering: Office, broker: Broker
) -> None:
    case = answering.log()
    about = {
        "school": case.school,
        "case_id": case.id,
        "event_id": first_event(answering, case),
        "letter": "L1",
        "audience": "reporter",
    }
    (to,) = (await ask(broker, "recipients", **about))["recipients"]
    assert to == str(answering.id_of("staff"))
    asked = {**about, "recipient_ref": to, "written_on": date(2026, 11, 20)}
    facts = await ask(broker, "letter_data", **asked)
    assert facts["recipient"]["name"] == "The class teacher"
    assert facts["written_on"] == "2026-11-20"
    letter = {"school": case.school, "case_id": case.id, "letter_id": uuid4()}
    kept = await ask(
        broker, "keep_document", **letter, media_type="text/plain", content=b"the letter"
    )
    blobs = answering.installation.store.blobs
    assert blobs.read(case.school, case.id, kept["sha256"]) == b"the letter"


@pytest.mark.parametrize(
    ("name", "asked", "refused"),
    [
        ("recipients", {"school": "demoschool01"}, "malformed_request"),
        (
            "keep_document",
            {
                "school": "demoschool01",
                "case_id": UUID(int=1),
                "letter_id": UUID(int=2),
                "media_type": "text/plain",
                "content": b"the letter",
            },
            "unknown_case",
        ),
    ],
)
async def test_what_cannot_be_answered_is_refused_with_a_code(
    answering: Office, broker: Broker, name: str, asked: dict[str, Any], refused: str
) -> None:
    assert await ask(broker, name, **asked) == msgspec.to_builtins(Refused(refused))


async def test_an_outcome_that_comes_twice_is_recorded_once(
    answering: Office, broker: Broker
) -> None:
    case = answering.log()
    letter, drafted, sent = uuid4(), uuid4(), uuid4()
    about = {"letter_id": letter, "letter": "L1", "event_id": first_event(answering, case)}
    for _ in range(2):
        await tell(
            broker, case, "letter_drafted", drafted, **about, form="email", audience="reporter",
            media_type="text/plain", document="0" * 64, template_hash="1" * 64,
            data_hash="2" * 64, needs_approval=False,
        )  # fmt: skip
        await tell(broker, case, "letter_sent", sent, **about, channel="email")
    alert = {"letter_id": uuid4(), "letter": "A1", "event_id": first_event(answering, case)}
    await tell(broker, case, "letter_sent", uuid4(), **alert, channel="email")
    await recorded(answering, case, AlertSent)
    assert len(await recorded(answering, case, LetterRendered)) == 1
    assert len(await recorded(answering, case, LetterSent)) == 1
    assert answering.installation.cases.load(case.id).letters[letter].state is LetterState.SENT


async def test_an_outcome_nobody_can_use_does_not_hold_up_the_next(
    answering: Office, broker: Broker
) -> None:
    case = answering.log()
    subject = f"notifier.{case.school}.{partition(case.id)}.{case.id}"
    await broker.jetstream.publish(subject, b"not even JSON")
    about = {"letter_id": uuid4(), "letter": "L2", "event_id": first_event(answering, case)}
    await tell(broker, case, "letter_uncertain", uuid4(), **about, reason="reply_lost")
    await tell(broker, case, "letter_of_the_future", uuid4(), **about)
    alert = {"letter_id": uuid4(), "letter": "A1", "event_id": first_event(answering, case)}
    await tell(broker, case, "letter_sent", uuid4(), **alert, channel="email")
    await recorded(answering, case, AlertSent)
    history = answering.installation.cases.history(case.id)
    assert not [r for r in history if isinstance(r.event, LetterUncertain)]


async def test_what_happened_while_nobody_listened_is_recorded_afterwards(
    office: Office, broker: Broker
) -> None:
    case = office.log()
    alert = {"letter_id": uuid4(), "letter": "A1", "event_id": first_event(office, case)}
    await tell(broker, case, "letter_sent", uuid4(), **alert, channel="email")
    inbox = asyncio.create_task(Inbox(office.installation.cases, broker).run())
    (sent,) = await recorded(office, case, AlertSent)
    assert sent.actor.role == "notifier"
    inbox.cancel()


async def test_a_letter_that_could_not_even_be_written_is_on_its_case(
    answering: Office, broker: Broker
) -> None:
    case, letter = answering.log(), uuid4()
    about = {"letter_id": letter, "letter": "L19", "event_id": first_event(answering, case)}
    await tell(broker, case, "letter_failed", uuid4(), **about, reason="no_glyph")
    (failed,) = await recorded(answering, case, LetterFailed)
    after = answering.installation.cases.load(case.id)
    assert after.letters[letter].state is LetterState.FAILED
    assert after.open_letters
    assert failed.event.why == "no_glyph"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "spoilt",
    [
        b'{"id": "01a204b0-1e8d-7a24-acd4-958e0570e6fe", "type": "\xff", "data": {}}',
        b'{"id": "01a204b0-1e8d-7a24-acd4-958e0570e6fe", "type": "notifier.letter_sent.v1"}',
    ],
)
def test_a_spoilt_outcome_is_passed_over(office: Office, spoilt: bytes) -> None:
    head = office.installation.store.head()
    Inbox(office.installation.cases, None).take(spoilt)  # type: ignore[arg-type]
    assert office.installation.store.head() == head


def test_an_outcome_that_reuses_an_id_is_passed_over(office: Office) -> None:
    case, message = office.log(), str(uuid4())
    inbox = Inbox(office.installation.cases, None)  # type: ignore[arg-type]
    about = {"school": case.school, "case_id": str(case.id), "letter": "A1", "channel": "email"}
    for _ in range(2):
        alert = {**about, "letter_id": str(uuid4()), "event_id": str(first_event(office, case))}
        body = {"id": message, "type": "notifier.letter_sent.v1", "data": alert}
        inbox.take(msgspec.json.encode(body))
    history = office.installation.cases.history(case.id)
    assert len([r for r in history if isinstance(r.event, AlertSent)]) == 1


async def test_facts_for_an_event_of_another_kind_are_refused_and_not_left_unanswered(
    answering: Office, broker: Broker
) -> None:
    case = answering.log()
    asked = {
        "school": case.school,
        "case_id": case.id,
        "event_id": first_event(answering, case),
        "letter": "L17",
        "audience": "reporter",
        "recipient_ref": answering.id_of("staff"),
        "written_on": date(2026, 11, 20),
    }
    assert (await ask(broker, "letter_data", **asked))["refused"] == "event_of_another_kind"
