"""The outermost layer: what holds for every answer, whoever made it.

Security headers, HEAD as a GET without its body, the line in the access log, and the numbers.
"""

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from litestar.concurrency import sync_to_thread
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from litestar.types.asgi_types import ReceiveMessage

from incidents.api.metrics import METHODS, Metrics
from incidents.api.problems import GONE, REQUEST_ID
from incidents.clock import NewId

LOG: Final = logging.getLogger("incidents.access")
UNROUTED: Final = "unrouted"
"""Stands in the log and the metrics for every address that is no route."""
NOT_FOUND_SECONDS: Final = 0.004
"""No 404 comes sooner. What is hidden takes a little longer to look up than what does not exist;
both are over by then, so that a clock can't tell them apart.
"""
CONTENT_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"
SANDBOX_POLICY: Final = f"{CONTENT_POLICY}; sandbox"
"""For files that people brought in: even opened in a browser, nothing in them runs."""
HEADERS: Final = {
    "strict-transport-security": "max-age=63072000; includeSubDomains",
    "content-security-policy": CONTENT_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "vary": "Authorization",
}
_ENCODED: Final = [(name.encode(), value.encode()) for name, value in HEADERS.items()]


class Edge:
    """Wraps the whole application; every HTTP answer passes through here."""

    def __init__(
        self,
        app: ASGIApp,
        metrics: Metrics,
        new_id: NewId,
        labels: Mapping[str, str],
        answered: Callable[[Scope, int], None],
    ) -> None:
        """`labels` names the routes that stand in the log and the metrics as something else.

        `answered` is told of every request with its status, once its answer has gone out.
        """
        self._app = app
        self._answered = answered
        self._labels = labels
        self._metrics = metrics
        self._new_id = new_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        asked = scope["method"]
        scope["state"][REQUEST_ID] = request_id = str(self._new_id())
        if asked == "HEAD":
            scope["method"] = "GET"
        started, status = time.perf_counter(), 500

        async def heard() -> ReceiveMessage:
            message = await receive()
            if message["type"] == "http.disconnect":
                scope["state"][GONE] = True
            return message

        async def answered(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if status == 404:
                    await sync_to_thread(_sleep_until, started + NOT_FOUND_SECONDS)
                message["headers"] = _completed(message["headers"])
            elif message["type"] == "http.response.body" and asked == "HEAD":
                message["body"] = b""
            await send(message)

        try:
            await self._app(scope, heard, answered)
        finally:
            self._note(asked, scope.get("path_template"), status, started, request_id)
            self._answered(scope, status)

    def _note(
        self, method: str, route: str | None, status: int, started: float, request_id: str
    ) -> None:
        seconds = time.perf_counter() - started
        route = self._labels.get(route, route) if route else UNROUTED
        self._metrics.count(method, route, status, seconds)
        method = method if method in METHODS else "other"
        # Nothing in it has to be escaped: every part is one of ours.
        LOG.info(
            '{"method": "%s", "route": "%s", "status": %d, "ms": %.2f, "request": "%s"}',
            method,
            route,
            status,
            seconds * 1000,
            request_id,
        )


def _sleep_until(moment: float) -> None:
    # In a thread: the event loop's own timers go by whole milliseconds from now, and that would
    # carry the difference on.
    time.sleep(max(0.0, moment - time.perf_counter()))


def _completed(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Add what every answer carries, unless the answer itself says otherwise."""
    given = [
        (name.lower(), _with_head(value) if name.lower() == b"allow" else value)
        for name, value in headers
    ]
    named = {name for name, _ in given}
    return given + [(name, value) for name, value in _ENCODED if name not in named]


def _with_head(allow: bytes) -> bytes:
    """Where there is GET there is HEAD: it is answered here."""
    methods = {method.strip() for method in allow.split(b",")}
    return b", ".join(sorted(methods | {b"HEAD"} if b"GET" in methods else methods))
