"""The image track: a picture of a child who must not be published, and how it came down again.

Policy row 41: a child on the register is not published, and a compromising picture is deleted at
once. But a picture that may be evidence of an offence is not deleted before the police or the DSL
have advised (trap 6), and indecent imagery is looked at by nobody but the DSL, and hardly ever.
"""

from datetime import datetime
from typing import Final

from msgspec.structs import replace

from incidents.domain.access import colleagues
from incidents.domain.direct import ANYBODY
from incidents.domain.facts import CaseText, Event, PersonId, Recorded, UserId
from incidents.domain.loose_ends import case_is_open
from incidents.domain.parallel import Publication
from incidents.domain.state import Case
from incidents.domain.table import (
    Apply,
    Asking,
    Command,
    Row,
    Track,
    body_guard,
    guard,
    prompting,
    recording,
    unchanged,
)
from incidents.domain.vocabulary import (
    CHILD_ROLES,
    Agency,
    Due,
    Moment,
    Rationale,
    Reason,
    Relation,
    Role,
    Words,
)

# ── commands ──────────────────────────────────────────────────────────────────────────────────────


class RecordChildPublished(Command, frozen=True, kw_only=True):
    """A picture shows a child who must not be published: say which child, and where it stands."""

    HAPPENED = "published_at"
    person: PersonId
    where: Words
    published_at: Moment


class RecordTakenDown(Command, frozen=True, kw_only=True):
    """Record when it was taken down, and how that was seen."""

    HAPPENED = "taken_down_at"
    taken_down_at: Moment
    seen: Words


class RecordImageDeleted(Command, frozen=True, kw_only=True):
    """Record that a compromising picture was deleted, when, and who saw it done."""

    HAPPENED = "deleted_at"
    deleted_at: Moment
    witness: UserId
    what: Words


class RecordImagerySighted(Command, frozen=True, kw_only=True):
    """Record that the DSL had to look at imagery: why there was no other way, and who was there."""

    HAPPENED = "seen_at"
    seen_at: Moment
    why: Rationale
    present: Reason


# ── events ────────────────────────────────────────────────────────────────────────────────────────


class ListedChildPublished(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.listed_child_published"
    person: PersonId
    published_at: datetime
    where: CaseText


class PublicationTakenDown(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.publication_taken_down"
    taken_down_at: datetime
    seen: CaseText


class CompromisingImageDeleted(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.compromising_image_deleted"
    deleted_at: datetime
    witness: UserId
    what: CaseText


class ImagerySighted(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.imagery_sighted"
    seen_at: datetime
    why: CaseText
    present: CaseText


# ── guards ────────────────────────────────────────────────────────────────────────────────────────

_HAPPENED: Final = ("published_at", "taken_down_at", "deleted_at", "seen_at")


@body_guard()
def image_time_has_passed(_case: Case, command: Command, asking: Asking) -> str | None:
    told = (getattr(command, name, None) for name in _HAPPENED)
    if any(moment > asking.now for moment in told if moment is not None):
        return "This time lies in the future."
    return None


@body_guard()
def published_person_is_a_child(
    case: Case, command: RecordChildPublished, _asking: Asking
) -> str | None:
    person = case.people.get(command.person)
    if person is None or person.role not in CHILD_ROLES:
        return "`person` has to be a child in this case: bring him in with identify-person."
    return None


@guard
def advice_comes_before_deletion(
    case: Case, _command: Command | None, _asking: Asking
) -> str | None:
    """What may be evidence of an offence is not deleted before it was decided on the police."""
    suspected = case.imagery or (case.assessment is not None and case.assessment.serious)
    decided = Agency.POLICE in case.referrals or Agency.POLICE in case.not_referred
    if suspected and not decided:
        return (
            "It may be evidence of an offence. Delete nothing: refer to the police, or record the "
            "decision not to, and take the DSL's advice first."
        )
    return None


@body_guard()
def somebody_else_was_witness(
    case: Case, command: RecordImageDeleted, asking: Asking
) -> str | None:
    if command.witness == asking.user.id:
        return "`witness` has to be somebody other than yourself."
    if command.witness not in {one.id for one in colleagues(case, asking.school)}:
        return "`witness` has to be a colleague at this school who is not involved himself."
    return None


@guard
def imagery_is_involved(case: Case, _command: Command | None, _asking: Asking) -> str | None:
    return None if case.imagery else "No nude or indecent imagery is reported in this case."


# ── what it changes ───────────────────────────────────────────────────────────────────────────────


def _published(case: Case, event: ListedChildPublished, recorded: Recorded) -> Case:
    shown = case.published_children | {event.person}
    return prompting(replace(case, published_children=shown), recorded)


def _taken_down(case: Case, _event: PublicationTakenDown, recorded: Recorded) -> Case:
    return prompting(case, recorded)


# ── the table ─────────────────────────────────────────────────────────────────────────────────────

_S = Publication
_KEEPERS: Final = (
    Relation.LEAD,
    Role.MODERATOR,
    Role.SLT,
    Role.HEADTEACHER,
    Role.DSL,
    Role.DPO,
    Role.CHAIR,
)

TRANSITIONS = (
    Row(
        ask=RecordChildPublished,
        who=ANYBODY,
        at=tuple(_S),
        guards=(case_is_open, image_time_has_passed, published_person_is_a_child),
        records=(ListedChildPublished,),
        by=recording(ListedChildPublished),
        to=_S.PUBLISHED,
        starts=(Due.TAKEDOWN,),
        policy=(40, 41),
    ),
    Row(
        ask=RecordTakenDown,
        who=_KEEPERS,
        at=(_S.PUBLISHED,),
        guards=(image_time_has_passed,),
        records=(PublicationTakenDown,),
        by=recording(PublicationTakenDown),
        to=_S.TAKEN_DOWN,
        settles=(Due.TAKEDOWN,),
        policy=(41,),
    ),
    Row(
        ask=RecordImageDeleted,
        who=_KEEPERS,
        at=tuple(_S),
        guards=(
            case_is_open,
            advice_comes_before_deletion,
            image_time_has_passed,
            somebody_else_was_witness,
        ),
        records=(CompromisingImageDeleted,),
        by=recording(CompromisingImageDeleted),
        policy=(41,),
    ),
    Row(
        ask=RecordImagerySighted,
        who=(Role.DSL,),
        at=tuple(_S),
        guards=(case_is_open, imagery_is_involved, image_time_has_passed),
        records=(ImagerySighted,),
        by=recording(ImagerySighted),
        policy=(36, 41),
    ),
)


def _states(case: Case, _command: Command | None) -> frozenset[Publication]:
    return frozenset({case.publication})


def _place(case: Case, publication: Publication) -> Case:
    return replace(case, publication=publication)


APPLY: Final[dict[type[Event], Apply]] = {
    ListedChildPublished: _published,
    PublicationTakenDown: _taken_down,
    CompromisingImageDeleted: unchanged,
    ImagerySighted: unchanged,
}
TRACK = Track("image", _states, TRANSITIONS, APPLY, _place)
