"""Group commit: whoever has the turn writes for all who wait, in one transaction.

A commit waits for the disk, and while it does others queue up; the next in line then commits them
all at once. Alone, a write costs what it always did.
"""

from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import Any, Final, Generic, TypeVar

from incidents.store.database import (
    Connection,
    Database,
    DatabaseError,
    IntegrityError,
    ProgrammingError,
)
from incidents.store.errors import StoreUnavailable

MOST_AT_ONCE: Final = 64

_ITS_OWN_FAULT: Final = (IntegrityError, ProgrammingError)
_T = TypeVar("_T")


class Writer:
    """Runs writes of many threads in few transactions, in the order in which they came."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: deque[_Request[Any]] = deque()
        self._turn = Lock()

    def write(self, action: Callable[[Connection], _T]) -> _T:
        """Run the action in a transaction and return its result once it is durable.

        An action that raises is undone alone; what it raised is raised here. Raises
        StoreUnavailable when the transaction failed: nothing of it is there.
        """
        request = _Request(action)
        self._waiting.append(request)
        with self._turn:
            while not request.done:
                count = min(len(self._waiting), MOST_AT_ONCE)
                self._commit([self._waiting.popleft() for _ in range(count)])
        return request.answer()

    def _commit(self, batch: "list[_Request[Any]]") -> None:
        try:
            with self._database.writing() as connection:
                for request in batch:
                    if len(batch) == 1:
                        request.run(connection)
                    else:
                        request.run_apart(connection)
        except Exception as error:
            for request in batch:
                request.error = error
        finally:
            for request in batch:
                request.done = True


class _Request(Generic[_T]):
    """One waiting write. Until it has run to its end it counts as interrupted."""

    def __init__(self, action: Callable[[Connection], _T]) -> None:
        self._action = action
        self._results: list[_T] = []
        self.error: Exception | None = StoreUnavailable("The write was interrupted. Try again.")
        self.done = False

    def run(self, connection: Connection) -> None:
        self._results.append(self._action(connection))
        self.error = None

    def run_apart(self, connection: Connection) -> None:
        connection.execute("SAVEPOINT one")
        try:
            self.run(connection)
        except Exception as error:
            if isinstance(error, DatabaseError) and not isinstance(error, _ITS_OWN_FAULT):
                # SQLite itself failed (a full disk) and may have undone the others too.
                raise
            connection.execute("ROLLBACK TO one")
            self.error = error
        connection.execute("RELEASE one")

    def answer(self) -> _T:
        if self.error is not None:
            raise self.error
        return self._results[0]
