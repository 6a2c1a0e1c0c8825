"""What goes into the letters of a complaint: to the complainant, and of his complaint only.

Who decides signs: the headteacher or the chair, the clerk for the panel. What was done about a
member of staff is no part of any of them.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from incidents import letter_data as data
from incidents.domain import complaint_ends, first_stage, second_stage
from incidents.domain.contact import UnreasonableContactDecided
from incidents.domain.parallel import Complaint
from incidents.domain.vocabulary import Due
from incidents.letters.about import About, Facts, common, latest
from incidents.letters.lookup import Lookup, NotToBeSent


def _procedure(lookup: Lookup, about: About) -> data.Letter:
    about.of(first_stage.ComplaintReferralMade)
    limits = about.files.with_roster({}).limits
    return data.ComplaintsProcedure(**common(lookup, about), months=limits.complaint_months)


def _other_procedure(lookup: Lookup, about: About) -> data.Letter:
    event = about.of(complaint_ends.ComplaintDiverted)
    return data.OtherProcedure(
        **_signed(lookup, about),
        received_on=lookup.day(about.case, _received_at(about)),
        procedure=event.procedure.value,
    )


def _acknowledged(lookup: Lookup, about: About) -> data.Letter:
    case, event, known = about.case, about.of(first_stage.ComplaintAcknowledged), _complaint(about)
    due = case.deadlines.get(Due.STAGE_1)
    return data.ComplaintAcknowledged(
        **_signed(lookup, about),
        received_on=lookup.day(case, _received_at(about)),
        issues=lookup.words(case, known.issues) or "",
        outcome_wanted=lookup.words(case, known.outcome_wanted) or "",
        understood=lookup.words(case, event.understood),
        decide_by=lookup.day(case, due.due_at) if due else None,
    )


def _delayed(lookup: Lookup, about: About) -> data.Letter:
    case, event = about.case, about.of(complaint_ends.ComplaintExtended)
    return data.ComplaintDelayed(
        **_signed(lookup, about),
        received_on=lookup.day(case, _received_at(about)),
        stage=1 if event.due is Due.STAGE_1 else 2,
        reason=lookup.opened(case, event.reason),
        new_date=lookup.day(case, event.new_due),
    )


def _decided(lookup: Lookup, about: About) -> data.Letter:
    case, event, known = about.case, about.of(first_stage.Stage1Decided), _complaint(about)
    return data.Stage1Decision(
        **_signed(lookup, about),
        received_on=lookup.day(case, _received_at(about)),
        issues=lookup.words(case, known.issues) or "",
        finding=event.finding.value,
        investigated=lookup.opened(case, event.investigated),
        reasons=lookup.opened(case, event.reasons),
        remedies=lookup.words(case, event.remedies),
        stage_2_by=lookup.day(case, event.stage_2_by),
    )


def _panel_meets(lookup: Lookup, about: About) -> data.Letter:
    case, event = about.case, about.of(second_stage.PanelConvened)
    papers = case.deadlines.get(Due.PANEL_PAPERS)
    return data.PanelInvitation(
        **_signed(lookup, about),
        hears_at=lookup.local(case, event.hears_at),
        members=len(event.members),
        papers_by=lookup.day(case, papers.due_at) if papers else None,
    )


def _panel_decided(lookup: Lookup, about: About) -> data.Letter:
    about.of(second_stage.ComplaintExhausted)
    case, panel = about.case, latest(lookup, about, second_stage.PanelDecided)
    return data.PanelDecision(
        **_signed(lookup, about),
        heard_on=lookup.day(case, panel.heard_at),
        finding=panel.finding.value,
        reasons=lookup.opened(case, panel.reasons),
        recommendations=lookup.words(case, panel.recommendations),
    )


def _contact_limited(lookup: Lookup, about: About) -> data.Letter:
    case, event = about.case, about.of(UnreasonableContactDecided)
    return data.ContactLimited(
        **_signed(lookup, about),
        behaviour=lookup.opened(case, event.behaviour),
        limits=lookup.opened(case, event.limits),
        review_on=lookup.day(case, event.review_on),
    )


def _signed(lookup: Lookup, about: About) -> dict[str, Any]:
    return common(lookup, about, about.event.actor.user)


def _complaint(about: About) -> Complaint:
    if about.case.complaint is None:
        raise NotToBeSent("nothing_to_tell")
    return about.case.complaint


def _received_at(about: About) -> datetime:
    received_at = _complaint(about).received_at
    if received_at is None:
        raise NotToBeSent("nothing_to_tell")
    return received_at


KINDS: Final[Mapping[str, Facts]] = {
    "L6": _procedure,
    "L6b": _other_procedure,
    "L7": _acknowledged,
    "L8": _delayed,
    "L9": _decided,
    "L10": _panel_meets,
    "L11": _panel_decided,
    "L12": _contact_limited,
}
