"""What happened to a case, event by event, and how it stood at any moment."""

from typing import Annotated, Final
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath

from incidents.api.call import Call
from incidents.api.operations import Contract, operation
from incidents.domain.vocabulary import Moment
from incidents.pages import CasePage, Entry


class History(msgspec.Struct, frozen=True, kw_only=True):
    """Every event this reader may see, oldest first."""

    case_id: UUID
    entries: list[Entry]


class AtVersion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """As it was at a version."""

    version: Annotated[int, msgspec.Meta(ge=1, le=2**31)]


class AsKnown(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """As it was known at a moment; of that, what had happened by another one."""

    known_at: Moment
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
        query=(AtVersion, AsKnown),
        refuses=(404,),
    ),
)
def replay_case(request: Call, case_id: FromPath[UUID]) -> Response[CasePage]:
    """Give `version`, or `known_at`, the latter also with `happened_by`."""
    then = msgspec.structs.asdict(request.asked(AtVersion, AsKnown))
    installation = request.installation
    return Response(
        installation.reading.replay(
            request.user,
            case_id,
            installation.clock(),
            **then,
        )
    )


ROUTES: Final = (read_history, replay_case)
