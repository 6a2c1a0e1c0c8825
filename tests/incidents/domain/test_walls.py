"""Whom a case is kept from, and who leads it then: every clause of the confidentiality rules."""

import pytest
from msgspec.structs import replace

from incidents.domain.access import Sight, acting_role, audience, heir, sight
from incidents.domain.assessment import AssignLead, StartAssessment
from incidents.domain.breach import SuspectBreach
from incidents.domain.intake import IdentifyPerson
from incidents.domain.school import User
from incidents.domain.table import Refuses
from incidents.domain.vocabulary import Category, Part, PersonRole, Relation, Role
from tests.incidents.domain.cases import (
    ABOUT_THE_HEAD,
    ON_OUR_ACCOUNT,
    PUPIL,
    REPORT,
    assessing,
    reported,
)
from tests.incidents.domain.guards import NOBODY
from tests.incidents.domain.school import (
    AUTHORITY,
    CHAIR,
    DPO,
    DSL,
    EXTERNAL_DPO,
    FRIDAY,
    HEADTEACHER,
    MODERATOR,
    OTHER_SLT,
    PEOPLE,
    SCHOOL,
    SLT,
    STAFF,
    VICE_CHAIR,
    id_of,
    school_of,
    user,
)
from tests.incidents.domain.walls import TOO_CLOSE, about

SUBJECT, RELATED = Part.SUBJECT, Part.RELATED
NEW_HEAD = user("the next headteacher", Role.HEADTEACHER)


def seeing(report: object) -> set[User]:
    """Everybody who sees all of a case that was just reported so."""
    case = reported(report).case  # type: ignore[arg-type]
    return {one for one in PEOPLE if sight(case, one) is Sight.FULL}


# ── who leads when somebody at the top is concerned ───────────────────────────────────────────────


@pytest.mark.parametrize("part", [SUBJECT, RELATED])
def test_what_is_about_the_head_is_the_chairs_alone(part: Part) -> None:
    assert seeing(about(HEADTEACHER, part=part)) == {CHAIR}
    assert heir(reported(about(HEADTEACHER, part=part)).case, SCHOOL) is Role.CHAIR


def test_what_is_about_the_chair_is_led_by_the_vice_chair_and_hidden_from_the_chair() -> None:
    story = reported(about(CHAIR))
    assert seeing(about(CHAIR)) == {HEADTEACHER, VICE_CHAIR}
    assert sight(story.case, CHAIR) is Sight.NONE
    refusal = story.when(StartAssessment(), by=HEADTEACHER)
    assert "vice-chair" in refusal.refused(because="lead_is_not_above_himself", for_=Refuses.STATE)
    assert story.when(StartAssessment(), by=VICE_CHAIR).role is Role.VICE_CHAIR


def test_a_chair_without_an_account_is_walled_out_by_his_role() -> None:
    assert seeing(about(PersonRole.CHAIR)) == {HEADTEACHER, VICE_CHAIR}


def test_what_is_about_head_and_chair_is_the_vice_chairs_and_the_authority_sees_it() -> None:
    both = about(HEADTEACHER, CHAIR)
    assert seeing(both) == {VICE_CHAIR, AUTHORITY}
    assert heir(reported(both).case, SCHOOL) is Role.VICE_CHAIR
    reported(both).when(StartAssessment(), by=AUTHORITY).refused(
        because="lead_is_not_above_himself"
    )


@pytest.mark.parametrize(
    ("people", "roster"),
    [
        ((HEADTEACHER, CHAIR, VICE_CHAIR), PEOPLE),
        ((CHAIR, VICE_CHAIR), PEOPLE),
        ((HEADTEACHER, CHAIR), [one for one in PEOPLE if one is not VICE_CHAIR]),
    ],
)
def test_where_nobody_is_left_at_the_school_the_authority_leads(
    people: tuple[User, ...], roster: tuple[User, ...]
) -> None:
    story = reported(about(*people)).at(school_of(*roster))
    assert heir(story.case, story.school) is Role.AUTHORITY
    assert story.when(StartAssessment(), by=AUTHORITY).role is Role.AUTHORITY


def test_where_there_is_no_vice_chair_and_no_authority_the_head_leads_what_is_about_the_chair() -> (
    None
):
    story = reported(about(CHAIR)).at(school_of(HEADTEACHER, SLT, CHAIR))
    story.when(StartAssessment(), by=HEADTEACHER).accepted()


def test_the_lead_of_such_a_case_is_only_given_to_whoever_comes_next() -> None:
    story = assessing(about(HEADTEACHER, CHAIR), lead=VICE_CHAIR)
    given = AssignLead(lead=id_of(AUTHORITY), reason="The vice-chair is away.")
    story.when(given, by=VICE_CHAIR).refused(because="lead_can_lead")


def test_whoever_stands_in_does_all_that_the_one_he_stands_in_for_may_do() -> None:
    both = reported(about(HEADTEACHER, CHAIR)).case
    assert acting_role(both, VICE_CHAIR, (Role.CHAIR,)) is Role.VICE_CHAIR
    assert acting_role(both, AUTHORITY, (Role.CHAIR,)) is Role.AUTHORITY
    head = reported(about(HEADTEACHER)).case
    assert acting_role(head, VICE_CHAIR, (Role.CHAIR,)) is None
    assert acting_role(head, AUTHORITY, (Role.CHAIR,)) is None


def test_what_is_about_the_dsl_is_the_heads() -> None:
    case = reported(replace(about(DSL), people=(*about(DSL).people, PUPIL))).case
    assert sight(case, DSL) is Sight.NONE
    assert sight(case, HEADTEACHER) is Sight.FULL


def test_what_is_about_the_administrator_is_moderated_by_a_second_one() -> None:
    second = user("the second administrator", Role.MODERATOR)
    case = reported(replace(ON_OUR_ACCOUNT, people=about(MODERATOR).people)).case
    assert sight(case, MODERATOR) is Sight.NONE
    assert sight(case, second) is Sight.MODERATION


def test_a_data_case_about_the_officer_is_the_external_officers() -> None:
    data = replace(about(DPO), categories=(Category.DATA_PROTECTION,))
    story = reported(data)
    assert sight(story.case, DPO) is Sight.NONE
    assert sight(story.case, EXTERNAL_DPO) is Sight.FULL
    breach = SuspectBreach(aware_at=FRIDAY, what="A list was sent to the wrong class.")
    assert story.when(breach, by=EXTERNAL_DPO).role is Role.EXTERNAL_DPO
    other = reported(replace(REPORT, categories=(Category.DATA_PROTECTION,))).case
    assert sight(other, EXTERNAL_DPO) is Sight.NONE


def test_the_role_held_at_the_time_is_on_record_and_counts_whoever_holds_it_later() -> None:
    story = reported(about(HEADTEACHER))
    (named,) = story.case.people.values()
    assert named.held == {Role.HEADTEACHER}
    later = story.at(
        school_of(
            NEW_HEAD,
            CHAIR,
            User(id=HEADTEACHER.id, school=HEADTEACHER.school, roles=frozenset({Role.SLT})),
        )
    )
    assert heir(later.case, later.school) is Role.CHAIR
    demoted = User(id=HEADTEACHER.id, school=HEADTEACHER.school, roles=frozenset({Role.SLT}))
    assert sight(later.case, demoted) is Sight.NONE


def test_a_role_somebody_is_given_after_he_was_named_is_recorded_when_he_is_named_again() -> None:
    story = reported(about(OTHER_SLT)).at(
        school_of(SLT, CHAIR, replace(OTHER_SLT, roles=frozenset({Role.HEADTEACHER})))
    )
    (named,) = story.case.people.values()
    again = IdentifyPerson(person=named.person, part=SUBJECT, role=PersonRole.STAFF)
    (known,) = story.after(again, by=HEADTEACHER).case.people.values()
    assert known.held == {Role.SLT, Role.HEADTEACHER}
    assert known.role is PersonRole.HEADTEACHER


# ── conflicts ─────────────────────────────────────────────────────────────────────────────────────


def test_whoever_declares_himself_too_close_is_out_of_the_case_at_once() -> None:
    story = assessing()
    after = story.after(TOO_CLOSE, by=SLT)
    assert sight(after.case, SLT) is Sight.NONE
    assert after.case.lead is None
    assert SLT.id in audience(after.case).walled_users
    assert acting_role(after.case, SLT, (*Role, *Relation)) is None
    assert sight(after.case, OTHER_SLT) is Sight.FULL, "somebody has to be able to take it"


def test_the_head_who_is_too_close_leaves_the_case_to_the_chair() -> None:
    after = reported().after(TOO_CLOSE, by=HEADTEACHER)
    assert {one for one in PEOPLE if sight(after.case, one) is Sight.FULL} == {CHAIR}
    again = replace(TOO_CLOSE, user=id_of(HEADTEACHER))
    after.when(again, by=CHAIR).refused(because="conflict_is_a_colleagues")


def test_the_chair_who_is_too_close_leaves_it_to_the_vice_chair() -> None:
    story = assessing(ABOUT_THE_HEAD, lead=CHAIR)
    after = story.after(TOO_CLOSE, by=CHAIR)
    assert {one for one in PEOPLE if sight(after.case, one) is Sight.FULL} == {
        VICE_CHAIR,
        AUTHORITY,
    }
    given = AssignLead(lead=id_of(VICE_CHAIR), reason="The chair is too close.")
    assert after.after(given, by=VICE_CHAIR).case.lead == VICE_CHAIR.id


def test_a_lead_may_say_that_a_colleague_is_too_close() -> None:
    after = assessing().after(replace(TOO_CLOSE, user=id_of(OTHER_SLT)), by=SLT)
    assert after.case.conflicts == {OTHER_SLT.id: frozenset({Role.SLT})}
    assert after.case.lead == SLT.id


def test_a_reporter_declares_nothing_and_keeps_his_own_words() -> None:
    reported().when(TOO_CLOSE, by=STAFF).refused(because="role", for_=Refuses.WHO)


def test_the_last_one_who_could_lead_is_told_to_find_somebody_first() -> None:
    alone = assessing().at(school_of(SLT, STAFF))
    said = alone.when(TOO_CLOSE, by=SLT).refused(because="somebody_is_left_to_lead")
    assert "authority" in said
    stranger = replace(TOO_CLOSE, user=NOBODY)
    alone.when(stranger, by=SLT).refused(because="conflict_is_a_colleagues")


# ── a subject who is named later ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("part", [SUBJECT, RELATED])
@pytest.mark.parametrize("who", [SLT, DSL, OTHER_SLT])
def test_naming_somebody_later_takes_the_case_from_him_at_once_and_from_nobody_else(
    part: Part, who: User
) -> None:
    story = assessing(replace(REPORT, people=(PUPIL,)))
    named = IdentifyPerson(part=part, role=PersonRole.STAFF, user=id_of(who))
    after = story.after(named, by=HEADTEACHER)
    assert sight(after.case, who) is Sight.NONE
    assert acting_role(after.case, who, (*Role, *Relation)) is None
    for one in (HEADTEACHER, STAFF):
        assert sight(after.case, one) is sight(story.case, one)
