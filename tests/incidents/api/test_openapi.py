"""The description of the API: complete, exact, and the same as what is served."""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from openapi_spec_validator import validate

from incidents import VERSION
from incidents.api.app import openapi_document
from incidents.api.examples import EXAMPLES
from incidents.api.operations import CONTRACT
from incidents.api.problems import Kind
from incidents.api.routes import ROUTES
from incidents.domain.vocabulary import HarmQuestion
from tests.incidents.api.school import Client

ROOT: Final = Path(__file__).parents[3]
DOCUMENT: dict[str, Any] = json.loads(openapi_document())


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def test_the_document_is_valid_openapi_3_1() -> None:
    assert DOCUMENT["openapi"] == "3.1.0"
    validate(DOCUMENT)


def test_the_document_has_the_version_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "version" not in project["project"]
    where = project["tool"]["setuptools"]["dynamic"]["version"]
    assert where == {"attr": "incidents.VERSION"}
    assert DOCUMENT["info"]["version"] == VERSION


def test_the_document_is_the_same_every_time() -> None:
    assert openapi_document() == openapi_document()


async def test_what_is_served_is_the_document(client: Client) -> None:
    answer = await client.get(None, "/schema/openapi.json")
    assert answer.content == openapi_document()


def test_every_route_is_in_the_document() -> None:
    assert len(list(operations())) == len(ROUTES)
    assert len({operation["operationId"] for _, _, operation in operations()}) == len(ROUTES)


def test_every_body_refuses_unknown_fields() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    for method, path, operation in operations():
        if "requestBody" in operation:
            ref = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
            schema = schemas[ref.rpartition("/")[2]]
            assert schema["additionalProperties"] is False, (method, path)


def test_every_body_has_an_example_that_it_accepts() -> None:
    bodies = {route.opt[CONTRACT].body for route in ROUTES} - {None}
    assert bodies == set(EXAMPLES)
    for kind, example in EXAMPLES.items():
        msgspec.convert(example, kind)


def test_every_refusal_is_a_problem() -> None:
    for method, path, operation in operations():
        for status, response in operation["responses"].items():
            if int(status) < 400 or (path == "/health/ready" and status == "503"):
                continue
            assert response == {"$ref": f"#/components/responses/{status}"}, (method, path)
    for status, response in DOCUMENT["components"]["responses"].items():
        (media_type,) = response["content"]
        assert media_type == "application/problem+json", status


def test_every_operation_needs_a_token_unless_it_says_so() -> None:
    assert DOCUMENT["security"] == [{"token": []}]
    open_to_all = {path for _, path, operation in operations() if operation.get("security") == []}
    assert open_to_all == {"/health/live", "/health/ready", "/metrics", "/schema/openapi.json"}


def test_commands_name_their_version_and_may_be_repeated() -> None:
    for method, path, operation in operations():
        headers = {p["name"]: p for p in operation["parameters"] if p["in"] == "header"}
        if path.startswith("/api/cases/") and method == "post":
            blind = path.endswith("/break-glass")  # by somebody who can't know the version
            assert blind or headers["If-Match"]["required"] is True
            assert "Idempotency-Key" in headers


def test_answers_are_keyed_by_their_questions() -> None:
    answers = DOCUMENT["components"]["schemas"]["RecordAssessment"]["properties"]["harm_test"]
    assert answers["propertyNames"] == {"enum": sorted(HarmQuestion)}


def test_moments_are_said_to_carry_their_zone() -> None:
    logged = DOCUMENT["components"]["schemas"]["LogIncident"]["properties"]
    assert logged["observed_at"] == {"type": "string", "format": "date-time"}
    page = DOCUMENT["components"]["schemas"]["CaseAnswer"]["properties"]
    assert page["reported_at"] == {"type": "string", "format": "date-time"}


@pytest.mark.parametrize("kind", list(Kind))
def test_problem_types_are_told_apart_by_their_address(kind: Kind) -> None:
    assert kind.uri.startswith("https://schemas.caseward.example/problems/")
    assert [other for other in Kind if other.uri == kind.uri] == [kind]
