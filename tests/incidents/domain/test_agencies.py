"""Every agency is told on the terms of its row; what is shared and not referred has its reasons."""

import pytest
from msgspec.structs import replace

from incidents.domain.access import Sight, sight
from incidents.domain.agencies import AGENCIES
from incidents.domain.assessment import DecideNotToRefer, DecisionNotToRefer
from incidents.domain.closing import CloseCase, ReopenCase
from incidents.domain.direct import DirectReferralRecorded
from incidents.domain.referring import InternalHoldPlaced, MakeReferral, ReferralMade
from incidents.domain.school import User
from incidents.domain.sharing import SharingDecisionRecorded
from incidents.domain.table import Refuses
from incidents.domain.timers import DeadlineMet, DeadlineSet, WaiveDeadline
from incidents.domain.vocabulary import (
    Agency,
    Category,
    Consent,
    Due,
    Flag,
    ReferralState,
    Relation,
    Role,
    Stage,
)
from tests.incidents.domain.agencies import (
    DANGER,
    DIRECTLY,
    SHARED,
    TAKEN_BACK,
    TO_HELPLINE,
    TO_ICO,
    TO_SOCIAL_CARE,
    asked,
    in_draft,
    question,
    told_directly,
    view,
)
from tests.incidents.domain.cases import (
    ABOUT_A_CHILD,
    CLOSED_BY_AGENCY,
    HARMFUL,
    INSIDE,
    POSSIBLY_ILLEGAL,
    REPORT,
    TO_LADO,
    TO_POLICE,
    assessed,
    assessing,
    referred,
    referred_to_lado,
    reported,
    resolved,
    with_opinion,
    with_parent,
)
from tests.incidents.domain.press_and_breach import TO_ICO as REPORT_IT
from tests.incidents.domain.press_and_breach import confirmed, suspected
from tests.incidents.domain.school import (
    DPO,
    DSL,
    HEADTEACHER,
    MODERATOR,
    OTHER_STAFF,
    SLT,
    STAFF,
    id_of,
)
from tests.incidents.domain.support import Story

AT_RISK = replace(REPORT, flags=(Flag.CHILD_AT_RISK,))


def serious() -> Story:
    """About a child and data, possibly illegal: everybody who may refer at all sees it."""
    categories = (Category.STAFF_PUPIL_CONTACT, Category.CONFIDENTIALITY)
    report = replace(ABOUT_A_CHILD, categories=categories)
    story = assessed(
        replace(POSSIBLY_ILLEGAL, categories=categories, harm_test=HARMFUL.harm_test), report
    )
    return confirmed(suspected(story)).after(REPORT_IT, by=DPO)


def to(agency: Agency) -> MakeReferral:
    return replace(TO_SOCIAL_CARE if agency is Agency.SOCIAL_CARE else TO_POLICE, agency=agency)


# ── the terms of each ─────────────────────────────────────────────────────────────────────────────

PERMITTED = {
    Agency.POLICE: {HEADTEACHER, DSL, SLT, DPO},
    Agency.LADO: {HEADTEACHER, DSL},
    Agency.SOCIAL_CARE: {HEADTEACHER, DSL, SLT},
    Agency.PREVENT: {HEADTEACHER, DSL, SLT},
    Agency.CEOP: {HEADTEACHER, DSL, SLT},
    Agency.IWF: {HEADTEACHER, DSL, SLT},
    Agency.HELPLINE: {HEADTEACHER, DSL, SLT},
    Agency.ICO: {HEADTEACHER, DSL, DPO},
    Agency.LANCASHIRE_CC: {HEADTEACHER, DSL},
}
"""Once more: of those who see the case, who refers it there (permissions table)."""
INVESTIGATE = {Agency.POLICE, Agency.LADO, Agency.SOCIAL_CARE}


@pytest.mark.parametrize("agency", Agency)
def test_an_agency_is_told_by_those_who_may_and_by_nobody_else(agency: Agency) -> None:
    story = serious()
    for by in (HEADTEACHER, DSL, SLT, DPO, STAFF, MODERATOR):
        answer = story.when(to(agency), by=by)
        if by in PERMITTED[agency]:
            answer.accepted()
        else:
            assert answer.refusal is not None
            assert answer.refusal.refuses is Refuses.WHO


@pytest.mark.parametrize("agency", Agency)
def test_an_agency_that_investigates_takes_the_case_and_one_that_advises_does_not(
    agency: Agency,
) -> None:
    story = serious().after(to(agency), by=HEADTEACHER)
    held = agency in INVESTIGATE
    assert (story.case.stage is Stage.REFERRED) is held
    assert (agency in story.case.holds) is held
    assert Due.AGENCY_CHASE in story.case.open_deadlines


@pytest.mark.parametrize("agency", Agency)
def test_no_case_closes_over_an_open_referral_to_any_agency(agency: Agency) -> None:
    story = resolved().also(_made(agency), by=HEADTEACHER)
    told = story.when(CloseCase(), by=HEADTEACHER)
    assert told.refusal is not None


def _made(agency: Agency) -> ReferralMade:
    command = to(agency)
    return ReferralMade(
        referral=id_of(SLT),
        agency=agency,
        method=command.method,
        urgent=False,
        reason=str(command.reason),
    )


def test_advice_is_asked_for_while_the_school_goes_on() -> None:
    story = with_parent().after(TO_HELPLINE, by=SLT)
    assert story.case.stage is Stage.INTERNAL
    assert story.case.holds == ()


def test_every_row_of_the_terms_names_a_letter_and_somebody_who_leads() -> None:
    for terms in AGENCIES.values():
        assert terms.letter.startswith("L")
        assert {Role.HEADTEACHER, Role.CHAIR} <= set(terms.who)
    assert Relation.LEAD not in AGENCIES[Agency.LADO].who


def test_the_commissioner_is_written_to_once_it_is_decided() -> None:
    assessed().when(TO_ICO, by=HEADTEACHER).refused(because="commissioner_is_to_be_told")
    serious().when(TO_ICO, by=DPO).accepted()


# ── social care ───────────────────────────────────────────────────────────────────────────────────


def test_below_level_four_social_care_needs_the_parents_consent() -> None:
    story = assessed(report=AT_RISK)
    level_3 = replace(TO_SOCIAL_CARE, level=3)
    story.when(level_3, by=DSL).refused(because="consent_is_on_record")
    agreed = replace(level_3, consent=Consent.GIVEN, no_consent_because=None)
    story.when(agreed, by=DSL).accepted()


def test_at_level_four_it_is_referred_regardless_and_says_why_nobody_was_asked() -> None:
    story = assessed(report=AT_RISK)
    unasked = replace(TO_SOCIAL_CARE, consent=Consent.NOT_SOUGHT, no_consent_because=None)
    story.when(unasked, by=DSL).refused(because="consent_is_on_record")
    story.when(TO_SOCIAL_CARE, by=DSL).records(
        ReferralMade, InternalHoldPlaced, DeadlineMet, DeadlineSet
    )


def test_where_a_child_may_be_at_risk_social_care_is_decided_on_the_same_day() -> None:
    story = assessed(report=AT_RISK)
    assert Due.SOCIAL_CARE in story.case.open_deadlines
    story.when(INSIDE, by=SLT).refused(because="nothing_has_to_be_referred_first")
    waiver = WaiveDeadline(due=Due.SOCIAL_CARE, reason="The parents are good people.")
    story.when(waiver, by=HEADTEACHER).refused(because="agencies_are_decided_on")
    not_to = DecideNotToRefer(
        agency=Agency.SOCIAL_CARE, reason="It was a misunderstanding.", consulted=id_of(DSL)
    )
    story.after(not_to, by=HEADTEACHER).when(INSIDE, by=SLT).accepted()


# ── direct ────────────────────────────────────────────────────────────────────────────────────────


def test_anybody_may_turn_to_social_care_and_the_school_then_waits() -> None:
    story = told_directly()
    assert story.case.stage is Stage.REPORTED
    assert story.case.holds == (Agency.SOCIAL_CARE,)


@pytest.mark.parametrize("agency", Agency)
def test_what_is_not_for_everybody_waits_for_the_assessment(agency: Agency) -> None:
    direct = replace(DIRECTLY, agency=agency)
    answer = reported().when(direct, by=STAFF)
    if AGENCIES[agency].directly:
        assert answer.event(DirectReferralRecorded).agency is agency
    else:
        answer.refused(because="agency_takes_direct_referrals")


def test_what_somebody_told_the_police_himself_is_not_due_again_after_the_assessment() -> None:
    direct = replace(DIRECTLY, agency=Agency.POLICE)
    story = assessing().after(direct, by=STAFF).after(POSSIBLY_ILLEGAL, by=SLT)
    assert Due.POLICE not in story.case.open_deadlines
    story.when(INSIDE, by=SLT).refused(because="no_agency_holds")
    answered = story.after(CLOSED_BY_AGENCY, by=SLT)
    answered.when(INSIDE, by=SLT).accepted()


def test_a_danger_makes_the_assessment_urgent_and_the_case_severe() -> None:
    story = reported().after(DANGER, by=STAFF)
    assert Due.URGENT_ASSESSMENT in story.case.open_deadlines
    assert Flag.IMMEDIATE_DANGER in story.case.flags


# ── what comes back ───────────────────────────────────────────────────────────────────────────────


def test_what_an_agency_takes_back_holds_no_longer() -> None:
    story = referred().after(TAKEN_BACK, by=SLT)
    assert story.case.holds == ()
    assert story.case.open_referrals == ()
    assert story.case.referrals[Agency.POLICE].state is ReferralState.WITHDRAWN
    assert Due.AGENCY_CHASE not in story.case.open_deadlines


def test_the_lado_is_asked_again_every_two_weeks_and_the_others_every_week() -> None:
    heard = replace(CLOSED_BY_AGENCY, decision=None)
    lado = referred_to_lado().after(replace(heard, agency=Agency.LADO), by=HEADTEACHER)
    assert Due.LADO_REVIEW in lado.case.open_deadlines
    assert Due.AGENCY_REVIEW not in lado.case.open_deadlines
    police = referred().after(heard, by=SLT)
    assert Due.AGENCY_REVIEW in police.case.open_deadlines
    closed = police.after(replace(CLOSED_BY_AGENCY, reference_number="2"), by=SLT)
    assert Due.AGENCY_REVIEW not in closed.case.open_deadlines


def test_an_agency_that_has_not_answered_is_chased_although_another_has() -> None:
    story = referred_to_lado().after(TO_POLICE, by=DSL)
    heard = replace(CLOSED_BY_AGENCY, agency=Agency.LADO, decision=None)
    story = story.after(heard, by=HEADTEACHER)
    assert {Due.AGENCY_CHASE, Due.LADO_REVIEW} <= set(story.case.open_deadlines)


# ── second opinions ───────────────────────────────────────────────────────────────────────────────


def test_not_to_refer_what_is_serious_needs_an_opinion_that_its_holder_has_recorded() -> None:
    story = assessed(POSSIBLY_ILLEGAL)
    decision = DecideNotToRefer(
        agency=Agency.POLICE, reason="It is civil law at most.", consulted=id_of(DSL)
    )
    story.when(decision, by=HEADTEACHER).refused(because="second_opinion_is_on_record")
    story = asked(story)
    story.when(decision, by=HEADTEACHER).refused(because="second_opinion_is_on_record")
    story = story.after(view(story), by=DSL)
    story.when(decision, by=HEADTEACHER).event(DecisionNotToRefer)


def test_whoever_is_asked_sees_the_case_until_he_has_answered() -> None:
    story = assessed()
    assert sight(story.case, DSL) is Sight.NONE
    story = asked(story)
    assert sight(story.case, DSL) is Sight.FULL
    assert sight(story.after(view(story), by=DSL).case, DSL) is Sight.NONE


@pytest.mark.parametrize("by", [SLT, HEADTEACHER, STAFF])
def test_an_opinion_is_given_by_whom_it_was_asked_of(by: User) -> None:
    story = asked(assessed())
    story.when(view(story), by=by).refused(because="role", for_=Refuses.WHO)


def test_the_subject_is_not_asked_for_his_opinion() -> None:
    story = assessed(HARMFUL, ABOUT_A_CHILD)
    story.when(question(OTHER_STAFF), by=HEADTEACHER).refused(because="opinion_is_a_colleagues")


def test_an_opinion_from_before_a_case_was_reopened_answers_nothing_now() -> None:
    story = with_opinion(resolved(), DSL).after(CloseCase(), by=SLT)
    story = story.after(ReopenCase(reason="The pupil has said more."), by=HEADTEACHER)
    assert story.case.opinions == {}


# ── sharing ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("shared", [True, False])
def test_to_share_or_not_to_share_is_decided_with_a_basis_and_a_reason(shared: bool) -> None:
    answer = assessed().when(replace(SHARED, shared=shared), by=SLT)
    assert answer.event(SharingDecisionRecorded).shared is shared


# ── drafts ────────────────────────────────────────────────────────────────────────────────────────


def test_a_lead_prepares_for_the_lado_what_the_headteacher_then_sends() -> None:
    story = in_draft(assessed(HARMFUL, ABOUT_A_CHILD))
    story.when(TO_LADO, by=SLT).refused(because="may_refer_to_this_agency")
    assert story.case.holds == ()
    sent = story.after(TO_LADO, by=HEADTEACHER)
    assert sent.case.drafts == {}
    assert sent.case.holds == (Agency.LADO,)


def test_a_draft_ends_with_the_decision_against_it() -> None:
    story = with_opinion(in_draft(assessed(HARMFUL, ABOUT_A_CHILD)), DSL)
    decision = DecideNotToRefer(
        agency=Agency.LADO, reason="The threshold is not met.", consulted=id_of(DSL)
    )
    assert story.after(decision, by=HEADTEACHER).case.drafts == {}


def test_a_draft_meets_no_deadline_and_answers_nothing() -> None:
    story = in_draft(assessed(HARMFUL, ABOUT_A_CHILD))
    assert Due.LADO in story.case.open_deadlines
    story.when(INSIDE, by=SLT).refused(because="nothing_has_to_be_referred_first")
