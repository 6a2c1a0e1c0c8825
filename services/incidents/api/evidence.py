"""What is kept with a case: the captured evidence, and the bundle an auditor takes away."""

from typing import Annotated, Final
from uuid import UUID

import msgspec
from litestar import Response
from litestar.concurrency import sync_to_thread
from litestar.params import FromPath

from incidents.api.call import Call
from incidents.api.operations import IMAGES, PDF, TEXT, ZIP, Contract, download, operation
from incidents.api.patience import vouched_for
from incidents.api.problems import Kind, Problem, not_found
from incidents.domain.access import Sight
from incidents.domain.access_record import Reading
from incidents.domain.state import Case
from incidents.domain.table import Reason
from incidents.evidence.bundle import build_bundle
from incidents.store import Stored


class BundleAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The size of a checkpoint the reader has kept: the bundle then proves to continue it."""

    since: Annotated[int, msgspec.Meta(ge=0, le=2**53)] | None = None


@operation(
    "GET",
    "/api/cases/{case_id:uuid}/bundle",
    Contract(
        id="readBundle",
        summary="The case with its proofs, as a zip that verifies offline",
        tag="audit",
        answer=ZIP,
        query=(BundleAsked,),
        refuses=(403, 404, 409, 503),
    ),
)
async def read_bundle(request: Call, case_id: FromPath[UUID]) -> Response[bytes]:
    asked = request.asked(BundleAsked)
    events = await sync_to_thread(_events, request, case_id)
    await vouched_for(request.installation, events[-1].position)
    bundle = await sync_to_thread(_bundle, request, events, asked.since)
    record = request.installation.access_record
    await sync_to_thread(record.export, request.user, case_id, Reading.BUNDLE, bundle)
    return download(bundle, ZIP, "case", case_id)


def _events(request: Call, case_id: UUID) -> list[Stored]:
    _shown(request, case_id, Sight.FULL, Sight.AUDIT)
    return request.installation.store.stored(case_id)


def _bundle(request: Call, events: list[Stored], since: int | None) -> bytes:
    installation, last = request.installation, events[-1]
    entries = installation.reading.history(request.user, last.stream)
    return build_bundle(
        events,
        tree=installation.tree,
        folder=installation.checkpoints,
        since=() if since is None else (since,),
        history=msgspec.json.encode([e for e in entries if e.version <= last.version]),
    )


@operation(
    "GET",
    "/api/cases/{case_id:uuid}/evidence/{evidence_id:uuid}",
    Contract(
        id="readEvidence",
        summary="One captured item, exactly as it was captured",
        tag="cases",
        answer=(*IMAGES, PDF, TEXT),
        refuses=(403, 404, 410),
    ),
)
def read_evidence(
    request: Call, case_id: FromPath[UUID], evidence_id: FromPath[UUID]
) -> Response[bytes]:
    case = _shown(request, case_id, Sight.FULL, Sight.MODERATION)
    item = case.evidence.get(evidence_id)
    if item is None or item.sha256 is None or item.media_type is None:
        raise not_found()
    content = request.installation.store.blobs.read(case.school, case.id, item.sha256)
    return download(content, item.media_type, "evidence", evidence_id)


def _shown(request: Call, case_id: UUID, *sights: Sight) -> Case:
    """Return the case to a reader with one of these sights. Raises `NoSuchCase`, `Problem`."""
    case, much = request.installation.cases.seen(request.user, case_id)
    if much not in sights:
        raise Problem(
            Kind.NOT_ALLOWED,
            "What you may see of this case does not go so far.",
            reasons=[Reason("sight", "Ask whoever leads the case.")],
        )
    return case


ROUTES: Final = (read_bundle, read_evidence)
