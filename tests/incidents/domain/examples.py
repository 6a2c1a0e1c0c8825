"""An example of a row: given this story, when somebody asks this, then these events."""

from collections.abc import Callable
from dataclasses import dataclass

from incidents.domain.facts import Event
from incidents.domain.school import User
from incidents.domain.table import Command
from tests.incidents.domain.support import Story


@dataclass(frozen=True)
class Example:
    """Given this story, when somebody asks this, then these events are recorded."""

    story: Story
    command: Command
    by: User
    records: tuple[type[Event], ...]


def example(story: Story, command: Command, by: User, *records: type[Event]) -> Example:
    return Example(story, command, by, records)


def of(
    story: Story, command: Callable[[Story], Command], by: User, *records: type[Event]
) -> Example:
    """An example whose command depends on the story."""
    return Example(story, command(story), by, records)
