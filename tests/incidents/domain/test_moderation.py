"""Evidence first, then the act, then the audience is told why, or why not."""

from datetime import timedelta
from hashlib import sha256

import pytest
from msgspec.structs import replace

from incidents.domain.letters import LetterRendered
from incidents.domain.moderation import (
    AudienceInformed,
    AudienceNoticeWaived,
    EvidenceCaptured,
    EvidenceDescribedOnly,
    InformAudience,
    ModerationActionTaken,
    WaiveNotice,
)
from incidents.domain.timers import DeadlineMet, DeadlineSet
from incidents.domain.vocabulary import (
    Due,
    Flag,
    LetterForm,
    LetterState,
    Moderation,
    ModerationAct,
)
from tests.incidents.domain.cases import (
    DELETE,
    DESCRIPTION,
    EVIDENCE,
    HASH,
    LETTER,
    ON_OUR_ACCOUNT,
    draft,
    moderated,
    notice_approved,
    notice_drafted,
    reported,
)
from tests.incidents.domain.school import FRIDAY, HEADTEACHER, MODERATOR, NOTIFIER, STAFF
from tests.incidents.domain.support import Story

POSTED = InformAudience(letter=LETTER, posted_at=FRIDAY)
WAIVED = WaiveNotice(reason="It would tell everybody who was meant.")


def action_of(story: Story) -> ModerationActionTaken:
    (action,) = (r.event for r in story if isinstance(r.event, ModerationActionTaken))
    return action


# ── evidence ──────────────────────────────────────────────────────────────────────────────────────


def test_what_is_captured_goes_on_record_by_its_hash_and_never_by_its_bytes() -> None:
    event = reported().when(EVIDENCE, by=STAFF).event(EvidenceCaptured)
    assert event.sha256 == sha256(EVIDENCE.content).hexdigest()
    assert event.size == len(EVIDENCE.content)
    assert not any(isinstance(getattr(event, n), bytes) for n in event.__struct_fields__)


@pytest.mark.parametrize(
    ("media_type", "content"),
    [
        ("image/png", b"\xff\xd8\xff\xe0 a photograph"),
        ("image/jpeg", b"\x89PNG\r\n\x1a\n"),
        ("image/webp", b"RIFF\x24\x00\x00\x00WAVEfmt "),
        ("image/webp", b"RIFF"),
        ("application/pdf", b"<html>"),
        ("text/plain", b"\xff\xfe\x00\x01"),
        ("text/plain", b"words\0and bytes"),
        ("image/png", b""),
        ("text/plain", b"x" * (6 * 1024 * 1024 + 1)),
    ],
)
def test_a_file_is_what_its_type_says(media_type: str, content: bytes) -> None:
    lie = replace(EVIDENCE, media_type=media_type, content=content)
    reported().when(lie, by=STAFF).refused(because="content_is_usable")


@pytest.mark.parametrize(
    ("media_type", "content"),
    [
        ("image/png", b"\x89PNG\r\n\x1a\n"),
        ("image/jpeg", b"\xff\xd8\xff\xe0"),
        ("image/webp", b"RIFF\x24\x00\x00\x00WEBPVP8 "),
        ("application/pdf", b"%PDF-1.7"),
        ("text/plain", "“Useless and a liar”".encode()),
    ],
)
def test_every_type_of_evidence_is_taken(media_type: str, content: bytes) -> None:
    honest = replace(EVIDENCE, media_type=media_type, content=content)
    reported().when(honest, by=STAFF).records(EvidenceCaptured)


def test_indecent_imagery_is_described_and_never_captured() -> None:
    story = reported(replace(ON_OUR_ACCOUNT, flags=(Flag.NUDE_IMAGERY,)))
    told = story.when(EVIDENCE, by=STAFF).refused(because="nothing_indecent_is_copied")
    assert "describe-evidence" in told
    story = story.when(DESCRIPTION, by=STAFF).records(EvidenceDescribedOnly)
    assert all(item.sha256 is None for item in story.case.evidence.values())


# ── the act ───────────────────────────────────────────────────────────────────────────────────────


def test_nothing_is_deleted_before_it_is_kept() -> None:
    story = reported(ON_OUR_ACCOUNT)
    refused = story.when(DELETE, by=MODERATOR)
    refused.refused(because="state")
    refused.refused(because="evidence_is_kept")
    for kept in (EVIDENCE, DESCRIPTION):
        story.after(kept, by=MODERATOR).when(DELETE, by=MODERATOR).records(
            ModerationActionTaken, DeadlineMet, DeadlineSet
        )


def test_the_audience_is_to_be_told_on_the_same_day() -> None:
    story = moderated()
    assert story.case.moderation is Moderation.ACTIONED
    assert Due.AUDIENCE_NOTICE in story.case.open_deadlines
    assert Due.MODERATION not in story.case.open_deadlines


def test_a_second_act_asks_for_a_second_notice() -> None:
    story = notice_approved().after(POSTED, by=MODERATOR)
    blocked = replace(DELETE, act=ModerationAct.BLOCKED)
    story = story.after(blocked, by=MODERATOR)
    assert story.case.moderation is Moderation.ACTIONED
    assert Due.AUDIENCE_NOTICE in story.case.open_deadlines


def test_only_what_stands_on_the_schools_own_account_is_deleted_or_hidden() -> None:
    """A case comes to the moderator by its account or by an act already on record."""
    story = reported().after(EVIDENCE, by=STAFF)
    story = story.also(action_of(moderated()), by=MODERATOR)
    for act in (ModerationAct.DELETED, ModerationAct.HIDDEN):
        asked = replace(DELETE, act=act)
        story.when(asked, by=MODERATOR).refused(because="only_the_schools_own_space")
    story.when(replace(DELETE, act=ModerationAct.REPORTED), by=MODERATOR).accepted()


# ── the notice ────────────────────────────────────────────────────────────────────────────────────


def test_the_notice_is_posted_as_it_was_approved() -> None:
    answer = notice_approved().when(POSTED, by=MODERATOR)
    event = answer.event(AudienceInformed)
    assert event.text_hash == HASH
    assert event.approved_by == HEADTEACHER.id
    story = answer.records(AudienceInformed, DeadlineMet)
    assert story.case.moderation is Moderation.AUDIENCE_INFORMED
    assert story.case.letters[LETTER].state is LetterState.SENT


def test_a_notice_is_approved_by_somebody_who_did_not_act() -> None:
    notice_drafted().when(POSTED, by=MODERATOR).refused(because="notice_is_approved")


def test_a_notice_that_nobody_approved_is_not_posted_whatever_the_notifier_says() -> None:
    """Neither one that says it needs no approval, nor one from before every notice needed it."""
    notice = draft("L13", LetterForm.NOTICE, needs_approval=False)
    story = moderated().after(notice, by=NOTIFIER)
    story.when(POSTED, by=MODERATOR).refused(because="notice_is_approved")
    rendered = story.history[-1].event
    assert isinstance(rendered, LetterRendered)
    story = moderated().also(replace(rendered, needs_approval=False), by=NOTIFIER)
    story.when(POSTED, by=MODERATOR).refused(because="notice_is_approved")


def test_what_was_not_yet_posted_is_not_recorded_as_posted() -> None:
    story = notice_approved()
    later = replace(POSTED, posted_at=story.now + timedelta(minutes=1))
    story.when(later, by=MODERATOR).refused(because="acted_in_the_past")


def test_the_notice_is_waived_with_a_reason_where_it_would_name_somebody() -> None:
    story = moderated().when(WAIVED, by=HEADTEACHER).records(AudienceNoticeWaived, DeadlineMet)
    assert story.case.moderation is Moderation.NOTICE_WAIVED
    moderated().when(WAIVED, by=MODERATOR).refused(because="role")
