"""Files that history cites: whoever deletes or alters one is found, and an erased case is not.

On a school's own files, with evidence and letters kept as the programs keep them.
"""

import shutil
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from uuid import UUID, uuid4

import msgspec
import pytest

from durable import Place
from incidents.domain.letters import RecordLetterRendered
from incidents.domain.moderation import CaptureEvidence, EvidenceCaptured
from incidents.domain.school import User
from incidents.domain.state import Case
from incidents.domain.vocabulary import EvidenceKind, LetterForm, Role
from incidents.evidence.kept_files import can_be_opened, kept_files_agree
from incidents.evidence.verify import Finding, Kind
from incidents.installation import EVENTS, UPCASTERS
from incidents.store import Owner
from tests.incidents.evidence.installation import flip, opened
from tests.support.office import Office

LETTER = b"%PDF-1.7 to the parent, word for word"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    working = Office(tmp_path / "var")
    yield working
    working.close()


def var_of(office: Office) -> Path:
    return office.installation.settings.var


def found(var: Path) -> list[Finding]:
    return list(kept_files_agree(Place(var), EVENTS, UPCASTERS))


def captured(office: Office, case: Case, content: bytes = b"a post, copied") -> UUID:
    """Keep evidence on the case and return its id."""
    command = CaptureEvidence(
        kind=EvidenceKind.EXPORT,
        label="The post",
        media_type="text/plain",
        content=content,
        captured_at=office.now,
    )
    (recorded,) = [
        one.event
        for one in office.ask("staff", case, command).events
        if isinstance(one.event, EvidenceCaptured)
    ]
    return recorded.evidence


def written(office: Office, case: Case, document: str | None = None) -> UUID:
    """Keep a letter's document, unless another `document` is cited, and return the letter's id."""
    kept = office.installation.store.blobs.keep(case.school, case.id, LETTER)
    command = RecordLetterRendered(
        letter=uuid4(),
        code="L1",
        form=LetterForm.PDF,
        audience="reporter",
        prompted_by=office.installation.cases.history(case.id)[0].event_id,
        media_type="application/pdf",
        document=document or kept,
        template_hash="0" * 64,
        data_hash="0" * 64,
        needs_approval=False,
    )
    notifier = User(id=None, school=case.school, roles=frozenset({Role.NOTIFIER}))
    office.ask(notifier, case, command)
    return command.letter


def kept(office: Office, case: Case) -> list[Path]:
    folder = var_of(office) / "blobs" / case.school / case.id.hex
    return sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)


def without_keys(office: Office, tmp_path: Path) -> Path:
    """A copy as it is given to somebody who may check it and read nothing."""
    copy = tmp_path / "copy"
    ours = shutil.ignore_patterns("keys", "keys.db*")
    shutil.copytree(var_of(office), copy, ignore=ours)
    return copy


def test_what_was_kept_is_there_and_is_what_was_recorded(office: Office) -> None:
    case = office.log()
    captured(office, case)
    written(office, case)
    assert can_be_opened(Place(var_of(office)))
    assert found(var_of(office)) == []


def test_a_school_that_has_kept_nothing_has_lost_nothing(office: Office) -> None:
    office.log()
    assert found(var_of(office)) == []


def test_every_evidence_and_letter_that_is_gone_is_named(office: Office) -> None:
    case = office.log()
    evidence, letter = captured(office, case), written(office, case)
    shutil.rmtree(var_of(office) / "blobs")
    assert [(f.kind, f.place) for f in found(var_of(office))] == [
        (Kind.ABSENT, f"evidence {evidence} of case {case.id}"),
        (Kind.ABSENT, f"letter {letter} of case {case.id}"),
    ]


@pytest.mark.parametrize("at", [0, 5, 40, -1])
def test_an_altered_file_is_found_at_its_place(office: Office, at: int) -> None:
    case = office.log()
    evidence = captured(office, case)
    written(office, case)
    (path, _) = kept(office, case)
    path.write_bytes(flip(path.read_bytes(), at % path.stat().st_size))
    assert [(f.kind, f.place) for f in found(var_of(office))] == [
        (Kind.CHANGED, f"evidence {evidence} of case {case.id}")
    ]


def test_a_file_in_the_place_of_another_is_found(office: Office) -> None:
    case = office.log()
    evidence = captured(office, case)
    letter = written(office, case)
    first, second = kept(office, case)
    one, two = first.read_bytes(), second.read_bytes()
    first.write_bytes(two)
    second.write_bytes(one)
    assert {(f.kind, f.place) for f in found(var_of(office))} == {
        (Kind.CHANGED, f"evidence {evidence} of case {case.id}"),
        (Kind.CHANGED, f"letter {letter} of case {case.id}"),
    }


def test_a_file_made_with_the_key_of_its_case_is_found_by_its_content(office: Office) -> None:
    """Whoever has the keys too can seal other words in its place; they have another hash."""
    case = office.log()
    evidence = captured(office, case, b"what was written")
    digest = sha256(b"what was written").digest()
    keys, owner = office.installation.store.keys, Owner(case.school, "stream", case.id)
    key = keys.of([owner])[owner]
    nonce = bytes(12)
    place = b"caseward blob 1\0" + case.id.bytes + digest
    ciphertext, commitment = key.encrypt(nonce, b"milder words", place)
    (path,) = kept(office, case)
    path.write_bytes(msgspec.msgpack.encode((nonce, commitment, ciphertext)))
    assert found(var_of(office)) == [
        Finding(
            Kind.CHANGED,
            f"evidence {evidence} of case {case.id}",
            "the file is not the one recorded",
        )
    ]


def test_a_case_whose_key_was_destroyed_is_no_fault(office: Office) -> None:
    case, other = office.log(), office.log()
    captured(office, case)
    captured(office, other)
    office.installation.store.keys.destroy(Owner(case.school, "stream", case.id))
    shutil.rmtree(kept(office, case)[0].parent)
    assert found(var_of(office)) == []


def test_a_key_that_is_gone_without_having_been_destroyed_is_a_loss(office: Office) -> None:
    case = office.log()
    evidence = captured(office, case)
    with opened(var_of(office) / "keys.db") as attacker:
        attacker.execute("DELETE FROM keys WHERE owner = ?", (case.id.hex,))
    assert [(f.kind, f.place) for f in found(var_of(office))] == [
        (Kind.ABSENT, f"evidence {evidence} of case {case.id}")
    ]


def test_a_damaged_key_is_said_at_each_place_it_was_for(office: Office) -> None:
    case = office.log()
    evidence = captured(office, case)
    with opened(var_of(office) / "keys.db") as attacker:
        attacker.execute("UPDATE keys SET wrapped = zeroblob(40) WHERE owner = ?", (case.id.hex,))
    assert [(f.kind, f.place) for f in found(var_of(office))] == [
        (Kind.UNREADABLE, f"evidence {evidence} of case {case.id}")
    ]


def test_the_master_key_may_be_replaced_while_files_are_looked_at(office: Office) -> None:
    case = office.log()
    captured(office, case)
    captured(office, case, b"another post, copied")
    keys = office.installation.store.keys

    def busy(_done: int, _total: int) -> None:
        keys.rotate_master_key()

    assert list(kept_files_agree(Place(var_of(office)), EVENTS, UPCASTERS, busy)) == []


def test_a_rotation_that_was_cut_short_is_read_and_left_as_it_is(office: Office) -> None:
    case = office.log()
    captured(office, case)
    office.installation.store.keys.rotate_master_key()
    folder = var_of(office) / "keys"
    (folder / "master.key").rename(folder / "master.key.next")
    (folder / "master.key").write_text("0" * 64)
    assert found(var_of(office)) == []
    assert {path.name for path in folder.iterdir()} >= {"master.key", "master.key.next"}


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        ("the master key", "master.key is not the master key this keys.db was made with"),
        ("its proof", "keys.db names no master key"),
        ("the table", "no such table"),
    ],
)
def test_keys_that_cannot_be_used_are_said_to_be_so(office: Office, spoil: str, what: str) -> None:
    captured(office, office.log())
    if spoil == "the master key":
        (var_of(office) / "keys" / "master.key").write_text("ab" * 32)
    else:
        with opened(var_of(office) / "keys.db") as attacker:
            attacker.execute("DELETE FROM proof" if spoil == "its proof" else "DROP TABLE proof")
    (finding,) = found(var_of(office))
    assert (finding.kind, finding.place) == (Kind.UNREADABLE, "the kept files")
    assert what in finding.what


def test_an_event_that_cites_no_file_of_ours_is_found(office: Office) -> None:
    case = office.log()
    evidence = captured(office, case)
    with opened(var_of(office) / "events.db") as attacker:
        attacker.execute(
            "UPDATE stored_events SET state = "
            "CAST(json_set(CAST(state AS TEXT), '$.data.sha256', '../../keys.db') AS BLOB) "
            "WHERE topic = ?",
            (EvidenceCaptured.TOPIC,),
        )
    assert [(f.kind, f.place) for f in found(var_of(office))] == [
        (Kind.CHANGED, f"evidence {evidence} of case {case.id}")
    ]


def test_an_event_that_cannot_be_read_is_named_and_the_others_are_looked_at(
    office: Office,
) -> None:
    case = office.log()
    captured(office, case)
    letter = written(office, case)
    position = next(
        one.position
        for one in office.installation.store.stored(case.id)
        if one.topic == EvidenceCaptured.TOPIC
    )
    with opened(var_of(office) / "events.db") as attacker:
        attacker.execute("UPDATE stored_events SET state = x'5b' WHERE id = ?", (position,))
    shutil.rmtree(var_of(office) / "blobs")
    assert [(f.kind, f.place) for f in found(var_of(office))] == [
        (Kind.UNREADABLE, f"event at log position {position}"),
        (Kind.ABSENT, f"letter {letter} of case {case.id}"),
    ]


def test_a_file_kept_during_the_check_is_found_to_be_there(office: Office) -> None:
    case = office.log()
    captured(office, case)
    captured(office, case, b"another post, copied")

    def busy(done: int, _total: int) -> None:
        captured(office, case, b"kept meanwhile, %d" % done)
        written(office, office.log())

    assert list(kept_files_agree(Place(var_of(office)), EVENTS, UPCASTERS, busy)) == []
    assert found(var_of(office)) == []


def test_the_check_says_how_far_it_is(office: Office) -> None:
    case = office.log()
    captured(office, case)
    written(office, case)
    told: list[tuple[int, int]] = []
    list(kept_files_agree(Place(var_of(office)), EVENTS, UPCASTERS, lambda *far: told.append(far)))
    assert told == [(1, 2), (2, 2)]


# ── a copy without keys ───────────────────────────────────────────────────────────────────────────


def test_without_keys_the_files_are_counted(office: Office, tmp_path: Path) -> None:
    case = office.log()
    captured(office, case)
    written(office, case)
    written(office, case)
    copy = without_keys(office, tmp_path)
    assert not can_be_opened(Place(copy))
    assert found(copy) == [], "two letters with the same words are one file"


def test_without_keys_a_case_that_lacks_a_file_is_named_with_all_it_cites(
    office: Office, tmp_path: Path
) -> None:
    case, other = office.log(), office.log()
    evidence, letter = captured(office, case), written(office, case)
    captured(office, other)
    kept(office, case)[0].unlink()
    copy = without_keys(office, tmp_path)
    assert found(copy) == [
        Finding(
            Kind.ABSENT,
            f"kept files of case {case.id}",
            f"1 of 2 are there, for: evidence {evidence}, letter {letter}",
        )
    ]


def test_without_keys_other_files_do_not_stand_in_for_kept_ones(
    office: Office, tmp_path: Path
) -> None:
    case = office.log()
    captured(office, case)
    (path,) = kept(office, case)
    path.rename(path.with_name(".left-over.new"))
    (finding,) = found(without_keys(office, tmp_path))
    assert finding.kind is Kind.ABSENT


def test_checking_a_copy_without_keys_makes_none(office: Office, tmp_path: Path) -> None:
    captured(office, office.log())
    copy = without_keys(office, tmp_path)
    found(copy)
    assert {path.name for path in copy.iterdir()} & {"keys", "keys.db"} == set()
