"""The check of a whole installation, against everybody who can write its files.

Every attack is made on real files, past the triggers that stop an honest mistake, and the finding
must name the place. Where the attacker makes all the evidence anew, an older checkpoint shows it.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from durable import Place
from incidents.evidence.alarm import EvidenceAlarm
from incidents.evidence.audit import audit
from incidents.evidence.checkpoint import SigningKey
from incidents.evidence.reconcile import MOST_FINDINGS
from incidents.evidence.tree import TREE
from incidents.evidence.verify import INCOMPLETE, INTACT, TAMPERED, Finding, Kind, PublicKey
from tests.incidents.evidence.installation import CASES, FIRST_MOMENT, LOG_NAME, Installation, flip
from tests.support.kept import in_files


@pytest.fixture
def url(place: str | None) -> str | None:
    """Files and PostgreSQL: whoever can write either is found out."""
    return place


def place(position: int) -> str:
    """Return how the event at a position of the fixture's log is named."""
    case, version = CASES[(position - 1) % 4], (position - 1) // 4 + 1
    return f"event at log position {position} (record {case}, version {version})"


def found(installation: Installation, *kept: Path) -> list[tuple[Kind, str]]:
    report = installation.audit(kept=kept)
    assert report.exit_code == TAMPERED
    return [(finding.kind, finding.place) for finding in report.findings]


def test_an_untouched_installation_is_intact(installation: Installation) -> None:
    report = installation.audit()
    assert (report.exit_code, report.findings) == (INTACT, ())
    assert (report.events, report.covered, report.checkpoints) == (20, 20, 3)
    assert list(report.lines())[-1] == "INTACT: the log is what its checkpoints say."


def test_an_installation_without_any_event_is_intact(empty: Installation) -> None:
    assert empty.audit().exit_code == INTACT


# one event


@pytest.mark.parametrize("position", [1, 2, 7, 8, 13, 19, 20])
def test_one_flipped_byte_of_any_event_is_found_at_its_place(
    installation: Installation, position: int
) -> None:
    with installation.tampering() as attacker:
        (state,) = attacker.execute(
            "SELECT state FROM stored_events WHERE id = ?", (position,)
        ).fetchone()
        attacker.execute(
            "UPDATE stored_events SET state = ? WHERE id = ?",
            (flip(state, position * 7 % len(state), position % 8), position),
        )
    assert found(installation) == [(Kind.CHANGED, place(position))]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("topic", "incidents.case_closed"),
        ("originator_version", 9),
        ("originator_id", CASES[3].hex[:-1] + "0"),
        ("originator_id", str(CASES[2])),
        ("originator_id", "of nobody"),
        ("originator_id", CASES[2].hex.upper()),
        ("state", b"[" * 100_000),
        ("state", b""),
    ],
)
def test_any_changed_column_is_found_at_its_place(
    installation: Installation, column: str, value: object
) -> None:
    with installation.tampering() as attacker:
        attacker.execute(f"UPDATE stored_events SET {column} = ? WHERE id = 7", (value,))
    assert found(installation) == [(Kind.CHANGED, place(7))]


@in_files
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("originator_version", "three"),
        ("state", "text in place of bytes"),
        ("topic", b"\xff\xfe"),
    ],
)
def test_what_only_a_file_lets_into_a_column_is_found_at_its_place(
    installation: Installation, column: str, value: object
) -> None:
    with installation.tampering() as attacker:
        attacker.execute(f"UPDATE stored_events SET {column} = ? WHERE id = 7", (value,))
    assert found(installation) == [(Kind.CHANGED, place(7))]


def test_a_changed_position_is_found_at_both_places(installation: Installation) -> None:
    with installation.tampering() as attacker:
        attacker.execute("UPDATE stored_events SET id = 70 WHERE id = 7")
    assert (Kind.DELETED, place(7)) in found(installation)
    assert any(where.startswith("event at log position 70 ") for _, where in found(installation))


def test_a_deleted_event_is_found_at_its_place(installation: Installation) -> None:
    with installation.tampering() as attacker:
        attacker.execute("DELETE FROM stored_events WHERE id = 11")
    assert found(installation) == [(Kind.DELETED, place(11))]


@pytest.mark.parametrize("position", [-3, 0])
def test_an_event_before_the_first_position_is_found(
    installation: Installation, position: int
) -> None:
    insert(installation, position, CASES[0].hex, 6)
    assert found(installation) == [
        (Kind.INSERTED, f"event at log position {position} (record {CASES[0]}, version 6)")
    ]


def test_an_event_in_a_gap_of_the_log_is_found_at_its_place(installation: Installation) -> None:
    with installation.tampering() as attacker:
        attacker.execute("UPDATE sqlite_sequence SET seq = 30")
    installation.record(CASES[0])
    installation.catch_up()
    insert(installation, 25, CASES[1].hex, 6)
    assert found(installation) == [
        (Kind.INSERTED, f"event at log position 25 (record {CASES[1]}, version 6)")
    ]


def insert(installation: Installation, position: int, stream: str, version: int) -> None:
    with installation.tampering() as attacker:
        attacker.execute(
            "INSERT INTO stored_events VALUES (?, ?, ?, 'incidents.note_added', ?)",
            (position, stream, version, installation.state(max(position, 1))),
        )


# several events


def test_two_swapped_events_are_found_at_both_places(installation: Installation) -> None:
    with installation.tampering() as attacker:
        attacker.execute("UPDATE stored_events SET id = 0 WHERE id = 6")
        attacker.execute("UPDATE stored_events SET id = 6 WHERE id = 13")
        attacker.execute("UPDATE stored_events SET id = 13 WHERE id = 0")
    assert found(installation) == [(Kind.CHANGED, place(6)), (Kind.CHANGED, place(13))]


def test_two_swapped_contents_are_found_at_both_places(installation: Installation) -> None:
    with installation.tampering() as attacker:
        states = dict(attacker.execute("SELECT id, state FROM stored_events").fetchall())
        for position, other in ((6, 13), (13, 6)):
            attacker.execute(
                "UPDATE stored_events SET state = ? WHERE id = ?", (states[other], position)
            )
    assert {where for _, where in found(installation)} == {place(6), place(13)}


def test_a_replaced_stream_is_found_at_each_of_its_events(installation: Installation) -> None:
    with installation.tampering() as attacker:
        attacker.execute(
            "UPDATE stored_events SET state = CAST(replace(state, 'rang', 'wrote') AS BLOB) "
            "WHERE originator_id = ?",
            (CASES[1].hex,),
        )
    assert found(installation) == [(Kind.CHANGED, place(n)) for n in (2, 6, 10, 14, 18)]


def test_a_cut_tail_is_found_at_each_event_that_is_gone(installation: Installation) -> None:
    with installation.tampering() as attacker:
        attacker.execute("DELETE FROM stored_events WHERE id > 17")
        attacker.execute("UPDATE sqlite_sequence SET seq = 17")
    assert found(installation) == [(Kind.DELETED, place(n)) for n in (18, 19, 20)]


def test_a_tail_cut_off_the_log_and_the_tree_is_found_by_the_checkpoint(
    installation: Installation,
) -> None:
    with installation.tampering() as attacker:
        attacker.execute("DELETE FROM stored_events WHERE id > 17")
    installation.forget_evidence()
    report = installation.audit()
    assert report.exit_code == TAMPERED
    assert report.findings[0] == Finding(
        Kind.DELETED,
        "the end of the log, after position 17",
        "there is nothing more, but checkpoint 20.txt, checkpoint latest.txt vouches for 20 events",
    )


def test_an_event_that_pretends_to_be_older_is_found_though_it_is_not_sequenced(
    installation: Installation,
) -> None:
    with installation.tampering() as attacker:
        attacker.execute(
            "INSERT INTO stored_events VALUES (21, ?, 6, 'incidents.note_added', ?)",
            (CASES[0].hex, installation.state(3)),
        )
    assert found(installation) == [(Kind.REORDERED, place(21))]


def test_an_event_that_skips_a_version_is_found_though_it_is_not_sequenced(
    installation: Installation,
) -> None:
    insert(installation, 21, CASES[0].hex, 7)
    assert found(installation) == [
        (Kind.REORDERED, f"event at log position 21 (record {CASES[0]}, version 7)")
    ]


def test_thousands_of_changed_events_are_counted_and_the_first_named(empty: Installation) -> None:
    empty.record(*(CASES[n % 4] for n in range(1200)))
    empty.catch_up()
    with empty.tampering() as attacker:
        attacker.execute("UPDATE stored_events SET topic = 'incidents.case_closed'")
    report = empty.audit()
    assert len(report.findings) == MOST_FINDINGS
    assert report.more == 200
    assert "... and 200 more." in report.lines()


# the evidence itself


@pytest.mark.parametrize(
    ("statement", "where"),
    [
        ("UPDATE leaves SET hash = zeroblob(32) WHERE idx = 4", place(5)),
        ("UPDATE leaves SET version = 9 WHERE idx = 4", "version 9"),
        ("UPDATE leaves SET stream = zeroblob(16) WHERE idx = 4", "version 2"),
        ("UPDATE leaves SET position = 400 WHERE idx = 4", "log position 400"),
        ("DELETE FROM leaves WHERE idx = 4", "leaf 4 in evidence.db"),
        ("DELETE FROM leaves WHERE idx = 19", "node 9 of level 1 in evidence.db"),
        ("UPDATE nodes SET hash = zeroblob(32) WHERE level = 2 AND idx = 1", "node 1 of level 2"),
        ("DELETE FROM nodes WHERE level = 3", "node 0 of level 3"),
        ("INSERT INTO nodes VALUES (9, 9, zeroblob(32))", "evidence.db"),
    ],
)
def test_a_changed_tree_is_found_at_its_place(
    installation: Installation, statement: str, where: str
) -> None:
    with installation.tampering("evidence.db") as attacker:
        attacker.execute("PRAGMA ignore_check_constraints = ON")
        attacker.execute(statement)
    if statement == "DELETE FROM leaves WHERE idx = 19":
        # The log still has the event: without its leaf it only waits to be sequenced again.
        report = installation.audit()
        assert {f.place for f in report.findings} >= {installation.place.name_of(TREE)}
        return
    where = where.replace("evidence.db", installation.place.name_of(TREE))
    assert any(where in at for _, at in found(installation))


@in_files
def test_a_position_that_is_no_number_is_found_at_its_place(installation: Installation) -> None:
    with installation.tampering("evidence.db") as attacker:
        attacker.execute("UPDATE leaves SET position = 'first' WHERE idx = 0")
    assert any("leaf 0 in evidence.db" in at for _, at in found(installation))


# everything made anew


def rewrite(installation: Installation) -> None:
    """Change event 11 and make leaves, nodes and the latest checkpoint anew, with the same key."""
    with installation.tampering() as attacker:
        attacker.execute(
            "UPDATE stored_events SET state = CAST(replace(state, 'rang', 'wrote') AS BLOB) "
            "WHERE id = 11"
        )
    installation.forget_evidence()


def test_who_makes_everything_anew_is_stopped_by_the_checkpoint_that_is_there(
    installation: Installation,
) -> None:
    rewrite(installation)
    with pytest.raises(EvidenceAlarm, match="the first 20 events of the log"):
        installation.catch_up()


@pytest.mark.parametrize("forged", ["with the same key", "with a new key"])
def test_who_makes_everything_anew_is_found_by_a_checkpoint_kept_outside(
    installation: Installation, tmp_path: Path, forged: str
) -> None:
    kept = tmp_path / "kept.txt"
    shutil.copy(installation.folder.directory / "latest.txt", kept)
    old_key = installation.folder.key()
    rewrite(installation)
    for path in installation.folder.directory.glob("*.txt"):
        if forged == "with a new key" or path.name != "key.txt":
            path.unlink()
    if forged == "with a new key":
        (installation.var / "keys" / "checkpoint.key").unlink()
    installation.catch_up()
    assert installation.audit().exit_code == INTACT, "nothing inside can tell"
    changed = (Kind.CHANGED, "the events at log positions 1 to 20")
    assert changed in found(installation, kept)
    report = installation.audit(keys=[old_key])
    assert report.exit_code == (INTACT if forged == "with the same key" else TAMPERED)


def test_an_older_checkpoint_narrows_down_where_history_was_rewritten(
    installation: Installation,
) -> None:
    rewrite(installation)
    directory = installation.folder.directory
    (directory / "latest.txt").unlink()
    twenty = (directory / "20.txt").read_bytes()
    (directory / "20.txt").unlink()
    installation.catch_up()
    (directory / "20.txt").write_bytes(twenty)
    report = installation.audit()
    assert report.findings == (
        Finding(
            Kind.CHANGED,
            "the events at log positions 9 to 20",
            "they are not the ones that checkpoint 20.txt vouches for",
        ),
    )
    assert report.covered == 8


# checkpoints


@pytest.mark.parametrize("name", ["8.txt", "20.txt", "latest.txt"])
def test_a_changed_checkpoint_is_found_by_its_name(installation: Installation, name: str) -> None:
    path = installation.folder.directory / name
    path.write_bytes(path.read_bytes().replace(b"\n20\n", b"\n21\n").replace(b"\n8\n", b"\n9\n"))
    assert (Kind.FORGED, f"checkpoint {name}") in found(installation)


def test_a_checkpoint_signed_with_another_key_is_found_by_its_name(
    installation: Installation, tmp_path: Path
) -> None:
    stranger = SigningKey.load_or_create(tmp_path / "stranger.key", LOG_NAME)
    latest = installation.folder.latest()
    assert latest is not None
    (installation.folder.directory / "latest.txt").write_bytes(stranger.sign(latest.checkpoint))
    assert found(installation) == [(Kind.FORGED, "checkpoint latest.txt")]


def test_a_checkpoint_under_the_name_of_another_size_is_found(installation: Installation) -> None:
    directory = installation.folder.directory
    (directory / "8.txt").rename(directory / "9.txt")
    assert found(installation) == [(Kind.FORGED, "checkpoint 9.txt")]


@pytest.mark.parametrize("content", [b"", b"\xff", b"a\n\n" * 1000, b"x" * 300_000])
def test_a_kept_file_that_is_no_checkpoint_is_said_to_be_unreadable(
    installation: Installation, tmp_path: Path, content: bytes
) -> None:
    kept = tmp_path / "kept.txt"
    kept.write_bytes(content)
    report = installation.audit(kept=[kept])
    assert report.exit_code == INCOMPLETE
    assert [f.place for f in report.findings] == ["checkpoint kept.txt"]


# what is not there


def test_events_since_the_last_checkpoint_are_said_to_be_not_yet_covered(
    installation: Installation,
) -> None:
    installation.record(CASES[2], CASES[2])
    report = installation.audit()
    assert (report.exit_code, report.not_yet_covered) == (INTACT, 2)
    assert any(
        line.startswith("2 events are not yet covered by a checkpoint.") for line in report.lines()
    )


def test_events_that_were_sequenced_but_not_signed_for_are_not_yet_covered(
    installation: Installation,
) -> None:
    installation.record(CASES[2])
    installation.sequencer().take(installation.log(20, 500))
    report = installation.audit()
    assert (report.exit_code, report.not_yet_covered) == (INTACT, 1)


@in_files
@pytest.mark.parametrize(
    ("patterns", "absent"),
    [
        (["evidence.db*"], ["evidence.db"]),
        (["events.db*"], ["events.db"]),
        (["checkpoints/[0-9l]*.txt"], ["the checkpoints"]),
        (["checkpoints/key.txt"], ["the public key of the log"]),
        (["evidence.db*", "checkpoints/*"], ["the checkpoints", "evidence.db"]),
    ],
)
def test_what_is_missing_is_named_and_is_no_tampering(
    installation: Installation, patterns: list[str], absent: list[str]
) -> None:
    installation.close()
    for pattern in patterns:
        for path in installation.var.glob(pattern):
            path.unlink()
    report = installation.audit()
    assert report.exit_code == INCOMPLETE
    assert [(f.kind, f.place) for f in report.findings] == [(Kind.ABSENT, each) for each in absent]


def test_a_lost_tree_is_made_again_exactly_as_it_was(installation: Installation) -> None:
    before = installation.tree().root(20)
    installation.forget_evidence()
    assert installation.audit().exit_code == INCOMPLETE
    installation.catch_up()
    assert installation.tree().root(20) == before
    assert installation.audit().exit_code == INTACT


@in_files
@pytest.mark.parametrize("name", ["events.db", "evidence.db"])
def test_a_file_that_is_no_database_is_said_to_be_unreadable(
    installation: Installation, name: str
) -> None:
    installation.close()
    for path in installation.var.glob(f"{name}-*"):
        path.unlink()
    (installation.var / name).write_bytes(b"not a database at all" * 500)
    report = installation.audit()
    assert report.exit_code == INCOMPLETE
    assert (Kind.UNREADABLE, name) in {(f.kind, f.place) for f in report.findings}


@in_files
@given(at=st.integers(0, 24_575) | st.integers(0, 99), bit=st.integers(0, 7))
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@pytest.mark.parametrize("name", ["events.db", "evidence.db"])
def test_a_bit_turned_over_in_a_file_never_hides_a_change_and_never_crashes(
    installation: Installation, tmp_path: Path, name: str, at: int, bit: int
) -> None:
    copy = tmp_path / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    for each in ("events.db", "evidence.db"):
        with closing(sqlite3.connect(installation.var / each)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copytree(installation.var, copy)
    whole = (copy / name).read_bytes()
    (copy / name).write_bytes(flip(whole, at % len(whole), bit))
    if audit(Place(copy)).exit_code == INTACT:
        assert events_in(copy) == events_in(installation.var)


def events_in(var: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(var / "events.db")) as connection:
        return connection.execute("SELECT * FROM stored_events").fetchall()


@in_files
def test_an_edited_index_that_hides_an_event_from_its_case_is_found(
    installation: Installation,
) -> None:
    with installation.tampering() as attacker:
        (root,) = attacker.execute(
            "SELECT rootpage FROM sqlite_master WHERE name LIKE 'sqlite_autoindex_stored%'"
        ).fetchone()
        (size,) = attacker.execute("PRAGMA page_size").fetchone()
    installation.close()
    path = installation.var / "events.db"
    data = bytearray(path.read_bytes())
    entry = data.index(CASES[1].hex.encode(), (root - 1) * size)
    data[entry] = ord("f")
    path.write_bytes(data)
    assert (Kind.CHANGED, "events.db") in found(installation)


def test_the_audit_runs_beside_the_programs_it_checks(installation: Installation) -> None:
    seen: list[tuple[int, int]] = []

    def busy(done: int, total: int) -> None:
        seen.append((done, total))
        installation.record(CASES[0])
        installation.catch_up()

    report = audit(installation.place, progress=busy)
    assert report.exit_code == INTACT
    assert seen == [(20, 20)]


def test_further_checks_add_their_findings(installation: Installation) -> None:
    stale = Finding(Kind.CHANGED, "state row of a case", "it is not what its events make")
    report = audit(installation.place, checks=[lambda: [stale]])
    assert (report.exit_code, report.findings) == (TAMPERED, (stale,))


def test_a_further_check_that_stumbles_hides_nothing_that_was_found(
    installation: Installation,
) -> None:
    with installation.tampering() as attacker:
        attacker.execute("DELETE FROM stored_events WHERE id = 11")

    def stumbling() -> Iterator[Finding]:
        yield Finding(Kind.ABSENT, "a kept file", "it is gone")
        raise KeyError("words of a person")

    report = audit(installation.place, checks=[stumbling])
    assert report.exit_code == TAMPERED
    assert report.findings == (
        Finding(Kind.DELETED, place(11), "it was sequenced, and is gone from the log"),
        Finding(Kind.ABSENT, "a kept file", "it is gone"),
        Finding(Kind.UNREADABLE, "a further check", "it stopped before its end: KeyError"),
    )


def test_no_finding_carries_what_people_wrote(installation: Installation) -> None:
    with installation.tampering() as attacker:
        attacker.execute("UPDATE stored_events SET topic = 'incidents.case_closed'")
    text = "\n".join(installation.audit().lines())
    assert "teacher" not in text
    assert FIRST_MOMENT.date().isoformat() not in text


def test_a_key_given_from_outside_is_believed_before_the_one_in_the_folder(
    installation: Installation,
) -> None:
    stranger = PublicKey(LOG_NAME, bytes(31) + b"\x01")
    assert (Kind.FORGED, "checkpoint 8.txt") in {
        (f.kind, f.place) for f in installation.audit(keys=[stranger]).findings
    }
