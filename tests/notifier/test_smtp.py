"""A real SMTP conversation, and what is known about a mail whenever it ends badly."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from uuid import UUID

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from deploy.ports import free_port
from notifier.transports import Address, Attachment, Mail, Permanent, Temporary, Uncertain
from notifier.transports.message import compose
from notifier.transports.smtp import BadSmtpUrl, Smtp, SmtpServer
from notifier.transports.smtp import smtp_server as server_named
from tests.support.smtp_server import SmtpServer as MailServer

LETTER = UUID("5b3b0f5e-0000-4000-8000-000000000001")
NOW = datetime(2026, 11, 20, 16, 40, tzinfo=UTC)
PDF = Attachment("CW-7K4M-2QXD.pdf", "application/pdf", b"%PDF-1.7 \x00\xff\r\n.\r\n%%EOF")


PARENT = Address("The parent", "parent@example.org")
OFFICE = Address("Oak Field Primary School", "office@example.com")


def mail(
    *,
    recipient: Address = PARENT,
    sender: Address = OFFICE,
    subject: str = "A letter from Oak Field Primary School (CW-7K4M-2QXD)",
    text: str = "Please find a letter attached.\n.\nThe school – office\n",
    attachment: Attachment | None = PDF,
    possible_repeat: bool = False,
) -> Mail:
    return Mail(LETTER, sender, recipient, subject, text, attachment, possible_repeat)


@pytest.fixture
def smtp(smtp_server: MailServer) -> Iterator[Smtp]:
    smtp = transport(smtp_server.url)
    yield smtp
    smtp.close()


def transport(url: str, timeout: float = 5) -> Smtp:
    return Smtp(
        server_named(url), domain="notifier.example.com", clock=lambda: NOW, timeout=timeout
    )


class Handover:
    """Counts the calls of `handing_over`, and may refuse."""

    def __init__(self, refusal: Exception | None = None) -> None:
        self.times, self.refusal = 0, refusal

    def __call__(self) -> None:
        self.times += 1
        if self.refusal:
            raise self.refusal


def received(server: MailServer) -> EmailMessage:
    [kept] = server.mails
    return kept.message


def test_the_recipient_gets_the_words_and_the_very_bytes_of_the_pdf(
    smtp: Smtp, smtp_server: MailServer
) -> None:
    handed = Handover()
    assert smtp.deliver(mail(), handed) == f"<{LETTER}@notifier.example.com>"
    assert handed.times == 1
    message = received(smtp_server)
    assert message["From"] == "Oak Field Primary School <office@example.com>"
    assert message["To"] == "The parent <parent@example.org>"
    assert message["Message-ID"] == f"<{LETTER}@notifier.example.com>"
    assert message["Date"] == "Fri, 20 Nov 2026 16:40:00 +0000"
    assert message["Auto-Submitted"] == "auto-generated"
    assert "X-Caseward-Possible-Repeat" not in message
    text, pdf = message.iter_parts()
    assert isinstance(text, EmailMessage)
    assert isinstance(pdf, EmailMessage)
    assert text.get_content().splitlines() == mail().text.splitlines()
    assert pdf.get_content() == PDF.content
    assert pdf.get_filename() == "CW-7K4M-2QXD.pdf"
    assert smtp_server.mails[0].recipients == ["parent@example.org"]
    assert smtp_server.mails[0].content.isascii()


def test_a_repeated_alert_says_that_it_may_be_one(smtp: Smtp, smtp_server: MailServer) -> None:
    smtp.deliver(mail(attachment=None, possible_repeat=True), Handover())
    assert received(smtp_server)["X-Caseward-Possible-Repeat"] == "yes"


def test_a_second_try_sends_the_same_bytes() -> None:
    once = compose(mail(), domain="example.com", sent_at=NOW)
    assert compose(mail(), domain="example.com", sent_at=NOW) == once


def test_a_connection_is_used_again_while_it_is_warm(smtp: Smtp, smtp_server: MailServer) -> None:
    for _ in range(3):
        smtp.deliver(mail(), Handover())
    assert len(smtp_server.mails) == 3
    assert len(smtp._idle) == 1
    assert smtp._idle[0].mails == 3


def test_a_connection_that_the_server_closed_meanwhile_costs_nothing(
    smtp: Smtp, smtp_server: MailServer
) -> None:
    smtp.deliver(mail(), Handover())
    smtp_server.stop()
    smtp_server.start()
    smtp.deliver(mail(), Handover())
    assert len(smtp_server.mails) == 2


REFUSALS = [
    ("refuse_sender", "451 4.7.1 try again", Temporary, "smtp-451-4.7.1"),
    ("refuse_sender", "550 5.7.1 no such sender", Permanent, "smtp-550-5.7.1"),
    ("refuse_sender", "530 5.7.0 sign in first", Temporary, "smtp-530-5.7.0"),
    ("refuse_recipient", "450 4.2.1 parent@example.org is busy", Temporary, "smtp-450-4.2.1"),
    ("refuse_recipient", "550 5.1.1 no parent@example.org here", Permanent, "smtp-550-5.1.1"),
    ("refuse_recipient", "552 5.2.2 mailbox full", Temporary, "smtp-552-5.2.2"),
    ("refuse_recipient", "421 4.3.2 closing", Temporary, "smtp-421-4.3.2"),
    ("refuse_data", "452 4.2.2 mailbox full", Temporary, "smtp-452-4.2.2"),
    ("refuse_data", "552 5.2.2 mailbox full", Temporary, "smtp-552-5.2.2"),
    ("refuse_data", "554 5.6.0 content refused", Permanent, "smtp-554-5.6.0"),
    ("refuse_data", "421 4.3.0 shutting down", Temporary, "smtp-421-4.3.0"),
]


@pytest.mark.parametrize(("moment", "reply", "kind", "code"), REFUSALS)
def test_a_refusal_says_whether_to_retry_and_repeats_no_words(
    smtp: Smtp,
    smtp_server: MailServer,
    moment: str,
    reply: str,
    kind: type[Exception],
    code: str,
) -> None:
    getattr(smtp_server, moment)(reply)
    with pytest.raises(kind) as refusal:
        smtp.deliver(mail(), Handover())
    assert str(refusal.value) == code
    assert smtp_server.mails == []
    smtp.deliver(mail(), Handover())
    assert len(smtp_server.mails) == 1


def test_a_connection_lost_before_the_body_was_certainly_not_sent(
    smtp: Smtp, smtp_server: MailServer
) -> None:
    smtp_server.drop_before_data()
    handed = Handover()
    with pytest.raises(Temporary, match="smtp-hung-up"):
        smtp.deliver(mail(), handed)
    assert handed.times == 0


@pytest.mark.parametrize("kept", [True, False])
def test_a_connection_lost_after_the_body_leaves_it_uncertain(
    smtp: Smtp, smtp_server: MailServer, kept: bool
) -> None:
    smtp_server.drop_after_data(kept=kept)
    handed = Handover()
    with pytest.raises(Uncertain, match="reply-lost"):
        smtp.deliver(mail(), handed)
    assert handed.times == 1
    assert len(smtp_server.mails) == kept


def test_a_server_that_is_away_is_tried_again_later(smtp: Smtp, smtp_server: MailServer) -> None:
    smtp_server.stop()
    with pytest.raises(Temporary, match="smtp-unreachable"):
        smtp.deliver(mail(), Handover())


def test_if_the_ledger_refuses_at_the_last_moment_nothing_is_sent(
    smtp: Smtp, smtp_server: MailServer
) -> None:
    with pytest.raises(LookupError, match="withdrawn"):
        smtp.deliver(mail(), Handover(LookupError("withdrawn")))
    smtp.deliver(mail(subject="Another"), Handover())
    assert received(smtp_server)["Subject"] == "Another"


Script = Callable[[socket.socket], None]


def conversation(*replies: bytes) -> Script:
    """A server that gives these replies, one per line it hears, and then says nothing more."""

    def talk(peer: socket.socket) -> None:
        lines = peer.makefile("rb")
        for reply in replies:
            peer.sendall(reply)
            if not lines.readline():
                return
        while lines.readline():
            pass

    return talk


@pytest.fixture
def scripted() -> Iterator[Callable[[Script], str]]:
    listener = socket.create_server(("127.0.0.1", 0))
    threads = []

    def serve(script: Script) -> str:
        def accept() -> None:
            peer, _ = listener.accept()
            with peer:
                script(peer)

        threads.append(threading.Thread(target=accept))
        threads[-1].start()
        return f"smtp://127.0.0.1:{listener.getsockname()[1]}"

    yield serve
    for thread in threads:
        thread.join(5)
        assert not thread.is_alive()
    listener.close()


HELLO = (b"220 hello\r\n", b"250 hello\r\n")
ASKED = (*HELLO, b"250 ok\r\n", b"250 ok\r\n", b"354 go on\r\n")


def test_a_server_too_slow_to_ask_for_the_body_got_nothing(
    scripted: Callable[[Script], str],
) -> None:
    with pytest.raises(Temporary, match="smtp-hung-up"):
        transport(scripted(conversation(*HELLO, b"250 ok\r\n")), 0.2).deliver(mail(), Handover())


def test_a_server_too_slow_to_answer_the_body_leaves_it_uncertain(
    scripted: Callable[[Script], str],
) -> None:
    with pytest.raises(Uncertain, match="reply-lost"):
        transport(scripted(conversation(*ASKED)), 0.2).deliver(mail(), Handover())


@pytest.mark.parametrize(
    ("replies", "code"),
    [
        ((b"554 5.7.1 not you\r\n",), "smtp-554-5.7.1"),
        ((b"SSH-2.0-OpenSSH\r\n",), "smtp--1"),
        ((b"220 hello\r\n", b"500 what\r\n", b"500 what\r\n"), "smtp-500"),
    ],
)
def test_a_server_that_does_not_let_us_in_is_no_fault_of_the_mail(
    scripted: Callable[[Script], str], replies: tuple[bytes, ...], code: str
) -> None:
    with pytest.raises(Temporary, match=code):
        transport(scripted(conversation(*replies)), 0.5).deliver(mail(), Handover())


def test_a_garbled_answer_to_the_body_leaves_it_uncertain(
    scripted: Callable[[Script], str],
) -> None:
    def talk(peer: socket.socket) -> None:
        lines = peer.makefile("rb")
        for reply in ASKED:
            peer.sendall(reply)
            lines.readline()
        while lines.readline() != b".\r\n":
            pass
        peer.sendall(b"??? what\r\n")

    with pytest.raises(Uncertain, match="reply-"):
        transport(scripted(talk)).deliver(mail(), Handover())


INJECTIONS = ["two\r\nBcc: other@example.org", "two\nlines", "nul\x00", "bell\x07", "ls\u2028"]


@pytest.mark.parametrize("words", INJECTIONS)
def test_a_line_break_in_a_header_is_refused_before_anything_is_sent(
    smtp: Smtp, smtp_server: MailServer, words: str
) -> None:
    attempts = [
        mail(subject=words),
        mail(recipient=Address(words, "parent@example.org")),
        mail(sender=Address(words, "office@example.com")),
        mail(attachment=Attachment(words, "application/pdf", b"")),
    ]
    for attempt in attempts:
        with pytest.raises(Permanent, match="bad-header"):
            smtp.deliver(attempt, Handover())
    assert smtp_server.attempts == 0


@pytest.mark.parametrize(
    "email",
    [
        "",
        "nobody",
        "a@b@c",
        "a b@example.org",
        "a@example.org\r\nDATA",
        "a@example.org>",
        "é@x.org",
    ],
)
def test_what_cannot_be_an_address_is_refused_before_anything_is_sent(
    smtp: Smtp, smtp_server: MailServer, email: str
) -> None:
    with pytest.raises(Permanent, match="bad-address"):
        smtp.deliver(mail(recipient=Address("The parent", email)), Handover())
    assert smtp_server.attempts == 0


@pytest.mark.parametrize(
    "text", [".", "..\r\n.", "a\n.\nb", "a\r.\rb", "", "\n", "x" * 5000, "naïve"]
)
def test_no_text_can_end_the_mail_early(smtp: Smtp, smtp_server: MailServer, text: str) -> None:
    smtp.deliver(mail(text=text, attachment=None), Handover())
    got = received(smtp_server).get_content().splitlines()
    assert got == text.splitlines() or (not text.strip() and not "".join(got))


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://127.0.0.1:1025", SmtpServer("127.0.0.1", 1025, False, False)),
        ("smtp://localhost", SmtpServer("localhost", 25, False, False)),
        ("smtp://mail.example.org", SmtpServer("mail.example.org", 25, False, True)),
        ("smtp://mailbox:1025?starttls=no", SmtpServer("mailbox", 1025, False, False)),
        ("smtp://[::1]:1025?starttls=yes", SmtpServer("::1", 1025, False, True)),
        ("smtps://mail.example.org", SmtpServer("mail.example.org", 465, True, False)),
        (
            "smtp://office%40example.org:p%3Ass@mail.example.org",
            SmtpServer("mail.example.org", 587, False, True, "office@example.org", "p:ss"),
        ),
    ],
)
def test_a_url_names_the_server_and_how_to_be_safe_with_it(url: str, server: SmtpServer) -> None:
    assert server_named(url) == server
    assert "p:ss" not in repr(server_named(url))


@pytest.mark.parametrize(
    "url",
    [
        "http://mail.example.org",
        "mail.example.org",
        "smtp://",
        "smtp://mail.example.org:port",
        "smtp://mail.example.org?starttls=maybe",
        "smtp://user:secret@mail.example.org?starttls=no",
    ],
)
def test_a_url_that_is_wrong_or_would_show_the_password_is_refused(url: str) -> None:
    with pytest.raises(BadSmtpUrl) as refusal:
        server_named(url)
    assert "secret" not in str(refusal.value)


def test_a_server_without_starttls_is_not_spoken_to_in_the_clear(
    smtp_server: MailServer,
) -> None:
    with pytest.raises(Temporary, match="smtp-no-tls-or-login"):
        transport(smtp_server.url + "?starttls=yes").deliver(mail(), Handover())
    assert smtp_server.attempts == 0


def test_a_server_that_speaks_no_tls_at_all_is_reported_as_such(smtp_server: MailServer) -> None:
    with pytest.raises(Temporary, match="smtp-tls"):
        transport(smtp_server.url.replace("smtp:", "smtps:")).deliver(mail(), Handover())


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A key and a certificate for this machine that nobody but the test trusts, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    unlocked = serialization.NoEncryption()
    file = tmp_path / "certificate.pem"
    file.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, unlocked)
        + certificate.public_bytes(pem)
    )
    return file


class SignedIn:
    """Who has signed in, and what arrived over TLS."""

    def __init__(self) -> None:
        self.who: list[bytes] = []
        self.contents: list[bytes] = []

    def __call__(
        self, server: SMTP, session: Session, envelope: Envelope, how: str, given: LoginPassword
    ) -> AuthResult:
        self.who.append(given.login)
        return AuthResult(success=given.password == b"secret", handled=False)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert session.ssl
        assert isinstance(envelope.content, bytes)
        self.contents.append(envelope.content)
        return "250 kept"


@pytest.fixture
def submission(certificate: Path) -> Iterator[tuple[SignedIn, str]]:
    """A server that takes mail over STARTTLS from those who have signed in."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    handler, port = SignedIn(), free_port()
    controller = Controller(
        handler,
        hostname="127.0.0.1",
        port=port,
        tls_context=context,
        require_starttls=True,
        authenticator=handler,
        auth_required=True,
    )
    controller.start()
    yield handler, f"127.0.0.1:{port}?starttls=yes"
    controller.stop()


def test_mail_goes_over_tls_and_under_the_users_name(
    submission: tuple[SignedIn, str], certificate: Path
) -> None:
    handler, at = submission
    trusting = partial(ssl.create_default_context, cafile=certificate)
    for password in ("secret", "stale"):
        server = server_named(f"smtp://office:{password}@{at}")
        smtp = Smtp(server, domain="notifier.example.com", clock=lambda: NOW, tls=trusting)
        if password == "secret":
            smtp.deliver(mail(), Handover())
        else:
            with pytest.raises(Temporary, match="smtp-535"):
                smtp.deliver(mail(), Handover())
        smtp.close()
    assert set(handler.who) == {b"office"}
    assert len(handler.contents) == 1


def test_a_certificate_that_nobody_vouches_for_gets_no_mail_and_no_password(
    submission: tuple[SignedIn, str],
) -> None:
    handler, at = submission
    with pytest.raises(Temporary, match="smtp-tls"):
        transport(f"smtp://office:secret@{at}").deliver(mail(), Handover())
    assert handler.who == []
