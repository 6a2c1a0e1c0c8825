"""What a way of sending has in common with every other: one mail, one method, three refusals.

A refusal says what to do next. None of them carries an address, a name or a server's own words:
codes only, for they end up in the ledger, in logs and in the case's history.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


class Temporary(Exception):
    """Certainly not sent, and worth another try later."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Permanent(Exception):
    """Certainly not sent, and no later try will go better: a person must put something right."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Uncertain(Exception):
    """Perhaps sent. Nobody but the recipient can tell."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Address:
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """`filename` is seen in mail servers' logs: a reference, never a name."""

    filename: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """One letter to one recipient. `possible_repeat`: the same may have been delivered before."""

    letter_id: UUID
    sender: Address
    recipient: Address
    subject: str
    text: str
    attachment: Attachment | None = None
    possible_repeat: bool = False


HandingOver = Callable[[], object]
"""Called once, when the next byte sent may lead to a delivery. If it raises, nothing is sent."""


class Transport(Protocol):
    """A way of sending. Blocks; may be called from several threads at once."""

    def deliver(self, mail: Mail, handing_over: HandingOver) -> str:
        """Send `mail` and return the id it went under; the other side has accepted it.

        Raises `Temporary` or `Permanent` when it was certainly not sent, `Uncertain` when that
        cannot be known, and whatever `handing_over` raised, in which case nothing was sent.
        Any other exception means the same as `Uncertain`.
        """
        ...

    def close(self) -> None:
        """Let go of connections that are kept for the next mail."""
        ...
