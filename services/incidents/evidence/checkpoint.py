"""Signed checkpoints: the key, the signature, and the folder where every reader finds them.

A checkpoint says: at this size the log had this root. Whoever keeps a copy elsewhere can show
later that history was rewritten, even by somebody who holds the key. The form is that of
c2sp.org/tlog-checkpoint; `verify.py` knows it.
"""

import secrets
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from incidents.evidence.alarm import EvidenceAlarm
from incidents.evidence.verify import (
    ED25519,
    MAX_NOTE,
    SIGNATURE_LINE,
    Checkpoint,
    Malformed,
    PublicKey,
    b64,
    is_key_name,
    read_checkpoint,
    read_file,
    unb64,
)
from incidents.store.files import make_folder, write_new, write_over

DEFAULT_DOMAIN: Final = "caseward.example"
KEPT_IN_FULL: Final = 256
"""This many of the newest checkpoints are kept, and of the older ones one in as many events."""
_PRIVATE: Final = "PRIVATE+KEY+"


class KeyUnusable(Exception):
    """The signing key cannot be used as it lies there. The text says what to do."""


class SigningKey:
    """The key that signs this log's checkpoints. It lies outside every database."""

    def __init__(self, name: str, seed: bytes) -> None:
        """Use `seed` (32 bytes) in the name of the log. Raises KeyUnusable for an unfit name."""
        if not is_key_name(name):
            raise KeyUnusable(
                "The name of a log must not be empty and has no space and no plus: use one "
                f"like {DEFAULT_DOMAIN}/your-installation."
            )
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = PublicKey(name, self._private.public_key().public_bytes_raw())

    @classmethod
    def load_or_create(cls, path: Path, name: str | None = None) -> "SigningKey":
        """Return the key in `path`, made there with mode 0600 if there is none.

        The file holds one line, the private key as golang.org/x/mod/sumdb/note writes it. A new
        log is called `name`, by default a random one below `caseward.example/`. Raises KeyUnusable
        if the file is not such a key, may be read by others, or belongs to a log of another name.
        """
        if not path.exists():
            _create(path, name or f"{DEFAULT_DOMAIN}/{secrets.token_hex(8)}")
        if path.stat().st_mode & 0o077:
            raise KeyUnusable(f"{path} may be read by others. Run: chmod 600 {path}")
        key = cls._parse(path)
        if name not in (None, key.public.name):
            raise KeyUnusable(
                f"{path} belongs to the log {key.public.name}, but the settings call it {name}. "
                "Set the name back: a log never changes it."
            )
        return key

    @classmethod
    def _parse(cls, path: Path) -> "SigningKey":
        parts = path.read_text("utf-8", "replace").strip().removeprefix(_PRIVATE).split("+", 2)
        try:
            data = unb64(parts[-1], "the key", 33)
        except Malformed:
            data = b""
        if len(parts) != 3 or data[:1] != ED25519:
            raise KeyUnusable(f"{path} is not a signing key. Restore it from where you keep it.")
        key = cls(parts[0], data[1:])
        if key.public.id.hex() != parts[1]:
            raise KeyUnusable(f"{path} was changed. Restore it from where you keep it.")
        return key

    def sign(self, checkpoint: Checkpoint) -> bytes:
        """Return the checkpoint as a signed note."""
        text = checkpoint.text()
        signature = b64(self.public.id + self._private.sign(text.encode()))
        return f"{text}\n{SIGNATURE_LINE}{self.public.name} {signature}\n".encode()


def _create(path: Path, name: str) -> None:
    """Make a key once: of several programs that start together, one wins and all use its key."""
    seed = secrets.token_bytes(32)
    public = SigningKey(name, seed).public
    line = f"{_PRIVATE}{name}+{public.id.hex()}+{b64(ED25519 + seed)}\n"
    make_folder(path.parent)
    with suppress(FileExistsError):
        write_new(path, line.encode())


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint and the signed note that says so."""

    checkpoint: Checkpoint
    note: bytes


class CheckpointFolder:
    """The kept checkpoints, `<size>.txt` each, with `latest.txt` and the public key, `key.txt`.

    It needs no private key and may be read by any program. Every file is whole or absent.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def publish(self, key: PublicKey) -> None:
        """Put the public key beside the checkpoints. Raises KeyUnusable if another stands there."""
        path = self.directory / "key.txt"
        make_folder(self.directory)
        if not path.exists():
            write_over(path, f"{key}\n".encode())
        if self.key() != key:
            raise KeyUnusable(
                f"{path} names another key than the one that signs. Restore the signing key that "
                "belongs to this log."
            )

    def key(self) -> PublicKey:
        """Return the public key. Raises Malformed if there is none."""
        return PublicKey.parse(read_file(self.directory / "key.txt", MAX_NOTE).decode("utf-8"))

    def latest(self) -> SignedCheckpoint | None:
        """Return the newest checkpoint, or None before the first.

        Raises Malformed if the folder's key did not sign it.
        """
        path = self.directory / "latest.txt"
        if not path.exists():
            return None
        note = read_file(path, MAX_NOTE)
        return SignedCheckpoint(read_checkpoint(note, self.key()), note)

    def files(self) -> list[Path]:
        """Return every kept checkpoint, smallest first, without `latest.txt`."""
        kept = (path for path in self.directory.glob("*.txt") if path.stem.isdecimal())
        return sorted(kept, key=lambda path: int(path.stem))

    def keep(self, signed: SignedCheckpoint) -> None:
        """Keep a checkpoint and make it the latest. When this returns, it is on the disk.

        Raises EvidenceAlarm if another checkpoint of the same size was kept before.
        """
        path = self.directory / f"{signed.checkpoint.size}.txt"
        if path.exists() and path.read_bytes() != signed.note:
            raise EvidenceAlarm(
                f"checkpoint {path.name}", "another root was signed for this size before"
            )
        write_over(path, signed.note)
        write_over(self.directory / "latest.txt", signed.note)
        self._thin_out()

    def _thin_out(self) -> None:
        """Drop old checkpoints that a neighbour stands for: a busy log makes one a second."""
        old = self.files()[:-KEPT_IN_FULL]
        for before, path in pairwise(old):
            if int(before.stem) // KEPT_IN_FULL == int(path.stem) // KEPT_IN_FULL:
                path.unlink(missing_ok=True)
