"""Every answer that is not a success: problem details (RFC 9457), made in this one place.

A problem says what is wrong and what to do. It never repeats what was sent, names nobody and gives
no inner detail away; what nobody foresaw is told by an id that stands in the log beside its cause.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from traceback import format_tb
from typing import Any, Final

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException

from incidents.api.sizes import IN_WORDS
from incidents.cases import NoSuchCase
from incidents.changes import KeyReused, Stale
from incidents.domain.table import Reason, Refusal, Refuses
from incidents.evidence.alarm import EvidenceAlarm
from incidents.evidence.bundle import BundleTooLarge
from incidents.evidence.proofs import NotYetCovered
from incidents.registers import NoSuchEntry
from incidents.store import (
    AlreadyClaimed,
    BlobAltered,
    BlobErased,
    BlobGone,
    ClockBehind,
    Conflict,
    OutcomeUnknown,
    StoreBusy,
    StoreUnavailable,
)
from incidents.users import NotSignedIn

LOG: Final = logging.getLogger("incidents.api")
MEDIA_TYPE: Final = "application/problem+json"
TYPES: Final = "https://schemas.caseward.example/problems/"
SOON: Final = {"Retry-After": "2"}
REQUEST_ID: Final = "request_id"
GONE: Final = "gone"
"""Stands in the state of a request whose client hung up."""


class Kind(Enum):
    """The kinds of problem: status and title. The name in kebab case ends the type's URI."""

    BAD_REQUEST = (400, "The request can't be read as it is")
    NOT_SIGNED_IN = (401, "No valid token came with the request")
    NOT_ALLOWED = (403, "This is not yours to do")
    NOT_FOUND = (404, "There is nothing here")
    METHOD_NOT_ALLOWED = (405, "This can't be done here")
    NOT_IN_THIS_STATE = (409, "It is not at the point for this")
    ERASED = (410, "It was erased")
    STALE = (412, "It has moved on since it was read")
    TOO_LARGE = (413, "The body is too large")
    NOT_JSON = (415, "The body has to be JSON")
    NOT_VALID = (422, "What was sent does not fit")
    KEY_REUSED = (422, "The idempotency key was used before")
    VERSION_REQUIRED = (428, "The request has to say which version it is about")
    TOO_MANY_REQUESTS = (429, "Too many requests")
    INTERNAL_ERROR = (500, "Something went wrong on our side")
    EVIDENCE_ALARM = (500, "The history does not agree with its evidence")
    UNAVAILABLE = (503, "Not possible at the moment")

    def __init__(self, status: int, title: str) -> None:
        self.status = status
        self.title = title

    @property
    def uri(self) -> str:
        return TYPES + self.name.lower().replace("_", "-")


class ProblemDetails(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was refused and why. `reasons` holds every one of them, `instance` names one failure."""

    type: str
    title: str
    status: int
    detail: str
    instance: str | None = None
    reasons: tuple[Reason, ...] = ()


class Problem(Exception):
    """A refusal on its way out. `detail` is a sentence for the person who reads it."""

    def __init__(
        self,
        kind: Kind,
        detail: str,
        *,
        reasons: Sequence[Reason] = (),
        headers: Mapping[str, str] | None = None,
        instance: str | None = None,
    ) -> None:
        super().__init__(kind.name)
        self.kind = kind
        self.headers = dict(headers or {})
        self.details = ProblemDetails(
            type=kind.uri,
            title=kind.title,
            status=kind.status,
            detail=detail,
            reasons=tuple(reasons),
            instance=instance,
        )


def not_found() -> Problem:
    """The one answer for what does not exist, is not yours, or belongs to another school."""
    return Problem(Kind.NOT_FOUND, "There is nothing at this address, or nothing that you may see.")


def not_signed_in() -> Problem:
    """The one answer for no token, a malformed one, an expired one and somebody else's."""
    return Problem(
        Kind.NOT_SIGNED_IN,
        "Send a valid token in the header Authorization: Bearer <token>. One that has expired or "
        "was revoked has to be replaced by whoever looks after this installation.",
        headers={"WWW-Authenticate": "Bearer"},
    )


def unavailable(detail: str) -> Problem:
    return Problem(Kind.UNAVAILABLE, detail, headers=SOON)


def _refusal(error: Refusal) -> Problem:
    kind, detail = _REFUSED[error.refuses]
    return Problem(kind, detail, reasons=error.reasons)


def _stale(error: Stale) -> Problem:
    return Problem(
        Kind.STALE,
        "Somebody else has changed it meanwhile. Read it again, look whether your step still fits, "
        "and send it with the new ETag in If-Match.",
        headers={"ETag": f'"{error.version}"'},
    )


def _of_the_framework(error: HTTPException) -> Problem:
    """What Litestar refuses by itself. Its own words may repeat the request: ours do not."""
    kind, detail = _BY_STATUS.get(error.status_code, _BY_STATUS[400])
    headers = {k: v for k, v in (error.headers or {}).items() if k.lower() == "allow"}
    return not_found() if kind is Kind.NOT_FOUND else Problem(kind, detail, headers=headers)


_REFUSED: Final[Mapping[Refuses, tuple[Kind, str]]] = {
    Refuses.WHO: (Kind.NOT_ALLOWED, "Somebody else has to do this; the reasons say who."),
    Refuses.STATE: (
        Kind.NOT_IN_THIS_STATE,
        "It is not possible now; each reason says what has to come first.",
    ),
    Refuses.BODY: (Kind.NOT_VALID, "The rules ask for something else; each reason says what."),
}
_BY_STATUS: Final[Mapping[int, tuple[Kind, str]]] = {
    400: (Kind.BAD_REQUEST, "A header or the address is malformed. See /schema/openapi.json."),
    404: (Kind.NOT_FOUND, ""),
    405: (Kind.METHOD_NOT_ALLOWED, "The Allow header lists what is possible at this address."),
    413: (Kind.TOO_LARGE, f"Send at most {IN_WORDS}."),
}
_UNREADY: Final = (
    "The records of this installation can't be used now; nothing was recorded. Try again shortly."
)
_UNKNOWN: Final = (
    "The database was lost at the last moment: it is not known whether this was recorded. Repeat "
    "it with the same Idempotency-Key; without one, look whether it is there before you do."
)
_BUSY: Final = "Too many changes at once; nothing was recorded. Try again."
_ANSWERS: Final[Mapping[type[Exception], Callable[[Any], Problem]]] = {
    Problem: lambda error: error,
    NotSignedIn: lambda _: not_signed_in(),
    NoSuchCase: lambda _: not_found(),
    NoSuchEntry: lambda _: not_found(),
    BlobGone: lambda _: not_found(),
    Refusal: _refusal,
    Stale: _stale,
    KeyReused: lambda _: Problem(
        Kind.KEY_REUSED,
        "This Idempotency-Key came with another request before. Use a new key for a new request.",
    ),
    StoreUnavailable: lambda _: unavailable(_UNREADY),
    StoreBusy: lambda _: unavailable(_BUSY),
    OutcomeUnknown: lambda _: unavailable(_UNKNOWN),
    Conflict: lambda _: unavailable(_BUSY),
    AlreadyClaimed: lambda _: unavailable(_BUSY),
    ClockBehind: lambda _: unavailable(
        "The clock of this machine is behind; nothing was recorded. Tell who looks after it."
    ),
    NotYetCovered: lambda _: unavailable(
        "No checkpoint covers this yet. Try again in a few seconds; if it lasts, the worker of "
        "this installation is not running."
    ),
    BundleTooLarge: lambda _: Problem(
        Kind.NOT_IN_THIS_STATE, "The case is too large for one bundle. Ask whoever runs Caseward."
    ),
    BlobErased: lambda _: Problem(Kind.ERASED, "This was erased, and nobody can read it any more."),
    HTTPException: _of_the_framework,
}


def answer(request: Request[Any, Any, Any], error: Exception) -> Response[ProblemDetails]:
    """Return the response for whatever was raised."""
    problem = _problem(error) or _of_the_client(request) or _unforeseen(request, error)
    return Response(
        problem.details,
        status_code=problem.kind.status,
        media_type=MEDIA_TYPE,
        headers=problem.headers,
    )


def _problem(error: Exception) -> Problem | None:
    if isinstance(error, HTTPException) and error.status_code >= 500:
        return None
    known = next((kind for kind in type(error).__mro__ if kind in _ANSWERS), None)
    return _ANSWERS[known](error) if known is not None else None


def _of_the_client(request: Request[Any, Any, Any]) -> Problem | None:
    """Nobody hears this answer: a client that hung up half way is no failure of ours."""
    if GONE in request.scope["state"]:
        return Problem(Kind.BAD_REQUEST, "The request ended before its body did.")
    return None


def _unforeseen(request: Request[Any, Any, Any], error: Exception) -> Problem:
    """Log where it happened and nothing of what it was about: messages may carry people's words."""
    incident = request.scope["state"][REQUEST_ID]
    where = "".join(format_tb(error.__traceback__))
    LOG.error("incident %s: %s\n%s", incident, type(error).__qualname__, where)
    alarm = isinstance(error, EvidenceAlarm | BlobAltered)
    return Problem(
        Kind.EVIDENCE_ALARM if alarm else Kind.INTERNAL_ERROR,
        "Please report it with the id in `instance`; the log of this installation has the cause.",
        instance=f"urn:uuid:{incident}",
    )
