"""Given this entry of a register, when this is asked, then that: stories as cases have them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Final
from uuid import UUID, uuid5

from incidents.domain.facts import Actor, Event, Recorded
from incidents.domain.registers.register import Decided, Register
from incidents.domain.school import School, User
from incidents.domain.table import Asking, Command, Refusal, Refuses
from tests.incidents.domain.school import FRIDAY, NAMES, OAKFIELD, SCHOOL
from tests.incidents.domain.support import A_MINUTE, sealed

ENTRY: Final = uuid5(NAMES, "entry")


@dataclass(frozen=True)
class EntryAnswer:
    """What came of a request: what it records, or why not."""

    story: "EntryStory"
    by: User
    at: datetime
    decided: Decided | None
    refusal: Refusal | None

    def records(self, *kinds: type[Event]) -> "EntryStory":
        """Exactly these kinds of events are recorded, in this order."""
        assert self.decided is not None, f"refused: {self.refusal and self.refusal.reasons}"
        assert [type(event) for event in self.decided.events] == list(kinds)
        return self.accepted()

    def accepted(self) -> "EntryStory":
        assert self.decided is not None, f"refused: {self.refusal and self.refusal.reasons}"
        return self.story.recording(self.decided, self.by, self.at)

    def refused(self, *, because: str, for_: Refuses | None = None) -> str:
        """It is refused, and this rule is among the reasons. Returns what the asker is told."""
        assert self.refusal is not None, f"accepted: {self.decided}"
        reasons = {reason.rule: reason.detail for reason in self.refusal.reasons}
        assert because in reasons, reasons
        assert for_ is None or self.refusal.refuses is for_
        return reasons[because]


@dataclass(frozen=True)
class EntryStory:
    """The history of one entry so far, at one school."""

    register: Register[Any]
    history: tuple[Recorded, ...] = ()
    school: School = SCHOOL

    def __iter__(self) -> Iterator[Recorded]:
        return iter(self.history)

    @cached_property
    def entry(self) -> Any:
        return self.register.replay(self.history)

    @property
    def now(self) -> datetime:
        return self.history[-1].recorded_at + A_MINUTE if self.history else FRIDAY

    def asking(self, by: User, at: datetime | None = None) -> Asking:
        request = uuid5(NAMES, f"entry request {len(self.history)}")
        return Asking(user=by, now=at or self.now, school=self.school, request=request)

    def when(self, command: Command, *, by: User, at: datetime | None = None) -> EntryAnswer:
        asking = self.asking(by, at)
        entry = self.entry if self.history else None
        try:
            decided = self.register.decide(entry, command, asking)
        except Refusal as refusal:
            return EntryAnswer(self, by, asking.now, None, refusal)
        return EntryAnswer(self, by, asking.now, decided, None)

    def after(self, command: Command, *, by: User, at: datetime | None = None) -> "EntryStory":
        """The story once this has been accepted."""
        return self.when(command, by=by, at=at).accepted()

    def recording(self, decided: Decided, by: User, at: datetime) -> "EntryStory":
        actor = Actor(user=by.id, role=decided.role)
        first = len(self.history) + 1
        added = (
            _recorded(event, version, actor, at)
            for version, event in enumerate(decided.events, start=first)
        )
        return replace(self, history=(*self.history, *added))


def _recorded(event: Event, version: int, actor: Actor, at: datetime) -> Recorded:
    """An event as it is read back from the store: in its place, its texts sealed."""
    id_: UUID = uuid5(ENTRY, f"event {version}")
    return Recorded(
        event_id=id_,
        school=OAKFIELD,
        stream=ENTRY,
        version=version,
        recorded_at=at,
        occurred_at=at,
        actor=actor,
        policy_version="2026-1",
        calendar_version="2026-27/1",
        causation_id=id_,
        correlation_id=ENTRY,
        event=sealed(event, version),
    )
