"""A local mailbox that stands in for the outside world: it takes every mail and keeps it.

    VAR=var SMTP_URL=smtp://127.0.0.1:1025 python -m deploy.mailbox

Each mail is one file under `VAR/mailbox/`, named in the order of arrival. Before a mail is answered
with 250 it is on the disk under its final name, so a sender that was told "kept" can rely on it.
Listens on the loopback address only.
"""

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.ports import LOOPBACK


class Mailbox:
    """Keeps mails as files in `folder`, which it makes."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder = folder
        self._numbers = count(1)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep the mail and say so. The name of this method is aiosmtpd's."""
        assert isinstance(envelope.content, bytes)
        self.keep(envelope.mail_from or "", envelope.rcpt_tos, envelope.content)
        return "250 kept"

    def keep(self, sender: str, recipients: list[str], content: bytes) -> Path:
        """Return the file of this mail, durable. The envelope stands in front, as on delivery."""
        now = datetime.now(UTC)
        final = self.folder / f"{now:%Y%m%dT%H%M%S.%f}Z-{next(self._numbers):06}.eml"
        unfinished = final.with_suffix(".tmp")
        lines = [f"Return-Path: <{sender}>", *(f"Delivered-To: {each}" for each in recipients)]
        with unfinished.open("wb") as file:
            file.write("".join(f"{line}\r\n" for line in lines).encode() + content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(final)
        self._sync_folder()
        return final

    def _sync_folder(self) -> None:
        opened = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


async def serve(mailbox: Mailbox, port: int) -> None:
    """Take mail until SIGINT or SIGTERM. Raises OSError when the port is taken."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    server = await loop.create_server(
        lambda: SMTP(mailbox, hostname="mailbox.localhost", ident="Caseward mailbox", loop=loop),
        LOOPBACK,
        port,
    )
    print(f"mail to port {port} is kept in {mailbox.folder}")
    await stop.wait()
    server.close()


def main() -> int:
    """Serve as the environment says. Returns 2 when SMTP_URL is not a port of this machine."""
    url = urlsplit(os.environ.get("SMTP_URL", f"smtp://{LOOPBACK}:1025"))
    if url.hostname != LOOPBACK or not url.port:
        print(f"SMTP_URL must be smtp://{LOOPBACK}:<port> for the local mailbox.", file=sys.stderr)
        return 2
    os.umask(0o077)
    asyncio.run(serve(Mailbox(Path(os.environ.get("VAR", "var")) / "mailbox"), url.port))
    return 0


if __name__ == "__main__":
    sys.exit(main())
