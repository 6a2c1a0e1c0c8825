"""Figures for governors: small numbers told to nobody, and a walled case in none of them."""

from datetime import timedelta
from typing import Any, Final

import httpx
import pytest

from incidents.statistics import Period, Season
from tests.incidents.api.school import PEOPLE, CaseAt, Client
from tests.incidents.api.stages import assessed

TERM: Final = "/api/statistics?term=2026-autumn"
LEDGER: Final = "/api/decisions-not-to-act"
READERS: Final = ("governor", "chair", "vice_chair", "auditor", "slt", "headteacher", "dsl")


async def reports(client: Client, number: int, **changes: Any) -> list[CaseAt]:
    return [await client.report(**changes) for _ in range(number)]


async def figures(client: Client, who: str = "headteacher") -> Any:
    answer = await client.get(who, TERM)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_term_is_counted_by_kind_category_and_how_far_it_has_come(client: Client) -> None:
    await reports(client, 14)
    await reports(client, 6, kind="press_enquiry", categories=["press"])
    shown = await figures(client)
    assert shown["cases"] == 20
    assert shown["kind"]["counts"]["abuse"] == 14
    assert shown["kind"]["counts"]["press_enquiry"] == 6
    assert shown["kind"]["counts"]["other"] == 0
    assert shown["progress"]["counts"]["reported"] == 20
    assert shown["category"]["counts"]["press"] == 6
    assert shown["deadlines"]["counts"]["open"] == 40


async def test_a_small_number_is_not_told_nor_worked_out(client: Client) -> None:
    await reports(client, 14)
    await reports(client, 6, kind="image_or_data")
    await reports(client, 2, kind="press_enquiry")
    shown = (await figures(client))["kind"]
    hidden = {kind for kind, number in shown["counts"].items() if number is None}
    assert hidden == {"press_enquiry", "image_or_data"} or shown["withheld"]
    known = sum(number or 0 for number in shown["counts"].values())
    assert shown["withheld"] or known <= 22 - 2 - 5


async def test_of_a_term_with_four_cases_nothing_is_told(client: Client) -> None:
    await reports(client, 4)
    shown = await figures(client)
    assert shown["cases"] is None
    tables = {name: table for name, table in shown.items() if isinstance(table, dict)}
    assert len(tables) == 8
    for name, table in tables.items():
        assert table == {"withheld": True, "counts": {}}, name


async def test_a_case_somebody_is_walled_from_is_in_none_of_his_figures(client: Client) -> None:
    await reports(client, 6)
    before = await figures(client)
    head = {"part": "subject", "role": "headteacher"}
    about = [{**head, "user": str(client.life.users["headteacher"])}]
    await reports(client, 6, kind="illegal_conduct_suspected", people=about)
    assert await figures(client) == before
    client.life.clock.now += timedelta(days=60)
    told = await figures(client, "governor")
    assert (told["cases"], told["kind"]["counts"]["illegal_conduct_suspected"]) == (12, 6)


async def test_a_colleague_who_is_a_subject_does_not_find_himself_in_any_figure(
    client: Client,
) -> None:
    await reports(client, 6)
    client.life.clock.now += timedelta(days=60)
    before = await figures(client, "slt")
    client.life.clock.now -= timedelta(days=60)
    client.life.clock.now += timedelta(minutes=1)
    deputy = {"part": "subject", "role": "staff", "user": str(client.life.users["slt"])}
    await reports(client, 7, people=[deputy])
    client.life.clock.now += timedelta(days=60)
    assert await figures(client, "slt") == before
    assert (await figures(client, "second_deputy"))["cases"] == 13


async def test_a_running_term_is_told_to_the_headteacher_only(client: Client) -> None:
    for who in READERS:
        answer = await client.get(who, TERM)
        assert answer.status_code == (200 if who == "headteacher" else 409), (who, answer.text)
    client.life.clock.now += timedelta(days=60)
    for who in PEOPLE:
        answer = await client.get(who, TERM)
        assert answer.status_code == (200 if _reads(who) else 403), (who, answer.text)


def _reads(who: str) -> bool:
    return who in (*READERS, "second_deputy", "outsider")


@pytest.mark.parametrize("term", ["", "2026", "2026-winter", "autumn-2026", "1999-autumn"])
async def test_what_is_no_term_is_refused(client: Client, term: str) -> None:
    answer = await client.get("headteacher", f"/api/statistics?term={term}")
    assert answer.status_code == 400


async def test_one_schools_figures_are_not_anothers(client: Client) -> None:
    await reports(client, 6)
    assert (await figures(client, "outsider"))["cases"] == 0


async def test_a_missed_deadline_stays_missed_when_it_is_met_later(client: Client) -> None:
    cases = await reports(client, 6)
    client.life.follow()
    client.life.clock.move(days=10)
    client.life.installation.timekeeper().look()
    assert (await figures(client))["overdue"]["counts"]["overdue"] == 6
    for case in cases:
        case.version = client.life.installation.cases.load(case.id).version
        await case.done("slt", "acknowledge-report")
    assert (await figures(client))["deadlines"]["counts"]["missed"] == 12


async def test_the_figures_can_be_built_anew(client: Client) -> None:
    await reports(client, 6)
    before = await figures(client)
    statistics = client.life.installation.statistics
    with statistics.database.writing() as connection:
        for table in ("counted", "marks", "walls", "missed", "decisions"):
            connection.execute(f"DELETE FROM {table}")
        connection.execute("UPDATE followed SET position = 0")
    assert await figures(client) == before


# ── the ledger ────────────────────────────────────────────────────────────────────────────────────

REASON: Final = "Planted-reason: the words are rude but threaten nobody."


async def not_referred(client: Client) -> CaseAt:
    case = await assessed(client)
    said = {"agency": "police", "reason": REASON, "consulted": str(client.life.users["dsl"])}
    await case.done("headteacher", "decide-not-to-refer", said)
    return case


async def ledger(client: Client, who: str, **params: str) -> Any:
    answer = await client.get(who, LEDGER, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_ledger_tells_the_reason_to_those_who_read_the_case(client: Client) -> None:
    case = await not_referred(client)
    (line,) = (await ledger(client, "headteacher"))["decisions"]
    assert line["case_id"] == str(case.id)
    assert (line["decision"], line["of"]) == ("not_referred", "police")
    assert (line["role"], line["reason"]) == ("headteacher", REASON)
    (line,) = (await ledger(client, "auditor"))["decisions"]
    assert line["reason_given"] is True
    assert "reason" not in line


async def test_the_ledger_has_nothing_of_a_case_one_does_not_see(client: Client) -> None:
    await not_referred(client)
    for who in ("chair", "second_deputy", "outsider"):
        assert (await ledger(client, who))["decisions"] == [], who
    for who in ("staff", "governor", "clerk", "moderator"):
        assert (await client.get(who, LEDGER)).status_code == 403, who


async def test_the_ledger_goes_on_page_by_page(client: Client) -> None:
    cases = [str((await not_referred(client)).id) for _ in range(3)]
    seen: list[str] = []
    place: dict[str, str] = {}
    for _ in range(3):
        page = await ledger(client, "headteacher", limit="1", **place)
        seen += [line["case_id"] for line in page["decisions"]]
        place = {"cursor": page["next"]} if "next" in page else {}
    assert sorted(seen) == sorted(cases)


async def test_no_word_and_nobody_is_in_the_figures(client: Client) -> None:
    await not_referred(client)
    answers: list[httpx.Response] = [await client.get("auditor", TERM.replace("2026", "2025"))]
    file = client.life.installation.settings.var / "statistics.db"
    assert answers[0].status_code == 200
    assert b"planted" not in file.read_bytes().lower()
    assert str(client.life.users["staff"].hex).encode() not in file.read_bytes()


@pytest.mark.parametrize(
    ("name", "first", "after"),
    [
        ("2026-autumn", "2026-09-01", "2027-01-01"),
        ("2027-spring", "2027-01-01", "2027-04-01"),
        ("2027-summer", "2027-04-01", "2027-09-01"),
    ],
)
def test_terms_follow_one_another(name: str, first: str, after: str) -> None:
    period = Period.named(name)
    assert (str(period.first), str(period.after)) == (first, after)
    assert Period.of(period.first) == period
    assert Period.of(period.after - timedelta(days=1)) == period
    assert Period.of(period.after) != period
    assert set(Season) == {"autumn", "spring", "summer"}
