"""Intake: what the reporter tells, what is added or put right later, and that he was heard.

Nothing is ever written over: a correction is an event beside the first words, and says why.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Final

import msgspec
from msgspec.structs import replace

from incidents.domain.facts import (
    CaseId,
    CaseText,
    Event,
    PersonId,
    Recorded,
    SealedUnder,
    Text,
    UserId,
)
from incidents.domain.state import CALLED, Case, Involvement, imagery_flag
from incidents.domain.table import Apply, Asking, Command, Refuses, body_guard, guard, unchanged
from incidents.domain.vocabulary import (
    Category,
    ContactBasis,
    Correctable,
    EmailAddress,
    Flag,
    Kind,
    Language,
    Line,
    Moment,
    Part,
    PersonRole,
    Platform,
    PosterIdentity,
    Reason,
    Role,
    Source,
    Stage,
    Url,
    Words,
)

PersonText = Annotated[Text | None, SealedUnder("person")]
LATE: Final = timedelta(days=1)
WALLED: Final = frozenset({Part.SUBJECT, Part.RELATED})

# ── commands ──────────────────────────────────────────────────────────────────────────────────────


class PersonInIncident(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody in the report. `user` is given for somebody who works here and has an account."""

    part: Part
    role: PersonRole
    name: Line | None = None
    user: UserId | None = None


class LogIncident(Command, frozen=True, kw_only=True):
    """Report an incident. Facts and opinion are kept apart; "unsure" is a category here."""

    kind: Kind
    categories: Annotated[tuple[Category, ...], msgspec.Meta(min_length=1, max_length=10)]
    platform: Platform
    observed_at: Moment
    facts: Words
    source: Source = Source.SEEN
    poster_identity: PosterIdentity = PosterIdentity.UNKNOWN
    on_school_account: bool = False
    suspected_illegal: bool = False
    post_url: Url | None = None
    posted_at: Moment | None = None
    opinion: Words | None = None
    child_words: Words | None = None
    immediate_action: Words | None = None
    flags: Annotated[tuple[Flag, ...], msgspec.Meta(max_length=10)] = ()
    people: Annotated[tuple[PersonInIncident, ...], msgspec.Meta(max_length=30)] = ()


class AddInformation(Command, frozen=True, kw_only=True):
    """Add to the report. What happened over a day ago needs the reason why it is written now."""

    HAPPENED = "happened_at"
    text: Words
    happened_at: Moment | None = None
    late_reason: Reason | None = None


class CorrectEntry(Command, frozen=True, kw_only=True):
    """Put right what an earlier entry says. The first words stay in the history."""

    field: Correctable
    new: Words
    reason: Reason


class IdentifyPerson(Command, frozen=True, kw_only=True):
    """Name a person, or record how he may be written to and on what basis.

    Without `person` somebody new is brought into the case.
    """

    person: PersonId | None = None
    part: Part | None = None
    role: PersonRole | None = None
    user: UserId | None = None
    name: Line | None = None
    salutation: Line | None = None
    email: EmailAddress | None = None
    address: Annotated[tuple[Line, ...], msgspec.Meta(max_length=7)] = ()
    basis: ContactBasis | None = None
    language: Language | None = None
    large_print: bool = False


class AcknowledgeReport(Command, frozen=True, kw_only=True):
    """Tell the record that the report was taken in hand."""


# ── events ────────────────────────────────────────────────────────────────────────────────────────


class IncidentLogged(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.incident_logged"
    reference: str
    kind: Kind
    categories: tuple[Category, ...]
    platform: CaseText
    observed_at: datetime
    source: Source
    poster_identity: PosterIdentity
    on_school_account: bool
    suspected_illegal: bool
    flags: tuple[Flag, ...]
    facts: CaseText
    posted_at: datetime | None = None
    post_url: Annotated[Text | None, SealedUnder()] = None
    opinion: Annotated[Text | None, SealedUnder()] = None
    child_words: Annotated[Text | None, SealedUnder()] = None
    immediate_action: Annotated[Text | None, SealedUnder()] = None


class PersonInvolved(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.person_involved"
    person: PersonId
    part: Part
    role: PersonRole
    user: UserId | None = None
    held: tuple[Role, ...] = ()
    """The roles of that user when he was named."""


class PersonIdentified(Event, frozen=True, kw_only=True):
    """Replaces what was known: a field left out is no longer used."""

    TOPIC = "incidents.person_identified"
    person: PersonId
    name: PersonText = None
    salutation: PersonText = None
    email: PersonText = None
    address: PersonText = None
    basis: ContactBasis | None = None
    language: Language | None = None
    large_print: bool = False


class InformationAdded(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.information_added"
    text: CaseText
    late: bool
    late_reason: Annotated[Text | None, SealedUnder()] = None


class EntryCorrected(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.entry_corrected"
    field: Correctable
    old: Annotated[Text | None, SealedUnder()]
    new: CaseText
    reason: CaseText


class ReportAcknowledged(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.report_acknowledged"


# ── guards ────────────────────────────────────────────────────────────────────────────────────────


@guard
def not_acknowledged_yet(case: Case, _command: Command | None, _asking: Asking) -> str | None:
    return "The report was acknowledged already." if case.acknowledged_at else None


@body_guard()
def times_are_past(
    _case: Case, command: LogIncident | AddInformation, asking: Asking
) -> str | None:
    told = (getattr(command, n, None) for n in ("observed_at", "posted_at", "happened_at"))
    if any(moment > asking.now for moment in told if moment is not None):
        return "A time in the report lies in the future. Check the dates and send it again."
    return None


@body_guard()
def colleagues_are_known(
    _case: Case, command: LogIncident | IdentifyPerson, asking: Asking
) -> str | None:
    people = command.people if isinstance(command, LogIncident) else (command,)
    if any(p.user is not None and p.user not in asking.school.roster for p in people):
        return (
            "A user named in the report is not known at this school. Leave `user` out or mend it."
        )
    return None


@body_guard()
def late_entry_says_why(_case: Case, command: AddInformation, asking: Asking) -> str | None:
    if _is_late(command, asking) and command.late_reason is None:
        return "This happened more than a day ago: give `late_reason`, why it is written only now."
    return None


@body_guard()
def corrected_url_is_a_url(_case: Case, command: CorrectEntry, _asking: Asking) -> str | None:
    if command.field is Correctable.POST_URL:
        try:
            msgspec.convert(command.new, Url)
        except msgspec.ValidationError:
            return "`new` has to be the link itself, beginning with http:// or https://."
    return None


@body_guard()
def person_is_in_the_case(case: Case, command: IdentifyPerson, _asking: Asking) -> str | None:
    if command.person is not None and command.person not in case.people:
        return "This person is not in the case. Leave `person` out to bring somebody new in."
    if command.person is None and (command.part is None or command.role is None):
        return "Say which `part` and `role` the new person has in the case."
    return None


@body_guard(Refuses.STATE)
def walls_only_go_up(case: Case, command: IdentifyPerson, _asking: Asking) -> str | None:
    """Who is walled out stays out: nobody lets a subject back in by calling him something else."""
    known = case.people.get(command.person) if command.person else None
    if known is None or known.part not in WALLED:
        return None
    other_part = command.part is not None and command.part not in WALLED
    other_user = known.user is not None and command.user not in (None, known.user)
    if other_part or other_user:
        return (
            "This person is kept out of the case as its subject or a relative, and that stays. If "
            "somebody else is meant, bring him in without `person`."
        )
    return None


@body_guard()
def contact_has_a_basis(_case: Case, command: IdentifyPerson, _asking: Asking) -> str | None:
    contact = command.email or command.address
    how = command.salutation or command.basis or command.language or command.large_print
    if (contact or how) and command.name is None:
        return "Give the person's `name` too: how he may be written to is recorded with it."
    if contact and command.basis is None:
        return "An address needs the `basis` on which the school may write to this person."
    return None


@body_guard()
def something_is_said(_case: Case, command: IdentifyPerson, _asking: Asking) -> str | None:
    said = (getattr(command, n) for n in command.__struct_fields__ if n != "person")
    return None if any(said) else "Nothing is said about the person: give a `name`, `user`, …"


def _is_late(command: AddInformation, asking: Asking) -> bool:
    return command.happened_at is not None and asking.now - command.happened_at > LATE


# ── what is recorded ──────────────────────────────────────────────────────────────────────────────


def incident_logged(command: LogIncident, reference: str) -> IncidentLogged:
    """Return the first event of a case."""
    words = {
        name: getattr(command, name)
        for name in IncidentLogged.__struct_fields__
        if name != "reference"
    }
    return IncidentLogged(reference=reference, **words)


def people_involved(command: LogIncident, asking: Asking) -> Iterable[Event]:
    """Return the people of a report, each under an id and a key of his own."""
    for number, said in enumerate(command.people):
        person = PersonId(asking.new_id(f"person:{number}"))
        yield _involved(person, said.part, said.role, said.user, asking)
        if said.name is not None:
            yield PersonIdentified(person=person, name=said.name)


def _involved(
    person: PersonId, part: Part, role: PersonRole, user: UserId | None, asking: Asking
) -> Event:
    """Whoever holds the headteacher's role is the headteacher, whatever the report calls him.

    So it is with the chair of governors. Somebody who is called one of them while he holds the
    other role counts as both.
    """
    held = asking.school.roster.get(user, frozenset()) if user is not None else frozenset()
    if role not in CALLED:
        role = next((called for called, seat in CALLED.items() if seat in held), role)
    return PersonInvolved(person=person, part=part, role=role, user=user, held=tuple(sorted(held)))


def person_identified(case: Case, command: IdentifyPerson, asking: Asking) -> Iterable[Event]:
    person = command.person or PersonId(asking.new_id("person"))
    known = case.people.get(person)
    part = command.part or (known.part if known else None)
    role = command.role or (known.role if known else None)
    if command.part or command.role or command.user:
        assert part is not None
        assert role is not None
        user = command.user or (known.user if known else None)
        yield _involved(person, part, role, user, asking)
    if command.name is not None:
        yield PersonIdentified(
            person=person,
            name=command.name,
            salutation=command.salutation,
            email=command.email,
            address="\n".join(command.address) or None,
            basis=command.basis,
            language=command.language,
            large_print=command.large_print,
        )


def information_added(_case: Case, command: AddInformation, asking: Asking) -> Iterable[Event]:
    yield InformationAdded(
        text=command.text, late=_is_late(command, asking), late_reason=command.late_reason
    )


def entry_corrected(case: Case, command: CorrectEntry, _asking: Asking) -> Iterable[Event]:
    old: Text | None = getattr(case, command.field)
    yield EntryCorrected(field=command.field, old=old, new=command.new, reason=command.reason)


# ── what it changes ───────────────────────────────────────────────────────────────────────────────


def actor_of(recorded: Recorded) -> frozenset[UserId]:
    """The person who did it; nobody where it was one of our programs."""
    user = recorded.actor.user
    return frozenset({user} if user is not None else ())


def opened(event: IncidentLogged, recorded: Recorded) -> Case:
    """Return the case that a first event begins. Its reporter is whoever logged it."""
    assert recorded.actor.user is not None
    return Case(
        id=CaseId(recorded.stream),
        school=recorded.school,
        version=recorded.version,
        stage=Stage.REPORTED,
        reporter=recorded.actor.user,
        reported_at=recorded.recorded_at,
        updated_at=recorded.recorded_at,
        reference=event.reference,
        kind=event.kind,
        platform=event.platform,
        categories=frozenset(event.categories),
        reported_as=frozenset(event.categories),
        flags=frozenset(event.flags) | imagery_flag(event.categories),
        on_school_account=event.on_school_account,
        observed_at=event.observed_at,
        posted_at=event.posted_at,
        facts=event.facts,
        opinion=event.opinion,
        post_url=event.post_url,
        child_words=event.child_words,
        immediate_action=event.immediate_action,
        prompts={recorded.event_id: recorded.actor.user},
        acted=actor_of(recorded),
    )


def _person_involved(case: Case, event: PersonInvolved, _recorded: Recorded) -> Case:
    known = case.people.get(event.person)
    held = frozenset(event.held)
    person = Involvement(
        person=event.person, part=event.part, role=event.role, user=event.user, held=held
    )
    if known is not None:
        person = replace(
            known,
            part=event.part,
            role=event.role,
            user=event.user or known.user,
            held=known.held | held,
        )
    # A lead who turns out to be concerned is no longer lead: somebody else is assigned.
    concerned = person.part in WALLED and person.user is not None and person.user == case.lead
    lead = None if concerned else case.lead
    return replace(case, lead=lead, people={**case.people, event.person: person})


def _person_identified(case: Case, event: PersonIdentified, _recorded: Recorded) -> Case:
    known = case.people.get(event.person)
    if known is None:
        return case
    person = replace(
        known,
        name=event.name,
        salutation=event.salutation,
        email=event.email,
        address=event.address,
        basis=event.basis,
        language=event.language,
        large_print=event.large_print,
    )
    return replace(case, people={**case.people, event.person: person})


def _entry_corrected(case: Case, event: EntryCorrected, _recorded: Recorded) -> Case:
    return replace(case, **{event.field.value: event.new})


def _acknowledged(case: Case, _event: ReportAcknowledged, recorded: Recorded) -> Case:
    return replace(case, acknowledged_at=recorded.recorded_at)


APPLY: Final[dict[type[Event], Apply]] = {
    PersonInvolved: _person_involved,
    PersonIdentified: _person_identified,
    InformationAdded: unchanged,
    EntryCorrected: _entry_corrected,
    ReportAcknowledged: _acknowledged,
}
