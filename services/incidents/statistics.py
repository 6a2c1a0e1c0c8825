"""Termly figures for governors: a read model of its own that follows the log.

It holds ids, codes and times, no words and nobody. A case counts in the term it was reported in.
Every figure is about the cases that exist for whoever asks: one that he is walled from is in none
of them, nor in anything that they add up to, so that no difference between two of them leads to it.
Small numbers are suppressed, in a way that they can't be worked out either.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from threading import Event as Signal
from typing import Final, NamedTuple
from uuid import UUID

import msgspec

from durable import Connection, Place, Schema
from incidents.domain.access import audience
from incidents.domain.assessment import DecisionNotToRefer, MarkedOutOfScope
from incidents.domain.breach import BreachRuledOut, IcoDecided, SubjectsNotInformed
from incidents.domain.deadlines import Calendar
from incidents.domain.facts import Event, SchoolId
from incidents.domain.moderation import AudienceNoticeWaived
from incidents.domain.press import PressResponseDeclined
from incidents.domain.school import User
from incidents.domain.state import Case
from incidents.domain.suppression import Told, is_small, told, told_marks, told_parts
from incidents.domain.timers import DeadlineMissed, DeadlineWaived
from incidents.domain.vocabulary import (
    Agency,
    Category,
    DeadlineState,
    Due,
    Kind,
    Outcome,
    Route,
    Stage,
)
from incidents.store import Store, Stored

STATISTICS: Final = Schema(
    "statistics",
    (
        """CREATE TABLE counted (
            case_id TEXT PRIMARY KEY, version INTEGER NOT NULL
        ) WITHOUT ROWID""",
        """CREATE TABLE marks (
            school TEXT NOT NULL, term TEXT NOT NULL, what TEXT NOT NULL, value TEXT NOT NULL,
            case_id TEXT NOT NULL, item TEXT NOT NULL,
            PRIMARY KEY (school, term, what, value, case_id, item)
        ) WITHOUT ROWID""",
        "CREATE INDEX marks_of ON marks (case_id)",
        """CREATE TABLE walls (
            school TEXT NOT NULL, principal TEXT NOT NULL, case_id TEXT NOT NULL,
            PRIMARY KEY (school, principal, case_id)
        ) WITHOUT ROWID""",
        "CREATE INDEX walls_of ON walls (case_id)",
        """CREATE TABLE missed (
            case_id TEXT NOT NULL, due TEXT NOT NULL, PRIMARY KEY (case_id, due)
        ) WITHOUT ROWID""",
        """CREATE TABLE decisions (
            school TEXT NOT NULL, decided_at TEXT NOT NULL, case_id TEXT NOT NULL,
            version INTEGER NOT NULL, decision TEXT NOT NULL,
            PRIMARY KEY (school, decided_at, case_id, version)
        ) WITHOUT ROWID""",
        "CREATE TABLE followed (only_row INTEGER PRIMARY KEY, position INTEGER NOT NULL)",
        "INSERT INTO followed VALUES (1, 0)",
    ),
)
BATCH: Final = 500
_DECODE: Final = msgspec.json.Decoder(Case).decode


class Season(StrEnum):
    """The three terms of a school year, by the months they lie in: the same for every school."""

    AUTUMN = "autumn"
    SPRING = "spring"
    SUMMER = "summer"


_BEGINS: Final[Mapping[Season, int]] = {Season.SPRING: 1, Season.SUMMER: 4, Season.AUTUMN: 9}


class Period(NamedTuple):
    """One term: the half-open range of its days."""

    year: int
    season: Season

    @property
    def name(self) -> str:
        return f"{self.year}-{self.season}"

    @property
    def first(self) -> date:
        return date(self.year, _BEGINS[self.season], 1)

    @property
    def after(self) -> date:
        """The day after its last."""
        match self.season:
            case Season.SPRING:
                return date(self.year, 4, 1)
            case Season.SUMMER:
                return date(self.year, 9, 1)
            case Season.AUTUMN:
                return date(self.year + 1, 1, 1)

    @classmethod
    def named(cls, name: str) -> "Period":
        """Return the term of this name, like 2026-autumn."""
        year, _, season = name.partition("-")
        return cls(int(year), Season(season))

    @classmethod
    def of(cls, day: date) -> "Period":
        """Return the term a day lies in."""
        season = max((s for s, month in _BEGINS.items() if month <= day.month), key=_BEGINS.get)  # type: ignore[arg-type]
        return cls(day.year, season)


class Decision(StrEnum):
    """A decision not to do something that might have been done."""

    NOT_REFERRED = "not_referred"
    OUT_OF_SCOPE = "out_of_scope"
    AUDIENCE_NOT_INFORMED = "audience_not_informed"
    PRESS_NOT_ANSWERED = "press_not_answered"
    BREACH_RULED_OUT = "breach_ruled_out"
    ICO_NOT_TOLD = "ico_not_told"
    PEOPLE_NOT_INFORMED = "people_not_informed"
    DEADLINE_WAIVED = "deadline_waived"


_DECIDED: Final[Mapping[type[Event], Decision]] = {
    DecisionNotToRefer: Decision.NOT_REFERRED,
    MarkedOutOfScope: Decision.OUT_OF_SCOPE,
    AudienceNoticeWaived: Decision.AUDIENCE_NOT_INFORMED,
    PressResponseDeclined: Decision.PRESS_NOT_ANSWERED,
    BreachRuledOut: Decision.BREACH_RULED_OUT,
    IcoDecided: Decision.ICO_NOT_TOLD,
    SubjectsNotInformed: Decision.PEOPLE_NOT_INFORMED,
    DeadlineWaived: Decision.DEADLINE_WAIVED,
}
_WATCHED: Final = frozenset({DeadlineMissed.TOPIC, *(event.TOPIC for event in _DECIDED)})

_UNFINISHED: Final = tuple(s for s in Stage if s not in (Stage.RESOLVED, Stage.CLOSED))
_OUT_OF_SCOPE: Final = "out_of_scope"
ENDED: Final = (_OUT_OF_SCOPE, *Outcome)
"""How many are at a stage is bounded by how many were referred or have a route: only how a case
ended covers a small number there."""
PROGRESS: Final = (*_UNFINISHED, *ENDED)
"""How far a case has come, or how it ended: one table, for two would tell of each other."""
NOT_ACTED: Final = tuple(d for d in Decision if d is not Decision.OUT_OF_SCOPE)
"""That one stands in `PROGRESS` already."""
IN_TIME: Final = (DeadlineState.WAIVED, DeadlineState.OPEN, DeadlineState.MET)
"""How many were missed is bounded by how many cases are overdue: they cover nothing."""
DEADLINES: Final = (DeadlineState.MISSED, *IN_TIME)


class Figures(msgspec.Struct, frozen=True):
    """One table. Where it is withheld, not even its zeros are told; null is a number not told."""

    withheld: bool
    counts: dict[str, int | None]


class Termly(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one term. `cases` is how many were reported in it."""

    term: str
    first_day: date
    last_day: date
    cases: int | None
    kind: Figures
    progress: Figures
    """The stage of those that are not finished, the outcome of those that are."""
    route: Figures
    """Of those that were handled inside the school."""
    category: Figures
    """A case may be of several."""
    agency: Figures
    """Cases referred to each; a case may be referred to several."""
    not_acted: Figures
    """Cases with a decision not to do something, by what."""
    deadlines: Figures
    """Deadlines of all kinds; one that was missed stays so, also if it was met later."""
    overdue: Figures
    """Cases on which something is overdue now."""


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
        watched = [one for one in batch if one.topic in _WATCHED]
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
        return Period.of(self._calendars[case.school].local(case.reported_at).date()).name

    # ── reading ───────────────────────────────────────────────────────────────────────────────────

    def termly(self, user: User, period: Period) -> Termly:
        """Return the figures of a term, as far as its cases exist for this user."""
        counts = self._counts(user, period.name)
        cases = counts.get(("case", ""), 0)

        def of(what: str, values: Iterable[str]) -> dict[str, int]:
            return {value: counts.get((what, value), 0) for value in values}

        def parts(what: str, values: Iterable[str], covers: Sequence[str] | None = None) -> Figures:
            # Of so few cases nothing is told: each has two deadlines at least.
            return _figures(None if is_small(cases) else told_parts(of(what, values), covers))

        def marks(what: str, values: Iterable[str], *, at_least_one: bool = False) -> Figures:
            return _figures(told_marks(of(what, values), cases, at_least_one=at_least_one))

        return Termly(
            term=period.name,
            first_day=period.first,
            last_day=date.fromordinal(period.after.toordinal() - 1),
            cases=told(cases),
            kind=parts("kind", Kind),
            progress=parts("progress", PROGRESS, covers=ENDED),
            route=parts("route", Route),
            category=marks("category", Category, at_least_one=True),
            agency=marks("agency", Agency),
            not_acted=marks("not_acted", NOT_ACTED),
            deadlines=parts("deadline", DEADLINES, covers=IN_TIME),
            overdue=marks("overdue", ("overdue",)),
        )

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

    def _counts(self, user: User, term: str) -> Mapping[tuple[str, str], int]:
        walls, values = _not_walled(user, "m")
        with self.database.reading() as connection:
            rows = connection.execute(
                "SELECT m.what, m.value, count(*) FROM marks m "  # noqa: S608 marks are "?" only
                f"WHERE m.school = ? AND m.term = ?{walls} GROUP BY m.what, m.value",
                (user.school, term, *values),
            ).fetchall()
        return {(what, value): int(number) for what, value, number in rows}


def _figures(shown: Told | None) -> Figures:
    return Figures(withheld=shown is None, counts=dict(shown or {}))


# ── what is kept of a case ────────────────────────────────────────────────────────────────────────


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
        decision = _DECIDED[type(event)].value
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
    marks = _marks(case, {Due(row[0]) for row in missed.fetchall()})
    marks += _decisions_of(connection, case_id)
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


Mark = tuple[str, str, str]
"""What is counted, which value of it, and of which item where a case has several."""


def _marks(case: Case, missed: set[Due]) -> list[Mark]:
    found: list[Mark] = [
        ("case", "", ""),
        ("kind", case.kind, ""),
        ("progress", _progress(case), ""),
    ]
    if case.route is not None:
        found.append(("route", case.route, ""))
    found += [("category", category, "") for category in case.categories]
    found += [("agency", agency, "") for agency in case.referrals]
    states = {due: deadline.state for due, deadline in case.deadlines.items()}
    if DeadlineState.MISSED in states.values():
        found.append(("overdue", "overdue", ""))
    for due, state in states.items():
        found.append(("deadline", DeadlineState.MISSED if due in missed else state, due))
    return found


def _progress(case: Case) -> str:
    if case.stage in _UNFINISHED:
        return case.stage
    return case.outcome or _OUT_OF_SCOPE


def _decisions_of(connection: Connection, case_id: str) -> list[Mark]:
    rows = connection.execute(
        "SELECT DISTINCT decision FROM decisions WHERE case_id = ?", (case_id,)
    )
    return [("not_acted", row[0], "") for row in rows.fetchall()]


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
