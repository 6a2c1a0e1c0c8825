"""Opening SQLite: durable, patient, and plain about what went wrong."""

import sqlite3
from contextlib import suppress
from pathlib import Path

import pytest

from incidents.store.database import Database, IntegrityError
from incidents.store.errors import StoreUnavailable

SCHEMA = ("CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT UNIQUE)",)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "some.db", schema=SCHEMA, busy_timeout=0.01)


def _notes(database: Database) -> list[str]:
    with database.reading() as connection:
        return [text for (text,) in connection.execute("SELECT text FROM notes ORDER BY id")]


def _note(database: Database, *texts: str) -> None:
    with database.writing() as connection:
        for text in texts:
            connection.execute("INSERT INTO notes (text) VALUES (?)", (text,))


def test_every_connection_is_durable_and_logs_ahead_unless_told_otherwise(tmp_path: Path) -> None:
    for synchronous, level in (("FULL", 2), ("NORMAL", 1)):
        database = Database(tmp_path / f"{level}.db", synchronous=synchronous)  # type: ignore[arg-type]
        for opened in (database.writing, database.reading):
            with opened() as connection:
                for pragma, value in (
                    ("journal_mode", "wal"),
                    ("synchronous", level),
                    ("foreign_keys", 1),
                ):
                    assert connection.execute(f"PRAGMA {pragma}").fetchone()[0] == value
        database.close()


def test_what_a_block_wrote_is_there_when_it_ends_and_not_when_it_raises(
    database: Database,
) -> None:
    _note(database, "kept")
    with pytest.raises(IntegrityError):
        _note(database, "dropped", "kept")
    assert _notes(database) == ["kept"]
    _note(database, "and on")
    assert _notes(database) == ["kept", "and on"]


def test_readers_do_not_wait_for_a_writer_and_see_the_last_commit(database: Database) -> None:
    with database.writing() as connection:
        connection.execute("INSERT INTO notes (text) VALUES ('not yet')")
        assert _notes(database) == []
    assert _notes(database) == ["not yet"]


def test_a_writer_has_its_turn_before_it_looks_at_anything(database: Database) -> None:
    other = Database(database.path, busy_timeout=0.01)
    with (
        database.writing(),
        pytest.raises(StoreUnavailable, match="another program holds it"),
        other.writing(),
    ):
        raise AssertionError("two writers have their turn at once")


def test_a_snapshot_sees_one_moment(database: Database) -> None:
    with database.snapshot() as connection:
        before = connection.execute("SELECT count(*) FROM notes").fetchone()[0]
        _note(database, "meanwhile")
        assert connection.execute("SELECT count(*) FROM notes").fetchone()[0] == before
    assert _notes(database) == ["meanwhile"]


def test_a_reader_that_stopped_half_way_does_not_hold_the_next_one_to_its_old_view(
    database: Database,
) -> None:
    _note(database, "one", "two", "three")
    with suppress(LookupError), database.reading() as connection:
        half_read = connection.execute("SELECT text FROM notes")
        assert half_read.fetchone()[0] == "one"
        raise LookupError
    _note(database, "four")
    assert _notes(database) == ["one", "two", "three", "four"]


def test_a_violated_constraint_stays_one(database: Database) -> None:
    _note(database, "once")
    with pytest.raises(IntegrityError):
        _note(database, "once")


def test_a_mistake_in_our_own_sql_is_not_called_an_outage(database: Database) -> None:
    for opened in (database.reading, database.writing):
        with (
            pytest.raises(sqlite3.OperationalError, match="no such table"),
            opened() as connection,
        ):
            connection.execute("SELECT * FROM nowhere")


def test_a_full_disk_is_said_plainly_and_nothing_is_kept(database: Database) -> None:
    with database.writing() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 1}")
    with pytest.raises(StoreUnavailable, match=r"some\.db cannot be used: the disk is full"):
        _note(database, "x" * 100_000)
    assert _notes(database) == []
    _note(database, "small enough")
    assert _notes(database) == ["small enough"]


def test_a_file_held_by_another_program_is_said_plainly(database: Database) -> None:
    other = sqlite3.connect(database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="another program holds it"):
        _note(database, "blocked")
    other.execute("ROLLBACK")
    other.close()
    _note(database, "free again")
    assert _notes(database) == ["free again"]


def test_a_file_that_is_no_database_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "some.db").write_bytes(b"this is a shopping list, not a database" * 100)
    with pytest.raises(StoreUnavailable, match="not a database"):
        Database(tmp_path / "some.db", schema=SCHEMA)


def test_a_folder_that_is_not_there_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="Check that its folder exists"):
        Database(tmp_path / "nowhere" / "some.db", schema=SCHEMA)
    with pytest.raises(StoreUnavailable, match="cannot be opened"), Database(tmp_path).reading():
        raise AssertionError("a folder was opened as a database")


def test_rebuilding_leaves_nothing_of_what_was_deleted(tmp_path: Path) -> None:
    database = Database(tmp_path / "some.db", schema=SCHEMA, secure_delete=True)
    _note(database, "zebra-crossing")
    assert _found(tmp_path, b"zebra-crossing")
    with database.writing() as connection:
        connection.execute("DELETE FROM notes")
    database.rebuild()
    assert not _found(tmp_path, b"zebra-crossing")
    database.close()


def test_rebuilding_says_so_when_a_reader_is_in_the_way(database: Database) -> None:
    _note(database, "one")
    with database.snapshot() as connection:
        connection.execute("SELECT * FROM notes").fetchall()
        _note(database, "two")
        with pytest.raises(StoreUnavailable, match="another program holds it"):
            database.rebuild()
    database.rebuild()


def test_a_closed_database_opens_again_when_it_is_used(database: Database) -> None:
    _note(database, "before")
    database.close()
    assert _notes(database) == ["before"]
    database.close()


def _found(folder: Path, needle: bytes) -> bool:
    return any(needle in path.read_bytes() for path in folder.iterdir())
