"""The deadlines that are delivered, written down once more: none of them changes by accident.

A school sets its own numbers; these are what it begins with, on the clock that each is counted by.
"""

from pathlib import Path
from typing import Final

import pytest

from incidents.domain.deadlines import Clock, Term
from incidents.domain.vocabulary import Due
from incidents.school_files import load

DELIVERED: Final = load(Path(__file__).parents[3] / "deploy" / "school").deadlines
SCHOOL_DAYS, WORKING_DAYS = Clock.SCHOOL_DAYS, Clock.WORKING_DAYS
SAID: Final[dict[Due, tuple[int, Clock]]] = {
    Due.ACKNOWLEDGE: (1, SCHOOL_DAYS),
    Due.ASSESSMENT: (2, SCHOOL_DAYS),
    Due.URGENT_ASSESSMENT: (0, WORKING_DAYS),
    Due.LADO: (1, WORKING_DAYS),
    Due.POLICE: (0, WORKING_DAYS),
    Due.SOCIAL_CARE: (0, WORKING_DAYS),
    Due.AGENCY_CHASE: (2, WORKING_DAYS),
    Due.AGENCY_REVIEW: (5, WORKING_DAYS),
    Due.LADO_REVIEW: (10, WORKING_DAYS),
    Due.REMOVAL_LETTER: (1, SCHOOL_DAYS),
    Due.POST_RECHECK: (3, SCHOOL_DAYS),
    Due.REMOVAL_REMINDER: (5, SCHOOL_DAYS),
    Due.MEETING: (10, SCHOOL_DAYS),
    Due.MODERATION: (2, Clock.WORKING_HOURS),
    Due.AUDIENCE_NOTICE: (0, WORKING_DAYS),
    Due.TAKEDOWN: (1, Clock.RUNNING_HOURS),
    Due.PRESS_HEAD_TOLD: (15, Clock.RUNNING_MINUTES),
    Due.PRESS_SUPPORT: (0, WORKING_DAYS),
    Due.COMPLAINT_ACKNOWLEDGEMENT: (5, SCHOOL_DAYS),
    Due.STAGE_1: (20, SCHOOL_DAYS),
    Due.STAGE_2_REQUEST: (10, SCHOOL_DAYS),
    Due.PANEL: (20, SCHOOL_DAYS),
    Due.PANEL_PAPERS: (5, SCHOOL_DAYS),
    Due.PANEL_DECISION: (5, SCHOOL_DAYS),
    Due.ICO: (72, Clock.RUNNING_HOURS),
    Due.BREACH_REVIEW: (24, Clock.RUNNING_HOURS),
    Due.CLOSE: (5, SCHOOL_DAYS),
    Due.ACCOUNT_DECISION: (5, SCHOOL_DAYS),
    Due.ACCOUNT_LEAVER: (0, WORKING_DAYS),
    Due.ACCOUNT_MONITORING: (5, SCHOOL_DAYS),
}
DATED: Final = {Due.REMEDY, Due.TRAINING, Due.CONTACT_REVIEW}
"""Due on a day that somebody names: 0 days from then."""


@pytest.mark.parametrize("due", SAID)
def test_a_delivered_deadline_is_what_the_policy_asks_for(due: Due) -> None:
    amount, clock = SAID[due]
    assert DELIVERED[due] == Term(amount=amount, clock=clock)


def test_every_deadline_there_is_has_a_length_or_a_day_of_its_own() -> None:
    assert set(SAID) | DATED == set(Due)
    assert all(DELIVERED[due].amount == 0 for due in DATED)
