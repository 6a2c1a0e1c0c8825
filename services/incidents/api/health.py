"""Is it alive, is it ready: for supervisors, without a token. How busy is it: for monitoring."""

import hmac
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address
from typing import Final, Literal

import msgspec
from litestar import Response

from incidents.api.call import Call
from incidents.api.metrics import MEDIA_TYPE, Metrics, Shelf, gauge, lines
from incidents.api.operations import TEXT, Contract, operation
from incidents.api.problems import not_found
from incidents.followers import NAMES, Note, standing
from incidents.installation import Installation
from incidents.store import StoreUnavailable
from incidents.store.mapper import read_stamp
from incidents.store.writer import MOST_WAITING

CHOKED: Final = MOST_WAITING // 2
"""So many requests of one process that wait to be recorded are more than it can keep up with."""
_OF_PROXIES: Final = ("forwarded", "x-forwarded-", "x-real-ip", "via")

Stands = Literal["ok", "slow", "stuck", "absent", "unreadable"]
"""Of a follower: `slow` is late but moves, `stuck` is late and stands still or fails, `absent` is
done by nobody."""


class Live(msgspec.Struct, frozen=True, kw_only=True):
    status: Literal["ok"] = "ok"


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """The store, and what follows its log: the lists, the proofs, the way to the notifier, and
    the deadlines.
    """

    store: Literal["ok", "choked", "unreadable"]
    views: Stands
    sequencer: Stands
    relay: Stands
    timekeeper: Stands


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """Ready when every part is ok or slow. It does not tell that something was just recorded."""

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
        summary="Requests can be recorded, and what follows from them gets on",
        tag="health",
        answer=Ready,
        open=True,
        otherwise={503: Ready},
    ),
)
def ready(request: Call) -> Response[Ready]:
    parts = _parts(request.installation)
    fine = set(msgspec.structs.astuple(parts)) <= {"ok", "slow"}
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
    ours: Metrics = request.app.state["metrics"]
    shelf: Shelf = request.app.state["shelf"]
    try:
        gauges = [*_gauges(request.installation)]
    except StoreUnavailable:
        gauges = []
    readable = gauge("caseward_store_readable", "Whether files answer.", [("", bool(gauges))])
    counted = sorted([ours.counted(), *shelf.others(ours.worker)], key=lambda one: one.worker)
    text = [*lines(counted), *readable, *gauges]
    return Response("\n".join(text) + "\n", media_type=MEDIA_TYPE)


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
    store = installation.store
    try:
        now = installation.clock()
        followed = (one for one in _followed(installation) if one.name in NAMES)
        stand = {f.name: standing(f.note, f.unknown_since, now) for f in followed}
    except StoreUnavailable:
        unreadable: dict[str, Stands] = dict.fromkeys(NAMES, "unreadable")
        return Parts(store="unreadable", **unreadable)
    return Parts(store="choked" if store.waiting >= CHOKED else "ok", **stand)


@dataclass(frozen=True, slots=True)
class _Followed:
    """A follower as it was noted, and what of the log it does not know of."""

    name: str
    note: Note | None
    unknown: int
    unknown_since: datetime | None

    def late(self, now: datetime) -> timedelta:
        """How long ago was recorded what it has to do next; of one that reads no log, its rest."""
        since = self.unknown_since
        if since is None and self.note is not None and self.note.position is None:
            since = self.note.moved_at
        return timedelta() if since is None else max(now - since, timedelta())


def _followed(installation: Installation) -> list[_Followed]:
    # Their notes first: the head can only be ahead of what they had reached.
    notes, store = installation.followers.notes(), installation.store
    head = store.head()

    def followed(name: str) -> _Followed:
        note = notes.get(name)
        if note is None or note.position is None or note.position >= head:
            return _Followed(name, note, 0, None)
        first = read_stamp(store.log(note.position, 1)[0].state).recorded_at
        return _Followed(name, note, head - note.position, first)

    return [followed(name) for name in (*NAMES, *sorted(notes.keys() - set(NAMES)))]


def _gauges(installation: Installation) -> Iterator[str]:
    followed, now = _followed(installation), installation.clock()
    yield from gauge(
        "caseward_log_head", "Last position in the log.", [("", installation.store.head())]
    )
    yield from gauge(
        "caseward_follower_position",
        "How far each follower of the log has come.",
        (
            (f'follower="{one.name}"', one.note.position)
            for one in followed
            if one.note is not None and one.note.position is not None
        ),
    )
    for name, help_text, value in _OF_A_FOLLOWER:
        values = ((f'follower="{one.name}"', value(one, now)) for one in followed)
        yield from gauge(f"caseward_follower_{name}", help_text, values)


_OF_A_FOLLOWER: Final[tuple[tuple[str, str, Callable[[_Followed, datetime], int]], ...]] = (
    ("up", "1 while it gets on with its work.",
     lambda one, now: standing(one.note, one.unknown_since, now) in ("ok", "slow")),
    ("lag", "Positions between it and the head of the log.", lambda one, now: one.unknown),
    ("lag_seconds", "Since when what it has to do next waits.",
     lambda one, now: round(one.late(now).total_seconds())),
    ("failures", "Failures in a row.", lambda one, now: one.note.failures if one.note else 0),
)  # fmt: skip


ROUTES: Final = (live, ready, metrics)
