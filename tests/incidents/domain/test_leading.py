"""A case always has somebody who can lead it: who is concerned, away or gone hands it on."""

import pytest
from msgspec.structs import replace

from incidents.domain.access import Sight, sight
from incidents.domain.assessment import AssessmentRecorded, AssignLead, LeadAssigned
from incidents.domain.intake import IdentifyPerson
from incidents.domain.school import User
from incidents.domain.timers import DeadlineMet
from incidents.domain.vocabulary import Role
from tests.incidents.domain.cases import (
    ABOUT_THE_HEAD,
    NO_HARM,
    UNACCEPTABLE,
    assessing,
    person,
    reported,
    requested,
)
from tests.incidents.domain.school import (
    CHAIR,
    DPO,
    HEADTEACHER,
    OTHER_SLT,
    OTHER_STAFF,
    PEOPLE,
    SLT,
    STAFF,
    id_of,
    school_of,
    user,
)
from tests.incidents.domain.support import Story


def to(lead: User) -> AssignLead:
    return AssignLead(lead=id_of(lead), reason="The deputy can't go on with it.")


def lead_is_the_subject() -> Story:
    """The deputy leads, and then it is found that it was the deputy."""
    story = assessing()
    found = IdentifyPerson(person=person(story), user=id_of(SLT))
    return story.after(found, by=HEADTEACHER)


def test_a_case_is_handed_to_another_lead_with_a_reason() -> None:
    answer = assessing().when(to(OTHER_SLT), by=HEADTEACHER)
    assert answer.event(LeadAssigned).reason is not None
    story = answer.records(LeadAssigned)
    assert story.case.lead == OTHER_SLT.id
    assert sight(story.case, SLT) is Sight.NONE
    story.when(UNACCEPTABLE, by=SLT).refused(because="role")
    story.when(UNACCEPTABLE, by=OTHER_SLT).accepted()


def test_a_lead_does_not_hand_it_on_himself() -> None:
    assessing().when(to(OTHER_SLT), by=SLT).refused(because="role")


@pytest.mark.parametrize("lead", [STAFF, OTHER_STAFF, DPO], ids=["reporter", "teacher", "DPO"])
def test_a_lead_is_a_senior_colleague(lead: User) -> None:
    assessing().when(to(lead), by=HEADTEACHER).refused(because="lead_can_lead")


def test_nobody_is_given_the_lead_of_what_he_reported() -> None:
    story = assessing(by=OTHER_SLT)
    story.when(to(OTHER_SLT), by=HEADTEACHER).refused(because="lead_can_lead")


def test_a_lead_who_turns_out_to_be_concerned_leads_no_longer() -> None:
    story = lead_is_the_subject()
    assert story.case.lead is None
    assert sight(story.case, SLT) is Sight.NONE
    story.when(to(SLT), by=HEADTEACHER).refused(because="lead_can_lead")
    story = story.after(to(OTHER_SLT), by=HEADTEACHER)
    harmless = replace(UNACCEPTABLE, harm_test=NO_HARM)
    story.when(harmless, by=OTHER_SLT).records(AssessmentRecorded, DeadlineMet)


def test_a_case_that_turns_out_to_be_about_the_headteacher_goes_to_the_chair() -> None:
    story = assessing()
    story = story.after(IdentifyPerson(person=person(story), user=id_of(HEADTEACHER)), by=SLT)
    assert sight(story.case, HEADTEACHER) is Sight.NONE
    story.when(to(OTHER_SLT), by=CHAIR).refused(because="lead_can_lead")
    assert story.after(to(CHAIR), by=CHAIR).case.lead == CHAIR.id


def test_a_case_the_chair_leads_may_go_to_the_vice_chair() -> None:
    vice_chair = user("the vice-chair", Role.CHAIR)
    story = assessing(ABOUT_THE_HEAD, lead=CHAIR).at(school_of(*PEOPLE, vice_chair))
    assert story.after(to(vice_chair), by=CHAIR).case.lead == vice_chair.id


def test_what_waits_for_its_first_lead_is_not_assigned_but_taken_up() -> None:
    reported().when(to(OTHER_SLT), by=HEADTEACHER).refused(because="state")


def test_what_the_first_lead_did_stays_done() -> None:
    before = requested()
    after = before.after(to(OTHER_SLT), by=HEADTEACHER)
    assert after.case.removal_requested
    assert after.case.stage is before.case.stage
