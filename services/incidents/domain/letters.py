"""The letter track, one per letter: drafted, approved, sent; or uncertain, failed, withdrawn.

The notifier drafts and sends; here it is decided whether a letter may leave, and recorded what
became of it. Who prompted a letter may not approve it.
"""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from msgspec.structs import replace

from incidents.domain.access import acting_role, somebody_else_may
from incidents.domain.facts import CaseText, Event, PersonId, Recorded
from incidents.domain.state import Case, Letter
from incidents.domain.table import (
    Apply,
    Asking,
    Command,
    Refuses,
    Row,
    Track,
    body_guard,
    unchanged,
)
from incidents.domain.vocabulary import (
    LetterForm,
    LetterState,
    Line,
    Reason,
    Relation,
    Role,
    Sha256,
)

APPROVERS: Final = (Role.HEADTEACHER, Relation.LEAD, Role.DSL, Role.DPO, Role.CHAIR)

WITHOUT_APPROVAL: Final = frozenset({"L1", "L31"})
"""To the reporter: received, and dealt with. Whatever the notifier says, no other leaves alone."""

# ── commands ──────────────────────────────────────────────────────────────────────────────────────


class LetterCommand(Command, frozen=True, kw_only=True):
    """Something asked about one letter."""

    letter: UUID


class ApproveLetter(LetterCommand, frozen=True, kw_only=True):
    """Let it be sent, exactly as the document with this SHA-256 reads."""

    document: Sha256


class WithdrawLetter(LetterCommand, frozen=True, kw_only=True):
    """Stop it. What has been sent already can't be withdrawn."""

    reason: Reason


class ResolveLetter(LetterCommand, frozen=True, kw_only=True):
    """Say whether an uncertain or failed letter reached its reader, by whichever way.

    If it did not, it is sent again: a failed one too, once what stood in its way is mended.
    """

    delivered: bool
    how_known: Reason


class RecordLetterRendered(LetterCommand, frozen=True, kw_only=True):
    """The notifier has drafted it and its document is kept."""

    code: Line
    form: LetterForm
    audience: Line
    prompted_by: UUID
    recipient: PersonId | None = None
    media_type: Line
    document: Sha256
    template_hash: Sha256
    data_hash: Sha256
    needs_approval: bool


class RecordLetterSent(LetterCommand, frozen=True, kw_only=True):
    """The next system has taken it over."""

    channel: Line


class RecordLetterUncertain(LetterCommand, frozen=True, kw_only=True):
    """It was handed over and the reply was lost."""

    why: Line


class RecordLetterFailed(LetterCommand, frozen=True, kw_only=True):
    """It can't be sent, or could not even be written: then the case first hears of it here."""

    code: Line
    prompted_by: UUID
    recipient: PersonId | None = None
    why: Line


class RecordAlert(Command, frozen=True, kw_only=True):
    """An alert was handed over, or could not be (`failed_because`)."""

    alert: UUID
    code: Line
    prompted_by: UUID
    failed_because: Line | None = None


# ── events ────────────────────────────────────────────────────────────────────────────────────────


class LetterRendered(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.letter_rendered"
    letter_id: UUID
    code: str
    form: LetterForm
    audience: str
    prompted_by: UUID
    recipient: PersonId | None
    media_type: str
    document: str
    template_hash: str
    data_hash: str
    needs_approval: bool


class LetterApproved(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.letter_approved"
    letter_id: UUID
    document: str


class LetterWithdrawn(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.letter_withdrawn"
    letter_id: UUID
    reason: CaseText


class LetterSent(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.letter_sent"
    letter_id: UUID
    channel: str


class LetterUncertain(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.letter_uncertain"
    letter_id: UUID
    why: str


class LetterResolved(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.letter_resolved"
    letter_id: UUID
    delivered: bool
    how_known: CaseText


class LetterFailed(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.letter_failed"
    letter_id: UUID
    code: str
    prompted_by: UUID
    recipient: PersonId | None
    why: str


class AlertSent(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.alert_sent"
    alert: UUID
    code: str
    prompted_by: UUID


class AlertFailed(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.alert_failed"
    alert: UUID
    code: str
    prompted_by: UUID
    why: str


# ── guards ────────────────────────────────────────────────────────────────────────────────────────


@body_guard(Refuses.WHO)
def approver_did_not_prompt_it(case: Case, command: ApproveLetter, asking: Asking) -> str | None:
    """Except for the headteacher or the chair where nobody else sees the case: else a letter about
    the headteacher, to the LADO for one, could never leave."""
    letter = case.letters.get(command.letter)
    if letter is None or case.prompts.get(letter.prompted_by) != asking.user.id:
        return None
    last_resort = acting_role(case, asking.user, (Role.HEADTEACHER, Role.CHAIR)) is not None
    if last_resort and not somebody_else_may(case, APPROVERS, asking.user, asking.school):
        return None
    return "You asked for this letter yourself: a colleague has to approve it."


@body_guard(Refuses.STATE)
def document_is_the_one_kept(case: Case, command: ApproveLetter, _asking: Asking) -> str | None:
    letter = case.letters.get(command.letter)
    if letter is not None and letter.document != command.document:
        return "The letter has another document by now: read it again before you approve it."
    return None


@body_guard(Refuses.STATE)
def there_is_something_to_send(case: Case, command: ResolveLetter, _a: Asking) -> str | None:
    """Sent again is only what was written, and what somebody had let go."""
    letter = case.letters.get(command.letter)
    if command.delivered or letter is None:
        return None
    let_go = letter.approved_by is not None or letter.code in WITHOUT_APPROVAL
    if letter.document is None or not let_go:
        return (
            "This letter was never written or approved. Mend what the reason says and ask for it "
            "again with the command that asked for it, then withdraw this one."
        )
    return None


# ── what is recorded ──────────────────────────────────────────────────────────────────────────────


def letter_rendered(_case: Case, command: RecordLetterRendered, _a: Asking) -> Iterable[Event]:
    fields = {n: getattr(command, n) for n in command.__struct_fields__ if n != "letter"}
    fields["needs_approval"] |= command.code not in WITHOUT_APPROVAL
    yield LetterRendered(letter_id=command.letter, **fields)


def letter_approved(_case: Case, command: ApproveLetter, _a: Asking) -> Iterable[Event]:
    yield LetterApproved(letter_id=command.letter, document=command.document)


def letter_withdrawn(_case: Case, command: WithdrawLetter, _a: Asking) -> Iterable[Event]:
    yield LetterWithdrawn(letter_id=command.letter, reason=command.reason)


def letter_sent(_case: Case, command: RecordLetterSent, _a: Asking) -> Iterable[Event]:
    yield LetterSent(letter_id=command.letter, channel=command.channel)


def letter_uncertain(_case: Case, command: RecordLetterUncertain, _a: Asking) -> Iterable[Event]:
    yield LetterUncertain(letter_id=command.letter, why=command.why)


def letter_resolved(_case: Case, command: ResolveLetter, _a: Asking) -> Iterable[Event]:
    yield LetterResolved(
        letter_id=command.letter, delivered=command.delivered, how_known=command.how_known
    )


def letter_failed(_case: Case, command: RecordLetterFailed, _a: Asking) -> Iterable[Event]:
    yield LetterFailed(
        letter_id=command.letter,
        code=command.code,
        prompted_by=command.prompted_by,
        recipient=command.recipient,
        why=command.why,
    )


def alert_recorded(_case: Case, command: RecordAlert, _a: Asking) -> Iterable[Event]:
    alert, code, prompted_by = command.alert, command.code, command.prompted_by
    if command.failed_because is None:
        yield AlertSent(alert=alert, code=code, prompted_by=prompted_by)
    else:
        why = command.failed_because
        yield AlertFailed(alert=alert, code=code, prompted_by=prompted_by, why=why)


# ── what it changes ───────────────────────────────────────────────────────────────────────────────


def _rendered(case: Case, event: LetterRendered, _recorded: Recorded) -> Case:
    letter = Letter(
        letter=event.letter_id,
        code=event.code,
        state=LetterState.DRAFTED if event.needs_approval else LetterState.APPROVED,
        form=event.form,
        prompted_by=event.prompted_by,
        recipient=event.recipient,
        document=event.document,
        media_type=event.media_type,
        audience=event.audience,
    )
    return replace(case, letters={**case.letters, event.letter_id: letter})


def _now(case: Case, letter_id: UUID, **changes: object) -> Case:
    known = case.letters.get(letter_id)
    if known is None:
        return case
    return replace(case, letters={**case.letters, letter_id: replace(known, **changes)})


def _approved(case: Case, event: LetterApproved, recorded: Recorded) -> Case:
    return _now(case, event.letter_id, state=LetterState.APPROVED, approved_by=recorded.actor.user)


def _withdrawn(case: Case, event: LetterWithdrawn, _recorded: Recorded) -> Case:
    return _now(case, event.letter_id, state=LetterState.WITHDRAWN)


def _sent(case: Case, event: LetterSent, _recorded: Recorded) -> Case:
    return _now(case, event.letter_id, state=LetterState.SENT)


def _uncertain(case: Case, event: LetterUncertain, _recorded: Recorded) -> Case:
    return _now(case, event.letter_id, state=LetterState.UNCERTAIN)


def _resolved(case: Case, event: LetterResolved, _recorded: Recorded) -> Case:
    state = LetterState.SENT if event.delivered else LetterState.APPROVED
    return _now(case, event.letter_id, state=state)


def _failed(case: Case, event: LetterFailed, _recorded: Recorded) -> Case:
    unwritten = Letter(
        letter=event.letter_id,
        code=event.code,
        state=LetterState.FAILED,
        prompted_by=event.prompted_by,
        recipient=event.recipient,
    )
    known = case.letters.get(event.letter_id, unwritten)
    failed = replace(known, state=LetterState.FAILED)
    return replace(case, letters={**case.letters, event.letter_id: failed})


# ── the table ─────────────────────────────────────────────────────────────────────────────────────

_L = LetterState

TRANSITIONS = (
    Row(
        ask=RecordLetterRendered,
        who=(Role.NOTIFIER,),
        at=(_L.NONE,),
        records=(LetterRendered,),
        by=letter_rendered,
    ),
    Row(
        ask=ApproveLetter,
        who=APPROVERS,
        at=(_L.DRAFTED,),
        guards=(approver_did_not_prompt_it, document_is_the_one_kept),
        records=(LetterApproved,),
        by=letter_approved,
    ),
    Row(
        ask=WithdrawLetter,
        who=APPROVERS,
        at=(_L.DRAFTED, _L.APPROVED, _L.UNCERTAIN, _L.FAILED),
        records=(LetterWithdrawn,),
        by=letter_withdrawn,
    ),
    Row(
        ask=RecordLetterSent,
        who=(Role.NOTIFIER,),
        at=(_L.APPROVED, _L.UNCERTAIN, _L.WITHDRAWN, _L.FAILED),
        records=(LetterSent,),
        by=letter_sent,
    ),
    Row(
        ask=RecordLetterUncertain,
        who=(Role.NOTIFIER,),
        at=(_L.APPROVED, _L.WITHDRAWN),
        records=(LetterUncertain,),
        by=letter_uncertain,
    ),
    Row(
        ask=ResolveLetter,
        who=APPROVERS,
        at=(_L.UNCERTAIN, _L.FAILED),
        guards=(there_is_something_to_send,),
        records=(LetterResolved,),
        by=letter_resolved,
    ),
    Row(
        ask=RecordLetterFailed,
        who=(Role.NOTIFIER,),
        at=(_L.NONE, _L.DRAFTED, _L.APPROVED, _L.UNCERTAIN),
        records=(LetterFailed,),
        by=letter_failed,
    ),
    Row(
        ask=RecordAlert,
        who=(Role.NOTIFIER,),
        at=tuple(LetterState),
        records=(AlertSent, AlertFailed),
        by=alert_recorded,
    ),
)


def _states(case: Case, command: Command | None) -> frozenset[LetterState]:
    if isinstance(command, LetterCommand):
        letter = case.letters.get(command.letter)
        return frozenset({letter.state if letter else LetterState.NONE})
    return frozenset(x.state for x in case.letters.values()) or frozenset({LetterState.NONE})


APPLY: Final[dict[type[Event], Apply]] = {
    LetterRendered: _rendered,
    LetterApproved: _approved,
    LetterWithdrawn: _withdrawn,
    LetterSent: _sent,
    LetterUncertain: _uncertain,
    LetterResolved: _resolved,
    LetterFailed: _failed,
    AlertSent: unchanged,
    AlertFailed: unchanged,
}
TRACK = Track("letter", _states, TRANSITIONS, APPLY)
