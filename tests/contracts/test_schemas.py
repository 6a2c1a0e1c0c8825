"""The contract: its schemas are sound, its examples keep to them, and both services speak it."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_structured_event
from cloudevents.core.formats.json import JSONFormat
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from incidents import messages as ours
from incidents.answers import Answers
from incidents.domain import case
from incidents.domain.facts import Actor, Event, Recorded, SchoolId
from incidents.domain.registers import EVENTS as OF_REGISTERS
from incidents.domain.vocabulary import Role
from incidents.letter_data import LETTERS
from notifier import messages as theirs
from notifier.contract import Contract

SCHEMAS = Path(__file__).parents[2] / "schemas"
SHAPES = sorted(
    path for folder in ("events", "letters", "requests") for path in (SCHEMAS / folder).iterdir()
)
EXAMPLES = sorted((SCHEMAS / "examples").iterdir())
INCOMING = sorted(path for path in EXAMPLES if path.name.startswith("incidents."))
OUTCOMES = sorted(path for path in EXAMPLES if path.name.startswith("notifier."))


def validator(path: Path) -> Draft202012Validator:
    schema = json.loads(path.read_bytes())
    registry: Registry[Any] = Registry().with_resource(
        schema["$id"], Resource.from_contents(schema)
    )
    return Draft202012Validator(schema, registry=registry)


@pytest.mark.parametrize("path", SHAPES, ids=lambda path: path.stem)
def test_every_schema_is_sound_and_has_an_example_that_keeps_to_it(path: Path) -> None:
    schema = json.loads(path.read_bytes())
    Draft202012Validator.check_schema(schema)
    assert schema["$id"].endswith(f"{path.parent.name}/{path.name}")
    example = json.loads((SCHEMAS / "examples" / path.name).read_bytes())
    validator(path).validate(example)


@pytest.mark.parametrize("path", SHAPES, ids=lambda path: path.stem)
def test_an_example_without_one_of_its_required_fields_is_found_out(path: Path) -> None:
    schema = json.loads(path.read_bytes())
    example = json.loads((SCHEMAS / "examples" / path.name).read_bytes())
    for field in schema["required"]:
        shortened = {k: v for k, v in example.items() if k != field}
        assert not validator(path).is_valid(shortened), field


def test_every_example_belongs_to_a_schema() -> None:
    assert {path.name for path in EXAMPLES} == {path.name for path in SHAPES}


@pytest.mark.parametrize("path", INCOMING + OUTCOMES, ids=lambda path: path.stem)
def test_an_independent_reader_takes_every_message_for_a_cloud_event(path: Path) -> None:
    body = path.read_bytes()
    message = HTTPMessage(headers={"content-type": "application/cloudevents+json"}, body=body)
    event = from_structured_event(message, JSONFormat())
    assert event.get_type() == path.stem
    assert event.get_specversion() == "1.0"


@pytest.mark.parametrize("path", INCOMING, ids=lambda path: path.stem)
def test_the_notifier_reads_what_incidents_publishes(path: Path) -> None:
    envelope = Contract(SCHEMAS, [path.stem]).read(path.read_bytes())
    of_case = msgspec.convert(envelope.data, theirs.OfCase)
    assert of_case.school == json.loads(path.read_bytes())["data"]["school"]


@pytest.mark.parametrize("path", OUTCOMES, ids=lambda path: path.stem)
def test_incidents_reads_what_the_notifier_tells(path: Path) -> None:
    data = json.loads(path.read_bytes())["data"]
    outcome = msgspec.convert(data, ours.OUTCOMES[path.stem])
    assert str(outcome.letter_id) == data["letter_id"]


def test_both_services_know_the_same_outcomes() -> None:
    assert set(ours.OUTCOMES) == set(theirs.OUTCOMES)


def test_published_events_are_in_the_log_and_list_only_fields_they_have() -> None:
    events = {**case.EVENTS, **OF_REGISTERS}
    for event, (_, listed) in ours.PUBLISHED.items():
        assert events[event.TOPIC] is event
        assert set(listed) <= set(event.__struct_fields__)


def test_nothing_sealed_is_ever_published() -> None:
    from incidents.store.sealing import sealed_fields

    for event, (_, listed) in ours.PUBLISHED.items():
        assert not {field.name for field in sealed_fields(event)} & set(listed)


@pytest.mark.parametrize("event", ours.PUBLISHED, ids=lambda event: event.__name__)
def test_what_is_really_published_keeps_to_its_schema(event: type[Event]) -> None:
    name = ours.published_type(event)
    example = json.loads((SCHEMAS / "examples" / f"{name}.json").read_bytes())["data"]
    listed = {field: example[field] for field in ours.PUBLISHED[event][1]}
    # What is not listed does not matter, and must not: a constructor does not look.
    hollow = event(**{field: listed.get(field) for field in event.__struct_fields__})
    recorded = Recorded(
        event_id=UUID(int=1),
        school=SchoolId("demoschool01"),
        stream=UUID(int=2),
        version=1,
        recorded_at=datetime(2026, 11, 20, tzinfo=UTC),
        occurred_at=datetime(2026, 11, 20, tzinfo=UTC),
        actor=Actor(user=None, role=Role.TIMEKEEPER),
        policy_version="",
        calendar_version="",
        causation_id=UUID(int=3),
        correlation_id=UUID(int=2),
        event=hollow,
    )
    published = json.loads(msgspec.json.encode(ours.publish(recorded, 1)))
    validator(SCHEMAS / "events" / f"{name}.json").validate(published)


ROW: dict[str, Any] = {
    "school": "demoschool01",
    "case_id": UUID(int=1),
    "event_id": UUID(int=2),
    "letter": "L2",
    "audience": "subject_parent",
}
DOCUMENT: dict[str, Any] = {"letter_id": UUID(int=4), "media_type": "application/pdf"}
QUESTIONS: tuple[msgspec.Struct, ...] = (
    theirs.RecipientsOf(**ROW),
    theirs.FactsOf(**ROW, recipient_ref=UUID(int=3), written_on=date(2026, 11, 20)),
    theirs.FactsOf(**ROW, recipient_ref=None, written_on=date(2026, 11, 20)),
    theirs.KeepDocument(
        school="demoschool01",
        case_id=UUID(int=1),
        content=b"%PDF",
        **DOCUMENT,
    ),
    theirs.DeliveryOf(**ROW, **DOCUMENT, recipient_ref=None, document="0" * 64),
)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: type(q).__name__)
def test_incidents_understands_every_question_of_the_notifier(question: Any) -> None:
    name = question.SUBJECT.removeprefix("requests.incidents.")
    body = msgspec.json.encode(question)
    validator(SCHEMAS / "requests" / f"{name}.v1.json").validate(json.loads(body))
    asked = msgspec.json.decode(body, type=ours.REQUESTS[name][0])
    for field in asked.__struct_fields__:
        assert getattr(asked, field) == getattr(question, field)


def test_every_question_is_answered_somewhere() -> None:
    answered = set(Answers(None, None)._handlers)  # type: ignore[arg-type]
    asked = {q.SUBJECT.rpartition(".")[2] for q in QUESTIONS}  # type: ignore[attr-defined]
    assert answered == set(ours.REQUESTS) == asked


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("recipients_answer", theirs.Recipients),
        ("keep_document_answer", theirs.Kept),
        ("delivery_answer", theirs.Delivery),
        ("refused", theirs.Refusal),
    ],
)
def test_the_notifier_understands_every_answer(name: str, kind: type[msgspec.Struct]) -> None:
    body = (SCHEMAS / "examples" / f"{name}.v1.json").read_bytes()
    answer = msgspec.json.decode(body, type=kind)
    assert set(json.loads(body)) >= set(answer.__struct_fields__)


@pytest.mark.parametrize("code", LETTERS)
def test_the_facts_of_a_letter_keep_to_its_schema(code: str) -> None:
    example = (SCHEMAS / "examples" / f"{code}.v1.json").read_bytes()
    facts = msgspec.json.decode(example, type=LETTERS[code])
    validator(SCHEMAS / "letters" / f"{code}.v1.json").validate(msgspec.to_builtins(facts))
