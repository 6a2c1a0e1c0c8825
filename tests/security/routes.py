"""Every operation of the OpenAPI document, ready to be called on a case."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import httpx

from incidents.api.app import openapi_document
from tests.incidents.api.school import Client

DOCUMENT: Final[dict[str, Any]] = json.loads(openapi_document())
NOWHERE: Final = UUID("0192f0c1-0000-7000-8000-000000000000")


@dataclass(frozen=True)
class Operation:
    """One method of one path, with what it needs to get past the reading of its request."""

    id: str
    method: str
    path: str
    body: dict[str, Any] | None
    parameters: frozenset[str]
    open: bool

    @property
    def is_command(self) -> bool:
        """One of a row. Breaking the glass is for those for whom no row is."""
        mine = self.method == "POST" and self.path.startswith("/api/cases/")
        return mine and self.id != "breakGlass"

    async def call(
        self,
        client: Client,
        who: str | None,
        *,
        case: UUID = NOWHERE,
        letter: UUID = NOWHERE,
        evidence: UUID = NOWHERE,
        entry: UUID = NOWHERE,
        version: int = 1,
        body: dict[str, Any] | None = None,
    ) -> httpx.Response:
        ids = {"case_id": case, "letter_id": letter, "evidence_id": evidence, "entry_id": entry}
        query = {
            "replayCase": {"version": "1"},
            "readProof": {"first": "1", "second": "1"},
            "readStatistics": {"term": "2026-spring"},
        }
        headers = {"If-Match": f'"{version}"'} if "If-Match" in self.parameters else {}
        return await client.call(
            who,
            self.method,
            self.path.format(**ids),
            self.body if body is None else body,
            headers=headers,
            params=query.get(self.id, {}),
        )


def operations() -> Iterator[Operation]:
    """Every operation there is."""
    for path, methods in DOCUMENT["paths"].items():
        for method, described in methods.items():
            content = described.get("requestBody", {}).get("content", {})
            yield Operation(
                id=described["operationId"],
                method=method.upper(),
                path=path,
                body=content.get("application/json", {}).get("example"),
                parameters=frozenset(p["name"] for p in described["parameters"]),
                open=described.get("security") == [],
            )


OPERATIONS: Final = {operation.id: operation for operation in operations()}
COMMANDS: Final = {id_: one for id_, one in OPERATIONS.items() if one.is_command}
