"""What is not a case's has no place in its history, and says so by one name."""

import pytest
from msgspec.structs import replace

from incidents.domain.case import ForeignEvent, evolve
from incidents.domain.users import RoleGiven
from incidents.domain.vocabulary import Role
from tests.incidents.domain.cases import reported


def test_an_event_of_a_user_is_foreign_to_a_case() -> None:
    story = reported()
    foreign = replace(story.history[-1], event=RoleGiven(role=Role.DSL))
    with pytest.raises(ForeignEvent, match=r"incidents\.role_given is not an event of a case"):
        evolve(story.case, foreign)


def test_a_history_without_its_first_event_is_foreign_from_the_start() -> None:
    second = reported().history[1]
    with pytest.raises(ForeignEvent, match=r"does not begin with incidents\.incident_logged"):
        evolve(None, second)
