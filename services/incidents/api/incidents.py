"""Reporting an incident: the one request that begins a case."""

from typing import Final
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import RawBody

from incidents.api.call import Call
from incidents.api.operations import Contract, operation, placed, tag
from incidents.domain.case import may_report
from incidents.domain.intake import LogIncident
from incidents.store import Receipt


class Logged(msgspec.Struct, frozen=True, kw_only=True):
    """The new case. The receipt proves later that each of its events was accepted."""

    case_id: UUID
    reference: str
    version: int
    receipt: tuple[Receipt, ...]


@operation(
    "POST",
    "/api/incidents",
    Contract(
        id="logIncident",
        summary="Report an incident",
        tag="cases",
        answer=Logged,
        status=201,
        body=LogIncident,
        repeatable=True,
        tagged=True,
        refuses=(403,),
    ),
)
async def log_incident(request: Call, body: RawBody) -> Response[Logged]:
    may_report(request.user)
    command = request.read(body, LogIncident)
    done = await request.installation.cases.logged(request.user, command, request.key(command))
    logged = Logged(
        case_id=done.case.id,
        reference=done.case.reference,
        version=done.case.version,
        receipt=done.receipt,
    )
    location = {"Location": f"/api/cases/{done.case.id}"}
    return Response(logged, headers=location | tag(logged.version) | placed(done.receipt))


ROUTES: Final = (log_incident,)
