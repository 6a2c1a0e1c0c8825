"""A real SMTP server in a thread, that keeps what it is sent and misbehaves when told to.

smtp_server.refuse_data("452 4.2.2 mailbox full")    # the next mail only
smtp_server.drop_after_data(kept=True)               # accepted, but the reply is lost
smtp_server.stop(); smtp_server.start()              # down, and back on the same port
"""

import asyncio
import email
import email.policy
from collections import deque
from email.message import EmailMessage
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Final, Literal, NamedTuple, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.mailbox import Mailbox
from deploy.ports import LOOPBACK, free_port

Moment = Literal["sender", "recipient", "data"]


class Fault(NamedTuple):
    """What goes wrong at a moment of the conversation: a reply, or (None) a dropped connection."""

    moment: Moment
    reply: str | None
    kept: bool = False


class Mail(NamedTuple):
    """One mail as it was accepted: its envelope, its bytes and its file."""

    sender: str
    recipients: list[str]
    content: bytes
    file: Path

    @property
    def message(self) -> EmailMessage:
        """The mail, parsed."""
        return email.message_from_bytes(self.content, policy=email.policy.default)


class SmtpServer:
    """Runs while entered. Every mail it keeps is a durable file in `folder` and one of `mails`.

    Each fault holds for the next `times` mails that come to its moment, in the order given.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port: Final = free_port()
        self.url: Final = f"smtp://{LOOPBACK}:{self.port}"
        self.attempts = 0
        self._mails: list[Mail] = []
        self._faults: deque[Fault] = deque()
        self._lock = Lock()
        self._mailbox = Mailbox(folder)
        self._controller: Controller | None = None

    @property
    def mails(self) -> list[Mail]:
        """What has been kept so far, in order. `attempts` counts all that was tried."""
        with self._lock:
            return list(self._mails)

    def refuse_sender(self, reply: str, *, times: int = 1) -> None:
        """Answer MAIL FROM with this 4xx or 5xx reply."""
        self._faults.extend([Fault("sender", reply)] * times)

    def refuse_recipient(self, reply: str, *, times: int = 1) -> None:
        """Answer RCPT TO with this 4xx or 5xx reply."""
        self._faults.extend([Fault("recipient", reply)] * times)

    def refuse_data(self, reply: str, *, times: int = 1) -> None:
        """Take the whole mail, do not keep it, and answer with this 4xx or 5xx reply."""
        self._faults.extend([Fault("data", reply)] * times)

    def drop_before_data(self, *, times: int = 1) -> None:
        """Drop the connection at RCPT TO: nothing of the mail has been sent."""
        self._faults.extend([Fault("recipient", None)] * times)

    def drop_after_data(self, *, kept: bool, times: int = 1) -> None:
        """Take the whole mail, keep it or not, and drop the connection instead of answering."""
        self._faults.extend([Fault("data", None, kept)] * times)

    def start(self) -> None:
        """Return when the server takes connections."""
        assert self._controller is None, "the server runs already"
        self._controller = Controller(_Handler(self), hostname=LOOPBACK, port=self.port)
        self._controller.start()

    def stop(self) -> None:
        """Return when nothing listens any more; open conversations are cut."""
        if self._controller:
            self._controller.stop()
            self._controller = None

    def _fault(self, moment: Moment) -> Fault | None:
        with self._lock:
            if self._faults and self._faults[0].moment == moment:
                return self._faults.popleft()
            return None

    def _keep(self, envelope: Envelope) -> None:
        assert isinstance(envelope.content, bytes)
        sender, recipients = envelope.mail_from or "", list(envelope.rcpt_tos)
        file = self._mailbox.keep(sender, recipients, envelope.content)
        with self._lock:
            self._mails.append(Mail(sender, recipients, envelope.content, file))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.stop()


class _Handler:
    def __init__(self, owner: SmtpServer) -> None:
        self._owner = owner

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self._owner.attempts += 1
        if fault := self._owner._fault("sender"):
            return _answer(server, fault)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if fault := self._owner._fault("recipient"):
            return _answer(server, fault)
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        fault = self._owner._fault("data")
        if fault is None or fault.kept:
            self._owner._keep(envelope)
        return _answer(server, fault) if fault else "250 kept"


def _answer(server: SMTP, fault: Fault) -> str:
    if fault.reply is not None:
        return fault.reply
    transport = server.transport
    assert isinstance(transport, asyncio.Transport)
    transport.abort()
    # Never sent: the connection is gone.
    return "421 dropped"
