"""Requests that are recorded together know nothing of each other."""

import asyncio
from pathlib import Path

from incidents.cases import Done
from incidents.changes import Key
from incidents.domain.intake import AcknowledgeReport, AddInformation, LogIncident
from incidents.domain.vocabulary import Category, Kind
from tests.support.office import Office

MANY = 20


def command(office: Office) -> LogIncident:
    return LogIncident(
        kind=Kind.ABUSE,
        categories=(Category.OFFENSIVE,),
        platform="Facebook",
        observed_at=office.now,
        facts="A parent wrote that the class teacher is useless.",
    )


async def test_each_command_reaches_its_own_case_however_many_come_together(
    tmp_path: Path,
) -> None:
    office = Office(tmp_path / "var")
    cases = office.installation.cases
    logged = [office.log() for _ in range(MANY)]
    done = await asyncio.gather(
        *(
            cases.asked(office.users["slt"], one.id, AcknowledgeReport(), version=one.version)
            for one in logged
        )
    )
    assert [one.case.id for one in done] == [one.id for one in logged]
    for one in logged:
        history = [recorded.event.TOPIC for recorded in cases.history(one.id)]
        assert history.count("incidents.report_acknowledged") == 1
    office.close()


async def test_what_is_asked_again_together_is_answered_to_each_as_it_was_the_first_time(
    tmp_path: Path,
) -> None:
    office = Office(tmp_path / "var")
    cases, staff = office.installation.cases, office.users["staff"]

    async def all_at_once() -> list[Done]:
        report = command(office)
        keys = [Key(text=f"report {n}", body="the same words") for n in range(MANY)]
        return await asyncio.gather(*(cases.logged(staff, report, key) for key in keys))

    first, again = await all_at_once(), await all_at_once()
    assert len({one.case.id for one in first}) == MANY
    assert [one.case.id for one in again] == [one.case.id for one in first]
    assert [one.receipt for one in again] == [one.receipt for one in first]
    added = [AddInformation(text=f"Comment {n}.") for n in range(MANY)]
    told = await asyncio.gather(
        *(
            cases.asked(staff, one.case.id, add, version=None, key=Key(f"add {n}", str(n)))
            for n, (one, add) in enumerate(zip(first, added, strict=True))
        )
    )
    assert [one.case.id for one in told] == [one.case.id for one in first]
    office.close()
