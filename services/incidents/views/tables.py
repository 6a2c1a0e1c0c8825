"""The tables of the views: two sets of the same, of which one is shown while the other is built.

A page of a list is one walk along an index, as long as the page and no longer: for each of what
the reader is (a role, himself) the cases are in their order, and so are those at each stage, on
each track, about each person, and those that have a deadline.
"""

from collections.abc import Iterator
from typing import Final, Literal

from durable import Schema

Set = Literal["a", "b"]
SETS: Final[tuple[Set, Set]] = ("a", "b")
KEYS: Final = {
    "cases": "case_id",
    "seen": "school, principal, reported_at, case_id",
    "on_track": "school, principal, track, reported_at, case_id",
    "about": "school, person, reported_at, case_id",
    "deadlines": "due_at, case_id, due",
    "letters": "letter",
}
"""The tables of a set, each with its key."""
TABLES: Final = tuple(KEYS)


def _steps(of: Set) -> Iterator[str]:
    yield f"""CREATE TABLE cases_{of} (
        case_id TEXT PRIMARY KEY,
        school TEXT NOT NULL,
        reference TEXT NOT NULL,
        reported_at TEXT NOT NULL,
        version INTEGER NOT NULL,
        shown BLOB NOT NULL
    ) WITHOUT ROWID"""
    yield f"CREATE INDEX by_reference_{of} ON cases_{of} (school, reference)"
    yield f"""CREATE TABLE seen_{of} (
        school TEXT NOT NULL,
        principal TEXT NOT NULL,
        reported_at TEXT NOT NULL,
        case_id TEXT NOT NULL,
        sight INTEGER NOT NULL,
        stage TEXT NOT NULL,
        kind TEXT,
        severity INTEGER,
        next_due TEXT,
        PRIMARY KEY (school, principal, reported_at, case_id)
    ) WITHOUT ROWID"""
    yield f"""CREATE INDEX at_stage_{of}
        ON seen_{of} (school, principal, stage, reported_at, case_id)"""
    yield f"""CREATE INDEX with_deadline_{of}
        ON seen_{of} (school, principal, reported_at, case_id, next_due)
        WHERE next_due IS NOT NULL"""
    yield f"""CREATE TABLE on_track_{of} (
        school TEXT NOT NULL,
        principal TEXT NOT NULL,
        track TEXT NOT NULL,
        reported_at TEXT NOT NULL,
        case_id TEXT NOT NULL,
        PRIMARY KEY (school, principal, track, reported_at, case_id)
    ) WITHOUT ROWID"""
    yield f"""CREATE TABLE about_{of} (
        school TEXT NOT NULL,
        person TEXT NOT NULL,
        reported_at TEXT NOT NULL,
        case_id TEXT NOT NULL,
        sights INTEGER NOT NULL,
        PRIMARY KEY (school, person, reported_at, case_id)
    ) WITHOUT ROWID"""
    yield f"""CREATE TABLE deadlines_{of} (
        due_at TEXT NOT NULL,
        case_id TEXT NOT NULL,
        due TEXT NOT NULL,
        school TEXT NOT NULL,
        PRIMARY KEY (due_at, case_id, due)
    ) WITHOUT ROWID"""
    yield f"""CREATE TABLE letters_{of} (
        letter TEXT PRIMARY KEY,
        case_id TEXT NOT NULL,
        school TEXT NOT NULL,
        state TEXT NOT NULL,
        reported_at TEXT NOT NULL
    ) WITHOUT ROWID"""
    yield f"CREATE INDEX letters_at_{of} ON letters_{of} (school, state, case_id, letter)"
    yield f"CREATE INDEX letters_of_{of} ON letters_{of} (school, case_id, letter)"


VIEWS: Final = Schema(
    "views",
    (
        *_steps("a"),
        *_steps("b"),
        """CREATE TABLE followed (
            name TEXT PRIMARY KEY, position INTEGER NOT NULL, live INTEGER NOT NULL
        )""",
        "INSERT INTO followed VALUES ('a', 0, 1)",
        "INSERT INTO followed VALUES ('b', 0, 0)",
    ),
    grants={
        f"{table}_{of}": "SELECT, INSERT, UPDATE, DELETE, TRUNCATE"
        for table in TABLES
        for of in SETS
    },
)
