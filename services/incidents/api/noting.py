"""What of a request goes into the access record: who read what of which case, and who was refused.

Noted once the answer has gone out, from what the request was: no handler has to think of it.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID

from litestar import Litestar
from litestar.concurrency import sync_to_thread
from litestar.types import Scope

from incidents.access_record import AccessRecord
from incidents.api.sign_in import FAILED
from incidents.domain.access_record import Reading
from incidents.domain.facts import SchoolId
from incidents.domain.school import User
from incidents.installation import Installation

LOG: Final = logging.getLogger("incidents.access_record")
OF_CASE: Final = "of_case"
"""In the state of a request: the case that it turned out to be about."""
WITHIN_SECONDS: Final = 0.5
_SEEN: Final = frozenset({200, 304})
_REFUSED: Final = frozenset({403, 404})
READINGS: Final[Mapping[str, Reading]] = {
    "readCase": Reading.CASE,
    "readHistory": Reading.HISTORY,
    "replayCase": Reading.REPLAY,
    "readEvidence": Reading.EVIDENCE,
    "readLetter": Reading.LETTER,
    "readLetterDocument": Reading.LETTER,
    "readBundle": Reading.BUNDLE,
    "readReaders": Reading.READERS,
}
"""By the id of the operation. Everything else that names a case is a command on it."""


def note(record: AccessRecord, scope: Scope, operation: str | None, status: int) -> None:
    """Put what was read, or asked for in vain, with what waits to be written."""
    state: dict[str, Any] = scope["state"]
    school = state.get(FAILED)
    if school is not None:
        record.not_signed_in(SchoolId(school))
    user = scope.get("user")
    case = state.get(OF_CASE) or scope.get("path_params", {}).get("case_id")
    if not isinstance(user, User) or not isinstance(case, UUID) or operation is None:
        return
    what = READINGS.get(operation, Reading.COMMAND)
    if status in _REFUSED:
        record.denied(user, case, what)
    elif status in _SEEN and operation in READINGS:
        record.viewed(user, case, what)


@asynccontextmanager
async def keeping(app: Litestar) -> AsyncIterator[None]:
    """Write what was gathered twice a second, and all of it at the end."""
    installation: Installation = app.state["installation"]
    writing = asyncio.create_task(_write(installation.access_record))
    try:
        yield
    finally:
        writing.cancel()
        await asyncio.wait([writing])
        await sync_to_thread(_flush, installation.access_record)


async def _write(record: AccessRecord) -> None:
    while True:
        await asyncio.sleep(WITHIN_SECONDS)
        await sync_to_thread(_flush, record)


def _flush(record: AccessRecord) -> None:
    try:
        record.flush()
    except Exception as trouble:
        # It is kept and tried again; once too much waits, the door says that it is closed.
        LOG.warning("the access record can't be written now: %s", type(trouble).__qualname__)
