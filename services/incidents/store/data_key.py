"""One data key: what is encrypted under it opens with it only, and only in its own place."""

import hmac
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from incidents.store.errors import CannotOpen

SECRET_BYTES: Final = 32
NONCE_BYTES: Final = 12


class DataKey:
    """A 256-bit secret, split by HMAC-SHA256 into one key per use.

    AES-GCM alone lets a ciphertext be made that opens under two keys; the commitment, an HMAC over
    nonce and place under a key of its own, does not.
    """

    __slots__ = ("_cipher", "_commits", "_names", "kid")

    def __init__(self, kid: str, secret: bytes) -> None:
        self.kid = kid
        self._cipher = AESGCM(hmac.digest(secret, b"caseward 1 encrypt", "sha256"))
        self._commits = hmac.digest(secret, b"caseward 1 commit", "sha256")
        self._names = hmac.digest(secret, b"caseward 1 name", "sha256")

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
        return hmac.digest(self._names, digest, "sha256").hex()

    def _commitment(self, nonce: bytes, place: bytes) -> bytes:
        return hmac.digest(self._commits, nonce + place, "sha256")
