"""Given this history, when this is asked, then that: tests of the rules in three lines.

`given(*history).when(command, by=somebody).then(events…)` or `.refused(because="guard_name")`.
History is made by deciding commands (`Story.after`), sealed as the store would seal it, so that a
rule which looked inside a person's words would fail here.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final, TypeVar, get_type_hints
from uuid import UUID, uuid5

import msgspec

from incidents.domain import case as cases
from incidents.domain.facts import Actor, Event, Recorded, Sealed, SealedUnder
from incidents.domain.intake import LogIncident
from incidents.domain.patterns import KnownConcern
from incidents.domain.school import School, User
from incidents.domain.state import Case
from incidents.domain.table import Asking, Command, Reason, Refusal, Refuses
from incidents.domain.vocabulary import Role
from tests.incidents.domain.school import FRIDAY, NAMES, OAKFIELD, SCHOOL

CASE: Final = uuid5(NAMES, "case")
REFERENCE: Final = "CW-7K4M-2QXD"
A_MINUTE: Final = timedelta(minutes=1)

E = TypeVar("E", bound=Event)


@dataclass(frozen=True)
class Answer:
    """What came of a command: what it records, or why not."""

    story: "Story"
    by: User
    at: datetime
    decision: cases.Decision | None
    refusal: Refusal | None

    def then(self, *events: Event) -> "Story":
        """Exactly these events are recorded; the story goes on with them."""
        decision = self._decision()
        assert decision.events == events
        return self.story.recording(decision, self.by, self.at)

    def records(self, *kinds: type[Event]) -> "Story":
        """Exactly these kinds of events are recorded, in this order."""
        decision = self._decision()
        assert [type(event) for event in decision.events] == list(kinds)
        return self.story.recording(decision, self.by, self.at)

    def accepted(self) -> "Story":
        return self.story.recording(self._decision(), self.by, self.at)

    def event(self, kind: type[E]) -> E:
        """The one event of this kind among those recorded."""
        (found,) = (event for event in self._decision().events if isinstance(event, kind))
        return found

    def refused(self, *, because: str, for_: Refuses | None = None) -> str:
        """It is refused, and this rule is among the reasons. Returns what the asker is told."""
        assert self.refusal is not None, f"accepted: {self.decision}"
        assert because in self.rules, f"refused for {sorted(self.rules)}"
        assert for_ is None or self.refusal.refuses is for_
        return next(reason.detail for reason in self.reasons if reason.rule == because)

    @property
    def role(self) -> Role:
        """The role in which it was done."""
        return self._decision().role

    @property
    def reasons(self) -> tuple[Reason, ...]:
        return self.refusal.reasons if self.refusal else ()

    @property
    def rules(self) -> frozenset[str]:
        """The names of the rules it was refused by."""
        return frozenset(reason.rule for reason in self.reasons)

    def _decision(self) -> cases.Decision:
        assert self.decision is not None, f"refused: {self.reasons}"
        return self.decision


@dataclass(frozen=True)
class Story:
    """A case's history so far, at one school."""

    history: tuple[Recorded, ...] = ()
    school: School = SCHOOL
    other: Case | None = None
    concerns: tuple[KnownConcern, ...] = ()

    def __iter__(self) -> Iterator[Recorded]:
        return iter(self.history)

    @cached_property
    def case(self) -> Case:
        return cases.replay(self.history)

    @property
    def now(self) -> datetime:
        """A minute after what was recorded last."""
        return self.history[-1].recorded_at + A_MINUTE if self.history else FRIDAY

    def at(self, school: School) -> "Story":
        return replace(self, school=school)

    def knowing(
        self, *, other: Case | None = None, concerns: tuple[KnownConcern, ...] = ()
    ) -> "Story":
        """The story, where this much is known of the school's other cases."""
        return replace(self, other=other, concerns=concerns)

    def asking(self, by: User, at: datetime | None = None) -> Asking:
        request = uuid5(NAMES, f"request {len(self.history)}")
        return Asking(
            user=by,
            now=at or self.now,
            school=self.school,
            request=request,
            other=self.other,
            concerns=self.concerns,
        )

    def when(self, command: Command, *, by: User, at: datetime | None = None) -> Answer:
        asking = self.asking(by, at)
        try:
            decision = self._decide(command, asking)
        except Refusal as refusal:
            return Answer(self, by, asking.now, None, refusal)
        return Answer(self, by, asking.now, decision, None)

    def after(self, command: Command, *, by: User, at: datetime | None = None) -> "Story":
        """The story once this command has been accepted."""
        return self.when(command, by=by, at=at).accepted()

    def recording(self, decision: cases.Decision, by: User, at: datetime) -> "Story":
        return self.also(*decision.events, by=by, role=decision.role, at=at)

    def also(
        self, *events: Event, by: User, role: Role | None = None, at: datetime | None = None
    ) -> "Story":
        """The story with these events on record, whether or not any rule would record them."""
        at = at or self.now
        actor = Actor(user=by.id, role=role or min(by.roles))
        edition = self.school.calendar.edition
        added = (
            recorded(event, len(self.history) + n, actor, at, edition)
            for n, event in enumerate(events, start=1)
        )
        return replace(self, history=(*self.history, *added))

    def _decide(self, command: Command, asking: Asking) -> cases.Decision:
        if isinstance(command, LogIncident):
            return cases.log(command, REFERENCE, asking)
        return cases.decide(self.case, command, asking)


def given(*history: Recorded, school: School = SCHOOL) -> Story:
    return Story(history, school)


def recorded(
    event: Event, version: int, actor: Actor, at: datetime, calendar_version: str
) -> Recorded:
    """An event as it is read back from the store: in its place, its texts sealed."""
    return Recorded(
        event_id=event_id(version),
        school=OAKFIELD,
        stream=CASE,
        version=version,
        recorded_at=at,
        occurred_at=at,
        actor=actor,
        policy_version="2026-1",
        calendar_version=calendar_version,
        causation_id=event_id(version),
        correlation_id=CASE,
        event=sealed(event, version),
    )


def event_id(version: int) -> UUID:
    return uuid5(CASE, f"event {version}")


def sealed_fields(kind: type[Event]) -> dict[str, SealedUnder]:
    """The fields of an event that hold people's words, each with what it is sealed under."""
    hints = get_type_hints(kind, include_extras=True)
    return {
        name: mark
        for name, hint in hints.items()
        for mark in getattr(hint, "__metadata__", ())
        if isinstance(mark, SealedUnder)
    }


def sealed(event: Event, version: int) -> Event:
    """The event with every plain text sealed (under a key that nobody has)."""
    texts = {
        name: Sealed(
            kid="a-key",
            nonce=b"nonce",
            ciphertext=value.encode(),
            commitment=b"commitment",
            version=version,
            field=name,
        )
        for name in sealed_fields(type(event))
        if isinstance(value := getattr(event, name), str)
    }
    return msgspec.structs.replace(event, **texts)
