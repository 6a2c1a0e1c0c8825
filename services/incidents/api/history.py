"""What happened to a case, event by event, and how it stood at any moment."""

from typing import Annotated, Final
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath

from incidents.api.call import Call
from incidents.api.operations import Contract, operation
from incidents.api.problems import Kind, Problem
from incidents.domain.vocabulary import Moment
from incidents.pages import CasePage, Entry


class History(msgspec.Struct, frozen=True, kw_only=True):
    """Every event this reader may see, oldest first."""

    case_id: UUID
    entries: list[Entry]


class ReplayAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Either a version, or a moment; with a moment, what had happened by another one."""

    version: Annotated[int, msgspec.Meta(ge=1, le=2**31)] | None = None
    known_at: Moment | None = None
    happened_by: Moment | None = None


@operation(
    "GET",
    "/api/cases/{case_id:uuid}/history",
    Contract(
        id="readHistory",
        summary="Everything that happened to a case, with old and new values",
        tag="history",
        answer=History,
        refuses=(404,),
    ),
)
def read_history(request: Call, case_id: FromPath[UUID]) -> Response[History]:
    entries = request.installation.reading.history(request.user, case_id)
    return Response(History(case_id=case_id, entries=entries))


@operation(
    "GET",
    "/api/cases/{case_id:uuid}/replay",
    Contract(
        id="replayCase",
        summary="The case as it was at a version, or as it was known at a moment",
        tag="history",
        answer=CasePage,
        query=ReplayAsked,
        refuses=(404,),
    ),
)
def replay_case(request: Call, case_id: FromPath[UUID]) -> Response[CasePage]:
    """Give `version`, or `known_at`, the latter also with `happened_by`."""
    asked = request.asked(ReplayAsked)
    by_version, by_moment = asked.version is not None, asked.known_at is not None
    if by_version == by_moment or (asked.happened_by is not None and not by_moment):
        raise Problem(
            Kind.BAD_REQUEST,
            "Give either `version`, or `known_at`; `happened_by` goes with `known_at` only.",
        )
    installation = request.installation
    return Response(
        installation.reading.replay(
            request.user,
            case_id,
            installation.clock(),
            version=asked.version,
            known_at=asked.known_at,
            happened_by=asked.happened_by,
        )
    )


ROUTES: Final = (read_history, replay_case)
