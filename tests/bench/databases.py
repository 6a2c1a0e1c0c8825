"""Filled databases for the time of a run, and copies of them: SQLite files, or a PostgreSQL server.

The server is a throwaway with the settings it comes with but for the number of connections: fsync
and synchronous_commit are on.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from uuid import uuid4

import psycopg
from psycopg import sql

from tests.bench.subjects import Place, Subject, fill
from tests.support.postgres import APPLICATION, PostgresServer

SQLITE: Final = "SQLite"
POSTGRESQL: Final = "PostgreSQL"
COPIED_UP_TO: Final = 100_000
"""Up to so many cases every round gets a copy, so that there are as many at each one's start. What
rounds add to more than that makes no difference."""


class Shelf:
    """Filled databases of one kind, to take copies of. `server` is PostgreSQL."""

    def __init__(self, folder: Path, server: PostgresServer | None, workers: int) -> None:
        self._folder = folder
        self._server = server
        self._workers = workers
        self._filled: dict[tuple[str, int], Place] = {}

    def fill(self, wanted: Sequence[tuple[Subject, int]]) -> None:
        """Fill what will be asked for, on as many processors as there are."""
        missing = [
            (subject, cases)
            for subject, cases in wanted
            if (subject.name, cases) not in self._filled
        ]
        with ThreadPoolExecutor(os.cpu_count()) as filling:
            for _ in filling.map(self._fill, *zip(*missing, strict=True)) if missing else ():
                pass

    @contextmanager
    def taken(self, subject: Subject, cases: int) -> Iterator[Place]:
        """Give a place that was filled with so many cases; whoever takes it may change it."""
        original = self._filled[subject.name, cases]
        if cases > COPIED_UP_TO or not subject.fill:
            yield original
            return
        name = f"{subject.name}_{uuid4().hex[:8]}"
        folder = self._folder / name
        shutil.copytree(original.folder, folder)
        url = self._database(name, template=_database_of(original))
        try:
            yield replace(original, folder=folder, database_url=url)
        finally:
            shutil.rmtree(folder)
            self._drop(name)

    def _fill(self, subject: Subject, cases: int) -> None:
        name = f"{subject.name}_{cases}"
        folder = self._folder / name
        folder.mkdir(mode=0o700)
        url = self._database(name, template="template0") if subject.fill else ""
        place = Place(folder=folder, database_url=url, workers=self._workers)
        filled = fill(subject, place, cases)
        place = replace(place, tokens=filled.tokens, cases=filled.cases)
        if url:
            self._settle(name)
        self._filled[subject.name, cases] = place

    def _database(self, name: str, template: str) -> str:
        if self._server is None:
            return ""
        self._run(
            sql.SQL("create database {} template {} owner {}").format(
                sql.Identifier(name), sql.Identifier(template), sql.Identifier(APPLICATION)
            )
        )
        return self._server.url(name, role=APPLICATION)

    def _drop(self, name: str) -> None:
        self._run(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))

    def _settle(self, name: str) -> None:
        """What the server would do about the new rows in its own time, at once."""
        self._run(sql.SQL("vacuum (analyze)"), name)
        self._run(sql.SQL("checkpoint"))

    def _run(self, statement: sql.SQL | sql.Composed, database: str = "postgres") -> None:
        if self._server is None:
            return
        with psycopg.connect(self._server.url(database), autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def shelf(kind: str, folder: Path, workers: int) -> Iterator[Shelf]:
    """Give a shelf for databases of one kind; nothing of it is left afterwards."""
    with TemporaryDirectory(dir=folder) as here:
        if kind == SQLITE:
            yield Shelf(Path(here), None, workers)
        else:
            with PostgresServer() as server:
                _let_all_in(server)
                yield Shelf(Path(here), server, workers)


def _let_all_in(server: PostgresServer) -> None:
    """Everything that is measured is up at the same time, each with connections of its own."""
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("alter system set max_connections = 400")
    server.stop()
    server.start()


def _database_of(place: Place) -> str:
    return place.database_url.rpartition("/")[2]
