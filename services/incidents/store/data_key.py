"""One data key: what is encrypted under it opens with it only, and only in its own place."""

import hmac
from functools import cached_property
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from incidents.store.errors import CannotOpen

SECRET_BYTES: Final = 32
NONCE_BYTES: Final = 12
_BLOCK_BYTES: Final = 64
_INNER: Final = bytes(byte ^ 0x36 for byte in range(256))
_OUTER: Final = bytes(byte ^ 0x5C for byte in range(256))


class DataKey:
    """A 256-bit secret, split by HMAC-SHA256 into one key per use.

    AES-GCM alone lets a ciphertext be made that opens under two keys; the commitment, an HMAC over
    nonce and place under a key of its own, does not.
    """

    def __init__(self, kid: str, secret: bytes) -> None:
        self.kid = kid
        self._secret = _Mac(secret)
        self._cipher = AESGCM(self._secret.of(b"caseward 1 encrypt"))
        self._commits = _Mac(self._secret.of(b"caseward 1 commit"))

    def encrypt(self, nonce: bytes, content: bytes, place: bytes) -> tuple[bytes, bytes]:
        """Return ciphertext and commitment, both bound to `place`. A nonce serves once."""
        return self._cipher.encrypt(nonce, content, place), self._commitment(nonce, place)

    def decrypt(self, nonce: bytes, ciphertext: bytes, commitment: bytes, place: bytes) -> bytes:
        """Return the content. Raises CannotOpen if anything differs from when it was encrypted."""
        if not hmac.compare_digest(commitment, self._commitment(nonce, place)):
            raise CannotOpen("This was sealed under another key or belongs in another place.")
        try:
            return self._cipher.decrypt(nonce, ciphertext, place)
        except InvalidTag:
            raise CannotOpen("This was altered after it was sealed.") from None

    def name(self, digest: bytes) -> str:
        """A name for content with this digest, that tells nothing to who has not the key."""
        return self._names.of(digest).hex()

    @cached_property
    def _names(self) -> "_Mac":
        return _Mac(self._secret.of(b"caseward 1 name"))

    def _commitment(self, nonce: bytes, place: bytes) -> bytes:
        return self._commits.of(nonce + place)


class _Mac:
    """HMAC-SHA256 (RFC 2104) under one key, whose two blocks are hashed once for all messages.

    `hmac.digest` looks the algorithm up and hashes them again with every call: three times as dear.
    """

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        """The key has 32 bytes: less than a block."""
        block = key.ljust(_BLOCK_BYTES, b"\0")
        self._inner = sha256(block.translate(_INNER))
        self._outer = sha256(block.translate(_OUTER))

    def of(self, message: bytes) -> bytes:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.digest()
