"""Pictures come down within the hour, parents hear of their own child, evidence has its way."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from incidents.domain.access import Sight, sight
from incidents.domain.behaviour import BehaviourPolicyApplied
from incidents.domain.closing import CloseCase, RecordOutcome
from incidents.domain.images import ListedChildPublished
from incidents.domain.internal import InternalHandlingStarted
from incidents.domain.table import Refuses
from incidents.domain.vocabulary import DeadlineState, Due, Outcome, Part, PersonRole
from tests.incidents.domain.cases import (
    ABOUT_A_CHILD,
    DESCRIPTION,
    POSSIBLY_ILLEGAL,
    REPORT,
    TO_POLICE,
    assessed,
    assessing,
    person,
    post_gone,
    reported,
    requested,
    resolved,
)
from tests.incidents.domain.images_and_pupils import (
    DELETED,
    DOWN,
    INDECENT,
    SIGHTED,
    behaviour,
    custody,
    found_again,
    publication,
    published,
    reminder,
    with_pupils,
)
from tests.incidents.domain.school import DPO, DSL, FRIDAY, HEADTEACHER, SLT, STAFF, id_of
from tests.incidents.domain.support import Story

# ── pictures ──────────────────────────────────────────────────────────────────────────────────────


def test_a_picture_of_a_child_on_the_register_comes_down_within_the_hour() -> None:
    deadline = published().case.deadlines[Due.TAKEDOWN]
    assert deadline.due_at - deadline.starts_at == timedelta(hours=1)
    story = published().after(DOWN, by=DSL)
    assert story.case.deadlines[Due.TAKEDOWN].state is DeadlineState.MET


def test_a_published_child_shows_the_case_to_the_data_protection_officer() -> None:
    assert sight(reported(ABOUT_A_CHILD).case, DPO) is Sight.NONE
    assert sight(published().case, DPO) is Sight.FULL


def test_only_a_child_is_on_the_register_of_children() -> None:
    story = reported(REPORT)
    story.when(publication(story), by=STAFF).refused(because="published_person_is_a_child")


def test_no_case_closes_while_the_picture_stands() -> None:
    where = ListedChildPublished(
        person=person(resolved()), published_at=FRIDAY, where="On a colleague's page."
    )
    story = resolved().also(where, by=SLT)
    story.when(CloseCase(), by=SLT).refused(because="nothing_stays_published")


def test_what_may_be_evidence_is_not_deleted_before_the_police_were_decided_on() -> None:
    story = assessed(POSSIBLY_ILLEGAL)
    told = story.when(DELETED, by=HEADTEACHER).refused(because="advice_comes_before_deletion")
    assert "Delete nothing" in told
    story.after(TO_POLICE, by=SLT).when(DELETED, by=HEADTEACHER).accepted()
    reported(INDECENT).when(DELETED, by=HEADTEACHER).refused(
        because="advice_comes_before_deletion", for_=Refuses.STATE
    )


def test_a_deletion_has_a_witness_who_is_somebody_else() -> None:
    alone = replace(DELETED, witness=id_of(HEADTEACHER))
    reported().when(alone, by=HEADTEACHER).refused(because="somebody_else_was_witness")


@pytest.mark.parametrize("by", [HEADTEACHER, SLT, STAFF])
def test_nobody_but_the_dsl_ever_looks_at_such_imagery(by: object) -> None:
    story = reported(INDECENT)
    answer = story.when(SIGHTED, by=by)  # type: ignore[arg-type] # a user
    answer.refused(because="role", for_=Refuses.WHO)


# ── pupils ────────────────────────────────────────────────────────────────────────────────────────


def test_each_pupil_has_a_step_of_his_own_and_his_own_parents_in_it() -> None:
    story = with_pupils()
    second = [p.person for p in story.case.of(Part.SUBJECT)][1]
    first = story.when(behaviour(story), by=SLT)
    assert first.event(BehaviourPolicyApplied).parents == (person(story, Part.AFFECTED),)
    other = replace(
        behaviour(story), person=second, parents=(), not_told_because="They are abroad."
    )
    story = first.accepted().after(other, by=SLT)
    assert story.case.behaviour_applied == {person(story), second}


def test_the_route_for_pupils_asks_for_the_behaviour_policy() -> None:
    story = with_pupils()
    outcome = RecordOutcome(outcome=Outcome.BEHAVIOUR_POLICY, summary="They apologised.")
    told = story.when(outcome, by=SLT).refused(because="steps_are_done_or_left_out_with_a_reason")
    assert "apply-behaviour-policy" in told
    story.after(behaviour(story), by=SLT).when(outcome, by=SLT).accepted()


def test_nobody_but_a_pupil_has_the_behaviour_policy_applied() -> None:
    story = with_pupils()
    mother = replace(behaviour(story), person=person(story, Part.AFFECTED))
    assert story.case.people[mother.person].role is PersonRole.PARENT
    story.when(mother, by=SLT).refused(because="person_is_a_pupil")
    assert any(isinstance(r.event, InternalHandlingStarted) for r in story)


# ── the second request ────────────────────────────────────────────────────────────────────────────


def test_the_second_request_is_due_five_school_days_after_the_first() -> None:
    asked = requested()
    first = asked.case.deadlines[Due.POST_RECHECK].starts_at
    due = found_again(asked).case.deadlines[Due.REMOVAL_REMINDER]
    assert due.starts_at == first


def test_a_post_that_has_gone_is_not_asked_about_again() -> None:
    story = found_again()
    gone = story.after(post_gone(story), by=SLT)
    assert Due.REMOVAL_REMINDER not in gone.case.open_deadlines
    gone.when(reminder(gone), by=SLT).refused(because="post_is_still_there")


def test_after_the_second_request_somebody_looks_again() -> None:
    story = found_again()
    story = story.after(reminder(story), by=SLT)
    assert Due.POST_RECHECK in story.case.open_deadlines
    again = found_again(story)
    assert Due.REMOVAL_REMINDER not in again.case.open_deadlines


# ── evidence ──────────────────────────────────────────────────────────────────────────────────────


def test_what_was_only_described_is_not_handed_over() -> None:
    story: Story = assessing().after(DESCRIPTION, by=SLT)
    story.when(custody(story), by=SLT).refused(because="item_is_kept")
