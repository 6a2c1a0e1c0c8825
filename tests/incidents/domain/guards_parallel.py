"""For each guard of the parallel tracks' rows one request that it refuses."""

from datetime import timedelta
from typing import Final

from incidents.domain.closing import CaseClosed
from incidents.domain.complaint_ends import ExtendComplaint
from incidents.domain.contact import LimitContact, ReviewContact
from incidents.domain.first_stage import (
    DecideStage1,
    DelegateInvestigation,
    ReceiveComplaint,
    ReferToComplaints,
)
from incidents.domain.second_stage import (
    ConvenePanel,
    DecideStage2,
    ExhaustComplaint,
    RecordPanelPapers,
    RequestStage2,
)
from incidents.domain.table import Command
from incidents.domain.vocabulary import Retention
from tests.incidents.domain import cases, complaints
from tests.incidents.domain.guards import LATER, NOBODY, Refused, changed, on, refused
from tests.incidents.domain.school import FRIDAY, GOVERNORS, HEADTEACHER, SLT
from tests.incidents.domain.support import Story

LONG_AGO: Final = FRIDAY - timedelta(days=200)
MUCH_LATER: Final = FRIDAY + timedelta(days=500)


def shut(story: Story) -> Story:
    """Closed with all that was open in it: no row leads there, an old log might."""
    return story.also(CaseClosed(retention=Retention.CONDUCT), by=SLT)


REFUSALS: Final[dict[tuple[type[Command], str], Refused]] = {
    (ReferToComplaints, "case_is_open"): on(shut(cases.requested()), ReferToComplaints),
    (ReferToComplaints, "is_handled_inside"): refused(
        cases.assessed(), complaints.handed_over(cases.assessed())
    ),
    (ReferToComplaints, "person_can_be_written_to"): changed(ReferToComplaints, person=NOBODY),
    (ReceiveComplaint, "case_is_open"): on(shut(cases.requested()), ReceiveComplaint),
    (ReceiveComplaint, "complaint_times_are_in_order"): changed(
        ReceiveComplaint, received_at=LATER
    ),
    (ReceiveComplaint, "complaint_is_in_time"): changed(ReceiveComplaint, happened_at=LONG_AGO),
    (ReceiveComplaint, "complainant_is_known_or_accepted"): changed(
        ReceiveComplaint, complainant=None
    ),
    (DelegateInvestigation, "investigator_is_free_to_look"): changed(
        DelegateInvestigation, investigator=NOBODY
    ),
    (DecideStage1, "investigation_is_on_record"): on(
        complaints.acknowledged_complaint(), DecideStage1
    ),
    (DecideStage1, "decider_was_no_delegate"): refused(
        complaints.looked_into(complaints.delegated_to_the_head()),
        complaints.DECISION,
        HEADTEACHER,
    ),
    (ExtendComplaint, "new_date_is_later"): changed(ExtendComplaint, new_due=FRIDAY),
    (RequestStage2, "case_is_open"): on(shut(complaints.decided()), RequestStage2),
    (RequestStage2, "request_is_in_time"): changed(RequestStage2, requested_at=LATER),
    (ConvenePanel, "panel_is_large_enough"): changed(ConvenePanel, members=complaints.PANEL[:2]),
    (ConvenePanel, "panel_was_not_involved"): on(
        complaints.asked_again().also(complaints.OPINION_OF_A_GOVERNOR, by=GOVERNORS[1]),
        ConvenePanel,
    ),
    (ConvenePanel, "every_member_has_declared"): changed(
        ConvenePanel, declared=complaints.PANEL[:2]
    ),
    (ConvenePanel, "hearing_lies_ahead"): changed(ConvenePanel, hears_at=FRIDAY),
    (RecordPanelPapers, "panel_time_has_passed"): changed(RecordPanelPapers, sent_at=LATER),
    (DecideStage2, "panel_time_has_passed"): changed(DecideStage2, heard_at=LATER),
    (ExhaustComplaint, "department_is_named"): changed(ExhaustComplaint, told_of_department=False),
    (LimitContact, "case_is_open"): on(shut(cases.requested()), LimitContact),
    (LimitContact, "limited_person_is_known"): changed(LimitContact, person=NOBODY),
    (LimitContact, "review_is_soon_enough"): changed(LimitContact, review_on=MUCH_LATER),
    (ReviewContact, "review_is_soon_enough"): changed(ReviewContact, keep_until=MUCH_LATER),
}
"""By command and guard, beside those of `guards`."""
