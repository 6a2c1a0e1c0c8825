"""Appending: everything of it is there, or nothing."""

import json
import sqlite3
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import pytest
from msgspec.structs import replace

from durable import Place
from incidents.store import (
    AlreadyClaimed,
    ClockBehind,
    Conflict,
    NotSealed,
    StateRow,
    Store,
    StoreUnavailable,
    UnknownTopic,
    open_store,
)
from tests.incidents.store.sample import (
    EVENTS,
    SCHOOL,
    START,
    NoteAdded,
    ThingsCounted,
    ValueChanged,
    claim,
    fact,
    row,
)
from tests.support.kept import in_files


def test_a_receipt_names_the_place_of_an_event_and_the_hash_of_its_stored_bytes(
    store: Store,
) -> None:
    case = uuid4()
    events = [store.seal(fact(NoteAdded(text="said at the gate"), case, v)) for v in (1, 2)]

    receipts = store.append(events, state=row(case, 2))

    stored = store.log(0, 10)
    assert [(r.position, r.version) for r in receipts] == [(1, 1), (2, 2)]
    assert [r.sha256 for r in receipts] == [sha256(s.state).hexdigest() for s in stored]


def test_the_stored_bytes_have_the_promised_layout(store: Store) -> None:
    case = uuid4()
    event = fact(ValueChanged(value={"stage": "assessed"}), case)
    store.append([event], state=row(case))

    (stored,) = store.stored(case)
    layout = json.loads(stored.state)

    assert list(layout) == [
        "schema",
        "salt",
        "event_id",
        "school",
        "recorded_at",
        "occurred_at",
        "actor",
        "policy_version",
        "calendar_version",
        "causation_id",
        "correlation_id",
        "data",
    ]
    assert layout["recorded_at"] == "2026-09-01T08:30:01Z"
    assert layout["data"] == {"value": {"stage": "assessed"}}
    assert stored.topic == "tests.value_changed"


def test_equal_events_have_different_stored_bytes_because_of_their_salt(store: Store) -> None:
    case, other = uuid4(), uuid4()
    event = fact(ValueChanged(value={}), case)
    first = store.append([event], state=row(case))
    twin = replace(event, stream=other)
    second = store.append([twin], state=row(other))
    assert first[0].sha256 != second[0].sha256


def test_a_second_event_of_the_same_version_is_a_conflict_and_leaves_nothing(store: Store) -> None:
    case = uuid4()
    store.append([fact(ValueChanged(value={"by": "first"}), case)], state=row(case))

    with pytest.raises(Conflict):
        store.append(
            [fact(ValueChanged(value={"by": "second"}), case)],
            state=row(case, state=b"overwritten"),
            claims=[claim("second", case)],
        )

    assert store.head() == 1
    assert store.state(case) == row(case)
    assert store.claim("fieldside", "reference", "second") is None


def test_a_version_that_leaves_a_gap_is_a_conflict(store: Store) -> None:
    case = uuid4()
    store.append([fact(ValueChanged(value={}), case)], state=row(case))
    with pytest.raises(Conflict):
        store.append([fact(ValueChanged(value={}), case, 3)], state=row(case, 3))


def test_a_taken_claim_takes_back_the_events_and_the_state_row_and_says_who_has_it(
    store: Store,
) -> None:
    first, second = uuid4(), uuid4()
    taken = claim("CW-7K4M-2QXD", first)
    store.append([fact(ValueChanged(value={}), first)], state=row(first), claims=[taken])

    with pytest.raises(AlreadyClaimed) as refused:
        store.append(
            [fact(ValueChanged(value={}), second)],
            state=row(second),
            claims=[claim("free", second), claim("CW-7K4M-2QXD", second)],
        )

    assert refused.value.claim == taken
    assert store.history(second) == []
    assert store.state(second) is None
    assert store.claim("fieldside", "reference", "free") is None


def test_the_same_claim_is_free_at_another_school(store: Store) -> None:
    first, second = uuid4(), uuid4()
    store.append(
        [fact(ValueChanged(value={}), first)], state=row(first), claims=[claim("one", first)]
    )
    assert store.claim("hillsidetwo", "reference", "one") is None
    assert store.claim("fieldside", "token", "one") is None
    assert store.claim("fieldside", "reference", "one") == claim("one", first)
    assert store.state(second) is None


def test_appending_the_very_same_events_again_gives_the_first_receipts_again(store: Store) -> None:
    case = uuid4()
    events = [store.seal(fact(NoteAdded(text="once"), case, v)) for v in (1, 2)]
    first = store.append(events, state=row(case, 2), claims=[claim("one", case)])
    later, an_hour_on = uuid4(), START + timedelta(hours=1)
    store.append([fact(ValueChanged(value={}), later, recorded_at=an_hour_on)], state=row(later))

    again = store.append(events, state=row(case, 2), claims=[claim("one", case)])

    assert again == first
    assert store.head() == 3


def test_a_batch_of_which_only_a_part_is_recorded_is_a_conflict(store: Store) -> None:
    case = uuid4()
    first = fact(ValueChanged(value={}), case)
    store.append([first], state=row(case))
    with pytest.raises(Conflict):
        store.append([first, fact(ValueChanged(value={}), case, 2)], state=row(case, 2))
    assert store.head() == 1


def test_a_clock_that_stands_before_the_log_is_refused_with_the_time_of_the_last_event(
    store: Store,
) -> None:
    case, other = uuid4(), uuid4()
    store.append([fact(ValueChanged(value={}), case, recorded_at=START)], state=row(case))

    early = START - timedelta(microseconds=1)
    with pytest.raises(ClockBehind) as refused:
        store.append([fact(ValueChanged(value={}), other, recorded_at=early)], state=row(other))

    assert refused.value.latest == START == store.latest()
    assert store.head() == 1
    assert store.state(other) is None


def test_two_events_may_be_recorded_at_the_same_moment(store: Store) -> None:
    case, other = uuid4(), uuid4()
    for stream in (case, other):
        store.append([fact(ValueChanged(value={}), stream, recorded_at=START)], state=row(stream))
    assert store.head() == 2


@in_files
def test_words_that_were_not_sealed_are_refused_and_never_reach_the_disk(
    store: Store, var: Path
) -> None:
    case = uuid4()
    with pytest.raises(NotSealed, match=r"tests\.note_added still has plain text in text"):
        store.append([fact(NoteAdded(text="zebra-crossing"), case)], state=row(case))
    assert store.head() == 0
    assert all(b"zebra-crossing" not in path.read_bytes() for path in var.glob("*.db*"))


def test_an_event_of_an_unregistered_kind_is_refused(store: Store) -> None:
    class Unheard(ValueChanged, frozen=True, kw_only=True):
        TOPIC = "tests.unheard"

    class Impostor(ValueChanged, frozen=True, kw_only=True):
        """Goes by the topic of another."""

    case = uuid4()
    for kind in (Unheard, Impostor):
        with pytest.raises(UnknownTopic):
            store.append([fact(kind(value={}), case)], state=row(case))


def test_a_time_that_is_not_utc_is_refused(store: Store) -> None:
    case = uuid4()
    for field in ("recorded_at", "occurred_at"):
        event = fact(ValueChanged(value={}), case)
        naive = replace(event, **{field: START.replace(tzinfo=None)})
        with pytest.raises(ValueError, match="not in UTC"):
            store.append([naive], state=row(case))


def test_events_and_a_state_row_that_do_not_belong_together_are_refused(store: Store) -> None:
    case, other = uuid4(), uuid4()
    one, two = (fact(ValueChanged(value={}), case, v) for v in (1, 2))
    strange = fact(ValueChanged(value={}), other, 2)
    foreign = fact(ValueChanged(value={}), case, school="hillsidetwo")
    earlier = fact(ValueChanged(value={}), case, 2, recorded_at=START - timedelta(days=1))

    for events, version, why in (
        ([], 1, "nothing to append"),
        ([one, strange], 2, "not all of one stream"),
        ([foreign], 1, "not all of one stream"),
        ([two, one], 1, "do not follow"),
        ([one, earlier], 2, "in their order"),
        ([one], 2, "last event's version"),
    ):
        with pytest.raises(ValueError, match=why):
            store.append(events, state=row(case, version))
    assert store.head() == 0


def test_a_stream_never_moves_to_another_school(store: Store) -> None:
    case = uuid4()
    store.append([fact(ValueChanged(value={}), case)], state=row(case))
    moved = fact(ValueChanged(value={}), case, 2, school="hillsidetwo")
    with pytest.raises(ValueError, match="never changes its school"):
        store.append([moved], state=StateRow(case, "hillsidetwo", "case", 2, b""))
    assert store.head() == 1


def test_the_state_row_is_the_last_one_appended(store: Store) -> None:
    case = uuid4()
    for version in (1, 2, 3):
        state = f"after {version}".encode()
        event = fact(ThingsCounted(number=version, share=0.5, at=START, answers={}), case, version)
        store.append([event], state=row(case, version, state))
    assert store.state(case) == row(case, 3, b"after 3")


@in_files
def test_a_full_disk_refuses_an_append_whole_and_takes_it_when_there_is_room_again(
    store: Store,
) -> None:
    case = uuid4()
    event = store.seal(fact(NoteAdded(text="x" * 100_000), case))
    with store._log.recorder.database.writing() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(StoreUnavailable, match="the disk is full"):
        store.append([event], state=row(case), claims=[claim("one", case)])
    assert store.head() == 0
    assert store.state(case) is None

    with store._log.recorder.database.writing() as connection:
        connection.execute(f"PRAGMA max_page_count = {pages + 1000}")
    store.append([event], state=row(case), claims=[claim("one", case)])
    assert store.history(case) == [event]


@in_files
def test_the_environment_of_the_process_changes_nothing(
    kept: Place, var: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INCIDENTS_SQLITE_DBNAME", str(tmp_path / "elsewhere.db"))
    monkeypatch.setenv("COMPRESSOR_TOPIC", "zlib")
    case = uuid4()
    with open_store(kept, events=EVENTS) as store:
        store.append([fact(ValueChanged(value={}), case)], state=row(case))
    assert (var / "events.db").exists()
    assert not (tmp_path / "elsewhere.db").exists()


def test_the_state_rows_of_one_kind_are_listed_and_their_stamp_moves_with_each(
    store: Store,
) -> None:
    user, other, case = uuid4(), uuid4(), uuid4()
    an_hour_on = START + timedelta(hours=1)
    stamps = [store.stamp(SCHOOL, "user")]
    for stream, version in ((user, 1), (other, 1), (user, 2)):
        state = StateRow(stream, SCHOOL, "user", version, b"a user")
        store.append([fact(ValueChanged(value={}), stream, version)], state=state)
        stamps.append(store.stamp(SCHOOL, "user"))
    store.append(
        [fact(ValueChanged(value={}), case, 1, recorded_at=an_hour_on)],
        state=row(case),
    )

    assert {state.stream: state.version for state in store.states(SCHOOL, "user")} == {
        user: 2,
        other: 1,
    }
    assert stamps == sorted(set(stamps))
    assert store.stamp(SCHOOL, "user") == stamps[-1]
    assert store.states("hillsidetwo", "user") == []


@in_files
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE stored_events SET state = x'00' WHERE id = 1",
        "UPDATE stored_events SET id = 99 WHERE id = 1",
        "DELETE FROM stored_events WHERE id = 1",
        "DELETE FROM stored_events",
        "REPLACE INTO stored_events SELECT id, originator_id, 1, topic, x'00' FROM stored_events",
        "REPLACE INTO stored_events VALUES (1, 'another stream', 1, 'tests.note_added', x'00')",
        "INSERT INTO stored_events SELECT NULL, originator_id, 9, topic, state FROM stored_events",
    ],
)
def test_the_file_itself_refuses_to_change_an_event(
    store: Store, var: Path, statement: str
) -> None:
    case = uuid4()
    store.append([fact(ValueChanged(value={}), case)], state=row(case))
    before = store.log(0, 10)

    connection = sqlite3.connect(var / "events.db", isolation_level=None)
    with pytest.raises(sqlite3.IntegrityError, match=r"never|only follows"):
        connection.execute(statement)
    connection.close()

    assert store.log(0, 10) == before


@in_files
def test_a_position_is_never_given_twice_even_after_somebody_cut_the_tail(
    store: Store, var: Path
) -> None:
    cases = [uuid4() for _ in range(4)]
    for case in cases[:3]:
        store.append([fact(ValueChanged(value={}), case)], state=row(case))
    connection = sqlite3.connect(var / "events.db", isolation_level=None)
    connection.execute("DROP TRIGGER events_are_never_deleted")
    connection.execute("DELETE FROM stored_events WHERE id = 3")
    connection.close()

    (receipt,) = store.append([fact(ValueChanged(value={}), cases[3])], state=row(cases[3]))

    assert receipt.position == 4
