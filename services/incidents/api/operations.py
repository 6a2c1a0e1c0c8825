"""What every operation says of itself: what it takes and gives, and which problems it may answer.

The handler, its entry in the OpenAPI document and the tests of every route are made from it.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Final, Literal
from uuid import UUID

import msgspec
from litestar import Response
from litestar.concurrency import sync_to_thread
from litestar.handlers import HTTPRouteHandler

from incidents.api.edge import SANDBOX_POLICY
from incidents.api.sign_in import OPEN
from incidents.api.sizes import MAX_BODY
from incidents.store import Receipt

CONTRACT: Final = "contract"
TEXT: Final = "text/plain"
PDF: Final = "application/pdf"
ZIP: Final = "application/zip"
IMAGES: Final = ("image/jpeg", "image/png", "image/webp")

Method = Literal["GET", "POST", "DELETE"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """An operation as its clients see it.

    `answer` holds the Structs of its JSON and the media types of what is no JSON; an answer without
    a body has none. `query` holds what may be asked in the address: one of these, and nothing else.
    `refuses` are the statuses it may answer beside those that every operation may.
    """

    id: str
    summary: str
    tag: str
    answer: type[msgspec.Struct] | str | tuple[type[msgspec.Struct] | str, ...] = ()
    description: str = ""
    status: int = 200
    query: tuple[type[msgspec.Struct], ...] = ()
    body: type[msgspec.Struct] | None = None
    max_body: int = MAX_BODY
    versioned: bool = False
    repeatable: bool = False
    tagged: bool = False
    """Its answer carries the version as an ETag."""
    open: bool = False
    refuses: tuple[int, ...] = ()
    otherwise: Mapping[int, type[msgspec.Struct]] = field(default_factory=dict)
    """What else it may answer, in JSON, by status."""

    @property
    def structs(self) -> list[type[msgspec.Struct]]:
        """The Structs of its JSON when it succeeds."""
        return [one for one in self._answers if not isinstance(one, str)]

    @property
    def files(self) -> list[str]:
        """The media types of what it gives out as it is."""
        return [one for one in self._answers if isinstance(one, str)]

    @property
    def _answers(self) -> tuple[type[msgspec.Struct] | str, ...]:
        return self.answer if isinstance(self.answer, tuple) else (self.answer,)


def operation(
    method: Method, path: str, contract: Contract
) -> Callable[[Callable[..., Any]], HTTPRouteHandler]:
    """Make a handler into a route. What is no coroutine works on files: it runs in a thread."""

    def route(handler: Callable[..., Any]) -> HTTPRouteHandler:
        return HTTPRouteHandler(
            path,
            http_method=method,
            status_code=contract.status,
            include_in_schema=False,
            request_max_body_size=contract.max_body,
            opt={CONTRACT: contract, OPEN: contract.open},
        )(handler if inspect.iscoroutinefunction(handler) else _in_thread(handler))

    return route


def _in_thread(handler: Callable[..., Any]) -> Callable[..., Any]:
    # Litestar's own `sync_to_thread` option wraps a handler twice where two share an address, and
    # then never awaits it.
    @wraps(handler)
    async def run(**given: Any) -> Any:
        return await sync_to_thread(handler, **given)

    return run


def options(routes: Sequence[HTTPRouteHandler]) -> list[HTTPRouteHandler]:
    """Return an OPTIONS route for every address. Litestar's own lists one verb where two share it.

    They have to be registered before the others.
    """
    methods: dict[str, set[str]] = {}
    for route in routes:
        for path in route.paths:
            methods.setdefault(path, {"OPTIONS"}).update(route.http_methods)
    return [_options(path, allowed) for path, allowed in methods.items()]


def _options(path: str, methods: set[str]) -> HTTPRouteHandler:
    async def answer() -> Response[None]:
        return Response(None, status_code=204, headers={"Allow": ", ".join(sorted(methods))})

    return HTTPRouteHandler(
        path, http_method="OPTIONS", status_code=204, include_in_schema=False, opt={OPEN: True}
    )(answer)


def tag(version: int) -> dict[str, str]:
    """Return the header that names a version of a case, as If-Match has to carry it."""
    return {"ETag": f'"{version}"'}


def placed(receipt: tuple[Receipt, ...]) -> dict[str, str]:
    """Return the header that says how far a list has to have come to know of a change."""
    return {"Caseward-Position": str(receipt[-1].position)}


def download(content: bytes, media_type: str, name: str, id_: UUID) -> Response[bytes]:
    """Return a file to be saved, never shown. Its name says nothing about anybody."""
    suffix = _SUFFIXES.get(media_type.partition(";")[0], "bin")
    return Response(
        content,
        media_type=media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{name}-{id_}.{suffix}"',
            "Content-Security-Policy": SANDBOX_POLICY,
        },
    )


_SUFFIXES: Final = {
    "application/pdf": "pdf",
    "application/zip": "zip",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "text/plain": "txt",
}
