"""Transactions that are durable when they end: on a SQLite file, or in a schema of PostgreSQL.

Both services keep what they must not lose through this one door. A `Database` is the same to its
users whichever it is: writers take turns, readers never wait for them, SQL is written once.
"""

from durable.database import Connection, Cursor, Database, Hold, Row
from durable.errors import (
    DatabaseError,
    HeldElsewhere,
    HoldLost,
    IntegrityError,
    MustMigrate,
    NotSetUp,
    OutcomeUnknown,
    StoreUnavailable,
)
from durable.place import Place
from durable.schema import Schema, Step, only

__all__ = [
    "Connection",
    "Cursor",
    "Database",
    "DatabaseError",
    "HeldElsewhere",
    "Hold",
    "HoldLost",
    "IntegrityError",
    "MustMigrate",
    "NotSetUp",
    "OutcomeUnknown",
    "Place",
    "Row",
    "Schema",
    "Step",
    "StoreUnavailable",
    "only",
]
