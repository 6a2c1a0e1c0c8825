"""Which names this installation answers to, where the settings say so."""

from collections.abc import Iterable

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from incidents.api.problems import Kind, Problem


class KnownHosts:
    """Refuses a request for another host. Litestar's own refusal is no problem+json."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str]) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP and _host(scope) not in self._hosts:
            raise Problem(
                Kind.BAD_REQUEST, "This address is not served here: check the name in the URL."
            )
        await self._app(scope, receive, send)


def _host(scope: Scope) -> str:
    given = [value for name, value in scope["headers"] if name == b"host"]
    host = given[0].decode("latin-1").lower() if len(given) == 1 else ""
    # A port follows the last colon, unless that stands inside the brackets of an IPv6 address.
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdecimal() else host
