"""The tables of the figures: marks to be counted, walls, and decisions not to act."""

from typing import Final

from durable import Schema

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
