"""What PostgreSQL says, in words for the person who has to mend it. None quotes a value."""

import re
from typing import Final

import psycopg

from durable.errors import DatabaseError, IntegrityError, NotSetUp, StoreUnavailable

AWAY: Final = "it does not answer. Check that PostgreSQL runs and that DATABASE_URL is right"
HELD: Final = "another program holds it. Try again; if it lasts, look for a stuck one"
CROWDED: Final = "too many requests use it at the same time. Try again in a moment"
_REASONS: Final = {
    "53100": "its disk is full. Free some space and try again",
    "53200": "its machine is out of memory",
    "53300": "it has too many connections. Raise max_connections, or start fewer programs",
    "55P03": HELD,
    "57014": "it takes too long to answer. Try again; if it lasts, look at what it is busy with",
    "57P01": "it is being shut down. Try again in a moment",
    "57P02": "it has crashed and is starting again. Try again in a moment",
    "57P03": "it is starting up. Try again in a moment",
    "25006": "it may only be read. Check that DATABASE_URL names the primary server",
    "42501": "the role in DATABASE_URL may not do this. Run `migrate --role` as its owner",
}
_SETTINGS: Final = {
    "28P01": "it does not accept the password in DATABASE_URL",
    "28000": "it does not accept the role in DATABASE_URL",
    "3D000": "there is no such database. Check DATABASE_URL",
    "08001": "DATABASE_URL is not the address of a PostgreSQL database",
}
"""Reasons that a person has to put right."""
_REFUSED: Final = (
    (re.compile("password authentication failed|no password supplied"), "28P01"),
    (re.compile(r"pg_hba\.conf|role .* (does not exist|is not permitted)"), "28000"),
    (re.compile("database .* does not exist"), "3D000"),
    (re.compile("invalid integer value|invalid port number"), "08001"),
    (re.compile("is starting up|not yet accepting|recovery mode"), "57P03"),
    (re.compile("is shutting down"), "57P01"),
    (re.compile("too many (clients|connections)|connection slots"), "53300"),
)
"""Of a connection that is refused, libpq passes on the words and not the code."""


def unavailable(name: str, reason: str) -> StoreUnavailable:
    """Return what to raise when the database of this name cannot be used now."""
    return StoreUnavailable(f"{name} cannot be used: {reason}.")


def told(name: str, error: psycopg.Error) -> Exception:
    """Return an error of the database of this name in the words that this package promises."""
    state = error.sqlstate or _refused(error)
    if state in _REASONS:
        return unavailable(name, _REASONS[state])
    if state in _SETTINGS:
        return NotSetUp(f"{name} cannot be used: {_SETTINGS[state]}.")
    if isinstance(error, psycopg.IntegrityError):
        return IntegrityError(error.diag.message_primary or "a constraint refused it")
    if isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError)):
        return unavailable(name, AWAY)
    return DatabaseError(error.diag.message_primary or type(error).__name__)


def _refused(error: psycopg.Error) -> str:
    """Return the code of a refusal to connect, as far as its words tell it."""
    if not isinstance(error, psycopg.OperationalError):
        return ""
    return next((code for words, code in _REFUSED if words.search(str(error))), "")
