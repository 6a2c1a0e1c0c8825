"""The misbehaving mail server misbehaves as it says; the notifier's tests rely on it."""

import smtplib
from collections.abc import Callable
from email.message import EmailMessage

import pytest

from tests.support.smtp_server import SmtpServer

RECIPIENT = "parent@example.org"


def send(server: SmtpServer, subject: str = "a letter") -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "school@example.org", RECIPIENT, subject
    message.set_content("Dear parent,\n\n.\n..dots at the start of a line\n")
    with smtplib.SMTP("127.0.0.1", server.port, timeout=5) as connection:
        connection.send_message(message)


def test_an_accepted_mail_is_a_file_with_its_envelope(smtp_server: SmtpServer) -> None:
    send(smtp_server)
    [mail] = smtp_server.mails
    assert (mail.sender, mail.recipients) == ("school@example.org", [RECIPIENT])
    assert "..dots at the start" in mail.message.get_content()
    kept = mail.file.read_bytes()
    assert kept.startswith(b"Return-Path: <school@example.org>\r\nDelivered-To: parent@")
    assert kept.endswith(mail.content)
    assert list(smtp_server.folder.iterdir()) == [mail.file]


@pytest.mark.parametrize("reply", ["452 4.2.2 mailbox full", "550 5.1.1 no such user"])
@pytest.mark.parametrize(
    ("refuse", "expected"),
    [
        (SmtpServer.refuse_sender, smtplib.SMTPSenderRefused),
        (SmtpServer.refuse_recipient, smtplib.SMTPRecipientsRefused),
        (SmtpServer.refuse_data, smtplib.SMTPDataError),
    ],
)
def test_a_refused_mail_is_not_kept_and_the_next_one_is(
    smtp_server: SmtpServer,
    refuse: Callable[[SmtpServer, str], None],
    expected: type[smtplib.SMTPException],
    reply: str,
) -> None:
    refuse(smtp_server, reply)
    with pytest.raises(expected) as refusal:
        send(smtp_server)
    assert reply[:3] in str(refusal.value)
    assert smtp_server.mails == []
    send(smtp_server)
    assert len(smtp_server.mails) == 1
    assert smtp_server.attempts == 2


@pytest.mark.parametrize("kept", [True, False])
def test_a_connection_dropped_after_the_mail_leaves_no_reply(
    smtp_server: SmtpServer, kept: bool
) -> None:
    smtp_server.drop_after_data(kept=kept)
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
        send(smtp_server)
    assert len(smtp_server.mails) == (1 if kept else 0)


def test_a_connection_dropped_before_the_mail_keeps_nothing(smtp_server: SmtpServer) -> None:
    smtp_server.drop_before_data(times=2)
    for _ in range(2):
        with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
            send(smtp_server)
    send(smtp_server, "the third")
    assert [mail.message["Subject"] for mail in smtp_server.mails] == ["the third"]


def test_a_stopped_server_refuses_connections_and_comes_back(smtp_server: SmtpServer) -> None:
    smtp_server.stop()
    with pytest.raises(ConnectionRefusedError):
        send(smtp_server)
    smtp_server.start()
    send(smtp_server)
    assert len(smtp_server.mails) == 1
