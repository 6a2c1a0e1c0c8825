"""Lists and counts filter by `audience`, single reads by `sight`: they never disagree."""

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from incidents.domain.access import Sight, acting_role, audience, colleagues, sight, walled
from incidents.domain.intake import LogIncident, PersonInIncident
from incidents.domain.school import User
from incidents.domain.state import Case
from incidents.domain.vocabulary import (
    REPORTING_ROLES,
    Category,
    Flag,
    Part,
    PersonRole,
    Relation,
    Role,
)
from tests.incidents.domain.cases import REPORT
from tests.incidents.domain.one_case import LIVES
from tests.incidents.domain.school import ELSEWHERE, OAKFIELD, PEOPLE, SCHOOL
from tests.incidents.domain.support import given as given_history
from tests.incidents.domain.test_access import in_audience

IDS = st.sampled_from([one.id for one in PEOPLE])
USERS = st.builds(
    User, id=IDS, school=st.just(OAKFIELD), roles=st.frozensets(st.sampled_from(Role), max_size=4)
)
INVOLVED = st.builds(
    PersonInIncident,
    part=st.sampled_from(Part),
    role=st.sampled_from(PersonRole),
    user=st.none() | IDS,
)
REPORTS = st.builds(
    lambda people, categories, flags, ours: replace(
        REPORT,
        people=tuple(people),
        categories=tuple(categories),
        flags=tuple(flags),
        on_school_account=ours,
    ),
    st.lists(INVOLVED, max_size=4),
    st.lists(st.sampled_from(Category), min_size=1, max_size=3),
    st.lists(st.sampled_from(Flag), max_size=2),
    st.booleans(),
)
FRESH = st.builds(
    lambda report, by: given_history().after(report, by=by).case,
    REPORTS,
    st.sampled_from([one for one in PEOPLE if one.roles & set(REPORTING_ROLES)]),
)
LED = st.sampled_from([story.case for states in LIVES.values() for story in states.values()])
CASES = FRESH | LED
quickly = settings(deadline=None, max_examples=200, print_blob=True)


@quickly
@given(CASES, USERS)
def test_a_list_shows_a_case_to_those_who_may_read_it(case: Case, one: User) -> None:
    assert in_audience(case, one) is (sight(case, one) > Sight.NONE)


@quickly
@given(CASES, USERS)
def test_whoever_is_walled_out_neither_sees_nor_acts(case: Case, one: User) -> None:
    if walled(case, one):
        assert sight(case, one) is Sight.NONE
        assert acting_role(case, one, (*Relation, *Role)) is None
        assert one not in colleagues(case, SCHOOL)


@quickly
@given(CASES, USERS)
def test_nobody_acts_on_what_he_does_not_see(case: Case, one: User) -> None:
    if acting_role(case, one, (*Relation, *Role)) is not None:
        assert sight(case, one) > Sight.NONE


@quickly
@given(CASES, USERS)
def test_nobody_acts_in_a_role_he_does_not_hold(case: Case, one: User) -> None:
    for who in (*Relation, *Role):
        assert acting_role(case, one, (who,)) in {None, *one.roles}


@quickly
@given(CASES)
def test_no_subject_and_no_relative_is_in_the_audience(case: Case) -> None:
    linked = {p.user for p in case.of(Part.SUBJECT, Part.RELATED)} - {None}
    assert linked <= audience(case).walled_users
    for user in linked:
        somebody = User(id=user, school=case.school, roles=frozenset(Role))
        assert sight(case, somebody) is Sight.NONE


@quickly
@given(CASES, USERS)
def test_another_schools_user_sees_nothing_whatever_his_id_and_roles(case: Case, one: User) -> None:
    stranger = replace(one, school=ELSEWHERE)
    assert sight(case, stranger) is Sight.NONE
    assert acting_role(case, stranger, (*Relation, *Role)) is None


@quickly
@given(REPORTS)
def test_whoever_heads_the_school_never_sees_a_case_about_himself(report: LogIncident) -> None:
    """Whatever the report calls him, and whether or not it links his account."""
    case = given_history().after(report, by=PEOPLE[0]).case
    heads = [one for one in PEOPLE if Role.HEADTEACHER in one.roles]
    about = {p.user for p in report.people if p.part is not Part.AFFECTED}
    named = any(
        p.role is PersonRole.HEADTEACHER for p in report.people if p.part is not Part.AFFECTED
    )
    for head in heads:
        if named or head.id in about:
            assert sight(case, head) is Sight.NONE
