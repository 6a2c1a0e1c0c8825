"""The local mailbox, looked through by hand: did this letter arrive?"""

import email.parser
import email.policy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as the mailbox has kept it. `letter` is the id that its Message-ID begins with."""

    path: Path
    letter: str
    to: str
    subject: str
    repeated: bool
    """It says of itself that it may have come before."""


class Post:
    """The mails in a folder. Each file is read once: a mail that lies there never changes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[Path, Mail] = {}

    def mails(self) -> list[Mail]:
        """Return every mail, in the order of arrival."""
        return [self._read(path) for path in sorted(self._folder.glob("*.eml"))]

    def about(self, letters: Iterable[str]) -> Iterator[Mail]:
        """Return the mails that carry these letters or alerts."""
        wanted = frozenset(letters)
        return (mail for mail in self.mails() if mail.letter in wanted)

    def arrived(self, letter: str) -> bool:
        return any(self.about([letter]))

    def _read(self, path: Path) -> Mail:
        if path not in self._known:
            message = parsed(path)
            self._known[path] = Mail(
                path=path,
                letter=str(message["Message-ID"]).strip("<> ").partition("@")[0],
                to=str(message["To"]),
                subject=str(message["Subject"]),
                repeated="X-Caseward-Possible-Repeat" in message,
            )
        return self._known[path]


def parsed(path: Path) -> EmailMessage:
    """Return the mail in a file."""
    with path.open("rb") as file:
        return email.parser.BytesParser(policy=email.policy.default).parse(file)
