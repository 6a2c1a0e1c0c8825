"""The keystore: one data key per stream and per person, and how one of them is made to vanish.

Data keys lie in a database of their own, wrapped (AES key wrap, RFC 3394) under the master key,
which lies in a file. To forget somebody is to destroy a key: no event is touched, every proof still
holds, and the words sealed under it read as erased, in every process, from that moment on.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final, Literal
from uuid import UUID

from durable import Connection, Place, Row, Schema
from incidents.store.data_key import SECRET_BYTES, DataKey
from incidents.store.errors import CannotOpen
from incidents.store.master import MasterKey

KID_BYTES: Final = 16
CACHED_KEYS: Final = 1024

# A destroyed key keeps its row, so that "erased" and "lost" can be told apart; its secret is
# overwritten in place by zeros of the same length.
KEYS: Final = Schema(
    "keys",
    (
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
    ),
    # What is destroyed has to be cleared out of the table, and only its owner may do that.
    owned=("keys", "proof"),
)
_BY_KID: Final = "SELECT * FROM keys WHERE kid = ?"
_LIVE_OF: Final = """SELECT * FROM keys WHERE school IN ({schools})
    AND kind IN ('person', 'stream') AND owner IN ({owners}) AND destroyed = 0"""
LIVE: Final = "SELECT * FROM keys WHERE school = ? AND kind = ? AND owner = ? AND destroyed = 0"
DEAD: Final = "SELECT 1 FROM keys WHERE school = ? AND kind = ? AND owner = ? AND destroyed = 1"
_DESTROY: Final = "UPDATE keys SET destroyed = 1, wrapped = ? WHERE kid = ?"


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

    def __init__(self, place: Place, master_path: Path, random: Callable[[int], bytes]) -> None:
        """Open the keystore; the first time, make it and its master key.

        Raises MasterKeyUnusable when the master key is absent, malformed or another one's, and
        StoreUnavailable.
        """
        self._database = place.open(KEYS, secure_delete=True)
        self._master = MasterKey(master_path, random)
        self._random = random
        self._remembered: OrderedDict[str, DataKey] = OrderedDict()
        self._lock = Lock()
        with ExitStack() as unless_opened:
            unless_opened.callback(self._database.close)
            with self._database.writing() as connection:
                if connection.execute("SELECT 1 FROM proof").fetchone() is None:
                    connection.execute("INSERT INTO proof VALUES (1, ?)", (self._master.make(),))
                self._settle(connection)
            unless_opened.pop_all()

    def of(self, owners: Collection[Owner]) -> Mapping[Owner, DataKey]:
        """Return the key of each owner, made where there was none.

        All new keys are made in one transaction and are durable when this returns: nothing sealed
        is ever written before its key. Raises StoreUnavailable, CannotOpen for a damaged key.
        """
        with self._database.reading() as connection:
            keys = self._of(connection, owners)
        if len(keys) < len(owners):
            with self._database.writing() as connection:
                self._settle(connection)
                keys = self._of(connection, owners)
                keys |= self._make(connection, [owner for owner in owners if owner not in keys])
        return keys

    def live(self, owner: Owner) -> DataKey | None:
        """Return the owner's key, or None when there is none (yet, or any more).

        Raises StoreUnavailable, CannotOpen for a damaged key.
        """
        with self._database.reading() as connection:
            row = connection.execute(LIVE, owned(owner)).fetchone()
        return None if row is None else self._key(row)

    def find(self, kid: str, school: str) -> DataKey | None:
        """Return the key named `kid`, or None once it was destroyed.

        Raises StoreUnavailable, and CannotOpen for another school's key, a damaged one, and one
        neither held nor destroyed here.
        """
        with self._database.reading() as connection:
            row = connection.execute(_BY_KID, (kid,)).fetchone()
        if row is None:
            raise CannotOpen(
                "The key this was sealed under is missing from keys.db. Restore the newest keys.db."
            )
        if row["school"] != school:
            raise CannotOpen("This was sealed at another school.")
        return self._key(row)

    def was_destroyed(self, owner: Owner) -> bool:
        """Whether the owner once had a key that was destroyed."""
        with self._database.reading() as connection:
            row = connection.execute(DEAD, owned(owner)).fetchone()
        return row is not None

    def destroy(self, owner: Owner) -> bool:
        """Destroy the owner's key for good; return whether there was one.

        When this returns, the wrapped key is in none of the keystore's files and no process opens
        anything with it. If it raises StoreUnavailable the key may be dead already, but not yet
        gone from the files: repeat it.
        """
        with self._database.writing() as connection:
            row = connection.execute(LIVE, owned(owner)).fetchone()
            if row is not None:
                connection.execute(_DESTROY, (bytes(len(row["wrapped"])), row["kid"]))
                self._forget(row["kid"])
        # The write-ahead log, and pages that moved while the table grew, hold old copies of a row.
        self._database.rebuild()
        return row is not None

    def rotate_master_key(self) -> None:
        """Wrap every data key under a new master key, and put it in the old one's place.

        A keystore in an old backup is then closed to whoever has only today's master key: what was
        destroyed since does not come back. Programs at work take up the new key by themselves; cut
        short anywhere, it is finished or dropped at the next start. Raises StoreUnavailable, and
        CannotOpen, changing nothing, when a key is damaged.
        """
        with self._database.writing() as connection:
            self._settle(connection)
            following, proof = self._master.successor()
            rows = connection.execute("SELECT * FROM keys WHERE destroyed = 0").fetchall()
            for row in rows:
                wrapped = following.wrap(self._secret(row))
                connection.execute(
                    "UPDATE keys SET wrapped = ? WHERE kid = ?", (wrapped, row["kid"])
                )
            connection.execute("UPDATE proof SET wrapped = ?", (proof,))
        with self._database.writing() as connection:
            self._settle(connection)
        self._database.rebuild()

    def close(self) -> None:
        """Close the file and forget every unwrapped key."""
        self._database.close()
        with self._lock:
            self._remembered.clear()

    def _settle(self, connection: Connection) -> None:
        self._master.settle(connection.execute("SELECT wrapped FROM proof").fetchone()[0])

    def _of(self, connection: Connection, owners: Collection[Owner]) -> dict[Owner, DataKey]:
        """Return the live keys of those owners who have one."""
        schools = sorted({owner.school for owner in owners})
        ids = [owner.id.hex for owner in owners]
        statement = _LIVE_OF.format(schools=_marks(schools), owners=_marks(ids))
        found = {}
        for row in connection.execute(statement, (*schools, *ids)).fetchall():
            owner = Owner(row["school"], row["kind"], UUID(row["owner"]))
            if owner in owners and (key := self._key(row)):
                found[owner] = key
        return found

    def _make(self, connection: Connection, owners: Collection[Owner]) -> dict[Owner, DataKey]:
        made: dict[Owner, DataKey] = {}
        values: list[str | bytes] = []
        for owner in owners:
            kid, secret = self._random(KID_BYTES).hex(), self._random(SECRET_BYTES)
            values += (kid, *owned(owner), self._master.wrap(secret))
            made[owner] = DataKey(kid, secret)
        if made:
            rows = ",".join(["(?,?,?,?,?)"] * len(made))
            connection.execute(
                f"INSERT INTO keys (kid, school, kind, owner, wrapped) VALUES {rows}",  # noqa: S608 marks
                values,
            )
        return made

    def _key(self, row: Row) -> DataKey | None:
        kid = row["kid"]
        if row["destroyed"]:
            self._forget(kid)
            return None
        with self._lock:
            if key := self._remembered.get(kid):
                self._remembered.move_to_end(kid)
                return key
        secret = self._master.unwrap(row["wrapped"])
        if secret is None:
            return self._key_under_newer_master(kid)
        return self._remember(DataKey(kid, secret))

    def _key_under_newer_master(self, kid: str) -> DataKey | None:
        """Look again: another program may have rotated the master key, or destroyed this one."""
        with self._database.writing() as connection:
            self._settle(connection)
            row = connection.execute(_BY_KID, (kid,)).fetchone()
        return None if row["destroyed"] else self._remember(DataKey(kid, self._secret(row)))

    def _secret(self, row: Row) -> bytes:
        secret = self._master.unwrap(row["wrapped"])
        if secret is None:
            raise CannotOpen("A key in keys.db is damaged. Restore the newest keys.db.")
        return secret

    def _remember(self, key: DataKey) -> DataKey:
        with self._lock:
            self._remembered[key.kid] = key
            if len(self._remembered) > CACHED_KEYS:
                self._remembered.popitem(last=False)
        return key

    def _forget(self, kid: str) -> None:
        with self._lock:
            self._remembered.pop(kid, None)


def owned(owner: Owner) -> tuple[str, str, str]:
    return owner.school, owner.kind, owner.id.hex


def _marks(values: Collection[str]) -> str:
    return ",".join("?" * len(values))
