"""Breaking the glass: a senior reads a case that is not his to see, for a reason, for a while.

It opens reading and nothing else, for half an hour. It is on record in the case with its reason,
and the headteacher or the chair is told at once. It never opens a wall: who is concerned himself
finds nothing there.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from incidents.domain.access import Sight, sight
from incidents.domain.facts import CaseText, Event, Recorded, UserId
from incidents.domain.school import User
from incidents.domain.state import Case
from incidents.domain.table import Apply, Asking, Command, Refusal, Refuses, Track, prompting
from incidents.domain.table import Reason as Why
from incidents.domain.vocabulary import Reason, Role, Stage

BREAKERS: Final = (Role.HEADTEACHER, Role.DSL, Role.CHAIR)
OPEN_FOR: Final = timedelta(minutes=30)


class BreakGlass(Command, frozen=True, kw_only=True):
    """Read a case that is not yours to see, in an emergency. Somebody above you is told of it."""

    reason: Reason


class BreakGlassUsed(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.break_glass_used"
    user: UserId
    until: datetime
    reason: CaseText


def may_break(user: User) -> Role:
    """Return the role in which this user may break the glass of a case. Raises `Refusal`."""
    role = next((role for role in BREAKERS if role in user.roles), None)
    if role is None:
        people = ", ".join(BREAKERS)
        raise Refusal(Refuses.WHO, [Why("role", f"Only for: {people}, and only in an emergency.")])
    return role


def broken(case: Case, command: BreakGlass, asking: Asking) -> Iterable[Event]:
    """Return what it records. Raises `Refusal`: for who asks, and where he sees the case anyway."""
    may_break(asking.user)
    if sight(case, asking.user) is Sight.FULL:
        raise Refusal(Refuses.STATE, [Why("not_seen_anyway", "You see this case without it.")])
    assert asking.user.id is not None
    until = asking.now + OPEN_FOR
    yield BreakGlassUsed(user=asking.user.id, until=until, reason=command.reason)


def is_broken(case: Case, user: User, now: datetime) -> bool:
    """Whether the glass is broken for this user at this moment: he may read, and no more.

    He has to hold one of the roles still, and not be walled out since.
    """
    until = case.glass.get(user.id) if user.id is not None else None
    return until is not None and now < until and bool(user.roles & set(BREAKERS))


def _apply(case: Case, event: BreakGlassUsed, recorded: Recorded) -> Case:
    return prompting(replace(case, glass={**case.glass, event.user: event.until}), recorded)


def _states(case: Case, _command: Command | None) -> frozenset[Stage]:
    return frozenset({case.stage})


APPLY: Final[dict[type[Event], Apply]] = {BreakGlassUsed: _apply}
TRACK = Track("break-glass", _states, (), APPLY)
"""Without a row: whoever asks it does not see the case, and rows are for those who do."""
