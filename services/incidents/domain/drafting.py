"""A referral in draft: the lead prepares what somebody else may send.

Whoever leads a case may write down why the LADO should hear of it, although the headteacher makes
the referral. A draft ends with the referral, with the decision against it, or when it is dropped.
"""

from typing import Final

from msgspec.structs import replace

from incidents.domain.facts import CaseText, Event, Recorded
from incidents.domain.state import Case
from incidents.domain.table import Apply, Asking, Command, Refuses, body_guard, prompting, recording
from incidents.domain.vocabulary import Agency, Reason

# ── commands ──────────────────────────────────────────────────────────────────────────────────────


class DraftReferral(Command, frozen=True, kw_only=True):
    """Prepare a referral for whoever may make it. A later draft takes the place of the first."""

    agency: Agency
    reason: Reason


class DropDraft(Command, frozen=True, kw_only=True):
    """Put a draft aside, and say why."""

    agency: Agency
    reason: Reason


# ── events ────────────────────────────────────────────────────────────────────────────────────────


class ReferralDrafted(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.referral_drafted"
    agency: Agency
    reason: CaseText


class DraftDropped(Event, frozen=True, kw_only=True):
    TOPIC = "incidents.draft_dropped"
    agency: Agency
    reason: CaseText


# ── guards ────────────────────────────────────────────────────────────────────────────────────────


@body_guard(Refuses.STATE)
def agency_has_no_referral(case: Case, command: DraftReferral, _asking: Asking) -> str | None:
    if command.agency in case.open_referrals:
        return f"There is an open referral to {command.agency}: record its response instead."
    return None


# ── what is recorded, and what it changes ─────────────────────────────────────────────────────────

referral_drafted = recording(ReferralDrafted)
draft_dropped = recording(DraftDropped)


def without_draft(case: Case, agency: Agency) -> Case:
    """The case with no draft to this agency any more."""
    return replace(case, drafts={a: d for a, d in case.drafts.items() if a is not agency})


def _drafted(case: Case, event: ReferralDrafted, recorded: Recorded) -> Case:
    return prompting(replace(case, drafts={**case.drafts, event.agency: event.reason}), recorded)


def _dropped(case: Case, event: DraftDropped, _recorded: Recorded) -> Case:
    return without_draft(case, event.agency)


APPLY: Final[dict[type[Event], Apply]] = {
    ReferralDrafted: _drafted,
    DraftDropped: _dropped,
}
