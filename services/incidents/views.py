"""Read models: what is listed and searched, and which deadlines stand. They follow the log.

A view holds no words: ids, stages and times only, so that there is nothing in it to forget. It says
which cases may be for a reader; whether they are is asked of each case itself when it is shown.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event as Signal
from typing import Final
from uuid import UUID

import msgspec

from durable import Connection, Place, Schema
from incidents.domain.access import audience
from incidents.domain.facts import SchoolId
from incidents.domain.school import User
from incidents.domain.state import OPEN_DEADLINES, Case
from incidents.domain.vocabulary import DeadlineState, Due, LetterState, Stage
from incidents.store import Store, Stored

_DECODE: Final = msgspec.json.Decoder(Case)

VIEWS: Final = Schema(
    "views",
    (
        """CREATE TABLE IF NOT EXISTS cases (
        case_id TEXT PRIMARY KEY,
        school TEXT NOT NULL,
        reference TEXT NOT NULL,
        stage TEXT NOT NULL,
        version INTEGER NOT NULL,
        reported_at TEXT NOT NULL,
        next_due TEXT
    )""",
        "CREATE INDEX IF NOT EXISTS newest ON cases (school, reported_at DESC, case_id DESC)",
        """CREATE TABLE IF NOT EXISTS seen_by (
        case_id TEXT NOT NULL, principal TEXT NOT NULL, PRIMARY KEY (case_id, principal)
    ) WITHOUT ROWID""",
        "CREATE INDEX IF NOT EXISTS seen_cases ON seen_by (principal, case_id)",
        """CREATE TABLE IF NOT EXISTS walled_from (
        case_id TEXT NOT NULL, principal TEXT NOT NULL, PRIMARY KEY (case_id, principal)
    ) WITHOUT ROWID""",
        """CREATE TABLE IF NOT EXISTS open_tracks (
        case_id TEXT NOT NULL, track TEXT NOT NULL, PRIMARY KEY (case_id, track)
    ) WITHOUT ROWID""",
        """CREATE TABLE IF NOT EXISTS deadlines (
        case_id TEXT NOT NULL, due TEXT NOT NULL, due_at TEXT NOT NULL, PRIMARY KEY (case_id, due)
    ) WITHOUT ROWID""",
        "CREATE INDEX IF NOT EXISTS soonest ON deadlines (due_at)",
        """CREATE TABLE IF NOT EXISTS letters (
        letter TEXT PRIMARY KEY, case_id TEXT NOT NULL, school TEXT NOT NULL, state TEXT NOT NULL
    )""",
        "CREATE INDEX IF NOT EXISTS letters_of ON letters (case_id)",
        "CREATE INDEX IF NOT EXISTS letters_at ON letters (school, case_id, letter, state)",
        """CREATE TABLE IF NOT EXISTS followed (
            follower TEXT PRIMARY KEY, position INTEGER NOT NULL
        )""",
    ),
)
_TABLES_OF_A_CASE: Final = (
    "cases", "seen_by", "walled_from", "open_tracks", "deadlines", "letters",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to. `reference` matches from its beginning."""

    stage: Stage | None = None
    track: str | None = None
    overdue: bool | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Bookmark:
    """Where a page of a list ended."""

    reported_at: str
    case_id: str


@dataclass(frozen=True, slots=True)
class Passed:
    """A deadline that was open when it passed."""

    school: SchoolId
    case_id: UUID
    due: Due


class Views:
    """The views of one installation, in a database that can be thrown away and built again."""

    def __init__(self, place: Place) -> None:
        self._database = place.open(VIEWS, synchronous="NORMAL")

    def close(self) -> None:
        self._database.close()

    # ── following ─────────────────────────────────────────────────────────────────────────────────

    def follow(self, store: Store, stop: Signal) -> None:
        """Keep up with the log until `stop` is set."""
        for batch in store.follow(self.position(), stop):
            self.take(store, batch)

    def take(self, store: Store, batch: Sequence[Stored]) -> None:
        """Bring every case of the batch to where it stands now, and remember how far that was."""
        streams = dict.fromkeys(stored.stream for stored in batch)
        rows = [row for stream in streams if (row := store.state(stream)) and row.kind == "case"]
        with self._database.writing() as connection:
            for row in rows:
                _put(connection, _DECODE.decode(row.state))
            connection.execute(
                "INSERT INTO followed VALUES ('views', ?) "
                "ON CONFLICT (follower) DO UPDATE SET position = excluded.position",
                (batch[-1].position,),
            )

    def position(self) -> int:
        """Return the position in the log up to which these views are complete."""
        with self._database.reading() as connection:
            row = connection.execute("SELECT position FROM followed").fetchone()
        return 0 if row is None else int(row[0])

    # ── reading ───────────────────────────────────────────────────────────────────────────────────

    def cases(
        self, user: User, filters: Filters, now: datetime, after: Bookmark | None, limit: int
    ) -> list[tuple[UUID, Bookmark]]:
        """Return the cases this user may see, newest first, at most `limit`, after a place."""
        seen, principals = _seen_by(user, "cases")
        where, parameters = _narrowed(filters, now)
        if after is not None:
            where += " AND (reported_at, case_id) < (?, ?)"
            parameters += [after.reported_at, after.case_id]
        statement = f"""
            SELECT case_id, reported_at FROM cases WHERE school = ? {where} AND {seen}
            ORDER BY reported_at DESC, case_id DESC LIMIT ?"""  # noqa: S608 marks are "?" only
        with self._database.reading() as connection:
            found = connection.execute(
                statement, (user.school, *parameters, *principals, limit)
            ).fetchall()
        return [(UUID(row[0]), Bookmark(row[1], row[0])) for row in found]

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
        seen, principals = _seen_by(user, "letters")
        where, parameters = (" AND state = ?", [state.value]) if state else ("", [])
        if after is not None:
            where += " AND (case_id, letter) > (?, ?)"
            parameters += [one.hex for one in after]
        statement = f"""
            SELECT case_id, letter FROM letters WHERE school = ? {where} AND {seen}
            ORDER BY case_id, letter LIMIT ?"""  # noqa: S608 marks are "?" only
        with self._database.reading() as connection:
            found = connection.execute(
                statement, (user.school, *parameters, *principals, limit)
            ).fetchall()
        return [(UUID(case_id), UUID(letter)) for case_id, letter in found]

    def case_of_letter(self, letter: UUID) -> UUID | None:
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT case_id FROM letters WHERE letter = ?", (letter.hex,)
            ).fetchone()
        return None if row is None else UUID(row[0])

    def passed(self, now: datetime, limit: int = 500) -> list[Passed]:
        """Return open deadlines that have passed, the oldest first."""
        with self._database.reading() as connection:
            found = connection.execute(
                "SELECT school, case_id, due FROM deadlines JOIN cases USING (case_id) "
                "WHERE due_at <= ? ORDER BY due_at LIMIT ?",
                (_stamp(now), limit),
            ).fetchall()
        return [Passed(SchoolId(s), UUID(c), Due(d)) for s, c, d in found]


def _put(connection: Connection, case: Case) -> None:
    key = case.id.hex
    for table in _TABLES_OF_A_CASE:
        connection.execute(f"DELETE FROM {table} WHERE case_id = ?", (key,))  # noqa: S608
    due = [d.due_at for d in case.deadlines.values() if d.state in OPEN_DEADLINES]
    connection.execute(
        "INSERT INTO cases VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            key,
            case.school,
            case.reference,
            case.stage,
            case.version,
            _stamp(case.reported_at),
            _stamp(min(due)) if due else None,
        ),
    )
    to = audience(case)
    for table, roles, users in (
        ("seen_by", to.roles, to.users),
        ("walled_from", to.walled_roles, to.walled_users),
    ):
        principals = {f"role:{role}" for role in roles} | {f"user:{user.hex}" for user in users}
        _put_all(connection, table, ((key, p) for p in sorted(principals)))
    _put_all(connection, "open_tracks", ((key, track) for track in _open_tracks(case)))
    _put_all(
        connection,
        "deadlines",
        (
            (key, due, _stamp(d.due_at))
            for due, d in case.deadlines.items()
            if d.state is DeadlineState.OPEN
        ),
    )
    _put_all(
        connection,
        "letters",
        ((x.letter.hex, key, case.school, x.state) for x in case.letters.values()),
    )


def _put_all(connection: Connection, table: str, rows: Iterable[tuple[str, ...]]) -> None:
    for row in rows:
        marks = ",".join("?" * len(row))
        connection.execute(f"INSERT INTO {table} VALUES ({marks})", row)  # noqa: S608


def _open_tracks(case: Case) -> Iterator[str]:
    if case.open_referrals:
        yield "referral"
    if case.needs_moderation:
        yield "moderation"
    if case.open_letters:
        yield "letter"


def _narrowed(filters: Filters, now: datetime) -> tuple[str, list[str | int]]:
    where = ""
    parameters: list[str | int] = []
    if filters.stage is not None:
        where, parameters = where + " AND stage = ?", [*parameters, filters.stage.value]
    if filters.track is not None:
        where += " AND case_id IN (SELECT case_id FROM open_tracks WHERE track = ?)"
        parameters.append(filters.track)
    if filters.overdue is not None:
        late = "next_due IS NOT NULL AND next_due <= ?"
        where += f" AND {late}" if filters.overdue else f" AND NOT ({late})"
        parameters.append(_stamp(now))
    if filters.reference is not None:
        where += " AND substr(reference, 1, ?) = ?"
        parameters += [len(filters.reference), filters.reference.upper()]
    return where, parameters


def _seen_by(user: User, table: str) -> tuple[str, list[str]]:
    """Return the condition that a row's case may be seen by the user, and its parameters."""
    principals = sorted(_principals(user))
    marks = ",".join("?" * len(principals))
    condition = f"""case_id IN (SELECT case_id FROM seen_by WHERE principal IN ({marks}))
        AND NOT EXISTS (SELECT 1 FROM walled_from w
            WHERE w.case_id = {table}.case_id AND principal IN ({marks}))"""  # noqa: S608
    return condition, [*principals, *principals]


def _principals(user: User) -> frozenset[str]:
    roles = {f"role:{role}" for role in user.roles}
    return frozenset(roles | ({f"user:{user.id.hex}"} if user.id else set()))


def _stamp(moment: datetime) -> str:
    """RFC 3339 in UTC with microseconds: as text it sorts as in time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
