"""The only door to event sourcing, SQL and keys: words are sealed before they are written."""

from eventsourcing.persistence import Notification

from incidents.store.blobs import Blobs
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
    OutcomeUnknown,
    StoreBusy,
    StoreUnavailable,
    UnknownTopic,
    UnreadableEvent,
)
from incidents.store.keys import KeyStore, Owner
from incidents.store.mapper import Upcaster
from incidents.store.records import Claim, ClaimKey, Kind, Receipt, StateRow, Stored
from incidents.store.store import Store, open_store, receipts
from incidents.store.writer import Found

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
    "ClaimKey",
    "ClockBehind",
    "Conflict",
    "Found",
    "KeyStore",
    "Kind",
    "MasterKeyUnusable",
    "NotSealed",
    "Notification",
    "OutcomeUnknown",
    "Owner",
    "Receipt",
    "StateRow",
    "Store",
    "StoreBusy",
    "StoreUnavailable",
    "Stored",
    "UnknownTopic",
    "UnreadableEvent",
    "Upcaster",
    "open_store",
    "receipts",
]
