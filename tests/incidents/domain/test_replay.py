"""Replay never refuses, whatever the history: today's rules are not yesterday's."""

import msgspec
import pytest
from hypothesis import given as given_
from hypothesis import settings
from hypothesis import strategies as st

from incidents.domain.case import EVENTS, ROWS, evolve, replay
from incidents.domain.facts import Actor, Event, Recorded
from incidents.domain.intake import IncidentLogged
from incidents.domain.state import Case
from incidents.domain.table import Command
from incidents.domain.vocabulary import Role
from tests.incidents.domain.arbitrary import IDS, Anything
from tests.incidents.domain.cases import reported
from tests.incidents.domain.happy_paths import HAPPY_PATHS
from tests.incidents.domain.one_case import LIVES
from tests.incidents.domain.school import PEOPLE, PROGRAMS, STAFF
from tests.incidents.domain.support import Story

LATER = [kind for kind in EVENTS.values() if kind is not IncidentLogged]
EVERYBODY = (*PEOPLE, *PROGRAMS)
quickly = settings(deadline=None, max_examples=100, print_blob=True)


@st.composite
def odd_histories(draw: st.DrawFn) -> Story:
    """A first event, and then any events in any order, of anybody."""
    story = reported()
    anything = Anything((*IDS, *story.case.people))
    for kind in draw(st.lists(st.sampled_from(LATER), max_size=12)):
        event: Event = draw(anything.of(kind))
        story = story.also(event, by=draw(st.sampled_from(EVERYBODY)))
    return story


def stored(case: Case) -> Case:
    """The case as its state row gives it back."""
    return msgspec.json.decode(msgspec.json.encode(case), type=Case)


@quickly
@given_(odd_histories())
def test_any_events_in_any_order_add_up_to_a_case(story: Story) -> None:
    case = story.case
    assert case.version == len(story.history)
    assert stored(case) == case


@quickly
@given_(odd_histories(), st.data())
def test_whatever_the_history_a_request_is_decided_or_refused(
    story: Story, data: st.DataObject
) -> None:
    """Every body that its types allow: no rule stumbles over it."""
    ids = [*IDS, *story.case.people, *(one.id for one in PEOPLE if one.id is not None)]
    anything = Anything(ids, story.now)
    ask = data.draw(st.sampled_from(list(ROWS)))
    command: Command = data.draw(anything.of(ask))
    for by in EVERYBODY:
        answer = story.when(command, by=by)
        if answer.refusal is None:
            assert stored(answer.accepted().case) == answer.accepted().case
        else:
            assert answer.reasons


@quickly
@given_(st.sampled_from([s for states in LIVES.values() for s in states.values()]), st.data())
def test_at_every_stage_a_request_is_decided_or_refused(story: Story, data: st.DataObject) -> None:
    ids = [*IDS, *story.case.people, *story.case.letters, *story.case.prompts]
    ids += [one.id for one in PEOPLE if one.id is not None]
    ask = data.draw(st.sampled_from(list(ROWS)))
    command: Command = data.draw(Anything(ids, story.now).of(ask))
    for by in EVERYBODY:
        answer = story.when(command, by=by)
        assert answer.reasons or answer.accepted().case.version > story.case.version


@pytest.mark.parametrize("name", [ask.__name__ for ask in HAPPY_PATHS])
def test_step_by_step_and_all_at_once_come_to_the_same(name: str) -> None:
    (one,) = (one for ask, one in HAPPY_PATHS.items() if ask.__name__ == name)
    history = one.story.after(one.command, by=one.by).history
    case: Case | None = None
    for recorded in history:
        case = evolve(case, recorded)
    assert case == replay(history) == replay(list(history))
    assert stored(replay(history)) == case


def test_what_happened_later_is_left_out_when_a_case_is_shown_as_it_was() -> None:
    """A reader may leave out any events of a history but the first."""
    history = LIVES["everybody's"]["closed"].history
    for n in range(1, len(history)):
        replay((*history[:n], *history[n + 1 :]))


def test_a_case_without_its_beginning_is_no_case() -> None:
    with pytest.raises(ValueError, match="incident_logged"):
        replay(reported().history[1:])
    with pytest.raises(ValueError, match="no history"):
        replay(())


def test_the_reporter_is_whoever_recorded_the_first_event() -> None:
    first: Recorded = reported().history[0]
    assert first.actor == Actor(user=STAFF.id, role=Role.STAFF)
    assert replay([first]).reporter == STAFF.id
