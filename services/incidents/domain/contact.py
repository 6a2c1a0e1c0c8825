"""The contact track, one per person: how somebody may be in touch with the school for a while.

The Department for Education advises on serial and unreasonable complaints. Whatever is decided,
what somebody says about the safety of a child is heard. The limits outlive their case.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from msgspec.structs import replace

from incidents.domain.deadlines import months_later
from incidents.domain.facts import CaseText, Event, PersonId, Recorded
from incidents.domain.loose_ends import case_is_open
from incidents.domain.parallel import ContactLimits, ContactState
from incidents.domain.state import Case
from incidents.domain.table import (
    Apply,
    Asking,
    Command,
    Row,
    Track,
    body_guard,
    prompting,
    recording,
)
from incidents.domain.vocabulary import Due, Moment, Reason, Role, Words

# ── commands ──────────────────────────────────────────────────────────────────────────────────────


class LimitContact(Command, frozen=True, kw_only=True):
    """Decide how somebody may be in touch for a while, and when that is looked at again.

    Reports about the safety of a child are heard whatever is decided here.
    """

    person: PersonId
    behaviour: Words
    limits: Words
    review_on: Moment


class ReviewContact(Command, frozen=True, kw_only=True):
    """Look again at the limits: lift them, or keep them up to another date."""

    person: PersonId
    reason: Reason
    keep_until: Moment | None = None


# ── events ────────────────────────────────────────────────────────────────────────────────────────


class UnreasonableContactDecided(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.unreasonable_contact_decided"
    person: PersonId
    behaviour: CaseText
    limits: CaseText
    review_on: datetime


class ContactReviewed(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.contact_reviewed"
    person: PersonId
    reason: CaseText
    keep_until: datetime | None = None


# ── guards ────────────────────────────────────────────────────────────────────────────────────────


@body_guard()
def review_is_soon_enough(
    _case: Case, command: LimitContact | ReviewContact, asking: Asking
) -> str | None:
    """Limits on contact are looked at again, by default within six months (DfE guidance)."""
    months = asking.school.limits.contact_review_months
    at = command.review_on if isinstance(command, LimitContact) else command.keep_until
    if at is not None and not asking.now < at <= months_later(asking.now, months):
        return f"The date of the review has to lie ahead, and at most {months} months."
    return None


@body_guard()
def limited_person_is_known(case: Case, command: LimitContact, _asking: Asking) -> str | None:
    return None if command.person in case.people else "`person` is not in the case."


# ── deadlines ─────────────────────────────────────────────────────────────────────────────────────


def contact_review(
    _case: Case, command: LimitContact | ReviewContact, asking: Asking
) -> Sequence[tuple[Due, datetime]]:
    at = command.review_on if isinstance(command, LimitContact) else command.keep_until
    return ((Due.CONTACT_REVIEW, asking.school.morning_of(at)),) if at is not None else ()


# ── what it changes ───────────────────────────────────────────────────────────────────────────────


def _limited(case: Case, event: UnreasonableContactDecided, recorded: Recorded) -> Case:
    limits = ContactLimits(person=event.person, limits=event.limits, review_on=event.review_on)
    limited = {**case.contact_limits, event.person: limits}
    return prompting(replace(case, contact_limits=limited), recorded)


def _reviewed(case: Case, event: ContactReviewed, _recorded: Recorded) -> Case:
    known = case.contact_limits.get(event.person)
    if known is None:
        return case
    state = ContactState.LIMITED if event.keep_until else ContactState.ENDED
    kept = replace(known, state=state, review_on=event.keep_until or known.review_on)
    return replace(case, contact_limits={**case.contact_limits, event.person: kept})


# ── the table ─────────────────────────────────────────────────────────────────────────────────────


_DECIDERS: Final = (Role.HEADTEACHER, Role.CHAIR)

TRANSITIONS = (
    Row(
        ask=LimitContact,
        who=_DECIDERS,
        at=(ContactState.NONE, ContactState.ENDED),
        guards=(case_is_open, limited_person_is_known, review_is_soon_enough),
        records=(UnreasonableContactDecided,),
        by=recording(UnreasonableContactDecided),
        starts=(contact_review,),
        policy=(46,),
    ),
    Row(
        ask=ReviewContact,
        who=_DECIDERS,
        at=(ContactState.LIMITED,),
        guards=(review_is_soon_enough,),
        records=(ContactReviewed,),
        by=recording(ContactReviewed),
        settles=(Due.CONTACT_REVIEW,),
        starts=(contact_review,),
        policy=(46,),
    ),
)


def _states(case: Case, command: Command | None) -> frozenset[ContactState]:
    if isinstance(command, LimitContact | ReviewContact):
        known = case.contact_limits.get(command.person)
        return frozenset({known.state if known else ContactState.NONE})
    return frozenset({ContactState.NONE, *(x.state for x in case.contact_limits.values())})


APPLY: Final[dict[type[Event], Apply]] = {
    UnreasonableContactDecided: _limited,
    ContactReviewed: _reviewed,
}
TRACK = Track("contact", _states, TRANSITIONS, APPLY)
