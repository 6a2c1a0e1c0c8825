"""What the county's press office is told of an enquiry, and who is told of a data breach, and what.

Nobody is named in any of these but the school's own contact; each person is told of his own data.
"""

from datetime import date

from incidents.letter_data.common import Letter, Moment


class PressSupport(Letter, frozen=True, kw_only=True):
    """L24, to the county's press office: who asks, what, until when, and what is known."""

    outlet: str
    query: str
    asked: str
    received_at: Moment
    answer_by: Moment | None = None


class BreachReport(Letter, frozen=True, kw_only=True):
    """L25, to the Information Commissioner: what UK GDPR, article 33(3), lists, and no names."""

    aware_at: Moment
    nature: str
    people_affected: int
    consequences: str
    measures: str
    reason: str
    late_because: str | None = None


class BreachTold(Letter, frozen=True, kw_only=True):
    """L26, to one person concerned: UK GDPR, article 34(2). Not how many others there are."""

    known_on: date
    nature: str
    consequences: str
    measures: str
