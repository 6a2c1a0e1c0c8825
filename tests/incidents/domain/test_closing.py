"""The end of a case: nothing is left open, and a severe one is closed by a second person."""

import pytest
from msgspec.structs import replace

from incidents.domain.assessment import AssignLead
from incidents.domain.closing import (
    CaseClosed,
    CloseCase,
    OutcomeRecorded,
    retention,
)
from incidents.domain.timers import DeadlineMet, DeadlineSet, DeadlineWaived, WaiveDeadline
from incidents.domain.vocabulary import (
    DeadlineState,
    Due,
    Moderation,
    Retention,
    Role,
    Stage,
)
from tests.incidents.domain.cases import (
    ABOUT_A_CHILD,
    ABOUT_STAFF,
    ABOUT_THE_HEAD,
    ACCEPTABLE,
    AGENCY_OUTCOME,
    CLOSED_BY_AGENCY,
    DELETE,
    EVIDENCE,
    HARM,
    HARMLESS,
    INSIDE,
    ON_OUR_ACCOUNT,
    OUTCOME,
    UNACCEPTABLE,
    acknowledged,
    assessed,
    assessing,
    cleared,
    draft,
    handled,
    identified,
    referred,
    remedy,
    requested,
    resolved,
    with_parent,
)
from tests.incidents.domain.school import (
    CHAIR,
    HEADTEACHER,
    MODERATOR,
    NOTIFIER,
    PEOPLE,
    SLT,
    id_of,
    school_of,
    user,
)
from tests.incidents.domain.support import Story

LEFT_OUT = replace(OUTCOME, steps_left_out_because="The parent has left the area.")
CLOSE = CloseCase()


# ── the outcome ───────────────────────────────────────────────────────────────────────────────────


def test_an_outcome_follows_the_steps_of_the_route() -> None:
    story = with_parent()
    told = story.when(OUTCOME, by=SLT).refused(because="steps_are_done_or_left_out_with_a_reason")
    assert "request-removal" in told
    handled().when(OUTCOME, by=SLT).records(OutcomeRecorded, DeadlineSet)


def test_steps_are_left_out_with_a_reason_and_their_deadlines_go_with_it() -> None:
    story = requested()
    answer = story.when(LEFT_OUT, by=SLT)
    story = answer.records(OutcomeRecorded, DeadlineWaived, DeadlineWaived, DeadlineSet)
    assert story.case.deadlines[Due.MEETING].state is DeadlineState.WAIVED
    assert story.case.deadlines[Due.POST_RECHECK].state is DeadlineState.WAIVED


def test_what_was_found_acceptable_needs_no_action() -> None:
    assessed(ACCEPTABLE).when(OUTCOME, by=SLT).records(OutcomeRecorded, DeadlineSet)


def test_what_was_found_unacceptable_needs_action() -> None:
    assessed().when(OUTCOME, by=SLT).refused(because="handled_or_acceptable")


def test_there_is_no_outcome_while_an_agency_is_at_work() -> None:
    referred().when(AGENCY_OUTCOME, by=SLT).refused(because="no_open_referral")
    cleared().when(AGENCY_OUTCOME, by=SLT).refused(because="no_open_referral")


def test_a_correction_that_was_asked_for_is_seen_to_be_made() -> None:
    story = assessed(HARMLESS, ABOUT_STAFF).after(INSIDE, by=SLT)
    story.when(OUTCOME, by=SLT).refused(because="steps_are_done_or_left_out_with_a_reason")
    story = identified(story)
    story = story.after(remedy(story), by=SLT)
    told = story.when(OUTCOME, by=SLT).refused(because="steps_are_done_or_left_out_with_a_reason")
    assert "record-remedy-met" in told


# ── closing ───────────────────────────────────────────────────────────────────────────────────────


def test_a_case_closes_with_its_retention_and_its_last_deadline() -> None:
    story = (
        resolved()
        .when(CLOSE, by=SLT)
        .then(CaseClosed(retention=Retention.CONDUCT), DeadlineMet(due=Due.CLOSE))
    )
    assert story.case.stage is Stage.CLOSED
    assert story.case.open_deadlines == ()


def test_nobody_closes_a_report_that_nobody_acknowledged() -> None:
    handled().after(OUTCOME, by=SLT).when(CLOSE, by=SLT).refused(because="report_is_acknowledged")


def test_no_case_closes_over_an_open_deadline_until_it_is_waived() -> None:
    story = acknowledged(assessing(ON_OUR_ACCOUNT)).after(ACCEPTABLE, by=SLT)
    story = story.after(OUTCOME, by=SLT)
    assert Due.MODERATION in story.case.open_deadlines
    story.when(CLOSE, by=HEADTEACHER).refused(because="no_open_deadline")
    waiver = WaiveDeadline(due=Due.MODERATION, reason="The reply was a friendly one.")
    story.after(waiver, by=SLT).when(CLOSE, by=HEADTEACHER).accepted()


def test_no_case_closes_over_an_open_letter() -> None:
    story = resolved().after(draft(), by=NOTIFIER)
    story.when(CLOSE, by=HEADTEACHER).refused(because="no_open_letter")


def test_no_case_closes_while_the_audience_waits_for_a_notice() -> None:
    story = acknowledged(assessing(ON_OUR_ACCOUNT)).after(ACCEPTABLE, by=SLT)
    story = story.after(EVIDENCE, by=SLT).after(DELETE, by=MODERATOR).after(OUTCOME, by=SLT)
    assert story.case.moderation is Moderation.ACTIONED
    refused = story.when(CLOSE, by=HEADTEACHER)
    refused.refused(because="audience_is_told")
    assert "no_open_deadline" in refused.rules


def test_a_severe_case_is_closed_by_a_second_person() -> None:
    story = acknowledged(referred().after(CLOSED_BY_AGENCY, by=SLT)).after(AGENCY_OUTCOME, by=SLT)
    assert story.case.severity == 3
    story.when(CLOSE, by=SLT).refused(because="second_person_closes")
    story.when(CLOSE, by=HEADTEACHER).accepted()


def test_whoever_led_a_severe_case_does_not_close_it_after_handing_on_the_lead() -> None:
    story = acknowledged(referred(HEADTEACHER).after(CLOSED_BY_AGENCY, by=HEADTEACHER), HEADTEACHER)
    story = story.after(AGENCY_OUTCOME, by=HEADTEACHER)
    story = story.after(AssignLead(lead=id_of(SLT), reason="To be closed."), by=HEADTEACHER)
    story.when(CLOSE, by=HEADTEACHER).refused(because="second_person_closes")
    story.when(CLOSE, by=SLT).accepted()


def test_a_severe_case_is_not_made_mild_in_order_to_close_it_alone() -> None:
    story = assessed(replace(UNACCEPTABLE, harm=3)).after(INSIDE, by=SLT)
    story = acknowledged(story).after(replace(ACCEPTABLE, harm=1), by=SLT).after(OUTCOME, by=SLT)
    assert story.case.severity == 2
    story.when(CLOSE, by=SLT).refused(because="second_person_closes")
    story.when(CLOSE, by=HEADTEACHER).accepted()


def test_a_severe_case_about_the_headteacher_can_be_closed_by_the_chair_alone() -> None:
    story = severe_about_the_head()
    story.when(CLOSE, by=CHAIR).accepted()


def test_where_there_is_a_vice_chair_he_closes_what_the_chair_led() -> None:
    vice_chair = user("the vice-chair", Role.CHAIR)
    story = severe_about_the_head().at(school_of(*PEOPLE, vice_chair))
    story.when(CLOSE, by=CHAIR).refused(because="second_person_closes")
    story.when(CLOSE, by=vice_chair).accepted()


def severe_about_the_head() -> Story:
    said = replace(HARMLESS, harm=3)
    story = assessed(said, ABOUT_THE_HEAD, lead=CHAIR).after(INSIDE, by=CHAIR)
    return acknowledged(story, CHAIR).after(LEFT_OUT, by=CHAIR)


# ── retention ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("story", "kept"),
    [
        (assessed(), Retention.CONDUCT),
        (assessed(replace(HARMLESS, harm_test=HARM), ABOUT_STAFF), Retention.ALLEGATION),
        (assessed(replace(HARMLESS, harm_test=HARM), ABOUT_A_CHILD), Retention.CHILD_PROTECTION),
    ],
    ids=["conduct", "allegation", "child protection"],
)
def test_a_case_is_kept_under_the_longest_class_that_fits(story: Story, kept: Retention) -> None:
    assert retention(story.case) is kept
