"""Disciplinary steps and allegations: never over an agency's hold, and closed to most."""

import pytest
from msgspec.structs import replace

from incidents.domain.access import Sight, sight
from incidents.domain.access import opened as sections
from incidents.domain.closing import CaseClosed, CloseCase, retention
from incidents.domain.disciplinary import DisciplinaryConcluded, DisciplinaryPaused
from incidents.domain.facts import Sealed
from incidents.domain.internal import StartInternalHandling
from incidents.domain.parallel import AllegationOutcome, DisciplinaryState
from incidents.domain.referring import InternalHoldPlaced, ReferralMade
from incidents.domain.school import User
from incidents.domain.timers import DeadlineMet, DeadlineSet
from incidents.domain.vocabulary import Retention, Route, Section
from tests.incidents.domain.cases import (
    ABOUT_STAFF,
    AGENCY_OUTCOME,
    HARM,
    HARMLESS,
    TO_LADO,
    acknowledged,
    assessed,
    person,
    referred_to_lado,
    unproved,
    with_parent,
    with_staff,
)
from tests.incidents.domain.guards import held_inside
from tests.incidents.domain.school import CHAIR, DSL, HEADTEACHER, SLT
from tests.incidents.domain.staff_matters import (
    ANSWERED,
    concluded,
    conclusion,
    ended,
    opened,
    opening,
    paused,
    resumption,
    to_dbs,
    to_tra,
    with_lados_answer,
)

# ── disciplinary ──────────────────────────────────────────────────────────────────────────────────


def test_nothing_disciplinary_begins_while_an_agency_holds_the_case() -> None:
    story = referred_to_lado()
    before = story.history
    story.when(opening(story), by=HEADTEACHER).refused(because="no_agency_holds")
    assert story.history == before
    with_lados_answer().when(opening(story), by=HEADTEACHER).accepted()


def test_nothing_disciplinary_begins_before_the_agencies_were_decided_on() -> None:
    story = assessed(replace(HARMLESS, harm_test=HARM), ABOUT_STAFF)
    story.when(opening(story), by=HEADTEACHER).refused(because="nothing_has_to_be_referred_first")


def test_a_referral_pauses_what_is_under_way() -> None:
    story = opened()
    answer = story.when(TO_LADO, by=HEADTEACHER)
    story = answer.records(ReferralMade, InternalHoldPlaced, DisciplinaryPaused, DeadlineSet)
    (one,) = story.case.disciplinary.values()
    assert one.state is DisciplinaryState.PAUSED
    story.when(resumption(story), by=HEADTEACHER).refused(because="no_agency_holds")


def test_a_held_case_is_not_concluded() -> None:
    story = held_inside(opened())
    story.when(conclusion(story), by=HEADTEACHER).refused(because="no_agency_holds")


def test_only_somebody_who_works_here_has_a_disciplinary_matter() -> None:
    story = with_parent()
    story.when(opening(story), by=HEADTEACHER).refused(because="is_a_colleague_in_the_case")


@pytest.mark.parametrize("by", [SLT, DSL, CHAIR])
def test_the_headteacher_alone_opens_and_concludes(by: User) -> None:
    story = with_staff()
    story.when(opening(story), by=by).refused(because="role")


def test_the_outcome_is_open_to_the_headteacher_and_not_to_the_lead() -> None:
    case = concluded().case
    assert sight(case, SLT) is Sight.FULL
    assert Section.DISCIPLINARY not in sections(case, SLT)
    assert Section.DISCIPLINARY in sections(case, HEADTEACHER)
    assert sections(case, CHAIR) == frozenset()


def test_the_outcome_is_sealed_in_the_history() -> None:
    story = concluded()
    (event,) = (r.event for r in story if isinstance(r.event, DisciplinaryConcluded))
    assert isinstance(event.outcome, Sealed)


def test_what_rests_is_taken_up_again() -> None:
    story = paused()
    story = story.after(resumption(story), by=HEADTEACHER)
    (one,) = story.case.disciplinary.values()
    assert one.state is DisciplinaryState.OPENED


def test_no_case_closes_over_an_open_staff_matter() -> None:
    inside = StartInternalHandling(route=Route.STAFF_CONDUCT)
    story = acknowledged(assessed(HARMLESS, ABOUT_STAFF)).after(inside, by=SLT)
    story = opened(story).after(LEFT_OUT, by=SLT)
    story.when(CloseCase(), by=SLT).refused(because="no_open_disciplinary")
    concluded(story).when(CloseCase(), by=SLT).accepted()


LEFT_OUT = replace(AGENCY_OUTCOME, steps_left_out_because="The colleague has mended it himself.")

# ── allegations ───────────────────────────────────────────────────────────────────────────────────


def test_an_allegation_ends_after_the_lado_has_answered_and_not_before() -> None:
    story = referred_to_lado()
    story.when(unproved(story), by=HEADTEACHER).refused(because="agencies_are_done")
    with_lados_answer().when(unproved(story), by=HEADTEACHER).accepted()


def test_where_no_harm_was_suspected_there_is_no_allegation() -> None:
    story = with_staff()
    story.when(unproved(story), by=HEADTEACHER).refused(because="there_was_an_allegation")


def test_no_case_closes_over_an_allegation_without_its_outcome() -> None:
    story = acknowledged(with_lados_answer()).after(AGENCY_OUTCOME, by=SLT)
    story.when(CloseCase(), by=HEADTEACHER).refused(because="allegation_is_settled")
    story = story.after(unproved(story), by=HEADTEACHER)
    story.when(CloseCase(), by=HEADTEACHER).records(CaseClosed, DeadlineMet)


def test_what_was_proved_asks_for_two_decisions_more() -> None:
    story = acknowledged(with_lados_answer()).after(AGENCY_OUTCOME, by=SLT)
    proved = replace(unproved(story), outcome=AllegationOutcome.SUBSTANTIATED)
    story = story.after(proved, by=HEADTEACHER)
    story.when(CloseCase(), by=HEADTEACHER).refused(because="allegation_is_settled")
    story = story.after(to_dbs(story), by=HEADTEACHER)
    story.when(CloseCase(), by=HEADTEACHER).refused(because="allegation_is_settled")
    story = story.after(to_tra(story), by=HEADTEACHER)
    story.when(CloseCase(), by=HEADTEACHER).accepted()


def test_before_an_allegation_has_ended_nobody_else_is_told_of_it() -> None:
    story = with_lados_answer()
    story.when(to_dbs(story), by=HEADTEACHER).refused(because="state")
    assert person(ended()) in ended().case.allegations


@pytest.mark.parametrize(
    ("outcome", "kept"),
    [
        (AllegationOutcome.SUBSTANTIATED, Retention.ALLEGATION),
        (AllegationOutcome.UNSUBSTANTIATED, Retention.ALLEGATION),
        (AllegationOutcome.UNFOUNDED, Retention.ALLEGATION),
        (AllegationOutcome.FALSE, Retention.MALICIOUS_OR_FALSE),
        (AllegationOutcome.MALICIOUS, Retention.MALICIOUS_OR_FALSE),
    ],
)
def test_the_outcome_of_an_allegation_says_how_long_it_is_kept(
    outcome: AllegationOutcome, kept: Retention
) -> None:
    story = assessed(replace(HARMLESS, harm_test=HARM), ABOUT_STAFF).after(TO_LADO, by=HEADTEACHER)
    story = story.after(ANSWERED, by=HEADTEACHER)
    story = story.after(replace(unproved(story), outcome=outcome), by=HEADTEACHER)
    assert retention(story.case) is kept
