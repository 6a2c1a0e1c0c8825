"""Looks data keys up in a keystore and writes nothing: for whoever checks an installation."""

import os
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from durable import Connection, Place
from incidents.store.data_key import DataKey
from incidents.store.errors import CannotOpen, MasterKeyUnusable
from incidents.store.keys import DEAD, KEYS, LIVE, Owner, owned
from incidents.store.master import MasterKey

_PROOF: Final = "SELECT wrapped FROM proof"


class KeyReader:
    """Data keys as they lie there, beside the programs that make, rotate and destroy them.

    Every method may raise StoreUnavailable.
    """

    def __init__(self, place: Place, master_path: Path) -> None:
        """Raises MasterKeyUnusable when the master key is absent, malformed or another one's."""
        self._database = place.open(KEYS, read_only=True)
        self._master = MasterKey(master_path, os.urandom)
        with ExitStack() as unless_opened:
            unless_opened.callback(self._database.close)
            with self._database.reading() as connection:
                proof = _proof(connection)
            self._master.take_up(proof)
            unless_opened.pop_all()

    def live(self, owner: Owner) -> DataKey | None:
        """Return the owner's key, or None when there is none (yet, or any more).

        Raises MasterKeyUnusable, and CannotOpen for a damaged key.
        """
        try:
            return self._look_up(owner)
        except MasterKeyUnusable:
            # The master key may have been replaced between the look at keys.db and that at its
            # file: now both are the new ones.
            return self._look_up(owner)

    def was_destroyed(self, owner: Owner) -> bool:
        """Whether the owner once had a key that was destroyed."""
        with self._database.reading() as connection:
            return connection.execute(DEAD, owned(owner)).fetchone() is not None

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _look_up(self, owner: Owner) -> DataKey | None:
        with self._database.snapshot() as connection:
            row = connection.execute(LIVE, owned(owner)).fetchone()
            proof = _proof(connection)
        if row is None:
            return None
        self._master.take_up(proof)
        secret = self._master.unwrap(row["wrapped"])
        if secret is None:
            raise CannotOpen("A key in keys.db is damaged. Restore the newest keys.db.")
        return DataKey(row["kid"], secret)


def _proof(connection: Connection) -> bytes:
    row = connection.execute(_PROOF).fetchone()
    if row is None:
        raise MasterKeyUnusable("keys.db names no master key. Restore it from its backup.")
    return bytes(row["wrapped"])
