"""The tables of one database: statements that are only ever added to, in the words of SQLite.

Each statement is a step that is taken once. What a step says is never changed after a release: the
next one amends it. PostgreSQL takes the same steps; the few words it has other names for are in
`_WORDS`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, Literal

Dialect = Literal["sqlite", "postgresql"]

_WORDS: Final = (
    (re.compile(r"\bINTEGER PRIMARY KEY AUTOINCREMENT\b"),
     "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"),
    (re.compile(r"\bINTEGER\b"), "BIGINT"),
    (re.compile(r"\bBLOB\b"), "BYTEA"),
    # Bytes in order, as SQLite compares: a page of a list goes on where the last one ended.
    (re.compile(r"\bTEXT\b"), 'TEXT COLLATE "C"'),
    (re.compile(r"\s*\bWITHOUT ROWID\b"), ""),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """One statement, for both dialects or `only` for one."""

    statement: str
    only: Dialect | None = None

    @property
    def sha256(self) -> str:
        """What tells a step from a changed one."""
        return sha256(self.statement.encode()).hexdigest()

    def in_words_of(self, dialect: Dialect) -> str | None:
        """Return the statement as this dialect takes it, None if it is not for it."""
        if self.only is not None:
            return self.statement if self.only == dialect else None
        found = self.statement
        if dialect == "postgresql":
            for word, other in _WORDS:
                found = word.sub(other, found)
        return found


def only(dialect: Dialect, *statements: str) -> tuple[Step, ...]:
    """Return steps that this dialect alone takes, as they are."""
    return tuple(Step(statement, dialect) for statement in statements)


@dataclass(frozen=True, slots=True)
class Schema:
    """The tables of one database, and what the program that uses them may do with each.

    `grants` says so per table, in PostgreSQL's words; a table that is not named may be read and
    written. `owned` names those that the program has to own there, because it clears them up.
    """

    name: str
    steps: Sequence[str | Step]
    grants: Mapping[str, str] = field(default_factory=dict)
    owned: Sequence[str] = ()

    def numbered(self) -> Iterator[tuple[int, Step]]:
        """Yield the steps with their numbers, from 1."""
        for number, step in enumerate(self.steps, start=1):
            yield number, step if isinstance(step, Step) else Step(step)

    @property
    def size(self) -> int:
        return len(self.steps)
