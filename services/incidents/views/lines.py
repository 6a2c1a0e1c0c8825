"""What a list shows of a case, to each sight of it, and what each may narrow a list by.

A line holds no words: ids, stages and times only. Who sees which line is computed by the rules of
access, from the case itself; a filter finds a case only by what its reader is shown.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

from incidents.domain.access import (
    RELATIONS,
    SECTIONS,
    SIGHTS,
    STANDS_IN,
    Audience,
    Sight,
    audience,
)
from incidents.domain.parallel import (
    BreachState,
    ComplaintState,
    ConcernState,
    ContactState,
    DisciplinaryState,
    OpinionState,
    PressState,
    Publication,
    TrainingState,
)
from incidents.domain.school import User
from incidents.domain.state import OPEN_DEADLINES, Case
from incidents.domain.vocabulary import (
    PEOPLES_ROLES,
    DeadlineState,
    Due,
    Kind,
    LetterForm,
    LetterState,
    Moderation,
    Moment,
    Role,
    Section,
    Stage,
)
from incidents.pages import MODERATION_DUE, PAPERS_DUE

Principal = str
"""A role or a user: `role:slt`, `user:<id in hex>`."""

Track = Literal[
    "referral", "opinion", "moderation", "complaint", "contact", "press", "breach",
    "disciplinary", "allegation", "concern", "training", "image", "letter",
]  # fmt: skip


class CaseLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A case in a list, as far as this reader sees it."""

    case_id: UUID
    reference: str
    version: int
    sight: str
    stage: Stage
    reported_at: Moment
    updated_at: Moment | None = None
    kind: Kind | None = None
    severity: int | None = None
    lead: UUID | None = None
    moderation: Moderation | None = None
    next_due_at: Moment | None = None
    overdue: bool = False


class View(msgspec.Struct, frozen=True, array_like=True):
    """A case to one sight: its line in JSON, and what a list may be narrowed by with that sight.

    Whether it is overdue depends on the moment: the line leaves that out, `next_due` tells.
    """

    sight: Sight
    line: msgspec.Raw
    next_due: str | None
    kind: Kind | None
    severity: int | None
    tracks: tuple[Track, ...]
    people: tuple[str, ...]


class Shown(msgspec.Struct, frozen=True, array_like=True):
    """Everything the lists hold of a case; whatever else the views know of it follows from this."""

    walled: tuple[Principal, ...]
    sights: Mapping[Principal, Sight]
    opened: Mapping[Principal, tuple[Track, ...]]
    """Open tracks of closed sections, for those to whom the section is opened."""
    views: tuple[View, ...]
    stage: Stage
    deadlines: tuple[tuple[Due, str], ...]
    """Those that have not passed unmet yet, with when they do."""
    letters: tuple[tuple[str, LetterState], ...]

    def to(self, principals: frozenset[Principal]) -> View | None:
        """Return the case as whoever is all of these sees it, None if it is not for him."""
        if not principals.isdisjoint(self.walled):
            return None
        much = max(map(self._sight_of, principals), default=Sight.NONE)
        for view in self.views:
            if view.sight is much:
                return view
        return None

    def _sight_of(self, principal: Principal) -> Sight:
        return self.sights.get(principal, Sight.NONE)

    def tracks_to(self, principals: frozenset[Principal], view: View) -> set[Track]:
        """Return what is open on the case, as far as this reader knows of it."""
        closed = (track for p in principals for track in self.opened.get(p, ()))
        return {*view.tracks, *closed}


encode: Final = msgspec.json.Encoder().encode
decode: Final = msgspec.json.Decoder(Shown).decode


def shown(case: Case) -> Shown:
    """Return what the lists hold of a case."""
    to = audience(case)
    sights, open_now = _sights(case, to), frozenset(t for t in OPEN_ON if OPEN_ON[t](case))
    return Shown(
        walled=tuple(
            sorted([*map(role_principal, to.walled_roles), *map(user_principal, to.walled_users)])
        ),
        sights=sights,
        opened=dict(_opened(sights, open_now)),
        views=tuple(_view(case, much, open_now) for much in sorted(set(sights.values()))),
        stage=case.stage,
        deadlines=tuple(
            (due, stamp(d.due_at))
            for due, d in case.deadlines.items()
            if d.state is DeadlineState.OPEN
        ),
        letters=tuple((x.letter.hex, x.state) for x in case.letters.values()),
    )


def principals(user: User) -> frozenset[Principal]:
    """Return what the user is, at this moment: his roles and himself."""
    return frozenset(
        (
            *map(role_principal, user.roles_without_a_case),
            *([user_principal(user.id)] if user.id else ()),
        )
    )


def stamp(moment: datetime) -> str:
    """RFC 3339 in UTC with microseconds: as text it sorts as in time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def role_principal(role: str) -> Principal:
    return f"role:{role}"


def user_principal(user: UUID) -> Principal:
    return f"user:{user.hex}"


def sights_of(case: Case) -> dict[Principal, Sight]:
    """Return how much each role and each user sees of the case, walls apart."""
    return _sights(case, audience(case))


def _sights(case: Case, to: Audience) -> dict[Principal, Sight]:
    found = {
        role_principal(role): SIGHTS[role][0] for role in sorted(to.roles) if role in PEOPLES_ROLES
    }
    for much, who in RELATIONS.values():
        for user in who(case):
            found[user_principal(user)] = max(much, found.get(user_principal(user), Sight.NONE))
    return dict(sorted(found.items()))


def _opened(
    sights: Mapping[Principal, Sight], open_now: Collection[Track]
) -> Iterator[tuple[Principal, tuple[Track, ...]]]:
    for role, closed in _CLOSED_TO_ALL_BUT.items():
        tracks = tuple(track for track in closed if track in open_now)
        if tracks and role in sights:
            yield role, tracks


def opening(section: Section) -> set[Role]:
    """The roles to which a closed section is opened, with those who stand in for them."""
    return {seat for one in SECTIONS[section] for seat in (one, *STANDS_IN.get(one, ()))}


def _view(case: Case, much: Sight, open_now: Collection[Track]) -> View:
    due = min((d for _, d in _due(case, much)), default=None)
    line = CaseLine(
        case_id=case.id,
        reference=case.reference,
        version=case.version,
        sight=much.name.lower(),
        stage=case.stage,
        reported_at=case.reported_at,
        updated_at=case.updated_at if much in _HANDLES else None,
        kind=case.kind if much in (Sight.STATUS, *_ALL) else None,
        severity=case.severity if much in _ALL else None,
        lead=case.lead if much in _ALL else None,
        moderation=case.moderation if much in _HANDLES else None,
        next_due_at=due,
    )
    return View(
        sight=much,
        line=msgspec.Raw(encode(line)),
        next_due=stamp(due) if due else None,
        kind=line.kind,
        severity=line.severity,
        tracks=tuple(t for t in OPEN_ON if t in open_now and _shows(case, much, t)),
        people=tuple(sorted({one.hex for one in _people(case, much)})),
    )


_ALL: Final = (Sight.AUDIT, Sight.FULL)
_HANDLES: Final = (Sight.MODERATION, *_ALL)


_DUE: Final = {Sight.MODERATION: MODERATION_DUE, Sight.PAPERS: PAPERS_DUE}


def _due(case: Case, much: Sight) -> Iterator[tuple[Due, datetime]]:
    for due, d in case.deadlines.items():
        known = much in _ALL or due in _DUE.get(much, ())
        if known and d.state in OPEN_DEADLINES:
            yield due, d.due_at


def _people(case: Case, much: Sight) -> Iterator[UUID]:
    """Whoever has a part in the case, as a person or as a user, as far as this sight names him."""
    if much in _ALL or much is Sight.STATUS:
        yield case.reporter
    if much in _ALL:
        yield from case.people
        yield from (p.user for p in case.people.values() if p.user)
        if case.lead:
            yield case.lead


def _shows(case: Case, much: Sight, track: Track) -> bool:
    if track in CLOSED:
        return False
    match much:
        case Sight.FULL | Sight.AUDIT:
            return True
        case Sight.MODERATION:
            notices = any(x.form is LetterForm.NOTICE for x in case.open_letters)
            return track == "moderation" or (track == "letter" and notices)
        case Sight.PAPERS:
            return track == "complaint"
        case _:
            return False


def _complaint(case: Case) -> bool:
    ended = (
        ComplaintState.NONE,
        ComplaintState.EXHAUSTED,
        ComplaintState.WITHDRAWN,
        ComplaintState.OUT_OF_PROCEDURE,
    )
    return case.complaint is not None and case.complaint.state not in ended


def _press(case: Case) -> bool:
    ended = (PressState.NONE, PressState.RESPONDED, PressState.DECLINED)
    return case.press is not None and case.press.state not in ended


def _breach(case: Case) -> bool:
    ended = (BreachState.NONE, BreachState.RULED_OUT, BreachState.DONE)
    return case.breach is not None and case.breach.state not in ended


OPEN_ON: Final[Mapping[Track, Callable[[Case], bool]]] = {
    "referral": lambda case: bool(case.open_referrals),
    "opinion": lambda case: any(o.state is OpinionState.REQUESTED for o in case.opinions.values()),
    "moderation": lambda case: case.needs_moderation,
    "complaint": _complaint,
    "contact": lambda case: any(
        x.state is ContactState.LIMITED for x in case.contact_limits.values()
    ),
    "press": _press,
    "breach": _breach,
    "disciplinary": lambda case: any(
        x.state is not DisciplinaryState.CONCLUDED for x in case.disciplinary.values()
    ),
    "allegation": lambda case: bool(case.allegations),
    "concern": lambda case: any(x.state is ConcernState.RECORDED for x in case.concerns.values()),
    "training": lambda case: any(
        x.state is TrainingState.ASSIGNED for x in case.trainings.values()
    ),
    "image": lambda case: case.publication is Publication.PUBLISHED,
    "letter": lambda case: bool(case.open_letters),
}
"""Whether something is open on a track. Of an allegation the outcome is what is closed to most."""

CLOSED: Final[Mapping[Track, Section]] = {
    "disciplinary": Section.DISCIPLINARY,
    "allegation": Section.DISCIPLINARY,
    "concern": Section.LOW_LEVEL,
}
"""Tracks that only those know of to whom the section is opened."""

_CLOSED_TO_ALL_BUT: Final[Mapping[Principal, tuple[Track, ...]]] = {
    role_principal(role): tuple(t for t, section in CLOSED.items() if role in opening(section))
    for role in PEOPLES_ROLES
}
