"""Short reads, where they cost least: at once from a file, in a thread over a network."""

from collections.abc import Callable
from typing import Any, TypeVar

from litestar.concurrency import sync_to_thread

from incidents.installation import Installation

T = TypeVar("T")


async def brief(installation: Installation, look: Callable[..., T], *given: Any) -> T:
    """Run a read that takes some ten microseconds on a file.

    Handing it to a thread would cost more than the read; over a network it would hold up everybody
    else until the answer comes.
    """
    if installation.settings.place.in_files:
        return look(*given)
    return await sync_to_thread(look, *given)
