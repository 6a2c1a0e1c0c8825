"""Every route of the API: the table of contents."""

from typing import Final

from incidents.api import (
    audit,
    cases,
    commands,
    evidence,
    health,
    history,
    incidents,
    letters,
    openapi,
    reference,
    registers,
    session,
)

ROUTES: Final = (
    *session.ROUTES,
    *incidents.ROUTES,
    *cases.ROUTES,
    *commands.ROUTES,
    *history.ROUTES,
    *evidence.ROUTES,
    *letters.ROUTES,
    *registers.ROUTES,
    *audit.ROUTES,
    *reference.ROUTES,
    *health.ROUTES,
    *openapi.ROUTES,
)
