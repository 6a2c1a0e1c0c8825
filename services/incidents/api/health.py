"""Is it alive, is it ready: for supervisors, without a token. How busy is it: for monitoring."""

import hmac
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from ipaddress import IPv6Address, ip_address
from typing import Final, Literal

import msgspec
from litestar import Response

from incidents.api.call import Call
from incidents.api.metrics import MEDIA_TYPE, Metrics, gauge
from incidents.api.operations import TEXT, Contract, operation
from incidents.api.problems import not_found
from incidents.installation import Installation
from incidents.store import StoreUnavailable
from incidents.store.mapper import read_stamp

MOST_LATE: Final = timedelta(seconds=60)
"""How old an event may be that a follower does not know of yet."""
_OF_PROXIES: Final = ("forwarded", "x-forwarded-", "x-real-ip", "via")

Part = Literal["ok", "behind", "unreadable"]


class Live(msgspec.Struct, frozen=True, kw_only=True):
    status: Literal["ok"] = "ok"


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """The log, and what follows it: the lists, and the tree of the proofs."""

    store: Part
    views: Part
    tree: Part


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """Ready when every part is ok. Nobody learns from it whether anything was just recorded."""

    status: Literal["ready", "not_ready"]
    parts: Parts


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
    parts = _parts(request.installation)
    fine = all(part == "ok" for part in msgspec.structs.astuple(parts))
    found = Ready(status="ready" if fine else "not_ready", parts=parts)
    return Response(found, status_code=200 if fine else 503)


@operation(
    "GET",
    "/metrics",
    Contract(
        id="metrics",
        summary="Numbers for Prometheus",
        tag="health",
        answer=TEXT,
        open=True,
        refuses=(404,),
    ),
)
def metrics(request: Call) -> Response[str]:
    """For whoever shows METRICS_TOKEN as a bearer token; where none is set, for programs on the
    same machine that come without a proxy. For everybody else there is nothing here.
    """
    if not _may_count(request):
        raise not_found()
    counted: Metrics = request.app.state["metrics"]
    try:
        gauges = [*_gauges(request.installation)]
    except StoreUnavailable:
        gauges = []
    readable = gauge("caseward_store_readable", "Whether files answer.", [("", bool(gauges))])
    lines = [*counted.lines(), *readable, *gauges]
    return Response("\n".join(lines) + "\n", media_type=MEDIA_TYPE)


# ── who may read the numbers ──────────────────────────────────────────────────────────────────────


def _may_count(request: Call) -> bool:
    token = request.installation.settings.metrics_token
    if token is None:
        return _is_next_door(request)
    shown = request.headers.getall("authorization", [])
    wanted = f"Bearer {token}".encode()
    return len(shown) == 1 and hmac.compare_digest(shown[0].encode(), wanted)


def _is_next_door(request: Call) -> bool:
    """A proxy on this machine speaks for others: what has come through one is not from here."""
    proxied = any(name.lower().startswith(_OF_PROXIES) for name in request.headers)
    return request.client is not None and _is_loopback(request.client.host) and not proxied


def _is_loopback(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


# ── how far the followers are ─────────────────────────────────────────────────────────────────────


def _parts(installation: Installation) -> Parts:
    return Parts(
        store=_part(installation, installation.store.head),
        views=_part(installation, installation.views.position),
        tree=_part(installation, lambda: _sequenced(installation)),
    )


def _part(installation: Installation, position: Callable[[], int]) -> Part:
    """How a part that has come to a position stands, by the age of the first event after it."""
    try:
        unknown = installation.store.log(position(), 1)
    except StoreUnavailable:
        return "unreadable"
    late = installation.clock() - MOST_LATE
    return "behind" if unknown and read_stamp(unknown[0].state).recorded_at < late else "ok"


def _sequenced(installation: Installation) -> int:
    with installation.tree.reading() as view:
        last = view.last()
    return last.position if last else 0


def _gauges(installation: Installation) -> Iterator[str]:
    # The followers first: the head can only be ahead of what they had reached.
    followers: Mapping[str, int] = {
        "views": installation.views.position(),
        "tree": _sequenced(installation),
    }
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
