"""Words as they are searched for: whoever types one finds it however it was written.

Capitals, accents and typographic forms make no difference, punctuation parts words: "Llŷr" is
found by "llyr", "O’Neill" by "o'neill" and by "neill", "#CASE-1" by "case".
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

_WORD: Final = re.compile(r"[^\W_]+")
# Letters with a stroke or a tail that Unicode does not take apart, and what people type for them.
_PLAIN: Final = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h", "ı": "i"}
)


def words_of(text: str) -> frozenset[str]:
    """Return the words of a text, each in the one form in which it is looked for."""
    apart = unicodedata.normalize("NFKD", text.casefold()).casefold()
    plain = "".join(sign for sign in apart if not unicodedata.combining(sign))
    return frozenset(_WORD.findall(plain.translate(_PLAIN)))


def words_in(texts: Iterable[str]) -> frozenset[str]:
    """Return the words of all these texts."""
    return frozenset().union(*map(words_of, texts))
