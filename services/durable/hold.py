"""Working with a database alone: a second process that wants to is told that somebody does."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from durable.errors import HeldElsewhere, HoldLost


class FileHold:
    """A lock on a file, which lasts until the process lets go of it or ends."""

    def check(self) -> None:
        """Nothing takes this lock away."""

    def regain(self) -> None:
        """It was never lost."""


@contextmanager
def file_hold(path: Path) -> Iterator[FileHold]:
    """Hold the file at `path`. Raises HeldElsewhere."""
    with path.open("w") as lock:
        try:
            flock(lock, LOCK_EX | LOCK_NB)
        except OSError:
            raise HeldElsewhere(f"Another process is working with {path.stem} alone.") from None
        yield FileHold()


class Session(Protocol):
    """A connection that holds the lock."""

    def close(self) -> None: ...


Held = TypeVar("Held", bound=Session)


class SessionHold(Generic[Held]):
    """An advisory lock of a connection that does nothing else.

    When that connection dies, the server gives the lock to whoever asks for it next: the right to
    work alone has ended, and nobody tells us but the connection itself. Both ends of it look after
    each other (TCP keepalive); ours gives up first, so that we have stopped before another begins.
    """

    def __init__(
        self, name: str, take: Callable[[], Held | None], is_alive: Callable[[Held], bool]
    ) -> None:
        """`take` returns a connection that holds the lock, None when another process has it."""
        self._name = name
        self._take = take
        self._is_alive = is_alive
        self._session: Held | None = None

    def check(self) -> None:
        """Asks nobody while all is well. Raises HoldLost."""
        if not self._is_ours():
            raise HoldLost(
                f"The connection that holds {self._name} for this process was lost. "
                "Nothing is done until it has it again."
            )

    def regain(self) -> None:
        """Hold it again if it was lost. Raises HeldElsewhere, StoreUnavailable."""
        if self._is_ours():
            return
        self.release()
        self._session = self._take()
        if self._session is None:
            raise HeldElsewhere(f"Another process is working with {self._name} alone.")

    def release(self) -> None:
        """Let go: the lock ends with its connection."""
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def _is_ours(self) -> bool:
        session = self._session
        return session is not None and self._is_alive(session)
