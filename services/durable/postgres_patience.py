"""A connection that gives up a server which has nothing to say for too long.

A server ends a statement that takes too long by itself. One that stands still, with its disk or its
machine, cannot, and its connection looks as if all were well.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import psycopg
from psycopg.abc import PQGen

PATIENCE_MS: Final = 2500
"""How long a statement, or the wait for a turn, may last."""
SILENT_SECONDS: Final = PATIENCE_MS / 1000 + 0.2
"""A server that is there has said so by then."""
_LOOK_SECONDS: Final = 0.1

RV = TypeVar("RV")


class Punctual(psycopg.Connection[Any]):
    """Closed by the silence of its server; `silent` says that it was."""

    silent = False
    _longest: float | None = SILENT_SECONDS

    def wait(
        self, gen: PQGen[RV], interval: float = _LOOK_SECONDS, timeout: float | None = None
    ) -> RV:
        """Wait for the server as psycopg does, but no longer than it may be silent."""
        longest = self._longest if timeout is None else timeout
        try:
            return super().wait(gen, interval, longest)
        except psycopg.OperationalError as error:
            if longest is not None and type(error) is psycopg.errors._WaitTimeout:
                self.silent = True
                # What it was about to say could be taken for the answer to something else.
                self.pgconn.finish()
            raise

    @contextmanager
    def unhurried(self) -> Iterator[None]:
        """Let every statement of the block take its time."""
        self._longest = None
        try:
            yield
        finally:
            self._longest = SILENT_SECONDS
