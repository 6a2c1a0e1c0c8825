"""What leaves for the broker, and what is asked and answered over it.

`PUBLISHED` lists the events that leave and the fields that leave with them: nothing personal, only
ids, codes and times. Bodies of letters travel by request and reply and are never stored there.
"""

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from typing import Annotated, Any, Final, Literal, get_type_hints
from uuid import UUID

import msgspec

from incidents.domain.assessment import AssessmentRecorded
from incidents.domain.behaviour import BehaviourPolicyApplied
from incidents.domain.breach import DataBreachSuspected, IcoDecided, SubjectsInformed
from incidents.domain.closing import CaseClosed, OutcomeRecorded
from incidents.domain.complaint_ends import ComplaintDiverted, ComplaintExtended
from incidents.domain.concerns import PatternDetected
from incidents.domain.conflict import ConflictDeclared
from incidents.domain.contact import UnreasonableContactDecided
from incidents.domain.direct import CaseEscalated, ImmediateDangerRaised
from incidents.domain.facts import Event, Recorded
from incidents.domain.first_stage import (
    ComplaintAcknowledged,
    ComplaintReferralMade,
    Stage1Decided,
)
from incidents.domain.glass import BreakGlassUsed
from incidents.domain.images import ListedChildPublished, PublicationTakenDown
from incidents.domain.intake import IncidentLogged
from incidents.domain.internal import MeetingInvited, RemovalReminded
from incidents.domain.letters import LetterApproved, LetterResolved, LetterWithdrawn
from incidents.domain.moderation import AudienceInformed, ModerationActionTaken
from incidents.domain.opinions import SecondOpinionRequested
from incidents.domain.press import LaSupportRequested, PressEnquiryLogged
from incidents.domain.referring import ReferralMade
from incidents.domain.registers.account import (
    AccountDeadlineMissed,
    ApplicationApproved,
    ApplicationRefused,
    LeadStaffLeft,
)
from incidents.domain.remedies import RemedyRequired
from incidents.domain.second_stage import ComplaintExhausted, PanelConvened
from incidents.domain.sharing import DisclosureAgreed
from incidents.domain.timers import DeadlineMissed
from incidents.domain.training import TrainingAssigned
from incidents.domain.vocabulary import LetterForm

PUBLISHED: Final[Mapping[type[Event], tuple[str, tuple[str, ...]]]] = {
    IncidentLogged: ("v1", ()),
    AssessmentRecorded: ("v1", ("possible_offence",)),
    MeetingInvited: ("v1", ("person",)),
    RemedyRequired: ("v1", ("remedy", "person")),
    ModerationActionTaken: ("v1", ("action",)),
    AudienceInformed: ("v1", ("letter_id",)),
    ReferralMade: ("v1", ("referral", "agency")),
    DeadlineMissed: ("v1", ("due",)),
    BreakGlassUsed: ("v1", ()),
    ConflictDeclared: ("v1", ("led",)),
    ComplaintReferralMade: ("v1", ("person",)),
    ComplaintAcknowledged: ("v1", ("complainant",)),
    ComplaintExtended: ("v1", ("complainant", "due", "new_due")),
    ComplaintDiverted: ("v1", ("complainant", "procedure")),
    Stage1Decided: ("v1", ("complainant",)),
    PanelConvened: ("v1", ("complainant", "hears_at")),
    ComplaintExhausted: ("v1", ("complainant",)),
    UnreasonableContactDecided: ("v1", ("person",)),
    PressEnquiryLogged: ("v1", ("enquiry",)),
    LaSupportRequested: ("v1", ("enquiry",)),
    DataBreachSuspected: ("v1", ()),
    ImmediateDangerRaised: ("v1", ()),
    PatternDetected: ("v1", ("concern",)),
    TrainingAssigned: ("v1", ("training", "person")),
    RemovalReminded: ("v1", ("person",)),
    BehaviourPolicyApplied: ("v1", ("person",)),
    ListedChildPublished: ("v1", ("person",)),
    PublicationTakenDown: ("v1", ()),
    OutcomeRecorded: ("v1", ()),
    CaseEscalated: ("v1", ()),
    SecondOpinionRequested: ("v1", ("opinion",)),
    DisclosureAgreed: ("v1", ("agency", "person")),
    IcoDecided: ("v1", ("report",)),
    SubjectsInformed: ("v1", ()),
    CaseClosed: ("v1", ()),
    LetterApproved: ("v1", ("letter_id", "document")),
    LetterWithdrawn: ("v1", ("letter_id",)),
    LetterResolved: ("v1", ("letter_id", "delivered")),
    ApplicationApproved: ("v1", ()),
    ApplicationRefused: ("v1", ()),
    LeadStaffLeft: ("v1", ("lead", "last_day")),
    AccountDeadlineMissed: ("v1", ("due",)),
}
"""`case_id` names the stream of the event: a case, or an entry of a register."""
SCHEMAS: Final = "https://schemas.caseward.example/events"


class CloudEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A CloudEvents 1.0 envelope in structured JSON. `data` is opaque: ids, codes and times."""

    specversion: Literal["1.0"]
    id: UUID
    source: str
    type: str
    subject: UUID
    time: Annotated[datetime, msgspec.Meta(tz=True)]
    datacontenttype: Literal["application/json"]
    dataschema: str
    data: Any


def published_type(event: type[Event]) -> str:
    """The CloudEvents type, which is also the name of the schema's file."""
    return f"{event.TOPIC}.{PUBLISHED[event][0]}"


@cache
def data_struct(event: type[Event]) -> type[msgspec.Struct]:
    """The shape of a published event's data: where it belongs, and the fields listed for it."""
    hints = get_type_hints(event)
    listed = [(name, hints[name]) for name in PUBLISHED[event][1]]
    where = [("school", str), ("case_id", UUID), ("version", int), ("position", int)]
    return msgspec.defstruct(f"{event.__name__}Data", [*where, *listed], frozen=True, kw_only=True)


def publish(recorded: Recorded, position: int) -> CloudEvent | None:
    """Return what leaves of an event at this position in the log, or None if nothing does."""
    event = recorded.event
    kind = type(event)
    if kind not in PUBLISHED:
        return None
    name = published_type(kind)
    data = data_struct(kind)(
        school=recorded.school,
        case_id=recorded.stream,
        version=recorded.version,
        position=position,
        **{field: getattr(event, field) for field in PUBLISHED[kind][1]},
    )
    return CloudEvent(
        specversion="1.0",
        datacontenttype="application/json",
        id=recorded.event_id,
        source=f"/incidents/{recorded.school}",
        type=name,
        subject=recorded.stream,
        time=recorded.recorded_at,
        dataschema=f"{SCHEMAS}/{name}.json",
        data=data,
    )


# ── what the notifier asks, and the answers ───────────────────────────────────────────────────────


class Refused(msgspec.Struct, frozen=True):
    """The answer where there is none to give: a code, never a person's words."""

    refused: str


class RecipientsAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Who is to get this letter about this event?"""

    school: str
    case_id: UUID
    event_id: UUID
    letter: str
    audience: str


class Recipients(msgspec.Struct, frozen=True, kw_only=True):
    """One letter for each. None stands for an audience that is no person: an agency, the public."""

    recipients: list[UUID | None]


class LetterDataAsked(msgspec.Struct, frozen=True, kw_only=True):
    """What goes into this letter? Answered with the letter's own struct of `letter_data`."""

    school: str
    case_id: UUID
    event_id: UUID
    letter: str
    audience: str
    written_on: date
    recipient_ref: UUID | None = None


class KeepDocument(msgspec.Struct, frozen=True, kw_only=True):
    """Keep a finished document, sealed, with its case. `content` is base64 in JSON."""

    school: str
    case_id: UUID
    letter_id: UUID
    media_type: str
    content: bytes


class DocumentKept(msgspec.Struct, frozen=True, kw_only=True):
    sha256: str


class DeliveryAsked(msgspec.Struct, frozen=True, kw_only=True):
    """To whom is this letter to go, now, and what exactly?

    What asked for it is said again: a letter that needs nobody's approval may be on its way before
    the case has read that it was drafted.
    """

    school: str
    case_id: UUID
    letter_id: UUID
    event_id: UUID
    letter: str
    audience: str
    document: str
    media_type: str
    recipient_ref: UUID | None = None


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    email: str


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """The recipient as he is on record at this moment, and the document as it was kept."""

    email: str
    name: str
    reference: str
    school: Sender
    media_type: str
    document: bytes


REQUESTS: Final[Mapping[str, tuple[type[msgspec.Struct], type[msgspec.Struct] | None]]] = {
    "recipients": (RecipientsAsked, Recipients),
    "letter_data": (LetterDataAsked, None),
    "keep_document": (KeepDocument, DocumentKept),
    "delivery": (DeliveryAsked, Delivery),
}
"""By the last part of the subject `requests.incidents.<name>`: what is asked, what is answered."""


# ── what comes back from the notifier ─────────────────────────────────────────────────────────────


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What every outcome of a letter says. Unknown fields are somebody else's and left alone."""

    school: str
    case_id: UUID
    letter_id: UUID
    letter: str
    event_id: UUID
    recipient_ref: UUID | None = None


class LetterDrafted(Outcome, frozen=True, kw_only=True):
    form: LetterForm
    audience: str
    media_type: str
    document: str
    template_hash: str
    data_hash: str
    needs_approval: bool


class LetterSentOut(Outcome, frozen=True, kw_only=True):
    channel: str


class LetterInDoubt(Outcome, frozen=True, kw_only=True):
    reason: str


class LetterNotSent(Outcome, frozen=True, kw_only=True):
    reason: str


class LetterGivenUp(LetterNotSent, frozen=True, kw_only=True):
    """Nobody may get it any more, or there is nobody to get it ("nobody")."""


OUTCOMES: Final[Mapping[str, type[Outcome]]] = {
    "notifier.letter_drafted.v1": LetterDrafted,
    "notifier.letter_sent.v1": LetterSentOut,
    "notifier.letter_uncertain.v1": LetterInDoubt,
    "notifier.letter_failed.v1": LetterNotSent,
    "notifier.letter_withdrawn.v1": LetterGivenUp,
}
