"""The sequencer: every event its leaf, once, in order, and no signature on a changed past."""

import logging
import random
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from threading import Event as Signal
from threading import Thread

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidents.evidence.alarm import EvidenceAlarm
from incidents.evidence.sequencer import Sequencer
from incidents.store.records import Stored
from tests.incidents.evidence.installation import CASES, Installation
from tests.support.kept import in_files
from tests.support.waiting import until

TRACED = Path(__file__).with_name("killed_sequencer.py")


@pytest.fixture
def url(place: str | None) -> str | None:
    """Files and PostgreSQL: whoever can write either is found out."""
    return place


def root(installation: Installation) -> bytes:
    tree = installation.tree()
    return tree.root(tree.size())


# one leaf per event, in the order of the log


def test_every_event_gets_the_next_index_in_the_order_of_the_log(
    installation: Installation,
) -> None:
    with installation.tree().reading() as view:
        leaves = view.from_index(0)
    assert [(leaf.index, leaf.position) for leaf in leaves] == [(n, n + 1) for n in range(20)]
    assert [leaf.version for leaf in leaves if leaf.stream == CASES[0]] == [1, 2, 3, 4, 5]


def test_a_gap_in_the_log_leaves_none_in_the_tree(installation: Installation) -> None:
    with installation.tampering() as connection:
        connection.execute("UPDATE sqlite_sequence SET seq = 99")
    installation.record(CASES[0])
    installation.catch_up()
    with installation.tree().reading() as view:
        last = view.last()
    assert last is not None
    assert (last.index, last.position) == (20, 100)


@given(st.lists(st.integers(1, 9), max_size=12))
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_one_batch_or_many_make_the_same_tree(
    installation: Installation, tmp_path: Path, batches: list[int]
) -> None:
    other = Installation(tmp_path / f"other-{random.getrandbits(64)}")
    sequencer = Sequencer(installation, other.tree(), other.folder, installation.key())
    reached = 0
    for batch in [*batches, 20]:
        events = installation.log(reached, batch)
        sequencer.take(events)
        reached = events[-1].position if events else reached
    assert root(other) == root(installation)
    other.close()


def test_a_batch_is_taken_whole_or_not_at_all(installation: Installation) -> None:
    installation.record(CASES[0], CASES[1])
    first, second = installation.log(20, 2)
    torn = Stored(second.position, second.stream, second.version + 1, second.topic, second.state)
    with pytest.raises(EvidenceAlarm):
        installation.sequencer().take([first, torn])
    assert installation.tree().size() == 20


def test_no_more_than_a_batch_is_in_one_transaction(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("incidents.evidence.sequencer.BATCH", 3)
    installation.record(*CASES, *CASES)
    events = installation.log(20, 8)
    events[7] = Stored(28, CASES[3], 99, "incidents.note_added", events[7].state)
    with pytest.raises(EvidenceAlarm):
        installation.sequencer().take(events)
    assert installation.tree().size() == 26


def test_events_taken_twice_are_sequenced_once(installation: Installation) -> None:
    before = root(installation)
    installation.sequencer().take(installation.log(0, 500))
    assert root(installation) == before
    assert installation.tree().size() == 20


def test_several_sequencers_make_one_tree(empty: Installation, tmp_path: Path) -> None:
    empty.record(*(CASES[n % 4] for n in range(300)))
    sequencers = [empty.sequencer() for _ in range(3)]
    events = empty.log(0, 500)

    def sequence(sequencer: Sequencer, width: int) -> None:
        for start in range(0, len(events), width):
            sequencer.take(events[start : start + width])

    threads = [
        Thread(target=sequence, args=pair) for pair in zip(sequencers, (7, 11, 13), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    alone = Installation(tmp_path / "alone")
    Sequencer(empty, alone.tree(), alone.folder, empty.key()).catch_up()
    assert root(empty) == root(alone)
    alone.close()


@in_files
def test_no_row_of_the_tree_is_changed_deleted_or_replaced(installation: Installation) -> None:
    for statement in (
        "UPDATE leaves SET position = 99 WHERE idx = 3",
        "UPDATE nodes SET hash = zeroblob(32) WHERE level = 1 AND idx = 1",
        "DELETE FROM leaves WHERE idx = 19",
        "DELETE FROM nodes WHERE level = 1",
        "INSERT OR REPLACE INTO leaves VALUES (3, 99, zeroblob(16), 1, zeroblob(32))",
        "INSERT OR REPLACE INTO nodes VALUES (1, 1, zeroblob(32))",
    ):
        with (
            closing(sqlite3.connect(installation.var / "evidence.db")) as connection,
            pytest.raises(sqlite3.IntegrityError, match="only ever added to"),
        ):
            connection.execute(statement)


# following


def test_running_it_signs_for_what_comes_in_until_it_is_stopped(
    installation: Installation,
) -> None:
    stop = Signal()
    sequencer = Sequencer(
        installation,
        installation.tree(),
        installation.folder,
        installation.key(),
        interval=0.01,
    )
    running = Thread(target=sequencer.run, args=(stop,))
    running.start()
    installation.record(CASES[0], CASES[1])
    until(lambda: (installation.folder.directory / "22.txt").exists())
    stop.set()
    running.join()
    assert installation.audit().covered == 22


def test_what_came_in_last_is_signed_for_when_it_stops(installation: Installation) -> None:
    stop = Signal()
    sequencer = Sequencer(
        installation,
        tree := installation.tree(),
        installation.folder,
        installation.key(),
        interval=3600,
    )
    running = Thread(target=sequencer.run, args=(stop,))
    running.start()
    installation.record(CASES[0])
    until(lambda: tree.size() == 21)
    assert not (installation.folder.directory / "21.txt").exists(), "an hour has not passed"
    stop.set()
    running.join()
    assert (installation.folder.directory / "21.txt").exists()


def test_nothing_is_signed_when_nothing_came_in(installation: Installation) -> None:
    assert installation.sequencer().sign() is None
    assert [path.name for path in installation.folder.files()] == ["8.txt", "20.txt"]


def test_an_empty_log_is_not_signed_for(empty: Installation) -> None:
    assert empty.catch_up() == 0
    assert empty.folder.latest() is None


# what it refuses


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("UPDATE stored_events SET topic = 'x' WHERE id = 14", "something else than was sequenced"),
        ("UPDATE stored_events SET state = CAST('{}' AS BLOB) WHERE id = 14", "name no school"),
        ("DELETE FROM stored_events WHERE id = 14", "the log no longer holds it"),
        ("DELETE FROM stored_events WHERE id > 14", "the log no longer holds it"),
        (
            "UPDATE stored_events SET originator_version = 8 WHERE id = 14",
            "something else than was sequenced",
        ),
        (
            "UPDATE stored_events SET originator_id = 'of nobody' WHERE id = 14",
            "the log after position 0: a row there is not one the store wrote",
        ),
    ],
)
def test_it_does_not_start_on_a_log_that_changed_since_it_stopped(
    installation: Installation, statement: str, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    with installation.tampering() as attacker:
        attacker.execute(statement)
    with pytest.raises(EvidenceAlarm, match=why), caplog.at_level(logging.CRITICAL):
        installation.sequencer().run(Signal())
    assert "evidence alarm" in caplog.text


def test_it_does_not_start_on_a_log_with_an_event_put_in_behind_it(
    installation: Installation,
) -> None:
    with installation.tampering() as attacker:
        attacker.execute("UPDATE stored_events SET id = 99 WHERE id = 20")
        attacker.execute("UPDATE stored_events SET id = 20 WHERE id = 19")
    with pytest.raises(EvidenceAlarm):
        installation.sequencer().run(Signal())


@pytest.mark.parametrize("version", [5, 7, 1])
def test_it_refuses_a_version_that_does_not_come_next(
    installation: Installation, version: int
) -> None:
    event = Stored(21, CASES[0], version, "incidents.note_added", installation.state(21))
    with pytest.raises(EvidenceAlarm, match="version 6 should come next"):
        installation.sequencer().take([event])


def test_it_refuses_bytes_that_are_no_event(installation: Installation) -> None:
    event = Stored(21, CASES[0], 6, "incidents.note_added", b"not JSON")
    with pytest.raises(EvidenceAlarm, match="log position 21"):
        installation.sequencer().take([event])


def test_it_refuses_a_sequenced_position_that_holds_something_else(
    installation: Installation,
) -> None:
    event = installation.log(9, 1)[0]
    other = Stored(10, event.stream, event.version, event.topic, event.state + b" ")
    with pytest.raises(EvidenceAlarm, match="log position 10 "):
        installation.sequencer().take([other])


def test_it_stops_as_soon_as_something_comes_in_wrong(installation: Installation) -> None:
    with installation.tampering() as attacker:
        attacker.execute(
            "INSERT INTO stored_events VALUES (21, ?, 9, 'incidents.note_added', ?)",
            (CASES[0].hex, installation.state(21)),
        )
    with pytest.raises(EvidenceAlarm, match="version 6 should come next"):
        Sequencer(
            installation,
            installation.tree(),
            installation.folder,
            installation.key(),
            interval=0.01,
        ).run(Signal())


def test_it_does_not_sign_for_a_log_that_became_shorter(installation: Installation) -> None:
    with installation.tampering() as attacker:
        attacker.execute("DELETE FROM stored_events WHERE id > 14")
    installation.forget_evidence()
    with pytest.raises(EvidenceAlarm, match="a checkpoint was signed for 20"):
        installation.catch_up()
    assert installation.folder.files()[-1].name == "20.txt"


def test_it_does_not_sign_for_a_tree_that_does_not_continue_the_last_checkpoint(
    installation: Installation,
) -> None:
    with installation.tampering() as attacker:
        attacker.execute("UPDATE stored_events SET topic = 'x' WHERE id = 3")
    installation.forget_evidence()
    installation.record(CASES[0])
    with pytest.raises(EvidenceAlarm, match="another root than the checkpoint"):
        installation.catch_up()
    assert not (installation.folder.directory / "21.txt").exists()


def test_it_waits_with_signing_while_a_lost_tree_is_made_again(
    installation: Installation,
) -> None:
    installation.forget_evidence()
    sequencer = installation.sequencer()
    sequencer.take(installation.log(0, 10))
    assert sequencer.sign() is None
    sequencer.take(installation.log(10, 10))
    assert sequencer.sign() is None, "the checkpoint of 20 is there already"


def test_a_last_checkpoint_that_was_altered_is_an_alarm(installation: Installation) -> None:
    path = installation.folder.directory / "latest.txt"
    path.write_bytes(path.read_bytes().replace(b"\n20\n", b"\n19\n"))
    with pytest.raises(EvidenceAlarm, match=r"latest\.txt"):
        installation.catch_up()


# killed at any point


def run_until_killed(var: Path, line: int) -> tuple[int, int]:
    """Run a sequencer that kills itself at its `line`-th line; return (exit code, lines run)."""
    done = subprocess.run(
        [sys.executable, TRACED, str(var), str(line)], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.returncode, int(done.stdout or 0)


@in_files
def test_killed_at_any_line_and_started_again_it_makes_the_same_tree(
    empty: Installation, tmp_path: Path
) -> None:
    empty.record(*(CASES[n % 4] for n in range(60)))
    whole = Installation(tmp_path / "whole")
    for path in empty.var.glob("events.db*"):
        (whole.var / path.name).write_bytes(path.read_bytes())
    whole.key()
    shutil.copytree(whole.var / "keys", empty.var / "keys")
    code, lines = run_until_killed(whole.var, 0)
    assert code == 0

    chance = random.Random(7)
    kills = 0
    for _ in range(8):
        code, _ = run_until_killed(empty.var, chance.randrange(lines // 40, lines // 3))
        kills += code == -9
    assert kills > 2
    assert run_until_killed(empty.var, 0)[0] == 0
    assert root(empty) == root(whole)
    assert empty.folder.latest() == whole.folder.latest()
    assert empty.audit().exit_code == 0
    whole.close()
