"""Letters: drafted by the notifier, approved by a colleague, and never lost from sight."""

import pytest
from msgspec.structs import replace

from incidents.domain.closing import CloseCase
from incidents.domain.letters import (
    AlertFailed,
    AlertSent,
    ApproveLetter,
    LetterApproved,
    LetterFailed,
    LetterRendered,
    LetterResolved,
    LetterSent,
    LetterUncertain,
    LetterWithdrawn,
    RecordAlert,
    RecordLetterFailed,
    RecordLetterSent,
    RecordLetterUncertain,
    ResolveLetter,
    WithdrawLetter,
)
from incidents.domain.table import Refuses
from incidents.domain.vocabulary import LetterState, Role, Stage
from tests.incidents.domain.cases import (
    ABOUT_THE_HEAD,
    HARMLESS,
    HASH,
    INSIDE,
    LETTER,
    approved,
    assessed,
    draft,
    drafted,
    identified,
    remedy,
    reported,
    requested,
    resolved,
    sent,
)
from tests.incidents.domain.school import (
    CHAIR,
    HEADTEACHER,
    NOTIFIER,
    OTHER_SLT,
    PEOPLE,
    SLT,
    STAFF,
    school_of,
    user,
)
from tests.incidents.domain.support import Story

APPROVE = ApproveLetter(letter=LETTER, document=HASH)
WITHDRAW = WithdrawLetter(letter=LETTER, reason="It was told in person.")
RESOLVE = ResolveLetter(letter=LETTER, delivered=True, how_known="The parent rang about it.")
SENT = RecordLetterSent(letter=LETTER, channel="email")
UNCERTAIN = RecordLetterUncertain(letter=LETTER, why="no_reply")
FAILED = RecordLetterFailed(letter=LETTER, code="L2", prompted_by=LETTER, why="mailbox_unknown")


def state(story: Story) -> LetterState:
    return story.case.letters[LETTER].state


def about_the_head() -> Story:
    """The chair asks the headteacher to put something right, and the letter is drafted."""
    story = assessed(HARMLESS, ABOUT_THE_HEAD, lead=CHAIR).after(INSIDE, by=CHAIR)
    story = identified(story, CHAIR)
    story = story.after(remedy(story), by=CHAIR)
    asked = next(r for r in story if r.event.TOPIC == "incidents.remedy_required")
    return drafted(story, "L17", prompted_by=asked.event_id)


# ── approval ──────────────────────────────────────────────────────────────────────────────────────


def test_a_letter_waits_until_a_colleague_has_approved_it() -> None:
    story = drafted(requested())
    assert state(story) is LetterState.DRAFTED
    story.when(SENT, by=NOTIFIER).refused(because="state")
    story = story.when(APPROVE, by=HEADTEACHER).records(LetterApproved)
    assert state(story) is LetterState.APPROVED
    assert story.case.letters[LETTER].approved_by == HEADTEACHER.id


def test_whoever_asked_for_a_letter_does_not_approve_it() -> None:
    story = drafted(requested())
    story.when(APPROVE, by=SLT).refused(because="approver_did_not_prompt_it", for_=Refuses.WHO)


def test_what_is_approved_is_the_document_that_was_read() -> None:
    other = replace(APPROVE, document="cd" * 32)
    drafted(requested()).when(other, by=HEADTEACHER).refused(because="document_is_the_one_kept")


def test_a_letter_that_needs_no_approval_goes_at_once() -> None:
    story = reported().after(draft("L1", needs_approval=False), by=NOTIFIER)
    assert state(story) is LetterState.APPROVED
    story.when(SENT, by=NOTIFIER).records(LetterSent)


def test_a_headteacher_who_leads_approves_where_no_colleague_could() -> None:
    """In a small school nobody else sees such a case, and the letter would never leave."""
    story = drafted(requested(lead=HEADTEACHER))
    answer = story.when(APPROVE, by=HEADTEACHER)
    answer.records(LetterApproved)
    assert answer.role is Role.HEADTEACHER


def test_a_letter_about_the_headteacher_leaves_although_only_the_chair_sees_the_case() -> None:
    answer = about_the_head().when(APPROVE, by=CHAIR)
    answer.records(LetterApproved)
    assert answer.role is Role.CHAIR


def test_where_there_is_a_vice_chair_the_chair_needs_his_approval() -> None:
    vice_chair = user("the vice-chair", Role.CHAIR)
    story = about_the_head().at(school_of(*PEOPLE, vice_chair))
    story.when(APPROVE, by=CHAIR).refused(because="approver_did_not_prompt_it")
    story.when(APPROVE, by=vice_chair).records(LetterApproved)


def test_a_lead_who_is_no_headteacher_never_approves_what_he_asked_for() -> None:
    story = drafted(requested()).at(school_of(STAFF, SLT, OTHER_SLT))
    story.when(APPROVE, by=SLT).refused(because="approver_did_not_prompt_it")


# ── what becomes of it ────────────────────────────────────────────────────────────────────────────


def test_an_uncertain_letter_waits_for_somebody_who_knows() -> None:
    story = approved(drafted(requested())).when(UNCERTAIN, by=NOTIFIER).records(LetterUncertain)
    assert state(story) is LetterState.UNCERTAIN
    arrived = story.when(RESOLVE, by=HEADTEACHER).records(LetterResolved)
    assert state(arrived) is LetterState.SENT
    again = story.after(replace(RESOLVE, delivered=False), by=HEADTEACHER)
    assert state(again) is LetterState.APPROVED


def test_what_has_been_sent_is_not_withdrawn() -> None:
    sent(approved(drafted(requested()))).when(WITHDRAW, by=HEADTEACHER).refused(because="state")


def test_a_letter_that_was_on_its_way_when_it_was_withdrawn_is_recorded_as_sent() -> None:
    story = approved(drafted(requested())).when(WITHDRAW, by=SLT).records(LetterWithdrawn)
    assert state(story) is LetterState.WITHDRAWN
    assert state(story.when(SENT, by=NOTIFIER).records(LetterSent)) is LetterState.SENT


def test_no_case_closes_over_a_letter_that_could_not_be_sent() -> None:
    """Notices that silently fail to send: somebody withdraws it and says how it was told."""
    story = resolved().after(draft(), by=NOTIFIER).when(FAILED, by=NOTIFIER).records(LetterFailed)
    told = story.when(CloseCase(), by=HEADTEACHER).refused(because="no_open_letter")
    assert "failed" in told
    story.after(WITHDRAW, by=SLT).when(CloseCase(), by=HEADTEACHER).accepted()


def test_a_letter_that_failed_is_sent_again_once_it_is_mended() -> None:
    story = approved(drafted(requested())).after(FAILED, by=NOTIFIER)
    story = story.when(replace(RESOLVE, delivered=False), by=SLT).records(LetterResolved)
    assert state(story) is LetterState.APPROVED


def test_a_draft_that_failed_before_anybody_approved_it_is_not_sent_again() -> None:
    """Else whoever asked for it could let it go alone."""
    story = drafted(requested()).after(FAILED, by=NOTIFIER)
    again = replace(RESOLVE, delivered=False)
    for by in (SLT, HEADTEACHER):
        story.when(again, by=by).refused(because="there_is_something_to_send")
    assert state(story.after(RESOLVE, by=SLT)) is LetterState.SENT


def test_a_letter_that_could_not_even_be_written_is_known_to_its_case() -> None:
    story = requested().when(FAILED, by=NOTIFIER).records(LetterFailed)
    assert story.case.open_letters == (story.case.letters[LETTER],)
    assert story.case.letters[LETTER].document is None
    again = replace(RESOLVE, delivered=False)
    story.when(again, by=SLT).refused(because="there_is_something_to_send")
    assert state(story.after(WITHDRAW, by=SLT)) is LetterState.WITHDRAWN


@pytest.mark.parametrize("stage", [Stage.REPORTED, Stage.RESOLVED])
def test_an_alert_is_recorded_whatever_becomes_of_it(stage: Stage) -> None:
    story = reported() if stage is Stage.REPORTED else resolved()
    alert = RecordAlert(alert=LETTER, code="A1", prompted_by=LETTER)
    story.when(alert, by=NOTIFIER).records(AlertSent)
    failed = replace(alert, failed_because="mailbox_unknown")
    story.when(failed, by=NOTIFIER).records(AlertFailed)


def test_a_draft_says_whom_it_is_for_and_what_it_answers_to() -> None:
    story = drafted(requested())
    event = story.history[-1].event
    assert isinstance(event, LetterRendered)
    assert event.document == HASH
    assert event.prompted_by in story.case.prompts
