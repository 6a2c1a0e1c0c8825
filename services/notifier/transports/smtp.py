"""Mail over SMTP, one recipient at a time, knowing at every moment whether it may have gone.

The standard library's `sendmail` does not say where it failed. So the conversation is held step by
step: until the server has asked for the body, a failure means "not sent"; from the first byte of
the body until its reply, a failure means "perhaps"; a reply is an answer.
"""

import re
import smtplib
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address
from threading import Lock
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from notifier.clock import Clock
from notifier.transports import HandingOver, Mail, Permanent, Temporary, Uncertain
from notifier.transports.message import compose, message_id

TIMEOUT_SECONDS: Final = 30.0
WARM_SECONDS: Final = 20.0
"""How long an idle connection is kept for the next mail. Servers wait minutes (RFC 5321)."""
MAILS_PER_CONNECTION: Final = 50

# 552 is 5xx but a full mailbox often clears; 530 and 535 are our own settings, not this mail's.
RETRIED: Final = frozenset({530, 535, 552})
ENHANCED: Final = re.compile(rb"[45]\.\d{1,3}\.\d{1,3}\b")  # RFC 3463
LINE_END: Final = re.compile(rb"\r\n|\r|\n")
LEADING_DOT: Final = re.compile(rb"(?m)^\.")


class BadSmtpUrl(ValueError):
    """SMTP_URL cannot be understood."""


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mail goes. `implicit_tls`: from the first byte; `starttls`: refuse to go on without."""

    host: str
    port: int
    implicit_tls: bool
    starttls: bool
    user: str | None = None
    password: str | None = field(default=None, repr=False)


def smtp_server(url: str) -> SmtpServer:
    """Return the server that SMTP_URL names: `smtp[s]://[user:password@]host[:port][?starttls=…]`.

    `smtp://` asks for STARTTLS, except from a server on this machine; `?starttls=no` does without
    on a network that is yours, `?starttls=yes` asks for it everywhere. Raises `BadSmtpUrl`.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as problem:
        raise BadSmtpUrl(f"SMTP_URL is not a URL: {problem}") from None
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise BadSmtpUrl("SMTP_URL begins with smtp:// or smtps:// and a host name")
    implicit = parts.scheme == "smtps"
    asked = parse_qs(parts.query).get("starttls", ["no" if _is_local(parts.hostname) else "yes"])[0]
    if asked not in ("yes", "no"):
        raise BadSmtpUrl("starttls in SMTP_URL is yes or no")
    if parts.username and asked == "no" and not implicit and not _is_local(parts.hostname):
        raise BadSmtpUrl("SMTP_URL has a password, which never travels without TLS: use smtps://")
    return SmtpServer(
        host=parts.hostname,
        port=port or (465 if implicit else 587 if parts.username else 25),
        implicit_tls=implicit,
        starttls=asked == "yes" and not implicit,
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )


def _composed(mail: Mail, domain: str, sent_at: datetime) -> bytes:
    """The message, before anybody is rung up: one that can't be composed never will be."""
    try:
        return compose(mail, domain=domain, sent_at=sent_at)
    except (Temporary, Permanent):
        raise
    except Exception as fault:
        # The library's header parser raises what it likes on an odd address.
        raise Permanent(f"cannot-compose-{type(fault).__name__}") from None


def _is_local(host: str) -> bool:
    if host == "localhost":
        return True
    with suppress(ValueError):
        return ip_address(host).is_loopback
    return False


@dataclass(slots=True)
class _Connection:
    smtp: smtplib.SMTP
    mails: int = 0
    last_used: float = field(default_factory=time.monotonic)

    @property
    def is_warm(self) -> bool:
        idle = time.monotonic() - self.last_used
        return idle < WARM_SECONDS and self.mails < MAILS_PER_CONNECTION


class Smtp:
    """A `Transport` to one mail server. `domain` ends the Message-IDs and is how we say hello."""

    def __init__(
        self,
        server: SmtpServer,
        *,
        domain: str,
        clock: Clock,
        timeout: float = TIMEOUT_SECONDS,
        tls: Callable[[], ssl.SSLContext] = ssl.create_default_context,
    ) -> None:
        self._server = server
        self._domain = domain
        self._clock = clock
        self._timeout = timeout
        self._tls = tls
        self._idle: list[_Connection] = []
        self._lock = Lock()

    def deliver(self, mail: Mail, handing_over: HandingOver) -> str:
        """Send `mail`: see `Transport`. A connection that went stale while idle is replaced."""
        content = _composed(mail, self._domain, self._clock())
        connection = self._asked_for_the_body(mail)
        try:
            handing_over()
            _hand_over(connection.smtp, content)
        except BaseException:
            # After a refusal too: what state the conversation is in is not worth finding out.
            connection.smtp.close()
            raise
        connection.mails += 1
        connection.last_used = time.monotonic()
        with self._lock:
            self._idle.append(connection)
        return message_id(mail.letter_id, self._domain)

    def close(self) -> None:
        """Say goodbye on every idle connection."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            _leave(connection.smtp)

    def _asked_for_the_body(self, mail: Mail) -> _Connection:
        """Return a connection whose server has said 354: it waits for the body of `mail`."""
        while connection := self._warm_connection():
            # Servers hang up on the idle: a warm connection that fails proves nothing.
            with suppress(_HungUp):
                return _introduced(connection, mail)
        try:
            return _introduced(_Connection(self._connect()), mail)
        except _HungUp as failure:
            raise Temporary(failure.code) from None

    def _warm_connection(self) -> _Connection | None:
        cold = []
        with self._lock:
            while self._idle and not self._idle[-1].is_warm:
                cold.append(self._idle.pop())
            warm = self._idle.pop() if self._idle else None
        for connection in cold:
            _leave(connection.smtp)
        return warm

    def _connect(self) -> smtplib.SMTP:
        """Return a connection that may send. Whatever goes wrong here is no fault of any mail."""
        try:
            return self._signed_in(self._reached())
        except smtplib.SMTPResponseException as refusal:
            raise Temporary(_code(refusal.smtp_code, refusal.smtp_error)) from None
        except ssl.SSLError:
            raise Temporary("smtp-tls") from None
        except smtplib.SMTPNotSupportedError:
            raise Temporary("smtp-no-tls-or-login") from None
        except OSError:  # every SMTPException is one
            raise Temporary("smtp-unreachable") from None

    def _reached(self) -> smtplib.SMTP:
        host, port = self._server.host, self._server.port
        if self._server.implicit_tls:
            return smtplib.SMTP_SSL(
                host, port, self._domain, timeout=self._timeout, context=self._tls()
            )
        return smtplib.SMTP(host, port, self._domain, timeout=self._timeout)

    def _signed_in(self, smtp: smtplib.SMTP) -> smtplib.SMTP:
        try:
            smtp.ehlo_or_helo_if_needed()
            if self._server.starttls:
                smtp.starttls(context=self._tls())
                smtp.ehlo()
            if self._server.user is not None:
                smtp.login(self._server.user, self._server.password or "")
        except BaseException:
            smtp.close()
            raise
        return smtp


class _HungUp(Exception):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def _introduced(connection: _Connection, mail: Mail) -> _Connection:
    smtp = connection.smtp
    try:
        _expect({250}, smtp.mail(mail.sender.email))
        _expect({250, 251}, smtp.rcpt(mail.recipient.email))
        _expect({354}, smtp.docmd("DATA"))
    except OSError:
        smtp.close()
        raise _HungUp("smtp-hung-up") from None
    except BaseException:
        smtp.close()
        raise
    return connection


def _hand_over(smtp: smtplib.SMTP, content: bytes) -> None:
    lines = LEADING_DOT.sub(b"..", LINE_END.sub(b"\r\n", content))
    ending = b".\r\n" if lines.endswith(b"\r\n") else b"\r\n.\r\n"
    try:
        smtp.send(lines + ending)
        reply = smtp.getreply()
    except OSError:
        raise Uncertain("reply-lost") from None
    if not 200 <= reply[0] < 600:
        raise Uncertain("reply-garbled")
    try:
        _expect({250}, reply)
    except _HungUp as refusal:  # 421 after the body is a refusal like any other 4xx
        raise Temporary(refusal.code) from None


def _expect(codes: set[int], reply: tuple[int, bytes]) -> None:
    """Raise what a reply other than `codes` means for the mail."""
    number, words = reply
    if number in codes:
        return
    code = _code(number, words)
    if number == 421 or not 400 <= number < 600:  # closing down, or not speaking SMTP
        raise _HungUp(code)
    if number < 500 or number in RETRIED:
        raise Temporary(code)
    raise Permanent(code)


def _code(number: int, words: bytes | str) -> str:
    """Return "smtp-550-5.1.1": the numbers of a reply without its words, which name people."""
    enhanced = ENHANCED.match(words.encode() if isinstance(words, str) else words)
    return f"smtp-{number}-{enhanced[0].decode()}" if enhanced else f"smtp-{number}"


def _leave(smtp: smtplib.SMTP) -> None:
    with suppress(OSError):
        smtp.quit()
    smtp.close()
