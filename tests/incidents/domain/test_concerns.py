"""Low-level concerns: kept apart, and looked at together where they make a pattern."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from incidents.domain.access import Sight, opened, sight
from incidents.domain.closing import CloseCase, RecordOutcome, retention
from incidents.domain.concerns import (
    LowLevelConcernRecorded,
    PatternDetected,
    RecordLowLevelConcern,
    known_concerns,
)
from incidents.domain.deadlines import months_later
from incidents.domain.facts import CaseId
from incidents.domain.internal import StartInternalHandling
from incidents.domain.patterns import KnownConcern, pattern
from incidents.domain.table import Refuses
from incidents.domain.vocabulary import Outcome, Retention, Route, Section
from tests.incidents.domain.cases import (
    ABOUT_STAFF,
    HARM,
    HARMLESS,
    NO_HARM,
    UNACCEPTABLE,
    acknowledged,
    assessed,
    with_staff,
)
from tests.incidents.domain.following import concern, concerned, elsewhere, reviewed
from tests.incidents.domain.school import (
    CHAIR,
    DSL,
    FRIDAY,
    HEADTEACHER,
    OTHER_SLT,
    OTHER_STAFF,
    SLT,
    id_of,
)
from tests.incidents.domain.support import CASE, Story

LATEST = KnownConcern(case=CaseId(CASE), about=id_of(OTHER_STAFF), observed_at=FRIDAY)


# ── one concern ───────────────────────────────────────────────────────────────────────────────────


def test_a_concern_is_for_the_headteacher_and_its_words_are_closed_to_the_lead() -> None:
    case = concerned().case
    assert sight(case, SLT) is Sight.FULL
    assert Section.LOW_LEVEL not in opened(case, SLT)
    assert Section.LOW_LEVEL in opened(case, HEADTEACHER)
    story = with_staff()
    story.when(concern(story), by=SLT).refused(because="role", for_=Refuses.WHO)


def test_what_may_have_harmed_a_child_is_no_low_level_concern() -> None:
    story = assessed(replace(HARMLESS, harm_test=HARM), ABOUT_STAFF)
    story.when(concern(story), by=HEADTEACHER).refused(because="harm_is_ruled_out")


def test_a_concern_is_about_a_colleague() -> None:
    story = assessed(replace(UNACCEPTABLE, harm_test=NO_HARM))
    story.when(concern(story), by=HEADTEACHER).refused(because="concern_is_about_a_colleague")


def test_a_case_on_the_low_level_route_asks_for_the_concern_and_its_review() -> None:
    route = StartInternalHandling(route=Route.LOW_LEVEL)
    story = acknowledged(assessed(HARMLESS, ABOUT_STAFF)).after(route, by=SLT)
    outcome = RecordOutcome(outcome=Outcome.ADVICE_GIVEN, summary="He was spoken to.")
    told = story.when(outcome, by=SLT).refused(because="steps_are_done_or_left_out_with_a_reason")
    assert "record-low-level-concern" in told
    story = concerned(story).after(outcome, by=SLT)
    story.when(CloseCase(), by=SLT).refused(because="every_concern_is_reviewed")
    story = story.after(reviewed(story), by=HEADTEACHER).after(CloseCase(), by=SLT)
    assert story.case.retention is Retention.LOW_LEVEL


def test_a_concern_is_kept_for_as_long_as_the_employment() -> None:
    assert retention(concerned().case) is Retention.LOW_LEVEL


@pytest.mark.parametrize("by", [SLT, OTHER_SLT, DSL, CHAIR])
def test_only_the_headteacher_reviews(by: object) -> None:
    story = concerned()
    assert story.when(reviewed(story), by=by).refusal is not None  # type: ignore[arg-type] # a user


# ── the pattern ───────────────────────────────────────────────────────────────────────────────────


def with_concerns(*known: KnownConcern) -> Story:
    return with_staff().knowing(concerns=known)


def test_the_third_concern_in_twelve_months_about_one_person_makes_a_pattern() -> None:
    story = with_concerns(elsewhere(300, case=1), elsewhere(20, case=2))
    answer = story.when(concern(story), by=HEADTEACHER)
    answer.records(LowLevelConcernRecorded, PatternDetected)
    found = answer.event(PatternDetected)
    assert found.cases == (CaseId(elsewhere(0, case=1).case), elsewhere(0, case=2).case, CASE)
    assert (found.count, found.months) == (3, 12)


@pytest.mark.parametrize(
    "known",
    [
        (elsewhere(20),),
        (elsewhere(400), elsewhere(20)),
        (elsewhere(30, about=SLT), elsewhere(20)),
    ],
    ids=["two", "too long ago", "about somebody else"],
)
def test_anything_less_makes_none(known: tuple[KnownConcern, ...]) -> None:
    story = with_concerns(*known)
    story.when(concern(story), by=HEADTEACHER).records(LowLevelConcernRecorded)


def test_concerns_of_the_same_case_count_too() -> None:
    story = concerned(concerned())
    story.when(concern(story), by=HEADTEACHER).event(PatternDetected)
    assert known_concerns(story.case) == (LATEST, LATEST)


def test_what_is_written_late_counts_where_it_belongs() -> None:
    """Observed between two others, it closes the year that they lie in."""
    story = with_concerns(elsewhere(200), elsewhere(100))
    late = replace(concern(story), observed_at=FRIDAY - timedelta(days=150))
    story.when(late, by=HEADTEACHER).event(PatternDetected)
    assert RecordLowLevelConcern.HAPPENED == "observed_at"


CONCERNS = st.lists(
    st.builds(
        elsewhere,
        st.integers(-400, 900),
        st.sampled_from([OTHER_STAFF, SLT]),
        st.integers(1, 5),
    ),
    max_size=8,
)
quickly = settings(deadline=None, max_examples=200, print_blob=True)


@quickly
@given(CONCERNS)
def test_a_pattern_is_about_one_person_within_its_months_and_holds_the_latest(
    known: list[KnownConcern],
) -> None:
    found = pattern(LATEST, known, count=3, months=12)
    if found:
        assert len(found) >= 3
        assert {one.about for one in found} == {LATEST.about}
        assert LATEST in found
        assert found[-1].observed_at <= months_later(found[0].observed_at, 12)


@quickly
@given(CONCERNS)
def test_no_pattern_is_overlooked(known: list[KnownConcern]) -> None:
    """Counted in another way: from the latest back and on, and in every window between."""
    same = [LATEST, *(one for one in known if one.about == LATEST.about)]
    windows = (
        [one for one in same if start.observed_at <= one.observed_at <= end]
        for start in same
        if start.observed_at <= LATEST.observed_at
        for end in [months_later(start.observed_at, 12)]
        if LATEST.observed_at <= end
    )
    expected = any(len(window) >= 3 for window in windows)
    assert bool(pattern(LATEST, known, count=3, months=12)) is expected


@quickly
@given(CONCERNS, st.randoms())
def test_the_order_in_which_concerns_are_known_does_not_matter(
    known: list[KnownConcern], random: object
) -> None:
    shuffled = list(known)
    random.shuffle(shuffled)  # type: ignore[attr-defined] # a Random
    first, second = (pattern(LATEST, k, count=3, months=12) for k in (known, shuffled))
    assert sorted(map(repr, first)) == sorted(map(repr, second))
