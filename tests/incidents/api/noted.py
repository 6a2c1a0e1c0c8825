"""What the worker would note of its followers, for an API that is tested without one."""

from datetime import datetime

from incidents.followers import NAMES, Note
from tests.incidents.api.school import Client


class Noted:
    """What the worker would note, as often as it is told to."""

    def __init__(self, client: Client) -> None:
        self._life = client.life
        self.positions: dict[str, int | None] = dict.fromkeys(NAMES)
        self.moved_at: dict[str, datetime] = {}
        self.failing_since: dict[str, datetime] = {}
        self.moves(*NAMES)

    def moves(self, *names: str) -> None:
        """These have come to the end of the log."""
        for name in names:
            head = self._life.installation.store.head()
            self.positions[name] = None if name == "timekeeper" else head
            self.moved_at[name] = self._life.clock.now
        self.lives()

    def lives(self, *names: str) -> None:
        """These, or all, are held by somebody, and stand where they stood."""
        self._life.installation.followers.put(
            Note(
                follower=name,
                holder="here:1",
                position=self.positions[name],
                moved_at=self.moved_at[name],
                seen_at=self._life.clock.now,
                failures=1 if name in self.failing_since else 0,
                failing_since=self.failing_since.get(name),
            )
            for name in names or NAMES
        )
