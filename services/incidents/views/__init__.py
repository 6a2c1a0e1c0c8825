"""Read models: what is listed, narrowed and searched, and which deadlines stand.

They follow the log, may be a moment behind it, and can be built again from it at any time. A wall
that went up a moment ago is not theirs to hold: whoever shows a line asks whether the case has
moved on since.
"""

from incidents.views.entries import Entry
from incidents.views.lines import CaseLine, Track
from incidents.views.lists import Bookmark, Filters, Line, Page, Reader, is_reference
from incidents.views.live import Passed, Views
from incidents.views.tables import VIEWS

__all__ = [
    "VIEWS",
    "Bookmark",
    "CaseLine",
    "Entry",
    "Filters",
    "Line",
    "Page",
    "Passed",
    "Reader",
    "Track",
    "Views",
    "is_reference",
]
