"""How far something is that takes its time."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress() -> Iterator[Callable[[str], Callable[[int, int], None]]]:
    """Begin a bar on a terminal, and nothing in a pipe: the report itself says what was done."""
    if not sys.stderr.isatty():
        yield lambda _what: lambda _done, _total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bars:

        def begin(what: str) -> Callable[[int, int], None]:
            task = bars.add_task(what)
            return lambda done, total: bars.update(task, completed=done, total=total)

        yield begin
