"""Any commands of anybody, at any pace, for thousands of steps: what must hold always holds."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import ClassVar

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from incidents.domain import case as rules
from incidents.domain.access import Sight, sight
from incidents.domain.assessment import AssessmentRecorded, DecisionNotToRefer, MarkedOutOfScope
from incidents.domain.case import ROWS, Decision, offers
from incidents.domain.closing import CaseClosed
from incidents.domain.facts import Event, Recorded
from incidents.domain.intake import LogIncident
from incidents.domain.internal import (
    InternalHandlingStarted,
    MeetingHeld,
    MeetingInvited,
    RemovalRequested,
)
from incidents.domain.letters import WITHOUT_APPROVAL, LetterApproved
from incidents.domain.loose_ends import LASTING
from incidents.domain.moderation import (
    EvidenceCaptured,
    EvidenceDescribedOnly,
    ModerationActionTaken,
)
from incidents.domain.referring import InternalHandlingResumed, ReferralMade
from incidents.domain.remedies import RemedyMet, RemedyRequired
from incidents.domain.school import User
from incidents.domain.state import Case
from incidents.domain.table import Asking, Command, Refusal, Refuses
from incidents.domain.timers import DeadlineSet
from incidents.domain.vocabulary import (
    REPORTING_ROLES,
    Agency,
    LetterState,
    Moderation,
    Part,
    Role,
    Stage,
)
from tests.incidents.domain.happy_paths import HAPPY_PATHS
from tests.incidents.domain.one_case import LIVES
from tests.incidents.domain.requests import REPORTS, request_for
from tests.incidents.domain.school import (
    CHAIR,
    ELSEWHERE,
    HEADTEACHER,
    MODERATOR,
    NOTIFIER,
    PEOPLE,
    PROGRAMS,
    SLT,
    TIMEKEEPER,
)
from tests.incidents.domain.support import Story, given

REPORTERS = [one for one in PEOPLE if one.roles & set(REPORTING_ROLES)]
EVERYBODY = (*PEOPLE, *PROGRAMS)
BUSY = [HEADTEACHER, CHAIR, SLT, MODERATOR, NOTIFIER, TIMEKEEPER]
PACE = [timedelta(minutes=1), timedelta(minutes=1), timedelta(hours=3), timedelta(days=2)]
INSIDE = (
    InternalHandlingStarted,
    InternalHandlingResumed,
    RemovalRequested,
    MeetingInvited,
    MeetingHeld,
    RemedyRequired,
    RemedyMet,
)
"""What the school does itself: nothing of it while an agency holds the case."""
IDLE = {
    "add-information",
    "correct-entry",
    "identify-person",
    "capture-evidence",
    "describe-evidence",
    "record-alert",
    "record-post-status",
    "decide-not-to-refer",
    "waive-deadline",
}
"""What can be asked at any time and leads nowhere."""
BEGUN = [None, *LIVES["everybody's"].values(), *LIVES["the chair's"].values()]
BEGUN += [one.story for one in HAPPY_PATHS.values()]
STEPS, EXAMPLES = 50, 90


class CaseMachine(RuleBasedStateMachine):
    """One case, and everybody asking things of it."""

    seen: ClassVar[Counter[str]] = Counter()

    story: Story
    case: Case

    @initialize(report=REPORTS, by=st.sampled_from(REPORTERS), begun=st.sampled_from(BEGUN))
    def begin(self, report: LogIncident, by: User, begun: Story | None) -> None:
        """With a new report, or in the middle of another story."""
        self.story = begun or given().after(report, by=by)
        self.case = self.story.case

    @rule(who=st.none() | st.sampled_from(BUSY), pace=st.sampled_from(PACE), data=st.data())
    def press_on(self, who: User | None, pace: timedelta, data: st.DataObject) -> None:
        """The lead, or somebody else who has much to do, brings the case on."""
        leads = (one for one in PEOPLE if one.id == self.case.lead)
        by = who or next(leads, HEADTEACHER)
        asking = self.story.asking(by, self.story.now + pace)
        if could := [name for name in self._open_to(asking) if name not in IDLE]:
            name = data.draw(st.sampled_from(could))
            self._ask(rules.COMMANDS[name], asking, data)

    @rule(by=st.sampled_from(EVERYBODY), pace=st.sampled_from(PACE), data=st.data())
    def ask_what_is_offered(self, by: User, pace: timedelta, data: st.DataObject) -> None:
        asking = self.story.asking(by, self.story.now + pace)
        if open_to_him := self._open_to(asking):
            name = data.draw(st.sampled_from(open_to_him))
            self._ask(rules.COMMANDS[name], asking, data)

    @rule(by=st.sampled_from(EVERYBODY), ask=st.sampled_from(list(ROWS)), data=st.data())
    def ask_anything(self, by: User, ask: type[Command], data: st.DataObject) -> None:
        self._ask(ask, self.story.asking(by), data)

    @rule(by=st.sampled_from(PEOPLE), ask=st.sampled_from(list(ROWS)), data=st.data())
    def ask_from_another_school(self, by: User, ask: type[Command], data: st.DataObject) -> None:
        stranger = User(id=by.id, school=ELSEWHERE, roles=frozenset(Role))
        assert not self._ask(ask, self.story.asking(stranger), data)

    def _ask(self, ask: type[Command], asking: Asking, data: st.DataObject) -> bool:
        command = data.draw(request_for(self.case, ask, asking))
        CaseMachine.seen["asked"] += 1
        before = msgspec.json.encode(self.case)
        try:
            decision = rules.decide(self.case, command, asking)
        except Refusal as refusal:
            self._refused(refusal, command, asking)
            return False
        finally:
            assert msgspec.json.encode(self.case) == before
        self._accepted(decision, asking)
        return True

    def _open_to(self, asking: Asking) -> list[str]:
        if asking.user in PROGRAMS:
            return [row.name for _, row in ROWS.values() if asking.user.roles & set(row.who)]
        return [offer.command for offer in offers(self.case, asking) if not offer.reasons]

    def _refused(self, refusal: Refusal, command: Command, asking: Asking) -> None:
        """Nothing is recorded, and every reason says something."""
        assert refusal.reasons
        assert all(reason.rule and reason.detail for reason in refusal.reasons)
        if asking.user.roles & {Role.NOTIFIER, Role.TIMEKEEPER}:
            return
        reasons = self._offered(type(command), asking)
        if refusal.refuses is Refuses.BODY:
            assert not reasons

    def _accepted(self, decision: Decision, asking: Asking) -> None:
        CaseMachine.seen["accepted"] += 1
        assert decision.events
        assert decision.role in asking.user.roles
        assert sight(self.case, asking.user) > Sight.NONE
        steps = self.story.recording(decision, asking.user, asking.now)
        for recorded in steps.history[len(self.story.history) :]:
            self._check_event(recorded.event, asking.user)
            CaseMachine.seen[type(recorded.event).__name__] += 1
            self.story = Story((*self.story.history, recorded), self.story.school)
            self.case = rules.evolve(self.case, recorded)

    def _offered(self, ask: type[Command], asking: Asking) -> set[str]:
        _, row = ROWS[ask]
        shown = {o.command: o.reasons for o in offers(self.case, asking)}
        return {reason.rule for reason in shown.get(row.name, ())}

    # ── what must hold of each event, on the case as it was before ────────────────────────────────

    def _check_event(self, event: Event, by: User) -> None:
        match event:
            case ModerationActionTaken():
                assert any(self._earlier(EvidenceCaptured, EvidenceDescribedOnly))
            case EvidenceCaptured():
                assert not self.case.imagery
            case DeadlineSet(starts_at=starts_at, due_at=due_at):
                assert due_at >= starts_at
            case LetterApproved(letter_id=letter):
                prompted = self.case.prompts.get(self.case.letters[letter].prompted_by)
                assert prompted != by.id or by.roles & {Role.HEADTEACHER, Role.CHAIR}
            case MarkedOutOfScope():
                assert not self.case.imagery
                assert self.case.assessment is None or not self.case.assessment.serious
            case CaseClosed():
                self._check_closing(by)
            case _ if isinstance(event, INSIDE):
                assert not self.case.holds

    def _check_closing(self, by: User) -> None:
        case = self.case
        assert not case.open_referrals
        assert not case.open_letters
        assert case.acknowledged_at is not None
        assert case.moderation is not Moderation.ACTIONED
        out_of_scope = isinstance(self.story.history[-1].event, MarkedOutOfScope)
        if not out_of_scope:
            alone = by.id == case.outcome_by and not case.about_headteacher
            assert case.severest < 3 or not alone
            self._check_agencies_were_decided_on()

    def _check_agencies_were_decided_on(self) -> None:
        """Each agency that is owed something was told, or not told for a reason, since assessed."""
        events = [recorded.event for recorded in self.story]
        (last, said) = [(n, e) for n, e in enumerate(events) if isinstance(e, AssessmentRecorded)][
            -1
        ]
        decided = {
            e.agency for e in events[last:] if isinstance(e, ReferralMade | DecisionNotToRefer)
        }
        owed = {Agency.POLICE} if said.possible_offence else set()
        owed |= {Agency.LADO} if any(said.harm_test.values()) else set()
        assert owed <= decided

    def _earlier(self, *kinds: type[Event]) -> Iterator[Recorded]:
        return (recorded for recorded in self.story if isinstance(recorded.event, kinds))

    # ── what must hold of every case ──────────────────────────────────────────────────────────────

    def _begun(self) -> bool:
        return hasattr(self, "case")

    @precondition(_begun)
    @invariant()
    def nothing_is_routed_before_it_is_assessed(self) -> None:
        case = self.case
        beyond = case.stage not in (Stage.REPORTED, Stage.ASSESSING, Stage.CLOSED)
        assert case.assessment is not None or not (beyond or case.route)

    @precondition(_begun)
    @invariant()
    def nothing_is_left_open_in_a_closed_case(self) -> None:
        if self.case.stage is Stage.CLOSED:
            assert not self.case.open_referrals
            assert set(self.case.open_deadlines) <= LASTING
            assert self.case.retention is not None
            assert self.case.moderation is not Moderation.ACTIONED

    @precondition(_begun)
    @invariant()
    def an_agency_that_holds_it_has_it(self) -> None:
        """Or was told directly, before anybody has decided how the case is handled."""
        waiting = (Stage.REPORTED, Stage.ASSESSING, Stage.ASSESSED, Stage.REFERRED)
        assert not self.case.holds or self.case.stage in waiting

    @precondition(_begun)
    @invariant()
    def what_is_stored_is_what_it_is(self) -> None:
        assert msgspec.json.decode(msgspec.json.encode(self.case), type=Case) == self.case

    @precondition(_begun)
    @invariant()
    def replay_comes_to_the_same(self) -> None:
        assert rules.replay(self.story) == self.case
        assert self.case.version == len(self.story.history)

    @precondition(_begun)
    @invariant()
    def nothing_leaves_unapproved_that_needs_approval(self) -> None:
        for letter in self.case.letters.values():
            if letter.state is LetterState.APPROVED and letter.code not in WITHOUT_APPROVAL:
                assert letter.approved_by is not None

    @precondition(_begun)
    @invariant()
    def no_subject_sees_his_own_case(self) -> None:
        linked = {p.user for p in self.case.of(Part.SUBJECT, Part.RELATED)} - {None}
        assert all(sight(self.case, one) is Sight.NONE for one in PEOPLE if one.id in linked)


def test_what_must_hold_holds_whatever_is_asked_and_in_any_order() -> None:
    """Prints a blob to reproduce with where it fails."""
    CaseMachine.seen.clear()
    run_state_machine_as_test(
        CaseMachine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
    print(dict(CaseMachine.seen))
    assert CaseMachine.seen["asked"] >= 2_000
    assert CaseMachine.seen["accepted"] >= 400
