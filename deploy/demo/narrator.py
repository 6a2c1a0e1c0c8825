"""Tells what is played, line by line, with a bar that moves where there is a terminal."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from deploy.demo.steps import NOTIFIER, Scenario, Step

PEOPLE: Final[Mapping[str, str]] = {
    "staff": "The class teacher",
    "second_staff": "The teaching assistant",
    "slt": "The deputy headteacher",
    "headteacher": "The headteacher",
    "moderator": "The administrator",
    NOTIFIER: "The notifier",
}
_INDENT: Final = " " * 15


class Narrator:
    """Prints to a console. Without a terminal, plain lines and nothing that moves."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )

    @contextmanager
    def playing(self, scenario: Scenario) -> Iterator[None]:
        """Show how far a scenario has come, while it is played."""
        self._line(f"\n{scenario.number}. {scenario.title}\n")
        task = self._bar.add_task(f"Scenario {scenario.number}", total=len(scenario.steps))
        with self._bar:
            yield
        self._bar.remove_task(task)

    def begins(self, step: Step) -> None:
        """Say who does what, before it is done."""
        self._line(f"   {step.at:%a %H:%M}   {PEOPLE[step.who]} {step.what}.")

    def done(self, words: str | None) -> None:
        """Add what came of it, and move the bar."""
        if words:
            self._line(f"{_INDENT}→ {words}")
        for task in self._bar.task_ids:
            self._bar.advance(task)

    def kept(self, reference: str, folder: Path) -> None:
        """Say where a finished case lies, and what lies there."""
        names = ", ".join(sorted(path.name for path in folder.iterdir()))
        self._line(f"\n   {reference} is in {folder}: {names}")

    def say(self, words: str) -> None:
        """Print a line of its own."""
        self._line(words)

    def _line(self, words: str) -> None:
        self._console.print(words, markup=False, highlight=False, soft_wrap=True)
