"""Reading a log for a check: at one moment, through every schema, and without a trace."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from durable import Place
from incidents.domain.facts import Event
from incidents.store import Store, StoreUnavailable, UnreadableEvent, Upcaster, open_store
from incidents.store.reader import LogReader
from incidents.store.tables import LOG
from tests.incidents.store.sample import EVENTS, START, ThingsCounted, fact, row
from tests.support.kept import in_files, tampering


class Before(Event, frozen=True, kw_only=True):
    TOPIC = "tests.counted_once"

    teachers: int


class Now(Event, frozen=True, kw_only=True):
    TOPIC = "tests.counted_once"
    SCHEMA = 2

    staff: int


UPCASTERS: Mapping[tuple[str, int], Upcaster] = {
    (Now.TOPIC, 1): lambda data: {"staff": data["teachers"]}
}


def count(store: Store, case: UUID, version: int, *, after: int = 0) -> None:
    """Append an event, recorded `after` seconds later than others of its version."""
    moment = START + timedelta(seconds=version + after)
    counted = ThingsCounted(number=version, share=0.5, at=moment, answers={})
    one = fact(counted, case, version, recorded_at=moment)
    store.append([one], state=row(case, version))


def kept_as(kept: Place, event: Event) -> UUID:
    case = uuid4()
    with open_store(kept, events={event.TOPIC: type(event)}) as store:
        store.append([fact(event, case)], state=row(case))
    return case


def test_everything_is_seen_at_the_moment_the_log_was_opened(store: Store, kept: Place) -> None:
    case = uuid4()
    count(store, case, 1)
    with LogReader.open(kept, EVENTS, {}) as log:
        before = log.streams()
        count(store, case, 2)
        count(store, uuid4(), 1, after=5)
        state = log.state(case.hex)
        assert state is not None
        assert (state.version, len(log.history(case.hex))) == (1, 1)
        assert log.streams() == before == [case.hex]
        assert len(log.positions([ThingsCounted.TOPIC])) == 1


def test_events_of_an_older_schema_are_read_as_the_store_reads_them(kept: Place, var: Path) -> None:
    case = kept_as(kept, Before(teachers=3))
    kinds: dict[str, type[Event]] = {Now.TOPIC: Now}
    with (
        open_store(kept, events=kinds, upcasters=UPCASTERS) as store,
        LogReader.open(kept, kinds, UPCASTERS) as log,
    ):
        read = [log.decode(stored) for stored in log.history(case.hex)]
        assert read == store.history(case)
        assert [recorded.event for recorded in read] == [Now(staff=3)]


def test_a_payload_over_which_an_upcaster_stumbles_is_an_unreadable_event(kept: Place) -> None:
    case = kept_as(kept, Before(teachers=3))
    with tampering(kept) as attacker:
        (state,) = attacker.execute("SELECT state FROM stored_events").fetchone()
        attacker.execute(
            "UPDATE stored_events SET state = ?", (state.replace(b"teachers", b"cooks"),)
        )
    with (
        LogReader.open(kept, {Now.TOPIC: Now}, UPCASTERS) as log,
        pytest.raises(UnreadableEvent, match="KeyError"),
    ):
        log.decode(log.history(case.hex)[0])


@in_files
def test_a_log_opened_to_be_read_is_not_written(store: Store, kept: Place) -> None:
    count(store, uuid4(), 1)
    database = kept.open(LOG, read_only=True)
    with pytest.raises(StoreUnavailable), database.writing() as connection:
        connection.execute("DELETE FROM states")
    with pytest.raises(StoreUnavailable), database.reading() as connection:
        connection.execute("DELETE FROM states")
    database.close()
    assert store.head() == 1


def test_a_log_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with (
        pytest.raises(StoreUnavailable, match=r"events\.db cannot be used: it cannot be read"),
        LogReader.open(Place(tmp_path), EVENTS, {}),
    ):
        raise AssertionError("a log that is not there was opened")
    assert list(tmp_path.iterdir()) == []


@in_files
def test_a_folder_without_room_for_a_readers_notes_is_said_plainly(
    store: Store, kept: Place, var: Path
) -> None:
    """As on a medium that may not be written: nobody has made `-shm`, and it can't be made."""
    count(store, uuid4(), 1)
    store.close()
    # Root may make a file in every folder, but not at the end of a link that leads nowhere.
    (var / "events.db-shm").symlink_to(var / "nowhere" / "at all")
    with (
        pytest.raises(StoreUnavailable, match="copy all its files to one that may"),
        LogReader.open(kept, EVENTS, {}) as log,
    ):
        log.streams()
