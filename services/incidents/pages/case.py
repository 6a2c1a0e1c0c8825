"""A case as a page: what each sight opens of it, and what a closed section keeps to itself."""

from datetime import datetime
from typing import Any, Final

import msgspec

from incidents.domain.access import Sight
from incidents.domain.state import OPEN_DEADLINES, Case, Letter
from incidents.domain.vocabulary import Due, LetterForm, Section
from incidents.pages import beside
from incidents.pages.beside import Words
from incidents.pages.shapes import (
    ActionPage,
    AssessmentPage,
    CasePage,
    DeadlinePage,
    EvidencePage,
    LetterLine,
    PersonPage,
    ReferralPage,
    RemedyPage,
)

MODERATION_DUE: Final = frozenset({Due.MODERATION, Due.AUDIENCE_NOTICE})


PAPERS_DUE: Final = frozenset(
    {
        Due.COMPLAINT_ACKNOWLEDGEMENT,
        Due.STAGE_1,
        Due.PANEL,
        Due.PANEL_PAPERS,
        Due.PANEL_DECISION,
    }
)


def case_page(
    case: Case,
    much: Sight,
    words: Words,
    now: datetime,
    sections: frozenset[Section] = frozenset(),
) -> CasePage:
    """Return the case as far as `much` opens it, and of its closed sections what `sections` do."""
    parts = {
        "case_id": case.id,
        "reference": case.reference,
        "version": case.version,
        "sight": much.name.lower(),
        "stage": case.stage,
        "reported_at": case.reported_at,
        "acknowledged_at": case.acknowledged_at,
        "closed_at": case.closed_at,
    }
    match much:
        case Sight.STATUS:
            parts |= _report(case, words)
        case Sight.PAPERS:
            parts |= _papers(case, words, now)
        case Sight.MODERATION:
            parts |= _post(case, words) | _moderation(case, words, now)
        case Sight.FULL | Sight.AUDIT:
            parts |= _report(case, words) | _post(case, words) | _moderation(case, words, now)
            parts |= _handling(case, words, now) | beside.parts(case, words, sections)
    return msgspec.convert(parts, CasePage, from_attributes=True)


def letter_line(letter: Letter) -> LetterLine:
    return LetterLine(
        letter=letter.letter,
        code=letter.code,
        state=letter.state,
        form=letter.form,
        audience=letter.audience,
        document=letter.document,
        media_type=letter.media_type,
        recipient=letter.recipient,
        approved_by=letter.approved_by,
    )


def _report(case: Case, words: Words) -> dict[str, Any]:
    """What the reporter told."""
    return {
        "kind": case.kind,
        "platform": words(case.platform),
        "facts": words(case.facts),
        "opinion": words(case.opinion),
        "post_url": words(case.post_url),
        "child_words": words(case.child_words),
        "immediate_action": words(case.immediate_action),
        "observed_at": case.observed_at,
        "posted_at": case.posted_at,
    }


def _post(case: Case, words: Words) -> dict[str, Any]:
    """Where the post is, and what is kept of it."""
    return {
        "platform": words(case.platform),
        "post_url": words(case.post_url),
        "posted_at": case.posted_at,
        "on_school_account": case.on_school_account,
        "categories": sorted(case.categories),
        "updated_at": case.updated_at,
        "evidence": [
            EvidencePage(
                evidence=item.evidence,
                kind=item.kind,
                captured_at=item.captured_at,
                label=words(item.label),
                sha256=item.sha256,
                media_type=item.media_type,
            )
            for item in case.evidence.values()
        ],
    }


def _papers(case: Case, words: Words, now: datetime) -> dict[str, Any]:
    """What the clerk and the panel read: the complaint and its dates."""
    return {
        "complaint": beside.complaint(case, words),
        "deadlines": [d for d in _deadlines(case, now) if d.due in PAPERS_DUE],
    }


def _moderation(case: Case, words: Words, now: datetime) -> dict[str, Any]:
    return {
        "moderation": case.moderation,
        "actions_taken": [
            ActionPage(action=a.action, act=a.act, clause=a.clause, taken_at=a.taken_at)
            for a in case.actions.values()
        ],
        "letters": [letter_line(x) for x in case.letters.values() if x.form is LetterForm.NOTICE],
        "deadlines": [d for d in _deadlines(case, now) if d.due in MODERATION_DUE],
    }


def _handling(case: Case, words: Words, now: datetime) -> dict[str, Any]:
    return {
        "flags": sorted(case.flags),
        "reporter": case.reporter,
        "lead": case.lead,
        "people": _people(case, words),
        "assessment": _assessment(case, words),
        "route": case.route,
        "removal_requested": case.removal_requested,
        "meeting_slots": case.meeting_slots,
        "meeting_held_at": case.meeting_held_at,
        "post_status": case.post_status,
        "remedies": _remedies(case, words),
        "not_referred": sorted(case.not_referred),
        "referrals": _referrals(case, words),
        "letters": [letter_line(letter) for letter in case.letters.values()],
        "deadlines": _deadlines(case, now),
        "outcome": case.outcome,
        "outcome_summary": words(case.outcome_summary),
        "retention": case.retention,
        "reopened": case.reopened,
    }


def _people(case: Case, words: Words) -> list[PersonPage]:
    return [
        PersonPage(
            person=p.person,
            part=p.part,
            role=p.role,
            user=p.user,
            name=words(p.name),
            salutation=words(p.salutation),
            email=words(p.email),
            address=words(p.address),
            basis=p.basis,
        )
        for p in case.people.values()
    ]


def _assessment(case: Case, words: Words) -> AssessmentPage | None:
    said = case.assessment
    if said is None:
        return None
    return AssessmentPage(
        scope=said.scope,
        finding=said.finding,
        severity=said.severity,
        clauses=said.clauses,
        harm_test=said.harm_test,
        possible_offences=said.offences,
        rationale=words(said.rationale),
    )


def _remedies(case: Case, words: Words) -> list[RemedyPage]:
    return [
        RemedyPage(
            remedy=r.remedy,
            person=r.person,
            clauses=r.clauses,
            correct_by=r.correct_by,
            met=r.met,
            kind=r.kind,
            correction=words(r.correction),
            support=words(r.support),
        )
        for r in case.remedies.values()
    ]


def _referrals(case: Case, words: Words) -> list[ReferralPage]:
    return [
        ReferralPage(
            agency=agency,
            state=r.state,
            holds=r.holds,
            made_at=r.made_at,
            urgent=r.urgent,
            reason=words(r.reason),
            agency_reference=words(r.agency_reference),
        )
        for agency, r in case.referrals.items()
    ]


def _deadlines(case: Case, now: datetime) -> list[DeadlinePage]:
    return [
        DeadlinePage(
            due=due,
            due_at=d.due_at,
            starts_at=d.starts_at,
            state=d.state,
            calendar_version=d.calendar_version,
            overdue=d.state in OPEN_DEADLINES and d.due_at <= now,
        )
        for due, d in case.deadlines.items()
    ]
