"""To whom: who gets a letter, and who he is at the moment it is written or sent."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from incidents.domain.access import HEIRS
from incidents.domain.behaviour import BehaviourPolicyApplied
from incidents.domain.breach import SubjectsInformed
from incidents.domain.closing import OutcomeRecorded
from incidents.domain.complaint_ends import ComplaintDiverted, ComplaintExtended
from incidents.domain.conflict import ConflictDeclared
from incidents.domain.contact import UnreasonableContactDecided
from incidents.domain.facts import Event, PersonId, SchoolId, UserId
from incidents.domain.first_stage import (
    ComplaintAcknowledged,
    ComplaintReferralMade,
    Stage1Decided,
)
from incidents.domain.glass import BreakGlassUsed
from incidents.domain.images import PublicationTakenDown
from incidents.domain.internal import MeetingInvited, RemovalReminded
from incidents.domain.press import LaSupportRequested
from incidents.domain.referring import ReferralMade
from incidents.domain.remedies import RemedyRequired
from incidents.domain.second_stage import ComplaintExhausted, PanelConvened
from incidents.domain.sharing import DisclosureAgreed
from incidents.domain.state import Case, Involvement
from incidents.domain.timers import DeadlineMissed
from incidents.domain.training import TrainingAssigned
from incidents.domain.vocabulary import STAFF_ROLES, Agency, Due, Part, PersonRole, Role
from incidents.letter_data import Recipient
from incidents.letters.lookup import Lookup, NotToBeSent

_MODERATION_DUE: Final = frozenset({Due.MODERATION, Due.AUDIENCE_NOTICE})
_ABOVE: Final = ((Role.HEADTEACHER,), (Role.CHAIR,))
_WHERE_CLOSED: Final = (*HEIRS, Role.HEADTEACHER, Role.GOVERNOR)
"""An alert grants no view: at last some governor is told that somebody has to be found."""
_NAMING: Final = (
    MeetingInvited,
    RemovalReminded,
    RemedyRequired,
    TrainingAssigned,
    ComplaintReferralMade,
    UnreasonableContactDecided,
)
_COMPLAINING: Final = (
    ComplaintAcknowledged,
    ComplaintExtended,
    ComplaintDiverted,
    Stage1Decided,
    PanelConvened,
    ComplaintExhausted,
)
_UNTIL_AGREED: Final = frozenset({"subject_staff", "told_staff", "pupils_parents", "affected"})
"""While an agency has the case, these are told nothing that it has not agreed they may be told."""
_PEOPLE: Final = _UNTIL_AGREED | {
    "subject_parent",
    "named_person",
    "complainant",
    "people_informed",
    "published_child",
}
"""Audiences that are people of the case; whoever else is written to works here."""
_LEADING: Final = {
    "slt_pool": (Role.SLT,),
    "headteacher": (Role.HEADTEACHER,),
    "headteacher_and_dsl": (Role.HEADTEACHER, Role.DSL),
    "dpo_and_headteacher": (Role.DPO, Role.HEADTEACHER),
    "dsl": (Role.DSL,),
}
"""Who is alerted; where none of them may see the case, whoever stands above."""


def recipients(
    lookup: Lookup, school: SchoolId, case_id: UUID, event_id: UUID, audience: str
) -> list[UUID | None]:
    """Return who is to get a letter; None where the audience is no person of ours.

    Raises `NoSuchCase` and `NotToBeSent`.
    """
    case = lookup.case(school, case_id)
    event = lookup.event(case, event_id).event
    match audience:
        case "agency" | "school_account":
            return [None]
        case "reporter":
            return list(lookup.allowed(case, [case.reporter]))
        case "subject_parent" | "subject_staff" | "named_person":
            return [_named_by(event)]
        case "complainant":
            return list(_complaining(event))
        case "told_staff" | "pupils_parents" | "people_informed" | "published_child" | "affected":
            return list(_told(case, event))
        case "deadline_owner":
            return list(_owners(lookup, case, event))
    if audience == "head_or_chair":
        return list(_above(lookup, case, event))
    if audience in _LEADING:
        return list(_leaders(lookup, case, *_LEADING[audience]))
    raise NotToBeSent("unknown_audience")


def recipient(
    lookup: Lookup, case: Case, audience: str, ref: UUID | None, event: Event
) -> Recipient:
    """Return a recipient as he is on record now. Raises `NotToBeSent`."""
    if audience in _UNTIL_AGREED and case.holds and ref not in case.disclosed:
        raise NotToBeSent("disclosure_not_agreed")
    if audience in _PEOPLE:
        return _person(lookup, case, ref)
    match audience:
        case "agency":
            entry = lookup.files(case).directory[_agency_of(event)]
            return Recipient(name=entry.name, salutation="colleague", email=entry.email)
        case "school_account":
            return Recipient(name="Everyone", salutation="everyone")
        case _:
            return _user(lookup, case, ref)


def _leaders(lookup: Lookup, case: Case, *roles: Role) -> list[UserId]:
    """Users in these roles; where none is free of conflict, the next rung above.

    What is about the headteacher or the chair is told to whoever leads it, and to nobody else.
    """
    closed = case.about_headteacher or case.about_chair
    ladder = [(role,) for role in _WHERE_CLOSED] if closed else [roles, *_ABOVE]
    rungs = (lookup.allowed(case, lookup.holding(case, *rung)) for rung in ladder)
    return next((people for people in rungs if people), [])


def _above(lookup: Lookup, case: Case, event: Event) -> list[UserId]:
    """The headteacher, or whoever leads what is about him; never whom the event is about."""
    himself = event.user if isinstance(event, BreakGlassUsed | ConflictDeclared) else None
    rungs = (_leaders(lookup, case, Role.HEADTEACHER), lookup.holding(case, *HEIRS))
    above = ([u for u in lookup.allowed(case, rung) if u != himself] for rung in rungs)
    return next((people for people in above if people), [])


def _owners(lookup: Lookup, case: Case, event: Event) -> list[UserId]:
    """Whose deadline it was: the lead or, for moderation, the moderators; and SLT with them."""
    owners = [case.lead] if case.lead else []
    if isinstance(event, DeadlineMissed) and event.due in _MODERATION_DUE:
        owners = lookup.holding(case, Role.MODERATOR)
    leaders = _leaders(lookup, case, Role.SLT)
    return list(dict.fromkeys([*lookup.allowed(case, owners), *leaders]))


def _named_by(event: Event) -> PersonId:
    if isinstance(event, _NAMING):
        return event.person
    raise NotToBeSent("event_names_nobody")


def _told(case: Case, event: Event) -> Sequence[PersonId]:
    """Whom the event lets know of his own part in the case."""
    match event:
        case DisclosureAgreed(person=one):
            works_here = {p.person for p in case.of(Part.SUBJECT) if p.role in STAFF_ROLES}
            return [one] if one in works_here else []
        case BehaviourPolicyApplied():
            return event.parents
        case SubjectsInformed():
            return event.people
        case PublicationTakenDown():
            return sorted(case.published_children)
        case OutcomeRecorded():
            return [p.person for p in case.of(Part.AFFECTED) if _can_be_written_to(p)]
    raise NotToBeSent("event_names_nobody")


def _can_be_written_to(person: Involvement) -> bool:
    known = person.name is not None and person.basis is not None
    return known and (person.email is not None or person.address is not None)


def _complaining(event: Event) -> list[PersonId]:
    """Whoever complained; nobody, where it was anonymous."""
    if not isinstance(event, _COMPLAINING):
        raise NotToBeSent("event_names_nobody")
    return [event.complainant] if event.complainant else []


def _agency_of(event: Event) -> Agency:
    match event:
        case ReferralMade():
            return event.agency
        case LaSupportRequested():
            return Agency.LANCASHIRE_CC
    raise NotToBeSent("event_names_no_agency")


def _person(lookup: Lookup, case: Case, ref: UUID | None) -> Recipient:
    person = case.people.get(PersonId(ref)) if ref else None
    if person is None or person.name is None:
        raise NotToBeSent("unknown_recipient")
    if person.basis is None:
        raise NotToBeSent("no_basis_for_writing")
    name, greeting = lookup.opened(case, person.name), lookup.words(case, person.salutation)
    if person.role is PersonRole.PUPIL:
        # No letter goes to a child: what is on record is where the parents are reached.
        name, greeting = f"The parents or carers of {name}", greeting or "parents and carers"
    address = lookup.words(case, person.address)
    return Recipient(
        recipient_ref=person.person,
        name=name,
        salutation=greeting or name,
        address_lines=address.split("\n") if address else [],
        email=lookup.words(case, person.email),
        language=person.language.value if person.language else "en",
        large_print=person.large_print,
    )


def _user(lookup: Lookup, case: Case, ref: UUID | None) -> Recipient:
    allowed = lookup.allowed(case, [UserId(ref)] if ref else [])
    people = lookup.cases.users.people(case.school, allowed)
    if not people:
        raise NotToBeSent("unknown_recipient")
    one = people[0]
    return Recipient(recipient_ref=one.id, name=one.name, salutation=one.name, email=one.email)
