"""A notifier that runs in the test's own loop."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from notifier.config import Settings
from notifier.service import run
from tests.notifier.other_side import ONE_PERSON, event, letter_of
from tests.support.waiting import until

Message = dict[str, Any]


@asynccontextmanager
async def notifying(settings: Settings) -> AsyncIterator[None]:
    stopping = asyncio.Event()
    running = asyncio.create_task(run(settings, stopping))
    try:
        yield
    finally:
        stopping.set()
        await asyncio.wait_for(running, 20)


async def soon(condition: Callable[[], object]) -> None:
    """Return once the condition holds, while the notifier goes on in this loop."""
    await asyncio.to_thread(until, condition)


def closed(case: UUID) -> tuple[Message, UUID]:
    """An event that asks for one letter without approval, L31; and that letter's id."""
    message = event(case, "case_closed")
    return message, letter_of(message, "L31", ONE_PERSON)
