"""Tables are made by steps that are taken once, by as many programs at once as like."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from durable import Database, MustMigrate, Place, Schema, Step, only
from tests.durable.notebook import SCHEMA, note, notes, opened

LATER = replace(
    SCHEMA,
    steps=(
        *SCHEMA.steps,
        "ALTER TABLE notes ADD COLUMN colour TEXT NOT NULL DEFAULT 'white'",
        *only("sqlite", "CREATE INDEX notes_by_number ON notes (number)"),
        *only("postgresql", "CREATE INDEX notes_by_number ON notes USING hash (number)"),
    ),
)


def migrated(place: Place, schema: Schema) -> int:
    with closing(place.open(schema, migrate=False)) as database:
        return database.migrate()


def steps_taken(database: Database) -> list[tuple[int, str]]:
    with database.reading() as connection:
        rows = connection.execute("SELECT number, sha256 FROM steps_taken ORDER BY number")
        return [(number, sha256) for number, sha256 in rows]


def test_a_step_is_taken_once_however_often_and_by_however_many_at_once(home: Place) -> None:
    with ThreadPoolExecutor(4) as several:
        taken = list(several.map(lambda _: migrated(home, SCHEMA), range(8)))
    # Opening a file takes its steps already.
    assert sum(taken) == (0 if home.in_files else len(SCHEMA.steps))
    with closing(home.open(SCHEMA)) as database:
        assert [number for number, _ in steps_taken(database)] == [1, 2, 3, 4]
        with database.reading() as connection:
            rows = connection.execute("SELECT name, value FROM counters").fetchall()
        assert [tuple(row) for row in rows] == [("turns", 0)]


def test_the_next_version_adds_its_steps_and_keeps_what_is_there(home: Place) -> None:
    with closing(opened(home)) as database:
        note(database, "old")
        before = steps_taken(database)
    migrated(home, LATER)
    with closing(home.open(LATER)) as database:
        assert database.migrate() == 0
        assert steps_taken(database)[: len(before)] == before
        assert len(steps_taken(database)) == len(LATER.steps)
        with database.reading() as connection:
            row = connection.execute("SELECT text, colour FROM notes").fetchone()
        assert tuple(row) == ("old", "white")


def test_a_program_of_the_version_before_goes_on_with_the_tables_of_the_next(home: Place) -> None:
    migrated(home, LATER)
    with closing(home.open(SCHEMA)) as database:
        note(database, "as ever")
        assert notes(database) == ["as ever"]


def test_a_step_that_fails_leaves_nothing_of_the_others(home: Place) -> None:
    broken = replace(SCHEMA, steps=(*SCHEMA.steps, "CREATE TABLE notes (id INTEGER)"))
    with pytest.raises(Exception, match="already exists"):
        migrated(home, broken)
    assert migrated(home, SCHEMA) == (0 if home.in_files else len(SCHEMA.steps))


def test_a_file_needs_no_migration_by_hand(tmp_path: Path) -> None:
    with closing(Place(tmp_path).open(SCHEMA)) as database:
        note(database, "one")
        assert database.migrate("any_role") == 0


def test_without_its_tables_postgresql_is_not_used_and_the_remedy_is_told(
    tmp_path: Path, database_url: str
) -> None:
    place = Place(tmp_path, database_url)
    with pytest.raises(MustMigrate, match=r"migrate.* as the owner of the database"):
        place.open(SCHEMA)
    migrated(place, SCHEMA)
    with pytest.raises(MustMigrate):
        place.open(LATER)
    migrated(place, LATER)
    place.open(LATER).close()


@pytest.mark.parametrize(
    ("words", "other"),
    [
        ("id INTEGER PRIMARY KEY AUTOINCREMENT", "GENERATED ALWAYS AS IDENTITY"),
        ("data BLOB", "data BYTEA"),
        ("text TEXT", 'text TEXT COLLATE "C"'),
        ("(a INTEGER PRIMARY KEY) WITHOUT ROWID", "(a BIGINT PRIMARY KEY)"),
    ],
)
def test_a_step_is_written_once_in_the_words_of_sqlite(words: str, other: str) -> None:
    step = Step(f"CREATE TABLE t ({words})")
    assert step.in_words_of("sqlite") == step.statement
    assert other in (step.in_words_of("postgresql") or "")


def test_a_step_for_one_alone_is_not_taken_by_the_other_and_a_changed_one_is_known() -> None:
    [step] = only("sqlite", "PRAGMA user_version = 1")
    assert (step.in_words_of("sqlite"), step.in_words_of("postgresql")) == (step.statement, None)
    assert step.sha256 != Step("PRAGMA user_version = 2").sha256
