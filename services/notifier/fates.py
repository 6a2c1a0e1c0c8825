"""The fate of a letter: its states, what can happen to it, and the table of what follows.

A letter goes at most once and may end up `uncertain`, waiting for a person; an alert goes at least
once. That is the whole difference between their two tables.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class State(StrEnum):
    NEW = "new"
    """To be written."""
    DRAFTED = "drafted"
    """Written and kept; a person must approve it."""
    QUEUED = "queued"
    """To be sent (a notice: to be posted by a person)."""
    SENDING = "sending"
    """The body is being handed over. Found after a crash, it may have gone."""
    RETRY = "retry"
    """Certainly not sent; to be tried again."""
    ACCEPTED = "accepted"
    """A mail server has taken it, or a person has posted it."""
    UNCERTAIN = "uncertain"
    """Perhaps sent; a person must find out."""
    FAILED = "failed"
    """Not sent, and will not be by itself; a person must do something."""
    CANCELLED = "cancelled"
    """Not to be sent any more; nothing is left to do."""


class Happening(StrEnum):
    WRITTEN = "written"
    """It is kept, and needs nobody's approval."""
    DRAFT_WRITTEN = "draft written"
    APPROVED = "approved"
    WITHDRAWN = "withdrawn"
    """A person no longer wants it sent, or the one it is for is no longer entitled to it."""
    BODY_NEXT = "body next"
    """The mail server has asked for the body."""
    TAKEN = "taken"
    """The mail server has accepted it."""
    NOT_NOW = "not now"
    """Certainly not sent this time."""
    NEVER = "never"
    """Certainly not sent, and no try will go better."""
    TOO_LATE = "too late"
    """Its time has passed. Not while a person is to approve it, or it is being handed over."""
    REPLY_LOST = "reply lost"
    """The connection, or we, broke down while the body was being handed over."""
    FOUND_DELIVERED = "found delivered"
    FOUND_MISSING = "found missing"
    POSTED = "posted"
    """A person has put the notice on the school's account."""


Moves = Mapping[tuple[State, Happening], State]

LETTER: Final[Moves] = MappingProxyType(
    {
        (State.NEW, Happening.WRITTEN): State.QUEUED,
        (State.NEW, Happening.DRAFT_WRITTEN): State.DRAFTED,
        (State.NEW, Happening.WITHDRAWN): State.CANCELLED,
        (State.NEW, Happening.NEVER): State.FAILED,
        (State.NEW, Happening.TOO_LATE): State.FAILED,
        (State.DRAFTED, Happening.APPROVED): State.QUEUED,
        (State.DRAFTED, Happening.WITHDRAWN): State.CANCELLED,
        (State.DRAFTED, Happening.POSTED): State.ACCEPTED,
        (State.QUEUED, Happening.WITHDRAWN): State.CANCELLED,
        (State.QUEUED, Happening.NEVER): State.FAILED,
        (State.QUEUED, Happening.TOO_LATE): State.FAILED,
        (State.QUEUED, Happening.NOT_NOW): State.RETRY,
        (State.QUEUED, Happening.BODY_NEXT): State.SENDING,
        (State.QUEUED, Happening.REPLY_LOST): State.UNCERTAIN,
        (State.QUEUED, Happening.POSTED): State.ACCEPTED,
        (State.RETRY, Happening.WITHDRAWN): State.CANCELLED,
        (State.RETRY, Happening.NEVER): State.FAILED,
        (State.RETRY, Happening.TOO_LATE): State.FAILED,
        (State.RETRY, Happening.NOT_NOW): State.RETRY,
        (State.RETRY, Happening.BODY_NEXT): State.SENDING,
        (State.RETRY, Happening.REPLY_LOST): State.UNCERTAIN,
        (State.SENDING, Happening.TAKEN): State.ACCEPTED,
        (State.SENDING, Happening.NOT_NOW): State.RETRY,
        (State.SENDING, Happening.NEVER): State.FAILED,
        (State.SENDING, Happening.REPLY_LOST): State.UNCERTAIN,
        (State.UNCERTAIN, Happening.FOUND_DELIVERED): State.ACCEPTED,
        (State.UNCERTAIN, Happening.FOUND_MISSING): State.QUEUED,
        (State.UNCERTAIN, Happening.WITHDRAWN): State.CANCELLED,
        (State.FAILED, Happening.FOUND_DELIVERED): State.ACCEPTED,
        (State.FAILED, Happening.FOUND_MISSING): State.QUEUED,
        (State.FAILED, Happening.WITHDRAWN): State.CANCELLED,
    }
)

ALERT: Final[Moves] = MappingProxyType(
    {
        (State.QUEUED, Happening.WITHDRAWN): State.CANCELLED,
        (State.QUEUED, Happening.NEVER): State.FAILED,
        (State.QUEUED, Happening.TOO_LATE): State.FAILED,
        (State.QUEUED, Happening.NOT_NOW): State.RETRY,
        (State.QUEUED, Happening.BODY_NEXT): State.SENDING,
        (State.QUEUED, Happening.REPLY_LOST): State.RETRY,
        (State.RETRY, Happening.WITHDRAWN): State.CANCELLED,
        (State.RETRY, Happening.NEVER): State.FAILED,
        (State.RETRY, Happening.TOO_LATE): State.FAILED,
        (State.RETRY, Happening.NOT_NOW): State.RETRY,
        (State.RETRY, Happening.BODY_NEXT): State.SENDING,
        (State.RETRY, Happening.REPLY_LOST): State.RETRY,
        (State.SENDING, Happening.TAKEN): State.ACCEPTED,
        (State.SENDING, Happening.NOT_NOW): State.RETRY,
        (State.SENDING, Happening.NEVER): State.FAILED,
        (State.SENDING, Happening.REPLY_LOST): State.RETRY,
    }
)


def moves(is_alert: bool) -> Moves:
    """Return the table that a letter, or an alert, follows."""
    return ALERT if is_alert else LETTER
