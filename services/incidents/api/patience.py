"""Waiting, within bounds, for a follower of the log to know of what was just recorded."""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Annotated, Final

import msgspec
from litestar.concurrency import sync_to_thread

from incidents.api.problems import Kind, Problem, unavailable
from incidents.installation import Installation

PATIENCE: Final = 2.0
"""Seconds that a request waits for a follower."""
_BREATH: Final = 0.02
_BEHIND: Final = (
    "The list does not know of that change yet. Try again in a few seconds; if it lasts, the "
    "worker of this installation is not running."
)

Position = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


async def listed(
    installation: Installation, position: int | None, *, searched: bool = False
) -> None:
    """Return once the views, and the index if it is `searched`, know of everything up to there.

    Raises `Problem`: 404 when the log has not come so far, 503 when the views are too slow.
    """
    if position is None:
        return
    known_to = [installation.views.position]
    known_to += [installation.search.position] if searched else []
    if await _until(lambda: all(reached() >= position for reached in known_to)):
        return
    if position > await sync_to_thread(installation.store.head):
        raise Problem(Kind.NOT_FOUND, "Nothing has been recorded at this position.")
    raise unavailable(_BEHIND)


def catching_up(installation: Installation) -> Iterator[None]:
    """Yield for each look at the views, until they know of all that is recorded now.

    Waits between two looks in the thread of the request. Raises `Problem`: 503 when the views are
    too slow.
    """
    views, head = installation.views, installation.store.head()
    patient_until = time.monotonic() + PATIENCE
    while True:
        complete = views.position() >= head
        yield
        if complete:
            return
        if time.monotonic() > patient_until:
            raise unavailable(_BEHIND)
        time.sleep(_BREATH)


async def vouched_for(installation: Installation, position: int) -> None:
    """Return once a checkpoint covers `position`, or when it has taken too long."""
    await _until(lambda: _is_covered(installation, position))


def _is_covered(installation: Installation, position: int) -> bool:
    signed = installation.checkpoints.latest()
    with installation.tree.reading() as view:
        known = view.at(position)
    return signed is not None and known is not None and known.index < signed.checkpoint.size


async def _until(true: Callable[[], bool]) -> bool:
    patient_until = time.monotonic() + PATIENCE
    while not await sync_to_thread(true):
        if time.monotonic() > patient_until:
            return False
        await asyncio.sleep(_BREATH)
    return True
