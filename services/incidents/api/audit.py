"""Proofs, so that nobody has to take our word: the signed checkpoint, and what leads to it."""

from typing import Final

import msgspec
from litestar import Response
from litestar.concurrency import sync_to_thread

from incidents.api.call import Call
from incidents.api.operations import TEXT, Contract, operation
from incidents.api.patience import Position, vouched_for
from incidents.api.problems import Kind, Problem, not_found, unavailable
from incidents.cases import KIND as CASE
from incidents.domain.access import HEIRS
from incidents.domain.school import User
from incidents.domain.table import Reason
from incidents.domain.vocabulary import Role
from incidents.evidence.checkpoint import SignedCheckpoint
from incidents.evidence.proofs import (
    ConsistencyProof,
    InclusionProof,
    prove_consistency,
    prove_inclusion,
)
from incidents.store import Stored

PROVERS: Final = frozenset({Role.AUDITOR, Role.HEADTEACHER, Role.DSL, Role.DPO, *HEIRS})


class OfEvent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """That the event at a position of the log (from a receipt) is in it."""

    position: Position


class OfGrowth(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """That the log only grew between the sizes of two checkpoints."""

    first: Position
    second: Position


@operation(
    "GET",
    "/api/audit/checkpoint",
    Contract(
        id="readCheckpoint",
        summary="The newest signed checkpoint (C2SP signed note): keep it outside",
        tag="audit",
        answer=TEXT,
        refuses=(403, 503),
    ),
)
def read_checkpoint(request: Call) -> Response[bytes]:
    _refuse_others(request.user)
    return Response(_latest(request).note, media_type=TEXT)


@operation(
    "GET",
    "/api/audit/proof",
    Contract(
        id="readProof",
        summary="That an event is in the log, or that the log only grew",
        tag="audit",
        answer=(InclusionProof, ConsistencyProof),
        query=(OfEvent, OfGrowth),
        refuses=(403, 404, 503),
    ),
)
async def read_proof(request: Call) -> Response[InclusionProof | ConsistencyProof]:
    """Give `position` for an event of a case you may see, or `first` and `second`."""
    asked = request.asked(OfEvent, OfGrowth)
    _refuse_others(request.user)
    if isinstance(asked, OfGrowth):
        return Response(await sync_to_thread(_consistency, request, asked))
    assert isinstance(asked, OfEvent)
    event = await sync_to_thread(_event, request, asked.position)
    await vouched_for(request.installation, event.position)
    return Response(await sync_to_thread(_inclusion, request, event))


def _refuse_others(user: User) -> None:
    """Checkpoints and proofs say how much the whole installation has recorded."""
    if not PROVERS & user.roles:
        raise Problem(
            Kind.NOT_ALLOWED,
            "Checkpoints and proofs are given to those who check the log.",
            reasons=[Reason("role", f"Only for: {', '.join(sorted(PROVERS))}.")],
        )


def _latest(request: Call) -> SignedCheckpoint:
    signed = request.installation.checkpoints.latest()
    if signed is None:
        raise unavailable("No checkpoint has been signed yet. Is the worker running?")
    return signed


def _event(request: Call, position: int) -> Stored:
    """Return the event at a position, if what it belongs to exists for this user."""
    installation, user = request.installation, request.user
    found = installation.store.log(position - 1, 1) if position else []
    if not found or found[0].position != position:
        raise not_found()
    row = installation.store.state(found[0].stream)
    if row is None or row.school != user.school:
        raise not_found()
    if row.kind == CASE:
        installation.cases.seen(user, row.stream)
    return found[0]


def _inclusion(request: Call, event: Stored) -> InclusionProof:
    size = _latest(request).checkpoint.size
    return prove_inclusion(request.installation.tree, event, size)


def _consistency(request: Call, asked: OfGrowth) -> ConsistencyProof:
    try:
        return prove_consistency(request.installation.tree, asked.first, asked.second)
    except ValueError:
        raise Problem(
            Kind.NOT_FOUND,
            "`first` and `second` are sizes of checkpoints of this log, the smaller one first.",
        ) from None


ROUTES: Final = (read_checkpoint, read_proof)
