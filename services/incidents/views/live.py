"""The views as the rest of the program has them: they follow the log, and are read in pages.

Two sets of the same tables lie there. One is live: it follows the log and is read. The other is
empty, or is being built anew by `rebuild`, and takes the place of the live one in one transaction.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Event as Signal
from typing import Final, TypeVar
from uuid import UUID

import msgspec

from durable import Connection, Database, Place, Row
from incidents.domain.facts import SchoolId
from incidents.domain.school import User
from incidents.domain.state import Case
from incidents.domain.vocabulary import Due, LetterState
from incidents.store import StateRow, Store, Stored
from incidents.views.entries import Entry, put
from incidents.views.lines import principals, stamp
from incidents.views.lists import Bookmark, Filters, Page, Reader, Walk, may_be_reference
from incidents.views.tables import VIEWS, Set

KIND: Final = "case"
_DECODE: Final = msgspec.json.Decoder(Case).decode

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Passed:
    """A deadline that was open when it passed."""

    school: SchoolId
    case_id: UUID
    due: Due


class Views:
    """The views of one installation, in a database that can be thrown away and built again.

    Safe to share between threads. Every method may raise `StoreUnavailable`.
    """

    def __init__(self, place: Place) -> None:
        self.database: Database = place.open(VIEWS, synchronous="NORMAL")
        self._live: Set | None = None

    def close(self) -> None:
        self.database.close()

    # ── following ─────────────────────────────────────────────────────────────────────────────────

    def follow(self, store: Store, stop: Signal) -> None:
        """Keep up with the log until `stop` is set."""
        for batch in store.follow(self.position(), stop):
            self.take(store, batch)

    def take(self, store: Store, batch: Sequence[Stored]) -> None:
        """Bring every case of the batch to where it stands now, and remember how far that was.

        A batch that comes twice, or after a later one, changes nothing.
        """
        entries = entries_of(store.rows({stored.stream for stored in batch}))
        with self.database.writing() as connection:
            live, position = live_set(connection)
            put(connection, live, entries)
            set_position(connection, live, max(position, batch[-1].position))

    def position(self) -> int:
        """Return the position in the log up to which these views are complete."""
        with self.database.reading() as connection:
            return live_set(connection)[1]

    # ── reading ───────────────────────────────────────────────────────────────────────────────────

    def cases(
        self, user: User, filters: Filters, now: datetime, after: Bookmark | None, limit: int
    ) -> Page:
        """Return the cases this user may see, newest first, after a place.

        At most `limit` are looked at: what the filters leave over may be on the next page.
        """

        def walk(connection: Connection, of: Set) -> list[Row]:
            it = Walk(of, connection.dialect, user, filters, now, after, limit)
            return connection.execute(it.statement, it.values).fetchall()

        if not principals(user) or not may_be_reference(filters.reference):
            return Page([], None)
        return Reader(user, filters, now).page(self._from_live(walk), limit)

    def letters(
        self,
        user: User,
        state: LetterState | None,
        after: tuple[UUID, UUID] | None,
        limit: int,
    ) -> list[tuple[UUID, UUID]]:
        """Return the cases this user may see with their letters, oldest case first.

        At most `limit`, after a pair of the same kind; whoever asks checks each case.
        """
        reader = sorted(principals(user))
        where, values = (" AND x.state = ?", [state.value]) if state else ("", [])
        if after is not None:
            where += " AND (x.case_id, x.letter) > (?, ?)"
            values += [one.hex for one in after]

        def walk(connection: Connection, of: Set) -> list[Sequence[str]]:
            return connection.execute(
                f"""SELECT x.case_id, x.letter FROM letters_{of} x WHERE x.school = ?{where}
                AND EXISTS (SELECT 1 FROM seen_{of} s WHERE s.school = x.school
                    AND s.principal IN ({",".join("?" * len(reader))})
                    AND s.reported_at = x.reported_at AND s.case_id = x.case_id)
                AND EXISTS (SELECT 1 FROM followed WHERE name = '{of}' AND live = 1)
                ORDER BY x.case_id, x.letter LIMIT ?""",  # noqa: S608 marks are "?" only
                (user.school, *values, *reader, limit),
            ).fetchall()

        return [(UUID(case_id), UUID(letter)) for case_id, letter in self._from_live(walk)]

    def case_of_letter(self, letter: UUID) -> UUID | None:
        """Return the case a letter belongs to, None if no such letter is known yet."""

        def look(connection: Connection, of: Set) -> list[Sequence[str]]:
            return connection.execute(
                f"SELECT case_id FROM letters_{of} WHERE letter = ?",  # noqa: S608
                (letter.hex,),
            ).fetchall()

        return next((UUID(case_id) for (case_id,) in self._from_live(look)), None)

    def passed(self, now: datetime, limit: int = 500) -> list[Passed]:
        """Return open deadlines that have passed, the oldest first."""

        def look(connection: Connection, of: Set) -> list[Sequence[str]]:
            return connection.execute(
                f"SELECT school, case_id, due FROM deadlines_{of} "  # noqa: S608
                "WHERE due_at <= ? ORDER BY due_at LIMIT ?",
                (stamp(now), limit),
            ).fetchall()

        return [Passed(SchoolId(s), UUID(c), Due(d)) for s, c, d in self._from_live(look)]

    def _from_live(self, look: Callable[[Connection, Set], list[T]]) -> list[T]:
        """Look into the set that is live, which another process may just have changed.

        A set that is no longer live is empty, or says nothing: only then it has to be asked which
        one is.
        """
        with self.database.reading() as connection:
            looked: Set | None = None
            found: list[T] = []
            while not found:
                live = self._live if looked is None and self._live else live_set(connection)[0]
                if live == looked:
                    break
                self._live = looked = live
                found = look(connection, live)
        return found


def entries_of(rows: Sequence[StateRow]) -> list[Entry]:
    """Return what the views keep of the cases among these state rows."""
    return [Entry.of(_DECODE(row.state)) for row in rows if row.kind == KIND]


def live_set(connection: Connection) -> tuple[Set, int]:
    """Return which set is live, and how far it has come in the log."""
    name, position = connection.execute(
        "SELECT name, position FROM followed WHERE live = 1"
    ).fetchone()
    return name, position


def set_position(connection: Connection, of: Set, position: int) -> None:
    connection.execute("UPDATE followed SET position = ? WHERE name = ?", (position, of))
