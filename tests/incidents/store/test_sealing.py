"""Sealed words open where they belong, for whom they belong, and nowhere else."""

from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import msgspec
import pytest
from hypothesis import given, settings

from durable import Place
from incidents.domain.facts import (
    REDACTED,
    CaseText,
    Event,
    PersonId,
    Sealed,
    SealedUnder,
    Text,
)
from incidents.store import BadEventClass, CannotOpen, Owner, Store, open_store
from incidents.store.sealing import sealed_fields
from tests.incidents.store.invent import WORDS
from tests.incidents.store.sample import SCHOOL, NoteAdded, PersonNamed, ValueChanged, fact


def sealed_note(store: Store, text: str = "words", **changes: Any) -> Any:
    return store.seal(fact(NoteAdded(text=text, aside="apart"), uuid4(), **changes))


@given(words=WORDS)
@settings(max_examples=50, deadline=None)
def test_any_words_open_as_they_were_sealed(shared: Store, words: str) -> None:
    recorded = sealed_note(shared, words)
    assert shared.open(recorded.event.text, school=SCHOOL, stream=recorded.stream) == words


def test_sealing_twice_changes_nothing(store: Store) -> None:
    recorded = sealed_note(store)
    assert store.seal(recorded) is recorded


def test_an_event_without_words_is_left_alone(store: Store) -> None:
    recorded = fact(ValueChanged(value={}), uuid4())
    assert store.seal(recorded) is recorded


def test_a_missing_text_stays_missing(store: Store) -> None:
    assert store.seal(fact(NoteAdded(text="only this"), uuid4())).event.aside is None  # type: ignore[attr-defined]


def test_equal_words_are_sealed_differently_every_time(store: Store) -> None:
    case = uuid4()
    one, two = (store.seal(fact(NoteAdded(text="same"), case, v)).event for v in (1, 2))
    assert isinstance(one, NoteAdded)
    assert isinstance(two, NoteAdded)
    assert isinstance(one.text, Sealed)
    assert isinstance(two.text, Sealed)
    assert one.text.kid == two.text.kid
    assert {one.text.nonce, one.text.ciphertext}.isdisjoint({two.text.nonce, two.text.ciphertext})


@pytest.mark.parametrize("part", ["nonce", "ciphertext", "commitment"])
def test_one_changed_bit_anywhere_and_it_does_not_open(store: Store, part: str) -> None:
    recorded = sealed_note(store)
    sealed = recorded.event.text
    value = bytearray(getattr(sealed, part))
    value[0] ^= 1
    altered = msgspec.structs.replace(sealed, **{part: bytes(value)})
    with pytest.raises(CannotOpen):
        store.open(altered, school=SCHOOL, stream=recorded.stream)


def test_a_text_does_not_open_in_another_field_version_or_stream(store: Store) -> None:
    recorded = sealed_note(store)
    text = recorded.event.text
    for moved in ({"field": "aside"}, {"version": 2}, {"field": "tex", "version": 1}):
        with pytest.raises(CannotOpen):
            store.open(
                msgspec.structs.replace(text, **moved), school=SCHOOL, stream=recorded.stream
            )
    with pytest.raises(CannotOpen):
        store.open(text, school=SCHOOL, stream=uuid4())


def test_swapped_ciphertexts_open_in_neither_place(store: Store) -> None:
    case = uuid4()
    one = store.seal(fact(NoteAdded(text="first", aside="beside"), case, 1)).event
    two = store.seal(fact(NoteAdded(text="second"), case, 2)).event
    assert isinstance(one, NoteAdded)
    assert isinstance(two, NoteAdded)
    for mine, other in ((one.text, two.text), (one.text, one.aside)):
        assert isinstance(mine, Sealed)
        assert isinstance(other, Sealed)
        for here, there in ((mine, other), (other, mine)):
            swapped = msgspec.structs.replace(
                here,
                nonce=there.nonce,
                ciphertext=there.ciphertext,
                commitment=there.commitment,
            )
            with pytest.raises(CannotOpen):
                store.open(swapped, school=SCHOOL, stream=case)


def test_a_text_does_not_open_under_another_key(store: Store) -> None:
    one, two = sealed_note(store), sealed_note(store)
    forged = msgspec.structs.replace(one.event.text, kid=two.event.text.kid)
    with pytest.raises(CannotOpen):
        store.open(forged, school=SCHOOL, stream=one.stream)


def test_a_text_of_another_school_does_not_open(store: Store) -> None:
    recorded = sealed_note(store, school="hillsidetwo")
    with pytest.raises(CannotOpen, match="another school"):
        store.open(recorded.event.text, school=SCHOOL, stream=recorded.stream)


def test_a_key_that_was_never_here_is_lost_and_not_erased(store: Store, tmp_path: Path) -> None:
    with open_store(Place(tmp_path / "elsewhere"), events={NoteAdded.TOPIC: NoteAdded}) as other:
        recorded = sealed_note(other)
    with pytest.raises(CannotOpen, match=r"Restore the newest keys\.db"):
        store.open(recorded.event.text, school=SCHOOL, stream=recorded.stream)


def test_a_name_is_sealed_under_its_person_and_the_rest_under_the_case(store: Store) -> None:
    case, person = uuid4(), PersonId(uuid4())
    event = store.seal(
        fact(PersonNamed(person=person, name="the class teacher", remark="new here"), case)
    ).event
    assert isinstance(event, PersonNamed)
    assert isinstance(event.name, Sealed)
    assert isinstance(event.remark, Sealed)

    store.keys.destroy(Owner(SCHOOL, "person", person))

    assert store.open(event.name, school=SCHOOL, stream=case) == REDACTED
    assert store.open(event.remark, school=SCHOOL, stream=case) == "new here"


def test_words_about_a_person_who_is_not_named_go_under_the_case(store: Store) -> None:
    event = store.seal(fact(PersonNamed(name="somebody", remark="unknown"), uuid4())).event
    assert isinstance(event, PersonNamed)
    assert isinstance(event.name, Sealed)
    assert isinstance(event.remark, Sealed)
    assert event.name.kid == event.remark.kid


def test_half_a_character_is_refused_without_quoting_the_text(store: Store) -> None:
    with pytest.raises(ValueError, match="half a character") as refused:
        store.seal(fact(NoteAdded(text="secret \ud800"), uuid4()))
    assert "secret" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


class Nested(msgspec.Struct):
    inside: Text


def test_an_event_class_with_words_that_would_stay_plain_is_refused() -> None:
    class Bare(Event, frozen=True, kw_only=True):
        TOPIC = "tests.bare"
        text: Text

    class BareOptional(Event, frozen=True, kw_only=True):
        TOPIC = "tests.bare_optional"
        text: Text | None = None

    class InAList(Event, frozen=True, kw_only=True):
        TOPIC = "tests.in_a_list"
        texts: tuple[CaseText, ...]

    class InAStruct(Event, frozen=True, kw_only=True):
        TOPIC = "tests.in_a_struct"
        part: Nested | None = None

    class InAMarkedList(Event, frozen=True, kw_only=True):
        TOPIC = "tests.in_a_marked_list"
        texts: Annotated[tuple[Text, ...], SealedUnder()]

    class NotText(Event, frozen=True, kw_only=True):
        TOPIC = "tests.not_text"
        text: Annotated[str, SealedUnder()]

    class Stranger(Event, frozen=True, kw_only=True):
        TOPIC = "tests.stranger"
        name: Annotated[Text, SealedUnder("nobody")]

    class WrongSibling(Event, frozen=True, kw_only=True):
        TOPIC = "tests.wrong_sibling"
        person: str
        name: Annotated[Text, SealedUnder("person")]

    hidden: list[type[Event]] = [Bare, BareOptional, InAList, InAStruct]
    not_text: list[type[Event]] = [InAMarkedList, NotText]
    nobodys: list[type[Event]] = [Stranger, WrongSibling]
    for kind in hidden:
        with pytest.raises(BadEventClass, match="holds Text without a key"):
            sealed_fields(kind)
    for kind in not_text:
        with pytest.raises(BadEventClass, match=r"only Text and Text \| None"):
            sealed_fields(kind)
    for kind in nobodys:
        with pytest.raises(BadEventClass, match="not a field of the event that holds"):
            sealed_fields(kind)


def test_every_way_to_write_an_optional_text_is_understood() -> None:
    class Optional(Event, frozen=True, kw_only=True):
        TOPIC = "tests.optional"
        within: Annotated[Text | None, SealedUnder()] = None
        without: CaseText | None = None
        person: PersonId | None = None
        name: Annotated[Text | None, SealedUnder("person")] = None

    assert sealed_fields(Optional) == (
        ("within", None),
        ("without", None),
        ("name", "person"),
    )
