"""Several programs on the same files, and programs killed in the middle of their work."""

import random
from collections import defaultdict
from threading import Barrier, Thread
from uuid import UUID, uuid4

import pytest

from durable import Place
from incidents.store import Conflict, Receipt, Store, open_store
from tests.incidents.store.processes import process
from tests.incidents.store.sample import EVENTS, SCHOOL, START, ValueChanged, fact, row


@pytest.mark.parametrize("seed", range(6))
def test_a_killed_writer_leaves_nothing_half_written_and_loses_nothing_acknowledged(
    kept: Place, seed: int
) -> None:
    chance = random.Random(seed)
    acknowledged: dict[tuple[UUID, int], tuple[int, str]] = {}
    for _round in range(2):
        with process("append_for_ever", kept) as writer:
            lines = [writer.line() for _ in range(chance.randrange(1, 120))]
            lines += writer.kill()
        for line in lines:
            case, at, number, digest = line.split()
            acknowledged[UUID(case), int(number)] = int(at), digest

    with open_store(kept, events=EVENTS) as store:
        _every_append_is_whole(store)
        for (case_id, version), (position, digest) in acknowledged.items():
            stored = store.stored(case_id)[version - 1]
            again = store.append([store.decode(stored)], state=row(case_id, version))
            assert (stored.position, stored.version) == (position, version)
            assert again == (Receipt(position, version, digest),)


def test_two_processes_append_and_a_third_sees_every_event_once_in_the_logs_order(
    kept: Place,
) -> None:
    open_store(kept, events=EVENTS).close()
    with process("follow", kept, 120) as follower:
        assert follower.line() == "following"
        with process("append", kept, 60) as one, process("append", kept, 60) as two:
            written = [[int(p.line()) for _ in range(60)] for p in (one, two)]
        seen = [int(follower.line()) for _ in range(120)]

    assert seen == sorted(written[0] + written[1])
    assert all(positions == sorted(positions) for positions in written)
    with open_store(kept, events=EVENTS) as store:
        log = store.log(0, 1000)
        assert [stored.position for stored in log] == seen
        recorded_at = [store.decode(stored).recorded_at for stored in log]
        assert recorded_at == sorted(recorded_at)


def test_of_many_writers_of_one_version_exactly_one_succeeds(store: Store) -> None:
    case = uuid4()
    for version in range(1, 6):
        outcomes = _race(store, case, version, writers=8)
        assert sorted(outcomes) == ["appended"] + 7 * ["conflict"]
    assert [stored.version for stored in store.stored(case)] == [1, 2, 3, 4, 5]


def test_writers_of_different_cases_do_not_hinder_one_another(store: Store) -> None:
    cases = [uuid4() for _ in range(8)]

    def write(case: UUID) -> None:
        for version in range(1, 21):
            event = fact(ValueChanged(value={}), case, version, recorded_at=START)
            store.append([event], state=row(case, version))

    _together(*(lambda case=case: write(case) for case in cases))

    assert store.head() == 160
    assert all(len(store.history(case)) == 20 for case in cases)
    assert all((state := store.state(case)) and state.version == 20 for case in cases)


def _race(store: Store, case: UUID, version: int, writers: int) -> list[str]:
    outcomes = []

    def write() -> None:
        event = fact(ValueChanged(value={}), case, version)
        try:
            store.append([event], state=row(case, version))
        except Conflict:
            outcomes.append("conflict")
        else:
            outcomes.append("appended")

    _together(*[write] * writers)
    return outcomes


def _together(*actions: object) -> None:
    start = Barrier(len(actions))

    def run(action: object) -> None:
        assert callable(action)
        start.wait()
        action()

    threads = [Thread(target=run, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _every_append_is_whole(store: Store) -> None:
    """Events came three at a time, each three with a claim, the state row with the last."""
    versions = defaultdict(list)
    for stored in store.log(0, 100_000):
        versions[stored.stream].append(stored.version)
    assert versions
    for case, found in versions.items():
        assert found == list(range(1, len(found) + 1))
        assert len(found) % 3 == 0
        state = store.state(case)
        assert state is not None
        assert state.version == len(found)
        for first in range(1, 14, 3):
            claimed = store.claim(SCHOOL, "reference", f"{case}/{first}")
            assert (claimed is not None) == (first in found)
