"""What was stored comes back as it was, and nothing else does."""

import sys
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from durable import Place
from incidents.domain.facts import Event
from incidents.store import (
    BadEventClass,
    Store,
    UnknownTopic,
    UnreadableEvent,
    Upcaster,
    open_store,
)
from tests.incidents.store.invent import events_of
from tests.incidents.store.sample import EVERY_KIND, START, NoteAdded, ValueChanged, fact, row
from tests.support.kept import tampering


@pytest.mark.parametrize("topic", EVERY_KIND)
def test_an_event_of_every_kind_comes_back_as_it_was_sealed(shared: Store, topic: str) -> None:
    @settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(events_of(EVERY_KIND[topic]))
    def holds(event: Event) -> None:
        stream = uuid4()
        plain = fact(event, stream, recorded_at=START)
        sealed = shared.seal(plain)
        shared.append([sealed], state=row(stream))

        assert shared.history(stream) == [sealed]
        assert _opened(shared, sealed) == plain

    holds()


@given(value=st.dictionaries(st.sampled_from(["_type_", "_data_", "a"]), st.text(max_size=5)))
@settings(max_examples=20, deadline=None)
def test_values_that_look_like_the_librarys_own_markers_survive(
    shared: Store, value: dict[str, Any]
) -> None:
    stream = uuid4()
    event = fact(ValueChanged(value={"deeper": value, **value}), stream, recorded_at=START)
    shared.append([event], state=row(stream))
    assert shared.history(stream) == [event]


def test_history_ends_at_the_version_asked_for(store: Store) -> None:
    case = uuid4()
    events = [fact(ValueChanged(value={"n": v}), case, v) for v in range(1, 6)]
    store.append(events, state=row(case, 5))

    assert store.history(case) == events
    assert store.history(case, up_to=3) == events[:3]
    assert store.history(case, up_to=0) == []
    assert store.history(uuid4()) == []


def test_the_log_interleaves_streams_in_the_order_of_their_commits(store: Store) -> None:
    one, two = uuid4(), uuid4()
    for version in (1, 2):
        for stream in (one, two):
            event = fact(ValueChanged(value={}), stream, version)
            store.append([event], state=row(stream, version))

    assert [(s.stream, s.version) for s in store.log(0, 10)] == [
        (one, 1),
        (two, 1),
        (one, 2),
        (two, 2),
    ]
    assert [s.position for s in store.log(1, 2)] == [2, 3]
    assert [s.position for s in store.stored(two)] == [2, 4]
    assert store.decode(store.log(3, 1)[0]) == store.history(two)[1]
    assert store.log(4, 10) == []


def test_an_empty_store_has_no_head_and_no_last_moment(store: Store) -> None:
    assert store.head() == 0
    assert store.latest() is None
    assert store.log(0, 10) == []
    assert store.state(uuid4()) is None


def test_a_stored_topic_that_is_not_registered_is_refused_and_imports_nothing(
    store: Store, kept: Place
) -> None:
    case = uuid4()
    store.append([fact(ValueChanged(value={}), case)], state=row(case))
    with tampering(kept) as attacker:
        attacker.execute("UPDATE stored_events SET topic = 'antigravity:fly'")

    with pytest.raises(UnknownTopic, match="antigravity:fly is not a kind of event"):
        store.history(case)
    assert "antigravity" not in sys.modules


@pytest.mark.parametrize(
    "state",
    [
        b"",
        b"{",
        b"[]",
        b'{"schema":1,"salt":"","data":{}}',
        b'{"schema":2,"salt":""}',
        b'{"schema":"1"}',
        b"\xff\xfe",
    ],
)
def test_stored_bytes_that_have_not_the_layout_are_refused_with_their_place(
    store: Store, kept: Place, state: bytes
) -> None:
    case = uuid4()
    store.append([fact(ValueChanged(value={}), case)], state=row(case))
    with tampering(kept) as attacker:
        attacker.execute("UPDATE stored_events SET state = ?", (state,))

    with pytest.raises(UnreadableEvent, match=r"tests\.value_changed, version 1 of its stream"):
        store.history(case)


class Older(Event, frozen=True, kw_only=True):
    TOPIC = "tests.renamed"

    teacher: str


class Newer(Event, frozen=True, kw_only=True):
    TOPIC = "tests.renamed"
    SCHEMA = 3

    staff: str
    present: bool


UPCASTERS: Mapping[tuple[str, int], Upcaster] = {
    ("tests.renamed", 1): lambda data: {"staff": data["teacher"]},
    ("tests.renamed", 2): lambda data: {**data, "present": True},
}


def test_events_of_an_older_schema_are_read_through_every_step_since(kept: Place) -> None:
    case = uuid4()
    old = fact(Older(teacher="the class teacher"), case)
    with open_store(kept, events={Older.TOPIC: Older}) as store:
        store.append([old], state=row(case))

    with open_store(kept, events={Newer.TOPIC: Newer}, upcasters=UPCASTERS) as store:
        new = fact(Newer(staff="the class teacher", present=False), case, 2)
        store.append([new], state=row(case, 2))
        expected = msgspec.structs.replace(
            old, event=Newer(staff="the class teacher", present=True)
        )
        assert store.history(case) == [expected, new]


def test_events_of_a_newer_schema_are_refused(kept: Place) -> None:
    case = uuid4()
    with open_store(kept, events={Newer.TOPIC: Newer}, upcasters=UPCASTERS) as store:
        store.append([fact(Newer(staff="a cook", present=True), case)], state=row(case))
    with (
        open_store(kept, events={Older.TOPIC: Older}) as store,
        pytest.raises(UnreadableEvent, match="schemas 1 to 1 only"),
    ):
        store.history(case)


def test_a_schema_without_the_step_that_leads_to_it_is_refused_at_the_start(kept: Place) -> None:
    missing = {key: step for key, step in UPCASTERS.items() if key[1] == 1}
    with pytest.raises(BadEventClass, match=r"Give an upcaster for \('tests.renamed', 2\)"):
        open_store(kept, events={Newer.TOPIC: Newer}, upcasters=missing)


def test_a_kind_registered_under_another_name_than_its_own_is_refused(kept: Place) -> None:
    with pytest.raises(BadEventClass, match=r"is registered as tests\.other"):
        open_store(kept, events={"tests.other": NoteAdded})


def _opened(store: Store, sealed: Any) -> Any:
    fields = {
        name: store.open(value, school=sealed.school, stream=sealed.stream)
        for name in sealed.event.__struct_fields__
        if type(value := getattr(sealed.event, name)).__name__ == "Sealed"
    }
    return msgspec.structs.replace(sealed, event=msgspec.structs.replace(sealed.event, **fields))
