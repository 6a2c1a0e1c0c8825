"""A request as the handlers see it: who asks, and every part of it read strictly."""

import re
from collections.abc import Callable, Mapping
from functools import cached_property
from hashlib import sha256
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl
from uuid import UUID

import msgspec
from litestar import Request
from litestar.datastructures import State

from incidents.api import strict_json
from incidents.api.brief import brief
from incidents.api.cursor import Cursors
from incidents.api.problems import Kind, Problem
from incidents.api.wording import components, reason_for
from incidents.changes import Key
from incidents.domain.school import User
from incidents.domain.table import Reason
from incidents.installation import Installation

IF_MATCH: Final = '"(0|[1-9][0-9]{0,14})"'
KEY: Final = "[!-~]{1,200}"
_JSON: Final = re.compile(r'application/json\s*(;\s*charset="?utf-8"?\s*)?', re.IGNORECASE)
_WHOLE: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_MAX_PARAMETERS: Final = 20

T = TypeVar("T", bound=msgspec.Struct)
R = TypeVar("R")


class Call(Request[User, str, State]):
    """`user` has signed in, and `auth` is the token he did it with."""

    @property
    def installation(self) -> Installation:
        installation: Installation = self.app.state["installation"]
        return installation

    @property
    def cursors(self) -> Cursors:
        cursors: Cursors = self.app.state["cursors"]
        return cursors

    async def brief(self, look: Callable[..., R], *given: Any) -> R:
        """Run a short read: see `brief`."""
        return await brief(self.installation, look, *given)

    @cached_property
    def signed_in(self) -> UUID:
        """The id of the user: only our own programs have none, and they do not call."""
        assert self.user.id is not None
        return self.user.id

    def one_header(self, name: str) -> str | None:
        """Return a header that may come once. Raises `Problem` (400) when it comes again."""
        values = self.headers.getall(name, [])
        if len(values) > 1:
            raise _bad_header(name, "comes more than once")
        return values[0] if values else None

    def asked(self, *kinds: type[T]) -> T:
        """Return the query as the one of `kinds` that it is.

        Raises `Problem` (400) for anything that is not in it.
        """
        pairs = self._pairs()
        texts = dict(pairs)
        if len(texts) != len(pairs):
            raise _bad_query([Reason("query", "A parameter comes twice: give it once.")])
        kind = next((one for one in kinds if _fits(texts, one)), kinds[0])
        properties = components(kind)[kind.__name__]["properties"]
        given = {name: _from_text(text, properties.get(name, {})) for name, text in texts.items()}
        try:
            return msgspec.convert(given, kind)
        except msgspec.ValidationError as error:
            raise _bad_query([reason_for(error, kind, "query")]) from None

    def read(self, raw: bytes, kind: type[T]) -> T:
        """Return the body as a `kind`. Raises `Problem` (400, 415, 422)."""
        if raw and not _JSON.fullmatch(self.one_header("content-type") or ""):
            raise Problem(
                Kind.NOT_JSON, "Send JSON in UTF-8, with the header Content-Type: application/json."
            )
        if raw and self.one_header("content-encoding"):
            raise Problem(Kind.NOT_JSON, "Send the body as it is, without Content-Encoding.")
        return strict_json.read(raw, kind)

    def if_match(self) -> int:
        """Return the version that the request is about. Raises `Problem` (428, 400)."""
        text = self.one_header("if-match")
        if text is None:
            raise Problem(
                Kind.VERSION_REQUIRED,
                "Read it first and send its ETag back in If-Match, so that nobody's change "
                "is written over.",
            )
        version = re.fullmatch(IF_MATCH, text)
        if version is None:
            raise _bad_header("If-Match", 'has to be one version in quotes, like "7"')
        return int(version[1])

    def has_version(self, version: int) -> bool:
        """Whether If-None-Match says that the client has this version of the case already."""
        known = ",".join(self.headers.getall("if-none-match", []))
        return f'"{version}"' in (one.strip().removeprefix("W/") for one in known.split(","))

    def key(self, body: object) -> Key | None:
        """Return the idempotency key with what it stands for. Raises `Problem` (400)."""
        text = self.one_header("idempotency-key")
        if text is None:
            return None
        if not re.fullmatch(KEY, text):
            raise _bad_header("Idempotency-Key", "has to be 1 to 200 visible ASCII characters")
        said = f"{self.method} {self.scope['path']}\n".encode() + strict_json.canonical(body)
        return Key(text, sha256(said).hexdigest())

    def _pairs(self) -> list[tuple[str, str]]:
        try:
            return parse_qsl(
                self.scope["query_string"].decode("ascii"),
                keep_blank_values=True,
                strict_parsing=bool(self.scope["query_string"]),
                errors="strict",
                max_num_fields=_MAX_PARAMETERS,
            )
        except ValueError:
            raise _bad_query(
                [Reason("query", "It can't be read: write it as name=value, joined by &.")]
            ) from None


def _bad_header(name: str, what: str) -> Problem:
    return Problem(Kind.BAD_REQUEST, f"The header {name} {what}.")


def _bad_query(reasons: list[Reason]) -> Problem:
    return Problem(
        Kind.BAD_REQUEST, "The part of the address after the ? does not fit.", reasons=reasons
    )


def _fits(texts: Mapping[str, str], kind: type[msgspec.Struct]) -> bool:
    fields = msgspec.structs.fields(kind)
    needed = {field.name for field in fields if field.required}
    return needed <= set(texts) <= {field.name for field in fields}


def _from_text(text: str, schema: dict[str, Any]) -> str | int | bool:
    """A query has only texts: numbers and booleans are read where the schema asks for one."""
    kinds = {schema.get("type"), *(one.get("type") for one in schema.get("anyOf", ()))}
    if "integer" in kinds and _WHOLE.fullmatch(text):
        return int(text)
    if "boolean" in kinds and text in ("true", "false"):
        return text == "true"
    return text
