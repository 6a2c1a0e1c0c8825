"""The only door to event sourcing, SQL and keys: words are sealed before they are written."""

from incidents.store.blobs import Blobs
from incidents.store.database import Database
from incidents.store.errors import (
    AlreadyClaimed,
    BadEventClass,
    BlobAltered,
    BlobErased,
    BlobGone,
    BlobUnreadable,
    CannotOpen,
    ClockBehind,
    Conflict,
    MasterKeyUnusable,
    NotSealed,
    StoreUnavailable,
    UnknownTopic,
    UnreadableEvent,
)
from incidents.store.keys import KeyStore, Owner
from incidents.store.mapper import Upcaster
from incidents.store.records import Claim, Receipt, StateRow, Stored
from incidents.store.store import Store, open_store

__all__ = [
    "AlreadyClaimed",
    "BadEventClass",
    "BlobAltered",
    "BlobErased",
    "BlobGone",
    "BlobUnreadable",
    "Blobs",
    "CannotOpen",
    "Claim",
    "ClockBehind",
    "Conflict",
    "Database",
    "KeyStore",
    "MasterKeyUnusable",
    "NotSealed",
    "Owner",
    "Receipt",
    "StateRow",
    "Store",
    "StoreUnavailable",
    "Stored",
    "UnknownTopic",
    "UnreadableEvent",
    "Upcaster",
    "open_store",
]
