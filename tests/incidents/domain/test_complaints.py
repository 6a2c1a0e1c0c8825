"""The complaint track: who decides it, who may sit on the panel, and by when."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from incidents.domain.access import Sight, acting_role, sight
from incidents.domain.assessment import AssignLead
from incidents.domain.closing import CloseCase
from incidents.domain.complaint import TRACK
from incidents.domain.complaint_ends import ComplaintDiverted
from incidents.domain.contact import ReviewContact
from incidents.domain.deadlines import months_later
from incidents.domain.facts import PersonId
from incidents.domain.first_stage import DelegateInvestigation, ReceiveComplaint
from incidents.domain.intake import PersonInvolved
from incidents.domain.parallel import ComplaintState, ContactState
from incidents.domain.second_stage import ConvenePanel, involvement
from incidents.domain.table import Refuses
from incidents.domain.timers import DeadlineWaived
from incidents.domain.vocabulary import DeadlineState, Due, Part, PersonRole, Role
from tests.incidents.domain.cases import OUTCOME, acknowledged, handled, requested, resolved
from tests.incidents.domain.complaints import (
    ACKNOWLEDGEMENT,
    DECISION,
    DIVERSION,
    FOUND,
    PANEL,
    WITHDRAWAL,
    about_the_head,
    acknowledged_complaint,
    asked_again,
    complaint,
    convened,
    decided,
    exhausted,
    hearing,
    judged,
    judgement,
    later,
    limited,
    limits,
    looked_into,
    papers,
    received,
    review,
    second_stage,
)
from tests.incidents.domain.school import (
    CALENDAR,
    CHAIR,
    CLERK,
    GOVERNORS,
    HEADTEACHER,
    OTHER_SLT,
    PEOPLE,
    SLT,
    id_of,
    london,
    school_of,
    user,
)
from tests.incidents.domain.support import Story

DELEGATE = DelegateInvestigation(investigator=id_of(OTHER_SLT))


# ── the first stage ───────────────────────────────────────────────────────────────────────────────


def test_a_complaint_goes_through_both_stages_to_its_end() -> None:
    story = exhausted()
    assert story.case.complaint is not None
    assert story.case.complaint.state is ComplaintState.EXHAUSTED


def test_a_complaint_is_acknowledged_in_five_and_decided_in_twenty_school_days() -> None:
    """Received on a Friday evening in term; the holidays at Christmas do not count."""
    deadlines = received().case.deadlines
    assert deadlines[Due.COMPLAINT_ACKNOWLEDGEMENT].due_at == london(2026, 11, 27, 16, 30)
    assert deadlines[Due.STAGE_1].due_at == london(2026, 12, 18, 16, 30)


def test_a_complaint_that_comes_in_the_holidays_counts_from_the_first_school_day_after() -> None:
    story = requested()
    said = replace(complaint(story), received_at=london(2026, 12, 22, 11))
    story = story.after(said, by=SLT, at=london(2026, 12, 22, 12))
    due = story.case.deadlines[Due.COMPLAINT_ACKNOWLEDGEMENT]
    assert due.starts_at == london(2027, 1, 5, 8, 30)
    assert due.due_at == london(2027, 1, 12, 16, 30)


def test_a_matter_older_than_three_months_needs_the_reason_for_an_exception() -> None:
    story = requested()
    old = replace(complaint(story), happened_at=story.now - timedelta(days=95))
    story.when(old, by=SLT).refused(because="complaint_is_in_time", for_=Refuses.BODY)
    story.when(replace(old, late_because="She was in hospital until now."), by=SLT).accepted()


@pytest.mark.parametrize("by", [SLT, HEADTEACHER])
def test_an_anonymous_complaint_is_taken_up_only_by_the_headteacher_and_with_a_reason(
    by: object,
) -> None:
    story = requested()
    nameless = replace(complaint(story), complainant=None)
    story.when(nameless, by=HEADTEACHER).refused(because="complainant_is_known_or_accepted")
    said = replace(nameless, anonymous_but_because="It tells of a risk to a child.")
    story.when(said, by=SLT).refused(because="complainant_is_known_or_accepted")
    story.when(said, by=HEADTEACHER).accepted()


def test_the_headteacher_decides_and_nobody_he_has_sent() -> None:
    story = acknowledged_complaint().after(DELEGATE, by=HEADTEACHER)
    story = story.after(FOUND, by=OTHER_SLT)
    story.when(DECISION, by=OTHER_SLT).refused(because="role", for_=Refuses.WHO)
    story.when(DECISION, by=HEADTEACHER).accepted()


def test_a_delegate_does_not_decide_although_he_has_become_headteacher_meanwhile() -> None:
    story = acknowledged_complaint().after(DELEGATE, by=HEADTEACHER).after(FOUND, by=OTHER_SLT)
    acting_head = user("the assistant head", Role.HEADTEACHER)
    story.when(DECISION, by=acting_head).refused(because="decider_was_no_delegate")


def test_nothing_is_decided_before_it_is_looked_into() -> None:
    acknowledged_complaint().when(DECISION, by=HEADTEACHER).refused(
        because="investigation_is_on_record"
    )


def test_whoever_looks_into_a_complaint_sees_the_case() -> None:
    story = acknowledged_complaint()
    assert sight(story.case, OTHER_SLT) is Sight.NONE
    assert sight(story.after(DELEGATE, by=HEADTEACHER).case, OTHER_SLT) is Sight.FULL


def test_where_the_headteacher_is_complained_of_the_chair_takes_the_first_stage() -> None:
    story = requested()
    story = story.after(about_the_head(story), by=SLT)
    assert sight(story.case, HEADTEACHER) is Sight.NONE
    story.when(ACKNOWLEDGEMENT, by=HEADTEACHER).refused(because="role", for_=Refuses.WHO)
    story = story.after(ACKNOWLEDGEMENT, by=CHAIR).after(FOUND, by=CHAIR)
    story.when(DECISION, by=CHAIR).accepted()


def test_the_chair_has_no_part_in_a_complaint_that_is_the_headteachers() -> None:
    received().when(ACKNOWLEDGEMENT, by=CHAIR).refused(because="role", for_=Refuses.WHO)


def test_a_later_date_is_given_with_its_reason_and_the_old_one_stays_in_the_history() -> None:
    before = acknowledged_complaint()
    after = before.after(later(before), by=HEADTEACHER)
    assert after.case.deadlines[Due.STAGE_1].due_at == later(before).new_due
    assert before.case.deadlines[Due.STAGE_1].due_at < later(before).new_due
    assert after.history[: len(before.history)] == before.history


def test_a_missed_date_may_be_followed_by_a_later_one() -> None:
    story = acknowledged_complaint()
    late = story.case.deadlines[Due.STAGE_1].due_at + timedelta(days=1)
    said = replace(later(story), new_due=late + timedelta(days=9))
    story = story.after(said, by=HEADTEACHER, at=late)
    assert story.case.deadlines[Due.STAGE_1].state is DeadlineState.OPEN


# ── the second stage ──────────────────────────────────────────────────────────────────────────────


def test_after_ten_school_days_the_second_stage_needs_the_reason_for_an_exception() -> None:
    story = decided()
    late = london(2026, 12, 8, 9)
    asked = replace(second_stage(story), requested_at=late)
    story.when(asked, by=CLERK, at=late).refused(because="request_is_in_time")
    excused = replace(asked, late_because="The letter had gone to the old address.")
    story.when(excused, by=CLERK, at=late).accepted()


def test_a_panel_has_three_governors_at_least_and_counts_nobody_twice() -> None:
    story = asked_again()
    twice = (PANEL[0], PANEL[0], PANEL[1])
    for members in (PANEL[:2], twice, (*PANEL[:2], id_of(OTHER_SLT))):
        said = replace(hearing(story), members=members, declared=members)
        story.when(said, by=CLERK).refused(because="panel_is_large_enough")


def test_a_governor_who_had_any_part_in_the_case_does_not_sit_on_its_panel() -> None:
    """The chair, who looked into it, would be one of three."""
    story = requested()
    story = story.after(about_the_head(story), by=SLT)
    story = asked_again(decided(looked_into(acknowledged_complaint(story, CHAIR), CHAIR), CHAIR))
    members = (*PANEL[:2], id_of(CHAIR))
    said = replace(hearing(story), members=members, declared=members)
    story.when(said, by=CLERK).refused(because="panel_was_not_involved", for_=Refuses.STATE)
    story.when(hearing(story), by=CLERK).accepted()


def test_a_governor_who_is_named_in_the_case_does_not_sit_on_its_panel() -> None:
    story = asked_again()
    named = PersonInvolved(
        person=PersonId(PANEL[0]), part=Part.AFFECTED, role=PersonRole.GOVERNOR, user=PANEL[0]
    )
    story = story.also(named, by=SLT)
    story.when(hearing(story), by=CLERK).refused(because="panel_was_not_involved")


@settings(deadline=None, max_examples=100, print_blob=True)
@given(st.lists(st.sampled_from([id_of(one) for one in PEOPLE]), min_size=1, max_size=6))
def test_no_panel_ever_has_anybody_who_was_involved(members: list[object]) -> None:
    story = asked_again()
    chosen = tuple(members)
    said = ConvenePanel(
        members=chosen,  # type: ignore[arg-type] # drawn from users' ids
        declared=chosen,  # type: ignore[arg-type] # drawn from users' ids
        hears_at=story.now + timedelta(days=7),
    )
    answer = story.when(said, by=CLERK)
    if answer.refusal is None:
        assert not set(chosen) & involvement(story.case)
        assert len(set(chosen)) >= 3


def test_the_papers_go_out_five_school_days_before_the_hearing_and_the_answer_five_after() -> None:
    story = asked_again()
    said = replace(hearing(story), hears_at=london(2026, 12, 9, 18))
    deadlines = story.after(said, by=CLERK).case.deadlines
    assert deadlines[Due.PANEL_PAPERS].due_at == london(2026, 12, 2, 16, 30)
    assert deadlines[Due.PANEL_DECISION].due_at == london(2026, 12, 16, 16, 30)


def test_a_panel_convened_anew_has_new_dates() -> None:
    story = convened()
    said = replace(hearing(story), hears_at=london(2027, 1, 13, 18))
    deadlines = story.after(said, by=CLERK).case.deadlines
    assert deadlines[Due.PANEL_PAPERS].due_at == london(2027, 1, 6, 16, 30)


def test_only_the_panel_decides_and_it_sees_the_papers_and_no_more() -> None:
    story = convened()
    for one in GOVERNORS:
        assert sight(story.case, one) is Sight.PAPERS
        story.when(judgement(story), by=one).accepted()
    for other in (HEADTEACHER, CLERK, CHAIR, SLT):
        story.when(judgement(story), by=other).refused(because="role")
    assert sight(asked_again().case, GOVERNORS[0]) is Sight.NONE


def test_the_clerk_sees_a_complaint_from_its_first_decision_on() -> None:
    assert sight(looked_into().case, CLERK) is Sight.NONE
    assert sight(decided().case, CLERK) is Sight.PAPERS
    assert sight(exhausted().case, CLERK) is Sight.PAPERS
    assert acting_role(decided().case, CLERK, (Role.CLERK,)) is Role.CLERK


def test_the_panels_papers_are_recorded_as_sent() -> None:
    story = convened().after(papers(convened()), by=CLERK)
    assert story.case.deadlines[Due.PANEL_PAPERS].state is DeadlineState.MET


# ── its ends ──────────────────────────────────────────────────────────────────────────────────────


def test_a_withdrawn_complaint_takes_its_deadlines_with_it() -> None:
    story = received().after(WITHDRAWAL, by=HEADTEACHER)
    assert not {Due.STAGE_1, Due.COMPLAINT_ACKNOWLEDGEMENT} & set(story.case.open_deadlines)


def test_what_belongs_to_another_procedure_goes_there_by_name() -> None:
    answer = received().when(DIVERSION, by=HEADTEACHER)
    assert answer.event(ComplaintDiverted).procedure is DIVERSION.procedure
    answer.records(ComplaintDiverted, DeadlineWaived, DeadlineWaived)


@pytest.mark.parametrize(
    "state",
    [ComplaintState.EXHAUSTED, ComplaintState.WITHDRAWN, ComplaintState.OUT_OF_PROCEDURE],
)
def test_nothing_leads_on_from_the_end_of_a_complaint(state: ComplaintState) -> None:
    assert not [row.name for row in TRACK.rows if state in row.at]


# ── the case around it ────────────────────────────────────────────────────────────────────────────


def closing_with(story: Story) -> Story:
    return acknowledged(story).after(OUTCOME, by=SLT)


def test_no_case_closes_over_an_open_complaint() -> None:
    story = received(resolved())
    story.when(CloseCase(), by=SLT).refused(because="no_open_complaint")
    story.after(WITHDRAWAL, by=HEADTEACHER).when(CloseCase(), by=SLT).accepted()


def test_no_case_closes_while_the_complainant_may_still_ask_for_the_second_stage() -> None:
    story = decided(looked_into(acknowledged_complaint(received(resolved()))))
    story.when(CloseCase(), by=SLT).refused(because="no_open_complaint")
    complaint_ = story.case.complaint
    assert complaint_ is not None
    assert complaint_.stage_2_by is not None
    after = complaint_.stage_2_by + timedelta(minutes=1)
    story.when(CloseCase(), by=SLT, at=after).accepted()


def test_the_complaints_procedure_comes_after_the_schools_own_talk() -> None:
    story = handled()
    assert ReceiveComplaint in {row.ask for row in TRACK.rows}
    closing_with(story).when(CloseCase(), by=SLT).accepted()


def test_a_lead_who_is_changed_is_involved_all_the_same() -> None:
    story = asked_again()
    handed_on = AssignLead(lead=id_of(OTHER_SLT), reason="The deputy is away.")
    story = story.after(handed_on, by=HEADTEACHER)
    assert {id_of(SLT), id_of(OTHER_SLT), id_of(HEADTEACHER)} <= involvement(story.case)


# ── unreasonable contact ──────────────────────────────────────────────────────────────────────────


def test_limits_on_contact_outlive_the_case_and_are_looked_at_again() -> None:
    story = resolved().after(limits(resolved()), by=HEADTEACHER).after(CloseCase(), by=SLT)
    assert story.case.open_deadlines == (Due.CONTACT_REVIEW,)
    story = story.after(review(story), by=HEADTEACHER)
    assert story.case.open_deadlines == ()
    (kept,) = story.case.contact_limits.values()
    assert kept.state is ContactState.ENDED


def test_limits_on_contact_may_be_kept_but_never_for_more_than_six_months() -> None:
    story = limited()
    half_a_year = months_later(story.now, 6)
    keep = replace(review(story), keep_until=half_a_year)
    again = story.after(keep, by=HEADTEACHER)
    due = again.case.deadlines[Due.CONTACT_REVIEW]
    assert CALENDAR.local(due.starts_at).date() == CALENDAR.local(half_a_year).date()
    too_long = replace(keep, keep_until=half_a_year + timedelta(days=1))
    story.when(too_long, by=HEADTEACHER).refused(because="review_is_soon_enough")


def test_whoever_has_no_limits_has_none_to_review() -> None:
    story = requested()
    story.when(review(story), by=HEADTEACHER).refused(because="state")
    assert ReviewContact.HAPPENED is None


def test_a_panel_of_another_school_is_no_panel() -> None:
    story = asked_again().at(school_of(*[p for p in PEOPLE if p not in GOVERNORS]))
    story.when(hearing(story), by=CLERK).refused(because="panel_is_large_enough")


def test_a_judged_complaint_waits_for_the_word_to_the_complainant() -> None:
    assert Due.PANEL_DECISION in judged().case.open_deadlines
    assert Due.PANEL_DECISION not in exhausted().case.open_deadlines
