"""What goes into the letters about a post and about conduct, to all but agencies."""

from collections.abc import Mapping
from typing import Final

from incidents import letter_data as data
from incidents.domain.internal import MeetingInvited
from incidents.domain.moderation import ModerationActionTaken
from incidents.domain.remedies import RemedyRequired
from incidents.domain.vocabulary import Due
from incidents.letters.about import About, Facts, clauses, common
from incidents.letters.lookup import Lookup
from incidents.letters.words import ACTS


def _report_received(lookup: Lookup, about: About) -> data.Letter:
    due = about.case.deadlines.get(Due.ACKNOWLEDGE)
    return data.ReportReceived(
        **common(lookup, about),
        received_on=lookup.day(about.case, about.case.reported_at),
        act_by=lookup.day(about.case, due.due_at) if due else None,
    )


def _report_closed(lookup: Lookup, about: About) -> data.Letter:
    return data.ReportClosed(
        **common(lookup, about),
        received_on=lookup.day(about.case, about.case.reported_at),
        closed_on=lookup.day(about.case, about.event.recorded_at),
    )


def _removal_and_meeting(lookup: Lookup, about: About) -> data.Letter:
    case, event = about.case, about.of(MeetingInvited)
    recheck = case.deadlines.get(Due.POST_RECHECK)
    return data.RemovalAndMeeting(
        **common(lookup, about),
        post=data.Post(
            platform=lookup.opened(case, case.platform),
            seen_on=lookup.day(about.case, case.observed_at),
            posted_on=lookup.day(about.case, case.posted_at) if case.posted_at else None,
            url=lookup.words(case, case.post_url),
        ),
        policy_title=about.files.policy.title,
        clauses=clauses(about, case.assessment.clauses if case.assessment else ()),
        meeting_slots=[lookup.local(about.case, slot) for slot in event.meeting_slots],
        reply_by=lookup.day(about.case, recheck.due_at) if recheck else None,
    )


def _audience_notice(lookup: Lookup, about: About) -> data.Letter:
    event = about.of(ModerationActionTaken)
    (clause,) = clauses(about, (event.clause,))
    return data.AudienceNotice(**common(lookup, about), action=ACTS[event.act], clause=clause)


def _staff_correction(lookup: Lookup, about: About) -> data.Letter:
    event = about.of(RemedyRequired)
    return data.StaffCorrection(
        **common(lookup, about),
        clauses=clauses(about, event.clauses),
        correction=lookup.opened(about.case, event.correction),
        correct_by=lookup.day(about.case, event.correct_by),
        support=lookup.words(about.case, event.support),
    )


KINDS: Final[Mapping[str, Facts]] = {
    "L1": _report_received,
    "L2": _removal_and_meeting,
    "L13": _audience_notice,
    "L17": _staff_correction,
    "L31": _report_closed,
}
