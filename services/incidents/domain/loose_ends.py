"""What may not be left open when a case closes: one guard for each track.

No case closes over an open referral, complaint, press enquiry, breach, staff matter, letter or
deadline, nor while the audience waits for a notice or the reporter for a word.
"""

from typing import Final

from incidents.domain.parallel import (
    AllegationOutcome,
    BreachState,
    ComplaintState,
    ConcernState,
    DisciplinaryState,
    OpinionState,
    PressState,
    Publication,
)
from incidents.domain.state import Case
from incidents.domain.table import Asking, Command, Guard, guard
from incidents.domain.vocabulary import STAFF_ROLES, Agency, Due, Moderation, Part, Stage

LASTING: Final = frozenset({Due.CONTACT_REVIEW, Due.TRAINING})
"""Deadlines that outlive their case."""


@guard
def no_open_referral(case: Case, _command: Command | None, _asking: Asking) -> str | None:
    if case.open_referrals:
        agencies = " and ".join(case.open_referrals)
        return f"The referral to {agencies} is open: record the agency's decision first."
    return None


@guard
def no_open_draft(case: Case, _command: Command | None, _asking: Asking) -> str | None:
    if case.drafts:
        agencies = " and ".join(case.drafts)
        return f"A referral to {agencies} is in draft: make it, decide against it, or drop it."
    return None


@guard
def no_open_deadline(case: Case, _command: Command | None, _asking: Asking) -> str | None:
    waiting = [due for due in case.open_deadlines if due is not Due.CLOSE and due not in LASTING]
    if waiting:
        return f"Still to do, or to be waived with a reason: {', '.join(waiting)}."
    return None


@guard
def no_open_letter(case: Case, _command: Command | None, _asking: Asking) -> str | None:
    if case.open_letters:
        open_letters = ", ".join(f"{x.code} ({x.state})" for x in case.open_letters)
        return f"Letters are still open: {open_letters}. Approve, resolve or withdraw them."
    return None


@guard
def audience_is_told(case: Case, _command: Command | None, _asking: Asking) -> str | None:
    if case.moderation is Moderation.ACTIONED:
        return "The audience has not been told why: post the notice, or waive it with a reason."
    return None


@guard
def case_is_open(case: Case, _command: Command | None, _asking: Asking) -> str | None:
    return "The case is closed: reopen it first." if case.stage is Stage.CLOSED else None


@guard
def report_is_acknowledged(case: Case, _command: Command | None, _asking: Asking) -> str | None:
    if case.acknowledged_at is None:
        return "Nobody has acknowledged the report yet (acknowledge-report)."
    return None


@guard
def no_open_complaint(case: Case, _command: Command | None, asking: Asking) -> str | None:
    """Also while the complainant may still ask for the second stage."""
    complaint = case.complaint
    if complaint is None:
        return None
    may_ask = complaint.stage_2_by is not None and asking.now <= complaint.stage_2_by
    if complaint.state is ComplaintState.S1_DECIDED and may_ask:
        return "The complainant may still ask for the second stage: close the case after that."
    if complaint.state in _COMPLAINT_AT_WORK:
        return "The complaint is not at its end: decide it, or record that it was withdrawn."
    return None


_COMPLAINT_AT_WORK: Final = frozenset(
    {
        ComplaintState.S1_RECEIVED,
        ComplaintState.S1_ACKNOWLEDGED,
        ComplaintState.S2_REQUESTED,
        ComplaintState.S2_SCHEDULED,
        ComplaintState.S2_DECIDED,
    }
)


@guard
def no_open_press_enquiry(case: Case, _command: Command | None, _asking: Asking) -> str | None:
    if case.press is None or case.press.state in (PressState.RESPONDED, PressState.DECLINED):
        return None
    return "A journalist's enquiry is open: record the answer, or the decision to give none."


@guard
def no_open_breach(case: Case, _command: Command | None, _asking: Asking) -> str | None:
    if case.breach is None or case.breach.state in (BreachState.RULED_OUT, BreachState.DONE):
        return None
    return (
        "The data breach is not dealt with: the data protection officer finishes or rules it out."
    )


@guard
def no_open_disciplinary(case: Case, _command: Command | None, _asking: Asking) -> str | None:
    concluded = DisciplinaryState.CONCLUDED
    if any(one.state is not concluded for one in case.disciplinary.values()):
        return "A matter of staff is still open: the headteacher or the chair concludes it first."
    return None


@guard
def allegation_is_settled(case: Case, _command: Command | None, _asking: Asking) -> str | None:
    """Once the LADO was told, each subject's outcome is on record, and what the law asks after it.

    Substantiated, it is decided whether the Disclosure and Barring Service and the Teaching
    Regulation Agency are told.
    """
    if Agency.LADO not in case.referrals or not case.about_staff:
        return None
    subjects = [p for p in case.of(Part.SUBJECT) if p.role in STAFF_ROLES or p.user is not None]
    if any(p.person not in case.allegations for p in subjects):
        return "The allegation has no outcome on record (record-allegation-outcome)."
    proved = AllegationOutcome.SUBSTANTIATED
    if any(
        a.outcome is proved and not (a.dbs_decided and a.tra_decided)
        for a in case.allegations.values()
    ):
        return "Decide whether the DBS and the TRA are told, and why (decide-dbs-referral, …)."
    return None


@guard
def no_open_opinion(case: Case, _command: Command | None, _asking: Asking) -> str | None:
    if any(one.state is OpinionState.REQUESTED for one in case.opinions.values()):
        return "A second opinion is still awaited: it is given, or asked for no longer."
    return None


@guard
def every_concern_is_reviewed(case: Case, _command: Command | None, _asking: Asking) -> str | None:
    if any(one.state is not ConcernState.REVIEWED for one in case.concerns.values()):
        return "A low-level concern waits for its review by the headteacher or the chair."
    return None


@guard
def nothing_stays_published(case: Case, _command: Command | None, _asking: Asking) -> str | None:
    if case.publication is Publication.PUBLISHED:
        return "A picture that must not be published still stands: record that it was taken down."
    return None


PARALLEL: Final[tuple[Guard, ...]] = (
    no_open_referral,
    no_open_draft,
    no_open_opinion,
    no_open_complaint,
    no_open_press_enquiry,
    no_open_breach,
    no_open_disciplinary,
    allegation_is_settled,
    every_concern_is_reviewed,
    nothing_stays_published,
    no_open_letter,
    audience_is_told,
)
"""What keeps a case open however it is closed."""
