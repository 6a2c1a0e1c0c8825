"""Fills an installation: `python -m tests.bench.fill N` makes a school's users and N cases.

Each case is a report made as one over the API is, and every fifth is under assessment: real events,
state rows and views, reported over two months. Settings come from the environment. Prints the
users' tokens as JSON, by role, and the ids of some of the cases.
"""

import asyncio
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from incidents.config import Settings
from incidents.demonstration import prepare
from incidents.domain.assessment import StartAssessment
from incidents.domain.intake import LogIncident
from incidents.domain.school import User
from incidents.installation import SCHEMAS, Installation, open_installation
from tests.bench.acts import READER, REPORT, REPORTER

SPAN: Final = timedelta(days=60)
AT_ONCE: Final = 256
"""Requests on their way together: each commit takes in as many as it can."""
VIEWED_AT_ONCE: Final = 5_000
OBSERVED_BEFORE: Final = timedelta(days=2)
UNDER_ASSESSMENT: Final = 5
TOLD: Final = 2_000


class Calendar:
    """A clock that goes through the span as the cases come in."""

    def __init__(self, count: int) -> None:
        self._begun = datetime.now(UTC) - SPAN
        self._step = SPAN / max(count, 1)
        self.filed = 0

    def __call__(self) -> datetime:
        return self._begun + self._step * self.filed


def main(count: int) -> None:
    calendar = Calendar(count)
    settings = Settings.from_environment()
    if settings.database_url:
        _migrate(settings)
    installation = open_installation(settings, now=calendar)
    try:
        tokens = json.loads(prepare(installation).read_text())
        reporter, reader = (installation.users.sign_in(tokens[who]) for who in (REPORTER, READER))
        assert reporter is not None
        assert reader is not None
        filed = asyncio.run(_file(installation, calendar, reporter, reader, count))
        _view(installation)
    finally:
        installation.close()
    # The tokens that were issued at the beginning of the span may not last until today.
    installation = open_installation(settings)
    try:
        tokens = json.loads(prepare(installation).read_text())
        _view(installation)
    finally:
        installation.close()
    some = [str(case) for case in filed[:: max(1, count // TOLD)]]
    print(json.dumps({"tokens": tokens, "cases": some}))


def _migrate(settings: Settings) -> None:
    for schema in SCHEMAS:
        database = settings.place.open(schema, migrate=False)
        database.migrate()
        database.close()


async def _file(
    installation: Installation, calendar: Calendar, reporter: User, reader: User, count: int
) -> list[UUID]:
    numbers, filed = iter(range(count)), list[UUID]()
    await asyncio.gather(
        *(
            _file_in_turn(installation, calendar, reporter, reader, numbers, filed)
            for _ in range(AT_ONCE)
        )
    )
    return filed


async def _file_in_turn(
    installation: Installation,
    calendar: Calendar,
    reporter: User,
    reader: User,
    numbers: Iterator[int],
    filed: list[UUID],
) -> None:
    cases = installation.cases
    for number in numbers:
        seen = calendar() - OBSERVED_BEFORE
        said = {**REPORT, "observed_at": seen.isoformat(), "posted_at": seen.isoformat()}
        done = await cases.logged(reporter, msgspec.convert(said, LogIncident))
        filed.append(done.case.id)
        calendar.filed = len(filed)
        if number % UNDER_ASSESSMENT == 0:
            await cases.asked(reader, done.case.id, StartAssessment(), version=done.case.version)


def _view(installation: Installation) -> None:
    store, views = installation.store, installation.views
    while batch := store.log(views.position(), VIEWED_AT_ONCE):
        views.take(store, batch)


if __name__ == "__main__":
    main(int(sys.argv[1]))
