"""Who leads, what it is, and which clocks that starts."""

import pytest
from msgspec.structs import replace

from incidents.domain.access import Sight, sight
from incidents.domain.assessment import (
    AssessmentRecorded,
    AssessmentStarted,
    LeadAssigned,
    StartAssessment,
)
from incidents.domain.timers import DeadlineMet, DeadlineSet, DeadlineWaived
from incidents.domain.vocabulary import (
    DeadlineState,
    Due,
    Offence,
    PersonRole,
    Role,
)
from tests.incidents.domain.cases import (
    ABOUT_A_CHILD,
    ABOUT_STAFF,
    ABOUT_THE_HEAD,
    COLLEAGUE,
    FORMER_PUPIL,
    HARMFUL,
    NO_HARM,
    PARENT,
    POSSIBLY_ILLEGAL,
    REPORT,
    UNACCEPTABLE,
    assessing,
    reported,
)
from tests.incidents.domain.school import (
    CHAIR,
    OTHER_SLT,
    PEOPLE,
    SLT,
    london,
    school_of,
    user,
)


def test_whoever_begins_the_assessment_leads() -> None:
    story = reported().when(StartAssessment(), by=SLT).records(LeadAssigned, AssessmentStarted)
    assert story.case.lead == SLT.id


def test_once_somebody_leads_his_colleagues_need_not_know() -> None:
    assert sight(reported().case, OTHER_SLT) is Sight.FULL
    assert sight(assessing().case, OTHER_SLT) is Sight.NONE


def test_nobody_leads_what_he_reported_himself() -> None:
    story = reported(by=SLT)
    story.when(StartAssessment(), by=SLT).refused(because="lead_is_not_the_only_witness")
    story.when(StartAssessment(), by=OTHER_SLT).records(LeadAssigned, AssessmentStarted)


def test_a_report_by_the_only_one_who_could_lead_is_not_left_lying() -> None:
    """A parent told the chair about the headteacher: there is nobody else to turn to."""
    story = reported(ABOUT_THE_HEAD, by=CHAIR)
    story.when(StartAssessment(), by=CHAIR).accepted()
    vice_chair = user("the vice-chair", Role.CHAIR)
    with_two = story.at(school_of(*PEOPLE, vice_chair))
    with_two.when(StartAssessment(), by=CHAIR).refused(because="lead_is_not_the_only_witness")
    with_two.when(StartAssessment(), by=vice_chair).accepted()


def test_an_assessment_keeps_what_was_put_in_and_the_severity_that_came_out() -> None:
    event = assessing().when(UNACCEPTABLE, by=SLT).event(AssessmentRecorded)
    assert (event.scale, event.audience, event.permanency, event.harm) == (2, 2, 2, 2)
    assert event.severity == 2
    assert event.possible_offence is False


def test_a_possible_offence_is_to_be_decided_on_the_same_day() -> None:
    answer = assessing().when(POSSIBLY_ILLEGAL, by=SLT, at=london(2026, 11, 23, 9, 0))
    answer.records(AssessmentRecorded, DeadlineMet, DeadlineSet)
    assert answer.event(AssessmentRecorded).possible_offence
    assert answer.event(DeadlineSet).due is Due.POLICE
    assert answer.event(DeadlineSet).due_at == london(2026, 11, 23, 16, 30)


def test_the_lado_is_due_a_working_day_from_the_report_and_not_from_the_assessment() -> None:
    story = assessing(ABOUT_STAFF)
    answer = story.when(HARMFUL, by=SLT, at=london(2026, 11, 24, 9, 0))
    due = answer.event(DeadlineSet)
    assert due.due is Due.LADO
    assert due.starts_at == story.case.reported_at
    assert due.due_at == london(2026, 11, 23, 16, 30)


def test_where_the_assessment_rules_harm_out_the_lados_deadline_goes_with_its_reason() -> None:
    said = replace(HARMFUL, harm_test=NO_HARM)
    story = assessing(ABOUT_A_CHILD)
    assert Due.LADO in story.case.open_deadlines
    answer = story.when(said, by=SLT)
    assert answer.event(DeadlineWaived).reason == said.rationale
    assert answer.accepted().case.deadlines[Due.LADO].state is DeadlineState.WAIVED


@pytest.mark.parametrize("role", [PersonRole.PARENT, PersonRole.GOVERNOR, PersonRole.UNKNOWN])
def test_whoever_works_here_gets_the_harm_test_whatever_the_report_calls_him(
    role: PersonRole,
) -> None:
    report = replace(REPORT, people=(replace(COLLEAGUE, role=role),))
    assessing(report).when(UNACCEPTABLE, by=SLT).refused(because="harm_test_is_answered")


def test_a_colleague_called_a_parent_starts_the_lados_clock_too() -> None:
    disguised = replace(COLLEAGUE, role=PersonRole.PARENT)
    report = replace(ABOUT_A_CHILD, people=(PARENT, disguised, FORMER_PUPIL))
    assert Due.LADO in reported(report).case.open_deadlines


def test_offences_are_named_only_with_the_finding_that_goes_with_them() -> None:
    said = replace(UNACCEPTABLE, possible_offences=(Offence.HARASSMENT,))
    assessing().when(said, by=SLT).refused(because="offences_match_the_finding")
