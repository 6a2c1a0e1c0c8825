"""The permissions table, cell by cell: role × action, tried on every command in every state.

It stands here as the school reads it. ● may do it, ◐ only where the case is his (as lead, reporter,
panel, or because of what it is about), – never. Walls come before all of it, and have tests of
their own.
"""

from typing import Final

import pytest

from incidents.domain.access import acting_role, walled
from incidents.domain.case import COMMANDS, ROWS
from incidents.domain.school import User
from incidents.domain.state import Case
from incidents.domain.vocabulary import Relation, Role
from tests.incidents.domain.cases import (
    ABOUT_A_CHILD,
    EVIDENCE,
    HARMFUL,
    assessed,
    assessing,
    reported,
)
from tests.incidents.domain.one_case import LIVES
from tests.incidents.domain.school import DPO, DSL, HEADTEACHER, MODERATOR, OAKFIELD, PEOPLE, STAFF
from tests.incidents.domain.test_access import CASES

COLUMNS: Final = (
    Role.STAFF,
    Role.SLT,
    Role.HEADTEACHER,
    Role.DSL,
    Role.MODERATOR,
    Role.DPO,
    Role.CHAIR,
    Role.GOVERNOR,
    Role.CLERK,
    Role.AUDITOR,
)
RIGHTS: Final = """
add to the own report          | ◐ ◐ ● ◐ ◐ ◐ ◐ – – –
acknowledge                    | – ◐ ● ◐ – – ◐ – – –
begin the assessment           | – ◐ ● ◐ – – ◐ – – –
assess, classify, lead         | – ◐ ◐ ◐ – – ◐ – – –
refer                          | – ◐ ● ◐ – ◐ ◐ – – –
tell an agency directly        | ◐ ◐ ● ◐ ◐ ◐ ◐ – – –
decide not to refer            | – – ● ◐ – – ◐ – – –
moderate a post                | – – – – ● – – – – –
waive the notice               | – ◐ ● – – – ◐ – – –
approve letters                | – ◐ ● ◐ – ◐ ◐ – – –
receive a complaint            | – ◐ ● ◐ – – ◐ – – –
investigate a complaint        | – – ● – – – ◐ – – –
decide a complaint             | – – ● – – – ◐ – – –
convene the panel              | – – – – – – – – ● –
sit on the panel               | – – – – – – – ◐ – –
limit contact                  | – – ● – – – ◐ – – –
log a press enquiry            | ◐ ◐ ● ◐ ◐ ◐ ◐ – – –
answer the press               | – – ● – – – ◐ – – –
suspect a breach               | ◐ ◐ ● ◐ ◐ ◐ ◐ – – –
decide on a breach             | – – – – – ◐ ◐ – – –
discipline                     | – – ● – – – ◐ – – –
end an allegation              | – – ● – – – ◐ – – –
write down a low-level concern | – – ● ◐ – – ◐ – – –
review a low-level concern     | – – ● – – – ◐ – – –
assign training                | – ◐ ● ◐ – – ◐ – – –
record what became of it       | – ◐ ● – – – ◐ – – –
say that a child is published  | ◐ ◐ ● ◐ ◐ ◐ ◐ – – –
look at imagery                | – – – ◐ – – – – – –
link cases                     | – ◐ ● ◐ – – ◐ – – –
ask for a second opinion       | – ◐ ● ◐ – ◐ ◐ – – –
close                          | – ◐ ● ◐ – – ◐ – – –
reopen                         | – ◐ ● ◐ – – ◐ – – –
"""
ACTIONS: Final = {
    "add to the own report": "add-information log-press-enquiry suspect-breach",
    "acknowledge": "acknowledge-report",
    "begin the assessment": "start-assessment",
    "assess, classify, lead": "record-assessment start-internal-handling record-outcome "
    "mark-out-of-scope mark-duplicate",
    "refer": "make-referral",
    "tell an agency directly": "record-direct-referral raise-immediate-danger",
    "decide not to refer": "decide-not-to-refer",
    "moderate a post": "take-moderation-action inform-audience",
    "waive the notice": "waive-notice",
    "approve letters": "approve-letter withdraw-letter resolve-letter",
    "receive a complaint": "receive-complaint",
    "investigate a complaint": "delegate-investigation acknowledge-complaint",
    "decide a complaint": "decide-stage1 divert-complaint",
    "convene the panel": "request-stage2 convene-panel record-panel-papers exhaust-complaint",
    "sit on the panel": "decide-stage2",
    "limit contact": "limit-contact review-contact",
    "log a press enquiry": "log-press-enquiry",
    "answer the press": "request-la-support obtain-la-support respond-to-press decline-to-respond",
    "suspect a breach": "suspect-breach",
    "decide on a breach": "confirm-breach rule-out-breach decide-ico inform-subjects "
    "leave-subjects-uninformed finish-breach",
    "discipline": "open-disciplinary pause-disciplinary resume-disciplinary conclude-disciplinary",
    "end an allegation": "record-allegation-outcome decide-dbs-referral decide-tra-referral",
    "write down a low-level concern": "record-low-level-concern",
    "review a low-level concern": "review-concern",
    "assign training": "assign-training",
    "record what became of it": "record-training-attended drop-training",
    "say that a child is published": "record-child-published",
    "look at imagery": "record-imagery-sighted",
    "link cases": "link-case",
    "ask for a second opinion": "request-second-opinion",
    "close": "close-case",
    "reopen": "reopen-case",
}
CELLS: Final = [
    (action, role, right)
    for action, rights in (
        [part.strip() for part in line.split("|")] for line in RIGHTS.strip().splitlines()
    )
    for role, right in zip(COLUMNS, rights.split(), strict=True)
]
POOL: Final = [
    *CASES.values(),
    *(story.case for states in LIVES.values() for story in states.values()),
    *(reported(by=one).case for one in (MODERATOR, DPO, HEADTEACHER)),
    assessing(lead=HEADTEACHER).case,
    assessed(lead=HEADTEACHER).case,
    assessing(ABOUT_A_CHILD, lead=DSL).case,
    assessed(HARMFUL, ABOUT_A_CHILD, lead=DSL).case,
    reported().after(EVIDENCE, by=STAFF).case,
]
"""Cases of every kind in every state, some of them reported or led by somebody else."""


def holders(role: Role) -> list[User]:
    """Everybody who holds this role, and a colleague who does and is nothing to any case."""
    stranger = User(id=None, school=OAKFIELD, roles=frozenset({role}))
    return [*(one for one in PEOPLE if role in one.roles), stranger]


def rights(name: str, role: Role) -> set[bool]:
    """Whether holders of the role may ask it, on any of the cases from which none is walled."""
    _, row = ROWS[COMMANDS[name]]
    return {
        acting_role(case, one, row.who) is not None
        for case in POOL
        for one in holders(role)
        if in_a_state_of(case, name) and not walled(case, one)
    }


def in_a_state_of(case: Case, name: str) -> bool:
    track, row = ROWS[COMMANDS[name]]
    return bool(track.states(case, None) & set(row.at))


@pytest.mark.parametrize(("action", "role", "right"), CELLS)
def test_a_role_has_the_rights_that_its_cell_gives(action: str, role: Role, right: str) -> None:
    for name in ACTIONS[action].split():
        found = rights(name, role)
        match right:
            case "●":
                assert True in found, name
            case "◐":
                assert found == {True, False}, name
            case _:
                assert True not in found, name


def test_every_action_of_the_table_is_made_of_commands() -> None:
    assert {action for action, _, _ in CELLS} == set(ACTIONS)
    assert {name for names in ACTIONS.values() for name in names.split()} <= set(COMMANDS)


def test_the_commands_that_no_action_names_are_for_the_lead_or_for_our_own_programs() -> None:
    """Or for keeping evidence and putting things right: whoever works on the case does that."""
    named = {name for names in ACTIONS.values() for name in names.split()}
    for ask, (_, row) in ROWS.items():
        if row.name not in named and row.for_people:
            inside = {Role.SLT, Role.HEADTEACHER, Role.DSL, Role.CHAIR, Role.DPO, Role.MODERATOR}
            assert set(row.who) <= {*Relation, *inside, Role.CLERK}, ask
