"""The keyed hash under every data key is the standard one, however it is worked out."""

import hmac

from hypothesis import given
from hypothesis import strategies as st

from incidents.store.data_key import SECRET_BYTES, DataKey, _Mac


@given(st.binary(min_size=SECRET_BYTES, max_size=SECRET_BYTES), st.binary(max_size=300))
def test_it_is_hmac_sha256(key: bytes, message: bytes) -> None:
    assert _Mac(key).of(message) == hmac.digest(key, message, "sha256")


@given(st.binary(min_size=SECRET_BYTES, max_size=SECRET_BYTES))
def test_a_secret_is_split_by_use_as_it_always_was(secret: bytes) -> None:
    """What was sealed by an older version opens: these three are written down in every file."""
    key, nonce, place = DataKey("kid", secret), bytes(12), b"place"
    _, commitment = key.encrypt(nonce, b"content", place)
    commits = hmac.digest(secret, b"caseward 1 commit", "sha256")
    names = hmac.digest(secret, b"caseward 1 name", "sha256")
    assert commitment == hmac.digest(commits, nonce + place, "sha256")
    assert key.name(b"digest") == hmac.digest(names, b"digest", "sha256").hex()
