"""Lists: for whom, narrowed how, page by page; and the same however the log was followed."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from durable import Place
from incidents.domain.assessment import StartAssessment
from incidents.domain.vocabulary import Category, Stage
from incidents.views import Bookmark, Filters, Views
from tests.support.office import Office


def listed(office: Office, key: str, **narrowed: Any) -> list[str]:
    office.follow()
    found = office.installation.views.cases(
        office.users[key],
        Filters(**narrowed),
        office.now,
        None,
        100,
    )
    return [office.installation.cases.load(UUID(line.case_id)).reference for line in found.lines]


def test_the_newest_comes_first(office: Office) -> None:
    made = []
    for _ in range(3):
        made.append(office.log().reference)
        office.after(minutes=1)
    assert listed(office, "slt") == made[::-1]


def test_pages_follow_one_another_without_gap_or_repetition(office: Office) -> None:
    made = {office.log().id.hex for _ in range(7)}
    office.follow()
    views, slt = office.installation.views, office.users["slt"]
    seen: list[str] = []
    place: Bookmark | None = None
    while not seen or place:
        page = views.cases(slt, Filters(), office.now, place, 2)
        seen += [line.case_id for line in page.lines]
        place = page.next
    assert len(seen) == 7
    assert set(seen) == made


def test_an_assigned_case_leaves_the_list_of_the_others_in_the_team(office: Office) -> None:
    from incidents.domain.vocabulary import Role

    office.hire("other_slt", "The assistant headteacher", Role.SLT)
    case = office.log()
    office.ask("slt", case, StartAssessment())
    other = office.hire("third_slt", "The other assistant headteacher", Role.SLT)
    office.follow()
    assert not office.installation.views.cases(other, Filters(), office.now, None, 10).lines
    assert listed(office, "slt") == [case.reference]


@pytest.mark.parametrize(
    ("narrowed", "expected"),
    [
        ({"stage": Stage.REPORTED}, {"waiting", "tweet"}),
        ({"stage": Stage.ASSESSING}, {"begun"}),
        ({"track": "moderation"}, {"tweet"}),
        ({"track": "referral"}, set()),
        ({"overdue": True}, set()),
        ({"overdue": False}, {"waiting", "tweet", "begun"}),
    ],
)
def test_a_list_is_narrowed(office: Office, narrowed: dict[str, Any], expected: set[str]) -> None:
    waiting, begun = office.log(), office.log()
    tweet = office.log(on_school_account=True, categories=(Category.THREAT,))
    office.ask("headteacher", begun, StartAssessment())
    names = {waiting.reference: "waiting", begun.reference: "begun", tweet.reference: "tweet"}
    assert {names[r] for r in listed(office, "headteacher", **narrowed)} == expected


def test_what_is_overdue_is_found(office: Office) -> None:
    case = office.log()
    office.after(days=10)
    fresh = office.log()
    assert listed(office, "slt", overdue=True) == [case.reference]
    assert listed(office, "slt", overdue=False) == [fresh.reference]


def test_a_reference_is_found_from_its_beginning_in_either_case(office: Office) -> None:
    case = office.log()
    office.log()
    assert listed(office, "slt", reference=case.reference[:7].lower()) == [case.reference]
    assert listed(office, "slt", reference="%") == []


def test_another_school_sees_nothing(office: Office) -> None:
    from msgspec.structs import replace

    from incidents.domain.facts import SchoolId

    office.log()
    office.follow()
    stranger = replace(office.users["headteacher"], school=SchoolId("otherschool1"))
    assert not office.installation.views.cases(stranger, Filters(), office.now, None, 10).lines


def test_views_built_again_are_the_same(office: Office, tmp_path: Path) -> None:
    for _ in range(3):
        office.ask("slt", office.log(), StartAssessment())
        office.follow()
    again = Views(Place(tmp_path))
    again.take(office.installation.store, office.installation.store.log(0, 500))
    for key, user in office.users.items():
        for filters in (Filters(), Filters(stage=Stage.ASSESSING)):
            both = [v.cases(user, filters, office.now, None, 10) for v in (again, _live(office))]
            assert both[0] == both[1], key
    assert again.position() == _live(office).position()
    again.close()


def _live(office: Office) -> Views:
    return office.installation.views


def test_no_words_lie_in_the_views(office: Office) -> None:
    office.log(facts="Planted facts of the report.")
    office.follow()
    written = b"".join(f.read_bytes() for f in office.installation.settings.var.glob("views.db*"))
    assert b"demoschool01" in written
    assert b"Planted" not in written
