"""An empty PostgreSQL database for each test, on one server for all of them.

`TEST_DATABASE_URL` may name a server that runs already, with a role that may create databases.
Without it a server is started, from the programs of the machine or of a wheel.
"""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final, LiteralString
from urllib.parse import quote, urlsplit

import psycopg
from psycopg import errors, sql

from tests.support.postgres import APPLICATION, PostgresServer

# Two databases with the same answer differ in nothing that a test could have left behind.
_CONTENTS: Final = """
select (select array_agg((nspname, nspowner, nspacl)::text order by nspname)
          from pg_namespace where nspname !~ '^pg_(toast_)?temp_'),
       (select count(*) from pg_class), (select count(*) from pg_type),
       (select count(*) from pg_proc), (select count(*) from pg_extension),
       (select count(*) from pg_default_acl), (select count(*) from pg_largeobject_metadata),
       (select count(*) from pg_db_role_setting where setdatabase = pg_database.oid),
       datacl::text
  from pg_database where datname = current_database()
"""
_SEND_AWAY: Final = """
select pg_terminate_backend(pid, 10000)
  from pg_stat_activity where datname = %s and backend_type = 'client backend'
"""


class Databases:
    """Makes databases for one test each, on the server that `url` names.

    To create a database takes PostgreSQL a tenth of a second, to empty one a tenth of that: what a
    test has done with is emptied, renamed and given out again, or dropped if something stayed.
    """

    def __init__(self, url: str, *, owner: str | None = None) -> None:
        """`url`'s role must be allowed to create databases; they belong to `owner` or to it."""
        self._url = url
        self._owner = owner
        self._idle: list[str] = []
        self._contents_when_new: object = None

    @contextmanager
    def fresh(self, *, synchronous: bool = True) -> Iterator[str]:
        """Give the URL of an empty database, and at the end send away who is still in it.

        With `synchronous=False` a commit returns before it is on the disk: faster, for tests of
        what is stored, not of whether it lasts.
        """
        name = self._idle.pop() if self._idle else self._create()
        try:
            yield self._address(name, self._owner, "" if synchronous else "synchronous_commit=off")
        finally:
            self._take_back(name)

    def close(self) -> None:
        """Drop every database that was made."""
        with self._administrator() as administrator:
            while self._idle:
                administrator.execute(_of("drop database {} with (force)", self._idle.pop()))

    def _create(self) -> str:
        name = _new_name()
        with self._administrator() as administrator:
            administrator.execute(_of("create database {} template template0", name))
            if self._owner:
                administrator.execute(_of("alter database {} owner to {}", name, self._owner))
        if self._contents_when_new is None:
            with psycopg.connect(self._address(name)) as inside:
                self._contents_when_new = inside.execute(_CONTENTS).fetchone()
        return name

    def _take_back(self, name: str) -> None:
        with self._administrator() as administrator:
            administrator.execute(_SEND_AWAY, (name,))
            if self._emptied(name):
                # Whoever still holds the old name shall not find the database of the next test.
                new = _new_name()
                with suppress(errors.ObjectInUse):  # somebody came back before it had another name
                    administrator.execute(_of("alter database {} rename to {}", name, new))
                    self._idle.append(new)
                    return
            administrator.execute(_of("drop database {} with (force)", name))

    def _emptied(self, name: str) -> bool:
        """Drop what the owner has in the database, and say whether that was all there was."""
        owner = sql.Identifier(self._owner) if self._owner else sql.SQL("current_user")
        with psycopg.connect(self._address(name), autocommit=True) as inside:
            try:
                inside.execute(sql.SQL("drop owned by {} cascade").format(owner))
            except errors.DependentObjectsStillExist:
                return False  # a superuser also owns what the server cannot do without
            return inside.execute(_CONTENTS).fetchone() == self._contents_when_new

    def _administrator(self) -> psycopg.Connection:
        return psycopg.connect(self._url, autocommit=True)

    def _address(self, database: str, role: str | None = None, setting: str = "") -> str:
        parts = urlsplit(self._url)
        where = parts.netloc
        if role:
            where = f"{quote(role)}@{where.rpartition('@')[2]}"
        options = f"options={quote(f'-c {setting}')}" if setting else ""
        query = "&".join(filter(None, (parts.query, options)))
        return f"{parts.scheme}://{where}/{database}" + (f"?{query}" if query else "")


@contextmanager
def databases() -> Iterator[Databases]:
    """Give the databases that all tests share: of `TEST_DATABASE_URL`, or of a new server."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        named = Databases(url)
        try:
            yield named
        finally:
            named.close()
        return
    with PostgresServer() as server:
        yield Databases(server.url(), owner=APPLICATION)


def _new_name() -> str:
    return f"caseward_{uuid.uuid4().hex}"


def _of(statement: LiteralString, *names: str) -> sql.Composed:
    return sql.SQL(statement).format(*map(sql.Identifier, names))
