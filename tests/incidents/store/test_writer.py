"""Group commit: many writes, few commits, and none answers for another."""

from collections import deque
from collections.abc import Callable
from pathlib import Path
from threading import Event, Semaphore, Thread
from typing import Any

import pytest

from incidents.store.database import Connection, Database, IntegrityError
from incidents.store.errors import StoreUnavailable
from incidents.store.writer import Writer

SCHEMA = ("CREATE TABLE notes (text TEXT UNIQUE)",)


class Queue(deque[Any]):
    """A queue that tells when somebody has joined it."""

    def __init__(self, joined: Semaphore) -> None:
        super().__init__()
        self._joined = joined

    def append(self, item: Any) -> None:
        super().append(item)
        self._joined.release()


class Team:
    """Writers that are all waiting while the first one holds the turn, then run as one group."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._answers: dict[str, object] = {}

    def answers(self, *texts: str) -> dict[str, object]:
        held, go_on, queued = Event(), Event(), Semaphore(0)
        self._writer._waiting = Queue(queued)

        def hold(connection: Connection) -> None:
            held.set()
            go_on.wait()

        first = Thread(target=self._writer.write, args=(hold,))
        first.start()
        held.wait()
        queued.acquire()
        others = [Thread(target=self._run, args=(text,)) for text in texts]
        for other in others:
            other.start()
        for _ in texts:
            queued.acquire()
        go_on.set()
        for thread in (first, *others):
            thread.join()
        return self._answers

    def _run(self, text: str) -> None:
        try:
            self._answers[text] = self._writer.write(note(text))
        except Exception as error:
            self._answers[text] = error


def note(text: str) -> Callable[[Connection], str]:
    def action(connection: Connection) -> str:
        connection.execute("INSERT INTO notes VALUES (?)", (text,))
        if text.startswith("refuse"):
            raise ValueError(text)
        return text.upper()

    return action


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "some.db", schema=SCHEMA)


def _notes(database: Database) -> set[str]:
    with database.reading() as connection:
        return {text for (text,) in connection.execute("SELECT text FROM notes")}


def test_a_write_alone_gives_its_result_or_raises_what_it_raised(database: Database) -> None:
    writer = Writer(database)
    assert writer.write(note("a")) == "A"
    with pytest.raises(ValueError, match="refuse b"):
        writer.write(note("refuse b"))
    with pytest.raises(IntegrityError):
        writer.write(note("a"))
    assert writer.write(note("c")) == "C"
    assert _notes(database) == {"a", "c"}


def test_a_refused_write_takes_none_of_its_group_with_it(database: Database) -> None:
    with database.writing() as connection:
        connection.execute("INSERT INTO notes VALUES ('taken')")
    answers = Team(Writer(database)).answers("a", "b", "refuse c", "d", "taken", "e")
    assert isinstance(answers.pop("refuse c"), ValueError)
    assert isinstance(answers.pop("taken"), IntegrityError)
    assert answers == {"a": "A", "b": "B", "d": "D", "e": "E"}
    assert _notes(database) == {"a", "b", "d", "e", "taken"}


def test_those_who_wait_share_one_commit(database: Database) -> None:
    with database.reading() as connection:
        wal = database.path.with_name("some.db-wal")
        before = wal.stat().st_size
        Team(Writer(database)).answers(*"abcdefgh")
        page = connection.execute("PRAGMA page_size").fetchone()[0]
    # One commit writes each changed page once: the table's and its index's.
    assert wal.stat().st_size - before == 2 * (page + 24)


def test_more_than_fit_in_one_group_are_all_written(database: Database) -> None:
    texts = [f"note {n}" for n in range(150)]
    answers = Team(Writer(database)).answers(*texts)
    assert answers == {text: text.upper() for text in texts}
    assert _notes(database) == set(texts)


def test_when_the_disk_is_full_everybody_of_the_group_is_told(database: Database) -> None:
    with database.writing() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 1}")
    answers = Team(Writer(database)).answers("small", "x" * 100_000)
    assert [type(answer) for answer in answers.values()] == [StoreUnavailable] * 2
    assert _notes(database) == set()
