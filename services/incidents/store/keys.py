"""The keystore: one data key per stream and per person, and how one of them is made to vanish.

Data keys lie in a database of their own, wrapped (AES key wrap, RFC 3394) under the master key,
which lies in a file. To forget somebody is to destroy a key: no event is touched, every proof still
holds, and the words sealed under it read as erased, in every process, from that moment on.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final, Literal
from uuid import UUID

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from incidents.store.data_key import SECRET_BYTES, DataKey
from incidents.store.database import Connection, Database, Row
from incidents.store.errors import CannotOpen, MasterKeyUnusable
from incidents.store.master import make_master_key, read_master_key

KID_BYTES: Final = 16
CACHED_KEYS: Final = 1024

# A destroyed key keeps its row, so that "erased" and "lost" can be told apart; its secret is
# overwritten in place by zeros of the same length.
_SCHEMA: Final = (
    """CREATE TABLE IF NOT EXISTS keys (
        kid TEXT PRIMARY KEY,
        school TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('stream', 'person')),
        owner TEXT NOT NULL,
        destroyed INTEGER NOT NULL DEFAULT 0,
        wrapped BLOB NOT NULL
    ) WITHOUT ROWID""",
    """CREATE UNIQUE INDEX IF NOT EXISTS live_keys ON keys (school, kind, owner)
        WHERE destroyed = 0""",
    """CREATE TABLE IF NOT EXISTS proof (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        wrapped BLOB NOT NULL
    )""",
)
_LIVE: Final = (
    "SELECT kid, wrapped FROM keys WHERE school = ? AND kind = ? AND owner = ? AND destroyed = 0"
)
_DEAD: Final = "SELECT 1 FROM keys WHERE school = ? AND kind = ? AND owner = ? AND destroyed = 1"
_DESTROY: Final = "UPDATE keys SET destroyed = 1, wrapped = zeroblob(length(wrapped)) WHERE kid = ?"
_PROOF: Final = b"this is the master key of keys.db"[:32]


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose key it is: a stream's (a case, a user) or a person's, at one school."""

    school: str
    kind: Literal["stream", "person"]
    id: UUID


class KeyStore:
    """Data keys, made when first needed and kept until destroyed. Safe to share between threads.

    Unwrapped keys are remembered, but whether a key still lives is asked of the file every time:
    none outlives its destruction, whichever process destroyed it.
    """

    def __init__(self, path: Path, master_path: Path, random: Callable[[int], bytes]) -> None:
        """Open the keystore; the first time, make it and its master key.

        Raises MasterKeyUnusable when the master key is absent, malformed or another one's, and
        StoreUnavailable.
        """
        self._database = Database(path, schema=_SCHEMA, secure_delete=True)
        self._random = random
        self._remembered: OrderedDict[str, DataKey] = OrderedDict()
        self._lock = Lock()
        self._master = self._prove(master_path)

    def of(self, owners: Iterable[Owner]) -> Mapping[Owner, DataKey]:
        """Return the key of each owner, made where there was none.

        All new keys are made in one transaction and are durable when this returns: nothing sealed
        is ever written before its key. Raises StoreUnavailable.
        """
        keys = {owner: self.live(owner) for owner in owners}
        if None in keys.values():
            with self._database.writing() as connection:
                for owner, key in keys.items():
                    keys[owner] = key or self._find_or_make(connection, owner)
        return {owner: key for owner, key in keys.items() if key is not None}

    def live(self, owner: Owner) -> DataKey | None:
        """Return the owner's key, or None when there is none (yet, or any more)."""
        with self._database.reading() as connection:
            row = _live_row(connection, owner)
        return None if row is None else self._unwrapped(row)

    def find(self, kid: str, school: str) -> DataKey | None:
        """Return the key named `kid`, or None once it was destroyed.

        Raises CannotOpen for another school's key, and for one neither held nor destroyed here.
        """
        with self._database.reading() as connection:
            row = connection.execute("SELECT * FROM keys WHERE kid = ?", (kid,)).fetchone()
        if row is None:
            raise CannotOpen(
                "The key this was sealed under is missing from keys.db. Restore the newest keys.db."
            )
        if row["school"] != school:
            raise CannotOpen("This was sealed at another school.")
        if row["destroyed"]:
            self._forget(kid)
            return None
        return self._unwrapped(row)

    def was_destroyed(self, owner: Owner) -> bool:
        """Whether the owner once had a key that was destroyed."""
        with self._database.reading() as connection:
            row = connection.execute(_DEAD, _owned(owner)).fetchone()
        return row is not None

    def destroy(self, owner: Owner) -> bool:
        """Destroy the owner's key for good; return whether there was one.

        When this returns, the wrapped key is in none of the keystore's files and no process opens
        anything with it. If it raises StoreUnavailable the key may be dead already, but not yet
        gone from the files: repeat it.
        """
        with self._database.writing() as connection:
            row = _live_row(connection, owner)
            if row is not None:
                connection.execute(_DESTROY, (row["kid"],))
                self._forget(row["kid"])
        # The write-ahead log, and pages that moved while the table grew, hold old copies of a row.
        self._database.rebuild()
        return row is not None

    def close(self) -> None:
        """Close the file and forget every unwrapped key."""
        self._database.close()
        with self._lock:
            self._remembered.clear()

    def _prove(self, master_path: Path) -> bytes:
        with self._database.writing() as connection:
            proof = connection.execute("SELECT wrapped FROM proof").fetchone()
            if proof is None:
                make_master_key(master_path, self._random)
            master = read_master_key(master_path)
            if master is None:
                raise MasterKeyUnusable(
                    f"{master_path.name} is missing, and keys.db cannot be read without it. "
                    "Restore the file from its backup."
                )
            if proof is None:
                wrapped = aes_key_wrap(master, _PROOF)
                connection.execute("INSERT INTO proof VALUES (1, ?)", (wrapped,))
                return master
        try:
            aes_key_unwrap(master, proof["wrapped"])
        except InvalidUnwrap:
            raise MasterKeyUnusable(
                f"{master_path.name} is not the master key this keys.db was made with. "
                "Restore the two from the same backup."
            ) from None
        return master

    def _find_or_make(self, connection: Connection, owner: Owner) -> DataKey:
        if row := _live_row(connection, owner):
            return self._unwrapped(row)
        kid, secret = self._random(KID_BYTES).hex(), self._random(SECRET_BYTES)
        connection.execute(
            "INSERT INTO keys (kid, school, kind, owner, wrapped) VALUES (?, ?, ?, ?, ?)",
            (kid, *_owned(owner), aes_key_wrap(self._master, secret)),
        )
        return DataKey(kid, secret)

    def _unwrapped(self, row: Row) -> DataKey:
        kid = row["kid"]
        with self._lock:
            if key := self._remembered.get(kid):
                self._remembered.move_to_end(kid)
                return key
        try:
            key = DataKey(kid, aes_key_unwrap(self._master, row["wrapped"]))
        except InvalidUnwrap:
            raise CannotOpen("A key in keys.db is damaged. Restore the newest keys.db.") from None
        with self._lock:
            self._remembered[kid] = key
            if len(self._remembered) > CACHED_KEYS:
                self._remembered.popitem(last=False)
        return key

    def _forget(self, kid: str) -> None:
        with self._lock:
            self._remembered.pop(kid, None)


def _live_row(connection: Connection, owner: Owner) -> Row | None:
    row: Row | None = connection.execute(_LIVE, _owned(owner)).fetchone()
    return row


def _owned(owner: Owner) -> tuple[str, str, str]:
    return owner.school, owner.kind, owner.id.hex
