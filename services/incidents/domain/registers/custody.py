"""Where a password is kept, and never the password itself (policy row 16).

What looks like one is refused, in whichever field it stands. That can't find every password; the
reference is words with a number behind them, so that hardly one fits.
"""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final

import msgspec

from incidents.domain.table import Asking, Command, body_guard


class KeptIn(StrEnum):
    """Where the school keeps passwords."""

    PASSWORD_MANAGER = "password_manager"  # noqa: S105 the name of a place
    SAFE = "safe"
    SEALED_ENVELOPE = "sealed_envelope"
    LOCAL_AUTHORITY = "local_authority"


REFERENCE: Final = re.compile(r"[A-Za-z]+(?:[ ,./-]+[A-Za-z]+)*(?:[ ,./-]+[0-9]{1,6})?")
"""Words, then perhaps a number: "school accounts, entry 12"."""
_TOLD: Final = re.compile(
    r"\b(?:pass ?-?(?:words?|codes?|phrases?|keys?)|pwd|passwd|pin|secret|token|api ?-?key"
    r"|(?:recovery|backup) codes?)\b"
    r"(?:\s*(?:is|are|was|=|:|->)\s*|\s+[-–]\s+)"
    r"(?!(?:kept|held|stored|known|changed|reset|safe|in|with|at|on|under|not|only|the|to)\b)\S",
    re.IGNORECASE,
)
_FOLLOWS: Final = re.compile(
    r"\b(?:passwords?|passcodes?|pwd|pin)\s+(?=\S*[0-9])\S{4,}", re.IGNORECASE
)
_IN_A_URL: Final = re.compile(r"//[^/\s@]+:[^/\s@]+@")
_SYMBOL: Final = re.compile(r"[!$%^&*+=?~|\\<>]")
_SHORTEST: Final = 8


def looks_secret(text: str) -> bool:
    """Whether a password, a code or a key seems to stand in the text."""
    if any(pattern.search(text) for pattern in (_TOLD, _FOLLOWS, _IN_A_URL)):
        return True
    return any(map(_dense, text.split()))


def _dense(token: str) -> bool:
    """Letters, digits and symbols in one word, which is no address: nobody writes like that."""
    word = token.strip("\"'“”‘’().,;:?!@#")
    if len(word) < _SHORTEST or word.startswith(("http://", "https://")):
        return False
    kinds = (str.isupper, str.islower, str.isdigit)
    found = sum(any(map(kind, word)) for kind in kinds)
    return bool(_SYMBOL.search(word)) and found >= 2


def _texts(command: Command) -> Iterator[tuple[str, str]]:
    given: Mapping[str, object] = msgspec.structs.asdict(command)
    for name, value in given.items():
        if type(value) is str:
            yield name, value


@body_guard()
def no_password_is_written(_entry: object, command: Command, _asking: Asking) -> str | None:
    for name, text in _texts(command):
        if looks_secret(text):
            return (
                f"`{name}`: this looks like a password or a code. Leave it out; say where it is "
                "kept with `kept_in` and `reference`. If it was a real one, change it now."
            )
    return None


@body_guard()
def custody_is_a_reference(_entry: object, command: Command, _asking: Asking) -> str | None:
    reference = getattr(command, "reference", None)
    if reference is not None and REFERENCE.fullmatch(reference) is None:
        return (
            "`reference`: this may be a password. Give the name of the entry where it is kept, in "
            "words and a number, like: school accounts, entry 12. Never the password itself."
        )
    return None
