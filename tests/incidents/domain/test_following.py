"""Training, links, duplicates, readings of the policy and annotations: nothing is written over."""

from datetime import timedelta

from msgspec.structs import replace

from incidents.domain.closing import CaseClosed, CloseCase, RecordOutcome
from incidents.domain.internal import StartInternalHandling
from incidents.domain.links import DuplicateLinked, IncidentsLinked, SamePerson
from incidents.domain.parallel import TrainingState
from incidents.domain.remedies import RemedyRequired
from incidents.domain.table import Refuses
from incidents.domain.vocabulary import (
    Category,
    DeadlineState,
    Due,
    Flag,
    Outcome,
    Part,
    RemedyKind,
    Route,
    Stage,
)
from tests.incidents.domain.cases import (
    ABOUT_STAFF,
    HARMLESS,
    REPORT,
    acknowledged,
    assessed,
    assessing,
    person,
    remedy,
    resolved,
    with_parent,
    with_staff,
)
from tests.incidents.domain.following import (
    ANNOTATION,
    DUPLICATE,
    OTHER_CASE,
    READING,
    assigned,
    attended,
    knowing,
    link,
    other_case,
    training,
)
from tests.incidents.domain.school import HEADTEACHER, SLT, STAFF

# ── training and remedies ─────────────────────────────────────────────────────────────────────────


def test_a_training_outlives_its_case_and_is_recorded_after_it() -> None:
    story = resolved()
    staff = person(story, Part.AFFECTED)
    story = story.after(replace(training(story), person=staff), by=SLT).after(CloseCase(), by=SLT)
    assert story.case.open_deadlines == (Due.TRAINING,)
    story = story.after(attended(story), by=SLT)
    (one,) = story.case.trainings.values()
    assert one.state is TrainingState.ATTENDED
    assert story.case.deadlines[Due.TRAINING].state is DeadlineState.MET


def test_the_next_training_has_a_deadline_once_the_first_is_attended() -> None:
    story = assigned()
    sooner = replace(training(story), attend_by=story.now + timedelta(days=30))
    story = story.after(sooner, by=SLT)
    first = next(iter(story.case.trainings))
    story = story.after(replace(attended(story), training=first), by=SLT)
    due = story.case.deadlines[Due.TRAINING]
    assert due.state is DeadlineState.OPEN
    assert due.starts_at.date() == sooner.attend_by.date()


def test_only_somebody_who_works_here_is_sent_to_a_training() -> None:
    story = with_parent()
    story.when(training(story), by=SLT).refused(because="trainee_works_here")


def test_for_somebody_elses_work_permission_credit_or_removal_is_asked_for() -> None:
    story = with_staff()
    for kind in RemedyKind:
        answer = story.when(replace(remedy(story), kind=kind), by=SLT)
        assert answer.event(RemedyRequired).kind is kind


# ── linked cases ──────────────────────────────────────────────────────────────────────────────────


def test_a_link_says_what_a_person_is_in_each_case_and_changes_neither() -> None:
    """Harmed here, the subject there: he stays who he is in both."""
    story = knowing(assessing())
    harmed, subject = person(story, Part.AFFECTED), next(iter(other_case().people))
    said = replace(link(story), people=(SamePerson(here=harmed, there=subject),))
    before = story.case.people
    answer = story.when(said, by=SLT)
    (linked,) = answer.event(IncidentsLinked).people
    assert (linked.part_here, linked.part_there) == (Part.AFFECTED, Part.SUBJECT)
    assert answer.accepted().case.people == before


def test_a_case_that_the_asker_may_not_see_is_as_one_that_does_not_exist() -> None:
    unseen = assessing()
    said = replace(link(unseen), people=())
    told = unseen.when(said, by=SLT).refused(because="other_case_is_seen")
    another = replace(said, other=person(unseen))  # an id of nothing at all
    assert knowing(unseen).when(another, by=SLT).refused(because="other_case_is_seen") == told


def test_nobody_is_linked_who_does_not_stand_in_both_cases() -> None:
    story = knowing(assessing())
    said = replace(link(story), people=(SamePerson(here=person(story), there=person(story)),))
    stranger = replace(other_case(), people={})
    knowing(assessing(), stranger).when(said, by=SLT).refused(because="people_stand_in_both")


def test_a_duplicate_is_closed_and_names_the_case_that_goes_on() -> None:
    story = knowing(acknowledged(assessing()))
    after = story.when(DUPLICATE, by=SLT).accepted()
    assert after.case.stage is Stage.CLOSED
    assert after.case.duplicate_of == OTHER_CASE
    kinds = [type(recorded.event) for recorded in after.history[len(story.history) :]]
    assert kinds[:2] == [DuplicateLinked, CaseClosed]


def test_a_duplicate_of_a_duplicate_leads_nowhere() -> None:
    second = replace(other_case(), duplicate_of=OTHER_CASE)
    story = knowing(acknowledged(assessing()), second)
    story.when(DUPLICATE, by=SLT).refused(because="other_case_is_no_duplicate")


def test_where_a_child_may_be_at_risk_nothing_is_closed_as_a_duplicate() -> None:
    report = replace(REPORT, flags=(Flag.CHILD_AT_RISK,))
    story = knowing(acknowledged(assessing(report)))
    story.when(DUPLICATE, by=SLT).refused(because="no_harm_suspected", for_=Refuses.STATE)


# ── what can be read in two ways ──────────────────────────────────────────────────────────────────


def test_what_the_policy_both_forbids_and_permits_is_not_judged_before_it_is_read() -> None:
    at_work = replace(HARMLESS, categories=(Category.WORK_INFRASTRUCTURE_USE,))
    story = assessed(at_work, ABOUT_STAFF)
    inside = StartInternalHandling(route=Route.STAFF_CONDUCT)
    story.when(inside, by=SLT).refused(because="two_ways_are_read_in_one")
    outcome = RecordOutcome(outcome=Outcome.NO_FURTHER_ACTION, summary="In the lunch break.")
    story.when(outcome, by=SLT).refused(because="two_ways_are_read_in_one")
    story = story.after(READING, by=SLT)
    assert story.case.interpreted == {"4.1", "5.4"}
    story.when(inside, by=SLT).accepted()


# ── annotations ───────────────────────────────────────────────────────────────────────────────────


def test_what_is_wrong_in_an_entry_is_said_beside_it_and_the_entry_stays() -> None:
    story = assessing()
    after = story.after(ANNOTATION, by=HEADTEACHER)
    assert after.history[: len(story.history)] == story.history
    assert after.case.facts == story.case.facts
    story.when(ANNOTATION, by=STAFF).refused(because="role")
    ahead = replace(ANNOTATION, entry=99)
    story.when(ahead, by=HEADTEACHER).refused(because="entry_is_there")
