"""One command, one case: once, in order, and with nothing left behind when it is refused."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest

from incidents.cases import Done, NoSuchCase
from incidents.changes import Key, KeyReused, Stale
from incidents.domain import case as rules
from incidents.domain.assessment import StartAssessment
from incidents.domain.intake import AcknowledgeReport, AddInformation, LogIncident
from incidents.domain.moderation import CaptureEvidence, DescribeEvidence
from incidents.domain.table import Refusal
from incidents.domain.vocabulary import Category, EvidenceKind, Flag, Kind
from tests.support.office import Office

REPORT = {"kind": Kind.ABUSE, "categories": (Category.OFFENSIVE,), "platform": "Facebook"}


@pytest.fixture
def url(place: str | None) -> str | None:
    """Files and PostgreSQL."""
    return place


def report(office: Office, facts: str = "What was seen.") -> LogIncident:
    return LogIncident(**REPORT, observed_at=office.now, facts=facts)  # type: ignore[arg-type]


def test_the_state_row_is_what_the_history_adds_up_to(office: Office) -> None:
    case = office.log()
    office.ask("slt", case, AcknowledgeReport())
    done = office.ask("slt", case, StartAssessment())
    assert rules.replay(office.installation.cases.history(case.id)) == done.case
    assert office.installation.cases.load(case.id) == done.case


def test_the_same_key_and_body_give_the_first_answer_again(office: Office) -> None:
    cases, key = office.installation.cases, Key("a key", "the body")
    first = cases.log(office.users["staff"], report(office), key)
    office.after(hours=1)
    again = cases.log(office.users["staff"], report(office), key)
    assert (again.case, again.receipt) == (first.case, first.receipt)


def test_the_same_key_with_another_body_is_refused(office: Office) -> None:
    cases, head = office.installation.cases, office.installation.store.head()
    cases.log(office.users["staff"], report(office), Key("a key", "the body"))
    before = office.installation.store.head()
    with pytest.raises(KeyReused):
        cases.log(office.users["staff"], report(office), Key("a key", "another body"))
    assert before > head
    assert office.installation.store.head() == before


def test_a_key_is_its_users_own(office: Office) -> None:
    cases, key = office.installation.cases, Key("a key", "the body")
    one = cases.log(office.users["staff"], report(office), key)
    other = cases.log(office.users["second_staff"], report(office), key)
    assert one.case.id != other.case.id


def test_a_key_used_many_times_at_once_begins_one_case(office: Office) -> None:
    cases, key = office.installation.cases, Key("a key", "the body")

    def once(_: int) -> Done:
        return cases.log(office.users["staff"], report(office), key)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(once, range(24)))
    assert len({done.case.id for done in answers}) == 1
    assert len({done.receipt for done in answers}) == 1


def test_of_many_writers_on_one_version_exactly_one_succeeds(office: Office) -> None:
    case = office.log()

    def add(number: int) -> bool:
        command = AddInformation(text=f"Something else, {number}.")
        try:
            office.installation.cases.ask(
                office.users["headteacher"], case.id, command, version=case.version
            )
        except Stale:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(add, range(16))) == 1
    assert office.installation.cases.load(case.id).version == case.version + 1


def test_a_clock_that_goes_back_never_takes_the_log_with_it(office: Office) -> None:
    case = office.log()
    office.after(hours=-3)
    office.ask("slt", case, AcknowledgeReport())
    times = [r.recorded_at for r in office.installation.cases.history(case.id)]
    assert times == sorted(times)


def test_a_case_that_is_not_there_and_one_that_is_not_yours_are_the_same(office: Office) -> None:
    case = office.log()
    for user, case_id in ((office.users["slt"], uuid4()), (office.users["second_staff"], case.id)):
        with pytest.raises(NoSuchCase):
            office.installation.cases.seen(user, case_id)
        with pytest.raises(NoSuchCase):
            office.installation.cases.ask(user, case_id, AcknowledgeReport(), version=None)


def test_a_refused_picture_leaves_nothing_on_the_disk(office: Office) -> None:
    case = office.log(flags=(Flag.NUDE_IMAGERY,))
    store, blobs = office.installation.store, office.installation.settings.var / "blobs"
    before = store.head()
    picture = CaptureEvidence(
        kind=EvidenceKind.SCREENSHOT,
        label="What is going round",
        media_type="image/png",
        content=b"\x89PNG\r\n\x1a\n" + bytes(64),
        captured_at=office.now,
    )
    with pytest.raises(Refusal) as refusal:
        office.ask("staff", case, picture)
    assert [r.rule for r in refusal.value.reasons] == ["nothing_indecent_is_copied"]
    assert store.head() == before
    assert not [f for f in blobs.rglob("*") if f.is_file()]
    described = DescribeEvidence(
        kind=EvidenceKind.MESSAGE,
        label="What is going round",
        description="A picture is being shared in a group chat.",
        reason="Imagery of this kind is never copied.",
    )
    assert office.ask("staff", case, described).case.evidence


def test_what_happened_earlier_is_recorded_with_both_times(office: Office) -> None:
    case = office.log()
    earlier = office.now - timedelta(days=3)
    late = AddInformation(
        text="It began before.", happened_at=earlier, late_reason="Only remembered today."
    )
    (recorded,) = office.ask("staff", case, late).events
    assert (recorded.occurred_at, recorded.recorded_at) == (earlier, office.now)
