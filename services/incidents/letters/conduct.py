"""What goes into the letters about a post and about conduct, to all but agencies."""

from collections.abc import Mapping
from typing import Final

from incidents import letter_data as data
from incidents.domain.behaviour import BehaviourPolicyApplied
from incidents.domain.closing import OutcomeRecorded
from incidents.domain.facts import PersonId
from incidents.domain.images import ListedChildPublished, PublicationTakenDown
from incidents.domain.internal import MeetingInvited, RemovalReminded, RemovalRequested
from incidents.domain.moderation import ModerationActionTaken
from incidents.domain.remedies import RemedyRequired
from incidents.domain.sharing import DisclosureAgreed
from incidents.domain.state import Case
from incidents.domain.training import TrainingAssigned
from incidents.domain.vocabulary import Due
from incidents.letters.about import About, Facts, clauses, common, earlier
from incidents.letters.lookup import Lookup, NotToBeSent
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
        post=_post(lookup, case),
        policy_title=about.files.policy.title,
        clauses=clauses(about, case.assessment.clauses if case.assessment else ()),
        meeting_slots=[lookup.local(about.case, slot) for slot in event.meeting_slots],
        reply_by=lookup.day(about.case, recheck.due_at) if recheck else None,
    )


def _post_still_there(lookup: Lookup, about: About) -> data.Letter:
    case, event = about.case, about.of(RemovalReminded)
    asked = earlier(lookup, about, RemovalRequested)
    return data.PostStillThere(
        **common(lookup, about),
        post=_post(lookup, case),
        policy_title=about.files.policy.title,
        clauses=clauses(about, case.assessment.clauses if case.assessment else ()),
        next_steps=lookup.opened(case, event.next_steps),
        asked_on=lookup.day(case, asked.recorded_at) if asked else None,
        meeting_slots=[lookup.local(case, slot) for slot in event.meeting_slots],
    )


def _post(lookup: Lookup, case: Case) -> data.Post:
    return data.Post(
        platform=lookup.opened(case, case.platform),
        seen_on=lookup.day(case, case.observed_at),
        posted_on=lookup.day(case, case.posted_at) if case.posted_at else None,
        url=lookup.words(case, case.post_url),
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


def _training_set(lookup: Lookup, about: About) -> data.Letter:
    case, event = about.case, about.of(TrainingAssigned)
    return data.TrainingSet(
        **common(lookup, about),
        topic=lookup.opened(case, event.topic),
        attend_by=lookup.day(case, event.attend_by),
    )


def _told_of_allegation(lookup: Lookup, about: About) -> data.Letter:
    case, event = about.case, about.of(DisclosureAgreed)
    return data.ToldOfAllegation(
        **common(lookup, about, about.event.actor.user),
        agency=about.files.directory[event.agency].name,
        agreed=lookup.opened(case, event.what),
    )


def _pupils_behaviour(lookup: Lookup, about: About) -> data.Letter:
    """Of one pupil. Not even the platform: its name may be that of another child's page."""
    case, event = about.case, about.of(BehaviourPolicyApplied)
    return data.PupilsBehaviour(
        **common(lookup, about),
        child=_childs_name(lookup, case, event.person),
        known_on=lookup.day(case, case.reported_at),
        clauses=clauses(about, case.assessment.clauses if case.assessment else ()),
        done=lookup.opened(case, event.done),
        support=lookup.words(case, event.support),
    )


def _child_published(lookup: Lookup, about: About) -> data.Letter:
    """Of the one child whose parents are written to, though several may be in the picture."""
    case, taken_down = about.case, about.of(PublicationTakenDown)
    child = about.recipient.recipient_ref
    for recorded in reversed(lookup.cases.history(case.id)):
        shown = recorded.event
        if isinstance(shown, ListedChildPublished) and shown.person == child:
            return data.ChildPublished(
                **common(lookup, about),
                child=_childs_name(lookup, case, shown.person),
                where=lookup.opened(case, shown.where),
                published_on=lookup.day(case, shown.published_at),
                taken_down_on=lookup.day(case, taken_down.taken_down_at),
            )
    raise NotToBeSent("nothing_to_tell")


def _dealt_with(lookup: Lookup, about: About) -> data.Letter:
    about.of(OutcomeRecorded)
    return data.DealtWith(
        **common(lookup, about),
        reported_on=lookup.day(about.case, about.case.reported_at),
        decided_on=lookup.day(about.case, about.event.recorded_at),
    )


def _childs_name(lookup: Lookup, case: Case, child: PersonId) -> str:
    known = case.people.get(child)
    name = lookup.words(case, known.name) if known else None
    if not name:
        raise NotToBeSent("unknown_child")
    return name


KINDS: Final[Mapping[str, Facts]] = {
    "L1": _report_received,
    "L2": _removal_and_meeting,
    "L3": _post_still_there,
    "L13": _audience_notice,
    "L16": _pupils_behaviour,
    "L17": _staff_correction,
    "L17b": _training_set,
    "L18": _told_of_allegation,
    "L27": _child_published,
    "L30": _dealt_with,
    "L31": _report_closed,
}
