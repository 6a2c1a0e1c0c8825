"""The moderation track: evidence first, then the act, then the audience is told why, or why not.

Policy row 36: block, report or delete, and inform the audience exactly why. The notice names the
rule and never a person (traps 2 to 5). Nude or indecent imagery is described and never captured.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Final
from uuid import UUID

import msgspec
from msgspec.structs import replace

from incidents.domain import handing_over
from incidents.domain.facts import CaseText, Event, Recorded, SealedUnder, Text, UserId
from incidents.domain.handing_over import (
    CustodyTransferred,
    PlatformResponseRecorded,
    RecordPlatformResponse,
    TransferCustody,
)
from incidents.domain.internal import evidence_is_kept
from incidents.domain.loose_ends import case_is_open
from incidents.domain.state import Action, Case, EvidenceItem
from incidents.domain.table import (
    Apply,
    Asking,
    Command,
    Refuses,
    Row,
    Track,
    body_guard,
    guard,
    recording,
    unchanged,
)
from incidents.domain.vocabulary import (
    ClauseRef,
    Due,
    EvidenceKind,
    LetterState,
    Line,
    Moderation,
    ModerationAct,
    Moment,
    Reason,
    Relation,
    Role,
    Url,
    Words,
)

MAX_CONTENT: Final = 6 * 1024 * 1024
"""Bytes of one captured item, before it is encoded for its request."""

MediaType = Annotated[
    str, msgspec.Meta(pattern=r"^(image/(png|jpeg|webp)|application/pdf|text/plain)$(?!\n)")
]

# ── commands ──────────────────────────────────────────────────────────────────────────────────────


class CaptureEvidence(Command, frozen=True, kw_only=True):
    """Keep a copy: its bytes (base64) are sealed and their SHA-256 goes on record.

    Never for nude or indecent imagery, not even to show it to somebody: describe it instead.
    """

    HAPPENED = "captured_at"
    kind: EvidenceKind
    label: Line
    media_type: MediaType
    content: bytes
    captured_at: Moment
    url: Url | None = None


class DescribeEvidence(Command, frozen=True, kw_only=True):
    """Describe what can't or may not be captured, and say why."""

    kind: EvidenceKind
    label: Line
    description: Words
    reason: Reason


class TakeModerationAction(Command, frozen=True, kw_only=True):
    """Record that a user was blocked, or a post reported, hidden or deleted; and the clause."""

    HAPPENED = "taken_at"
    act: ModerationAct
    clause: ClauseRef
    taken_at: Moment
    url: Url | None = None


class InformAudience(Command, frozen=True, kw_only=True):
    """Record that the approved notice was posted, word for word."""

    HAPPENED = "posted_at"
    letter: UUID
    posted_at: Moment
    url: Url | None = None


class WaiveNotice(Command, frozen=True, kw_only=True):
    """Say why the audience is not told, for example because it would identify somebody."""

    reason: Reason


# ── events ────────────────────────────────────────────────────────────────────────────────────────


class EvidenceCaptured(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.evidence_captured"
    evidence: UUID
    kind: EvidenceKind
    sha256: str
    size: int
    media_type: str
    captured_at: datetime
    label: CaseText
    url: Annotated[Text | None, SealedUnder()] = None


class EvidenceDescribedOnly(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.evidence_described_only"
    evidence: UUID
    kind: EvidenceKind
    label: CaseText
    description: CaseText
    reason: CaseText


class ModerationActionTaken(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.moderation_action_taken"
    action: UUID
    act: ModerationAct
    clause: str
    taken_at: datetime
    url: Annotated[Text | None, SealedUnder()] = None


class AudienceInformed(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.audience_informed"
    letter_id: UUID
    text_hash: str
    approved_by: UserId
    posted_at: datetime
    url: Annotated[Text | None, SealedUnder()] = None


class AudienceNoticeWaived(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.audience_notice_waived"
    reason: CaseText


# ── guards ────────────────────────────────────────────────────────────────────────────────────────


@guard
def nothing_indecent_is_copied(case: Case, _command: Command | None, _asking: Asking) -> str | None:
    """Viewing, copying and saving such imagery is an offence (UKCIS, trap 5)."""
    if case.imagery:
        return (
            "Nude or indecent imagery may be involved: never view, copy or save it. Nothing was "
            "stored. Tell the DSL now, and use describe-evidence without the picture."
        )
    return None


@body_guard()
def content_is_usable(_case: Case, command: CaptureEvidence, _asking: Asking) -> str | None:
    if not command.content:
        return "`content` is empty: send the bytes of the item, in base64."
    if len(command.content) > MAX_CONTENT:
        return f"`content` is larger than {MAX_CONTENT // 1024 // 1024} MB: send a smaller copy."
    if not _looks_like(command.media_type, command.content):
        return f"`content` is not {command.media_type}: send the file as it is and name its type."
    return None


@body_guard()
def captured_in_the_past(_case: Case, command: CaptureEvidence, asking: Asking) -> str | None:
    return "`captured_at` lies in the future." if command.captured_at > asking.now else None


@body_guard(Refuses.STATE)
def only_the_schools_own_space(
    case: Case, command: TakeModerationAction, _asking: Asking
) -> str | None:
    """Hiding and deleting work on the school's own account only; reporting works everywhere."""
    own = {ModerationAct.DELETED, ModerationAct.HIDDEN}
    if command.act in own and not case.on_school_account:
        return "The post is not on a school account: report it to the platform instead."
    return None


@body_guard()
def action_clause_is_in_the_policy(
    _case: Case, command: TakeModerationAction, asking: Asking
) -> str | None:
    if command.clause not in asking.school.clauses:
        return f"The policy in force has no clause {command.clause}."
    return None


@body_guard()
def acted_in_the_past(
    _case: Case, command: TakeModerationAction | InformAudience, asking: Asking
) -> str | None:
    at = command.taken_at if isinstance(command, TakeModerationAction) else command.posted_at
    return "This time lies in the future." if at > asking.now else None


@body_guard(Refuses.STATE)
def notice_is_approved(case: Case, command: InformAudience, _asking: Asking) -> str | None:
    letter = case.letters.get(command.letter)
    if letter is None or letter.code != "L13":
        return "`letter` is not a notice of this case: see GET /api/letters."
    approved = letter.state is LetterState.APPROVED and letter.approved_by is not None
    if not approved or letter.document is None:
        return "The notice has to be approved by SLT before it is posted."
    return None


_MAGIC: Final = {
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/webp": re.compile(rb"RIFF.{4}WEBP", re.DOTALL),
    "application/pdf": re.compile(rb"%PDF-"),
}
"""How each kind of file begins."""


def _looks_like(media_type: str, content: bytes) -> bool:
    if media_type in _MAGIC:
        return _MAGIC[media_type].match(content) is not None
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in content


# ── what is recorded ──────────────────────────────────────────────────────────────────────────────


def evidence_captured(_case: Case, command: CaptureEvidence, asking: Asking) -> Iterable[Event]:
    yield EvidenceCaptured(
        evidence=asking.new_id("evidence"),
        kind=command.kind,
        sha256=sha256(command.content).hexdigest(),
        size=len(command.content),
        media_type=command.media_type,
        captured_at=command.captured_at,
        label=command.label,
        url=command.url,
    )


def evidence_described(_case: Case, command: DescribeEvidence, asking: Asking) -> Iterable[Event]:
    yield EvidenceDescribedOnly(
        evidence=asking.new_id("evidence"),
        kind=command.kind,
        label=command.label,
        description=command.description,
        reason=command.reason,
    )


def moderation_taken(_case: Case, command: TakeModerationAction, asking: Asking) -> Iterable[Event]:
    yield ModerationActionTaken(
        action=asking.new_id("action"),
        act=command.act,
        clause=command.clause,
        taken_at=command.taken_at,
        url=command.url,
    )


def audience_informed(case: Case, command: InformAudience, _asking: Asking) -> Iterable[Event]:
    letter = case.letters[command.letter]
    assert letter.document is not None
    assert letter.approved_by is not None
    yield AudienceInformed(
        letter_id=command.letter,
        text_hash=letter.document,
        approved_by=letter.approved_by,
        posted_at=command.posted_at,
        url=command.url,
    )


# ── what it changes ───────────────────────────────────────────────────────────────────────────────


def _kept(case: Case, item: EvidenceItem) -> Case:
    return replace(case, evidence={**case.evidence, item.evidence: item})


def _captured(case: Case, event: EvidenceCaptured, _recorded: Recorded) -> Case:
    item = EvidenceItem(
        evidence=event.evidence,
        kind=event.kind,
        captured_at=event.captured_at,
        sha256=event.sha256,
        media_type=event.media_type,
        label=event.label,
    )
    return _kept(case, item)


def _described(case: Case, event: EvidenceDescribedOnly, recorded: Recorded) -> Case:
    item = EvidenceItem(
        evidence=event.evidence,
        kind=event.kind,
        captured_at=recorded.occurred_at,
        label=event.label,
    )
    return _kept(case, item)


def _acted(case: Case, event: ModerationActionTaken, recorded: Recorded) -> Case:
    action = Action(
        action=event.action, act=event.act, clause=event.clause, taken_at=event.taken_at
    )
    prompts = {**case.prompts, recorded.event_id: recorded.actor.user}
    return replace(case, actions={**case.actions, event.action: action}, prompts=prompts)


def _informed(case: Case, event: AudienceInformed, _recorded: Recorded) -> Case:
    letter = case.letters.get(event.letter_id)
    if letter is None:
        return case
    sent = replace(letter, state=LetterState.SENT)
    return replace(case, letters={**case.letters, event.letter_id: sent})


# ── the table ─────────────────────────────────────────────────────────────────────────────────────

_ANY = tuple(Moderation)
_EVIDENCED = tuple(m for m in Moderation if m is not Moderation.NONE)
_KEEPERS = (Relation.LEAD, Relation.REPORTER, Role.MODERATOR, Role.SLT, Role.HEADTEACHER, Role.DSL)

TRANSITIONS = (
    Row(
        ask=CaptureEvidence,
        who=_KEEPERS,
        at=_ANY,
        guards=(case_is_open, nothing_indecent_is_copied, content_is_usable, captured_in_the_past),
        records=(EvidenceCaptured,),
        by=evidence_captured,
        policy=(36, 45),
    ),
    Row(
        ask=DescribeEvidence,
        who=_KEEPERS,
        at=_ANY,
        guards=(case_is_open,),
        records=(EvidenceDescribedOnly,),
        by=evidence_described,
        policy=(36,),
    ),
    Row(
        ask=TakeModerationAction,
        who=(Role.MODERATOR,),
        at=_EVIDENCED,
        guards=(
            case_is_open,
            evidence_is_kept,
            only_the_schools_own_space,
            action_clause_is_in_the_policy,
            acted_in_the_past,
        ),
        records=(ModerationActionTaken,),
        by=moderation_taken,
        to=Moderation.ACTIONED,
        settles=(Due.MODERATION,),
        starts=(Due.AUDIENCE_NOTICE,),
        policy=(36,),
    ),
    Row(
        ask=InformAudience,
        who=(Role.MODERATOR,),
        at=(Moderation.ACTIONED,),
        guards=(notice_is_approved, acted_in_the_past),
        records=(AudienceInformed,),
        by=audience_informed,
        to=Moderation.AUDIENCE_INFORMED,
        settles=(Due.AUDIENCE_NOTICE,),
        policy=(36,),
    ),
    Row(
        ask=RecordPlatformResponse,
        who=(Role.MODERATOR, Relation.LEAD),
        at=_EVIDENCED,
        guards=(handing_over.action_was_taken,),
        records=(PlatformResponseRecorded,),
        by=handing_over.platform_responded,
        policy=(36,),
    ),
    Row(
        ask=TransferCustody,
        who=(Relation.LEAD, Role.HEADTEACHER, Role.DSL, Role.CHAIR),
        at=_EVIDENCED,
        guards=(handing_over.item_is_kept,),
        records=(CustodyTransferred,),
        by=handing_over.custody_transferred,
        policy=(32,),
    ),
    Row(
        ask=WaiveNotice,
        who=(Role.HEADTEACHER, Relation.LEAD, Role.CHAIR),
        at=(Moderation.ACTIONED,),
        records=(AudienceNoticeWaived,),
        by=recording(AudienceNoticeWaived),
        to=Moderation.NOTICE_WAIVED,
        settles=(Due.AUDIENCE_NOTICE,),
        policy=(36,),
    ),
)


def _states(case: Case, _command: Command | None) -> frozenset[Moderation]:
    if case.moderation is Moderation.NONE and case.evidence:
        return frozenset({Moderation.EVIDENCED})
    return frozenset({case.moderation})


APPLY: Final[dict[type[Event], Apply]] = {
    EvidenceCaptured: _captured,
    EvidenceDescribedOnly: _described,
    ModerationActionTaken: _acted,
    AudienceInformed: _informed,
    AudienceNoticeWaived: unchanged,
    **handing_over.APPLY,
}


def _place(case: Case, moderation: Moderation) -> Case:
    return replace(case, moderation=moderation)


TRACK = Track("moderation", _states, TRANSITIONS, APPLY, _place)
