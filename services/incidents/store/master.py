"""The master key: one file, outside every database, under which all data keys are wrapped.

The keystore holds a proof, something known wrapped under the master key, so that a wrong key is
noticed at once. While the key is being replaced, its successor lies beside it; which of the two
counts is what the proof says, so that a rotation cut short anywhere is either finished later or was
never begun.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from incidents.store.errors import MasterKeyUnusable, StoreUnavailable
from incidents.store.files import flush_folder, make_folder, write_new, write_over

MASTER_BYTES: Final = 32
_KNOWN: Final = b"the master key of this keystore."


class MasterKey:
    """Wraps and unwraps secrets under the key in a file.

    Whoever makes, settles or replaces it holds the keystore's write lock, so that only one program
    at a time touches the files.
    """

    def __init__(self, path: Path, random: Callable[[int], bytes]) -> None:
        self._path = path
        self._successor = path.with_name(f"{path.name}.next")
        self._random = random
        self._key = b""

    def make(self) -> bytes:
        """Make the key of a new keystore, unless a key is there, and return its proof.

        Raises MasterKeyUnusable and StoreUnavailable.
        """
        with self._writing():
            make_folder(self._path.parent)
            with suppress(FileExistsError):
                write_new(self._path, self._fresh())
        self._key = _read(self._path)
        return self.wrap(_KNOWN)

    def settle(self, proof: bytes) -> None:
        """Take up the key that fits the proof; finish a rotation that was cut short.

        Raises MasterKeyUnusable when no file fits, StoreUnavailable.
        """
        path, key = self._fitting(proof)
        if path == self._successor:
            with self._writing():
                self._successor.replace(self._path)
                flush_folder(self._path.parent)
        self._key = key

    def take_up(self, proof: bytes) -> None:
        """Take up the key that fits the proof, and leave every file as it is.

        Raises MasterKeyUnusable when no file fits, StoreUnavailable.
        """
        self._key = self._fitting(proof)[1]

    def successor(self) -> tuple["MasterKey", bytes]:
        """Write a new key beside this one; return it and its proof.

        It counts once the keystore holds its proof and `settle` was called. Raises
        StoreUnavailable.
        """
        with self._writing():
            write_over(self._successor, self._fresh())
        following = MasterKey(self._path, self._random)
        following._key = _read(self._successor)
        return following, following.wrap(_KNOWN)

    def wrap(self, secret: bytes) -> bytes:
        """Return the secret as it may be written down."""
        return aes_key_wrap(self._key, secret)

    def unwrap(self, wrapped: bytes) -> bytes | None:
        """Return the secret, or None when it was wrapped under another key or was damaged."""
        try:
            return aes_key_unwrap(self._key, wrapped)
        except InvalidUnwrap:
            return None

    def _fitting(self, proof: bytes) -> tuple[Path, bytes]:
        if self._successor.exists() and _fits(key := _read(self._successor), proof):
            return self._successor, key
        if not _fits(key := _read(self._path), proof):
            raise MasterKeyUnusable(
                f"{self._path.name} is not the master key this keys.db was made with. "
                "Restore the two from the same backup."
            )
        return self._path, key

    def _fresh(self) -> bytes:
        return self._random(MASTER_BYTES).hex().encode() + b"\n"

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreUnavailable(
                f"{self._path.name} cannot be written: {error.strerror}."
            ) from error


def _fits(key: bytes, proof: bytes) -> bool:
    try:
        return aes_key_unwrap(key, proof) == _KNOWN
    except InvalidUnwrap:
        return False


def _read(path: Path) -> bytes:
    try:
        key = bytes.fromhex(path.read_text("ascii"))
    except FileNotFoundError:
        raise MasterKeyUnusable(
            f"{path.name} is missing, and keys.db cannot be read without it. "
            "Restore the file from its backup."
        ) from None
    except OSError as error:
        raise StoreUnavailable(f"{path.name} cannot be read: {error.strerror}.") from error
    except ValueError:
        key = b""
    if len(key) != MASTER_BYTES:
        raise MasterKeyUnusable(
            f"{path.name} is not a master key: 64 hexadecimal digits are expected. "
            "Restore the file from its backup."
        )
    return key
