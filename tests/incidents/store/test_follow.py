"""Following the log: everything once, in order, until told to stop."""

from itertools import islice
from queue import SimpleQueue
from threading import Event, Thread
from uuid import uuid4

import pytest
from eventsourcing.persistence import Notification

from durable import Place
from incidents.store import Store, Stored
from incidents.store import recorder as recorders
from incidents.store.recorder import EventRecorder
from incidents.store.tables import LOG
from tests.incidents.store.sample import START, ValueChanged, fact, row


def append(store: Store, count: int = 1) -> None:
    for _ in range(count):
        case = uuid4()
        event = fact(ValueChanged(value={}), case, recorded_at=START)
        store.append([event], state=row(case))


def test_a_follower_gets_what_is_there_in_batches_and_then_what_comes(store: Store) -> None:
    append(store, 5)
    stop = Event()
    batches = store.follow(1, stop, limit=3)

    assert [stored.position for stored in next(batches)] == [2, 3, 4]
    assert [stored.position for stored in next(batches)] == [5]
    append(store)
    assert [stored.position for stored in next(batches)] == [6]
    stop.set()
    assert list(batches) == []


def test_a_waiting_follower_wakes_for_a_commit_and_ends_when_told_to_stop(store: Store) -> None:
    seen: SimpleQueue[list[Stored] | None] = SimpleQueue()
    stop = Event()

    def follow() -> None:
        for batch in store.follow(0, stop):
            seen.put(batch)
        seen.put(None)

    follower = Thread(target=follow, daemon=True)
    follower.start()
    for position in (1, 2, 3):
        append(store)
        batch = seen.get()
        assert batch is not None
        assert [stored.position for stored in batch] == [position]
    stop.set()
    assert seen.get() is None
    follower.join()


def test_a_follower_is_woken_by_a_commit_of_its_own_process_and_does_not_wait_to_look(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorders, "POLL_SECONDS", 3600)
    seen: SimpleQueue[list[Stored]] = SimpleQueue()
    stop = Event()

    def follow() -> None:
        for batch in store.follow(0, stop):
            seen.put(batch)

    follower = Thread(target=follow, daemon=True)
    follower.start()
    for _ in range(3):
        append(store)
        assert len(seen.get(timeout=60)) == 1
    stop.set()
    append(store)
    follower.join()


def test_followers_do_not_take_events_from_one_another(store: Store) -> None:
    append(store, 3)
    stop = Event()
    followers = [store.follow(0, stop), store.follow(0, stop)]
    assert [len(next(follower)) for follower in followers] == [3, 3]


def test_the_librarys_own_subscription_follows_by_topic_until_stopped(
    store: Store, kept: Place
) -> None:
    append(store, 3)
    recorder = EventRecorder(kept.open(LOG))
    with recorder.subscribe(gt=1, topics=["tests.value_changed"]) as subscription:
        found: list[Notification] = list(islice(subscription, 2))
        assert [notification.id for notification in found] == [2, 3]
    assert list(subscription) == []
    recorder.database.close()


def test_the_log_can_be_read_through_the_librarys_notification_log(store: Store) -> None:
    append(store, 12)
    section = store._log.notification_log["1,10"]
    assert [notification.id for notification in section.items] == list(range(1, 11))
    assert section.next_id == "11,20"
    last = store._log.notification_log["11,20"]
    assert [notification.id for notification in last.items] == [11, 12]
    stop_at_two = store._log.recorder.select_notifications(1, 10, stop=2)
    assert [notification.id for notification in stop_at_two] == [1, 2]
