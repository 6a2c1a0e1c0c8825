"""What incidents is to be told, in order, noted in the same transaction as what it tells of."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import msgspec

from durable import Connection, Database, Row
from notifier.database import first, found, written
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
    """The table `outcomes`. Positions grow by one, and none is ever given twice."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def tell(
        self, connection: Connection, outcome: Outcome, now: datetime, told_before: int
    ) -> None:
        """Note an outcome as the next one, in the transaction that it tells of.

        `told_before` is how many were told about the letter: the same history of a letter gives
        the same ids.
        """
        connection.execute(
            "INSERT INTO outcomes (position, event_id, letter_id, type, time, data)"
            " SELECT coalesce(max(position), 0) + 1, ?, ?, ?, ?, ? FROM outcomes",
            (
                str(uuid5(outcome.letter_id, f"{type_of(type(outcome))} {told_before}")),
                str(outcome.letter_id),
                type_of(type(outcome)),
                written(now),
                msgspec.json.encode(outcome),
            ),
        )

    def take_over(self, connection: Connection, told: Told) -> None:
        """Note an outcome that was published at this position before; there must be none yet."""
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
        rows = found(
            self._database,
            "SELECT * FROM outcomes WHERE position > ? ORDER BY position LIMIT ?",
            position,
            limit,
        )
        return [_told(row) for row in rows]

    def about(self, connection: Connection, letters: Sequence[str]) -> list[Told]:
        """Return everything told about these letters, in order."""
        marks = ", ".join("?" * len(letters))
        query = f"SELECT * FROM outcomes WHERE letter_id IN ({marks}) ORDER BY position"  # noqa: S608
        rows = connection.execute(query, letters)
        return [_told(row) for row in rows]

    def last_position(self) -> int:
        """Return the position of the last outcome, 0 when there is none."""
        last: int = first(self._database, "SELECT coalesce(max(position), 0) FROM outcomes")[0]
        return last


def _told(row: Row) -> Told:
    return msgspec.convert(
        {**dict(row), "data": msgspec.json.decode(row["data"])}, Told, strict=False
    )
