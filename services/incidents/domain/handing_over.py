"""What becomes of evidence and reports: handed over against a receipt, answered by a platform.

Every hand the evidence goes through is on record, with its purpose, so that it can be shown later
where it has been. What a platform answers to a report is kept with the act that it answers.
"""

from typing import Annotated, Final
from uuid import UUID

from incidents.domain.facts import CaseText, Event, Recorded, SealedUnder, Text
from incidents.domain.state import Case
from incidents.domain.table import (
    Apply,
    Asking,
    Command,
    body_guard,
    prompting,
    recording,
    unchanged,
)
from incidents.domain.vocabulary import Line, Reason, Words

# ── commands ──────────────────────────────────────────────────────────────────────────────────────


class TransferCustody(Command, frozen=True, kw_only=True):
    """Record that an item of evidence was handed over: to whom, what for, and the receipt."""

    evidence: UUID
    to: Line
    purpose: Reason
    receipt: Line | None = None


class RecordPlatformResponse(Command, frozen=True, kw_only=True):
    """Record what a platform answered to a report of ours."""

    action: UUID
    response: Words
    removed: bool


# ── events ────────────────────────────────────────────────────────────────────────────────────────


class CustodyTransferred(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.custody_transferred"
    evidence: UUID
    to: CaseText
    purpose: CaseText
    receipt: Annotated[Text | None, SealedUnder()] = None


class PlatformResponseRecorded(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.platform_response_recorded"
    action: UUID
    removed: bool
    response: CaseText


# ── guards ────────────────────────────────────────────────────────────────────────────────────────


@body_guard()
def item_is_kept(case: Case, command: TransferCustody, _asking: Asking) -> str | None:
    item = case.evidence.get(command.evidence)
    if item is None or item.sha256 is None:
        return "`evidence` has to be an item that is kept here: what was only described can't go."
    return None


@body_guard()
def action_was_taken(case: Case, command: RecordPlatformResponse, _asking: Asking) -> str | None:
    return None if command.action in case.actions else "`action` is none of this case's."


# ── what is recorded, and what it changes ─────────────────────────────────────────────────────────

custody_transferred = recording(CustodyTransferred)
platform_responded = recording(PlatformResponseRecorded)


def _responded(case: Case, _event: PlatformResponseRecorded, recorded: Recorded) -> Case:
    return prompting(case, recorded)


APPLY: Final[dict[type[Event], Apply]] = {
    CustodyTransferred: unchanged,
    PlatformResponseRecorded: _responded,
}
