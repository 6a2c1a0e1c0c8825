"""What the store refuses, and why: each is named here once and mapped to an answer at the edge.

No message carries a person's words, names or ids: at most a topic, a field's name or a position.
"""

from datetime import datetime

from durable import OutcomeUnknown, StoreUnavailable
from incidents.store.records import Claim

__all__ = ["OutcomeUnknown", "StoreUnavailable"]


class StoreBusy(StoreUnavailable):
    """More requests wait to be recorded than can be soon. Nothing of this one was kept."""

    def __init__(self) -> None:
        super().__init__("Too many requests are waiting to be recorded. Try again in a moment.")


class Conflict(Exception):
    """Another event already stands where these were to go: load again and decide again."""

    def __init__(self) -> None:
        super().__init__(
            "The history has moved on since it was read. Load it again, decide again, try again."
        )


class AlreadyClaimed(Exception):
    """Somebody holds this claim already; `claim` is theirs."""

    def __init__(self, claim: Claim) -> None:
        super().__init__(f"This {claim.kind} is already taken in this school.")
        self.claim = claim


class ClockBehind(Exception):
    """The clock stands before the last event in the log, recorded at `latest` (UTC)."""

    def __init__(self, latest: datetime) -> None:
        super().__init__(
            f"The clock is behind: the last event was recorded at {latest.isoformat()}. "
            "Check the machine's time, or wait until it has passed."
        )
        self.latest = latest


class UnknownTopic(Exception):
    """The log holds, or was given, a kind of event that this program does not know."""

    def __init__(self, topic: str) -> None:
        super().__init__(
            f"{topic} is not a kind of event this version of the program knows. "
            "Run the version that wrote it, or a newer one."
        )


class UnreadableEvent(Exception):
    """A stored event does not have the layout its topic and schema promise."""

    def __init__(self, topic: str, version: int, why: str) -> None:
        super().__init__(f"The stored {topic}, version {version} of its stream, is damaged: {why}")


class BadEventClass(TypeError):
    """An event class cannot be stored as it is written; the message says what to change."""


class NotSealed(ValueError):
    """An event was about to be stored with words that are still plain."""

    def __init__(self, topic: str, field: str) -> None:
        super().__init__(
            f"{topic} still has plain text in {field}. Pass the event through Store.seal first, "
            "and build the state row from what it returns."
        )


class CannotOpen(Exception):
    """A sealed text or file does not open: altered, moved from its place, or its key is lost."""


class MasterKeyUnusable(Exception):
    """The master key is missing, malformed or not the one the keystore was made with."""


class BlobUnreadable(Exception):
    """A kept file cannot be given back. The three subclasses say why."""


class BlobGone(BlobUnreadable):
    """There is no such file on this stream."""


class BlobErased(BlobUnreadable):
    """The key of the stream was destroyed: what was kept under it cannot be read by anybody."""


class BlobAltered(BlobUnreadable):
    """The file is there, but is not what was kept."""
