"""The read model: it follows the log, and counts what exists for whoever asks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Event as Signal
from typing import Final
from uuid import UUID

import msgspec

from durable import Connection, Place
from incidents.domain.access import audience
from incidents.domain.breach import IcoDecided
from incidents.domain.deadlines import Calendar
from incidents.domain.facts import Event, SchoolId
from incidents.domain.school import User
from incidents.domain.state import Case
from incidents.domain.timers import DeadlineMissed
from incidents.domain.vocabulary import Due
from incidents.statistics.figures import Termly, termly
from incidents.statistics.marks import DECIDED, WATCHED, Decision, decisions_of, marks_of
from incidents.statistics.periods import Period
from incidents.statistics.tables import STATISTICS
from incidents.store import Store, Stored

BATCH: Final = 500
_DECODE: Final = msgspec.json.Decoder(Case).decode


@dataclass(frozen=True, slots=True)
class Decided:
    """A line of the ledger, before it is known whether the reader may see its case."""

    decided_at: str
    case_id: UUID
    version: int
    decision: Decision

    @property
    def place(self) -> tuple[str, str, int]:
        """Where it stands in the list."""
        return self.decided_at, self.case_id.hex, self.version


class Statistics:
    """The figures of one installation, in a database that can be thrown away and built again."""

    def __init__(self, place: Place, calendars: Mapping[SchoolId, Calendar]) -> None:
        self.database = place.open(STATISTICS, synchronous="NORMAL")
        self._calendars = calendars

    def close(self) -> None:
        self.database.close()

    # ── following ─────────────────────────────────────────────────────────────────────────────────

    def follow(self, store: Store, stop: Signal) -> None:
        """Keep up with the log until `stop` is set."""
        for batch in store.follow(self.position(), stop):
            self.take(store, batch)

    def catch_up(self, store: Store) -> None:
        """Take what is in the log and not in here yet: nothing to speak of beside the worker."""
        while batch := store.log(self.position(), BATCH):
            self.take(store, batch)

    def position(self) -> int:
        """Return the position in the log up to which the figures are complete."""
        with self.database.reading() as connection:
            row = connection.execute("SELECT position FROM followed").fetchone()
        return int(row[0])

    def take(self, store: Store, batch: Sequence[Stored]) -> None:
        """Bring every case of the batch to where it stands now. Twice is as good as once."""
        watched = [one for one in batch if one.topic in WATCHED]
        events = [(one, store.decode(one)) for one in watched]
        rows = store.rows({one.stream for one in batch})
        cases = [_DECODE(row.state) for row in rows if row.kind == "case"]
        with self.database.writing() as connection:
            for one, recorded in events:
                _note(connection, one, recorded.school, recorded.recorded_at, recorded.event)
            for case in cases:
                _put(connection, case, self._term_of(case))
            connection.execute(
                "UPDATE followed SET position = ? WHERE position < ?",
                (batch[-1].position, batch[-1].position),
            )

    def _term_of(self, case: Case) -> str:
        calendar = self._calendars.get(case.school)
        # The cases of a school whose files were taken away stay, though nobody asks for them.
        moment = calendar.local(case.reported_at) if calendar else case.reported_at
        return Period.of(moment.date()).name

    # ── reading ───────────────────────────────────────────────────────────────────────────────────

    def termly(self, user: User, period: Period) -> Termly:
        """Return the figures of a term, as far as its cases exist for this user."""
        return termly(period, self.counts(user, period))

    def decided(self, user: User, after: tuple[str, str, int] | None, limit: int) -> list[Decided]:
        """Return decisions not to act, the newest first, after a place in the list.

        Cases that this user is walled from are left out; whether he sees the others is to be asked
        of each.
        """
        walls, values = _not_walled(user, "d")
        older = "" if after is None else " AND (d.decided_at, d.case_id, d.version) < (?, ?, ?)"
        with self.database.reading() as connection:
            rows = connection.execute(
                "SELECT decided_at, case_id, version, decision FROM decisions d "  # noqa: S608
                f"WHERE d.school = ?{older}{walls} "
                "ORDER BY d.decided_at DESC, d.case_id DESC, d.version DESC LIMIT ?",
                (user.school, *(after or ()), *values, limit),
            ).fetchall()
        return [Decided(at, UUID(hex=c), version, Decision(d)) for at, c, version, d in rows]

    def counts(self, user: User, period: Period) -> Mapping[tuple[str, str], int]:
        """Return how many marks of each kind and value a term has, suppressing nothing: for us."""
        walls, values = _not_walled(user, "m")
        with self.database.reading() as connection:
            rows = connection.execute(
                "SELECT m.what, m.value, count(*) FROM marks m "  # noqa: S608 marks are "?" only
                f"WHERE m.school = ? AND m.term = ?{walls} GROUP BY m.what, m.value",
                (user.school, period.name, *values),
            ).fetchall()
        return {(what, value): int(number) for what, value, number in rows}


def _note(
    connection: Connection, stored: Stored, school: SchoolId, at: datetime, event: Event
) -> None:
    case_id = stored.stream.hex
    if isinstance(event, DeadlineMissed):
        connection.execute(
            "INSERT INTO missed VALUES (?, ?) ON CONFLICT DO NOTHING", (case_id, event.due.value)
        )
    elif not (isinstance(event, IcoDecided) and event.report):
        moment = at.isoformat(timespec="microseconds")
        decision = DECIDED[type(event)].value
        connection.execute(
            "INSERT INTO decisions VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (school, moment, case_id, stored.version, decision),
        )


def _put(connection: Connection, case: Case, term: str) -> None:
    case_id = case.id.hex
    known = connection.execute(
        "SELECT version FROM counted WHERE case_id = ?", (case_id,)
    ).fetchone()
    if known is not None and known[0] > case.version:
        return
    connection.execute("DELETE FROM marks WHERE case_id = ?", (case_id,))
    connection.execute("DELETE FROM walls WHERE case_id = ?", (case_id,))
    missed = connection.execute("SELECT due FROM missed WHERE case_id = ?", (case_id,))
    marks = marks_of(case, {Due(row[0]) for row in missed.fetchall()})
    marks += decisions_of(connection, case_id)
    connection.executemany(
        "INSERT INTO marks VALUES (?, ?, ?, ?, ?, ?)",
        [(case.school, term, what, value, case_id, item) for what, value, item in marks],
    )
    connection.executemany(
        "INSERT INTO walls VALUES (?, ?, ?)",
        [(case.school, principal, case_id) for principal in _walled(case)],
    )
    connection.execute(
        "INSERT INTO counted VALUES (?, ?) "
        "ON CONFLICT (case_id) DO UPDATE SET version = excluded.version",
        (case_id, case.version),
    )


# ── walls ─────────────────────────────────────────────────────────────────────────────────────────


def _walled(case: Case) -> Iterator[str]:
    to = audience(case)
    yield from (f"role:{role}" for role in sorted(to.walled_roles))
    yield from (f"user:{user.hex}" for user in sorted(to.walled_users))


def _not_walled(user: User, table: str) -> tuple[str, list[str]]:
    """The condition that a row's case exists for this user, and its values."""
    principals = sorted(f"role:{role}" for role in user.roles)
    principals += [f"user:{user.id.hex}"] if user.id else []
    marks = ",".join("?" * len(principals))
    condition = (
        f" AND NOT EXISTS (SELECT 1 FROM walls w WHERE w.school = {table}.school "  # noqa: S608
        f"AND w.principal IN ({marks}) AND w.case_id = {table}.case_id)"
    )
    return condition, principals
