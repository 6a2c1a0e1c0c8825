"""One SQLite file: durable, and plain about what is wrong with it."""

import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Literal

import pytest

from durable import Database, Place, StoreUnavailable
from tests.durable.notebook import SCHEMA, note, notes


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Database]:
    with closing(Place(tmp_path).open(SCHEMA)) as database:
        yield database


@pytest.mark.parametrize(("synchronous", "level"), [("FULL", 2), ("NORMAL", 1)])
def test_every_connection_is_durable_and_logs_ahead_unless_told_otherwise(
    tmp_path: Path, synchronous: Literal["FULL", "NORMAL"], level: int
) -> None:
    with closing(Place(tmp_path).open(SCHEMA, synchronous=synchronous)) as database:
        for opened_for in (database.writing, database.reading):
            with opened_for() as connection:
                for pragma, value in (
                    ("journal_mode", "wal"),
                    ("synchronous", level),
                    ("foreign_keys", 1),
                    ("trusted_schema", 0),
                ):
                    assert connection.execute(f"PRAGMA {pragma}").fetchone()[0] == value


def test_a_file_is_for_its_owner_only(file: Database, tmp_path: Path) -> None:
    note(file, "one")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("notes.db*")}
    assert modes == {0o600}


def test_a_full_disk_is_said_plainly_and_nothing_is_kept(file: Database) -> None:
    with file.writing() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 1}")
    with pytest.raises(StoreUnavailable, match=r"notes\.db cannot be used: the disk is full"):
        note(file, "small", "x" * 100_000)
    assert notes(file) == []
    note(file, "small enough")
    assert notes(file) == ["small enough"]


def test_a_full_disk_within_a_block_apart_undoes_all_of_it(file: Database) -> None:
    with file.writing() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
    with (
        pytest.raises(StoreUnavailable, match="disk is full"),
        file.writing() as connection,
        connection.apart(),
    ):
        connection.execute("INSERT INTO notes (text) VALUES (?)", ("x" * 100_000,))
    assert notes(file) == []


def test_a_file_held_by_another_program_is_said_plainly(file: Database, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "notes.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="another program holds it"):
            note(file, "blocked")
        other.execute("ROLLBACK")
    note(file, "free again")
    assert notes(file) == ["free again"]


def test_rebuilding_says_so_when_a_reader_is_in_the_way(file: Database) -> None:
    note(file, "one")
    with file.snapshot() as connection:
        connection.execute("SELECT * FROM notes").fetchall()
        note(file, "two")
        with pytest.raises(StoreUnavailable, match="another program holds it"):
            file.rebuild()
    file.rebuild()


def test_a_file_that_is_no_database_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_bytes(b"this is a shopping list, not a database" * 100)
    with pytest.raises(StoreUnavailable, match="not a database"):
        Place(tmp_path).open(SCHEMA)


def test_a_damaged_file_is_said_plainly(file: Database, tmp_path: Path) -> None:
    note(file, *(f"{number} {'x' * 500}" for number in range(200)))
    file.rebuild()
    file.close()
    content = bytearray((tmp_path / "notes.db").read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    (tmp_path / "notes.db").write_bytes(content)
    with pytest.raises(StoreUnavailable, match=r"damaged\. Stop the program and restore a backup"):
        notes(file)


def test_a_folder_that_is_not_there_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="Check that its folder exists"):
        Place(tmp_path / "nowhere").open(SCHEMA)
    (tmp_path / "notes.db").mkdir()
    with pytest.raises(StoreUnavailable, match="cannot be opened"):
        Place(tmp_path).open(SCHEMA)


def test_read_only_nothing_is_made_and_nothing_changed(tmp_path: Path) -> None:
    looking = Place(tmp_path).open(SCHEMA, read_only=True)
    with pytest.raises(StoreUnavailable, match="Check that it is there"):
        notes(looking)
    assert not (tmp_path / "notes.db").exists()
    with closing(Place(tmp_path).open(SCHEMA)) as database:
        note(database, "one")
        assert notes(looking) == ["one"]
        with pytest.raises(StoreUnavailable):
            note(looking, "two")
    looking.close()
