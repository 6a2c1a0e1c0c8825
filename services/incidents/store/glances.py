"""Reads of many state rows at once: for whoever follows the log, or checks what followed it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from durable import Connection
from incidents.store.records import StateRow

_ROWS: Final = "SELECT stream, school, kind, version, state FROM states WHERE "


def marks_for(values: Sequence[str]) -> tuple[str, Sequence[str]]:
    """Return the marks of an IN list and its values, filled up to a power of two.

    So there are few different statements, each prepared once. There must be a value.
    """
    room = 1 << (len(values) - 1).bit_length()
    return ",".join(["?"] * room), [*values, *[values[0]] * (room - len(values))]


def rows_of(connection: Connection, streams: Collection[UUID]) -> list[StateRow]:
    """Return the state rows of those streams that have one."""
    if not streams:
        return []
    marks, values = marks_for([stream.hex for stream in streams])
    return list(map(_row, connection.execute(f"{_ROWS}stream IN ({marks})", values).fetchall()))


def versions_of(connection: Connection, streams: Sequence[str]) -> Mapping[str, int]:
    """Return the versions of those streams that there are, by their ids in hex."""
    if not streams:
        return {}
    marks, values = marks_for(streams)
    rows = connection.execute(
        f"SELECT stream, version FROM states WHERE stream IN ({marks})",  # noqa: S608 marks
        values,
    ).fetchall()
    return {row[0]: row[1] for row in rows}


def rows_after(connection: Connection, stream: UUID | None, limit: int) -> list[StateRow]:
    """Return the state rows that come after one in the order of their streams."""
    after = stream.hex if stream else ""
    found = connection.execute(f"{_ROWS}stream > ? ORDER BY stream LIMIT ?", (after, limit))
    return list(map(_row, found.fetchall()))


def count_of(connection: Connection, kind: str) -> int:
    """Return how many streams of a kind there are."""
    row = connection.execute("SELECT count(*) FROM states WHERE kind = ?", (kind,)).fetchone()
    return int(row[0])


def events_by_stream(
    connection: Connection, after: tuple[str, int], limit: int
) -> list[StoredEvent]:
    """Return events in the order of their streams, and of each in that of its versions.

    They come after a stream (its id in hex) and a version of it.
    """
    rows = connection.execute(
        "SELECT originator_id, originator_version, topic, state FROM stored_events "
        "WHERE (originator_id, originator_version) > (?, ?) "
        "ORDER BY originator_id, originator_version LIMIT ?",
        (*after, limit),
    ).fetchall()
    return [StoredEvent(UUID(row[0]), *tuple(row)[1:]) for row in rows]


def _row(row: Sequence[object]) -> StateRow:
    return StateRow(UUID(str(row[0])), *tuple(row)[1:])  # type: ignore[arg-type]  # as written
