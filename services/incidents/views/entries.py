"""What the views keep of a case, row by row, and how the rows of many cases change together."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from durable import Connection, Row
from incidents.domain.state import Case
from incidents.store.glances import marks_for
from incidents.views.lines import Shown, decode, encode, shown, stamp
from incidents.views.tables import Set

Values = tuple[str | int | bytes | None, ...]

_KEYS: Final[Mapping[str, tuple[int, ...]]] = {
    "seen": (0, 1, 2, 3),
    "on_track": (0, 1, 2, 3, 4),
    "about": (0, 1, 2, 3),
    "deadlines": (0, 1, 2),
    "letters": (0,),
}
"""The columns of each table that follows from `cases`, and which of them are its key."""
_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "seen": (
        "school", "principal", "reported_at", "case_id",
        "sight", "stage", "kind", "severity", "next_due",
    ),
    "on_track": ("school", "principal", "track", "reported_at", "case_id"),
    "about": ("school", "person", "reported_at", "case_id", "sights"),
    "deadlines": ("due_at", "case_id", "due", "school"),
    "letters": ("letter", "case_id", "school", "state", "reported_at"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """A case in the views: the row of `cases`, from which all its other rows follow."""

    case_id: str
    school: str
    reference: str
    reported_at: str
    version: int
    shown: Shown

    @classmethod
    def of(cls, case: Case) -> "Entry":
        return cls(
            case.id.hex,
            case.school,
            case.reference,
            stamp(case.reported_at),
            case.version,
            shown(case),
        )

    @classmethod
    def read(cls, row: Row) -> "Entry":
        """Return the entry that lies in a row of `cases`."""
        return cls(row[0], row[1], row[2], row[3], row[4], decode(row[5]))

    @property
    def row(self) -> Values:
        return (
            self.case_id,
            self.school,
            self.reference,
            self.reported_at,
            self.version,
            encode(self.shown),
        )

    def rows(self) -> Mapping[str, set[Values]]:
        """Return the rows of the other tables."""
        return {
            "seen": set(self._seen()),
            "on_track": set(self._on_track()),
            "about": set(self._about()),
            "deadlines": {
                (due_at, self.case_id, due.value, self.school)
                for due, due_at in self.shown.deadlines
            },
            "letters": {
                (letter, self.case_id, self.school, state.value, self.reported_at)
                for letter, state in self.shown.letters
            },
        }

    def _seen(self) -> Iterator[Values]:
        views = {view.sight: view for view in self.shown.views}
        for principal, much in self.shown.sights.items():
            view = views[much]
            yield (
                self.school, principal, self.reported_at, self.case_id,
                1 << much, self.shown.stage.value, view.kind and view.kind.value,
                view.severity, view.next_due,
            )  # fmt: skip

    def _about(self) -> Iterator[Values]:
        sights: dict[str, int] = {}
        for view in self.shown.views:
            for person in view.people:
                sights[person] = sights.get(person, 0) | 1 << view.sight
        for person, named in sights.items():
            yield self.school, person, self.reported_at, self.case_id, named

    def _on_track(self) -> Iterator[Values]:
        tracks = {view.sight: view.tracks for view in self.shown.views}
        for principal, much in self.shown.sights.items():
            for track in (*tracks[much], *self.shown.opened.get(principal, ())):
                yield self.school, principal, track, self.reported_at, self.case_id


def put(connection: Connection, of: Set, entries: Sequence[Entry]) -> None:
    """Bring the rows of these cases to where they stand now. What is newer there stays.

    Only rows that differ are touched, many with each statement; doing it twice changes nothing.
    """
    known = known_entries(connection, of, [entry.case_id for entry in entries])
    changed = [
        entry
        for entry in entries
        if entry.case_id not in known or known[entry.case_id].version < entry.version
    ]
    before = [known[entry.case_id].rows() for entry in changed if entry.case_id in known]
    after = [entry.rows() for entry in changed]
    for table, columns in _COLUMNS.items():
        old = set(chain.from_iterable(rows[table] for rows in before))
        new = set(chain.from_iterable(rows[table] for rows in after))
        _delete(connection, of, table, old - new)
        _insert(connection, f"{table}_{of}", len(columns), sorted(new - old, key=repr))
    _replace(connection, of, changed)


def known_entries(connection: Connection, of: Set, case_ids: Sequence[str]) -> Mapping[str, Entry]:
    """Return what the views hold of these cases."""
    if not case_ids:
        return {}
    marks, values = marks_for(case_ids)
    rows = connection.execute(
        "SELECT case_id, school, reference, reported_at, version, shown "  # noqa: S608 marks
        f"FROM cases_{of} WHERE case_id IN ({marks})",
        values,
    ).fetchall()
    return {row[0]: Entry.read(row) for row in rows}


def _replace(connection: Connection, of: Set, entries: Iterable[Entry]) -> None:
    connection.executemany(
        f"""INSERT INTO cases_{of} VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT (case_id) DO UPDATE SET version = excluded.version, shown = excluded.shown""",  # noqa: S608 ours
        (entry.row for entry in entries),
    )


def _insert(connection: Connection, table: str, columns: int, rows: Sequence[Values]) -> None:
    if rows:
        marks = ",".join(["?"] * columns)
        connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 ours


def _delete(connection: Connection, of: Set, table: str, rows: Iterable[Values]) -> None:
    keys = _KEYS[table]
    gone = [tuple(row[n] for n in keys) for row in rows]
    if gone:
        where = " AND ".join(f"{_COLUMNS[table][n]} = ?" for n in keys)
        connection.executemany(f"DELETE FROM {table}_{of} WHERE {where}", gone)  # noqa: S608 ours
