"""Every guard of every row refuses by its own name, in words that say what to do."""

import pytest

from incidents.domain.case import ROWS, offers
from incidents.domain.intake import LogIncident
from incidents.domain.lifecycle import LOGGING_GUARDS
from incidents.domain.table import Command, Guard
from tests.incidents.domain import guards, guards_parallel

REFUSALS = {**guards.REFUSALS, **guards_parallel.REFUSALS}
GUARDS: dict[tuple[type[Command], str], Guard] = {
    **{(ask, guard.name): guard for ask, (_, row) in ROWS.items() for guard in row.guards},
    **{(LogIncident, guard.name): guard for guard in LOGGING_GUARDS},
}


def named(one: tuple[type[Command], str]) -> str:
    command, guard = one
    return f"{command.__name__}: {guard}"


def test_every_guard_has_an_example_and_every_example_a_guard() -> None:
    assert set(REFUSALS) == set(GUARDS)


@pytest.mark.parametrize("one", GUARDS, ids=named)
def test_a_guard_refuses_by_its_name(one: tuple[type[Command], str]) -> None:
    example, guard = REFUSALS[one], GUARDS[one]
    answer = example.story.when(example.command, by=example.by)
    told = answer.refused(because=guard.name, for_=guard.refuses)
    assert told.endswith((".", "…"))
    assert len(told) > len("Not allowed.")


@pytest.mark.parametrize("one", [o for o in GUARDS if not GUARDS[o].needs_body], ids=named)
def test_a_guard_that_needs_no_body_says_so_beforehand(one: tuple[type[Command], str]) -> None:
    example = REFUSALS[one]
    _, row = ROWS[one[0]]
    shown = offers(example.story.case, example.story.asking(example.by))
    (reasons,) = (offer.reasons for offer in shown if offer.command == row.name)
    assert one[1] in {reason.rule for reason in reasons}


def test_a_guard_is_known_by_one_name() -> None:
    tests = {(guard.name, guard.test) for guard in GUARDS.values()}
    assert len({name for name, _ in tests}) == len(tests)
