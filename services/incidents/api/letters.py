"""The letters of the cases one sees: what waits for approval, how each reads, what became of it."""

from collections.abc import Iterator, Mapping
from functools import lru_cache, partial
from typing import Annotated, Final
from uuid import UUID

import msgspec
from litestar import Response
from litestar.concurrency import sync_to_thread
from litestar.params import FromPath, RawBody

from incidents.api.call import Call
from incidents.api.commands import Recorded, recorded
from incidents.api.cursor import Cursor
from incidents.api.noting import OF_CASE
from incidents.api.operations import PDF, TEXT, Contract, download, operation
from incidents.api.patience import Position, catching_up, listed
from incidents.api.problems import not_found
from incidents.cases import NoSuchCase
from incidents.domain.access import SIGHTS, Sight
from incidents.domain.letters import ApproveLetter, LetterCommand, ResolveLetter, WithdrawLetter
from incidents.domain.state import Case, Letter
from incidents.domain.vocabulary import LetterForm, LetterState, Sha256
from incidents.domain.vocabulary import Reason as Because
from incidents.pages import LetterLine, letter_line

SHOWN: Final = frozenset({Sight.FULL, Sight.MODERATION})
"""Only with one of these sights are any letters of a case shown."""
READERS: Final = frozenset(role for role, (much, _) in SIGHTS.items() if much in SHOWN)
"""Whoever holds none of these roles sees letters of a case that he leads, and no others."""
MOST_EXAMINED: Final = 500
"""Letters looked at for one page: what is not for this reader may stand between two that are."""
_AT_ONCE: Final = 100

# ── what is read ──────────────────────────────────────────────────────────────────────────────────


class LettersAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the list is narrowed to: `drafted` is the queue of what waits for approval."""

    state: LetterState | None = None
    cursor: Cursor | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 50
    position: Position | None = None


class LetterInList(LetterLine, frozen=True, kw_only=True, omit_defaults=True):
    """A letter and the case it belongs to."""

    case_id: UUID
    reference: str


class LetterList(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where there is a `next`, ask again with it as `cursor`."""

    letters: list[LetterInList]
    next: str | None = None


class LetterAnswer(LetterInList, frozen=True, kw_only=True, omit_defaults=True):
    """A letter; where its document is a text, with its words."""

    text: str | None = None


@operation(
    "GET",
    "/api/letters",
    Contract(
        id="listLetters",
        summary="The letters of the cases you see",
        tag="letters",
        answer=LetterList,
        query=(LettersAsked,),
        refuses=(404,),
    ),
)
async def list_letters(request: Call) -> Response[LetterList]:
    asked = request.asked(LettersAsked)
    await listed(request.installation, asked.position)
    return Response(await sync_to_thread(_list, request, asked))


@operation(
    "GET",
    "/api/letters/{letter_id:uuid}",
    Contract(
        id="readLetter",
        summary="One letter; the words too, where it is a text",
        tag="letters",
        answer=LetterAnswer,
        refuses=(404, 410, 503),
    ),
)
def read_letter(request: Call, letter_id: FromPath[UUID]) -> Response[LetterAnswer]:
    case, letter = _find(request, letter_id)
    text = None
    if (letter.media_type or "").startswith("text/"):
        text = _document(request, case, letter).decode()
    return Response(
        LetterAnswer(
            **msgspec.structs.asdict(letter_line(letter)),
            case_id=case.id,
            reference=case.reference,
            text=text,
        )
    )


@operation(
    "GET",
    "/api/letters/{letter_id:uuid}/pdf",
    Contract(
        id="readLetterDocument",
        summary="The document of a letter, exactly as it is or was sent",
        tag="letters",
        answer=(PDF, TEXT),
        refuses=(404, 410, 503),
    ),
)
def read_document(request: Call, letter_id: FromPath[UUID]) -> Response[bytes]:
    case, letter = _find(request, letter_id)
    content = _document(request, case, letter)
    return download(content, letter.media_type or TEXT, "letter", letter_id)


def _list(request: Call, asked: LettersAsked) -> LetterList:
    user = request.user
    bound = ("letters", user.school, user.id, asked.state)
    after: tuple[UUID, UUID] | None = None
    if asked.cursor:
        case_hex, letter_hex = request.cursors.read(asked.cursor, bound)
        after = UUID(case_hex), UUID(letter_hex)
    letters: list[LetterInList] = []
    place = None
    for examined, (at, line) in enumerate(_examined(request, asked, after), start=1):
        letters += [line] if line else []
        if len(letters) == asked.limit or examined == MOST_EXAMINED:
            place = (at[0].hex, at[1].hex)
            break
    return LetterList(letters=letters, next=request.cursors.make(place, bound) if place else None)


def _examined(
    request: Call, asked: LettersAsked, after: tuple[UUID, UUID] | None
) -> Iterator[tuple[tuple[UUID, UUID], LetterInList | None]]:
    """Every letter that may be for this reader, with its line if the case says that it is."""
    user, views = request.user, request.installation.views
    reader = msgspec.structs.replace(user, roles=user.roles & READERS)
    # The letters of a case stand together: it is loaded once.
    shown = lru_cache(maxsize=1)(partial(_shown, request))
    more = True
    while more:
        found = views.letters(reader, asked.state, after, _AT_ONCE)
        for at in found:
            yield at, _line(shown(at[0]), at[1], asked)
        more, after = len(found) == _AT_ONCE, found[-1] if found else after


def _line(
    shown: tuple[Case, Mapping[UUID, Letter]] | None, letter_id: UUID, asked: LettersAsked
) -> LetterInList | None:
    case, letters = shown or (None, {})
    letter = letters.get(letter_id)
    if case is None or letter is None or asked.state not in (None, letter.state):
        return None
    line = msgspec.structs.asdict(letter_line(letter))
    return LetterInList(**line, case_id=case.id, reference=case.reference)


def _find(request: Call, letter_id: UUID) -> tuple[Case, Letter]:
    """Return a letter that this user may see; one just written may be younger than the views.

    Raises `Problem` (404, 503).
    """
    for _ in catching_up(request.installation):
        case_id = request.installation.views.case_of_letter(letter_id)
        request.scope["state"][OF_CASE] = case_id
        shown = _shown(request, case_id) if case_id else None
        if shown is not None and letter_id in shown[1]:
            return shown[0], shown[1][letter_id]
    raise not_found()


def _shown(request: Call, case_id: UUID) -> tuple[Case, Mapping[UUID, Letter]] | None:
    """Return a case with the letters of it that this user may see, if there are any for him."""
    try:
        case, much = request.installation.cases.seen(request.user, case_id)
    except NoSuchCase:
        return None
    match much:
        case Sight.FULL:
            return case, case.letters
        case Sight.MODERATION:
            notices = {i: x for i, x in case.letters.items() if x.form is LetterForm.NOTICE}
            return case, notices
        case _:
            return None


def _document(request: Call, case: Case, letter: Letter) -> bytes:
    if letter.document is None:
        raise not_found()
    return request.installation.store.blobs.read(case.school, case.id, letter.document)


# ── what is decided ───────────────────────────────────────────────────────────────────────────────


class Approval(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The document as it was read: nothing else is ever sent on this approval."""

    document: Sha256


class Withdrawal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why the letter is not to be sent."""

    reason: Because


class Resolution(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether an uncertain letter arrived. If it did not, it is sent again."""

    delivered: bool
    how_known: Because


def _decide(
    request: Call, letter_id: UUID, ask: type[LetterCommand], said: msgspec.Struct
) -> Response[Recorded]:
    """The command of the case that stands behind a decision. What was read is what is decided on:
    the document's hash or the letter's own state takes the place of If-Match.
    """
    key = request.key(said)
    case, letter = _find(request, letter_id)
    command = ask(letter=letter.letter, **msgspec.structs.asdict(said))
    cases = request.installation.cases
    return recorded(cases.ask(request.user, case.id, command, version=None, key=key))


def _contract(id_: str, summary: str, body: type[msgspec.Struct]) -> Contract:
    return Contract(
        id=id_,
        summary=summary,
        tag="letters",
        answer=Recorded,
        body=body,
        repeatable=True,
        tagged=True,
        refuses=(403, 404, 409, 503),
    )


@operation(
    "POST",
    "/api/letters/{letter_id:uuid}/approve",
    _contract("approveLetter", "Let a letter be sent, exactly as it was read", Approval),
)
def approve(request: Call, letter_id: FromPath[UUID], body: RawBody) -> Response[Recorded]:
    return _decide(request, letter_id, ApproveLetter, request.read(body, Approval))


@operation(
    "POST",
    "/api/letters/{letter_id:uuid}/withdraw",
    _contract("withdrawLetter", "Stop a letter that has not been sent", Withdrawal),
)
def withdraw(request: Call, letter_id: FromPath[UUID], body: RawBody) -> Response[Recorded]:
    return _decide(request, letter_id, WithdrawLetter, request.read(body, Withdrawal))


@operation(
    "POST",
    "/api/letters/{letter_id:uuid}/resolve",
    _contract("resolveLetter", "Say whether an uncertain letter arrived", Resolution),
)
def resolve(request: Call, letter_id: FromPath[UUID], body: RawBody) -> Response[Recorded]:
    return _decide(request, letter_id, ResolveLetter, request.read(body, Resolution))


ROUTES: Final = (list_letters, read_letter, read_document, approve, withdraw, resolve)
