"""The PostgreSQL that tests use is real, comes back with what it committed, and is not shared."""

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.support import postgres_binaries
from tests.support.databases import Databases, databases
from tests.support.postgres import APPLICATION, SUPERUSER, PostgresServer, Stop


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server that keeps running."""
    with PostgresServer() as server:
        yield server


def note(url: str, text: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("create table if not exists notes (text text not null)")
        connection.execute("insert into notes values (%s)", (text,))


def notes(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [text for (text,) in connection.execute("select text from notes order by text")]


def one(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()
        assert row is not None
        return row[0]


def test_a_server_does_not_run_as_root(server: PostgresServer) -> None:
    backend = one(server.url(), "select pg_backend_pid()")
    assert isinstance(backend, int)
    assert psutil.Process(backend).uids().effective != 0


def test_a_server_syncs_what_it_commits_unless_told_not_to(server: PostgresServer) -> None:
    assert one(server.url(), "show fsync") == "on"
    with PostgresServer(fsync=False) as hasty:
        assert one(hasty.url(), "show fsync") == "off"


def test_a_server_answers_through_its_socket_too(server: PostgresServer) -> None:
    assert one(server.url(socket=True), "select inet_server_addr() is null") is True
    assert one(server.url(), "select host(inet_server_addr())") == "127.0.0.1"


@pytest.mark.parametrize("how", ["fast", "immediate"])
def test_a_stopped_server_comes_back_with_what_it_committed(
    how: Stop, postgres_server: PostgresServer
) -> None:
    url = postgres_server.url()
    note(url, "kept")
    postgres_server.stop(how)
    with pytest.raises(psycopg.OperationalError):
        notes(url)
    postgres_server.start()
    assert notes(url) == ["kept"]


def test_a_killed_server_comes_back_with_what_it_committed(postgres_server: PostgresServer) -> None:
    url = postgres_server.url()
    note(url, "kept")
    with psycopg.connect(url) as open_when_killed:
        open_when_killed.execute("insert into notes values ('not committed')")
        postgres_server.kill()
        with pytest.raises(psycopg.OperationalError):
            open_when_killed.commit()
    postgres_server.start()
    assert notes(url) == ["kept"]


def test_a_server_whose_children_were_killed_recovers_by_itself(
    postgres_server: PostgresServer,
) -> None:
    url = postgres_server.url()
    note(url, "kept")
    with psycopg.connect(url) as open_when_killed:
        postgres_server.kill_children()
        with pytest.raises(psycopg.OperationalError):
            open_when_killed.execute("select 1")
    postgres_server.await_answer()
    assert notes(url) == ["kept"]


def test_a_server_leaves_nothing_behind() -> None:
    with PostgresServer() as server:
        with psycopg.connect(server.url()) as connection:
            backend = psutil.Process(connection.info.backend_pid)
            started = backend.parent()
        assert started is not None
    assert not started.is_running()
    assert not server.folder.exists()


def test_fresh_databases_are_apart_from_each_other(postgres: Databases) -> None:
    with postgres.fresh() as here, postgres.fresh() as there:
        note(here, "here")
        note(there, "there")
        assert notes(here) == ["here"]
        assert notes(there) == ["there"]


@pytest.mark.parametrize("socket", [False, True])
def test_databases_can_be_made_on_a_server_that_runs_already(
    server: PostgresServer, monkeypatch: pytest.MonkeyPatch, socket: bool
) -> None:
    monkeypatch.setenv("TEST_DATABASE_URL", server.url(socket=socket))
    with databases() as there, there.fresh() as url:
        made = one(server.url(), "select datname from pg_database where oid > 16383")
        assert one(url, "select current_database()") == made
        assert one(url, "select current_user") == SUPERUSER


def test_a_database_is_given_out_again_empty_and_under_another_name(postgres: Databases) -> None:
    with postgres.fresh() as url:
        note(url, "gone")
        left_open = psycopg.connect(url)
    with left_open, pytest.raises(psycopg.OperationalError):
        left_open.execute("select 1")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        notes(url)
    with postgres.fresh() as url, pytest.raises(psycopg.errors.UndefinedTable):
        notes(url)


@pytest.mark.parametrize(
    "left",
    [
        "create table rubble (x int)",
        "create schema rubble",
        "create function rubble() returns int language sql return 1",
        "create type rubble as enum ('stone')",
        "grant create on schema public to public",
        "alter default privileges grant select on tables to public",
        "select lo_create(0)",
        "alter database {} set jit = off",
        "revoke all on database {} from public",
    ],
)
def test_a_database_in_which_something_stays_is_not_given_out_again(
    server: PostgresServer, left: str
) -> None:
    count = "select count(*) from pg_database where oid > 16383"
    made = Databases(server.url(), owner=APPLICATION)
    with made.fresh() as url:
        database = url.rpartition("/")[2]
        with psycopg.connect(server.url(database)) as superuser:
            superuser.execute(left.format(database).encode())
    assert one(server.url(), count) == 0
    with made.fresh() as url:
        note(url, "leaves nothing")
    assert one(server.url(), count) == 1
    made.close()
    assert one(server.url(), count) == 0


def test_a_fresh_database_belongs_to_a_role_that_is_no_superuser(
    server: PostgresServer,
) -> None:
    made = Databases(server.url(), owner=APPLICATION)
    with made.fresh() as url:
        assert one(url, "select current_user") == APPLICATION
        assert one(url, "select rolsuper from pg_roles where rolname = current_user") is False
        note(url, "may make tables")
    made.close()


def test_a_commit_waits_for_the_disk_unless_told_not_to(postgres: Databases) -> None:
    with postgres.fresh() as durable, postgres.fresh(synchronous=False) as hasty:
        assert one(durable, "show synchronous_commit") == "on"
        assert one(hasty, "show synchronous_commit") == "off"


def test_a_place_is_sqlite_or_a_database_that_answers(place: str | None) -> None:
    assert place is None or one(place, "select 1") == 1


def test_without_postgresql_the_tests_fail_and_say_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(postgres_binaries, "_candidates", lambda: iter(()))
    with pytest.raises(AssertionError, match="make setup-dev"):
        postgres_binaries.binaries.__wrapped__()


def test_programs_that_only_root_can_reach_are_copied_for_the_account_that_runs_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = tmp_path / postgres_binaries.WHEEL
    programs, libraries = wheel / "pginstall18" / "bin", wheel.with_name(f"{wheel.name}.libs")
    for folder in (programs, libraries):
        folder.mkdir(parents=True, mode=0o700)
    (libraries / "answer").write_text("found")
    (programs / "postgres").write_text('#!/bin/sh\ncat "$(dirname "$0")/../../../"*.libs/answer\n')
    (programs / "postgres").chmod(0o700)
    tmp_path.chmod(0o700)
    monkeypatch.setattr(postgres_binaries, "binaries", lambda: programs)
    whom = postgres_binaries.account()
    with tempfile.TemporaryDirectory() as reachable:
        Path(reachable).chmod(0o755)
        told = subprocess.run(
            [postgres_binaries.usable_by(whom, Path(reachable)) / "postgres"],
            user=whom.user if whom else None,
            capture_output=True,
            check=True,
        )
    assert told.stdout == b"found"
