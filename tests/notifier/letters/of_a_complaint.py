"""Ordinary facts of the letters of a complaint, and of limits on contact."""

from datetime import date
from typing import Final

from incidents.letter_data import (
    ComplaintAcknowledged,
    ComplaintDelayed,
    ComplaintsProcedure,
    ContactLimited,
    Letter,
    OtherProcedure,
    PanelDecision,
    PanelInvitation,
    Stage1Decision,
)
from tests.notifier.letters.people import CLERK, HEAD, POSTED_PARENT, at, common

RECEIVED: Final = date(2026, 11, 16)
ISSUES: Final = (
    "You say that the school wrote to you about your post before anybody had rung you, and that "
    "the letter reached you on the day of your child’s assembly."
)

SAMPLES: Final[dict[str, Letter]] = {
    "L6": ComplaintsProcedure(**common(POSTED_PARENT), months=3),
    "L6b": OtherProcedure(
        **common(POSTED_PARENT, HEAD), received_on=RECEIVED, procedure="admissions"
    ),
    "L7": ComplaintAcknowledged(
        **common(POSTED_PARENT, HEAD),
        received_on=RECEIVED,
        issues=ISSUES,
        outcome_wanted="You would like somebody to ring first the next time.",
        understood="You do not ask us to go back on the letter, but to change how we go about it.",
        decide_by=date(2026, 12, 14),
    ),
    "L8": ComplaintDelayed(
        **common(POSTED_PARENT, HEAD),
        received_on=RECEIVED,
        stage=1,
        reason="Somebody whom we have to ask is away until the start of next term.",
        new_date=date(2027, 1, 15),
    ),
    "L9": Stage1Decision(
        **common(POSTED_PARENT, HEAD),
        received_on=RECEIVED,
        issues=ISSUES,
        finding="partly_upheld",
        investigated="The deputy headteacher read the letter and our record of calls, and spoke "
        "with you on 24 November 2026.",
        reasons="Our record shows no call to you before the letter was sent. Our policy does not "
        "ask for one, but it says that we talk about such things in person. The day of the letter "
        "was chance: it was posted two days before.",
        remedies="From now on somebody rings before such a letter is sent, and notes the call.",
        stage_2_by=date(2027, 1, 12),
    ),
    "L10": PanelInvitation(
        **common(POSTED_PARENT, CLERK),
        hears_at=at(30, 17, 30),
        members=3,
        papers_by=date(2026, 11, 23),
    ),
    "L11": PanelDecision(
        **common(POSTED_PARENT, CLERK),
        heard_on=date(2026, 11, 20),
        finding="not_upheld",
        reasons="The panel read the complaint, the answer and the record of calls, and heard you "
        "and the headteacher. It found that the school has changed how it goes about such letters, "
        "which is what you had asked for.",
        recommendations="The panel asks the school to say on its website how it deals with posts.",
    ),
    "L12": ContactLimited(
        **common(POSTED_PARENT, HEAD),
        behaviour="Between 2 and 6 November 2026 the school had forty messages from you, eleven of "
        "them between midnight and 6am.",
        limits="Please write to the school office. We read what you send each school day and will "
        "answer once a week, on Fridays. If you would like to come to the school, please make an "
        "appointment first.",
        review_on=date(2027, 2, 26),
    ),
}
