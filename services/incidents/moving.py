"""An installation from files to PostgreSQL or back: what is taken along, and what is made anew."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Final

import msgspec

from durable import Database, Place, Schema
from durable.moving import expect_unused, move_schema
from incidents.config import Settings
from incidents.evidence import Tree
from incidents.evidence.tree import TREE
from incidents.installation import SCHEMAS, open_installation
from incidents.store.keys import KEYS
from incidents.store.tables import LOG
from incidents.views.rebuild import States, rebuild

MOVED: Final[tuple[Schema, ...]] = (KEYS, LOG, TREE)
"""What is taken along. Lists and search are made anew from the log, the rest by the worker."""

Begin = Callable[[str], Callable[[int, int], None]]


@dataclass(frozen=True, slots=True)
class Moved:
    """What has arrived: so many rows, the last position in the log, and the root of the tree."""

    rows: int
    head: int
    root: bytes


def move(settings: Settings, giving: Place, taking: Place, begin: Begin) -> Moved:
    """Copy everything that cannot be made anew, compare both sides, and make what is listed anew.

    `begin` is told what begins and gives what is to be told how far it is. Raises InUse, NotEmpty,
    NotTheSame, DatabaseError, StoreUnavailable, and what `open_installation` does. Begun again, it
    goes on with the schema that it was cut short in.
    """
    expect_unused(giving, SCHEMAS)
    expect_unused(taking, SCHEMAS)
    rows = sum(_moved(schema, giving, taking, begin) for schema in MOVED)
    there = msgspec.structs.replace(settings, var=taking.folder, database_url=taking.url)
    with closing(open_installation(there)) as installation:
        rebuild(installation.views, installation.store, States(), progress=begin("Lists"))
        installation.search.rebuild(begin("Search"))
        return Moved(rows, installation.store.head(), _root(installation.tree))


def _moved(schema: Schema, giving: Place, taking: Place, begin: Begin) -> int:
    def at(place: Place) -> "closing[Database]":
        return closing(place.open(schema))

    with at(giving) as source, at(taking) as target:
        return move_schema(source, target, begin(f"Moving {schema.name}"))


def _root(tree: Tree) -> bytes:
    return tree.root(tree.size())
