"""Who does not want to be pictured, and the one question that may be asked about it: yes or no.

Policy rows 39 and 41: anyone's refusal is respected. The names are sealed under each person's own
key; the question is answered for a picture as a whole and leaves nobody's name behind.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final
from uuid import UUID, uuid5

from msgspec import Meta
from msgspec.structs import replace

from incidents.domain.access import Sight
from incidents.domain.facts import Event, PersonId, Recorded, SchoolId, SealedUnder, Text
from incidents.domain.registers.register import Entry, ForeignEntry, Register, begin_fields
from incidents.domain.table import Asking, Command, RowOf, TrackOf, body_guard
from incidents.domain.vocabulary import REPORTING_ROLES, Line, Moment, PersonRole, Role, Words

PersonsText = Annotated[Text, SealedUnder("person")]


class ObjectionState(StrEnum):
    RECORDED = "recorded"
    WITHDRAWN = "withdrawn"


class Objector(StrEnum):
    """Who says so. A pupil's own refusal counts like a parent's."""

    HIMSELF = "the_person"
    PARENT_OR_CARER = "parent_or_carer"


class Objection(Entry, frozen=True, kw_only=True):
    """That somebody is not to be pictured."""

    state: ObjectionState
    person: PersonId
    name: Text
    role: PersonRole
    objected_by: Objector
    received_at: datetime
    words: Text | None = None
    withdrawn_at: datetime | None = None
    withdrawn_by: Objector | None = None


# ── commands ──────────────────────────────────────────────────────────────────────────────────────


class RecordObjection(Command, frozen=True, kw_only=True):
    """Record that somebody is not to be pictured. `person`: he is known by this id already."""

    HAPPENED = "received_at"
    name: Line
    role: PersonRole
    objected_by: Objector
    received_at: Moment
    words: Words | None = None
    person: PersonId | None = None


class WithdrawObjection(Command, frozen=True, kw_only=True):
    """Record that somebody may be pictured after all, and who says so."""

    HAPPENED = "withdrawn_at"
    withdrawn_at: Moment
    withdrawn_by: Objector
    words: Words | None = None


class CheckPublication(Command, frozen=True, kw_only=True):
    """Ask whether a picture of these people may be published: yes or no, for all together."""

    names: Annotated[tuple[Line, ...], Meta(min_length=1, max_length=60)]


# ── events ────────────────────────────────────────────────────────────────────────────────────────


class ImageObjectionRecorded(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.image_objection_recorded"
    person: PersonId
    name: PersonsText
    role: PersonRole
    objected_by: Objector
    received_at: datetime
    words: PersonsText | None = None


class ImageObjectionWithdrawn(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.image_objection_withdrawn"
    person: PersonId
    withdrawn_at: datetime
    withdrawn_by: Objector
    words: PersonsText | None = None


class PublicationChecked(Event, frozen=True, kw_only=True):
    """That somebody asked, about how many, and the answer. Not about whom."""

    TOPIC = "incidents.publication_checked"
    people: int
    may_be_published: bool


# ── guards ────────────────────────────────────────────────────────────────────────────────────────


@body_guard()
def objection_time_has_passed(_: Objection | None, command: Command, asking: Asking) -> str | None:
    moment = getattr(command, command.HAPPENED or "", None)
    return "This time lies in the future." if moment and moment > asking.now else None


@body_guard()
def a_parent_speaks_for_a_child_only(
    objection: Objection | None, command: RecordObjection | WithdrawObjection, _: Asking
) -> str | None:
    role = command.role if isinstance(command, RecordObjection) else None
    role = objection.role if objection is not None else role
    who = command.objected_by if isinstance(command, RecordObjection) else command.withdrawn_by
    if who is Objector.PARENT_OR_CARER and role is not PersonRole.PUPIL:
        return "A parent or carer speaks for a pupil; everybody else for himself."
    return None


@body_guard()
def a_parents_refusal_is_a_parents_to_withdraw(
    objection: Objection, command: WithdrawObjection, _: Asking
) -> str | None:
    """A child can't be talked out of what the parents asked for; nor parents out of a child's."""
    if objection.objected_by is not command.withdrawn_by:
        return "Only whoever objected can withdraw it."
    return None


# ── what is recorded ──────────────────────────────────────────────────────────────────────────────


def _recorded(_: None, command: RecordObjection, asking: Asking) -> Iterable[Event]:
    yield ImageObjectionRecorded(
        person=command.person or PersonId(asking.new_id("person")),
        name=command.name,
        role=command.role,
        objected_by=command.objected_by,
        received_at=command.received_at,
        words=command.words,
    )


def _withdrawn(objection: Objection, command: WithdrawObjection, _: Asking) -> Iterable[Event]:
    yield ImageObjectionWithdrawn(
        person=objection.person,
        withdrawn_at=command.withdrawn_at,
        withdrawn_by=command.withdrawn_by,
        words=command.words,
    )


# ── what it changes ───────────────────────────────────────────────────────────────────────────────


def _opened(event: ImageObjectionRecorded, recorded: Recorded) -> Objection:
    return Objection(
        **begin_fields(recorded),
        state=ObjectionState.RECORDED,
        person=event.person,
        name=event.name,
        role=event.role,
        objected_by=event.objected_by,
        received_at=event.received_at,
        words=event.words,
    )


def _apply_withdrawal(
    objection: Objection, event: ImageObjectionWithdrawn, _: Recorded
) -> Objection:
    return replace(objection, withdrawn_at=event.withdrawn_at, withdrawn_by=event.withdrawn_by)


# ── the table ─────────────────────────────────────────────────────────────────────────────────────

_KEEPERS: Final = (Role.MODERATOR, Role.DSL, Role.HEADTEACHER)
CHECKERS: Final = REPORTING_ROLES
"""Who may ask whether a picture may be published: any staff."""

BEGIN: Final[RowOf[None, RecordObjection]] = RowOf(
    ask=RecordObjection,
    who=_KEEPERS,
    at=(),
    guards=(objection_time_has_passed, a_parent_speaks_for_a_child_only),
    records=(ImageObjectionRecorded,),
    by=_recorded,
    to=ObjectionState.RECORDED,
    policy=(39,),
)
TRANSITIONS: Final[tuple[RowOf[Objection, Any], ...]] = (
    RowOf(
        ask=WithdrawObjection,
        who=_KEEPERS,
        at=(ObjectionState.RECORDED,),
        guards=(
            objection_time_has_passed,
            a_parent_speaks_for_a_child_only,
            a_parents_refusal_is_a_parents_to_withdraw,
        ),
        records=(ImageObjectionWithdrawn,),
        by=_withdrawn,
        to=ObjectionState.WITHDRAWN,
        policy=(39,),
    ),
)


def _states(objection: Objection, _: Command | None) -> frozenset[ObjectionState]:
    return frozenset({objection.state})


def _place(objection: Objection, state: ObjectionState) -> Objection:
    return replace(objection, state=state)


TRACK: Final[TrackOf[Objection]] = TrackOf(
    "image objection",
    _states,
    TRANSITIONS,
    {ImageObjectionWithdrawn: _apply_withdrawal},
    _place,
)
REGISTER: Final[Register[Objection]] = Register(
    kind="image_objection",
    path="image-objections",
    entry=Objection,
    begin=BEGIN,
    opened=_opened,
    track=TRACK,
    sights={
        Role.MODERATOR: Sight.FULL,
        Role.DSL: Sight.FULL,
        Role.HEADTEACHER: Sight.FULL,
        Role.DPO: Sight.FULL,
        Role.AUDITOR: Sight.AUDIT,
    },
    ties={},
    closed={},
)


# ── the question ──────────────────────────────────────────────────────────────────────────────────


class Checks(Entry, frozen=True, kw_only=True):
    """What was asked at one school in one month: how often, and how often the answer was no."""

    asked: int = 0
    refused: int = 0


CHECKS: Final[Mapping[str, type[Event]]] = {PublicationChecked.TOPIC: PublicationChecked}
CHECKS_KIND: Final = "publication_check"
_MONTHS: Final = UUID("5b7cf9e5-6fd4-5d0e-9f57-6f0ad0a5a9a4")


def checks_of(school: SchoolId, moment: datetime) -> UUID:
    """Return the stream of a school's questions in the month of this moment."""
    return uuid5(_MONTHS, f"{school} {moment:%Y-%m}")


def evolve_checks(checks: Checks | None, recorded: Recorded) -> Checks:
    """Return the month after one more question. Raises `ForeignEntry` for any other event."""
    event = recorded.event
    if not isinstance(event, PublicationChecked):
        raise ForeignEntry(f"{event.TOPIC} is not among the questions about pictures")
    known = checks or Checks(**begin_fields(recorded))
    return replace(
        known,
        version=recorded.version,
        updated_at=recorded.recorded_at,
        asked=known.asked + 1,
        refused=known.refused + (not event.may_be_published),
    )


def may_be_published(names: Iterable[str], refused: Iterable[str]) -> bool:
    """Whether nobody among `names` may be one of those who refused.

    In doubt it is no: a name is taken for another when all the words of one are in the other,
    whatever their order, accents and capitals.
    """
    listed = [words for name in refused if (words := _words(name))]
    asked = [_words(name) for name in names]
    if not all(asked):
        return not listed
    return not any(one <= other or other <= one for one in asked for other in listed)


def _words(name: str) -> frozenset[str]:
    bare = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return frozenset(re.findall(r"\w+", bare.casefold()))
