"""What each sight opens of the tracks beside the main one, and what stays closed even then."""

import msgspec
import pytest

from incidents.domain.access import Sight, opened, sight
from incidents.domain.facts import Sealed, Text
from incidents.domain.school import User
from incidents.domain.vocabulary import Section
from incidents.pages import CasePage, case_page
from tests.incidents.domain.complaints import convened, exhausted
from tests.incidents.domain.following import assigned, concerned
from tests.incidents.domain.one_case import LIVES
from tests.incidents.domain.press_and_breach import suspected
from tests.incidents.domain.school import (
    CHAIR,
    CLERK,
    DPO,
    DSL,
    GOVERNORS,
    HEADTEACHER,
    MODERATOR,
    SLT,
    STAFF,
)
from tests.incidents.domain.staff_matters import concluded
from tests.incidents.domain.support import Story

STORIES = [(f"{whose} {state}", story) for whose in LIVES for state, story in LIVES[whose].items()]
BESIDE = (
    "complaint",
    "contact_limits",
    "press",
    "breach",
    "disciplinary",
    "allegations",
    "concerns",
    "trainings",
    "links",
    "opinions",
    "drafts",
    "publication",
    "disclosed",
    "interpreted",
)


def words(text: Text | None) -> str | None:
    if isinstance(text, Sealed):
        return text.ciphertext.decode()
    return text


def shown(story: Story, reader: User) -> CasePage:
    case = story.case
    return case_page(case, sight(case, reader), words, story.now, opened(case, reader))


@pytest.mark.parametrize(("name", "story"), STORIES, ids=lambda x: x if isinstance(x, str) else "")
def test_whoever_sees_less_than_the_case_sees_nothing_beside_its_main_track(
    name: str, story: Story
) -> None:
    for much in (Sight.STATUS, Sight.MODERATION):
        page = case_page(story.case, much, words, story.now, frozenset(Section))
        assert [field for field in BESIDE if getattr(page, field) is not None] == [], name


@pytest.mark.parametrize(("name", "story"), STORIES, ids=lambda x: x if isinstance(x, str) else "")
def test_every_page_of_every_state_can_be_sent(name: str, story: Story) -> None:
    for much in Sight:
        page = case_page(story.case, much, words, story.now, frozenset(Section))
        assert msgspec.json.decode(msgspec.json.encode(page))["version"] == len(story.history), name


# ── the papers of a complaint ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("reader", [CLERK, *GOVERNORS])
def test_the_clerk_and_the_panel_read_the_complaint_and_no_more(reader: User) -> None:
    page = shown(convened(), reader)
    assert page.complaint is not None
    assert page.complaint.issues == "The school wrote to me before anybody had rung."
    assert page.complaint.reasons is not None
    assert page.facts is None
    assert page.reporter is None
    assert page.people is None
    assert page.assessment is None
    assert page.deadlines is not None
    assert {d.due.value for d in page.deadlines} >= {"panel", "panel_papers", "stage_1"}
    assert {d.due.value for d in page.deadlines}.isdisjoint({"acknowledge", "assessment"})


def test_after_the_panel_its_findings_are_in_the_papers() -> None:
    page = shown(exhausted(), CLERK)
    assert page.complaint is not None
    assert page.complaint.panel_finding == "not_upheld"


# ── closed sections ───────────────────────────────────────────────────────────────────────────────


def test_the_outcome_of_a_staff_matter_is_shown_to_the_headteacher_only() -> None:
    story = concluded()
    (open_,) = shown(story, HEADTEACHER).disciplinary or []
    assert open_.outcome == "advice"
    (closed,) = shown(story, SLT).disciplinary or []
    assert closed.outcome is None
    assert closed.state == "concluded"


def test_how_an_allegation_ended_is_shown_to_the_headteacher_only() -> None:
    story = LIVES["everybody's"]["allegation ended"]
    assert shown(story, HEADTEACHER).allegations
    assert shown(story, SLT).allegations is None
    assert shown(story, DSL).allegations is None


def test_low_level_concerns_are_shown_to_the_headteacher_and_not_to_the_lead() -> None:
    story = concerned()
    (concern,) = shown(story, HEADTEACHER).concerns or []
    assert concern.what is not None
    assert shown(story, SLT).concerns is None


def test_what_is_about_the_headteacher_is_open_to_the_chair() -> None:
    story = LIVES["the chair's"]["disciplinary concluded"]
    (one,) = shown(story, CHAIR).disciplinary or []
    assert one.outcome == "advice"
    assert sight(story.case, HEADTEACHER) is Sight.NONE


# ── the rest ──────────────────────────────────────────────────────────────────────────────────────


def test_a_breach_is_shown_to_the_data_protection_officer_and_not_to_the_reporter() -> None:
    story = suspected()
    breach = shown(story, DPO).breach
    assert breach is not None
    assert breach.what == "A class list stood on a public page."
    assert shown(story, STAFF).breach is None
    assert sight(story.case, MODERATOR) is Sight.NONE


def test_a_training_is_shown_with_its_topic_to_the_lead() -> None:
    (training,) = shown(assigned(), SLT).trainings or []
    assert training.topic == "Safe use of social media for staff."
