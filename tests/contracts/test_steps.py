"""Tables are only ever added to: whoever has taken a step is not to be told that it was another."""

import pytest

from tests.contracts.steps import EVERY_SCHEMA, steps_now, steps_written


@pytest.mark.parametrize("name", [schema.name for schema in EVERY_SCHEMA])
def test_no_step_that_was_written_down_is_changed_and_none_is_missing(name: str) -> None:
    now, written = steps_now()[name], steps_written()[name]
    assert now[: len(written)] == written, "leave the step as it is, and add one that amends it"
    assert len(now) == len(written), "write the new one down: python -m tests.contracts.steps"


def test_no_schema_is_gone() -> None:
    assert steps_now().keys() == steps_written().keys()
