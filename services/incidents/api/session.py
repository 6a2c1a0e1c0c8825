"""Who is signed in, and tokens that live for a working day."""

from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import RawBody

from incidents.api.call import Call
from incidents.api.operations import Contract, operation
from incidents.domain.vocabulary import Moment, Role

SESSION: Final = timedelta(hours=8)


class SchoolPage(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """The user whose token it is, with the roles he holds at this moment."""

    user: UUID
    roles: list[Role]
    school: SchoolPage


class OpenSession(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing to say: the token in the header is what is exchanged."""


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A token that can't be read again; it is the same user's and ends by itself."""

    token: str
    expires_at: Moment


@operation("GET", "/api/me", Contract(id="me", summary="Who am I", tag="session", answer=Me))
def me(request: Call) -> Response[Me]:
    school = request.installation.cases.schools[request.user.school]
    return Response(
        Me(
            user=request.signed_in,
            roles=sorted(request.user.roles),
            school=SchoolPage(id=school.id, name=school.letterhead.name),
        )
    )


@operation(
    "POST",
    "/api/session",
    Contract(
        id="openSession",
        summary="Exchange a token for one that lasts 8 hours at most",
        tag="session",
        answer=Session,
        status=201,
        body=OpenSession,
    ),
)
def open_session(request: Call, body: RawBody) -> Response[Session]:
    """A token made here never outlives the one it was made with: sessions can't be chained."""
    request.read(body, OpenSession)
    token, expires_at = request.installation.users.open_session(request.auth, SESSION)
    return Response(Session(token=token, expires_at=expires_at))


@operation(
    "DELETE",
    "/api/session",
    Contract(
        id="endSession",
        summary="Revoke the token this request carries",
        tag="session",
        status=204,
    ),
)
def end_session(request: Call) -> None:
    request.installation.users.revoke(request.auth)


ROUTES: Final = (me, open_session, end_session)
