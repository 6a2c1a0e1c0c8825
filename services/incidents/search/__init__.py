"""Full text over what each reader may see, without a word of it at rest."""

from incidents.search.index import Search
from incidents.search.tables import SEARCH
from incidents.search.words import words_in, words_of

__all__ = ["SEARCH", "Search", "words_in", "words_of"]
