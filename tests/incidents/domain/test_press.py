"""The press track: nothing is answered before the county council supports the school."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.domain.closing import CloseCase
from incidents.domain.parallel import PressState
from incidents.domain.press import (
    TRACK,
    HeadInformed,
    LaSupportObtained,
    PressResponseIssued,
)
from incidents.domain.table import Command, Refuses
from incidents.domain.vocabulary import Due
from tests.incidents.domain.cases import ABOUT_THE_HEAD, reported, resolved
from tests.incidents.domain.press_and_breach import (
    ANSWER,
    ASKED,
    ENQUIRY,
    SILENCE,
    SUPPORTED,
    TOLD,
    enquired,
    head_told,
    supported,
)
from tests.incidents.domain.school import CHAIR, FRIDAY, HEADTEACHER, SLT, STAFF, london
from tests.incidents.domain.support import Story


def test_the_headteacher_is_told_within_a_quarter_of_an_hour() -> None:
    deadline = enquired().case.deadlines[Due.PRESS_HEAD_TOLD]
    assert (deadline.due_at - deadline.starts_at).total_seconds() == 15 * 60


def test_support_is_sought_on_the_same_working_day_or_the_next_one_after_hours() -> None:
    assert head_told().case.deadlines[Due.PRESS_SUPPORT].due_at == london(2026, 11, 23, 16, 30)


@pytest.mark.parametrize(
    "story", [enquired(), head_told(), head_told().after(ASKED, by=HEADTEACHER)]
)
def test_nothing_is_answered_before_support_is_on_record(story: Story) -> None:
    story.when(ANSWER, by=HEADTEACHER).refused(because="state", for_=Refuses.STATE)


def test_with_support_the_headteacher_answers_and_nobody_else() -> None:
    supported().when(ANSWER, by=STAFF).refused(because="role", for_=Refuses.WHO)
    supported().when(ANSWER, by=SLT).refused(because="role", for_=Refuses.WHO)
    supported().when(ANSWER, by=HEADTEACHER).records(PressResponseIssued)


def test_about_the_headteacher_the_chair_answers() -> None:
    story = reported(ABOUT_THE_HEAD).after(ENQUIRY, by=STAFF).after(TOLD, by=CHAIR)
    story.after(SUPPORTED, by=CHAIR).when(ANSWER, by=CHAIR).accepted()


def test_support_for_one_enquiry_is_none_for_the_next() -> None:
    story = supported().after(ANSWER, by=HEADTEACHER).after(ENQUIRY, by=STAFF)
    story = story.when(TOLD, by=HEADTEACHER).accepted()
    story.when(ANSWER, by=HEADTEACHER).refused(because="state")


def test_to_say_nothing_is_a_decision_with_a_reason() -> None:
    story = head_told().after(SILENCE, by=HEADTEACHER)
    assert story.case.press is not None
    assert story.case.press.state is PressState.DECLINED
    assert Due.PRESS_SUPPORT not in story.case.open_deadlines


def test_no_case_closes_over_an_open_enquiry() -> None:
    story = resolved().after(ENQUIRY, by=HEADTEACHER)
    story.when(CloseCase(), by=SLT).refused(because="no_open_press_enquiry")
    story = head_told(story).after(SILENCE, by=HEADTEACHER)
    story.when(CloseCase(), by=SLT).accepted()


STEPS: list[Command] = [ENQUIRY, TOLD, ASKED, SUPPORTED, ANSWER, SILENCE]


@settings(deadline=None, max_examples=150, print_blob=True)
@given(st.lists(st.sampled_from(STEPS), max_size=12))
def test_whatever_is_asked_in_any_order_an_answer_has_support_before_it(
    steps: list[Command],
) -> None:
    story = reported()
    for step in steps:
        answer = story.when(step, by=HEADTEACHER)
        story = story if answer.refusal else answer.accepted()
    supports = 0
    for recorded in story:
        supports += isinstance(recorded.event, LaSupportObtained)
        if isinstance(recorded.event, HeadInformed):
            supports = 0
        if isinstance(recorded.event, PressResponseIssued):
            assert supports == 1


def test_the_answer_is_the_last_step_of_its_track() -> None:
    leads_on = {row.name for row in TRACK.rows if PressState.RESPONDED in row.at}
    assert leads_on == {"log-press-enquiry"}
    assert ENQUIRY.received_at == FRIDAY
