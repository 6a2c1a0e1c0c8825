"""How to use PostgreSQL, followed to the letter on a server that asks for passwords."""

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from durable import DatabaseError, NotSetUp, Place, StoreUnavailable
from notifier.database import SCHEMA, alone, found, open_ledger
from tests.docs.walk import ROOT, Block, blocks, folder_for, run, section, unkept
from tests.support.office import Office
from tests.support.postgres import PostgresServer
from tests.support.postgres_binaries import binaries
from tests.support.waiting import until

RULES = "host all postgres all trust\nlocal all postgres trust\nhost all all all scram-sha-256\n"


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine of the page: its server, and the folder that all of its folders lie in."""

    folder: Path
    server: PostgresServer

    @property
    def page(self) -> str:
        text = (ROOT / "docs/how-to/use-postgresql.md").read_text()
        for said, here in {
            "/etc/caseward": str(self.folder / "etc"),
            "/var/lib/caseward": str(self.folder / "lib"),
            "127.0.0.1:5432": f"127.0.0.1:{self.server.port}",
        }.items():
            assert said in text, f"the page speaks of {said} no more"
            text = text.replace(said, here)
        return text

    def follow(self, *headings: str) -> str:
        """Do what stands under these headings and return what was printed."""
        walk = [block for heading in headings for block in blocks(section(self.page, heading))]
        reach = Block(
            0, f"export PGHOST=127.0.0.1 PGPORT={self.server.port} PGUSER=postgres PATH={_path()}\n"
        )
        outputs = run([reach, *walk], self.folder)[1:]
        broken = unkept(walk, outputs)
        assert not broken, "\n".join(broken)
        return "".join(outputs)

    def place(self, role: str) -> Place:
        """Where `role` finds the database, with the password that the page made for it."""
        password = (self.folder / "etc" / "postgres" / role).read_text().strip()
        where = f"127.0.0.1:{self.server.port}/caseward"
        return Place(self.folder / "var", f"postgresql://caseward_{role}:{password}@{where}")


def _path() -> str:
    return f"{binaries()}:$PATH"


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine on which the page has been followed."""
    folder = folder_for(tmp_path_factory.mktemp("machine"))
    with PostgresServer() as server:
        (server.folder / "data" / "pg_hba.conf").write_text(RULES)
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute("SELECT pg_reload_conf()")
        until(lambda: _asks_for_passwords(server))
        machine = Machine(folder, server)
        machine.follow("Make the roles and the database", "Make the tables", "Tell the services")
        yield machine


def _asks_for_passwords(server: PostgresServer) -> bool:
    try:
        psycopg.connect(server.url(role="caseward")).close()
    except psycopg.OperationalError as refusal:
        return "password" in str(refusal)
    return False


def test_an_installation_in_files_is_moved(machine: Machine) -> None:
    var = machine.folder / "lib" / "var"
    var.parent.mkdir()
    with closing(Office(var)) as office:
        office.log()
        office.installation.sequencer().catch_up()
        head = office.installation.store.head()
    open_ledger(Place(var)).close()
    assert f"The last position is {head}," in machine.follow(
        "Make the tables", "Move what is there already"
    )


def test_the_notifier_works_as_its_own_role(machine: Machine) -> None:
    with closing(open_ledger(machine.place("notifier"))) as ledger, alone(ledger) as hold:
        hold.check()
        with ledger.writing() as connection:
            connection.execute("INSERT INTO places VALUES (1, 1)")
        assert [tuple(row) for row in found(ledger, "SELECT * FROM places")] == [(1, 1)]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM outcomes",
        "UPDATE outcomes SET data = ''",
        "DELETE FROM letters",
        "TRUNCATE inbox",
        "DROP TABLE places",
        "CREATE TABLE mine (id INTEGER)",
        "CREATE TABLE public.mine (id INTEGER)",
        "CREATE SCHEMA mine",
        "SET ROLE caseward_owner",
        "SET ROLE caseward_incidents",
        "SELECT passwd FROM pg_shadow",
        "SELECT pg_read_file('/etc/passwd')",
    ],
)
def test_and_that_role_can_do_nothing_else(machine: Machine, statement: str) -> None:
    with (
        closing(open_ledger(machine.place("notifier"))) as ledger,
        pytest.raises((DatabaseError, StoreUnavailable)),
        ledger.writing() as connection,
    ):
        connection.execute(statement)


def test_a_service_sees_nothing_of_the_other(machine: Machine) -> None:
    with pytest.raises(NotSetUp, match="migrate"):
        open_ledger(machine.place("incidents"))
    schemas = (
        "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'caseward%'"
        " AND has_schema_privilege(nspname, 'USAGE')"
    )
    with closing(machine.place("notifier").open(SCHEMA)) as database:
        assert [name for (name,) in found(database, schemas)] == ["caseward_notifier"]


def test_nobody_else_may_connect_and_no_role_may_do_more_than_a_table_asks_for(
    machine: Machine,
) -> None:
    with psycopg.connect(machine.server.url()) as connection:
        roles = connection.execute(
            "SELECT rolname FROM pg_roles WHERE rolname LIKE 'caseward\\_%%' AND NOT"
            " (rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls)"
            " AND has_database_privilege(rolname, 'caseward', 'CONNECT') ORDER BY 1"
        ).fetchall()
        anybody = connection.execute(
            "SELECT has_database_privilege('caseward', 'caseward', 'CONNECT')"
        ).fetchone()
    assert roles == [("caseward_incidents",), ("caseward_notifier",), ("caseward_owner",)]
    assert anybody == (False,)


def test_the_passwords_are_in_no_log_and_the_files_are_for_their_owner(machine: Machine) -> None:
    for role in ("owner", "incidents", "notifier"):
        file = machine.folder / "etc" / "postgres" / role
        assert file.stat().st_mode & 0o077 == 0
        assert re.fullmatch(r"[0-9a-f]{48}\n", file.read_text())
        assert file.read_text().strip() not in machine.server.log


def test_migrating_a_second_time_does_nothing(machine: Machine) -> None:
    assert machine.follow("Make the tables").count("no steps taken") == 2
