"""How far a case has come: short ways to the places where tests begin."""

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from incidents.domain.facts import CaseId, PersonId
from incidents.domain.letters import (
    LetterCommand,
    RecordLetterRendered,
    RecordLetterSent,
    RecordLetterUncertain,
)
from incidents.domain.school import User
from incidents.domain.vocabulary import LetterForm, Role
from tests.incidents.api.school import HERE, CaseAt, Client

DOCUMENT: Final = b"%PDF-1.7 a letter"
NOTICE: Final = "A comment was removed under clause 4.2. - The school office"
ASSESSMENT: Final[Mapping[str, Any]] = {
    "scope": "professional",
    "finding": "unacceptable",
    "categories": ["offensive", "harassing"],
    "risks": ["bullying"],
    "scale": 2,
    "audience": 2,
    "permanency": 2,
    "harm": 2,
    "clauses": ["3.6", "6.3"],
    "rationale": "The words insult a member of staff in a group that anybody can read.",
}
NOTIFIER: Final = User(id=None, school=HERE, roles=frozenset({Role.NOTIFIER}))


def evidence(content: bytes = b"The post, word for word.", **changes: Any) -> dict[str, Any]:
    return {
        "kind": "screenshot",
        "label": "The post as it stood",
        "media_type": "text/plain",
        "content": b64encode(content).decode(),
        "captured_at": "2026-11-20T16:35:00Z",
        **changes,
    }


async def assessed(client: Client, **changes: Any) -> CaseAt:
    """A reported case that the deputy has taken and assessed."""
    case = await client.report()
    await case.done("slt", "acknowledge-report")
    await case.done("slt", "start-assessment")
    await case.done("slt", "record-assessment", {**ASSESSMENT, **changes})
    return case


async def handled(client: Client) -> CaseAt:
    """A case on the route for parents, whose parent has been asked and invited."""
    case = await assessed(client)
    await case.done("slt", "start-internal-handling", {"route": "parent"})
    await case.done("slt", "capture-evidence", evidence())
    person = await parent_of(case)
    basis = {"name": "The parent", "email": "parent@example.com", "basis": "own_conduct"}
    await case.done("slt", "identify-person", {"person": str(person), **basis})
    slots = {"meeting_slots": ["2026-11-25T15:30:00Z"]}
    await case.done("slt", "request-removal", {"person": str(person), **slots})
    return case


async def parent_of(case: CaseAt) -> PersonId:
    page = (await case.client.get("slt", case.path)).json()
    return PersonId(next(UUID(p["person"]) for p in page["people"] if p["part"] == "subject"))


def drafted(case: CaseAt, **changes: Any) -> UUID:
    """Draft the letter that the newest event asks for, as the notifier does."""
    installation = case.client.life.installation
    text: bytes = changes.pop("content", DOCUMENT)
    followed: bool = changes.pop("followed", True)
    digest = installation.store.blobs.keep(HERE, case.id, text)
    assert digest == sha256(text).hexdigest()
    letter = installation.new_id()
    prompted_by = installation.store.history(case.id)[-1].event_id
    known: dict[str, Any] = {
        "code": "L2",
        "form": LetterForm.PDF,
        "audience": "subject_parent",
        "prompted_by": prompted_by,
        "media_type": "application/pdf",
        "document": digest,
        "template_hash": "0" * 64,
        "data_hash": "0" * 64,
        "needs_approval": True,
    }
    notifier_asks(case, RecordLetterRendered(letter=letter, **{**known, **changes}), followed)
    return letter


def sent(case: CaseAt, letter: UUID) -> None:
    notifier_asks(case, RecordLetterSent(letter=letter, channel="email"))


def uncertain(case: CaseAt, letter: UUID) -> None:
    notifier_asks(case, RecordLetterUncertain(letter=letter, why="reply_lost"))


def notifier_asks(case: CaseAt, command: LetterCommand, followed: bool = True) -> None:
    """Let the notifier tell what became of a letter, and the views catch up unless told not to."""
    done = case.client.life.installation.cases.ask(NOTIFIER, CaseId(case.id), command, version=None)
    case.version = done.case.version
    if followed:
        case.client.life.follow()
