"""How a row decides: every reason against a request, or the events that it records.

The same for the tracks of a case and for the registers: only who may ask is theirs to say.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, Final, Protocol, TypeVar

from incidents.domain.facts import Event
from incidents.domain.table import (
    Asking,
    Command,
    GuardOf,
    Reason,
    Refusal,
    Refuses,
    Row,
    RowOf,
    TrackOf,
)
from incidents.domain.timers import DeadlineMet, DeadlineWaived, settled, started
from incidents.domain.vocabulary import Due


class Timed(Protocol):
    """Something that deadlines run on."""

    @property
    def open_deadlines(self) -> tuple[Due, ...]: ...


S = TypeVar("S")
T = TypeVar("T", bound=Timed)


def decided(
    track: TrackOf[T], row: RowOf[T, Any], of: T, command: Command, asking: Asking, *, told: bool
) -> tuple[Event, ...]:
    """Return what the row records. `told`: the asker may know where the track stands.

    Raises `Refusal`: with every reason in the state of things, then with every one in the body.
    """
    failing = _failing(row.guards, of, command, asking)
    states = track.states(of, command)
    if states.isdisjoint(row.at):
        reason = _not_there(track.name, states, row.at) if told else _NOT_TOLD
        failing.insert(0, (Refuses.STATE, reason))
    _refuse(failing)
    events = [*row.by(of, command, asking), *settled(of.open_deadlines, row)]
    events += _newly_due(row, of, of.open_deadlines, command, asking, events)
    return tuple(events)


def refuse_if_failing(
    guards: Sequence[GuardOf[Any]], of: object, command: Command, asking: Asking
) -> None:
    """Raise `Refusal` for those of the guards that do not hold."""
    _refuse(_failing(guards, of, command, asking))


def begun(row: RowOf[Any, Any], command: Command, asking: Asking) -> tuple[Event, ...]:
    """Return what a row records that begins something new. Raises `Refusal`."""
    _refuse(_failing(row.guards, None, command, asking))
    events = [*row.by(None, command, asking)]
    events += _newly_due(row, None, (), command, asking, events)
    return tuple(events)


def in_the_way(
    track: TrackOf[S],
    row: RowOf[S, Any],
    of: S,
    asking: Asking,
    *,
    states: frozenset[StrEnum],
    his: bool,
    told: bool,
) -> tuple[Reason, ...]:
    """What stands in the way of somebody who would ask this now.

    `states`: where the track stands; `his`: the row is for him; `told`: he may know of these.
    """
    found = [] if his else [not_yours(row)]
    if states.isdisjoint(row.at):
        found.append(_not_there(track.name, states, row.at) if told else _NOT_TOLD)
    found += [
        Reason(guard.name, why)
        for guard in row.guards
        if not guard.needs_body and (why := guard.test(of, None, asking)) is not None
    ]
    return tuple(found)


def not_yours(row: RowOf[Any, Any]) -> Reason:
    where = "on cases they are responsible for" if isinstance(row, Row) else "where it is theirs"
    return _only_for(row.who, where)


@cache
def _only_for(who: tuple[StrEnum, ...], where: str) -> Reason:
    return Reason("role", f"Only for: {', '.join(who)}, {where}.")


def _failing(
    guards: Sequence[GuardOf[S]], of: S, command: Command | None, asking: Asking
) -> list[tuple[Refuses, Reason]]:
    found = ((g, g.test(of, command, asking)) for g in guards)
    return [(g.refuses, Reason(g.name, why)) for g, why in found if why is not None]


def _refuse(failing: Sequence[tuple[Refuses, Reason]]) -> None:
    for refuses in Refuses:
        reasons = [reason for how, reason in failing if how is refuses]
        if reasons:
            raise Refusal(refuses, reasons)


def _newly_due(
    row: RowOf[S, Any],
    of: S,
    open_now: Iterable[Due],
    command: Command,
    asking: Asking,
    events: Iterable[Event],
) -> Iterable[Event]:
    settled_now = {e.due for e in events if isinstance(e, DeadlineMet | DeadlineWaived)}
    starts: list[tuple[Due, datetime]] = []
    for start in row.starts:
        starts += [(start, asking.now)] if isinstance(start, Due) else start(of, command, asking)
    return started(starts, set(open_now) - settled_now, asking)


_NOT_TOLD: Final = Reason("state", "Not possible as the case stands: tell the lead what you know.")


@cache
def _not_there(track: str, states: frozenset[StrEnum], at: tuple[StrEnum, ...]) -> Reason:
    now = _listed(tuple(sorted(states))) or "nothing of the kind"
    return Reason("state", f"The {track} is at: {now}. This is possible at: {_listed(at)}.")


@cache
def _listed(states: tuple[StrEnum, ...]) -> str:
    return ", ".join(state.replace("_", " ") for state in states)
