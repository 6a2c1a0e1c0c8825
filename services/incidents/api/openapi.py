"""The OpenAPI document, made from the contracts of the routes and the Structs they speak.

Litestar's own drops `additionalProperties: false` and some constraints, and gives problems another
media type: here every schema is msgspec's, the same that checks what comes in.
"""

from collections.abc import Iterator, Mapping, Sequence
from inspect import cleandoc
from typing import Any, Final

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler
from msgspec import inspect

from incidents import VERSION
from incidents.api.call import IF_MATCH, KEY, Call
from incidents.api.examples import EXAMPLES
from incidents.api.operations import CONTRACT, Contract, operation
from incidents.api.patterns import as_read
from incidents.api.problems import MEDIA_TYPE, Kind, ProblemDetails
from incidents.api.sizes import IN_WORDS
from incidents.api.wording import REF

JSON: Final = "application/json"
_EVERYWHERE: Final = (400, 500)
_SIGNED_IN: Final = (401, 429, 503)
_WITH_BODY: Final = (413, 415, 422)
_VERSIONED: Final = (412, 428)
_REPEATABLE: Final = (422,)

Json = dict[str, Any]


@operation(
    "GET",
    "/schema/openapi.json",
    Contract(
        id="readOpenApi",
        summary="This document",
        tag="health",
        answer=JSON,
        open=True,
    ),
)
async def read_openapi(request: Call) -> Response[bytes]:
    content: bytes = request.app.state["openapi"]
    return Response(content, media_type=JSON)


def document(routes: Sequence[HTTPRouteHandler]) -> bytes:
    """Return the document of these routes: the same bytes for the same code."""
    paths: dict[str, Json] = {}
    for route in routes:
        for path in route.paths:
            (method,) = route.http_methods
            entry = paths.setdefault(path.replace(":uuid}", "}"), {})
            entry[method.lower()] = _operation(path, route)
    whole = {
        "openapi": "3.1.0",
        "info": _INFO,
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": about} for name, about in _TAGS.items()],
        "security": [{"token": []}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": _schemas(routes),
            "responses": {str(status): _problem(status) for status in sorted(_PROBLEMS)},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }
    return msgspec.json.format(msgspec.json.encode(whole), indent=2) + b"\n"


# ── an operation ──────────────────────────────────────────────────────────────────────────────────


def _operation(path: str, route: HTTPRouteHandler) -> Json:
    contract: Contract = route.opt[CONTRACT]
    described: Json = {
        "operationId": contract.id,
        "summary": contract.summary,
        "tags": [contract.tag],
        "parameters": [*_parameters(path, contract)],
        "responses": {**_success(contract), **_otherwise(contract), **_refusals(contract)},
    }
    if words := contract.description or cleandoc(route.fn.__doc__ or ""):
        described["description"] = words
    if contract.body is not None:
        described["requestBody"] = _body(contract.body)
    if contract.open:
        described["security"] = []
    return described


def _parameters(path: str, contract: Contract) -> Iterator[Json]:
    for part in path.split("/"):
        if part.startswith("{"):
            name = part.strip("{}").partition(":")[0]
            yield _parameter("path", name, {"type": "string", "format": "uuid"}, required=True)
    yield from _query(contract.query)
    if contract.versioned:
        version = {"type": "string", "pattern": f"^{IF_MATCH}$"}
        yield _parameter("header", "If-Match", version, required=True, example='"7"')
    if contract.repeatable:
        key = {"type": "string", "pattern": f"^{KEY}$"}
        yield _parameter("header", "Idempotency-Key", key, example="0192f0c1-2b3a")
    if 304 in contract.refuses:
        yield _parameter("header", "If-None-Match", {"type": "string"}, example='"7"')


def _parameter(place: str, name: str, schema: Json, required: bool = False, **more: Any) -> Json:
    return {"name": name, "in": place, "required": required, "schema": schema, **more}


def _query(kinds: Sequence[type[msgspec.Struct]]) -> Iterator[Json]:
    schemas = [_components([kind])[kind.__name__] for kind in kinds]
    for schema in schemas:
        schema["properties"] = {name: _given(f) for name, f in schema["properties"].items()}
    if len(schemas) == 1:
        for name, field in schemas[0]["properties"].items():
            yield _parameter("query", name, field)
    elif schemas:
        # One object or the other, its properties spread out as parameters of their own.
        spread: Json = {
            "style": "form",
            "explode": True,
            "description": "One set of these or the other, each field as a parameter of its own.",
        }
        yield _parameter("query", "asked", {"oneOf": schemas}, required=True, **spread)


def _given(field: Json) -> Json:
    """A query parameter that is left out is absent, never null."""
    known = [one for one in field.get("anyOf", ()) if one.get("type") != "null"]
    return known[0] if known else field


def _body(kind: type[msgspec.Struct]) -> Json:
    needed = any(field.required for field in msgspec.structs.fields(kind))
    content: Json = {"schema": {"$ref": REF + kind.__name__}}
    if kind in EXAMPLES:
        content["example"] = EXAMPLES[kind]
    return {"required": needed, "content": {JSON: content}}


def _success(contract: Contract) -> Json:
    answer: Json = {"description": contract.summary}
    content: Json = {kind: {} for kind in contract.files}
    refs = [{"$ref": REF + kind.__name__} for kind in contract.structs]
    if refs:
        content[JSON] = {"schema": refs[0] if len(refs) == 1 else {"oneOf": refs}}
    if content:
        answer["content"] = content
    if headers := _headers(contract):
        answer["headers"] = headers
    return {str(contract.status): answer}


def _otherwise(contract: Contract) -> Json:
    return {
        str(status): {
            "description": cleandoc(kind.__doc__ or ""),
            "content": {JSON: {"schema": {"$ref": REF + kind.__name__}}},
        }
        for status, kind in contract.otherwise.items()
    }


def _headers(contract: Contract) -> Json:
    text = {"schema": {"type": "string"}}
    named: Json = {}
    if contract.tagged:
        named["ETag"] = {**text, "description": "The version, as If-Match has to carry it."}
    if contract.repeatable:
        named["Caseward-Position"] = {
            **text,
            "description": "Sent as `position` with a list, the list waits until it knows of this.",
        }
    if contract.status == 201 and contract.tagged:
        named["Location"] = {**text, "description": "Where the new case is."}
    return named


def _refusals(contract: Contract) -> Json:
    statuses = {*_EVERYWHERE, *contract.refuses}
    statuses |= {*_SIGNED_IN} if not contract.open else set()
    statuses |= {*_WITH_BODY} if contract.body is not None else set()
    statuses |= {*_VERSIONED} if contract.versioned else set()
    statuses |= {*_REPEATABLE} if contract.repeatable else set()
    return {
        str(status): _UNCHANGED if status == 304 else {"$ref": f"#/components/responses/{status}"}
        for status in sorted(statuses)
    }


# ── what they share ───────────────────────────────────────────────────────────────────────────────


def _schemas(routes: Sequence[HTTPRouteHandler]) -> Json:
    contracts: list[Contract] = [route.opt[CONTRACT] for route in routes]
    given: set[type] = {ProblemDetails, *(kind for c in contracts for kind in c.structs)}
    given |= {kind for c in contracts for kind in c.otherwise.values()}
    taken = {c.body for c in contracts if c.body is not None}
    schemas = _components(sorted(given, key=_name))
    schemas |= as_read(_components(sorted(taken, key=_name)))
    return dict(sorted(schemas.items()))


def _name(kind: type) -> str:
    return kind.__name__


def _components(kinds: Sequence[type]) -> Json:
    _, found = msgspec.json.schema_components(kinds, ref_template=REF + "{name}")
    for schema in found.values():
        if "description" in schema:
            schema["description"] = cleandoc(schema["description"])
    for kind in kinds:
        for name, words in _keys(kind):
            found[kind.__name__]["properties"][name]["propertyNames"] = {"enum": words}
    return dict(sorted(found.items()))


def _keys(kind: type) -> Iterator[tuple[str, list[str]]]:
    """Yield the fields keyed by the words of a closed list: msgspec leaves those words out."""
    about = inspect.type_info(kind)
    for field in about.fields if isinstance(about, inspect.StructType) else ():
        if isinstance(field.type, inspect.DictType):
            key = field.type.key_type
            if isinstance(key, inspect.EnumType):
                yield field.encode_name, sorted(word.value for word in key.cls)


def _problem(status: int) -> Json:
    kind = _PROBLEMS[status][0]
    example = ProblemDetails(type=kind.uri, title=kind.title, status=status, detail=_SEE)
    described = {
        "description": " · ".join(dict.fromkeys(one.title for one in _PROBLEMS[status])),
        "content": {
            MEDIA_TYPE: {
                "schema": {"$ref": REF + ProblemDetails.__name__},
                "example": msgspec.to_builtins(example),
            }
        },
    }
    headers = {name: {"schema": {"type": "string"}} for name in _WITH.get(status, ())}
    return described | ({"headers": headers} if headers else {})


_PROBLEMS: Final[Mapping[int, list[Kind]]] = {
    status: [kind for kind in Kind if kind.status == status]
    for status in sorted({kind.status for kind in Kind})
}
_WITH: Final[Mapping[int, tuple[str, ...]]] = {
    401: ("WWW-Authenticate",),
    405: ("Allow",),
    412: ("ETag",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}
_SEE: Final = "What is wrong, and what to do."
_UNCHANGED: Final = {"description": "It still stands at the version in If-None-Match."}
_INFO: Final = {
    "title": "Caseward",
    "version": VERSION,
    "summary": "Case management for online-safety incidents in schools.",
    "description": (
        "Every call but those of health needs a bearer token. What you may not see answers as if "
        "it did not exist. A change names the version it is about in If-Match, and with an "
        "Idempotency-Key it can be sent again without being done again. Bodies are JSON in UTF-8 "
        f"of at most {IN_WORDS}; unknown fields are refused. Every refusal is "
        "application/problem+json (RFC 9457)."
    ),
    "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
}
_TAGS: Final = {
    "session": "Who is signed in.",
    "cases": "Reporting and reading cases.",
    "commands": "What may be done to a case: one address per command.",
    "history": "What happened, and how the case stood at any moment.",
    "letters": "What waits for approval, and what became of it.",
    "registers": "Accounts, objections to pictures, editions of the policy, and advice.",
    "audit": "Proofs that can be checked away from here.",
    "school": "The policy and the people a form needs.",
    "health": "For supervisors and monitoring.",
}
ROUTES: Final = (read_openapi,)
