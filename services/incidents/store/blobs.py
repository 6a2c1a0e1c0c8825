"""Attachments and sent letters, kept as sealed files: `<school>/<stream>/<name>`.

A file is encrypted under the key of its stream. Its name is a keyed hash of the content's SHA-256:
who holds only the disk cannot even test whether a known file is there.
"""

import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID

import msgspec

from incidents.store.data_key import NONCE_BYTES, DataKey
from incidents.store.errors import (
    BlobAltered,
    BlobErased,
    BlobGone,
    CannotOpen,
    StoreUnavailable,
)
from incidents.store.files import make_folder, write_over
from incidents.store.keys import KeyStore, Owner

_SCHOOL: Final = re.compile(r"[a-z0-9]{8,32}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
"""How a SHA-256 is written, and how a kept file is called."""
_PREFIX: Final = b"caseward blob 1\0"


class Sheath(msgspec.Struct, frozen=True, array_like=True):
    """What a file holds, as MessagePack: the content, sealed."""

    nonce: bytes
    commitment: bytes
    ciphertext: bytes


class Keys(Protocol):
    """What opening a kept file asks of a keystore."""

    def live(self, owner: Owner) -> DataKey | None: ...

    def was_destroyed(self, owner: Owner) -> bool: ...


class BlobReader:
    """Gives kept files back and writes nothing. Safe to share between threads."""

    def __init__(self, folder: Path, keys: Keys) -> None:
        self._folder = folder
        self._keys = keys

    def read(self, school: str, stream: UUID, digest: str) -> bytes:
        """Return the content with this SHA-256, exactly as it was kept.

        Raises BlobGone when there is no such file, BlobErased when the stream's key was destroyed,
        BlobAltered when the file is not what was kept, StoreUnavailable when the disk refuses.
        """
        owner = _owner(school, stream)
        if not _DIGEST.fullmatch(digest):
            raise ValueError("A kept file is named by the SHA-256 of its content, in hexadecimal.")
        key = self._keys.live(owner)
        sheath = None if key is None else self._load(self._path(owner, key, bytes.fromhex(digest)))
        if key is None or sheath is None:
            if self._keys.was_destroyed(owner):
                raise BlobErased("This file was erased with the rest of its case.")
            raise BlobGone("No such file is kept for this case.")
        try:
            nonce, commitment, ciphertext = msgspec.structs.astuple(
                msgspec.msgpack.decode(sheath, type=Sheath)
            )
            return key.decrypt(nonce, ciphertext, commitment, _place(stream, bytes.fromhex(digest)))
        except (msgspec.MsgspecError, CannotOpen) as error:
            raise BlobAltered("This file was altered after it was kept.") from error

    def _path(self, owner: Owner, key: DataKey, digest: bytes) -> Path:
        return _folder_of(self._folder, owner) / key.name(digest)

    def _load(self, path: Path) -> bytes | None:
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreUnavailable(f"A kept file cannot be read: {error.strerror}.") from error


class Blobs(BlobReader):
    """Files kept for streams. Safe to share between threads and processes."""

    def __init__(self, folder: Path, keys: KeyStore, random: Callable[[int], bytes]) -> None:
        super().__init__(folder, keys)
        self._store = keys
        self._random = random

    def keep(self, school: str, stream: UUID, content: bytes) -> str:
        """Keep the content under the stream's key and return its SHA-256 in hexadecimal.

        Durable when it returns; keeping the same content again changes nothing. Raises
        StoreUnavailable.
        """
        owner = _owner(school, stream)
        key = self._store.of([owner])[owner]
        digest = sha256(content).digest()
        nonce = self._random(NONCE_BYTES)
        ciphertext, commitment = key.encrypt(nonce, content, _place(stream, digest))
        path = self._path(owner, key, digest)
        try:
            make_folder(path.parent)
            write_over(path, msgspec.msgpack.encode(Sheath(nonce, commitment, ciphertext)))
        except OSError as error:
            raise StoreUnavailable(f"A file cannot be kept: {error.strerror}.") from error
        return digest.hex()


def count_kept(folder: Path, school: str, stream: UUID) -> int:
    """Return how many files are kept for a stream: all that can be told without its key.

    Raises ValueError for what is no school, StoreUnavailable when the disk refuses.
    """
    owner = _owner(school, stream)
    try:
        names = [path.name for path in _folder_of(folder, owner).iterdir()]
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise StoreUnavailable(f"Kept files cannot be looked at: {error.strerror}.") from error
    return sum(_DIGEST.fullmatch(name) is not None for name in names)


def _folder_of(folder: Path, owner: Owner) -> Path:
    return folder / owner.school / owner.id.hex


def _owner(school: str, stream: UUID) -> Owner:
    # The school becomes a folder's name: nothing but its own alphabet may get there.
    if not _SCHOOL.fullmatch(school):
        raise ValueError("A school id is 8 to 32 lower-case letters and digits.")
    return Owner(school, "stream", stream)


def _place(stream: UUID, digest: bytes) -> bytes:
    return _PREFIX + stream.bytes + digest
