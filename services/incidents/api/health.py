"""Is it alive, is it ready, how busy is it: for supervisors and monitoring, without a token."""

from collections.abc import Iterator, Mapping
from typing import Final, Literal

import msgspec
from litestar import Response

from incidents.api.call import Call
from incidents.api.metrics import MEDIA_TYPE, Metrics, gauge
from incidents.api.operations import TEXT, Contract, operation
from incidents.installation import Installation
from incidents.store import StoreUnavailable

MOST_BEHIND: Final = 1000
"""Events that a follower may be behind the log before lists and proofs count as out of date."""


class Live(msgspec.Struct, frozen=True, kw_only=True):
    status: Literal["ok"] = "ok"


class Ready(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far the log goes and how far its followers have come."""

    status: Literal["ready", "not_ready"]
    head: int | None = None
    followers: Mapping[str, int] = {}
    why: str | None = None


@operation(
    "GET",
    "/health/live",
    Contract(id="live", summary="The process answers", tag="health", answer=Live, open=True),
)
async def live(request: Call) -> Response[Live]:
    return Response(Live())


@operation(
    "GET",
    "/health/ready",
    Contract(
        id="ready",
        summary="The log can be read, and its followers keep up with it",
        tag="health",
        answer=Ready,
        open=True,
        otherwise={503: Ready},
    ),
)
def ready(request: Call) -> Response[Ready]:
    try:
        found = _readiness(request.installation)
    except StoreUnavailable:
        found = Ready(status="not_ready", why="The files of the installation can't be read.")
    return Response(found, status_code=200 if found.status == "ready" else 503)


@operation(
    "GET",
    "/metrics",
    Contract(id="metrics", summary="Numbers for Prometheus", tag="health", answer=TEXT, open=True),
)
def metrics(request: Call) -> Response[str]:
    counted: Metrics = request.app.state["metrics"]
    try:
        gauges = [*_gauges(request.installation)]
    except StoreUnavailable:
        gauges = []
    readable = gauge("caseward_store_readable", "Whether files answer.", [("", bool(gauges))])
    lines = [*counted.lines(), *readable, *gauges]
    return Response("\n".join(lines) + "\n", media_type=MEDIA_TYPE)


def _readiness(installation: Installation) -> Ready:
    # The followers first: the head can only be ahead of what they had reached.
    followers = _followers(installation)
    head = installation.store.head()
    late = [name for name, position in followers.items() if head - position > MOST_BEHIND]
    return Ready(
        status="not_ready" if late else "ready",
        head=head,
        followers=followers,
        why=f"Behind the log: {', '.join(late)}. Is the worker running?" if late else None,
    )


def _followers(installation: Installation) -> Mapping[str, int]:
    with installation.tree.reading() as view:
        last = view.last()
    return {"views": installation.views.position(), "tree": last.position if last else 0}


def _gauges(installation: Installation) -> Iterator[str]:
    followers = _followers(installation)
    head = installation.store.head()
    yield from gauge("caseward_log_head", "Last position in the log.", [("", head)])
    yield from gauge(
        "caseward_follower_position",
        "How far each follower of the log has come.",
        ((f'follower="{name}"', position) for name, position in followers.items()),
    )
    yield from gauge(
        "caseward_follower_lag",
        "Positions between each follower and the head of the log.",
        ((f'follower="{name}"', head - position) for name, position in followers.items()),
    )


ROUTES: Final = (live, ready, metrics)
