"""Police and LADO: who may refer, what the hold forbids, and that no decision is left out."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from incidents.domain.assessment import DecideNotToRefer, DecisionNotToRefer
from incidents.domain.closing import CloseCase, ReopenCase
from incidents.domain.intake import IdentifyPerson, LogIncident
from incidents.domain.internal import InternalHandlingStarted, StartInternalHandling
from incidents.domain.referring import (
    InternalHandlingResumed,
    InternalHoldPlaced,
    ReferralMade,
    ResumeInternal,
)
from incidents.domain.responses import (
    AgencyUpdateRecorded,
    InternalHoldLifted,
    ReferralAcknowledged,
    ReferralClosed,
)
from incidents.domain.school import User
from incidents.domain.table import Refuses
from incidents.domain.timers import DeadlineMet, DeadlineSet, WaiveDeadline
from incidents.domain.vocabulary import (
    Agency,
    DeadlineState,
    Due,
    ReferralState,
    Route,
    Stage,
)
from tests.incidents.domain.cases import (
    ABOUT_A_CHILD,
    ABOUT_STAFF,
    ABOUT_THE_HEAD,
    ACCEPTABLE,
    AGENCY_OUTCOME,
    CLOSED_BY_AGENCY,
    HARM,
    HARMFUL,
    HARMLESS,
    INSIDE,
    NO_HARM,
    OUTCOME,
    POSSIBLY_ILLEGAL,
    TO_LADO,
    TO_POLICE,
    UNACCEPTABLE,
    acknowledged,
    assessed,
    cleared,
    closed_by_lado,
    person,
    referred,
    referred_to_lado,
    with_opinion,
)
from tests.incidents.domain.school import CHAIR, DSL, HEADTEACHER, OTHER_STAFF, SLT, id_of
from tests.incidents.domain.support import Story

NOT_TO_POLICE = DecideNotToRefer(
    agency=Agency.POLICE, reason="It is civil law at most.", consulted=id_of(HEADTEACHER)
)
NOT_TO_LADO = DecideNotToRefer(
    agency=Agency.LADO, reason="The threshold is not met.", consulted=id_of(DSL)
)
BOTH = replace(POSSIBLY_ILLEGAL, harm_test=HARM)
REOPEN = ReopenCase(reason="The pupil has said more.")


def reopened_and_assessed(story: Story) -> Story:
    return story.after(REOPEN, by=HEADTEACHER).after(HARMFUL, by=SLT)


# ── making a referral ─────────────────────────────────────────────────────────────────────────────


def test_a_referral_places_the_hold_and_starts_the_chase() -> None:
    story = (
        assessed(POSSIBLY_ILLEGAL)
        .when(TO_POLICE, by=SLT)
        .records(ReferralMade, InternalHoldPlaced, DeadlineMet, DeadlineSet)
    )
    assert story.case.stage is Stage.REFERRED
    assert story.case.holds == (Agency.POLICE,)
    assert story.case.open_deadlines == (Due.ACKNOWLEDGE, Due.AGENCY_CHASE)


def test_the_lead_refers_to_the_police_but_the_lado_is_the_headteachers_to_call() -> None:
    story = assessed(replace(HARMFUL, finding=POSSIBLY_ILLEGAL.finding), ABOUT_A_CHILD)
    story.when(TO_LADO, by=SLT).refused(because="may_refer_to_this_agency", for_=Refuses.WHO)
    story.when(TO_POLICE, by=SLT).accepted()
    story.when(TO_LADO, by=HEADTEACHER).accepted()
    story.when(TO_LADO, by=DSL).accepted()


@pytest.mark.parametrize(
    ("report", "lead", "by"),
    [
        (ABOUT_STAFF, SLT, HEADTEACHER),
        (ABOUT_A_CHILD, SLT, DSL),
        (ABOUT_THE_HEAD, CHAIR, CHAIR),
    ],
    ids=["headteacher", "DSL", "chair"],
)
def test_the_lado_is_asked_on_a_doubt_that_the_assessment_does_not_share(
    report: LogIncident, lead: User, by: User
) -> None:
    assessed(HARMLESS, report, lead).when(TO_LADO, by=by).accepted()


def test_a_lead_alone_does_not_call_the_police_on_what_his_assessment_does_not_suspect() -> None:
    assessed().when(TO_POLICE, by=SLT).refused(because="there_is_something_to_refer")


def test_a_second_agency_may_be_told_while_the_first_holds() -> None:
    story = referred_to_lado().after(TO_POLICE, by=DSL)
    assert set(story.case.holds) == {Agency.LADO, Agency.POLICE}


def test_the_same_agency_is_told_again_only_after_it_has_closed() -> None:
    story = referred()
    story.when(TO_POLICE, by=SLT).refused(because="not_referred_yet")
    again = story.after(CLOSED_BY_AGENCY, by=SLT).after(TO_POLICE, by=SLT)
    assert again.case.referrals[Agency.POLICE].state is ReferralState.SENT


# ── what the agency says ──────────────────────────────────────────────────────────────────────────


def test_the_first_answer_carries_a_reference_and_starts_the_next_chase() -> None:
    answer = replace(CLOSED_BY_AGENCY, cleared=False, decision=None)
    story = (
        referred()
        .when(answer, by=SLT)
        .records(ReferralAcknowledged, AgencyUpdateRecorded, DeadlineMet, DeadlineSet)
    )
    assert story.case.holds == (Agency.POLICE,)
    assert Due.AGENCY_CHASE not in story.case.open_deadlines
    assert Due.AGENCY_REVIEW in story.case.open_deadlines


def test_the_agencys_decision_lifts_the_hold_and_ends_the_chase() -> None:
    story = (
        referred()
        .when(CLOSED_BY_AGENCY, by=SLT)
        .records(
            ReferralAcknowledged,
            AgencyUpdateRecorded,
            InternalHoldLifted,
            ReferralClosed,
            DeadlineMet,
        )
    )
    assert story.case.open_referrals == ()
    assert Due.AGENCY_CHASE not in story.case.open_deadlines


def test_the_chase_goes_on_while_another_agency_is_open() -> None:
    story = referred_to_lado().after(TO_POLICE, by=DSL).after(CLOSED_BY_AGENCY, by=SLT)
    assert Due.AGENCY_CHASE in story.case.open_deadlines


def test_a_referral_is_not_closed_while_it_holds() -> None:
    held = replace(CLOSED_BY_AGENCY, cleared=False)
    referred().when(held, by=SLT).refused(because="closing_needs_clearance")


def test_without_a_reference_the_first_answer_says_why() -> None:
    bare = replace(CLOSED_BY_AGENCY, reference_number=None)
    referred().when(bare, by=SLT).refused(because="first_answer_has_a_reference")
    why = replace(bare, no_reference_because="The call was not given a number.")
    referred().when(why, by=SLT).accepted()


# ── back inside the school ────────────────────────────────────────────────────────────────────────


def test_the_school_goes_on_only_when_every_agency_has_cleared_it() -> None:
    story = referred_to_lado().after(TO_POLICE, by=DSL).after(CLOSED_BY_AGENCY, by=SLT)
    story.when(ResumeInternal(), by=HEADTEACHER).refused(because="every_agency_has_cleared")
    cleared_too = replace(CLOSED_BY_AGENCY, agency=Agency.LADO, decision=None)
    story = story.after(cleared_too, by=HEADTEACHER)
    story.when(ResumeInternal(), by=HEADTEACHER).records(InternalHandlingResumed)


def test_what_went_straight_to_an_agency_still_gets_a_route_when_it_comes_back() -> None:
    """Otherwise the school could write to nobody and put nothing right (policy row 32)."""
    story = cleared().after(ResumeInternal(), by=HEADTEACHER)
    assert story.case.route is None
    story = story.when(StartInternalHandling(route=Route.PARENT), by=SLT).records(
        InternalHandlingStarted, DeadlineSet
    )
    assert story.case.stage is Stage.INTERNAL
    assert story.case.route is Route.PARENT


def test_a_route_is_chosen_once() -> None:
    story = assessed(HARMLESS, ABOUT_STAFF).after(INSIDE, by=SLT)
    story.when(StartInternalHandling(route=Route.PARENT), by=SLT).refused(because="no_route_yet")


def test_what_is_with_an_agency_is_not_decided_against() -> None:
    decision = replace(NOT_TO_POLICE, consulted=id_of(DSL))
    referred().when(decision, by=HEADTEACHER).refused(because="agency_is_not_told_yet")


# ── not referring is a decision too ───────────────────────────────────────────────────────────────


def test_deciding_not_to_refer_meets_the_deadline_and_says_who_was_consulted() -> None:
    answer = assessed(POSSIBLY_ILLEGAL).when(NOT_TO_POLICE, by=HEADTEACHER)
    answer.refused(because="somebody_else_was_consulted")
    decision = replace(NOT_TO_POLICE, consulted=id_of(SLT))
    story = with_opinion(assessed(POSSIBLY_ILLEGAL), SLT)
    story.when(decision, by=HEADTEACHER).records(DecisionNotToRefer, DeadlineMet)


def test_the_one_it_is_about_is_not_consulted() -> None:
    asked = replace(NOT_TO_LADO, consulted=id_of(OTHER_STAFF))
    story = assessed(HARMFUL, ABOUT_A_CHILD)
    story.when(asked, by=HEADTEACHER).refused(because="somebody_else_was_consulted")


def test_what_is_owed_to_an_agency_comes_before_the_schools_own_handling() -> None:
    story = assessed(BOTH, ABOUT_A_CHILD)
    story.when(INSIDE, by=SLT).refused(because="nothing_has_to_be_referred_first")
    story = with_opinion(story, DSL).after(NOT_TO_LADO, by=HEADTEACHER)
    story.when(INSIDE, by=SLT).refused(because="nothing_has_to_be_referred_first")
    story = with_opinion(story, HEADTEACHER, by=DSL).after(NOT_TO_POLICE, by=DSL)
    story.when(INSIDE, by=SLT).records(InternalHandlingStarted)


def test_the_lado_is_not_left_out_because_the_police_were_told() -> None:
    story = assessed(BOTH, ABOUT_A_CHILD).after(TO_POLICE, by=SLT).after(CLOSED_BY_AGENCY, by=SLT)
    story.when(AGENCY_OUTCOME, by=SLT).refused(because="nothing_has_to_be_referred_first")


def test_harm_is_not_left_out_because_the_finding_is_acceptable() -> None:
    said = replace(ACCEPTABLE, categories=HARMFUL.categories, harm_test=HARM)
    story = assessed(said, ABOUT_A_CHILD)
    story.when(OUTCOME, by=SLT).refused(because="nothing_has_to_be_referred_first")


def test_while_one_agency_holds_the_decision_about_the_other_is_still_recorded() -> None:
    """The police may hold a case for weeks; the LADO's working day does not wait."""
    story = with_opinion(assessed(BOTH, ABOUT_A_CHILD).after(TO_POLICE, by=SLT), DSL)
    story = story.when(NOT_TO_LADO, by=HEADTEACHER).records(DecisionNotToRefer, DeadlineMet)
    assert story.case.stage is Stage.REFERRED
    story.after(CLOSED_BY_AGENCY, by=SLT).when(AGENCY_OUTCOME, by=SLT).accepted()


@pytest.mark.parametrize("due", [Due.LADO, Due.POLICE])
def test_an_agencys_deadline_is_not_waved_away(due: Due) -> None:
    """Only a referral ends it, or the decision against one, with the person consulted."""
    waiver = WaiveDeadline(due=due, reason="We have a lot on this week.")
    story = assessed(BOTH, ABOUT_A_CHILD)
    for by in (SLT, HEADTEACHER, DSL):
        story.when(waiver, by=by).refused(because="agencies_are_decided_on")


def test_a_lead_does_not_assess_the_harm_away_that_he_suspected() -> None:
    """Whether the LADO is told is the headteacher's or the DSL's to decide (policy row 32)."""
    story = assessed(HARMFUL, ABOUT_A_CHILD)
    harmless = replace(HARMFUL, harm_test=NO_HARM)
    story = story.after(harmless, by=SLT)
    assert Due.LADO in story.case.open_deadlines
    story.when(INSIDE, by=SLT).refused(because="nothing_has_to_be_referred_first")
    story.after(NOT_TO_LADO, by=HEADTEACHER).when(INSIDE, by=SLT).accepted()


def test_a_lead_does_not_assess_the_offence_away_that_he_suspected() -> None:
    story = assessed(POSSIBLY_ILLEGAL).after(UNACCEPTABLE, by=SLT)
    story.when(INSIDE, by=SLT).refused(because="nothing_has_to_be_referred_first")


def test_the_lado_is_told_although_the_police_hold_it_and_nobody_asked_the_questions_yet() -> None:
    """The poster turns out to work here: the LADO is told within a day, whatever is on paper."""
    story = referred()
    story = story.after(IdentifyPerson(person=person(story), user=id_of(OTHER_STAFF)), by=SLT)
    story.when(POSSIBLY_ILLEGAL, by=SLT).refused(because="state")
    story.when(TO_LADO, by=HEADTEACHER).accepted()


# ── after a case is reopened ──────────────────────────────────────────────────────────────────────


def test_an_old_decision_not_to_refer_does_not_answer_a_new_assessment() -> None:
    story = with_opinion(assessed(HARMFUL, ABOUT_A_CHILD), DSL)
    story = story.after(NOT_TO_LADO, by=HEADTEACHER)
    story = story.after(INSIDE, by=SLT)
    left_out = replace(OUTCOME, steps_left_out_because="He has left the school.")
    story = acknowledged(story).after(left_out, by=SLT)
    story = reopened_and_assessed(story.after(CloseCase(), by=HEADTEACHER))
    story.when(INSIDE, by=SLT).refused(because="nothing_has_to_be_referred_first")


def test_an_old_referral_does_not_answer_a_new_assessment() -> None:
    story = reopened_and_assessed(closed_by_lado())
    story.when(INSIDE, by=SLT).refused(because="nothing_has_to_be_referred_first")
    story.when(TO_LADO, by=HEADTEACHER).accepted()


def test_after_a_case_is_reopened_the_lado_is_due_a_working_day_from_then() -> None:
    story = closed_by_lado()
    later = story.now + timedelta(days=70)
    story = story.after(REOPEN, by=HEADTEACHER, at=later).after(HARMFUL, by=SLT)
    deadline = story.case.deadlines[Due.LADO]
    assert deadline.state is DeadlineState.OPEN
    assert deadline.starts_at == later
    assert deadline.due_at > later
