"""The access record as those read it who answer for it; and for a case, who has read it."""

from datetime import UTC, datetime
from typing import Annotated, Final
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath

from incidents.access_record import Entry
from incidents.api.call import Call
from incidents.api.cursor import Cursor
from incidents.api.operations import Contract, operation
from incidents.api.problems import Kind, Problem
from incidents.domain.access import HEIRS, Sight
from incidents.domain.access_record import CasesViewed, ExportProduced
from incidents.domain.table import Reason
from incidents.domain.vocabulary import Role

KEEPERS: Final = frozenset({Role.DPO, Role.EXTERNAL_DPO, Role.HEADTEACHER, Role.AUDITOR, *HEIRS})
READ: Final = frozenset({CasesViewed.TOPIC, ExportProduced.TOPIC})
Month = Annotated[str, msgspec.Meta(pattern=r"^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$(?!\n)")]


class RecordAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The record of a month (UTC, the present one if none is named), narrowed to a case."""

    month: Month | None = None
    case: UUID | None = None
    cursor: Cursor | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 100


class RecordPage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Newest first. Where there is a `next`, ask again with it as `cursor`."""

    entries: list[Entry]
    next: str | None = None


class Readers(msgspec.Struct, frozen=True, kw_only=True):
    """Every reading and every export of a case, newest first."""

    case_id: UUID
    entries: list[Entry]


@operation(
    "GET",
    "/api/access-record",
    Contract(
        id="readAccessRecord",
        summary="Who read what, what was exported, and who was refused, in one month",
        tag="audit",
        answer=RecordPage,
        query=(RecordAsked,),
        refuses=(403, 404),
    ),
)
def read_access_record(request: Call) -> Response[RecordPage]:
    """Without the cases from which you are walled out yourself."""
    asked = request.asked(RecordAsked)
    if not KEEPERS & request.user.roles:
        raise Problem(
            Kind.NOT_ALLOWED,
            "The access record is for those who answer for it.",
            reasons=[Reason("role", f"Only for: {', '.join(sorted(KEEPERS))}.")],
        )
    user = request.user
    month = _month(asked.month) if asked.month else request.installation.clock()
    bound = ("access-record", user.school, user.id, f"{month:%Y-%m}", asked.case)
    after = int(request.cursors.read(asked.cursor, bound)[1]) if asked.cursor else None
    every = request.installation.access_record.entries(user, month, asked.case)
    left = [entry for entry in every if after is None or entry.version < after]
    shown = left[: asked.limit]
    # What was written together stays together.
    shown = [entry for entry in left if shown and entry.version >= shown[-1].version]
    more = len(shown) < len(left)
    place = (f"{month:%Y-%m}", str(shown[-1].version)) if more else None
    return Response(
        RecordPage(entries=shown, next=request.cursors.make(place, bound) if place else None)
    )


@operation(
    "GET",
    "/api/cases/{case_id:uuid}/readers",
    Contract(
        id="readReaders",
        summary="Who has read or exported a case you handle",
        tag="audit",
        answer=Readers,
        refuses=(403, 404),
    ),
)
def read_readers(request: Call, case_id: FromPath[UUID]) -> Response[Readers]:
    installation = request.installation
    case, much = installation.cases.seen(request.user, case_id)
    if much not in (Sight.FULL, Sight.AUDIT):
        raise Problem(
            Kind.NOT_ALLOWED,
            "What you may see of this case does not go so far.",
            reasons=[Reason("sight", "Ask whoever leads the case.")],
        )
    found: list[Entry] = []
    for month in _months(case.reported_at, installation.clock()):
        entries = installation.access_record.entries(request.user, month, case_id)
        found = [entry for entry in entries if entry.event in READ] + found
    return Response(Readers(case_id=case_id, entries=found))


def _month(text: str) -> datetime:
    year, month = map(int, text.split("-"))
    return datetime(year, month, 1, tzinfo=UTC)


def _months(first: datetime, last: datetime) -> list[datetime]:
    """Every month that the time from `first` to `last` touches, as its first moment in UTC."""
    here, found = first.astimezone(UTC), []
    year, month = here.year, here.month
    while (year, month) <= (last.astimezone(UTC).year, last.astimezone(UTC).month):
        found.append(datetime(year, month, 1, tzinfo=UTC))
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return found


ROUTES: Final = (read_access_record, read_readers)
