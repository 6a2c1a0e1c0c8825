"""What a reader is shown of a case: the shapes, and what each sight opens of them.

A field that a sight does not open is left out, as if it did not exist. Words are opened here, at
the last moment, for whoever may read them.
"""

from incidents.pages.beside import Words
from incidents.pages.case import MODERATION_DUE, PAPERS_DUE, case_page, letter_line
from incidents.pages.shapes import ActorPage, CasePage, Change, Entry, LetterLine

__all__ = [
    "MODERATION_DUE",
    "PAPERS_DUE",
    "ActorPage",
    "CasePage",
    "Change",
    "Entry",
    "LetterLine",
    "Words",
    "case_page",
    "letter_line",
]
