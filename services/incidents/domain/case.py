"""A case decides and remembers: `decide` may refuse and says every reason, `evolve` never does.

Both are read off the tables. Nothing here knows a single rule.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from msgspec.structs import replace

from incidents.domain import (
    allegation,
    breach,
    complaint,
    concerns,
    conflict,
    contact,
    disciplinary,
    glass,
    images,
    intake,
    letters,
    lifecycle,
    moderation,
    opinions,
    press,
    referral,
    timers,
    training,
)
from incidents.domain.access import Sight, acting, acting_role, sight
from incidents.domain.deciding import decided, in_the_way, not_yours, refuse_if_failing
from incidents.domain.facts import Event, Recorded
from incidents.domain.intake import IncidentLogged, LogIncident
from incidents.domain.school import User
from incidents.domain.state import Case
from incidents.domain.table import (
    Apply,
    Asking,
    Command,
    Reason,
    Refusal,
    Refuses,
    Row,
    Track,
)
from incidents.domain.timers import started
from incidents.domain.vocabulary import Role

TRACKS: Final = (
    lifecycle.TRACK,
    referral.TRACK,
    opinions.TRACK,
    moderation.TRACK,
    conflict.TRACK,
    glass.TRACK,
    complaint.TRACK,
    contact.TRACK,
    press.TRACK,
    breach.TRACK,
    disciplinary.TRACK,
    allegation.TRACK,
    concerns.TRACK,
    training.TRACK,
    images.TRACK,
    letters.TRACK,
    timers.TRACK,
)
ROWS: Final[Mapping[type[Command], tuple[Track, Row[Any]]]] = {
    row.ask: (track, row) for track in TRACKS for row in track.rows
}
COMMANDS: Final[Mapping[str, type[Command]]] = {row.name: ask for ask, (_, row) in ROWS.items()}
"""Every command on a case by its name in kebab case."""

_APPLY: Final[Mapping[type[Event], Apply]] = {e: f for t in TRACKS for e, f in t.apply.items()}
_KINDS: Final[tuple[type[Event], ...]] = (IncidentLogged, *_APPLY)
EVENTS: Final[Mapping[str, type[Event]]] = {event.TOPIC: event for event in _KINDS}
"""Every event of a case by its stored topic."""

_MOVES: Final[Mapping[type[Event], tuple[Track, Row[Any]]]] = {
    row.records[0]: (track, row)
    for track, row in ROWS.values()
    if row.to is not None and track.place is not None
}


_ALL: Final = frozenset(track.name for track in TRACKS)
TOLD: Final[Mapping[Sight, frozenset[str]]] = {
    Sight.NONE: frozenset(),
    Sight.STATUS: frozenset({lifecycle.TRACK.name}),
    Sight.PAPERS: frozenset({complaint.TRACK.name}),
    Sight.AUDIT: _ALL,
    Sight.MODERATION: frozenset({lifecycle.TRACK.name, moderation.TRACK.name}),
    Sight.FULL: _ALL,
}
"""Of which tracks a refusal says where they stand: of no others than the reader is shown."""


class ForeignEvent(ValueError):
    """An event that no case has, or not there, stands in the history of a case."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be recorded, and the role in which the asker did it."""

    role: Role
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Offer:
    """A command as a client may show it: open to this user now, or why not."""

    command: str
    track: str
    reasons: tuple[Reason, ...]


def log(command: LogIncident, reference: str, asking: Asking) -> Decision:
    """Return the first events of a new case.

    Raises `Refusal` for somebody who may not report, or with every reason against the report.
    """
    role = may_report(asking.user)
    refuse_if_failing(lifecycle.LOGGING_GUARDS, None, command, asking)
    events: list[Event] = [intake.incident_logged(command, reference)]
    events += intake.people_involved(command, asking)
    events += started(lifecycle.first_deadlines(command, asking), (), asking)
    return Decision(role, tuple(events))


def decide(case: Case, command: Command, asking: Asking) -> Decision:
    """Return what this command records on this case.

    Raises `Refusal`: first for who asks, then with every reason in the case's state, then with
    every reason in the body. Whether the asker may know of the case at all is not asked here.
    """
    track, row = ROWS[type(command)]
    role = may_ask(case, type(command), asking.user)
    return Decision(
        role, decided(track, row, case, command, asking, told=_told(track, case, asking))
    )


def may_report(user: User) -> Role:
    """Return the role in which this user reports. Raises `Refusal` for one who does not."""
    role = next((r for r in lifecycle.LOGGERS if r in user.roles), None)
    if role is None:
        raise Refusal(Refuses.WHO, [Reason("may_report", "Your role does not report incidents.")])
    return role


def may_ask(case: Case, ask: type[Command], user: User) -> Role:
    """Return the role in which this user asks this on this case, whatever his request says.

    Raises `Refusal` where nobody would let him.
    """
    _, row = ROWS[ask]
    role = acting_role(case, user, row.who)
    if role is None:
        raise Refusal(Refuses.WHO, [not_yours(row)])
    return role


def evolve(case: Case | None, recorded: Recorded) -> Case:
    """Return the case after one more event. Tightening a rule never breaks this.

    Raises `ForeignEvent` for an event that is not a case's, and for one before its first.
    """
    event = recorded.event
    if isinstance(event, IncidentLogged):
        return intake.opened(event, recorded)
    if case is None:
        raise ForeignEvent(f"stream {recorded.stream} does not begin with {IncidentLogged.TOPIC}")
    kind = type(event)
    if kind not in _APPLY:
        raise ForeignEvent(f"{event.TOPIC} is not an event of a case")
    case = _moved(_APPLY[kind](case, event, recorded), event)
    return replace(
        case,
        version=recorded.version,
        updated_at=recorded.recorded_at,
        acted=case.acted | intake.actor_of(recorded),
    )


def _moved(case: Case, event: Event) -> Case:
    """The case with the event's track where its row leads."""
    if type(event) not in _MOVES:
        return case
    track, row = _MOVES[type(event)]
    if track.place is None or not row.moves(event):
        return case
    return track.place(case, row.to)


def replay(history: Iterable[Recorded]) -> Case:
    """Return the case that a history adds up to.

    Raises ValueError for an empty one, and `ForeignEvent`.
    """
    case: Case | None = None
    for recorded in history:
        case = evolve(case, recorded)
    if case is None:
        raise ValueError("there is no history to replay")
    return case


def offers(case: Case, asking: Asking) -> tuple[Offer, ...]:
    """Return every command people may ever ask, with what stands in this user's way now."""
    # What he is to the case is asked once for the many rows that are for the same.
    his, told = acting(case, asking.user), TOLD[sight(case, asking.user)]
    found = []
    for track, rows in _FOR_PEOPLE:
        states, is_told = track.states(case, None), track.name in told
        for name, row in rows:
            is_his = his(row.who) is not None
            reasons = in_the_way(track, row, case, asking, states=states, his=is_his, told=is_told)
            found.append(Offer(name, track.name, reasons))
    return tuple(found)


_FOR_PEOPLE: Final = tuple(
    (track, tuple((row.name, row) for _, row in rows if row.for_people))
    for track, rows in groupby(ROWS.values(), key=itemgetter(0))
)


def _told(track: Track, case: Case, asking: Asking) -> bool:
    """Whether where the track stands is for him to know."""
    return track.name in TOLD[sight(case, asking.user)]
