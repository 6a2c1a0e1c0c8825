"""The evidence on the real store: it follows what is appended, and survives what is forgotten."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event as Signal
from threading import Thread
from uuid import UUID, uuid5

import pytest

from durable import Place
from incidents.evidence import (
    CheckpointFolder,
    EvidenceAlarm,
    Report,
    Sequencer,
    SigningKey,
    Tree,
    audit,
    build_bundle,
    prove_inclusion,
)
from incidents.evidence.sequencer import Log
from incidents.evidence.verify import INTACT, TAMPERED, Outside, check_bundle
from incidents.store import Owner, Receipt, Store, open_store
from tests.incidents.evidence.installation import flip, opened
from tests.incidents.store.sample import EVENTS, SCHOOL, NoteAdded, fact, row
from tests.support.kept import in_files, kept_at
from tests.support.waiting import until

CASE, OTHER = (uuid5(UUID(int=3), name) for name in ("case", "other"))


class Evidence:
    """The parts of the evidence, wired to a store as the worker wires them."""

    def __init__(self, home: Place, log: Log) -> None:
        var = self.var = home.folder
        self.home = home
        self.tree = Tree(home)
        self.folder = CheckpointFolder(var / "checkpoints")
        key = SigningKey.load_or_create(var / "keys" / "checkpoint.key")
        self.sequencer = Sequencer(log, self.tree, self.folder, key, interval=0.01)

    def audit(self) -> Report:
        return audit(self.home)


@pytest.fixture
def home(tmp_path: Path, place: str | None) -> Place:
    """Where everything is kept: in files, and in PostgreSQL."""
    return kept_at(tmp_path / "var", place)


@pytest.fixture
def store(home: Place) -> Iterator[Store]:
    """An empty store."""
    with open_store(home, events=EVENTS) as opened_store:
        yield opened_store


@pytest.fixture
def evidence(store: Store, home: Place) -> Iterator[Evidence]:
    """Its evidence."""
    kept = Evidence(home, store)
    yield kept
    kept.tree.close()


def append(store: Store, stream: UUID, version: int, moment: int) -> tuple[Receipt, ...]:
    note = fact(NoteAdded(text="the class teacher rang"), stream, moment)
    sealed = store.seal(fact(note.event, stream, version, recorded_at=note.recorded_at))
    return store.append([sealed], state=row(stream, version))


def record(store: Store) -> list[Receipt]:
    """Append three events to one case and two to another, in turn."""
    receipts: list[Receipt] = []
    for moment, (stream, version) in enumerate(
        [(CASE, 1), (OTHER, 1), (CASE, 2), (OTHER, 2), (CASE, 3)], 1
    ):
        receipts += append(store, stream, version, moment)
    return receipts


def test_what_is_appended_while_it_runs_is_sequenced_and_signed_for(
    store: Store, evidence: Evidence
) -> None:
    stop = Signal()
    running = Thread(target=evidence.sequencer.run, args=(stop,))
    running.start()
    record(store)
    until(lambda: (evidence.folder.directory / "5.txt").exists())
    stop.set()
    running.join()
    report = evidence.audit()
    assert (report.exit_code, report.events, report.covered) == (INTACT, 5, 5)


def test_every_receipt_is_honoured_with_a_proof(store: Store, evidence: Evidence) -> None:
    receipts = record(store)
    evidence.sequencer.catch_up()
    for receipt, event in zip(receipts, store.log(0, 10), strict=True):
        proof = prove_inclusion(evidence.tree, event, 5)
        assert proof.state_sha256 == receipt.sha256
        assert (proof.event.position, proof.event.version) == (receipt.position, receipt.version)


def test_a_case_of_the_store_makes_a_bundle_that_verifies(
    store: Store, evidence: Evidence, tmp_path: Path
) -> None:
    record(store)
    evidence.sequencer.catch_up()
    bundle = build_bundle(store.stored(CASE), tree=evidence.tree, folder=evidence.folder)
    path = tmp_path / "bundle.zip"
    path.write_bytes(bundle)
    assert check_bundle(path, Outside(evidence.folder.key())).findings == []
    assert b"the class teacher rang" not in bundle, "what people wrote stays sealed"


def test_the_proofs_hold_after_a_case_was_forgotten(
    store: Store, evidence: Evidence, tmp_path: Path
) -> None:
    record(store)
    evidence.sequencer.catch_up()
    assert store.keys.destroy(Owner(SCHOOL, "stream", CASE))
    append(store, CASE, 4, 9)
    evidence.sequencer.catch_up()
    report = evidence.audit()
    assert (report.exit_code, report.covered) == (INTACT, 6)
    path = tmp_path / "bundle.zip"
    path.write_bytes(
        build_bundle(store.stored(CASE), tree=evidence.tree, folder=evidence.folder, since=[5])
    )
    kept = (evidence.folder.directory / "5.txt").read_bytes()
    assert check_bundle(path, Outside(evidence.folder.key(), kept)).findings == []


@in_files
def test_a_byte_flipped_in_the_store_is_found_at_its_place(
    store: Store, evidence: Evidence
) -> None:
    record(store)
    evidence.sequencer.catch_up()
    with opened(evidence.var / "events.db") as attacker:
        (state,) = attacker.execute("SELECT state FROM stored_events WHERE id = 3").fetchone()
        attacker.execute("UPDATE stored_events SET state = ? WHERE id = 3", (flip(state, -9),))
    report = evidence.audit()
    assert report.exit_code == TAMPERED
    assert [f.place for f in report.findings] == [
        f"event at log position 3 (record {CASE}, version 2)"
    ]


@in_files
def test_a_row_the_store_never_wrote_stops_the_sequencer_with_an_alarm(
    store: Store, evidence: Evidence
) -> None:
    record(store)
    with opened(evidence.var / "events.db") as attacker:
        attacker.execute("UPDATE stored_events SET originator_id = 'of nobody' WHERE id = 3")
    with pytest.raises(EvidenceAlarm, match="the log after position 0"):
        evidence.sequencer.run(Signal())
