"""Where an installation keeps its databases: files in a folder, or one PostgreSQL database."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from durable.database import Database
from durable.errors import StoreUnavailable
from durable.schema import Schema
from durable.sqlite import SqliteDatabase


@dataclass(frozen=True, slots=True)
class Place:
    """A folder, and the URL of a PostgreSQL database if that is used in place of files in it."""

    folder: Path
    url: str | None = None

    @property
    def in_files(self) -> bool:
        return self.url is None

    def name_of(self, schema: Schema) -> str:
        """Return how a database is called in messages to people."""
        return f"{schema.name}.db" if self.in_files else f"the database ({schema.name})"

    def open(
        self,
        schema: Schema,
        *,
        synchronous: Literal["FULL", "NORMAL"] = "FULL",
        secure_delete: bool = False,
        read_only: bool = False,
        migrate: bool = True,
    ) -> Database:
        """Open the database of a schema: `<name>.db` in the folder, or the schema at the URL.

        A file is made and brought up to date at once; PostgreSQL has to be, by `migrate`, before.
        `synchronous` "NORMAL" is for what can be rebuilt from elsewhere after a power cut.
        Raises StoreUnavailable, and MustMigrate.
        """
        if self.url is None:
            return SqliteDatabase(
                self.folder / f"{schema.name}.db",
                schema=schema,
                synchronous=synchronous,
                secure_delete=secure_delete,
                read_only=read_only,
            )
        # Loaded only where it is used: one machine alone needs none of it.
        from durable.postgres import PostgresDatabase

        database = PostgresDatabase(self.url, schema, synchronous=synchronous)
        if migrate:
            try:
                database.expect_migrated()
            except StoreUnavailable:
                database.close()
                raise
        return database
