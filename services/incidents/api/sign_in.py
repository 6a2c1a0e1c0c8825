"""The door: no token, no answer. A route is open to everybody only if it says so itself."""

import re
from math import ceil
from typing import Final

from litestar.connection import ASGIConnection
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.types import ASGIApp

from incidents.api.brief import brief
from incidents.api.limits import Limiter
from incidents.api.problems import Kind, Problem, not_signed_in, unavailable
from incidents.domain.school import User
from incidents.installation import Installation

FAILED: Final = "failed_sign_in"
"""In the state of a request: the school whose token signed nobody in."""
OPEN: Final = "open_to_everybody"
"""The option of a route that needs no token."""
_BEARER: Final = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +([a-z0-9]{8,32}\.[A-Za-z0-9_-]{43})")
_READING: Final = frozenset({"GET", "HEAD"})


class SignIn(AbstractAuthenticationMiddleware):
    """Bearer tokens only, never cookies: nothing a browser would send along by itself."""

    def __init__(
        self, app: ASGIApp, installation: Installation, failed: Limiter, writes: Limiter
    ) -> None:
        """`failed` counts by address, `writes` by user. Litestar makes one door for each route:
        they share them.
        """
        super().__init__(app, exclude_from_auth_key=OPEN)
        self._services = installation
        self._failed = failed
        self._writes = writes

    async def authenticate_request(
        self,
        connection: ASGIConnection,  # type: ignore[type-arg] # of any handler, user and state
    ) -> AuthenticationResult:
        """Return who asks. Raises `Problem` (401, 429)."""
        given = connection.headers.getall("authorization", [])
        token = _BEARER.fullmatch(given[0]) if len(given) == 1 else None
        user = await brief(self._services, self._sign_in, token[1]) if token else None
        if token is None or user is None:
            if token is not None:
                connection.scope["state"][FAILED] = token[1].partition(".")[0]
            # Good tokens from the same address go on working: a school shares one.
            self._slow_down(self._failed, connection.client.host if connection.client else "")
            raise not_signed_in()
        if connection.scope["method"] not in _READING:  # type: ignore[typeddict-item] # HTTP only
            self._slow_down(self._writes, str(user.id))
        if self._services.access_record.full:
            # What is read has to be on record: until it can be, nothing more is shown.
            raise unavailable("The access record can't be written now; nothing is shown meanwhile.")
        return AuthenticationResult(user=user, auth=token[1])

    def _sign_in(self, token: str) -> User | None:
        user = self._services.users.sign_in(token)
        known = user is not None and user.roles and user.school in self._services.cases.schools
        if user is None or not known:
            return None
        return self._services.registers.as_granted(user, self._services.clock())

    def _slow_down(self, limiter: Limiter, key: str) -> None:
        wait = limiter.take(key)
        if wait:
            raise Problem(
                Kind.TOO_MANY_REQUESTS,
                "Wait for the seconds that Retry-After gives, then go on more slowly.",
                headers={"Retry-After": str(ceil(wait))},
            )
