"""A process that counts in a database: each turn reads what was counted and writes one more."""

import sys
from pathlib import Path

from durable import Database, Place
from tests.durable.notebook import SCHEMA


def count(database: Database, turns: int) -> None:
    """Take so many turns."""
    for _ in range(turns):
        with database.writing() as connection:
            [value] = connection.execute("SELECT value FROM counters").fetchone()
            connection.execute("UPDATE counters SET value = ?", (value + 1,))
            connection.execute("INSERT INTO notes (number) VALUES (?)", (value + 1,))


if __name__ == "__main__":
    folder, turns, *url = sys.argv[1:]
    place = Place(Path(folder), url[0] if url else None)
    count(place.open(SCHEMA), int(turns))
