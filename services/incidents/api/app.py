"""The application: every route, the door in front of them, and one answer to whatever is raised."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

from litestar import Litestar, Request
from litestar.datastructures import State
from litestar.middleware import DefineMiddleware
from litestar.types import Scope

from incidents.api.call import Call
from incidents.api.cursor import Cursors
from incidents.api.edge import Edge
from incidents.api.hosts import KnownHosts
from incidents.api.limits import Limiter
from incidents.api.metrics import Metrics, Shelf
from incidents.api.noting import keeping, note
from incidents.api.openapi import document
from incidents.api.operations import CONTRACT, Contract, options
from incidents.api.problems import Kind, Problem, answer
from incidents.api.routes import ROUTES
from incidents.api.sign_in import SignIn
from incidents.installation import Installation


@cache
def openapi_document() -> bytes:
    """Return the description of the API as JSON, without anything running."""
    return document(ROUTES)


def create_app(installation: Installation) -> Litestar:
    """Return the API of one installation."""
    settings = installation.settings
    metrics = Metrics(settings.api_worker or 1, lambda: installation.store.waiting)
    shelf = Shelf(settings.var / "metrics", settings.api_workers)
    cursors = Cursors.load_or_create(installation.settings.var / "keys" / "cursor.key")
    hosts = installation.settings.hosts
    known_hosts = [DefineMiddleware(KnownHosts, hosts=hosts)] if hosts else []
    app = Litestar(
        route_handlers=[*options(ROUTES), *ROUTES],
        request_class=Call,
        state=State(
            {
                "installation": installation,
                "metrics": metrics,
                "shelf": shelf,
                "cursors": cursors,
                "openapi": openapi_document(),
            }
        ),
        middleware=[*known_hosts, _door(installation)],
        before_request=_refuse_unasked,
        exception_handlers={Exception: answer},
        on_startup=[_bound_threads],
        lifespan=[keeping, *([_leaving_numbers] if settings.api_workers > 1 else [])],
        openapi_config=None,
        logging_config=None,
        debug=False,
    )
    app.asgi_handler = Edge(
        app.asgi_handler, metrics, installation.new_id, _labels(), _noting(installation)
    )
    return app


def _noting(installation: Installation) -> Callable[[Scope, int], None]:
    def answered(scope: Scope, status: int) -> None:
        contract: Contract | None = None
        if "route_handler" in scope:
            contract = scope["route_handler"].opt.get(CONTRACT)
        note(installation.access_record, scope, contract.id if contract else None, status)

    return answered


def _labels() -> Mapping[str, str]:
    """Every command on a case or a letter goes by one name: which one it was, only the case tells.

    Where a school has few cases, a count by command would be news of one of them.
    """
    posted = (path for route in ROUTES if "POST" in route.http_methods for path in route.paths)
    templates = (path.replace(":uuid}", "}") for path in posted if "{" in path)
    return {path: f"{path.rpartition('/')[0]}/{{command}}" for path in templates}


def _door(installation: Installation) -> DefineMiddleware:
    settings = installation.settings
    return DefineMiddleware(
        SignIn,
        installation=installation,
        failed=Limiter(settings.failed_sign_ins_per_minute, time.monotonic),
        writes=Limiter(settings.writes_per_minute, time.monotonic),
    )


async def _refuse_unasked(request: Request[Any, Any, Any]) -> None:
    """Nothing that is sent is ignored: a query where none is read was meant for something else."""
    contract: Contract | None = request.route_handler.opt.get(CONTRACT)
    if request.scope["query_string"] and contract is not None and not contract.query:
        raise Problem(Kind.BAD_REQUEST, "This address takes nothing after a ?: leave it out.")


@asynccontextmanager
async def _leaving_numbers(app: Litestar) -> AsyncIterator[None]:
    """While several processes answer, leave for the others what this one has counted."""
    shelf: Shelf = app.state["shelf"]
    leaving = asyncio.create_task(shelf.keep(app.state["metrics"]))
    try:
        yield
    finally:
        leaving.cancel()
        await asyncio.wait([leaving])


async def _bound_threads(app: Litestar) -> None:
    """Work on files happens in so many threads at once; more requests wait their turn."""
    installation: Installation = app.state["installation"]
    pool = ThreadPoolExecutor(installation.settings.api_threads, "api")
    asyncio.get_running_loop().set_default_executor(pool)
