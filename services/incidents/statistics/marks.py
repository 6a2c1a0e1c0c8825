"""What is counted of a case: a mark for each thing that is true of it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from durable import Connection
from incidents.domain.assessment import DecisionNotToRefer, MarkedOutOfScope
from incidents.domain.breach import BreachRuledOut, IcoDecided, SubjectsNotInformed
from incidents.domain.facts import Event
from incidents.domain.moderation import AudienceNoticeWaived
from incidents.domain.press import PressResponseDeclined
from incidents.domain.state import Case
from incidents.domain.timers import DeadlineMissed, DeadlineWaived
from incidents.domain.vocabulary import (
    DeadlineState,
    Due,
    Outcome,
    Stage,
)


class Decision(StrEnum):
    """A decision not to do something that might have been done."""

    NOT_REFERRED = "not_referred"
    OUT_OF_SCOPE = "out_of_scope"
    AUDIENCE_NOT_INFORMED = "audience_not_informed"
    PRESS_NOT_ANSWERED = "press_not_answered"
    BREACH_RULED_OUT = "breach_ruled_out"
    ICO_NOT_TOLD = "ico_not_told"
    PEOPLE_NOT_INFORMED = "people_not_informed"
    DEADLINE_WAIVED = "deadline_waived"


DECIDED: Final[Mapping[type[Event], Decision]] = {
    DecisionNotToRefer: Decision.NOT_REFERRED,
    MarkedOutOfScope: Decision.OUT_OF_SCOPE,
    AudienceNoticeWaived: Decision.AUDIENCE_NOT_INFORMED,
    PressResponseDeclined: Decision.PRESS_NOT_ANSWERED,
    BreachRuledOut: Decision.BREACH_RULED_OUT,
    IcoDecided: Decision.ICO_NOT_TOLD,
    SubjectsNotInformed: Decision.PEOPLE_NOT_INFORMED,
    DeadlineWaived: Decision.DEADLINE_WAIVED,
}
WATCHED: Final = frozenset({DeadlineMissed.TOPIC, *(event.TOPIC for event in DECIDED)})

UNFINISHED: Final = tuple(s for s in Stage if s not in (Stage.RESOLVED, Stage.CLOSED))
_OUT_OF_SCOPE: Final = "out_of_scope"
ENDED: Final = (_OUT_OF_SCOPE, *Outcome)
"""How many are at a stage is bounded by how many were referred or have a route: only how a case
ended covers a small number there."""
PROGRESS: Final = (*UNFINISHED, *ENDED)
"""How far a case has come, or how it ended: one table, for two would tell of each other."""
NOT_ACTED: Final = tuple(d for d in Decision if d is not Decision.OUT_OF_SCOPE)
"""That one stands in `PROGRESS` already."""
IN_TIME: Final = (DeadlineState.WAIVED, DeadlineState.OPEN, DeadlineState.MET)
"""How many were missed is bounded by how many cases are overdue: they cover nothing."""
DEADLINES: Final = (DeadlineState.MISSED, *IN_TIME)


Mark = tuple[str, str, str]
"""What is counted, which value of it, and of which item where a case has several."""


def marks_of(case: Case, missed: set[Due]) -> list[Mark]:
    """Return the marks of a case, of whose deadlines these were missed at one time or another."""
    found: list[Mark] = [
        ("case", "", ""),
        ("kind", case.kind, ""),
        ("progress", _progress(case), ""),
    ]
    if case.route is not None:
        found.append(("route", case.route, ""))
    found += [("category", category, "") for category in case.categories]
    found += [("agency", agency, "") for agency in case.referrals]
    states = {due: deadline.state for due, deadline in case.deadlines.items()}
    if DeadlineState.MISSED in states.values():
        found.append(("overdue", "overdue", ""))
    for due, state in states.items():
        found.append(("deadline", DeadlineState.MISSED if due in missed else state, due))
    return found


def _progress(case: Case) -> str:
    if case.stage in UNFINISHED:
        return case.stage
    return case.outcome or _OUT_OF_SCOPE


def decisions_of(connection: Connection, case_id: str) -> list[Mark]:
    """Return a mark for each kind of decision not to act that was taken in the case."""
    rows = connection.execute(
        "SELECT DISTINCT decision FROM decisions WHERE case_id = ?", (case_id,)
    )
    return [("not_acted", row[0], "") for row in rows.fetchall()]
