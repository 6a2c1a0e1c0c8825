"""What a database is to its users, whichever kind it is."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from durable.schema import Dialect

Values = Sequence[Any]


class Row(Protocol):
    """A row: its columns by place, by name, or all in order; `dict(row)` has them by name."""

    def keys(self) -> Sequence[str]: ...
    def __getitem__(self, key: Any, /) -> Any: ...
    def __iter__(self) -> Iterator[Any]: ...
    def __len__(self) -> int: ...


class Cursor(Protocol):
    """What a statement found."""

    @property
    def rowcount(self) -> int: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> list[Any]: ...
    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """A connection within a transaction, or to read with. A `?` stands for each value."""

    @property
    def dialect(self) -> Dialect:
        """Whose SQL it speaks, for the few statements that have to be written twice."""

    def execute(self, statement: str, values: Values = (), /) -> Cursor:
        """Run one statement. Raises IntegrityError, DatabaseError, StoreUnavailable."""

    def executemany(self, statement: str, rows: Iterable[Values], /) -> None:
        """Run one statement once for each row of values."""

    def stream(self, statement: str, values: Values = (), /) -> Iterator[Any]:
        """Yield the rows of a long answer without holding all of them; only in a `snapshot`."""

    def apart(self) -> AbstractContextManager[None]:
        """What is done in the block is undone alone when it raises; the transaction goes on."""


class Hold(Protocol):
    """The right to be the only process that does a certain work with a database."""

    def check(self) -> None:
        """Raises HoldLost when the right may have ended."""

    def regain(self) -> None:
        """Get it back if it was lost. Raises HeldElsewhere, StoreUnavailable."""


class Database(Protocol):
    """One database. Safe to share between threads; several processes may open the same one."""

    @property
    def name(self) -> str:
        """How it is called in messages to people."""

    @property
    def dialect(self) -> Dialect:
        """Whose SQL it speaks."""

    def writing(self) -> AbstractContextManager[Connection]:
        """One transaction: durable when the block ends, undone when it raises.

        Writers of all processes take turns, from its first statement to its commit: what is read in
        it stays so, and numbers given in it come in the order of the commits. Within a block of the
        same thread it is part of that one. Raises StoreUnavailable; OutcomeUnknown when the
        connection was lost during the commit.
        """

    def reading(self) -> AbstractContextManager[Connection]:
        """A connection to read with; each statement sees the last commit before it.

        Raises StoreUnavailable.
        """

    def snapshot(self) -> AbstractContextManager[Connection]:
        """Like `reading`, but every statement of the block sees the same moment."""

    def alone(self, work: str = "") -> AbstractContextManager[Hold]:
        """Be, while the block lasts, the only process that does; others may still read and write.

        Of several kinds of work each may be another process's: each is held by its name. In
        PostgreSQL the right ends with the connection that holds it, whenever that is lost: it
        has to be checked before what only one may do. Raises HeldElsewhere, StoreUnavailable.
        """

    def rebuild(self) -> None:
        """Write every table anew from what is live, so that nothing deleted is left in them.

        Raises StoreUnavailable when somebody holds on to them for too long.
        """

    def migrate(self, role: str | None = None) -> int:
        """Take the steps that were not taken yet; return how many.

        On PostgreSQL `role`, if given, is then granted what the schema grants.
        """

    def close(self) -> None:
        """Close every idle connection; the database may be opened again by using it."""
