"""PostgreSQL that is away, comes back, or refuses: no wait without an end, and plain words."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from threading import Barrier

import psycopg
import pytest

from durable import (
    Database,
    DatabaseError,
    HeldElsewhere,
    Hold,
    HoldLost,
    IntegrityError,
    NotSetUp,
    OutcomeUnknown,
    Place,
    StoreUnavailable,
)
from durable.postgres import AT_ONCE, CONNECT_SECONDS
from durable.postgres_patience import PATIENCE_MS, Punctual
from tests.durable.notebook import SCHEMA, note, notes, opened
from tests.support.postgres import PostgresServer
from tests.support.waiting import until

TIMES = 20
"""Seconds after which a test says that something waits without an end."""


SHOWN = ("work_mem", "statement_timeout", "search_path", "synchronous_commit")


@pytest.fixture
def shared(tmp_path: Path, database_url: str) -> Iterator[Database]:
    """An empty notebook on the server that tests share."""
    with closing(opened(Place(tmp_path, database_url))) as database:
        yield database


def one_more(database: Database, text: str) -> bool:
    """Write one note, if the server is there by now."""
    try:
        note(database, text)
    except StoreUnavailable:
        return False
    return True


def test_killed_in_the_middle_nothing_is_kept_and_back_again_it_works(
    served: Database, postgres_server: PostgresServer
) -> None:
    note(served, "kept")
    assert notes(served) == ["kept"]

    def write_and_be_cut_off() -> None:
        with served.writing() as connection:
            connection.execute("INSERT INTO notes (text) VALUES ('lost')")
            postgres_server.kill()
            connection.execute("INSERT INTO notes (text) VALUES ('lost too')")

    with pytest.raises(StoreUnavailable, match=r"does not answer|is being shut down") as told:
        write_and_be_cut_off()
    assert not isinstance(told.value, OutcomeUnknown)
    with pytest.raises(StoreUnavailable, match="Check that PostgreSQL runs"):
        notes(served)
    postgres_server.start()
    until(lambda: one_more(served, "and on"))
    assert notes(served) == ["kept", "and on"]


def test_killed_at_the_commit_nobody_knows_and_that_is_said(
    served: Database, postgres_server: PostgresServer
) -> None:
    def write_and_be_cut_off() -> None:
        with served.writing() as connection:
            connection.execute("INSERT INTO notes (text) VALUES ('perhaps')")
            postgres_server.kill()

    with pytest.raises(OutcomeUnknown, match="not known whether this was recorded"):
        write_and_be_cut_off()
    postgres_server.start()
    until(lambda: one_more(served, "after"))
    assert notes(served) in (["after"], ["perhaps", "after"])


def test_a_server_started_again_meanwhile_is_not_noticed(
    served: Database, postgres_server: PostgresServer
) -> None:
    with served.reading(), served.reading(), served.snapshot():
        note(served, "before")
    postgres_server.kill()
    postgres_server.start()
    # The connections of before are dead, and none of them is used.
    assert notes(served) == ["before"]
    note(served, "after")
    with served.snapshot() as connection:
        assert len(connection.execute("SELECT * FROM notes").fetchall()) == 2


def test_what_serves_one_client_may_be_ended_and_the_next_use_has_a_new_one(
    shared: Database, database_url: str
) -> None:
    note(shared, "before")
    with psycopg.connect(database_url, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            " WHERE application_name = 'caseward' AND datname = current_database()"
        )
    note(shared, "after")
    assert notes(shared) == ["before", "after"]


def test_nobody_waits_for_a_server_that_takes_connections_and_says_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=50) as silent:
        port = silent.getsockname()[1]
        url = f"postgresql://somebody:secret@127.0.0.1:{port}/db"
        database = Place(tmp_path, url).open(SCHEMA, migrate=False)
        with ThreadPoolExecutor(4) as several:
            asked = [several.submit(notes, database) for _ in range(4)]
            for answer in asked:
                assert isinstance(answer.exception(TIMES), StoreUnavailable)
    assert CONNECT_SECONDS * 1000 < 3000 > PATIENCE_MS


def test_a_server_that_stands_still_is_given_up_and_used_again_when_it_goes_on(
    served: Database, postgres_server: PostgresServer
) -> None:
    note(served, "kept")
    with postgres_server.standing_still(), ThreadPoolExecutor(1) as pool:
        with pytest.raises(StoreUnavailable, match="does not answer"):
            pool.submit(notes, served).result(TIMES)
        with pytest.raises(StoreUnavailable):
            pool.submit(note, served, "not begun").result(TIMES)
    until(lambda: one_more(served, "after"))
    assert notes(served) == ["kept", "after"]


def test_of_a_commit_in_which_the_server_stands_still_nobody_knows(
    served: Database, postgres_server: PostgresServer
) -> None:
    note(served, "kept")

    def write_and_stand_still(still: ExitStack) -> None:
        with served.writing() as connection:
            connection.execute("INSERT INTO notes (text) VALUES ('perhaps')")
            still.enter_context(postgres_server.standing_still())

    with ExitStack() as still, pytest.raises(OutcomeUnknown):
        write_and_stand_still(still)
    until(lambda: one_more(served, "after"))
    assert notes(served) in (["kept", "perhaps", "after"], ["kept", "after"])


def test_what_takes_its_time_is_waited_for_where_it_may(
    shared: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Punctual, "_longest", 0.5)
    with shared.snapshot() as connection:
        assert connection.execute("SELECT 1 FROM pg_sleep(1)").fetchone() is not None


def test_settings_in_the_address_stand_beside_ours(tmp_path: Path, database_url: str) -> None:
    url = f"{database_url}?options=-c%20work_mem%3D3MB%20-c%20statement_timeout%3D0"
    with closing(opened(Place(tmp_path, url))) as database, database.reading() as connection:
        shown = [connection.execute(f"SHOW {name}").fetchone()[0] for name in SHOWN]
    assert shown == ["3MB", f"{PATIENCE_MS}ms", "caseward_notes", "on"]


def test_a_statement_that_takes_too_long_is_given_up(shared: Database) -> None:
    with pytest.raises(StoreUnavailable, match="takes too long"), shared.reading() as connection:
        connection.execute("SELECT pg_sleep(600)")
    note(shared, "and on")
    assert notes(shared) == ["and on"]


def test_a_row_that_another_program_holds_is_given_up(shared: Database, database_url: str) -> None:
    with psycopg.connect(database_url) as other:
        other.execute("LOCK TABLE caseward_notes.notes")
        with pytest.raises(StoreUnavailable, match=r"another program holds it|takes too long"):
            note(shared, "blocked")
    note(shared, "free again")
    assert notes(shared) == ["free again"]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("53100", "disk is full"),
        ("53200", "out of memory"),
        ("53300", "too many connections"),
        ("55P03", "another program holds it"),
        ("57014", "too long"),
        ("25006", "primary server"),
        ("42501", "migrate --role"),
    ],
)
def test_what_the_server_says_is_said_plainly_and_nothing_is_kept(
    shared: Database, code: str, words: str
) -> None:
    refusal = f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{code}', MESSAGE = 'secret'; END $$"

    def write_and_be_refused() -> None:
        with shared.writing() as connection:
            connection.execute("INSERT INTO notes (text) VALUES ('lost')")
            connection.execute(refusal)

    with pytest.raises(StoreUnavailable, match=words) as told:
        write_and_be_refused()
    assert "secret" not in str(told.value)
    assert str(told.value).startswith("the database (notes) cannot be used: ")
    assert notes(shared) == []


def test_a_statement_that_failed_unheeded_is_not_taken_for_a_commit(shared: Database) -> None:
    def write_on_regardless() -> None:
        with shared.writing() as connection:
            connection.execute("INSERT INTO notes (text) VALUES ('one')")
            with suppress(IntegrityError):
                connection.execute("INSERT INTO notes (text) VALUES ('one')")

    with pytest.raises(DatabaseError, match="nothing of this can be kept"):
        write_on_regardless()
    assert notes(shared) == []


def test_a_refused_row_is_told_without_its_values(shared: Database) -> None:
    note(shared, "the class teacher")
    with pytest.raises(IntegrityError) as told:
        note(shared, "the class teacher")
    assert "teacher" not in str(told.value)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://nobody_known@{where}/postgres", "does not accept the role"),
        ("postgresql://guarded:wrong-secret@{where}/postgres", "does not accept the password"),
        ("postgresql://guarded@{where}/postgres", "does not accept the password"),
        ("postgresql://postgres@{where}/nowhere", "no such database"),
        ("postgresql://postgres:wrong-secret@{where}:x/", "not the address"),
        ("mysql://postgres:wrong-secret@{where}/x", "not the address"),
    ],
)
def test_a_wrong_address_role_or_password_is_for_somebody_to_put_right(
    tmp_path: Path, guarded: str, url: str, words: str
) -> None:
    with pytest.raises(NotSetUp, match=words) as told:
        Place(tmp_path, url.format(where=guarded)).open(SCHEMA)
    assert "secret" not in str(told.value)
    assert "guarded" not in str(told.value)


@pytest.fixture(scope="module")
def guarded() -> Iterator[str]:
    """Host and port of a server that asks `guarded` for a password."""
    with PostgresServer() as server:
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute("CREATE ROLE guarded LOGIN PASSWORD 'right-secret'")
            rules = server.folder / "data" / "pg_hba.conf"
            rules.write_text(f"host all guarded all scram-sha-256\n{rules.read_text()}")
            connection.execute("SELECT pg_reload_conf()")
        url = f"postgresql://guarded:right-secret@127.0.0.1:{server.port}/postgres"
        until(lambda: _asks_for_a_password(url))
        yield f"127.0.0.1:{server.port}"


def _asks_for_a_password(url: str) -> bool:
    with psycopg.connect(url) as connection:
        return bool(connection.pgconn.used_password)


def test_the_right_to_work_alone_ends_with_its_connection_and_may_be_had_again(
    served: Database, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    with (
        closing(Place(tmp_path, postgres_server.url()).open(SCHEMA)) as other,
        served.alone() as hold,
    ):
        postgres_server.kill()
        with pytest.raises(HoldLost):
            hold.check()
        with pytest.raises(StoreUnavailable):
            hold.regain()
        postgres_server.start()
        with pytest.raises(HoldLost):
            hold.check()
        with ExitStack() as theirs:
            until(lambda: _began(theirs, other))
            until(lambda: _is_held_elsewhere(hold))
            with pytest.raises(HoldLost):
                hold.check()
        until(lambda: _regained(hold))
        hold.check()


def _began(theirs: ExitStack, database: Database) -> bool:
    with suppress(StoreUnavailable):
        theirs.enter_context(database.alone()).check()
        return True
    return False


def _is_held_elsewhere(hold: Hold) -> bool:
    with suppress(StoreUnavailable):
        try:
            hold.regain()
        except HeldElsewhere:
            return True
        raise AssertionError("two work alone at once")
    return False


def _regained(hold: Hold) -> bool:
    with suppress(StoreUnavailable, HeldElsewhere):
        hold.regain()
        return True
    return False


def test_what_is_deleted_is_left_in_no_table_once_they_are_written_anew(
    served: Database, postgres_server: PostgresServer
) -> None:
    with served.writing() as connection:
        connection.execute("INSERT INTO secrets VALUES (1, 'zebra-crossing'), (2, 'stays')")
    _on_disk(postgres_server)
    assert _found(postgres_server, b"zebra-crossing")
    with served.writing() as connection:
        connection.execute("DELETE FROM secrets WHERE id = 1")
    served.rebuild()
    _on_disk(postgres_server)
    assert not _found(postgres_server, b"zebra-crossing")
    assert _found(postgres_server, b"stays")


def _on_disk(server: PostgresServer) -> None:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("CHECKPOINT")


def _found(server: PostgresServer, needle: bytes) -> bool:
    """Whether the tables hold it; the write-ahead log is kept elsewhere, and for another time."""
    base = server.folder / "data" / "base"
    return any(needle in path.read_bytes() for path in base.rglob("*") if path.is_file())


def test_a_crowd_of_threads_shares_few_connections_and_none_waits_for_itself(
    shared: Database, database_url: str
) -> None:
    everybody_reads, seen = Barrier(AT_ONCE), set[int]()

    def look(_: int) -> None:
        with shared.reading() as connection:
            [pid] = connection.execute("SELECT pg_backend_pid()").fetchone()
            seen.add(pid)
            # As many as there is room for are here at once; and each may look once more.
            everybody_reads.wait(TIMES)
            assert notes(shared) == []

    with ThreadPoolExecutor(4 * AT_ONCE) as crowd:
        list(crowd.map(look, range(4 * AT_ONCE)))
    assert len(seen) <= 2 * AT_ONCE
    with psycopg.connect(database_url) as looking:
        [backends] = looking.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        ).fetchone() or (0,)
    assert backends <= 2 * AT_ONCE + 1
