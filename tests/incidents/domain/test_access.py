"""Who sees a case, and how much of it; and from whom it is walled as if it did not exist."""

import pytest
from msgspec.structs import replace

from incidents.domain.access import Sight, acting_role, audience, sight, walled
from incidents.domain.facts import UserId
from incidents.domain.intake import AcknowledgeReport, IdentifyPerson, PersonInIncident
from incidents.domain.parallel import OpinionState
from incidents.domain.school import User
from incidents.domain.state import Case
from incidents.domain.table import Refuses
from incidents.domain.vocabulary import (
    Category,
    Flag,
    Part,
    PersonRole,
    Relation,
    Role,
)
from tests.incidents.domain.cases import (
    ABOUT_A_CHILD,
    ABOUT_STAFF,
    ABOUT_THE_HEAD,
    COLLEAGUE,
    ON_OUR_ACCOUNT,
    PUPIL,
    REPORT,
    assessing,
    person,
    reported,
)
from tests.incidents.domain.school import (
    AUDITOR,
    AUTHORITY,
    CHAIR,
    CLERK,
    DPO,
    DSL,
    ELSEWHERE,
    EXTERNAL_DPO,
    GOVERNORS,
    HEADTEACHER,
    INSTALLER,
    MODERATOR,
    NOTIFIER,
    OTHER_SLT,
    OTHER_STAFF,
    PEOPLE,
    PROGRAMS,
    SLT,
    STAFF,
    TIMEKEEPER,
    VICE_CHAIR,
    id_of,
    user,
)

NAMES = {
    "the reporter": STAFF,
    "another colleague": OTHER_STAFF,
    "the lead": SLT,
    "the rest of SLT": OTHER_SLT,
    "the headteacher": HEADTEACHER,
    "the DSL": DSL,
    "the moderator": MODERATOR,
    "the DPO": DPO,
    "the chair": CHAIR,
    "the vice-chair": VICE_CHAIR,
    "the authority": AUTHORITY,
    "the external officer": EXTERNAL_DPO,
    "a governor": GOVERNORS[0],
    "another governor": GOVERNORS[1],
    "a third governor": GOVERNORS[2],
    "the clerk": CLERK,
    "the auditor": AUDITOR,
    "the notifier": NOTIFIER,
    "the timekeeper": TIMEKEEPER,
    "the installer": INSTALLER,
}
A_CHILD = replace(REPORT, people=(PUPIL,))
DATA = replace(REPORT, categories=(Category.CONFIDENTIALITY,))
CASES = {
    "waiting": reported().case,
    "led": assessing().case,
    "a child's": assessing(A_CHILD).case,
    "about data": assessing(DATA).case,
    "on our account": assessing(ON_OUR_ACCOUNT).case,
    "about the head": assessing(ABOUT_THE_HEAD, lead=CHAIR).case,
}
NONE, STATUS, PAPERS, AUDIT, MODERATION, FULL = Sight
ALWAYS = {
    "the reporter": STATUS,
    "the auditor": AUDIT,
    "the notifier": FULL,
    "the timekeeper": FULL,
}
USUAL = {**ALWAYS, "the lead": FULL, "the headteacher": FULL}
SEEN = {
    "waiting": {**USUAL, "the rest of SLT": FULL},
    "led": USUAL,
    "a child's": {**USUAL, "the DSL": FULL},
    "about data": {**USUAL, "the DPO": FULL},
    "on our account": {**USUAL, "the moderator": MODERATION},
    "about the head": {**ALWAYS, "the chair": FULL},
}


@pytest.mark.parametrize("who", NAMES)
@pytest.mark.parametrize("which", CASES)
def test_everybody_sees_what_he_needs_and_no_more(which: str, who: str) -> None:
    assert sight(CASES[which], NAMES[who]) is SEEN[which].get(who, NONE)


@pytest.mark.parametrize("which", CASES)
def test_an_audience_names_exactly_those_who_see_the_case(which: str) -> None:
    case = CASES[which]
    for one in (*PEOPLE, *PROGRAMS):
        assert in_audience(case, one) is (sight(case, one) > NONE)


def is_to(case: Case, relation: Relation) -> set[UserId | None]:
    """Who that is, written down once more."""
    told: dict[Relation, set[UserId | None]] = {
        Relation.REPORTER: {case.reporter},
        Relation.LEAD: {case.lead},
        Relation.INVESTIGATOR: {case.complaint.investigator} if case.complaint else set(),
        Relation.CONSULTED: {
            o.of for o in case.opinions.values() if o.state is OpinionState.REQUESTED
        },
        Relation.PANEL: set(case.complaint.panel) if case.complaint else set(),
    }
    return told[relation] - {None}


def in_audience(case: Case, one: User) -> bool:
    """As a list filters by it."""
    to = audience(case)
    if one.id in to.walled_users or one.roles & to.walled_roles:
        return False
    return one.id in to.users or bool(one.roles & to.roles)


# ── walls ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("part", [Part.SUBJECT, Part.RELATED])
@pytest.mark.parametrize("who", ["the rest of SLT", "the DSL", "the auditor", "another colleague"])
def test_a_subject_and_his_relatives_see_nothing(part: Part, who: str) -> None:
    one = NAMES[who]
    linked = PersonInIncident(part=part, role=PersonRole.STAFF, user=one.id)
    case = reported(replace(A_CHILD, people=(linked, PUPIL))).case
    assert walled(case, one)
    assert sight(case, one) is NONE
    assert acting_role(case, one, tuple(one.roles)) is None


def test_a_person_who_was_harmed_is_not_walled_out() -> None:
    linked = replace(COLLEAGUE, part=Part.AFFECTED, user=SLT.id)
    assert sight(reported(replace(REPORT, people=(linked,))).case, SLT) is FULL


def test_the_headteacher_is_walled_out_by_his_role_even_without_a_link() -> None:
    unlinked = PersonInIncident(part=Part.SUBJECT, role=PersonRole.HEADTEACHER)
    case = reported(replace(REPORT, people=(unlinked,))).case
    assert sight(case, HEADTEACHER) is NONE
    assert sight(case, SLT) is NONE
    assert sight(case, CHAIR) is FULL


def test_a_headteacher_who_is_also_the_dsl_is_walled_out_all_the_same() -> None:
    both = user("both", Role.HEADTEACHER, Role.DSL)
    case = reported(replace(ABOUT_THE_HEAD, flags=(Flag.CHILD_AT_RISK,))).case
    assert sight(case, both) is NONE


def test_the_partner_of_a_subject_is_walled_out_when_the_partner_is_the_headteacher() -> None:
    partner = PersonInIncident(part=Part.RELATED, role=PersonRole.STAFF, user=HEADTEACHER.id)
    case = reported(replace(ABOUT_STAFF, people=(COLLEAGUE, partner))).case
    assert sight(case, HEADTEACHER) is NONE
    assert sight(case, CHAIR) is FULL


def test_a_lead_who_turns_out_to_be_a_subject_loses_the_case_at_once() -> None:
    story = assessing()
    linked = IdentifyPerson(person=person(story), user=id_of(SLT))
    case = story.after(linked, by=HEADTEACHER).case
    assert sight(case, SLT) is NONE
    assert acting_role(case, SLT, (Relation.LEAD,)) is None


def test_a_reporter_who_reported_himself_is_walled_out_too() -> None:
    """No subject in any view of his own case; that he was heard is told to him in person."""
    self_reported = replace(ABOUT_STAFF, people=(replace(COLLEAGUE, user=STAFF.id),))
    assert sight(reported(self_reported).case, STAFF) is NONE


# ── another school ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("which", CASES)
def test_nobody_of_another_school_sees_or_does_anything(which: str) -> None:
    case = CASES[which]
    for one in (*PEOPLE, *PROGRAMS):
        stranger = User(id=one.id, school=ELSEWHERE, roles=frozenset(Role))
        assert sight(case, stranger) is NONE
        assert acting_role(case, stranger, (*Role, *Relation)) is None


# ── acting ────────────────────────────────────────────────────────────────────────────────────────


def test_a_reporter_with_several_roles_reports_as_a_member_of_staff() -> None:
    both = user("both", Role.STAFF, Role.MODERATOR)
    case = reported(by=both).case
    assert acting_role(case, both, (Relation.REPORTER,)) is Role.STAFF


def test_a_lead_acts_in_his_leading_role() -> None:
    both = user("both", Role.STAFF, Role.SLT)
    case = assessing(lead=both).case
    assert acting_role(case, both, (Relation.LEAD,)) is Role.SLT


def test_somebody_who_has_lost_his_last_role_does_nothing_any_more() -> None:
    story = reported()
    gone = User(id=STAFF.id, school=STAFF.school, roles=frozenset())
    assert acting_role(story.case, gone, (Relation.REPORTER,)) is None
    story.when(AcknowledgeReport(), by=gone).refused(because="role", for_=Refuses.WHO)


def test_a_dsl_does_nothing_in_a_case_that_is_about_no_child() -> None:
    reported().when(AcknowledgeReport(), by=DSL).refused(because="role", for_=Refuses.WHO)
    reported(A_CHILD).when(AcknowledgeReport(), by=DSL).accepted()
    reported(ABOUT_A_CHILD).when(AcknowledgeReport(), by=DSL).accepted()
