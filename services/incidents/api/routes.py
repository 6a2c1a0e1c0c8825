"""Every route of the API: the table of contents."""

from typing import Final

from incidents.api import (
    access_record,
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
    statistics,
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
    *access_record.ROUTES,
    *reference.ROUTES,
    *statistics.ROUTES,
    *health.ROUTES,
    *openapi.ROUTES,
)
