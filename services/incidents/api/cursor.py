"""Cursors: where a list goes on, in a form that can't be read wrong, altered or lent.

A cursor is bound to the list it came from: the same user, school and filters. Anything else is
refused, whoever made it up.
"""

import hmac
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Final

import msgspec

from incidents.api.problems import Kind, Problem
from incidents.store.files import make_folder, write_new

KEY_BYTES: Final = 32
_MAC_BYTES: Final = 16

Cursor = Annotated[str, msgspec.Meta(min_length=1, max_length=400, pattern=r"^[A-Za-z0-9_-]+$")]


class Cursors:
    """Makes and reads the cursors of one installation; its processes share the key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def load_or_create(cls, path: Path) -> "Cursors":
        """Use the key in `path`, made there with mode 0600 if there is none."""
        if not path.exists():
            make_folder(path.parent)
            # Of several processes that start together, one wins and all use its key.
            with suppress(FileExistsError):
                write_new(path, os.urandom(KEY_BYTES))
        return cls(path.read_bytes())

    def make(self, place: tuple[str, str], of: object) -> str:
        """Return the cursor that goes on after `place` in the list described by `of`."""
        said = msgspec.json.encode(place)
        return urlsafe_b64encode(self._mac(said, of) + said).rstrip(b"=").decode()

    def read(self, cursor: str, of: object) -> tuple[str, str]:
        """Return the place. Raises `Problem` (404): another list's cursor is as good as none."""
        try:
            raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            mac, said = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
            if hmac.compare_digest(mac, self._mac(said, of)):
                return msgspec.json.decode(said, type=tuple[str, str])
        except ValueError:
            pass  # not base64: as good as altered
        raise Problem(
            Kind.NOT_FOUND,
            "This cursor does not belong to this list. Start again without it; filters have to "
            "stay the same from page to page.",
        )

    def _mac(self, said: bytes, of: object) -> bytes:
        bound = msgspec.json.encode(of, order="deterministic")
        return hmac.digest(self._key, bound + b"\0" + said, "sha256")[:_MAC_BYTES]
