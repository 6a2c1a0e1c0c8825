"""The table of letters: what it asks for, and how it refuses a row that is wrong."""

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from notifier.render import Renderer
from notifier.rules import Approval, Audience, BadLetters, Class, Form, read_table
from tests.notifier.letters.samples import USUAL

CONFLICT = "incidents.conflict_declared.v1"
LOGGED = "incidents.incident_logged.v1"
OTHERS = ("helpline", "lancashire_cc", "ico")
TO_PARENT = (Form.PDF, Approval.LEAD)
AT_ONCE = (Form.EMAIL, Approval.NONE)
REFERRED = "incidents.referral_made.v1"
ASSESSED = "incidents.assessment_recorded.v1"

Edit = Callable[[str], str]


@pytest.fixture
def own(tmp_path: Path, letters: Path) -> Path:
    """A copy of the letters that a test may edit."""
    return shutil.copytree(letters, tmp_path / "letters")


def problems_of(own: Path, schemas: Path, old: str, new: str) -> tuple[str, ...]:
    path = own / "letters.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BadLetters) as refused:
        read_table(own, schemas)
    return refused.value.problems


@pytest.mark.parametrize(
    ("code", "when", "to", "form", "approval"),
    [
        ("A1", LOGGED, Audience.SLT_POOL, Form.EMAIL, Approval.NONE),
        ("L1", LOGGED, Audience.REPORTER, Form.EMAIL, Approval.NONE),
        ("A4", ASSESSED, Audience.HEADTEACHER_AND_DSL, Form.EMAIL, Approval.NONE),
        ("L2", "incidents.meeting_invited.v1", Audience.SUBJECT_PARENT, Form.PDF, Approval.LEAD),
        (
            "L13",
            "incidents.moderation_action_taken.v1",
            Audience.SCHOOL_ACCOUNT,
            Form.NOTICE,
            Approval.SLT,
        ),
        ("L17", "incidents.remedy_required.v1", Audience.SUBJECT_STAFF, Form.PDF, Approval.LEAD),
        ("L19", REFERRED, Audience.AGENCY, Form.PDF, Approval.LEAD),
        ("L20", REFERRED, Audience.AGENCY, Form.PDF, Approval.LEAD),
        ("L31", "incidents.case_closed.v1", Audience.REPORTER, Form.EMAIL, Approval.NONE),
        ("A8", "incidents.deadline_missed.v1", Audience.DEADLINE_OWNER, Form.EMAIL, Approval.NONE),
        ("A10", "incidents.break_glass_used.v1", Audience.HEAD_OR_CHAIR, *AT_ONCE),
        ("A10b", CONFLICT, Audience.HEAD_OR_CHAIR, *AT_ONCE),
        ("L3", "incidents.removal_reminded.v1", Audience.NAMED_PERSON, *TO_PARENT),
        ("L16", "incidents.behaviour_policy_applied.v1", Audience.PUPILS_PARENTS, *TO_PARENT),
        ("L17b", "incidents.training_assigned.v1", Audience.NAMED_PERSON, *TO_PARENT),
        ("L18", "incidents.disclosure_agreed.v1", Audience.TOLD_STAFF, *TO_PARENT),
        ("L21", REFERRED, Audience.AGENCY, Form.PDF, Approval.LEAD),
        ("L22", REFERRED, Audience.AGENCY, Form.PDF, Approval.LEAD),
        ("L23", REFERRED, Audience.AGENCY, Form.PDF, Approval.LEAD),
        ("L24", "incidents.la_support_requested.v1", Audience.AGENCY, *TO_PARENT),
        ("L24b", REFERRED, Audience.AGENCY, Form.PDF, Approval.LEAD),
        ("L25", REFERRED, Audience.AGENCY, Form.PDF, Approval.LEAD),
        ("L26", "incidents.subjects_informed.v1", Audience.PEOPLE_INFORMED, *TO_PARENT),
        ("L27", "incidents.publication_taken_down.v1", Audience.PUBLISHED_CHILD, *TO_PARENT),
        ("L30", "incidents.outcome_recorded.v1", Audience.AFFECTED, *TO_PARENT),
        ("A2", "incidents.immediate_danger_raised.v1", Audience.DSL, *AT_ONCE),
        ("A5", "incidents.press_enquiry_logged.v1", Audience.HEADTEACHER, *AT_ONCE),
        ("A6", "incidents.data_breach_suspected.v1", Audience.DPO_AND_HEADTEACHER, *AT_ONCE),
        ("A6b", "incidents.listed_child_published.v1", Audience.DPO_AND_HEADTEACHER, *AT_ONCE),
        ("A9", "incidents.pattern_detected.v1", Audience.HEADTEACHER_AND_DSL, *AT_ONCE),
        ("L6", "incidents.complaint_referral_made.v1", Audience.NAMED_PERSON, *TO_PARENT),
        ("L6b", "incidents.complaint_diverted.v1", Audience.COMPLAINANT, *TO_PARENT),
        ("L7", "incidents.complaint_acknowledged.v1", Audience.COMPLAINANT, *TO_PARENT),
        ("L8", "incidents.complaint_extended.v1", Audience.COMPLAINANT, *TO_PARENT),
        ("L9", "incidents.stage1_decided.v1", Audience.COMPLAINANT, *TO_PARENT),
        ("L10", "incidents.panel_convened.v1", Audience.COMPLAINANT, *TO_PARENT),
        ("L11", "incidents.complaint_exhausted.v1", Audience.COMPLAINANT, *TO_PARENT),
        ("L12", "incidents.unreasonable_contact_decided.v1", Audience.NAMED_PERSON, *TO_PARENT),
    ],
)
def test_the_table_says_when_to_whom_how_and_after_whose_approval(
    renderer: Renderer, code: str, when: str, to: Audience, form: Form, approval: Approval
) -> None:
    rule = renderer.table.rule(code)
    assert (rule.when, rule.to, rule.form, rule.approval) == (when, to, form, approval)
    assert rule.needs_approval is (approval is not Approval.NONE)
    assert rule.class_ is (Class.ALERT if code.startswith("A") else Class.LETTER)


def test_every_letter_has_a_time_after_which_it_is_stale(renderer: Renderer) -> None:
    assert renderer.table.rule("A1").not_after == timedelta(hours=24)
    assert all(timedelta() < rule.not_after <= timedelta(days=14) for rule in renderer.table.rules)


def codes(renderer: Renderer, event_type: str, **data: object) -> list[str]:
    return [rule.code for rule in renderer.table.rules_for(event_type, data)]


def test_a_logged_incident_alerts_the_leaders_and_answers_the_reporter(renderer: Renderer) -> None:
    assert codes(renderer, LOGGED) == ["A1", "L1"]


def test_a_referral_asks_for_the_letter_of_its_agency_and_no_other(renderer: Renderer) -> None:
    assert codes(renderer, REFERRED, agency="police") == ["L19"]
    assert codes(renderer, REFERRED, agency="lado") == ["L20"]
    assert codes(renderer, REFERRED, agency="social_care") == ["L21"]
    assert codes(renderer, REFERRED, agency="prevent") == ["L22"]
    assert {*codes(renderer, REFERRED, agency="lancashire_cc")} == {"L24b"}
    assert codes(renderer, REFERRED, agency="ico") == ["L25"]
    for online in ("ceop", "iwf", "helpline"):
        assert codes(renderer, REFERRED, agency=online) == ["L23"]
    assert codes(renderer, REFERRED, agency="somebody else") == []
    assert codes(renderer, REFERRED) == []


def test_a_possible_offence_is_true_and_nothing_that_resembles_it(renderer: Renderer) -> None:
    assert codes(renderer, ASSESSED, possible_offence=True) == ["A4"]
    assert codes(renderer, ASSESSED, possible_offence=False) == []
    assert codes(renderer, ASSESSED, possible_offence=1) == []
    assert codes(renderer, ASSESSED, possible_offence="true") == []


def test_an_event_that_no_row_names_asks_for_nothing(renderer: Renderer) -> None:
    assert codes(renderer, "incidents.case_reopened.v1") == []
    assert LOGGED in renderer.table.event_types


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('to = "slt_pool"', 'to = "slt_pol"', "row A1: Invalid enum value 'slt_pol'"),
        (
            'template = "L2-removal-and-meeting.j2"',
            'tempalte = "L2-removal-and-meeting.j2"',
            "row L2: unknown key 'tempalte'; did you mean 'template'?",
        ),
        (
            'template = "L2-removal-and-meeting.j2"',
            'template = "L2-removal-and-meting.j2"',
            "row L2: there is no template 'L2-removal-and-meting.j2'; did you mean 'L2-rem",
        ),
        ('template = "L2-removal', 'template = "../L2-removal', "row L2: there is no template"),
        ("not_after_hours = 336", "not_after_hours = 0", "row L2: not_after_hours must be"),
        ("not_after_hours = 336\n", "", "row L2: Object missing required field `not_after_hours`"),
        ('subject = "A letter', '# subject = "A letter', "row L2: needs a subject"),
        ('marking = "Private', 'subject = "Private', "cannot be read"),
        ('form = "notice"', 'form = "notice"\nsubject = "x"', "row L13: a notice is posted"),
        ('form = "email"', 'form = "pdf"', "row A1: an alert is an e-mail that nobody approves"),
        ('form = "email"', 'form = "email"\nmarking = "x"', "row A1: only a PDF letter has"),
        ('class = "alert"', 'class = "letter"', "row A1: letters are named L and alerts A"),
        ("[letter.L2]", "[letter.Q2]", "row Q2: a row is named L or A and a number"),
        ('title = "A report is waiting"', 'title = " "', "row A1: the title is empty"),
        ('envelope = "dl-35x90"', 'envelope = "c5"', "envelope: there is no file layout/c5.toml"),
        ('cover = "cover.j2"', 'covr = "cover.j2"', "unknown key 'covr'; did you mean 'cover'?"),
        ("where = { agency", "where = { agency = [1], x", "row L19: "),
    ],
)
def test_a_row_that_is_wrong_is_refused_with_its_place_and_the_reason(
    own: Path, schemas: Path, old: str, new: str, said: str
) -> None:
    assert any(said in problem for problem in problems_of(own, schemas, old, new))


def test_every_wrong_row_is_named_at_once(own: Path, schemas: Path) -> None:
    path = own / "letters.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("not_after_hours = 72", "not_after_hours = 0"), encoding="utf-8")
    with pytest.raises(BadLetters) as refused:
        read_table(own, schemas)
    assert [problem.split(":")[0] for problem in refused.value.problems] == [
        "letters.toml, row L1",
        "letters.toml, row L13",
        "letters.toml, row L24",
    ]


def event_schema(**fields: object) -> bytes:
    data = {"type": "object", "properties": fields, "required": list(fields)}
    envelope = {"type": "object", "properties": {"data": data}, "required": ["data"]}
    return msgspec.json.encode(envelope)


@pytest.fixture
def published(tmp_path: Path, renderer: Renderer) -> Path:
    """Schemas of all the events that the table waits for, and what they publish."""
    events = tmp_path / "schemas/events"
    events.mkdir(parents=True)
    for event_type in renderer.table.event_types:
        (events / f"{event_type}.json").write_bytes(event_schema(school={"type": "string"}))
    agency = {"enum": [*("lado", "police", "social_care", "prevent", "ceop", "iwf"), *OTHERS]}
    (events / f"{REFERRED}.json").write_bytes(event_schema(agency=agency))
    offence = {"type": "boolean"}
    (events / f"{ASSESSED}.json").write_bytes(event_schema(possible_offence=offence))
    return tmp_path / "schemas"


def test_the_letters_fit_the_contract_as_it_is_published(letters: Path) -> None:
    assert Renderer(letters, letters.parents[2] / "schemas").table.rules


def test_the_table_fits_the_events_that_are_published(own: Path, published: Path) -> None:
    assert len(read_table(own, published).rules) == len(USUAL)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "incidents.case_closed.v1",
            "incidents.case_closd.v1",
            "'incidents.case_closd.v1'; did you mean 'incidents.case_closed.v1'?",
        ),
        ('agency = "police"', 'agncy = "police"', "publishes no 'agncy'; did you mean 'agency'?"),
        ('agency = "police"', 'agency = "polce"', "never 'polce'; did you mean 'police'?"),
        (
            'agency = ["ceop", "iwf"',
            'agency = ["ceop", "iwff"',
            "never 'iwff'; did you mean 'iwf'?",
        ),
        ('agency = ["ceop", "iwf", "helpline"]', "agency = []", "'agency' has an empty list"),
        ('agency = "police"', "agency = true", "'agency' is text, so it never equals True"),
        ("possible_offence = true", 'possible_offence = "yes"', "is yes or no, so it never"),
    ],
)
def test_a_condition_that_no_event_can_meet_is_refused(
    own: Path, published: Path, old: str, new: str, said: str
) -> None:
    assert any(said in problem for problem in problems_of(own, published, old, new))
