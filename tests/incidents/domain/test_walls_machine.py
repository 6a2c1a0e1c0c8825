"""Walls go up and never come down, and behind one there is nothing: thousands of steps of it."""

from collections import Counter
from typing import ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from msgspec.structs import replace

from incidents.domain.access import Sight, acting_role, audience, colleagues, sight, walled
from incidents.domain.assessment import AssignLead, StartAssessment
from incidents.domain.case import offers
from incidents.domain.conflict import DeclareConflict
from incidents.domain.facts import UserId
from incidents.domain.glass import BreakGlassUsed, is_broken
from incidents.domain.intake import IdentifyPerson, LogIncident, PersonInIncident
from incidents.domain.opinions import RequestSecondOpinion
from incidents.domain.school import User
from incidents.domain.table import Command
from incidents.domain.vocabulary import Part, PersonRole, Relation, Role
from incidents.views.lines import principals, shown
from tests.incidents.domain.requests import REPORTS
from tests.incidents.domain.school import ELSEWHERE, PEOPLE, SCHOOL, STAFF, id_of
from tests.incidents.domain.support import Story, given

ANYBODY = st.sampled_from(PEOPLE)
WALLS = st.sampled_from([Part.SUBJECT, Part.RELATED])
STEPS, EXAMPLES = 40, 100


class WallMachine(RuleBasedStateMachine):
    """One case in which ever more people turn out to be concerned."""

    steps: ClassVar[Counter[str]] = Counter()

    story: Story
    behind: set[UserId]

    @initialize(
        report=REPORTS,
        subjects=st.lists(st.tuples(WALLS, st.sampled_from(PersonRole), ANYBODY), max_size=2),
    )
    def begin(self, report: LogIncident, subjects: list[tuple[Part, PersonRole, User]]) -> None:
        named = tuple(
            PersonInIncident(part=part, role=role, user=one.id) for part, role, one in subjects
        )
        self.story = given().after(replace(report, people=(*report.people, *named)), by=STAFF)
        self.behind = set()

    @rule(part=WALLS, role=st.sampled_from(PersonRole), who=ANYBODY, by=ANYBODY)
    def name(self, part: Part, role: PersonRole, who: User, by: User) -> None:
        self._ask(IdentifyPerson(part=part, role=role, user=id_of(who)), by)

    @rule(part=st.sampled_from(Part), who=st.none() | ANYBODY, by=ANYBODY, data=st.data())
    def call_something_else(
        self, part: Part, who: User | None, by: User, data: st.DataObject
    ) -> None:
        if known := list(self.story.case.people):
            person = data.draw(st.sampled_from(known))
            user = id_of(who) if who else None
            role = PersonRole.PARENT
            self._ask(IdentifyPerson(person=person, part=part, role=role, user=user), by)

    @rule(who=st.none() | ANYBODY, by=ANYBODY)
    def declare(self, who: User | None, by: User) -> None:
        user = id_of(who) if who else None
        self._ask(DeclareConflict(reason="They are close friends.", user=user), by)

    @rule(by=ANYBODY)
    def take_the_lead(self, by: User) -> None:
        self._ask(StartAssessment(), by)

    @rule(who=ANYBODY, by=ANYBODY)
    def give_the_lead(self, who: User, by: User) -> None:
        self._ask(AssignLead(lead=id_of(who), reason="The first one is away."), by)

    @rule(who=ANYBODY, by=ANYBODY)
    def consult(self, who: User, by: User) -> None:
        self._ask(RequestSecondOpinion(of=id_of(who), question="Is it a threat?"), by)

    @rule(who=ANYBODY)
    def break_the_glass(self, who: User) -> None:
        """On record, whether or not the rules would have recorded it."""
        until = self.story.now.replace(year=2030)
        broken = BreakGlassUsed(user=id_of(who), until=until, reason="A child is missing.")
        self.story = self.story.also(broken, by=who)

    def _ask(self, command: Command, by: User) -> None:
        answer = self.story.when(command, by=by)
        self.steps["asked"] += 1
        if answer.decision is not None:
            self.steps["accepted"] += 1
            assert sight(self.story.case, by) > Sight.NONE
            self.story = answer.accepted()

    @invariant()
    def behind_a_wall_there_is_nothing(self) -> None:
        case = self.story.case
        told, to = shown(case), audience(case)
        for one in PEOPLE:
            if walled(case, one):
                self.steps["behind a wall"] += 1
                assert sight(case, one) is Sight.NONE
                assert told.to(principals(one)) is None
                assert acting_role(case, one, (*Relation, *Role)) is None
                assert all(offer.reasons for offer in offers(case, self.story.asking(one)))
                assert one not in colleagues(case, SCHOOL)
                assert case.lead != one.id
            else:
                assert one.id not in to.walled_users

    @invariant()
    def whoever_is_named_stays_behind_the_wall(self) -> None:
        case = self.story.case
        self.behind |= audience(case).walled_users
        assert self.behind <= audience(case).walled_users

    @invariant()
    def a_list_shows_it_to_those_who_may_read_it(self) -> None:
        case = self.story.case
        told = shown(case)
        for one in PEOPLE:
            assert (told.to(principals(one)) is not None) is (sight(case, one) > Sight.NONE)
            stranger = User(id=one.id, school=ELSEWHERE, roles=frozenset(Role))
            assert sight(case, stranger) is Sight.NONE

    @invariant()
    def glass_opens_for_those_who_may_break_it_only(self) -> None:
        for one in PEOPLE:
            if is_broken(self.story.case, one, self.story.now):
                assert one.roles & {Role.HEADTEACHER, Role.DSL, Role.CHAIR}


def test_walls_stand_whatever_is_done() -> None:
    run_state_machine_as_test(
        WallMachine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            print_blob=True,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
    assert WallMachine.steps["asked"] > 1_000, WallMachine.steps
    assert WallMachine.steps["accepted"] > 100, WallMachine.steps
    assert WallMachine.steps["behind a wall"] > 1_000, WallMachine.steps
