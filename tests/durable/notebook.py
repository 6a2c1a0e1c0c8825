"""A database of notes, to try what is promised of every database."""

from collections.abc import Sequence
from typing import Final

from durable import Database, Place, Schema

SCHEMA: Final = Schema(
    "notes",
    steps=(
        """CREATE TABLE notes (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        text TEXT UNIQUE,
        data BLOB,
        number INTEGER)""",
        "CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
        "INSERT INTO counters VALUES ('turns', 0)",
        "CREATE TABLE secrets (id INTEGER PRIMARY KEY, text TEXT NOT NULL)",
    ),
    grants={"notes": "SELECT, INSERT", "counters": "SELECT, UPDATE"},
    owned=("secrets",),
)


def opened(place: Place, *, secure_delete: bool = False) -> Database:
    """Open the notes; in PostgreSQL, which the test owns, the tables are made first."""
    if not place.in_files:
        database = place.open(SCHEMA, migrate=False)
        database.migrate()
        database.close()
    return place.open(SCHEMA, secure_delete=secure_delete)


def note(database: Database, *texts: str) -> None:
    """Write the texts down in one transaction."""
    with database.writing() as connection:
        for text in texts:
            connection.execute("INSERT INTO notes (text) VALUES (?)", (text,))


def notes(database: Database) -> Sequence[str]:
    """Return the texts in their order."""
    with database.reading() as connection:
        return [text for (text,) in connection.execute("SELECT text FROM notes ORDER BY id")]
