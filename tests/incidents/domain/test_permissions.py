"""Who may do what, in which states, written down once more: a change of these is never an accident.

The other tests of the tables read their expectations off the tables. This one does not. It follows
the permissions table and the state machine of the policy's implementation, row by row.
"""

from typing import Final

import pytest

from incidents.domain.case import ROWS
from incidents.domain.intake import LogIncident
from incidents.domain.lifecycle import LOGGERS
from incidents.domain.table import kebab

PERMITTED: Final = """
log-incident            | staff slt headteacher dsl moderator dpo chair | -
add-information         | reporter lead headteacher dsl chair | any
correct-entry           | reporter lead | any
identify-person         | lead headteacher dsl chair | any but closed
acknowledge-report      | lead slt headteacher dsl chair | any but closed
start-assessment        | slt headteacher dsl chair | reported > assessing
assign-lead             | headteacher dsl chair | assessing assessed internal referred resolved
record-assessment       | lead | assessing assessed internal > assessed
mark-out-of-scope       | lead | assessing > closed
decide-not-to-refer     | headteacher dsl chair | assessed internal referred
start-internal-handling | lead | assessed internal > internal
request-removal         | lead | internal
record-post-status      | lead | internal referred
record-meeting          | lead | internal
require-remedy          | lead | internal
record-remedy-met       | lead | internal
make-referral           | lead headteacher dsl chair dpo | assessed internal referred > referred
resume-internal         | headteacher chair | referred > internal
record-outcome          | lead | assessed internal referred > resolved
close-case              | lead headteacher dsl chair | resolved > closed
reopen-case             | lead headteacher dsl chair | closed > assessing
record-agency-response  | lead headteacher dsl chair | sent acknowledged
capture-evidence        | lead reporter moderator slt headteacher dsl | any
describe-evidence       | lead reporter moderator slt headteacher dsl | any
take-moderation-action  | moderator | any but none > actioned
inform-audience         | moderator | actioned > audience_informed
waive-notice            | headteacher lead chair | actioned > notice_waived
raise-immediate-danger  | reporter lead slt headteacher dsl moderator dpo chair | +
                          any but resolved closed
record-direct-referral  | reporter lead slt headteacher dsl moderator dpo chair | +
                          reported assessing
record-agency-withdrawal | lead headteacher dsl chair | sent acknowledged > withdrawn
record-sharing-decision | lead headteacher dsl dpo chair | any
record-disclosure-agreement | lead headteacher dsl chair | any but none drafted
request-second-opinion  | lead headteacher dsl chair dpo | any
record-second-opinion   | consulted | requested > given
withdraw-opinion-request | lead headteacher dsl chair dpo | requested > withdrawn
annotate-entry          | lead headteacher dsl chair | any
link-case               | lead headteacher dsl chair | any
mark-duplicate          | lead | assessing > closed
interpret-policy        | lead headteacher chair | any but reported closed
record-low-level-concern | headteacher dsl chair | any
review-concern          | headteacher chair | recorded > reviewed
assign-training         | lead headteacher chair | any
record-training-attended | lead headteacher chair | assigned > attended
drop-training           | lead headteacher chair | assigned > dropped
declare-conflict        | lead headteacher dsl chair investigator consulted panel slt +
                          moderator dpo clerk | any
remind-of-removal       | lead | internal
apply-behaviour-policy  | lead | internal
escalate-case           | reporter lead slt headteacher dsl moderator dpo chair | any but closed
record-child-published  | reporter lead slt headteacher dsl moderator dpo chair | any > published
record-taken-down       | lead moderator slt headteacher dsl dpo chair | published > taken_down
record-image-deleted    | lead moderator slt headteacher dsl dpo chair | any
record-imagery-sighted  | dsl | any
record-platform-response | moderator lead | any but none
transfer-custody        | lead headteacher dsl chair | any but none
draft-referral          | lead headteacher dsl chair dpo | any > drafted
drop-draft              | lead headteacher dsl chair dpo | drafted
refer-to-complaints     | lead headteacher chair | none informal > informal
receive-complaint       | lead slt headteacher chair dsl | none informal > s1_received
acknowledge-complaint   | headteacher chair | s1_received > s1_acknowledged
delegate-investigation  | headteacher chair | s1_acknowledged
record-investigation    | investigator headteacher chair | s1_acknowledged
decide-stage1           | headteacher chair | s1_acknowledged > s1_decided
extend-complaint        | headteacher chair clerk | s1_acknowledged s2_requested s2_scheduled
request-stage2          | clerk | s1_decided > s2_requested
convene-panel           | clerk | s2_requested s2_scheduled > s2_scheduled
record-panel-papers     | clerk | s2_scheduled
decide-stage2           | panel | s2_scheduled > s2_decided
exhaust-complaint       | clerk | s2_decided > exhausted
withdraw-complaint      | headteacher chair lead clerk | informal s1_received s1_acknowledged +
                          s1_decided s2_requested s2_scheduled > withdrawn
divert-complaint        | headteacher chair | informal s1_received s1_acknowledged +
                          > out_of_procedure
limit-contact           | headteacher chair | none ended
review-contact          | headteacher chair | limited
log-press-enquiry       | reporter lead slt headteacher dsl moderator dpo chair | +
                          none responded declined > logged
inform-head             | lead slt headteacher dsl chair | logged > head_informed
request-la-support      | headteacher chair | head_informed
obtain-la-support       | headteacher chair | head_informed > la_supported
respond-to-press        | headteacher chair | la_supported > responded
decline-to-respond      | headteacher chair | head_informed la_supported > declined
suspect-breach          | reporter lead slt headteacher dsl moderator dpo chair | +
                          none ruled_out > suspected
confirm-breach          | dpo chair | suspected > confirmed
rule-out-breach         | dpo chair | suspected > ruled_out
decide-ico              | dpo chair | confirmed > ico_decided
inform-subjects         | dpo chair | ico_decided > subjects_decided
leave-subjects-uninformed | dpo chair | ico_decided > subjects_decided
finish-breach           | dpo chair | subjects_decided > done
open-disciplinary       | headteacher chair | none concluded > opened
pause-disciplinary      | headteacher chair | opened > paused
resume-disciplinary     | headteacher chair | paused > opened
conclude-disciplinary   | headteacher chair | opened > concluded
record-allegation-outcome | headteacher chair | open ended > ended
decide-dbs-referral     | headteacher chair | ended
decide-tra-referral     | headteacher chair | ended
record-letter-rendered  | notifier | none
approve-letter          | headteacher lead dsl dpo chair | drafted
withdraw-letter         | headteacher lead dsl dpo chair | drafted approved uncertain failed
record-letter-sent      | notifier | approved uncertain withdrawn failed
record-letter-uncertain | notifier | approved withdrawn
resolve-letter          | headteacher lead dsl dpo chair | uncertain failed
record-letter-failed    | notifier | none drafted approved uncertain
record-alert            | notifier | any
miss-deadline           | timekeeper | open > missed
recalculate-deadline    | timekeeper | open
waive-deadline          | headteacher lead dsl chair | open missed > waived
"""
TABLE: Final = {
    name: (set(who.split()), states)
    for name, who, states in (
        [cell.strip() for cell in line.split("|")]
        for line in PERMITTED.replace("+\n", "").strip().splitlines()
    )
}


def test_every_command_stands_in_the_table() -> None:
    assert set(TABLE) == {row.name for _, row in ROWS.values()} | {kebab(LogIncident.__name__)}


@pytest.mark.parametrize("name", [name for name in TABLE if name != "log-incident"])
def test_a_command_is_for_those_and_then_and_leads_there(name: str) -> None:
    (row,) = (row for _, row in ROWS.values() if row.name == name)
    who, states = TABLE[name]
    assert {str(one) for one in row.who} == who
    assert set(row.at) == {*expected(states.partition("> ")[0], [*type(row.at[0])])}
    assert (row.to or "") == states.partition("> ")[2]


def expected(states: str, every: list[str]) -> list[str]:
    if states.startswith("any"):
        return [state for state in every if state not in states.removeprefix("any but ").split()]
    return states.split()


def test_anybody_who_works_here_reports_but_not_those_who_are_only_there_to_look() -> None:
    assert {str(role) for role in LOGGERS} == TABLE["log-incident"][0]
