"""Sealing: which words of an event are personal, and how they are shut away and opened.

A text is encrypted under the key of its stream or of its person and bound to where it was first
written: stream, version and field. Moved anywhere else, it does not open.
"""

from collections.abc import Callable, Iterable, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Final, NamedTuple, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec
from msgspec.structs import replace

from incidents.domain.facts import REDACTED, Event, Recorded, Sealed, SealedUnder
from incidents.store.data_key import NONCE_BYTES, DataKey
from incidents.store.errors import BadEventClass, NotSealed
from incidents.store.keys import KeyStore, Owner


class SealedField(NamedTuple):
    """A field whose text is sealed; `person` names the field that says whose it is."""

    name: str
    person: str | None


def sealed_fields(kind: type[Event]) -> tuple[SealedField, ...]:
    """Return the fields of `kind` that hold people's words, read from its type hints.

    Raises BadEventClass for a `Text` without a key to seal it under, one below the top level, and
    one under a person whom no field of the event names.
    """
    hints = get_type_hints(kind, include_extras=True)
    fields = []
    for name in kind.__struct_fields__:
        marker = _marker(hints[name])
        if marker is None:
            _refuse_hidden_text(kind, name, hints[name])
        else:
            _refuse_other_than_text(kind, name, hints[name])
            _refuse_stranger(kind, name, marker.person, hints)
            fields.append(SealedField(name, marker.person))
    return tuple(fields)


class Sealer:
    """Seals the words of events and opens them again. Safe to share between threads."""

    def __init__(
        self,
        keys: KeyStore,
        fields: Mapping[type[Event], tuple[SealedField, ...]],
        random: Callable[[int], bytes],
    ) -> None:
        self._keys = keys
        self._fields = fields
        self._random = random

    def seal(self, recorded: Recorded) -> Recorded:
        """Return the same fact with every plain text sealed; what is sealed already stays as it is.

        A text under a person whom the event does not name goes under the stream's key. Raises
        StoreUnavailable, and ValueError for text that is not Unicode.
        """
        return self.seal_with(self.keys_for([recorded]), recorded)

    def keys_for(self, recorded: Iterable[Recorded]) -> Mapping[Owner, DataKey]:
        """Return the keys that sealing these facts takes; new ones are durable by then.

        Raises StoreUnavailable.
        """
        owners = {owner for one in recorded for owner in self._plain(one).values()}
        return self._keys.of(owners) if owners else {}

    def seal_with(self, keys: Mapping[Owner, DataKey], recorded: Recorded) -> Recorded:
        """Return the fact sealed under `keys_for` it. Raises ValueError as `seal` does."""
        event = recorded.event
        sealed = {}
        for name, owner in self._plain(recorded).items():
            nonce, key = self._random(NONCE_BYTES), keys[owner]
            ciphertext, commitment = key.encrypt(
                nonce,
                _utf8(name, getattr(event, name)),
                _place(recorded.stream, recorded.version, name),
            )
            sealed[name] = Sealed(key.kid, nonce, ciphertext, commitment, recorded.version, name)
        return replace(recorded, event=replace(event, **sealed)) if sealed else recorded

    def refuse_plain(self, recorded: Recorded) -> None:
        """Raises NotSealed when a text is still plain."""
        for name in self._plain(recorded):
            raise NotSealed(recorded.event.TOPIC, name)

    def _plain(self, recorded: Recorded) -> dict[str, Owner]:
        """The fields whose text is still plain, and whose key each is sealed under."""
        event = recorded.event
        return {
            field.name: self._owner(recorded, field)
            for field in self._fields.get(type(event), ())
            if isinstance(getattr(event, field.name), str)
        }

    def open(self, sealed: Sealed, *, school: str, stream: UUID) -> str:
        """Return the words, or REDACTED once their key was destroyed.

        Raises CannotOpen when they were altered, moved, or their key is lost; StoreUnavailable.
        """
        key = self._keys.find(sealed.kid, school)
        if key is None:
            return REDACTED
        place = _place(stream, sealed.version, sealed.field)
        return key.decrypt(sealed.nonce, sealed.ciphertext, sealed.commitment, place).decode()

    def _owner(self, recorded: Recorded, field: SealedField) -> Owner:
        person = None if field.person is None else getattr(recorded.event, field.person)
        if person is None:
            return Owner(recorded.school, "stream", recorded.stream)
        return Owner(recorded.school, "person", person)


_PREFIX: Final = b"caseward text 1\0"


def _place(stream: UUID, version: int, field: str) -> bytes:
    # Fixed lengths before the one variable part: no two places read the same.
    return _PREFIX + stream.bytes + version.to_bytes(8, "big") + field.encode()


def _utf8(name: str, text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        # Python's own message would quote the text.
        raise ValueError(f"{name} holds half a character and cannot be stored.") from None


def _marker(hint: Any) -> SealedUnder | None:
    """The marker of `Annotated[Text, SealedUnder()]`, with `| None` inside or outside."""
    if get_origin(hint) in (Union, UnionType):
        inner = [part for part in get_args(hint) if part is not NoneType]
        return _marker(inner[0]) if len(inner) == 1 else None
    if get_origin(hint) is Annotated:
        return next((m for m in hint.__metadata__ if isinstance(m, SealedUnder)), None)
    return None


def _refuse_hidden_text(kind: type[Event], name: str, hint: Any) -> None:
    if _mentions_sealed(hint, set()):
        raise BadEventClass(
            f"{kind.__name__}.{name} holds Text without a key. Write it as a field of its own: "
            "Annotated[Text, SealedUnder()], or SealedUnder(<the field that names the person>)."
        )


def _refuse_other_than_text(kind: type[Event], name: str, hint: Any) -> None:
    if not {str, Sealed} <= _alternatives(hint) <= {str, Sealed, NoneType}:
        raise BadEventClass(
            f"{kind.__name__}.{name} is marked SealedUnder, but only Text and Text | None can be "
            "sealed. Give each text a field of its own."
        )


def _alternatives(hint: Any) -> set[Any]:
    if get_origin(hint) is Annotated:
        return _alternatives(hint.__origin__)
    if get_origin(hint) in (Union, UnionType):
        return set().union(*map(_alternatives, get_args(hint)))
    return {hint}


def _mentions_sealed(hint: Any, seen: set[Any]) -> bool:
    if hint is Sealed:
        return True
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct) and hint not in seen:
        seen.add(hint)
        hints = get_type_hints(hint, include_extras=True)
        return any(_mentions_sealed(hints[name], seen) for name in hint.__struct_fields__)
    return any(_mentions_sealed(part, seen) for part in get_args(hint))


def _refuse_stranger(
    kind: type[Event], name: str, person: str | None, hints: Mapping[str, Any]
) -> None:
    if person is not None and not _mentions_uuid(hints.get(person)):
        raise BadEventClass(
            f"{kind.__name__}.{name} is sealed under {person}, which is not a field of the event "
            "that holds a person's id (PersonId, or PersonId | None)."
        )


def _mentions_uuid(hint: Any) -> bool:
    hint = getattr(hint, "__supertype__", hint)
    return hint is UUID or any(_mentions_uuid(part) for part in get_args(hint))
