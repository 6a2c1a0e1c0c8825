"""What is promised of every database, tried on a file and on PostgreSQL."""

import os
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path
from threading import Event, Thread

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from durable import Database, DatabaseError, HeldElsewhere, IntegrityError, Place, StoreUnavailable
from tests.durable.counting import count
from tests.durable.notebook import SCHEMA, note, notes, opened

ROOT = Path(__file__).parents[2]


def test_what_a_block_wrote_is_there_when_it_ends_and_not_when_it_raises(
    database: Database,
) -> None:
    note(database, "kept")
    with pytest.raises(IntegrityError):
        note(database, "dropped", "kept")
    with suppress(LookupError), database.writing() as connection:
        connection.execute("INSERT INTO notes (text) VALUES ('dropped too')")
        raise LookupError
    assert notes(database) == ["kept"]
    note(database, "and on")
    assert notes(database) == ["kept", "and on"]


def test_a_block_within_a_block_of_the_same_thread_is_part_of_it(database: Database) -> None:
    with suppress(LookupError), database.writing() as outer:
        outer.execute("INSERT INTO notes (text) VALUES ('outer')")
        note(database, "inner")
        with database.writing() as inner:
            assert len(inner.execute("SELECT * FROM notes").fetchall()) == 2
        raise LookupError
    assert notes(database) == []


def test_what_is_done_apart_is_undone_alone(database: Database) -> None:
    with database.writing() as connection:
        connection.execute("INSERT INTO notes (text) VALUES ('before')")
        with suppress(IntegrityError), connection.apart():
            connection.execute("INSERT INTO notes (text) VALUES ('apart')")
            connection.execute("INSERT INTO notes (text) VALUES ('before')")
        with connection.apart():
            connection.execute("INSERT INTO notes (text) VALUES ('after')")
        with suppress(LookupError), connection.apart(), connection.apart():
            connection.execute("INSERT INTO notes (text) VALUES ('deeper')")
            raise LookupError
    assert notes(database) == ["before", "after"]


def test_readers_do_not_wait_for_a_writer_and_see_the_last_commit(database: Database) -> None:
    with database.writing() as connection:
        connection.execute("INSERT INTO notes (text) VALUES ('not yet')")
        assert notes(database) == []
    assert notes(database) == ["not yet"]


def test_a_reader_sees_each_commit_as_it_comes_and_a_snapshot_one_moment(
    database: Database,
) -> None:
    query = "SELECT count(*) FROM notes"
    with database.reading() as reading, database.snapshot() as snapshot:
        before = snapshot.execute(query).fetchone()[0], reading.execute(query).fetchone()[0]
        note(database, "meanwhile")
        after = snapshot.execute(query).fetchone()[0], reading.execute(query).fetchone()[0]
    assert (before, after) == ((0, 0), (0, 1))
    with database.snapshot() as snapshot:
        assert snapshot.execute(query).fetchone()[0] == 1


def test_a_long_answer_is_streamed_in_a_snapshot(database: Database) -> None:
    with database.writing() as connection:
        connection.executemany(
            "INSERT INTO notes (text, number) VALUES (?, ?)", ((str(n), n) for n in range(1200))
        )
    with database.snapshot() as connection:
        numbers = [row["number"] for row in connection.stream("SELECT * FROM notes ORDER BY id")]
        few = connection.stream("SELECT number FROM notes WHERE number >= ?", (1198,))
        assert sorted(row[0] for row in few) == [1198, 1199]
    assert numbers == list(range(1200))


def test_a_reader_that_stopped_half_way_does_not_hold_the_next_one_to_its_old_view(
    database: Database,
) -> None:
    note(database, "one", "two", "three")
    for opened_for in (database.reading, database.snapshot):
        with suppress(LookupError), opened_for() as connection:
            half_read = connection.execute("SELECT text FROM notes ORDER BY id")
            assert half_read.fetchone()[0] == "one"
            raise LookupError
    note(database, "four")
    assert notes(database) == ["one", "two", "three", "four"]


def test_a_row_has_its_columns_by_place_by_name_and_in_order(database: Database) -> None:
    with database.writing() as connection:
        row = connection.execute(
            "INSERT INTO notes (text, number) VALUES (?, ?) RETURNING id, text, number", ("a", 7)
        ).fetchone()
    assert (row[0], row[-1], row["text"], row["number"]) == (1, 7, "a", 7)
    assert (list(row), tuple(row), len(row)) == ([1, "a", 7], (1, "a", 7), 3)
    assert dict(row) == {"id": 1, "text": "a", "number": 7}
    with pytest.raises((IndexError, KeyError)):
        row["colour"]


def test_how_many_rows_a_statement_found_is_told(database: Database) -> None:
    note(database, "one", "two")
    with database.writing() as connection:
        assert connection.execute("UPDATE notes SET number = 1").rowcount == 2
        again = "INSERT INTO notes (text) VALUES ('one') ON CONFLICT (text) DO NOTHING"
        assert connection.execute(again).rowcount == 0


TEXTS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"))
INTEGERS = st.integers(-(2**63), 2**63 - 1)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.none() | TEXTS, data=st.none() | st.binary(), number=st.none() | INTEGERS)
def test_texts_bytes_and_integers_come_back_as_they_went(
    database: Database, text: str | None, data: bytes | None, number: int | None
) -> None:
    with database.writing() as connection:
        connection.execute("DELETE FROM notes")
        connection.execute(
            "INSERT INTO notes (text, data, number) VALUES (?, ?, ?)", (text, data, number)
        )
        row = connection.execute("SELECT text, data, number FROM notes").fetchone()
    assert tuple(row) == (text, data, number)
    with database.snapshot() as connection:
        [row] = connection.stream("SELECT text, data, number FROM notes")
    assert tuple(row) == (text, data, number)
    assert data is None or type(row["data"]) is bytes


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(TEXTS, unique=True, max_size=12))
def test_texts_are_ordered_by_their_bytes_everywhere(database: Database, texts: list[str]) -> None:
    with database.writing() as connection:
        connection.execute("DELETE FROM notes")
        for text in texts:
            connection.execute("INSERT INTO notes (text) VALUES (?)", (text,))
        rows = connection.execute("SELECT text FROM notes ORDER BY text").fetchall()
    assert [text for (text,) in rows] == sorted(texts, key=str.encode)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    blocks=st.lists(
        st.tuples(st.lists(st.integers(0, 9), max_size=4), st.sampled_from(["end", "raise"]))
    )
)
def test_a_history_of_transactions_is_that_of_the_ones_that_ended(
    database: Database, blocks: list[tuple[list[int], str]]
) -> None:
    with database.writing() as connection:
        connection.execute("DELETE FROM notes")
    expected: list[str] = []
    for numbers, ending in blocks:
        texts = [str(number) for number in numbers]
        clashes = len({*expected, *texts}) < len(expected) + len(texts)
        with suppress(LookupError, IntegrityError), database.writing():
            note(database, *texts)
            if ending == "raise":
                raise LookupError
        if ending == "end" and not clashes:
            expected += texts
        assert notes(database) == expected


def test_writers_take_turns_between_threads_and_processes(home: Place, database: Database) -> None:
    command = [sys.executable, "-m", "tests.durable.counting", str(home.folder), "40"]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'services'}{os.pathsep}{ROOT}"}
    processes = [
        subprocess.Popen([*command, *filter(None, [home.url])], cwd=ROOT, env=environment)
        for _ in range(2)
    ]
    threads = [Thread(target=count, args=(database, 40)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [process.wait(60) for process in processes] == [0, 0]
    with database.reading() as connection:
        assert connection.execute("SELECT value FROM counters").fetchone()[0] == 200
        # Numbers given in the transactions come in the order of the commits.
        rows = connection.execute("SELECT number FROM notes ORDER BY id").fetchall()
    assert [number for (number,) in rows] == list(range(1, 201))


def test_who_has_not_got_a_turn_for_a_while_is_told_so_and_may_try_again(
    home: Place, database: Database
) -> None:
    with closing(home.open(SCHEMA)) as other:
        with (
            database.writing(),
            pytest.raises(StoreUnavailable, match="another program holds it"),
            other.writing(),
        ):
            pytest.fail("two writers have their turn at once")
        note(other, "free again")
    assert notes(database) == ["free again"]


def test_a_thread_waits_for_the_turn_of_another_thread(database: Database) -> None:
    begun, wrote = Event(), Event()

    def write() -> None:
        begun.set()
        note(database, "second")
        wrote.set()

    with database.writing() as connection:
        thread = Thread(target=write)
        thread.start()
        assert begun.wait(20)
        connection.execute("INSERT INTO notes (text) VALUES ('first')")
        assert not wrote.is_set()
    thread.join(20)
    assert notes(database) == ["first", "second"]


def test_a_mistake_in_our_own_sql_is_not_called_an_outage(database: Database) -> None:
    for opened_for in (database.reading, database.writing, database.snapshot):
        with pytest.raises(DatabaseError, match="nowhere"), opened_for() as connection:
            connection.execute("SELECT * FROM nowhere")
    with pytest.raises(DatabaseError), database.snapshot() as connection:
        list(connection.stream("SELECT * FROM nowhere"))
    with pytest.raises(DatabaseError), database.writing() as connection:
        connection.executemany("INSERT INTO nowhere VALUES (?)", [(1,)])
    assert notes(database) == []


def test_a_closed_database_opens_again_when_it_is_used(database: Database) -> None:
    note(database, "before")
    database.close()
    assert notes(database) == ["before"]


def test_only_one_process_works_alone_and_the_next_one_does_when_it_has_ended(
    home: Place, database: Database
) -> None:
    with closing(home.open(SCHEMA)) as other:
        with database.alone() as hold:
            hold.check()
            hold.regain()
            with pytest.raises(HeldElsewhere, match="alone"), other.alone():
                pytest.fail("two at once")
            note(other, "others may write")
        with other.alone() as hold:
            hold.check()


def test_what_is_deleted_is_left_nowhere_once_everything_is_written_anew(home: Place) -> None:
    with closing(opened(home, secure_delete=True)) as database:
        with database.writing() as connection:
            connection.execute("INSERT INTO secrets VALUES (1, 'zebra-crossing'), (2, 'stays')")
        if home.in_files:
            assert _found(home.folder, b"zebra-crossing")
        with database.writing() as connection:
            connection.execute("DELETE FROM secrets WHERE id = 1")
        size = _pages(database)
        database.rebuild()
        assert not _found(home.folder, b"zebra-crossing")
        assert _pages(database) <= size
        with database.reading() as connection:
            assert connection.execute("SELECT text FROM secrets").fetchall()[0][0] == "stays"


def _found(folder: Path, needle: bytes) -> bool:
    return any(needle in path.read_bytes() for path in folder.iterdir() if path.is_file())


def _pages(database: Database) -> int:
    query = {
        "sqlite": "PRAGMA page_count",
        "postgresql": "SELECT pg_relation_size('secrets')",
    }[database.dialect]
    with database.reading() as connection:
        return int(connection.execute(query).fetchone()[0])
