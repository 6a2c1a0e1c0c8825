"""Termly figures for governors: a read model of its own that follows the log.

It holds ids, codes and times, no words and nobody. A case counts in the term it was reported in.
Every figure is about the cases that exist for whoever asks: one that he is walled from is in none
of them, nor in anything that they add up to, so that no difference between two of them leads to it.
Small numbers are suppressed, in a way that they can't be worked out either.
"""

from incidents.statistics.counting import Decided, Statistics
from incidents.statistics.figures import Figures, Termly
from incidents.statistics.marks import Decision
from incidents.statistics.periods import Period, Season
from incidents.statistics.tables import STATISTICS

__all__ = [
    "STATISTICS",
    "Decided",
    "Decision",
    "Figures",
    "Period",
    "Season",
    "Statistics",
    "Termly",
]
