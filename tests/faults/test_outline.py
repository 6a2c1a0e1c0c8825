"""Two histories have the same outline only if the same was done and the same became of letters."""

from typing import Any
from uuid import uuid4

import pytest

from tests.faults.outline import outline

LETTER = "6a8f3c1e-0000-5000-8000-000000000001"
LOGGED = "6a8f3c1e-0000-7000-8000-000000000002"


def entry(name: str, *, by: str | None = None, event_id: str | None = None, **data: Any) -> Any:
    actor = {"role": by, "user": str(uuid4())} if by else {"role": "notifier"}
    event = f"incidents.{name}"
    return {"event": event, "event_id": event_id or str(uuid4()), "actor": actor, "data": data}


def story(*fate: Any, reference: str = "CW-AAAA-AAAA", moment: str = "10:00:00") -> list[Any]:
    return [
        entry(
            "incident_logged",
            by="staff",
            event_id=LOGGED,
            reference=reference,
            observed_at=f"2026-11-20T{moment}Z",
            facts="What was seen.",
        ),
        entry("alert_sent", alert=str(uuid4()), code="A1", prompted_by=LOGGED),
        entry("letter_rendered", letter_id=LETTER, code="L1", document="0" * 64),
        *fate,
    ]


SENT = entry("letter_sent", letter_id=LETTER, channel="email")
DOUBT = entry("letter_uncertain", letter_id=LETTER, why="reply-lost")
ARRIVED = entry("letter_resolved", by="headteacher", letter_id=LETTER, delivered=True)
LOST = entry("letter_resolved", by="headteacher", letter_id=LETTER, delivered=False)


def test_ids_moments_and_references_make_no_difference() -> None:
    other = story(SENT, reference="CW-ZZZZ-ZZZZ", moment="11:11:11.111111")
    assert outline(story(SENT)) == outline(other)


@pytest.mark.parametrize("fate", [(DOUBT, ARRIVED), (DOUBT, LOST, SENT)])
def test_a_doubt_that_a_person_has_settled_makes_no_difference(fate: tuple[Any, ...]) -> None:
    assert outline(story(*fate)) == outline(story(SENT))


@pytest.mark.parametrize(
    "fate", [(), (DOUBT,), (SENT, SENT), (DOUBT, LOST), (DOUBT, ARRIVED, SENT)]
)
def test_a_letter_that_went_never_or_twice_makes_a_difference(fate: tuple[Any, ...]) -> None:
    assert outline(story(*fate)) != outline(story(SENT))


def test_the_order_of_programs_among_people_makes_no_difference() -> None:
    logged, alert, rendered, sent = story(SENT)
    assert outline([logged, rendered, sent, alert]) == outline([logged, alert, rendered, sent])


def test_what_people_did_twice_or_in_another_order_makes_a_difference() -> None:
    first, second = entry("report_acknowledged", by="slt"), entry("case_closed", by="slt")
    usual = outline([*story(SENT), first, second])
    assert usual != outline([*story(SENT), second, first])
    assert usual != outline([*story(SENT), first, first, second])


def test_an_alert_too_many_or_too_few_makes_a_difference() -> None:
    logged, alert, *rest = story(SENT)
    assert outline([logged, alert, *rest]) != outline([logged, alert, alert, *rest])
    assert outline([logged, alert, *rest]) != outline([logged, *rest])
