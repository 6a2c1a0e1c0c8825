"""Who may see a case, and how much of it: computed from the case, never from a flag somebody sets.

Four tables. `SIGHTS` gives each role its view and when it has it, `RELATIONS` does so for what
somebody is to the case, `STANDS_IN` says who acts for a role whose holder is concerned himself, and
`SECTIONS` what stays closed even then. Walls come before everything: a subject, his relatives,
whoever is in conflict, and the headteacher or the chair where the case is about one, see nothing,
as if the case did not exist. An alert never grants a view.
"""

from collections.abc import Callable, Iterator, Mapping
from enum import IntEnum
from functools import cache
from typing import Final

import msgspec

from incidents.domain.facts import UserId
from incidents.domain.parallel import ComplaintState, OpinionState
from incidents.domain.school import School, User
from incidents.domain.state import Case
from incidents.domain.vocabulary import Part, Relation, Role, Section, Stage


class Sight(IntEnum):
    """How much somebody sees, from nothing to everything."""

    NONE = 0
    STATUS = 1
    """One's own words and how far the case has come."""
    PAPERS = 2
    """What a complaint says and how it was answered: the papers of its second stage."""
    AUDIT = 3
    """The whole history, its proofs, and no personal text: people appear by reference only."""
    MODERATION = 4
    """The post, the evidence and the moderation track."""
    FULL = 5
    """All of it but the sections that are closed."""


def _always(_case: Case) -> bool:
    return True


def _not_about_head(case: Case) -> bool:
    return not case.about_headteacher


def _about_head(case: Case) -> bool:
    return case.about_headteacher


def _not_about_the_top(case: Case) -> bool:
    return not case.about_headteacher and not case.about_chair


def _about_chair(case: Case) -> bool:
    return case.about_chair


def _about_head_and_chair(case: Case) -> bool:
    """Or about the chair and the vice-chair: then nobody is left at the school."""
    above = case.about_headteacher or Role.VICE_CHAIR in case.concerned
    return case.about_chair and above


def _about_data_and_its_officer(case: Case) -> bool:
    return Role.DPO in case.concerned and _about_data(case)


def _needs_moderation(case: Case) -> bool:
    return case.needs_moderation


def _waiting_for_a_lead(case: Case) -> bool:
    return case.lead is None and case.stage is not Stage.CLOSED and _not_about_the_top(case)


def _about_a_child(case: Case) -> bool:
    return case.about_a_child and _not_about_head(case)


def _about_data(case: Case) -> bool:
    return case.about_data and _not_about_head(case)


def _second_stage_is_open(case: Case) -> bool:
    """From the first decision on: the clerk is whom the complainant then asks for a panel."""
    return case.complaint is not None and case.complaint.state in _SECOND_STAGE


_SECOND_STAGE: Final = frozenset(
    {
        ComplaintState.S1_DECIDED,
        ComplaintState.S2_REQUESTED,
        ComplaintState.S2_SCHEDULED,
        ComplaintState.S2_DECIDED,
        ComplaintState.EXHAUSTED,
    }
)

SIGHTS: Final[dict[Role, tuple[Sight, Callable[[Case], bool]]]] = {
    Role.SLT: (Sight.FULL, _waiting_for_a_lead),
    Role.HEADTEACHER: (Sight.FULL, _not_about_head),
    Role.DSL: (Sight.FULL, _about_a_child),
    Role.MODERATOR: (Sight.MODERATION, _needs_moderation),
    Role.DPO: (Sight.FULL, _about_data),
    Role.CHAIR: (Sight.FULL, _about_head),
    Role.VICE_CHAIR: (Sight.FULL, _about_chair),
    Role.AUTHORITY: (Sight.FULL, _about_head_and_chair),
    Role.EXTERNAL_DPO: (Sight.FULL, _about_data_and_its_officer),
    Role.CLERK: (Sight.PAPERS, _second_stage_is_open),
    Role.AUDITOR: (Sight.AUDIT, _always),
    Role.NOTIFIER: (Sight.FULL, _always),
    Role.TIMEKEEPER: (Sight.FULL, _always),
}
"""Roles that are not listed see a case only by what they are to it."""

STANDS_IN: Final[Mapping[Role, tuple[Role, ...]]] = {
    Role.CHAIR: (Role.VICE_CHAIR, Role.AUTHORITY),
    Role.DPO: (Role.EXTERNAL_DPO,),
}
"""Who may do what this role may, on the cases that they then see (`SIGHTS`)."""
HEIRS: Final = (Role.CHAIR, Role.VICE_CHAIR, Role.AUTHORITY)
"""Who leads what is about the headteacher or the chair: the first of these that somebody holds who
is not concerned himself."""


def _nobody_if_none(*users: UserId | None) -> frozenset[UserId]:
    return frozenset(user for user in users if user is not None)


RELATIONS: Final[Mapping[Relation, tuple[Sight, Callable[[Case], frozenset[UserId]]]]] = {
    Relation.REPORTER: (Sight.STATUS, lambda case: frozenset({case.reporter})),
    Relation.LEAD: (Sight.FULL, lambda case: _nobody_if_none(case.lead)),
    Relation.INVESTIGATOR: (
        Sight.FULL,
        lambda case: _nobody_if_none(case.complaint.investigator if case.complaint else None),
    ),
    Relation.CONSULTED: (
        Sight.FULL,
        lambda case: frozenset(
            o.of for o in case.opinions.values() if o.state is OpinionState.REQUESTED
        ),
    ),
    Relation.PANEL: (
        Sight.PAPERS,
        lambda case: frozenset(case.complaint.panel if case.complaint else ()),
    ),
}
"""What somebody is to a case, how much he sees by it, and who that is."""

SECTIONS: Final[Mapping[Section, tuple[Role, ...]]] = {
    Section.DISCIPLINARY: (Role.HEADTEACHER, Role.CHAIR),
    Section.LOW_LEVEL: (Role.HEADTEACHER, Role.DSL, Role.CHAIR),
}
"""For whom a closed section is opened, of those who see the case in this role."""


class Audience(msgspec.Struct, frozen=True):
    """Who a case is visible to, in a form that lists and counts can filter by."""

    roles: frozenset[Role]
    users: frozenset[UserId]
    walled_users: frozenset[UserId]
    walled_roles: frozenset[Role]


def audience(case: Case) -> Audience:
    """Return everyone `sight` would show the case to, and everyone it is walled from."""
    return Audience(
        roles=frozenset(role for role, (_, sees) in SIGHTS.items() if sees(case)),
        users=frozenset(user for _, who in RELATIONS.values() for user in who(case)),
        walled_users=_walled_users(case),
        walled_roles=_walled_roles(case),
    )


def walled(case: Case, user: User) -> bool:
    """Whether the case must not exist for this user."""
    return user.id in _walled_users(case) or bool(user.roles & _walled_roles(case))


def _walled_users(case: Case) -> frozenset[UserId]:
    named = case.of(Part.SUBJECT, Part.RELATED)
    return frozenset(p.user for p in named if p.user is not None).union(case.conflicts)


def _walled_roles(case: Case) -> frozenset[Role]:
    """Roles whose holder is known without his account: one person holds each of them."""
    head = {Role.HEADTEACHER} if case.about_headteacher else set()
    return frozenset(head | ({Role.CHAIR} if case.about_chair else set()))


def colleagues(case: Case, school: School) -> Iterator[User]:
    """Everybody at the school from whom the case is not walled."""
    for id_, roles in school.roster.items():
        user = User(id=id_, school=school.id, roles=roles)
        if not walled(case, user):
            yield user


def sight(case: Case, user: User) -> Sight:
    """Return how much of the case this user sees now."""
    if user.school != case.school or walled(case, user):
        return Sight.NONE
    return max(
        (
            *(
                SIGHTS[role][0]
                for role in user.roles_on(case.id)
                if role in SIGHTS and SIGHTS[role][1](case)
            ),
            *(seen for relation, (seen, _) in RELATIONS.items() if is_(relation, case, user)),
            Sight.NONE,
        )
    )


def is_(relation: Relation, case: Case, user: User) -> bool:
    _, who = RELATIONS[relation]
    return user.id is not None and user.id in who(case)


def opened(case: Case, user: User) -> frozenset[Section]:
    """Return the closed sections of the case that are open to this user."""
    return frozenset(
        section for section, who in SECTIONS.items() if acting_role(case, user, who) is not None
    )


def acting_role(case: Case, user: User, who: tuple[Role | Relation, ...]) -> Role | None:
    """Return the role this user would act in, or None if none of `who` is his on this case."""
    return acting(case, user)(who)


def acting(case: Case, user: User) -> Callable[[tuple[Role | Relation, ...]], Role | None]:
    """Return `acting_role` for one user on one case: what he is to it is asked once for many."""
    if user.school != case.school or walled(case, user):
        return lambda _who: None

    @cache
    def role_of(one: Role | Relation) -> Role | None:
        if not isinstance(one, Role):
            return _role_for(one, user) if is_(one, case, user) else None
        seats = (one, *STANDS_IN.get(one, ()))
        held = user.roles_on(case.id)
        his = (s for s in seats if s in held and s in SIGHTS and SIGHTS[s][1](case))
        return next(his, None)

    return cache(lambda who: next(filter(None, map(role_of, who)), None))


def heir(case: Case, school: School) -> Role | None:
    """Return in which role a case about the headteacher or the chair is led; None if in any.

    Also None where nobody is left who could: then whoever sees it may.
    """
    if not case.about_headteacher and not case.about_chair:
        return None
    left = tuple(colleagues(case, school))
    return next((r for r in HEIRS if any(acting_role(case, one, (r,)) is r for one in left)), None)


def somebody_else_may(
    case: Case, who: tuple[Role | Relation, ...], user: User, school: School
) -> bool:
    """Whether anybody but this user may do on this case what only `who` may do."""
    return any(
        one.id != user.id and acting_role(case, one, who) is not None
        for one in colleagues(case, school)
    )


def _role_for(relation: Relation, user: User) -> Role | None:
    """The role to be written down for what somebody is to the case, if he has any left."""
    leading = (Role.HEADTEACHER, Role.SLT, Role.DSL, *HEIRS)
    first = {Relation.LEAD: leading, Relation.PANEL: (Role.GOVERNOR, Role.CHAIR)}
    ranked: tuple[Role, ...] = (*first.get(relation, (Role.STAFF, *leading)), *Role)
    return next((role for role in ranked if role in user.roles), None)
