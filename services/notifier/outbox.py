"""What incidents is to be told, in order, noted in the same transaction as what it tells of."""

import sqlite3
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import msgspec

from notifier.database import Database, written
from notifier.messages import Outcome, type_of


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An outcome in its place in the order of telling. `data` is one of `messages.OUTCOMES`."""

    position: int
    event_id: UUID
    letter_id: UUID
    type: str
    time: datetime
    data: dict[str, Any]


class Outbox:
    """The table `outcomes`. Positions grow, and none is ever given twice."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def tell(self, outcome: Outcome, now: datetime) -> None:
        """Note an outcome as the next one. The same history of a letter gives the same ids."""
        letter_id = str(outcome.letter_id)
        with self._database.transaction() as connection:
            [before] = connection.execute(
                "SELECT count(*) FROM outcomes WHERE letter_id = ?", (letter_id,)
            ).fetchone()
            connection.execute(
                "INSERT INTO outcomes (event_id, letter_id, type, time, data)"
                " VALUES (?, ?, ?, ?, ?)",
                (
                    str(uuid5(outcome.letter_id, f"{type_of(type(outcome))} {before}")),
                    letter_id,
                    type_of(type(outcome)),
                    written(now),
                    msgspec.json.encode(outcome),
                ),
            )

    def take_over(self, told: Told) -> None:
        """Note an outcome that was published at this position before; there must be none yet."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO outcomes (position, event_id, letter_id, type, time, data)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (
                    told.position,
                    str(told.event_id),
                    str(told.letter_id),
                    told.type,
                    written(told.time),
                    msgspec.json.encode(told.data),
                ),
            )

    def after(self, position: int, limit: int = 100) -> list[Told]:
        """Return the next outcomes behind `position`, in order."""
        return self._told(
            "SELECT * FROM outcomes WHERE position > ? ORDER BY position LIMIT ?", position, limit
        )

    def about(self, letter_id: UUID) -> list[Told]:
        """Return everything told about a letter, in order."""
        return self._told(
            "SELECT * FROM outcomes WHERE letter_id = ? ORDER BY position", str(letter_id)
        )

    def last_position(self) -> int:
        """Return the position of the last outcome, 0 when there is none."""
        found = self._database.row("SELECT max(position) FROM outcomes")
        return (found[0] if found else None) or 0

    def _told(self, sql: str, *values: object) -> list[Told]:
        return [_read(row) for row in self._database.rows(sql, *values)]


def _read(row: sqlite3.Row) -> Told:
    return msgspec.convert(
        {**dict(row), "data": msgspec.json.decode(row["data"])}, Told, strict=False
    )
