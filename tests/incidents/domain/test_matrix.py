"""Every role, in every state, with every command: exactly what the row says, and nothing crashes.

The expectations are read off the tables, but for whose role shows him which of the two cases: that
stands here in full, so that the tables are checked against something other than themselves.
"""

from collections.abc import Mapping
from typing import Any, Final

import pytest

from incidents.domain.case import EVENTS, ROWS, TRACKS, offers
from incidents.domain.facts import Event
from incidents.domain.glass import BreakGlassUsed
from incidents.domain.intake import IncidentLogged
from incidents.domain.parallel import (
    AllegationState,
    BreachState,
    ComplaintState,
    ConcernState,
    ContactState,
    DisciplinaryState,
    OpinionState,
    PressState,
    Publication,
    TrainingState,
)
from incidents.domain.table import Refuses, Row
from incidents.domain.timers import DeadlineMet, DeadlineSet
from incidents.domain.vocabulary import (
    DeadlineState,
    LetterState,
    Moderation,
    ReferralState,
    Relation,
    Role,
    Stage,
)
from tests.incidents.domain.happy_paths import HAPPY_PATHS
from tests.incidents.domain.one_case import LIVES
from tests.incidents.domain.school import PEOPLE, PROGRAMS
from tests.incidents.domain.support import Answer
from tests.incidents.domain.test_access import NAMES, is_to

HELD_BY: Final[Mapping[str, set[Role]]] = {
    "everybody's": {Role.HEADTEACHER, Role.DSL, Role.MODERATOR, Role.DPO},
    "the chair's": {Role.CHAIR, Role.MODERATOR},
}
"""The roles that come with this case, beside the auditor's and our own programs'."""
WITH_THE_CLERK: Final = {
    "complaint decided",
    "second stage",
    "panel convened",
    "panel decided",
    "complaint exhausted",
}
ALWAYS: Final = {Role.AUDITOR, Role.NOTIFIER, Role.TIMEKEEPER}
PLACES: Final = [(whose, state) for whose, states in LIVES.items() for state in states]


def may(row: Row[Any], whose: str, state: str, who: str) -> bool:
    """Whether the row is for this person, on this case, in this state."""
    one, case = NAMES[who], LIVES[whose][state].case
    if who == ("another colleague" if whose == "everybody's" else "the headteacher"):
        return False  # the subject
    roles = HELD_BY[whose] | ALWAYS
    if whose == "everybody's" and state == "reported":
        roles |= {Role.SLT}
    if state in WITH_THE_CLERK:
        roles |= {Role.CLERK}
    is_to_case = {relation for relation in Relation if one.id in is_to(case, relation)}
    return bool(set(row.who) & ((one.roles & roles) | is_to_case))


@pytest.mark.parametrize("who", NAMES)
@pytest.mark.parametrize(("whose", "state"), PLACES)
def test_every_command_is_answered_as_its_row_says(whose: str, state: str, who: str) -> None:
    story, one = LIVES[whose][state], NAMES[who]
    offered = {
        o.command: {r.rule for r in o.reasons} for o in offers(story.case, story.asking(one))
    }
    for ask, (track, row) in ROWS.items():
        command = HAPPY_PATHS[ask].command
        answer = story.when(command, by=one)
        if not may(row, whose, state, who):
            assert answer.refusal is not None
            assert answer.refusal.refuses is Refuses.WHO
            assert answer.rules == {"role"}
        else:
            here = bool(track.states(story.case, command) & set(row.at))
            as_the_row_says(row, answer, here)
        if row.name in offered:
            as_it_was_offered(row, answer, offered[row.name])


def as_the_row_says(row: Row[Any], answer: Answer, here: bool) -> None:
    """Refused by the state or by one of its guards, else with the events that it lists."""
    if answer.decision is not None:
        assert here
        listed = {*row.records, DeadlineMet, DeadlineSet}
        assert {type(event) for event in answer.decision.events} <= listed
        return
    assert answer.refusal is not None
    kind = answer.refusal.refuses
    guards = {g.name for g in row.guards if g.refuses is kind}
    state = {"state"} if kind is Refuses.STATE and not here else set()
    assert answer.rules
    assert answer.rules <= guards | state
    assert state <= answer.rules


def as_it_was_offered(row: Row[Any], answer: Answer, reasons: set[str]) -> None:
    """What stood in the way beforehand stands in the way; guards that need no body agree."""
    without_body = {g.name for g in row.guards if not g.needs_body}
    if "role" in reasons:
        assert answer.rules == {"role"}
    elif answer.refusal is not None and answer.refusal.refuses is Refuses.STATE:
        assert answer.rules & without_body == reasons & without_body
        assert reasons & {"state"} <= answer.rules
    elif answer.refusal is None or answer.refusal.refuses is Refuses.BODY:
        assert reasons == set()


# ── what the matrix covers ────────────────────────────────────────────────────────────────────────


def test_between_them_the_two_cases_stand_in_every_state_of_every_track() -> None:
    cases = [story.case for states in LIVES.values() for story in states.values()]
    seen = {state for track in TRACKS for case in cases for state in track.states(case, None)}
    told = {d.state for case in cases for d in case.deadlines.values()}
    every = {*Stage, *Moderation, *ReferralState, *LetterState, *DeadlineState}
    every |= {*ComplaintState, *ContactState, *PressState, *BreachState}
    every |= {*Publication, *ConcernState, *TrainingState}
    every |= {*OpinionState, *DisciplinaryState, *AllegationState}
    assert every == seen | told


def test_every_role_is_somebodys() -> None:
    assert {role for one in (*PEOPLE, *PROGRAMS) for role in one.roles} == set(Role)
    assert set(NAMES.values()) == {*PEOPLE, *PROGRAMS}


def test_every_kind_of_event_can_come_out_of_a_row() -> None:
    listed: set[type[Event]] = {kind for _, row in ROWS.values() for kind in row.records}
    by_no_row = {IncidentLogged, BreakGlassUsed, DeadlineSet, DeadlineMet}
    assert listed | by_no_row == set(EVENTS.values())
