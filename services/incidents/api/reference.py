"""What a form needs: the policy in force, and the colleagues who may be named in a case."""

from collections.abc import Mapping
from datetime import date
from typing import Final
from uuid import UUID

import msgspec
from litestar import Response

from incidents.api.call import Call
from incidents.api.operations import Contract, operation
from incidents.api.problems import Kind, Problem
from incidents.domain.assessment import StartAssessment
from incidents.domain.case import ROWS
from incidents.domain.table import Reason
from incidents.domain.vocabulary import Role

LEADERS: Final = frozenset(who for who in ROWS[StartAssessment][1].who if isinstance(who, Role))


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """The edition in force; a finding cites its clauses by their numbers."""

    edition: str
    title: str
    adopted_on: date
    clauses: Mapping[str, str]


class Colleague(msgspec.Struct, frozen=True, kw_only=True):
    user: UUID
    name: str
    roles: list[Role]


class Colleagues(msgspec.Struct, frozen=True, kw_only=True):
    """Everybody with an account at the school, by name."""

    colleagues: list[Colleague]


@operation(
    "GET",
    "/api/policy",
    Contract(
        id="readPolicy",
        summary="The edition of the policy in force",
        tag="school",
        answer=Policy,
    ),
)
def read_policy(request: Call) -> Response[Policy]:
    policy = request.installation.cases.schools[request.user.school].policy
    return Response(
        Policy(
            edition=policy.edition,
            title=policy.title,
            adopted_on=policy.adopted_on,
            clauses=policy.clauses,
        )
    )


@operation(
    "GET",
    "/api/colleagues",
    Contract(
        id="listColleagues",
        summary="The school's users, for those who may lead a case",
        tag="school",
        answer=Colleagues,
        refuses=(403,),
    ),
)
def list_colleagues(request: Call) -> Response[Colleagues]:
    if not LEADERS & request.user.roles:
        raise Problem(
            Kind.NOT_ALLOWED,
            "The list is for those who lead cases.",
            reasons=[Reason("role", f"Only for: {', '.join(sorted(LEADERS))}.")],
        )
    users, school = request.installation.users, request.user.school
    people = users.people(school, users.roster(school))
    colleagues = [
        Colleague(user=person.id, name=person.name, roles=sorted(person.roles))
        for person in sorted(people, key=lambda person: (person.name, person.id))
    ]
    return Response(Colleagues(colleagues=colleagues))


ROUTES: Final = (read_policy, list_colleagues)
