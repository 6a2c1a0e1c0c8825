"""What the school does itself: one letter asks a parent and invites him; staff put things right."""

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from incidents.domain.intake import IdentifyPerson
from incidents.domain.internal import (
    InternalHandlingStarted,
    MeetingHeld,
    MeetingInvited,
    PostStatusChecked,
    RemovalRequested,
    StartInternalHandling,
)
from incidents.domain.remedies import RecordRemedyMet, RemedyMet, RemedyRequired
from incidents.domain.timers import DeadlineMet, DeadlineSet
from incidents.domain.vocabulary import ContactBasis, DeadlineState, Due, Part, PersonRole, Route
from tests.incidents.domain.cases import (
    ACCEPTABLE,
    EVIDENCE,
    assessed,
    identified,
    meeting,
    person,
    post_gone,
    remedy,
    removal,
    requested,
    with_parent,
    with_staff,
)
from tests.incidents.domain.school import OTHER_SLT, SLT, id_of, london
from tests.incidents.domain.support import A_MINUTE, Story

TO_PARENT = StartInternalHandling(route=Route.PARENT)


def deadline_starts(story: Story, due: Due) -> list[datetime]:
    """When this deadline was set to start, each time."""
    sets = (r.event for r in story if isinstance(r.event, DeadlineSet))
    return [event.starts_at for event in sets if event.due is due]


# ── with parents ──────────────────────────────────────────────────────────────────────────────────


def test_the_parents_route_starts_the_clock_of_its_letter() -> None:
    assessed().when(TO_PARENT, by=SLT).records(InternalHandlingStarted, DeadlineSet)
    other = StartInternalHandling(route=Route.PUPIL_BEHAVIOUR)
    assessed().when(other, by=SLT).records(InternalHandlingStarted)


def test_what_is_acceptable_is_not_handled() -> None:
    assessed(ACCEPTABLE).when(TO_PARENT, by=SLT).refused(because="conduct_was_unacceptable")


def test_one_step_asks_for_removal_and_invites_to_talk() -> None:
    story = with_parent()
    story.when(removal(story), by=SLT).records(
        RemovalRequested, MeetingInvited, DeadlineMet, DeadlineSet, DeadlineSet
    )


def test_nobody_is_asked_to_remove_what_the_school_has_not_kept() -> None:
    story = identified(assessed().after(TO_PARENT, by=SLT))
    story.when(removal(story), by=SLT).refused(because="evidence_is_kept")


def test_a_parent_is_written_to_only_with_a_name_and_a_basis() -> None:
    story = assessed().after(TO_PARENT, by=SLT).after(EVIDENCE, by=SLT)
    story.when(removal(story), by=SLT).refused(because="parent_may_be_written_to")
    nameless = IdentifyPerson(person=person(story), name="the parent")
    story.after(nameless, by=SLT).when(removal(story), by=SLT).refused(
        because="parent_may_be_written_to"
    )


@pytest.mark.parametrize(
    "where", [{"email": "parent@example.org"}, {"address": ("1 Example Lane", "Exampleton")}]
)
def test_a_parent_is_written_to_where_he_can_be_reached(where: dict[str, Any]) -> None:
    story = assessed().after(TO_PARENT, by=SLT).after(EVIDENCE, by=SLT)
    contact = IdentifyPerson(
        person=person(story), name="the parent", basis=ContactBasis.OWN_CONDUCT
    )
    nowhere = story.after(contact, by=SLT)
    nowhere.when(removal(nowhere), by=SLT).refused(because="parent_may_be_written_to")
    story = story.after(replace(contact, **where), by=SLT)
    story.when(removal(story), by=SLT).accepted()


def test_the_letter_to_parents_goes_to_nobody_else() -> None:
    story = with_parent()
    teacher = replace(removal(story), person=person(story, Part.AFFECTED))
    story.when(teacher, by=SLT).refused(because="parent_may_be_written_to")


def test_the_post_is_looked_at_and_the_meeting_held() -> None:
    story = requested()
    story = story.when(post_gone(story), by=SLT).records(PostStatusChecked, DeadlineMet)
    story.when(meeting(story), by=SLT).records(MeetingHeld, DeadlineMet)


# ── with staff ────────────────────────────────────────────────────────────────────────────────────


def test_staff_are_told_the_clause_what_to_put_right_and_by_when() -> None:
    story = with_staff()
    story.when(remedy(story), by=SLT).records(RemedyRequired, DeadlineSet)


def test_staff_are_not_written_to_on_the_parents_route() -> None:
    story = with_parent()
    story.when(remedy(story), by=SLT).refused(because="route_is_staff")


@pytest.mark.parametrize(
    "correct_by",
    [
        london(2026, 11, 27, 0, 1),
        london(2026, 11, 27, 12, 0),
        london(2026, 11, 27, 17, 0),
        london(2026, 11, 27, 23, 59),
    ],
)
def test_a_remedy_is_due_on_the_day_the_letter_names_whatever_the_hour(
    correct_by: datetime,
) -> None:
    story = with_staff()
    asked = replace(remedy(story), correct_by=correct_by)
    case = story.after(asked, by=SLT).case
    assert case.deadlines[Due.REMEDY].due_at == london(2026, 11, 27, 16, 30)


def test_a_remedy_for_a_day_the_school_is_shut_is_due_on_the_next_one_it_is_open() -> None:
    story = with_staff()
    saturday = replace(remedy(story), correct_by=london(2026, 11, 28, 12, 0))
    case = story.after(saturday, by=SLT).case
    assert case.deadlines[Due.REMEDY].due_at == london(2026, 11, 30, 16, 30)


@pytest.mark.parametrize("year", [2028, 2126, 9999])
def test_a_slip_in_the_year_is_not_taken_for_a_deadline(year: int) -> None:
    far = datetime(year, 12, 31, 23, 59, tzinfo=UTC)
    staff, parent = with_staff(), with_parent()
    staff.when(replace(remedy(staff), correct_by=far), by=SLT).refused(because="date_lies_ahead")
    slots = replace(removal(parent), meeting_slots=(parent.now + A_MINUTE, far))
    parent.when(slots, by=SLT).refused(because="slots_lie_ahead")


def test_a_second_remedy_has_its_own_day() -> None:
    """The first is put right; the second must not be left without a deadline."""
    story = two_remedies()
    first, second = story.case.remedies
    met = RecordRemedyMet(remedy=first, seen="The profile has its disclaimer.")
    story = story.when(met, by=SLT).records(RemedyMet, DeadlineMet, DeadlineSet)
    deadline = story.case.deadlines[Due.REMEDY]
    assert deadline.state is DeadlineState.OPEN
    assert deadline.due_at == london(2026, 12, 4, 16, 30)
    story = story.after(replace(met, remedy=second), by=SLT)
    assert story.case.deadlines[Due.REMEDY].state is DeadlineState.MET
    assert len(deadline_starts(story, Due.REMEDY)) == 2


def two_remedies() -> Story:
    story = with_staff()
    another = IdentifyPerson(
        part=Part.SUBJECT,
        role=PersonRole.STAFF,
        user=id_of(OTHER_SLT),
        name="another subject",
        email="another@example.org",
        basis=ContactBasis.EMPLOYMENT,
    )
    story = story.after(another, by=SLT)
    first, second = (p.person for p in story.case.of(Part.SUBJECT))
    by_friday = replace(remedy(story), person=first, correct_by=london(2026, 11, 27, 12, 0))
    a_week_later = replace(by_friday, person=second, correct_by=london(2026, 12, 4, 12, 0))
    return story.after(by_friday, by=SLT).after(a_week_later, by=SLT)
