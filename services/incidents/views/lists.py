"""One page of the cases a reader sees: a walk along an index, and then what each case says itself.

What a list is narrowed by is asked twice: of the index, so that the walk is short, and of what this
reader is shown of the case. Where the two differ, what he is shown decides.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from durable import Row
from durable.schema import Dialect
from incidents.domain.school import User
from incidents.domain.vocabulary import Kind, Stage
from incidents.views.entries import Entry
from incidents.views.lines import Principal, Track, View, principals, stamp
from incidents.views.tables import Set

_LAST: Final = "\uffff"
"""Sorts after whatever stands in a reference."""
_SAME_FOR_ALL: Final = "CW-"
_SAME_FOR_MANY: Final = "CW-0"
"""So much of a reference is that of every thirtieth case: they are come across on the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a list is narrowed to.

    `reference` matches from its beginning, `person` whoever has a part in the case as a person or
    as a user; `due_after` and `due_before` look at the next deadline that is open. A time "from" or
    "after" is in, one "to" or "before" is out.
    """

    stage: Stage | None = None
    track: Track | None = None
    overdue: bool | None = None
    due_after: datetime | None = None
    due_before: datetime | None = None
    person: UUID | None = None
    reported_from: datetime | None = None
    reported_to: datetime | None = None
    kind: Kind | None = None
    severity: int | None = None
    reference: str | None = None

    @property
    def needs_deadline(self) -> bool:
        """Whether only cases with an open deadline can be found."""
        return bool(self.overdue or self.due_after or self.due_before)


@dataclass(frozen=True, slots=True)
class Bookmark:
    """Where a page of a list ended."""

    reported_at: str
    case_id: str


@dataclass(frozen=True, slots=True)
class Line:
    """A case in a list: its line in JSON, and the version of the case that it tells of."""

    case_id: str
    """In hex, as the views have it."""
    version: int
    json: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """Lines, newest case first, and where the list goes on; None when it ends."""

    lines: list[Line]
    next: Bookmark | None


class Reader:
    """Somebody who looks at a list now: what he is, and what he has narrowed it to."""

    def __init__(self, user: User, filters: Filters, now: datetime) -> None:
        self._school = user.school
        self._principals = principals(user)
        self._filters = filters
        self._is_narrowed = filters != Filters()
        self._now = stamp(now)

    def line(self, entry: Entry) -> Line | None:
        """Return the line of a case, if he sees it and the filters fit what he sees."""
        view = entry.shown.to(self._principals) if entry.school == self._school else None
        if view is None:
            return None
        late = view.next_due is not None and view.next_due <= self._now
        if self._is_narrowed and not self._fits(entry, view, late):
            return None
        text = bytes(view.line)
        return Line(entry.case_id, entry.version, _late(text) if late else text)

    def page(self, rows: Sequence[Row], limit: int) -> Page:
        """Return what rows of a `Walk` hold for him."""
        lines, last = list[Line](), ""
        for row in rows:
            # A case that he sees as more than one comes as often, one after the other.
            if row[0] != last and (found := self.line(Entry.read(row))):
                lines.append(found)
            last = row[0]
        place = Bookmark(rows[-1][3], last) if len(rows) == limit else None
        return Page(lines, place)

    def _fits(self, entry: Entry, view: View, late: bool) -> bool:
        filters = self._filters
        return (
            filters.stage in (None, entry.shown.stage)
            and filters.kind in (None, view.kind)
            and filters.severity in (None, view.severity)
            and filters.overdue in (None, late)
            and (filters.person is None or filters.person.hex in view.people)
            and self._is_on_track(entry, view)
            and _within(view.next_due, filters.due_after, filters.due_before)
            and _within(entry.reported_at, filters.reported_from, filters.reported_to)
            and entry.reference.startswith((filters.reference or "").upper())
        )

    def _is_on_track(self, entry: Entry, view: View) -> bool:
        track = self._filters.track
        return track is None or track in entry.shown.tracks_to(self._principals, view)


def may_be_reference(begins: str | None) -> bool:
    """Whether any reference begins like this. Otherwise the whole list would be walked for none."""
    said = (begins or "").upper()
    return said.startswith(_SAME_FOR_ALL[: len(said)])


def is_reference(said: str) -> bool:
    """Whether this is to be looked for among the references."""
    return said.upper().startswith(_SAME_FOR_ALL)


def _late(text: bytes) -> bytes:
    return text[:-1] + b',"overdue":true}'


def _within(moment: str | None, start: datetime | None, end: datetime | None) -> bool:
    if start is None and end is None:
        return True
    return (
        moment is not None
        and (start is None or moment >= stamp(start))
        and (end is None or moment < stamp(end))
    )


# ── the walk ──────────────────────────────────────────────────────────────────────────────────────


_NEWEST_FIRST: Final = " ORDER BY reported_at DESC, case_id DESC LIMIT ?"


class Walk:
    """The statement that walks to a page, put together for one reader and his filters."""

    def __init__(
        self,
        of: Set,
        dialect: Dialect,
        user: User,
        filters: Filters,
        now: datetime,
        after: Bookmark | None,
        limit: int,
    ) -> None:
        self._of = of
        self._dialect = dialect
        self._user = user
        self._filters = filters
        self._now = now
        self._after = after
        self._limit = limit
        self.values: list[str | int] = []
        arms = [self._arm(principal) for principal in sorted(principals(user))]
        self.statement = " UNION ALL ".join(arms) + _NEWEST_FIRST
        self.values.append(limit)

    def _arm(self, principal: Principal) -> str:
        """Walk along what one of the reader's principals sees."""
        along, where = self._along(principal)
        first = "s" if along == "seen" else "k"
        conditions = [
            *where,
            self._is("s.school", self._user.school),
            self._is("s.principal", principal),
            *self._narrowed(),
            *self._place(first),
            "c.case_id = s.case_id",
            f"EXISTS (SELECT 1 FROM followed WHERE name = '{self._of}' AND live = 1)",  # noqa: S608 ours
        ]
        arm = (
            f"SELECT {first}.case_id AS case_id, c.school, c.reference, "  # noqa: S608 marks
            f"{first}.reported_at AS reported_at, c.version, c.shown "
            f"FROM {self._from(along)} CROSS JOIN cases_{self._of} c "
            f"WHERE {' AND '.join(conditions)}"
        )
        if self._dialect == "sqlite":
            return arm
        # It merges no arms in their order, but sorts them all: so each brings its first ones only.
        self.values.append(self._limit)
        return f"SELECT * FROM ({arm}{_NEWEST_FIRST}) arm"  # noqa: S608 as above

    def _along(self, principal: Principal) -> tuple[str, list[str]]:
        """Return the table whose order is walked along, and what its rows have to be."""
        filters, joined = self._filters, "s.reported_at = k.reported_at AND s.case_id = k.case_id"
        if filters.person is not None:
            is_named = [
                self._is("k.school", self._user.school),
                self._is("k.person", filters.person.hex),
            ]
            return "about", [*is_named, joined, "(k.sights & s.sight) <> 0"]
        if filters.track is not None:
            is_on_it = [
                self._is("k.school", self._user.school),
                self._is("k.principal", principal),
                self._is("k.track", filters.track),
            ]
            return "on_track", [*is_on_it, joined]
        if filters.reference is not None and len(filters.reference) > len(_SAME_FOR_MANY):
            begins = filters.reference.upper()
            return "cases", [
                self._is("k.school", self._user.school),
                self._is("k.reference", begins, ">="),
                self._is("k.reference", begins + _LAST, "<"),
                joined,
            ]
        return "seen", []

    def _from(self, along: str) -> str:
        seen = f"seen_{self._of} s"
        if along != "seen":
            return f"{along}_{self._of} k CROSS JOIN {seen}"
        if self._dialect == "sqlite" and self._filters.needs_deadline and not self._filters.stage:
            # Without statistics it can't know that few of the cases have a deadline.
            return f"{seen} INDEXED BY with_deadline_{self._of}"
        return seen

    def _narrowed(self) -> Iterator[str]:
        filters = self._filters
        if filters.stage is not None:
            yield self._is("s.stage", filters.stage.value)
        if filters.kind is not None:
            yield self._is("s.kind", filters.kind.value)
        if filters.severity is not None:
            yield self._is("s.severity", filters.severity)
        if filters.reference is not None:
            begins = filters.reference.upper()
            yield self._is(f"substr(c.reference, 1, {len(begins)})", begins)
        if filters.needs_deadline:
            yield "s.next_due IS NOT NULL"
        if filters.overdue is True:
            yield self._is("s.next_due", stamp(self._now), "<=")
        if filters.overdue is False:
            yield f"(s.next_due IS NULL OR {self._is('s.next_due', stamp(self._now), '>')})"
        for column, start, end in (
            ("s.next_due", filters.due_after, filters.due_before),
            ("s.reported_at", filters.reported_from, filters.reported_to),
        ):
            if start is not None:
                yield self._is(column, stamp(start), ">=")
            if end is not None:
                yield self._is(column, stamp(end), "<")

    def _place(self, table: str) -> Iterator[str]:
        if self._after is not None:
            yield f"({table}.reported_at, {table}.case_id) < (?, ?)"
            self.values += [self._after.reported_at, self._after.case_id]

    def _is(self, column: str, value: str | int, how: str = "=") -> str:
        self.values.append(value)
        return f"{column} {how} ?"
