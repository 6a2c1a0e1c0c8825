"""The ledger: one row per letter and recipient, moved only as the table of fates allows.

A move, and what is to be told about it, are one transaction: when it returns, both are on the disk.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final, NamedTuple, TypeVar
from uuid import UUID, uuid5

import msgspec

from durable import Connection, Database, Row
from notifier.clock import Clock
from notifier.database import first, found, written
from notifier.fates import Happening, State, moves
from notifier.messages import (
    LetterDrafted,
    LetterFailed,
    LetterSent,
    LetterUncertain,
    LetterWithdrawn,
    Outcome,
    type_of,
)
from notifier.outbox import Outbox, Told

DRAFTED: Final = type_of(LetterDrafted)
TOLD: Final[Mapping[str, State]] = MappingProxyType(
    {
        DRAFTED: State.DRAFTED,
        type_of(LetterSent): State.ACCEPTED,
        type_of(LetterUncertain): State.UNCERTAIN,
        type_of(LetterFailed): State.FAILED,
        type_of(LetterWithdrawn): State.CANCELLED,
    }
)
"""The state a letter is in once this was the last thing told about it."""


class NoSuchMove(Exception):
    """This cannot happen to a letter in its state, or there is no such letter. Nothing changed."""

    def __init__(self, state: State | None, happening: Happening) -> None:
        super().__init__(
            f"{happening.value}: not while it is {state.value if state else 'unknown'}"
        )
        self.state = state


class NewLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A letter that an event asks for. After `not_after` it is not sent any more."""

    letter_id: UUID
    event_id: UUID
    school: str
    case_id: UUID
    letter: str
    is_alert: bool
    form: str
    audience: str
    recipient_ref: UUID | None
    not_after: datetime


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What a letter was made from, and the SHA-256 of what was made and kept."""

    media_type: str
    document: str
    data_hash: str
    template_hash: str


class LetterRow(NewLetter, frozen=True, kw_only=True):
    """A row of the ledger. `number` grows with age; `failures` counts tries, `silences` the
    questions that incidents has left unanswered since it last answered one."""

    number: int
    state: State
    reason: str | None
    created_at: datetime
    changed_at: datetime
    next_at: datetime
    failures: int
    silences: int
    is_repeat: bool
    media_type: str | None
    document: str | None
    data_hash: str | None
    template_hash: str | None


_NEW: Final = (
    "letter_id, event_id, school, case_id, letter, is_alert, form, audience, recipient_ref,"
    " not_after, state, created_at, changed_at, next_at"
)
_MARKS: Final = f"({', '.join('?' * len(_NEW.split(',')))})"
_DRAFT: Final = ", ".join(f"{column} = coalesce(?, {column})" for column in Draft.__struct_fields__)
_NO_DRAFT: Final = (None,) * len(Draft.__struct_fields__)


class Ledger:
    """The table `letters`, and through `outbox` what is to be told of each."""

    def __init__(self, database: Database, outbox: Outbox, clock: Clock) -> None:
        self._database = database
        self._outbox = outbox
        self._clock = clock

    def add(self, letters: Sequence[NewLetter]) -> None:
        """Add rows for letters that are not there yet. An alert needs no draft: it is queued."""
        if not letters:
            return
        now = written(self._clock())
        with self._database.writing() as connection:
            added = connection.execute(
                f"INSERT INTO letters ({_NEW}) VALUES {', '.join([_MARKS] * len(letters))}"  # noqa: S608
                " ON CONFLICT (letter_id) DO NOTHING RETURNING letter_id",
                [value for letter in letters for value in (*_values(letter), now, now, now)],
            ).fetchall()
            if added:
                self._believe(connection, [letter_id for (letter_id,) in added])

    def move(
        self,
        letter_id: UUID,
        happening: Happening,
        *,
        reason: str | None = None,
        next_at: datetime | None = None,
        failed_try: bool = False,
        is_repeat: bool = False,
        draft: Draft | None = None,
        not_after: datetime | None = None,
        tell: Outcome | None = None,
    ) -> State:
        """Move the letter as the table says, and note what is to be told. Return its new state.

        `not_after` gives it new time, from a person's word on.

        Raises `NoSuchMove` when the table has none for the state the letter is in by now.
        """
        table = _MOVES[happening]
        now = self._clock()
        with self._database.writing() as connection:
            moved = connection.execute(
                table.statement,
                (
                    reason,
                    written(now),
                    written(next_at or now),
                    written(not_after) if not_after else None,
                    int(failed_try),
                    int(is_repeat),
                    *(msgspec.structs.astuple(draft) if draft else _NO_DRAFT),
                    *table.values,
                    str(letter_id),
                ),
            ).fetchone()
            if moved is None:
                raise NoSuchMove(self._state(connection, letter_id), happening)
            state, told_before = moved
            if tell is not None:
                self._outbox.tell(connection, tell, now, told_before)
        return State(state)

    def ask_later(self, letter_id: UUID, next_at: datetime, reason: str) -> None:
        """Leave the letter as it is until `next_at`: incidents has not answered a question."""
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE letters SET silences = silences + 1, next_at = ?, reason = ?"
                " WHERE letter_id = ?",
                (written(next_at), reason, str(letter_id)),
            )

    def letter(self, letter_id: UUID) -> LetterRow | None:
        """Return a letter's row."""
        rows = self._letters("SELECT * FROM letters WHERE letter_id = ?", str(letter_id))
        return rows[0] if rows else None

    def letters(self) -> list[LetterRow]:
        """Return every row, oldest first."""
        return self._letters("SELECT * FROM letters ORDER BY number")

    def in_state(self, state: State) -> list[LetterRow]:
        """Return the rows in this state, oldest first."""
        return self._letters("SELECT * FROM letters WHERE state = ? ORDER BY number", state.value)

    def left_in_the_middle(self) -> list[LetterRow]:
        """Return the rows that are being sent, oldest first, however the last commits have ended.

        It waits for a turn to write: a commit whose answer was lost is through, or never will be.
        """
        query = "SELECT * FROM letters WHERE state = ? ORDER BY number"
        with self._database.writing() as connection:
            return _rows(connection.execute(query, (State.SENDING.value,)))

    def due(self, limit: int) -> list[LetterRow]:
        """Return what is to be done now: alerts first, of each case the oldest alert and letter."""
        return self._letters(
            "SELECT * FROM letters WHERE number IN"
            " (SELECT min(number) FROM waiting WHERE next_at <= ? GROUP BY case_id, is_alert)"
            " ORDER BY is_alert DESC, number LIMIT ?",
            written(self._clock()),
            limit,
        )

    def stale(self) -> list[LetterRow]:
        """Return the rows that have become too late to send."""
        return self._letters(
            "SELECT * FROM perishable WHERE not_after <= ? ORDER BY number", written(self._clock())
        )

    def next_due(self) -> datetime | None:
        """Return when a row becomes due or stale next, after now."""
        now = written(self._clock())
        [at] = first(
            self._database,
            "SELECT min(at) FROM ("
            "SELECT min(next_at) AS at FROM waiting WHERE next_at > ? UNION ALL"
            " SELECT min(not_after) FROM perishable WHERE not_after > ?) AS times",
            now,
            now,
        )
        return datetime.fromisoformat(at) if at else None

    def believe(self, told: Told) -> None:
        """Take over an outcome that was published before this ledger was restored from a copy."""
        with self._database.writing() as connection:
            self._outbox.take_over(connection, told)
            self._believe(connection, [str(told.letter_id)])

    def _believe(self, connection: Connection, letters: Sequence[str]) -> None:
        """Bring letters to where the outcomes say they are; they may be older than their rows."""
        for told in self._outbox.about(connection, letters):
            state, draft = TOLD[told.type], _NO_DRAFT
            if told.type == DRAFTED:
                drafted = msgspec.convert(told.data, LetterDrafted)
                draft = msgspec.structs.astuple(msgspec.convert(told.data, Draft))
                state = State.DRAFTED if drafted.needs_approval else State.QUEUED
            connection.execute(
                f"UPDATE letters SET state = ?, reason = 'told-before', {_DRAFT}"  # noqa: S608
                " WHERE letter_id = ?",
                (state.value, *draft, str(told.letter_id)),
            )

    def _state(self, connection: Connection, letter_id: UUID) -> State | None:
        query = "SELECT state FROM letters WHERE letter_id = ?"
        row = connection.execute(query, (str(letter_id),)).fetchone()
        return State(row[0]) if row else None

    def _letters(self, sql: str, *values: object) -> list[LetterRow]:
        return _rows(found(self._database, sql, *values))


def _rows(rows: Iterable[Row]) -> list[LetterRow]:
    return [msgspec.convert(dict(row), LetterRow, strict=False) for row in rows]


class _Moves(NamedTuple):
    """What a happening does to a letter, as one statement: it moves, or no row is found."""

    statement: str
    values: tuple[object, ...]

    @classmethod
    def of(cls, happening: Happening) -> "_Moves":
        rows = [
            (int(is_alert), before.value, after.value)
            for is_alert in (False, True)
            for (before, what), after in moves(is_alert).items()
            if what is happening
        ]
        # RETURNING sees the outcomes that were told before this.
        marks = ", ".join(["(?, ?, ?)"] * len(rows))
        statement = f"""UPDATE letters SET state = move.column3, reason = ?, changed_at = ?,
            next_at = ?, not_after = coalesce(?, not_after), silences = 0,
            failures = failures + ?, is_repeat = is_repeat | ?, {_DRAFT}
            FROM (VALUES {marks}) AS move
            WHERE letter_id = ? AND is_alert = move.column1 AND state = move.column2
            RETURNING state,
            (SELECT count(*) FROM outcomes WHERE outcomes.letter_id = letters.letter_id)
            """  # noqa: S608 - marks, and our own columns
        return cls(statement, tuple(value for row in rows for value in row))


_MOVES: Final = MappingProxyType({happening: _Moves.of(happening) for happening in Happening})


def letter_id(event_id: UUID, letter: str, recipient_ref: UUID | None) -> UUID:
    """Return the id of the letter that an event asks for: the same whenever it is asked."""
    return uuid5(event_id, f"{letter}:{recipient_ref or '-'}")


Kind = TypeVar("Kind", bound=Outcome)


def outcome(kind: type[Kind], letter: NewLetter, **what: object) -> Kind:
    """Return an outcome of this kind about a letter, with `what` only this kind has."""
    about = {name: getattr(letter, name) for name in Outcome.__struct_fields__}
    return msgspec.convert({**about, **what}, kind)


def _values(letter: NewLetter) -> tuple[object, ...]:
    return (
        str(letter.letter_id),
        str(letter.event_id),
        letter.school,
        str(letter.case_id),
        letter.letter,
        int(letter.is_alert),
        letter.form,
        letter.audience,
        str(letter.recipient_ref) if letter.recipient_ref else None,
        written(letter.not_after),
        (State.QUEUED if letter.is_alert else State.NEW).value,
    )
