"""What becomes of a letter: written, approved, sent once, or put where a person sees it."""

from collections.abc import Iterator
from hashlib import sha256
from uuid import UUID

import pytest

from durable import Place
from notifier.broker import TooLarge
from notifier.fates import Happening, State
from notifier.render import Renderer
from tests.notifier.office import CASE, Office
from tests.notifier.other_side import Script, reference
from tests.support.smtp_server import SmtpServer

OTHER_CASE = UUID(int=200)


@pytest.fixture
def office(
    home: Place, renderer: Renderer, script: Script, smtp_server: SmtpServer
) -> Iterator[Office]:
    office = Office(home, renderer, script, smtp_server.url)
    yield office
    office.close()


async def sent(office: Office, code: str = "L2") -> UUID:
    """A letter that was written and approved."""
    letter = office.ask(code)
    await office.becomes(letter, State.DRAFTED)
    office.decide(letter, Happening.APPROVED)
    return letter


async def test_a_letter_waits_for_its_approval_and_then_goes_exactly_as_it_was_kept(
    office: Office, script: Script, smtp_server: SmtpServer
) -> None:
    async with office.desk():
        letter = office.ask("L2")
        drafted = await office.becomes(letter, State.DRAFTED)
        media_type, document = script.documents[letter]
        assert drafted.document == sha256(document).hexdigest()
        assert (drafted.media_type, media_type) == ("application/pdf", "application/pdf")
        assert smtp_server.mails == []
        office.decide(letter, Happening.APPROVED)
        await office.becomes(letter, State.ACCEPTED)
    [mail] = smtp_server.mails
    [attached] = mail.message.iter_attachments()
    assert attached.get_content() == document
    assert attached.get_filename() == f"{reference(CASE)}.pdf"
    assert mail.message["Subject"].endswith(f"({reference(CASE)})")
    assert office.told(letter) == ["letter_drafted", "letter_sent"]
    assert script.asked == {"letter_data": 1, "keep_document": 1, "delivery": 1}


async def test_a_letter_that_needs_no_approval_goes_at_once(
    office: Office, script: Script, smtp_server: SmtpServer
) -> None:
    async with office.desk():
        letter = office.ask("L1", form="email")
        await office.becomes(letter, State.ACCEPTED)
    [mail] = smtp_server.mails
    _, document = script.documents[letter]
    assert mail.message.get_content().splitlines() == document.decode().splitlines()
    assert office.told(letter) == ["letter_drafted", "letter_sent"]


async def test_an_alert_is_sent_without_being_kept_and_without_detail(
    office: Office, script: Script, smtp_server: SmtpServer
) -> None:
    async with office.desk():
        alert = office.ask("A1", form="email")
        await office.becomes(alert, State.ACCEPTED)
    [mail] = smtp_server.mails
    assert mail.message["Subject"] == f"Case {reference(CASE)}: please act"
    assert script.documents == {}
    assert office.told(alert) == ["letter_sent"]
    assert "X-Caseward-Possible-Repeat" not in mail.message


async def test_a_notice_is_written_for_a_person_to_post(
    office: Office, script: Script, smtp_server: SmtpServer
) -> None:
    async with office.desk():
        notice = office.ask("L13", form="notice")
        await office.becomes(notice, State.DRAFTED)
        office.decide(notice, Happening.APPROVED)
        office.decide(notice, Happening.POSTED)
    assert office.row(notice).state is State.ACCEPTED
    assert smtp_server.attempts == 0
    assert len(script.documents[notice][1].decode()) <= 280


# ── the mail server misbehaves ────────────────────────────────────────────────────────────────────


async def test_a_mail_server_that_is_down_for_an_hour_loses_nothing_and_repeats_nothing(
    office: Office, smtp_server: SmtpServer
) -> None:
    smtp_server.stop()
    async with office.desk():
        letter, alert = await sent(office), office.ask("A1", form="email")
        for failures, minutes in enumerate((1, 5, 15, 30), start=1):
            for waiting in (letter, alert):
                row = await office.fails(waiting, failures)
                assert (row.state, row.reason) == (State.RETRY, "smtp-unreachable")
            office.pass_(minutes=minutes)
        for waiting in (letter, alert):
            await office.fails(waiting, 5)
        smtp_server.start()
        office.pass_(minutes=60)
        await office.becomes(letter, State.ACCEPTED)
        await office.becomes(alert, State.ACCEPTED)
    assert len(smtp_server.mails) == 2
    assert office.told(letter) == ["letter_drafted", "letter_sent"]


async def test_a_temporary_refusal_is_tried_again_when_its_time_has_come(
    office: Office, smtp_server: SmtpServer
) -> None:
    smtp_server.refuse_data("452 4.2.2 mailbox full")
    async with office.desk():
        letter = await sent(office)
        row = await office.becomes(letter, State.RETRY)
        assert (row.reason, row.failures) == ("smtp-452-4.2.2", 1)
        assert (row.next_at - office.clock()).total_seconds() == 60
        office.pass_(seconds=59)
        assert office.row(letter).state is State.RETRY
        office.pass_(seconds=1)
        await office.becomes(letter, State.ACCEPTED)
    assert len(smtp_server.mails) == 1


async def test_a_permanent_refusal_stops_at_once_and_is_told(
    office: Office, smtp_server: SmtpServer
) -> None:
    smtp_server.refuse_recipient("550 5.1.1 no parent.7@example.org here")
    async with office.desk():
        letter = await sent(office)
        row = await office.becomes(letter, State.FAILED)
    assert row.reason == "smtp-550-5.1.1"
    assert office.told(letter) == ["letter_drafted", "letter_failed"]
    assert smtp_server.attempts == 1


async def test_after_a_day_of_trying_it_is_given_up_and_told(
    office: Office, smtp_server: SmtpServer
) -> None:
    smtp_server.stop()
    async with office.desk():
        letter = await sent(office)
        await office.becomes(letter, State.RETRY)
        with office.database.writing() as connection:
            connection.execute("UPDATE letters SET failures = 27")
        office.pass_(hours=1)
        row = await office.becomes(letter, State.FAILED)
    assert row.reason == "gave_up: smtp-unreachable"
    assert office.told(letter)[-1] == "letter_failed"


@pytest.mark.parametrize("kept", [True, False])
async def test_a_letter_whose_reply_is_lost_waits_for_a_person(
    office: Office, smtp_server: SmtpServer, kept: bool
) -> None:
    smtp_server.drop_after_data(kept=kept)
    async with office.desk():
        letter = await sent(office)
        await office.becomes(letter, State.UNCERTAIN)
        office.pass_(days=2)
        office.decide(letter, Happening.FOUND_DELIVERED if kept else Happening.FOUND_MISSING)
        await office.becomes(letter, State.ACCEPTED)
    assert len(smtp_server.mails) == 1
    told = ["letter_drafted", "letter_uncertain"]
    assert office.told(letter) == (told if kept else [*told, "letter_sent"])


async def test_an_alert_whose_reply_is_lost_goes_again_under_the_same_id_and_says_so(
    office: Office, smtp_server: SmtpServer
) -> None:
    smtp_server.drop_after_data(kept=True)
    async with office.desk():
        alert = office.ask("A1", form="email")
        await office.becomes(alert, State.RETRY)
        office.pass_(minutes=1)
        await office.becomes(alert, State.ACCEPTED)
    first, second = (mail.message for mail in smtp_server.mails)
    assert first["Message-ID"] == second["Message-ID"]
    assert "X-Caseward-Possible-Repeat" not in first
    assert second["X-Caseward-Possible-Repeat"] == "yes"


async def test_a_crash_while_handing_over_leaves_a_letter_uncertain_and_repeats_an_alert(
    office: Office, smtp_server: SmtpServer
) -> None:
    async with office.desk():
        letter = office.ask("L2")
        await office.becomes(letter, State.DRAFTED)
    alert = office.ask("A1", form="email")
    for row, before in ((letter, Happening.APPROVED), (alert, None)):
        if before:
            office.decide(row, before)
        office.decide(row, Happening.BODY_NEXT)
    async with office.desk():
        await office.becomes(letter, State.UNCERTAIN)
        await office.becomes(alert, State.ACCEPTED)
    [mail] = smtp_server.mails
    assert mail.message["X-Caseward-Possible-Repeat"] == "yes"
    assert office.told(letter) == ["letter_drafted", "letter_uncertain"]


async def test_a_letter_withdrawn_at_the_last_moment_is_not_sent(
    office: Office, smtp_server: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    move, letter = office.ledger.move, UUID(int=0)

    def withdrawn_first(letter_id: UUID, happening: Happening, **more: object) -> State:
        if happening is Happening.BODY_NEXT:
            move(letter_id, Happening.WITHDRAWN)
        return move(letter_id, happening, **more)  # type: ignore[arg-type]

    async with office.desk():
        letter = office.ask("L2")
        await office.becomes(letter, State.DRAFTED)
        monkeypatch.setattr(office.ledger, "move", withdrawn_first)
        office.bell.ring()
        move(letter, Happening.APPROVED)
        office.bell.ring()
        await office.becomes(letter, State.CANCELLED)
    assert smtp_server.mails == []
    assert office.told(letter) == ["letter_drafted"]


# ── incidents refuses, changes its mind, or says nothing ──────────────────────────────────────────


async def test_while_incidents_is_silent_everything_waits_and_nothing_is_lost(
    office: Office, script: Script, smtp_server: SmtpServer
) -> None:
    script.silent = True
    async with office.desk():
        letter, alert = office.ask("L1", form="email"), office.ask("A1", form="email")
        await office.reason(letter, "no_answer")
        await office.reason(alert, "no_answer")
        script.silent = False
        office.pass_(seconds=1)
        await office.becomes(letter, State.ACCEPTED)
        await office.becomes(alert, State.ACCEPTED)
    assert len(smtp_server.mails) == 2


async def test_a_letter_that_the_case_has_not_read_of_yet_is_asked_for_again(
    office: Office, script: Script, smtp_server: SmtpServer
) -> None:
    script.refusals["delivery"] = "unknown_letter"
    async with office.desk():
        letter = office.ask("L1", form="email")
        row = await office.reason(letter, "unknown_letter")
        assert row.state is State.QUEUED
        assert (row.next_at - office.clock()).total_seconds() == 0.25
        del script.refusals["delivery"]
        office.pass_(seconds=1)
        await office.becomes(letter, State.ACCEPTED)
    assert len(smtp_server.mails) == 1


@pytest.mark.parametrize(
    ("question", "reason", "state", "told"),
    [
        ("letter_data", "no_basis_for_writing", State.FAILED, "letter_failed"),
        ("letter_data", "unknown_letter", State.FAILED, "letter_failed"),
        ("keep_document", "unknown_case", State.FAILED, "letter_failed"),
        ("delivery", "no_email_address", State.FAILED, "letter_failed"),
        ("delivery", "not_approved", State.CANCELLED, "letter_withdrawn"),
    ],
)
async def test_what_incidents_refuses_is_not_sent_and_told_with_its_reason(
    office: Office,
    script: Script,
    smtp_server: SmtpServer,
    question: str,
    reason: str,
    state: State,
    told: str,
) -> None:
    script.refusals[question] = reason
    async with office.desk():
        letter = office.ask("L1", form="email")
        row = await office.becomes(letter, state)
    assert row.reason == reason
    assert office.told(letter)[-1] == told
    assert office.about(letter)[-1].data["reason"] == reason
    assert smtp_server.attempts == 0


async def test_an_alert_for_somebody_who_may_no_longer_see_the_case_is_dropped(
    office: Office, script: Script, smtp_server: SmtpServer
) -> None:
    script.refusals["letter_data"] = "unknown_recipient"
    async with office.desk():
        alert = office.ask("A1", form="email")
        await office.becomes(alert, State.CANCELLED)
    assert smtp_server.attempts == 0


async def test_a_document_that_is_not_the_one_that_was_kept_is_not_sent(
    office: Office, script: Script, smtp_server: SmtpServer
) -> None:
    script.altered = True
    async with office.desk():
        letter = await sent(office)
        row = await office.becomes(letter, State.FAILED)
    assert row.reason == "document_changed"
    assert smtp_server.attempts == 0


async def test_a_letter_too_large_for_the_broker_fails_visibly(
    office: Office, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = script.request

    async def carry(subject: str, payload: bytes, timeout_seconds: float) -> bytes:
        if len(payload) > 500:
            raise TooLarge
        return await request(subject, payload, timeout_seconds)

    monkeypatch.setattr(script, "request", carry)
    async with office.desk():
        letter = office.ask("L2")
        row = await office.becomes(letter, State.FAILED)
    assert row.reason == "too_large"
    assert office.told(letter) == ["letter_failed"]


async def test_facts_that_do_not_fit_the_letter_fail_it_visibly(
    office: Office, script: Script
) -> None:
    script.facts_changed = {"received_on": "soon"}
    async with office.desk():
        letter = office.ask("L1", form="email")
        row = await office.becomes(letter, State.FAILED)
    assert row.reason == "bad_facts"


async def test_an_answer_that_makes_no_sense_is_asked_for_again_at_a_slow_pace(
    office: Office, script: Script, smtp_server: SmtpServer
) -> None:
    script.garbled = True
    async with office.desk():
        alert = office.ask("A1", form="email")
        row = await office.reason(alert, "fault-BadAnswer")
        assert (row.next_at - office.clock()).total_seconds() == 60
        script.garbled = False
        office.pass_(minutes=1)
        await office.becomes(alert, State.ACCEPTED)
    assert len(smtp_server.mails) == 1


async def test_an_address_that_cannot_be_one_fails_the_letter_and_is_not_logged(
    office: Office, script: Script, smtp_server: SmtpServer, caplog: pytest.LogCaptureFixture
) -> None:
    script.email = "parent.{} at home\r\nBcc: other@example.org"
    async with office.desk():
        letter = await sent(office)
        row = await office.becomes(letter, State.FAILED)
    assert row.reason == "bad-address"
    assert smtp_server.attempts == 0
    assert "other@example.org" not in caplog.text


# ── order and time ────────────────────────────────────────────────────────────────────────────────


async def test_letters_of_a_case_leave_in_their_order_and_other_cases_do_not_wait(
    office: Office, smtp_server: SmtpServer
) -> None:
    letters = [office.ask("L1", case, form="email") for case in (CASE, OTHER_CASE) * 5]
    async with office.desk():
        for letter in letters:
            await office.becomes(letter, State.ACCEPTED)
    order = [UUID(mail.message["Message-ID"][1:37]) for mail in smtp_server.mails]
    assert [letter for letter in order if letter in letters[::2]] == letters[::2]
    assert [letter for letter in order if letter in letters[1::2]] == letters[1::2]


async def test_after_its_time_a_letter_is_not_sent_and_somebody_is_told(
    office: Office, smtp_server: SmtpServer
) -> None:
    letter = office.ask("L2")
    office.pass_(days=15)
    async with office.desk():
        row = await office.becomes(letter, State.FAILED)
    assert row.reason == "too_late"
    assert office.told(letter) == ["letter_failed"]
    assert smtp_server.attempts == 0


async def test_a_draft_waits_for_its_approval_however_long_that_takes(office: Office) -> None:
    async with office.desk():
        letter = office.ask("L2")
        await office.becomes(letter, State.DRAFTED)
        office.pass_(days=60)
        later = office.ask("L1", form="email")
        await office.becomes(later, State.ACCEPTED)
    row = office.ledger.letter(letter)
    assert row is not None
    assert row.state is State.DRAFTED


async def test_a_ledger_restored_from_an_old_copy_posts_nothing_stale(
    office: Office, smtp_server: SmtpServer
) -> None:
    letter, alert = office.ask("L1", form="email"), office.ask("A1", form="email")
    office.pass_(days=15)
    async with office.desk():
        await office.becomes(letter, State.FAILED)
        await office.becomes(alert, State.FAILED)
    assert smtp_server.attempts == 0
