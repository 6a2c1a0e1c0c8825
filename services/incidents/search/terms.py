"""What of a case is looked for, by whom: its words and its readers as hashes under a school's key.

A word is hashed together with the sight, or the closed section, that shows it, and a reader
together with how much he sees. So what somebody may not read cannot even be hit upon.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Final
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec

from incidents.domain.access import RELATIONS, SECTIONS, SIGHTS, Sight
from incidents.domain.school import User
from incidents.domain.vocabulary import Section
from incidents.store import KeyStore, Owner
from incidents.views.lines import Principal, opening, principals, role_principal

Layer = Sight | Section
WORDS_SHOWN_TO: Final = (Sight.STATUS, Sight.PAPERS, Sight.MODERATION, Sight.FULL)
"""An auditor reads no words, so he finds none."""
_LETTERS: Final = str.maketrans("0123456789abcdef", "ghijklmnopqrstuv")
_TERM_LETTERS: Final = 20
"""Eighty bits: what two words have in common by chance is sorted out when a hit is read."""


class Terms:
    """Makes the terms of one school."""

    def __init__(self, keys: KeyStore, school: str) -> None:
        """Its key is made if there is none. Raises StoreUnavailable."""
        owner = index_owner(school)
        key = keys.of([owner])[owner]
        self.kid = key.kid
        self._hash: Callable[[bytes], str] = key.name

    def word(self, layer: Layer, word: str) -> str:
        return self._term("word", layer.name, word)

    def words(self, layers: Mapping[Layer, Iterable[str]]) -> Iterator[str]:
        for layer, words in layers.items():
            yield from (self.word(layer, word) for word in sorted(words))

    def reader(self, principal: Principal, much: Sight) -> str:
        return self._term("reader", much.name, principal)

    def _term(self, *parts: str) -> str:
        digest = sha256("\0".join(parts).encode()).digest()
        return self._hash(digest)[:_TERM_LETTERS].translate(_LETTERS)


def index_owner(school: str) -> Owner:
    """Whose key the index of a school is made with: destroyed, nothing in it can be told apart."""
    return Owner(school, "stream", index_stream(school))


def index_stream(school: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"caseward search {school}")


Asked = list[tuple[str, list[list[str]]]]
"""For each way in which somebody may see a case: the term that he does, and for each word the terms
of which one has to be there."""


def asked(terms: Terms, user: User, words: Iterable[str]) -> Asked:
    """Return what a search of this user for all of these words has to hit."""
    wanted = sorted(words)
    return [
        (
            terms.reader(principal, much),
            [[terms.word(layer, word) for layer in layers] for word in wanted],
        )
        for principal, much, layers in _ways(user)
    ]


def _ways(user: User) -> Iterator[tuple[Principal, Sight, list[Layer]]]:
    """Every way in which this user may see a case, and what may show him words then."""
    for principal in principals(msgspec.structs.replace(user, roles=frozenset())):
        for much in sorted({seen for seen, _ in RELATIONS.values()}):
            yield principal, much, [much]
    for role in sorted(user.roles & SIGHTS.keys()):
        much = SIGHTS[role][0]
        if much in WORDS_SHOWN_TO:
            layers: list[Layer] = [much]
            if much is Sight.FULL:
                layers += [section for section in SECTIONS if role in opening(section)]
            yield role_principal(role), much, layers


def match(found: Asked) -> str:
    """Return it in the words of FTS5."""
    return _said(found, " AND ", " OR ")


def tsquery(found: Asked) -> str:
    """Return it as a tsquery."""
    return _said(found, " & ", " | ")


def _said(found: Asked, also: str, either: str) -> str:
    ways = ([reader, *(f"({either.join(one)})" for one in words)] for reader, words in found)
    return either.join(f"({also.join(way)})" for way in ways)
