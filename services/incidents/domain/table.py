"""The shape of every table: of a case's tracks, and of the registers beside the cases.

A row says who may ask what, in which states, under which named guards, what is then recorded, where
the track is then, which deadlines that settles and which it starts. Decisions, permissions, the
actions offered to a client, the routes, the tests and the diagrams are all read off the rows.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, ClassVar, Final, Generic, Protocol, TypeVar
from uuid import UUID, uuid5

import msgspec
from msgspec.structs import replace

from incidents.domain.facts import Event, Recorded
from incidents.domain.patterns import KnownConcern
from incidents.domain.school import School, User
from incidents.domain.state import Case
from incidents.domain.vocabulary import PEOPLES_ROLES, Due, Relation, Role


class Command(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request, in the imperative. It is the body of its REST call, and refuses unknown fields.

    `HAPPENED` names the field that says when the thing itself happened, if the request has one.
    """

    HAPPENED: ClassVar[str | None] = None


C = TypeVar("C", bound=Command)
C_contra = TypeVar("C_contra", bound=Command, contravariant=True)
S = TypeVar("S")
S_contra = TypeVar("S_contra", contravariant=True)
"""What a table is about: a case, or an entry of a register."""
Who = Role | Relation


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks, when, at which school, and the request's id, from which new ids are derived.

    `other` is the other case that the request names, if there is one that the asker may see.
    `concerns` are the school's low-level concerns on record, for the pattern they may make.
    """

    user: User
    now: datetime
    school: School
    request: UUID
    other: Case | None = None
    concerns: tuple[KnownConcern, ...] = ()

    def new_id(self, label: str) -> UUID:
        """An id for something this request creates: the same request always gives the same id."""
        return uuid5(self.request, label)


class Refuses(StrEnum):
    """How a refusal is meant: who asks, the case as it stands, or the body."""

    WHO = "who"
    STATE = "state"
    BODY = "body"


class Reason(msgspec.Struct, frozen=True):
    """One reason for a refusal: the rule's name, and words that say what to do."""

    rule: str
    detail: str


class Refusal(Exception):
    """A refused command. `reasons` holds every one, not just the first."""

    def __init__(self, refuses: Refuses, reasons: Sequence[Reason]) -> None:
        super().__init__(", ".join(reason.rule for reason in reasons))
        self.refuses = refuses
        self.reasons = tuple(reasons)


@dataclass(frozen=True, slots=True)
class GuardOf(Generic[S_contra]):
    """A named condition. `test` returns None when it holds, else what the asker has to do.

    A guard that `needs_body` can only be answered for a filled-in request; the others also tell a
    client beforehand whether an action is open to him.
    """

    name: str
    test: Callable[[S_contra, Any, Asking], str | None]
    needs_body: bool
    refuses: Refuses


Guard = GuardOf[Case]


def guard(test: Callable[[S, Any, Asking], str | None]) -> GuardOf[S]:
    """A guard on the case, or the entry, as it stands."""
    return GuardOf(test.__name__, test, needs_body=False, refuses=Refuses.STATE)


class _Named(Protocol):
    def __call__(self, test: Callable[[S, C, Asking], str | None]) -> GuardOf[S]: ...


def body_guard(refuses: Refuses = Refuses.BODY) -> _Named:
    """A guard on what is asked."""

    def named(test: Callable[[S, C, Asking], str | None]) -> GuardOf[S]:
        return GuardOf(test.__name__, test, needs_body=True, refuses=refuses)

    return named


def always(_event: Event) -> bool:
    return True


Start = Due | Callable[[Case, Any, Asking], Iterable[tuple[Due, datetime]]]
"""A deadline that starts now, or a function that says which start, and when they started."""


@dataclass(frozen=True, slots=True)
class RowOf(Generic[S, C]):
    """One line of a table. `records[0]` is the event that moves the track to `to`.

    Where not every such event does, `moves` says which.
    """

    ask: type[C]
    who: tuple[Role | StrEnum, ...]
    at: tuple[StrEnum, ...]
    records: tuple[type[Event], ...]
    by: Callable[[S, C, Asking], Iterable[Event]]
    to: StrEnum | None = None
    moves: Callable[[Any], bool] = always
    guards: tuple[GuardOf[S], ...] = ()
    settles: tuple[Due, ...] = ()
    starts: tuple[Due | Callable[[S, Any, Asking], Iterable[tuple[Due, datetime]]], ...] = ()
    policy: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """The command in kebab case, as in its route."""
        return kebab(self.ask.__name__)

    @property
    def for_people(self) -> bool:
        """Whether anybody but our own programs may ever ask this."""
        return any(not isinstance(one, Role) or one in PEOPLES_ROLES for one in self.who)


class Row(RowOf[Case, C]):
    """One line of the table of a case's track."""

    __slots__ = ()
    who: tuple[Who, ...]


Apply = Callable[[Case, Any, Recorded], Case]


@dataclass(frozen=True, slots=True)
class TrackOf(Generic[S]):
    """A table with the way to read its state off a case.

    `states` gives the track's states that count for this request (one, or one per agency while no
    body says which). `apply` says what each of its events changes, and `place` puts the track where
    a row leads; neither ever refuses. A track with many states at once has no `place`: its events
    say of which agency, letter or person they are.
    """

    name: str
    states: Callable[[S, Command | None], frozenset[StrEnum]]
    rows: tuple[RowOf[S, Any], ...]
    apply: Mapping[type[Event], Callable[[S, Any, Recorded], S]]
    place: Callable[[S, Any], S] | None = None


class Track(TrackOf[Case]):
    """One of the tracks of a case."""

    __slots__ = ()
    rows: tuple[Row[Any], ...]


@cache
def kebab(name: str) -> str:
    return "".join("-" + c.lower() if c.isupper() else c for c in name).lstrip("-")


def recording(event: type[Event]) -> Callable[[Any, Command, Asking], Iterable[Event]]:
    """Record one event whose fields are the request's fields of the same name."""
    names: Final = event.__struct_fields__

    def record(_of: object, command: Command, _asking: Asking) -> Iterable[Event]:
        return (event(**{n: getattr(command, n) for n in names if hasattr(command, n)}),)

    return record


def prompting(case: Case, recorded: Recorded) -> Case:
    """The case with this event among those that letters answer to."""
    return replace(case, prompts={**case.prompts, recorded.event_id: recorded.actor.user})


def unchanged(case: Case, _event: Event, _recorded: Recorded) -> Case:
    """An event that is history and changes nothing the rules look at."""
    return case
