"""Reading a case: as it stands, as it stood, as it was known, and everything that happened to it.

Every answer is for one reader. What he may see is asked of the case as it is now, also when he
looks at how it was.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import msgspec

from incidents.cases import Cases, NoSuchCase
from incidents.domain import case as rules
from incidents.domain.access import Sight, opened
from incidents.domain.closing import CaseClosed, CaseReopened
from incidents.domain.complaint import TRACK as COMPLAINT
from incidents.domain.facts import REDACTED, Recorded, Sealed, Text, UserId
from incidents.domain.intake import (
    EntryCorrected,
    IncidentLogged,
    InformationAdded,
    ReportAcknowledged,
)
from incidents.domain.moderation import TRACK as MODERATION
from incidents.domain.moderation import EvidenceCaptured, EvidenceDescribedOnly
from incidents.domain.school import User
from incidents.domain.state import Case
from incidents.domain.vocabulary import Section
from incidents.pages import ActorPage, CasePage, Change, Entry, Words, case_page
from incidents.store import Stored

WITHHELD: Final = "[withheld]"
"""What an auditor reads in place of people's words."""
_UNTOLD: Final = frozenset({"version", "updated_at", "prompts", "acted"})
"""Fields of a case whose change says nothing that the event does not."""
_STATUS_EVENTS: Final = (ReportAcknowledged, CaseClosed, CaseReopened)
"""How far it has come, for the reporter: that it happened, not what else went with it."""
_OWN_WORDS: Final = (
    IncidentLogged,
    InformationAdded,
    EntryCorrected,
    EvidenceCaptured,
    EvidenceDescribedOnly,
)


class Reading:
    """What people read of cases."""

    def __init__(self, cases: Cases) -> None:
        self._cases = cases

    def page(self, user: User, case_id: UUID, now: datetime) -> CasePage:
        """Return the case as it stands. Raises `NoSuchCase`."""
        case, much = self._cases.seen(user, case_id)
        return self.shown(user, case, much, now)

    def shown(self, user: User, case: Case, much: Sight, now: datetime) -> CasePage:
        """Return a case as it stands, to somebody who was found to see so much of it."""
        if much is Sight.STATUS:
            # A reporter reads his own words, also when somebody has put them right since.
            told = rules.replay(self._cases.history(case.id, 1))
            return self._told_page(case, told, now)
        return case_page(case, much, self._words(case, much), now, opened(case, user))

    def words_shown(self, user: User, case: Case, much: Sight) -> list[str]:
        """Return the words of a case, opened, as far as this user is shown them."""
        if much is Sight.AUDIT:
            return []
        found = self.words_at(case, much, opened(case, user))
        store = self._cases.store
        words = (store.open(one, school=case.school, stream=case.id) for one in found)
        return [one for one in words if one != REDACTED]

    def words_at(self, case: Case, much: Sight, sections: frozenset[Section]) -> list[Sealed]:
        """Return the words of a case that so much sight shows, still sealed."""
        kept: list[Sealed] = []

        def keep(text: Text | None) -> str | None:
            if isinstance(text, Sealed):
                kept.append(text)
            return None if text is None else ""

        case_page(case, much, keep, case.updated_at, sections)
        if much is Sight.STATUS and any(one.version > 1 for one in kept):
            # A reporter reads his own words, also when somebody has put them right since.
            kept.clear()
            told = rules.replay(self._cases.history(case.id, 1))
            case_page(told, much, keep, case.updated_at, sections)
        return kept

    def replay(
        self,
        user: User,
        case_id: UUID,
        now: datetime,
        *,
        version: int | None = None,
        known_at: datetime | None = None,
        happened_by: datetime | None = None,
    ) -> CasePage:
        """Return the case as it was at `version`, or as it was known at `known_at`.

        With `happened_by`, only what had happened by then counts. Raises `NoSuchCase`, also where
        nothing was known yet.
        """
        case, much = self._cases.seen(user, case_id)
        if much < Sight.AUDIT:
            raise NoSuchCase
        history = self._cases.history(case_id, version)
        then = [
            recorded
            for recorded in history
            if (known_at is None or recorded.recorded_at <= known_at)
            and (happened_by is None or recorded.occurred_at <= happened_by)
        ]
        if not then or then[0].version != 1 or (version or 0) > case.version:
            raise NoSuchCase
        moment = known_at or then[-1].recorded_at
        words, sections = self._words(case, much), opened(case, user)
        return case_page(rules.replay(then), much, words, min(moment, now), sections)

    def history(self, user: User, case_id: UUID) -> list[Entry]:
        """Return every event this reader may see, with what it changed. Raises `NoSuchCase`."""
        case, much = self._cases.seen(user, case_id)
        stored = {one.version: one for one in self._cases.store.stored(case_id)}
        history = [self._cases.store.decode(one) for one in stored.values()]
        words, names = self._words(case, much), self._names(case, much, history)
        told = _told(history, much, user)
        entries = [
            _entry(recorded, stored[recorded.version], before, after, words, names)
            for recorded, before, after in _steps(history)
            if recorded.version in told
        ]
        entries = _without_closed(entries, history, opened(case, user))
        return [_for_reporter(e) for e in entries] if much is Sight.STATUS else entries

    def _told_page(self, case: Case, told: Case, now: datetime) -> CasePage:
        shown = msgspec.structs.replace(
            told,
            version=case.version,
            stage=case.stage,
            acknowledged_at=case.acknowledged_at,
            closed_at=case.closed_at,
        )
        return case_page(shown, Sight.STATUS, self._words(case, Sight.STATUS), now)

    def _words(self, case: Case, much: Sight) -> Words:
        @cache
        def opened(text: Text) -> str:
            if isinstance(text, str):
                return text
            return self._cases.store.open(text, school=case.school, stream=case.id)

        def words(text: Text | None) -> str | None:
            if text is None:
                return None
            return WITHHELD if much is Sight.AUDIT else opened(text)

        return words

    def _names(self, case: Case, much: Sight, history: Iterable[Recorded]) -> Mapping[UserId, str]:
        """Who acted, by name: an auditor reads references only."""
        if much is Sight.AUDIT:
            return {}
        users = {r.actor.user for r in history if r.actor.user is not None}
        return {p.id: p.name for p in self._cases.users.people(case.school, users)}


def _told(history: Iterable[Recorded], much: Sight, user: User) -> frozenset[int]:
    """The versions that this much sight shows."""

    def shows(recorded: Recorded) -> bool:
        match much:
            case Sight.STATUS:
                own = recorded.actor.user is not None and recorded.actor.user == user.id
                said = own and isinstance(recorded.event, _OWN_WORDS)
                return said or isinstance(recorded.event, _STATUS_EVENTS)
            case Sight.PAPERS:
                return type(recorded.event) in COMPLAINT.apply
            case Sight.MODERATION:
                return type(recorded.event) in MODERATION.apply
            case _:
                return much > Sight.STATUS

    return frozenset(recorded.version for recorded in history if shows(recorded))


def _without_closed(
    entries: Iterable[Entry], history: Iterable[Recorded], sections: frozenset[Section]
) -> list[Entry]:
    """That something happened in a closed section is shown; what it was, to those it is open to."""
    closed = {
        recorded.version
        for recorded in history
        if recorded.event.SECTION is not None and recorded.event.SECTION not in sections
    }
    return [
        msgspec.structs.replace(entry, data={}, changes=[]) if entry.version in closed else entry
        for entry in entries
    ]


def _for_reporter(entry: Entry) -> Entry:
    """His own words as they are; of everybody else's acts only where the case then stood."""
    stages = [change for change in entry.changes if change.field == "stage"]
    if entry.event not in {event.TOPIC for event in _STATUS_EVENTS}:
        # What he put right may have been somebody else's words by then.
        own = {name: said for name, said in entry.data.items() if name != "old"}
        return msgspec.structs.replace(entry, changes=stages, data=own)
    actor = ActorPage(role=entry.actor.role)
    return msgspec.structs.replace(entry, changes=stages, data={}, actor=actor)


def _steps(history: Iterable[Recorded]) -> Iterator[tuple[Recorded, Case | None, Case]]:
    case: Case | None = None
    for recorded in history:
        before, case = case, rules.evolve(case, recorded)
        yield recorded, before, case


def _entry(
    recorded: Recorded,
    stored: Stored,
    before: Case | None,
    after: Case,
    words: Words,
    names: Mapping[UserId, str],
) -> Entry:
    user = recorded.actor.user
    return Entry(
        version=recorded.version,
        event=recorded.event.TOPIC,
        event_id=recorded.event_id,
        recorded_at=recorded.recorded_at,
        occurred_at=recorded.occurred_at,
        actor=ActorPage(
            role=recorded.actor.role, user=user, name=names.get(user) if user else None
        ),
        policy_version=recorded.policy_version,
        calendar_version=recorded.calendar_version,
        position=stored.position,
        sha256=sha256(stored.state).hexdigest(),
        data=_plain(recorded.event, words),
        changes=list(_changes(before, after, words)) if before is not None else [],
    )


def _changes(before: Case, after: Case, words: Words) -> Iterator[Change]:
    for field in Case.__struct_fields__:
        old, new = getattr(before, field), getattr(after, field)
        if field not in _UNTOLD and old != new:
            yield from _differences(field, _plain(old, words), _plain(new, words))


def _differences(field: str, old: Any, new: Any) -> Iterator[Change]:
    """The leaves that differ: a dictionary is gone through, everything else is one value."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        yield Change(field=field, old=old, new=new)
        return
    for key in {**old, **new}:
        if old.get(key) != new.get(key):
            yield from _differences(f"{field}.{key}", old.get(key), new.get(key))


def _plain(value: Any, words: Words) -> Any:
    """The value in JSON's own types, with its words opened."""
    match value:
        case Sealed():
            return words(value)
        case msgspec.Struct():
            fields = ((f, getattr(value, f)) for f in value.__struct_fields__)
            return {f: _plain(v, words) for f, v in fields}
        case Mapping():
            return {str(k): _plain(v, words) for k, v in value.items()}
        case list() | tuple():
            return [_plain(v, words) for v in value]
        case set() | frozenset():
            return sorted(_plain(v, words) for v in value)
        case _:
            return msgspec.to_builtins(value)
