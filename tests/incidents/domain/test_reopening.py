"""A case that comes back is assessed and handled anew; what was done before answers nothing now."""

from incidents.domain.assessment import AssessmentRecorded
from incidents.domain.closing import CaseReopened, ReopenCase
from incidents.domain.internal import StartInternalHandling
from incidents.domain.timers import DeadlineMet, DeadlineSet
from incidents.domain.vocabulary import Due, Route, Stage
from tests.incidents.domain.cases import (
    OUTCOME,
    UNACCEPTABLE,
    closed,
    meeting,
    post_gone,
    removal,
    resolved,
)
from tests.incidents.domain.school import HEADTEACHER, OTHER_SLT, SLT

REOPEN = ReopenCase(reason="The same parent has posted again.")


def test_a_closed_case_goes_back_to_its_assessment_with_a_new_deadline() -> None:
    story = closed().when(REOPEN, by=HEADTEACHER).records(CaseReopened, DeadlineSet)
    case = story.case
    assert case.stage is Stage.ASSESSING
    assert case.open_deadlines == (Due.ASSESSMENT,)
    assert (case.outcome, case.retention, case.closed_at) == (None, None, None)
    assert case.reopened == 1
    assert case.reopened_at == story.history[-1].recorded_at
    story.when(UNACCEPTABLE, by=SLT).records(AssessmentRecorded, DeadlineMet)


def test_the_steps_of_the_first_time_do_not_count_for_the_second() -> None:
    story = closed().after(REOPEN, by=HEADTEACHER).after(UNACCEPTABLE, by=SLT)
    story = story.after(StartInternalHandling(route=Route.PARENT), by=SLT)
    todo = story.when(OUTCOME, by=SLT).refused(because="steps_are_done_or_left_out_with_a_reason")
    for step in ("request-removal", "record-post-status", "record-meeting"):
        assert step in todo
    story = story.after(removal(story), by=SLT)
    story = story.after(post_gone(story), by=SLT).after(meeting(story), by=SLT)
    story.when(OUTCOME, by=SLT).accepted()


def test_evidence_of_the_first_time_is_kept() -> None:
    assert closed().after(REOPEN, by=HEADTEACHER).case.evidence == closed().case.evidence


def test_only_who_is_responsible_reopens_a_case_and_only_a_closed_one() -> None:
    closed().when(REOPEN, by=OTHER_SLT).refused(because="role")
    resolved().when(REOPEN, by=HEADTEACHER).refused(because="state")
