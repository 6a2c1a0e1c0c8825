"""Every row of every table: what it is there for, and for whom."""

from enum import StrEnum
from typing import Any

import pytest

from incidents.domain.case import COMMANDS, ROWS, offers
from incidents.domain.state import Case
from incidents.domain.table import Command, Refuses, Row
from incidents.domain.timers import DeadlineMet, DeadlineSet
from incidents.domain.vocabulary import Relation, Role
from tests.incidents.domain.examples import Example
from tests.incidents.domain.happy_paths import HAPPY_PATHS
from tests.incidents.domain.school import PEOPLE, PROGRAMS
from tests.incidents.domain.support import Story
from tests.incidents.domain.test_access import is_to

BY_NAME = {row.name: row for _, row in ROWS.values()}


def example(name: str) -> Example:
    return HAPPY_PATHS[COMMANDS[name]]


def test_every_row_has_an_example_and_every_example_a_row() -> None:
    assert set(HAPPY_PATHS) == set(ROWS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_row_does_what_it_is_there_for(name: str) -> None:
    one = example(name)
    answer = one.story.when(one.command, by=one.by)
    after = answer.records(*one.records)
    row = BY_NAME[name]
    assert answer.role in Role
    if row.to is not None:
        assert row.to in states_now(row, after, one.command)


@pytest.mark.parametrize("name", COMMANDS)
def test_an_example_begins_in_a_state_of_its_row(name: str) -> None:
    one = example(name)
    row = BY_NAME[name]
    assert states_now(row, one.story, one.command) & set(row.at)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_row_is_refused_to_everybody_it_does_not_name(name: str) -> None:
    one, row = example(name), BY_NAME[name]
    for stranger in (*PEOPLE, *PROGRAMS):
        if named(row, one.story.case, stranger.id, stranger.roles):
            continue
        answer = one.story.when(one.command, by=stranger)
        answer.refused(because="role", for_=Refuses.WHO)


def named(row: Row[Any], case: Case, user: object, roles: frozenset[Role]) -> bool:
    """Whether a row names somebody, by a role or by what he is to the case."""
    here = {str(relation) for relation in Relation if user in is_to(case, relation)}
    return bool({str(who) for who in row.who} & (here | set(roles)))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_row_is_offered_to_whom_it_is_open(name: str) -> None:
    """Programs' rows are offered to nobody."""
    one = example(name)
    found = {o.command: o.reasons for o in offers(one.story.case, one.story.asking(one.by))}
    if one.by in PROGRAMS:
        assert name not in found
    else:
        assert found[name] == ()


@pytest.mark.parametrize("name", COMMANDS)
def test_what_a_row_settles_and_starts_is_recorded_with_it(name: str) -> None:
    one, row = example(name), BY_NAME[name]
    answer = one.story.when(one.command, by=one.by)
    assert answer.decision is not None
    met = {e.due for e in answer.decision.events if isinstance(e, DeadlineMet)}
    open_before = set(one.story.case.open_deadlines)
    assert met >= open_before & set(row.settles)
    started = {e.due for e in answer.decision.events if isinstance(e, DeadlineSet)}
    assert started.isdisjoint(open_before - met)


def states_now(row: Row[Any], story: Story, command: Command) -> frozenset[StrEnum]:
    """Where the row's track stands for this command."""
    track, _ = ROWS[row.ask]
    return track.states(story.case, command)
