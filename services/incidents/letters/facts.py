"""What goes into each letter: one function a letter, and nothing but what its struct lists."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from incidents import letter_data as data
from incidents.domain.facts import Recorded, SchoolId
from incidents.domain.internal import MeetingInvited
from incidents.domain.moderation import ModerationActionTaken
from incidents.domain.referring import ReferralMade
from incidents.domain.remedies import RemedyRequired
from incidents.domain.state import Case, Involvement
from incidents.domain.timers import DeadlineMissed
from incidents.domain.vocabulary import Agency, Due
from incidents.letters.lookup import Lookup, NotToBeSent
from incidents.letters.recipients import recipient
from incidents.letters.words import ACTS, NAMELESS, QUESTIONS, TO_DO, title
from incidents.school_files import SchoolFiles

ANOTHER_EVENT: Final = "event_of_another_kind"


@dataclass(frozen=True, slots=True)
class About:
    """A letter in the making: the case as it stands, the event it answers to, its reader."""

    case: Case
    event: Recorded
    files: SchoolFiles
    recipient: data.Recipient
    written_on: date


def facts(
    lookup: Lookup,
    school: SchoolId,
    case_id: UUID,
    event_id: UUID,
    letter: str,
    audience: str,
    recipient_ref: UUID | None,
    written_on: date,
) -> data.Letter:
    """Return the facts of one letter for one recipient, opened for this moment only.

    Raises `NoSuchCase` and `NotToBeSent`.
    """
    case = lookup.case(school, case_id)
    event = lookup.event(case, event_id)
    kind = KINDS.get(letter)
    if kind is None:
        raise NotToBeSent("unknown_letter")
    reader = recipient(lookup, case, audience, recipient_ref, event.event)
    return kind(lookup, About(case, event, lookup.files(case), reader, written_on))


def _report_received(lookup: Lookup, about: About) -> data.Letter:
    due = about.case.deadlines.get(Due.ACKNOWLEDGE)
    return data.ReportReceived(
        **_common(lookup, about),
        received_on=lookup.day(about.case, about.case.reported_at),
        act_by=lookup.day(about.case, due.due_at) if due else None,
    )


def _report_closed(lookup: Lookup, about: About) -> data.Letter:
    return data.ReportClosed(
        **_common(lookup, about),
        received_on=lookup.day(about.case, about.case.reported_at),
        closed_on=lookup.day(about.case, about.event.recorded_at),
    )


def _removal_and_meeting(lookup: Lookup, about: About) -> data.Letter:
    case, event = about.case, about.event.event
    if not isinstance(event, MeetingInvited):
        raise NotToBeSent(ANOTHER_EVENT)
    recheck = case.deadlines.get(Due.POST_RECHECK)
    return data.RemovalAndMeeting(
        **_common(lookup, about),
        post=data.Post(
            platform=lookup.opened(case, case.platform),
            seen_on=lookup.day(about.case, case.observed_at),
            posted_on=lookup.day(about.case, case.posted_at) if case.posted_at else None,
            url=lookup.words(case, case.post_url),
        ),
        policy_title=about.files.policy.title,
        clauses=_clauses(about, case.assessment.clauses if case.assessment else ()),
        meeting_slots=[lookup.local(about.case, slot) for slot in event.meeting_slots],
        reply_by=lookup.day(about.case, recheck.due_at) if recheck else None,
    )


def _audience_notice(lookup: Lookup, about: About) -> data.Letter:
    event = about.event.event
    if not isinstance(event, ModerationActionTaken):
        raise NotToBeSent(ANOTHER_EVENT)
    (clause,) = _clauses(about, (event.clause,))
    return data.AudienceNotice(**_common(lookup, about), action=ACTS[event.act], clause=clause)


def _staff_correction(lookup: Lookup, about: About) -> data.Letter:
    event = about.event.event
    if not isinstance(event, RemedyRequired):
        raise NotToBeSent(ANOTHER_EVENT)
    return data.StaffCorrection(
        **_common(lookup, about),
        clauses=_clauses(about, event.clauses),
        correction=lookup.opened(about.case, event.correction),
        correct_by=lookup.day(about.case, event.correct_by),
        support=lookup.words(about.case, event.support),
    )


def _police_referral(lookup: Lookup, about: About) -> data.Letter:
    said = about.case.assessment
    offences = [offence.replace("_", " ") for offence in said.offences] if said else []
    return data.PoliceReferral(**_referral(lookup, about), possible_offences=offences)


def _lado_referral(lookup: Lookup, about: About) -> data.Letter:
    event, said = about.event.event, about.case.assessment
    if not isinstance(event, ReferralMade):
        raise NotToBeSent(ANOTHER_EVENT)
    answers = said.harm_test if said else {}
    return data.LadoReferral(
        **_referral(lookup, about),
        harm_test=[
            data.HarmAnswer(question=words, answer=answers[question])
            for question, words in QUESTIONS.items()
            if question in answers
        ],
        other_children=lookup.words(about.case, event.other_children),
        other_work=lookup.words(about.case, event.other_work),
    )


def _new_report(lookup: Lookup, about: About) -> data.Letter:
    what = "a new report is waiting to be taken in hand"
    return _alert(lookup, about, what, Due.ACKNOWLEDGE)


def _possible_offence(lookup: Lookup, about: About) -> data.Letter:
    what = "an assessment names a possible offence: decide on a referral to the police"
    return _alert(lookup, about, what, Due.POLICE)


def _deadline_passed(lookup: Lookup, about: About) -> data.Letter:
    event = about.event.event
    if not isinstance(event, DeadlineMissed):
        raise NotToBeSent(ANOTHER_EVENT)
    return _alert(lookup, about, TO_DO[event.due], None)


def _alert(lookup: Lookup, about: About, what: str, due: Due | None) -> data.Letter:
    deadline = about.case.deadlines.get(due) if due else None
    act_by = lookup.local(about.case, deadline.due_at) if deadline else None
    return data.Alert(**_common(lookup, about), about=what, act_by=act_by)


def _referral(lookup: Lookup, about: About) -> dict[str, Any]:
    case, event = about.case, about.event.event
    if not isinstance(event, ReferralMade):
        raise NotToBeSent(ANOTHER_EVENT)
    return {
        **_common(lookup, about),
        "agency": about.files.directory[event.agency].name,
        "urgent": event.urgent,
        "kind": case.kind.replace("_", " ").capitalize(),
        "platform": lookup.opened(case, case.platform),
        "facts": lookup.opened(case, case.facts),
        "reason": lookup.opened(case, event.reason),
        "observed_at": lookup.local(about.case, case.observed_at),
        "posted_at": lookup.local(about.case, case.posted_at) if case.posted_at else None,
        "post_url": lookup.words(case, case.post_url),
        "child_words": lookup.words(case, case.child_words),
        "people": [_involved(lookup, case, p) for p in case.people.values()],
        "evidence": _evidence(lookup, about),
        "actions_taken": _taken(lookup, about, event.agency),
    }


def _involved(lookup: Lookup, case: Case, person: Involvement) -> data.Involved:
    return data.Involved(
        part=person.part,
        role=NAMELESS.get(person.role, person.role.replace("_", " ")),
        name=lookup.words(case, person.name),
    )


def _evidence(lookup: Lookup, about: About) -> list[data.Evidence]:
    return [
        data.Evidence(
            label=lookup.words(about.case, item.label) or item.kind,
            kind=item.kind,
            captured_at=lookup.local(about.case, item.captured_at),
            sha256=item.sha256,
        )
        for item in about.case.evidence.values()
    ]


def _taken(lookup: Lookup, about: About, agency: Agency) -> list[str]:
    """What the school has done so far, one line each."""
    case = about.case
    platform = lookup.opened(case, case.platform)
    lines = [
        f"{_date(lookup, about, a.taken_at)}: {ACTS[a.act]} on {platform}"
        for a in case.actions.values()
    ]
    lines += [
        f"{_date(lookup, about, r.made_at)}: referred to {about.files.directory[other].name}"
        for other, r in case.referrals.items()
        if other is not agency
    ]
    told = lookup.words(case, case.immediate_action)
    return [*lines, f"At the time: {told}"] if told else lines


def _common(lookup: Lookup, about: About) -> dict[str, Any]:
    """What every letter begins with. The contact is the lead, or the office before there is one."""
    case, head = about.case, about.files.letterhead
    leads = lookup.cases.users.people(case.school, [case.lead]) if case.lead else []
    contact = data.Contact(
        name=leads[0].name if leads else head.contact_name,
        role=title(leads[0].roles) if leads else head.contact_role,
        phone=head.phone,
        email=head.email,
    )
    school = data.School(
        name=head.name, address_lines=list(head.address), phone=head.phone, email=head.email
    )
    return {
        "school": school,
        "reference": case.reference,
        "written_on": about.written_on,
        "contact": contact,
        "recipient": about.recipient,
    }


def _clauses(about: About, refs: tuple[str, ...]) -> list[data.Clause]:
    """Clauses with the words of the edition in force; one that has gone keeps its number."""
    words = about.files.policy.clauses
    return [data.Clause(ref=ref, words=words.get(ref, "see the school's policy")) for ref in refs]


def _date(lookup: Lookup, about: About, moment: datetime) -> str:
    day = lookup.day(about.case, moment)
    return f"{day.day} {day:%B %Y}"


KINDS: Final[Mapping[str, Callable[[Lookup, About], data.Letter]]] = {
    "L1": _report_received,
    "L2": _removal_and_meeting,
    "L13": _audience_notice,
    "L17": _staff_correction,
    "L19": _police_referral,
    "L20": _lado_referral,
    "L31": _report_closed,
    "A1": _new_report,
    "A4": _possible_offence,
    "A8": _deadline_passed,
}
"""By the letter's code: the same codes as in `letter_data.LETTERS`."""
