"""Notes, keys and checkpoints: the published forms, and everything that must not pass for one."""

import os
from multiprocessing.pool import ThreadPool
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.evidence.alarm import EvidenceAlarm
from incidents.evidence.checkpoint import (
    KEPT_IN_FULL,
    CheckpointFolder,
    KeyUnusable,
    SignedCheckpoint,
    SigningKey,
)
from incidents.evidence.verify import (
    Checkpoint,
    Malformed,
    Note,
    PublicKey,
    leaf_hash,
    read_checkpoint,
)
from tests.incidents.evidence.installation import LOG_NAME, flip

# The key pairs and the note of golang.org/x/mod/sumdb/note (note_test.go), where the form is from.
PETER_PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
ENOCH = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
PETER_SIGNED = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6"
    "KE6RyyBwJnAM=\n"
)
ENOCH_SIGNED = (
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33"
    "WWd1RvMc+QQ=\n"
)
# The example of c2sp.org/tlog-checkpoint.
EXAMPLE = """example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
"""  # noqa: E501  the line is as it is published


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    """A log's key."""
    return SigningKey.load_or_create(tmp_path / "keys" / "checkpoint.key", LOG_NAME)


@pytest.fixture
def folder(tmp_path: Path, key: SigningKey) -> CheckpointFolder:
    """The folder of its checkpoints."""
    made = CheckpointFolder(tmp_path / "checkpoints")
    made.publish(key.public)
    return made


def checkpoint(size: int) -> Checkpoint:
    return Checkpoint(LOG_NAME, size, leaf_hash(str(size).encode()))


def signed(key: SigningKey, size: int) -> SignedCheckpoint:
    return SignedCheckpoint(checkpoint(size), key.sign(checkpoint(size)))


# notes


@pytest.mark.parametrize(
    "signatures",
    [PETER_SIGNED, PETER_SIGNED + ENOCH_SIGNED, ENOCH_SIGNED + PETER_SIGNED],
)
def test_the_published_note_is_signed_by_its_key(signatures: str) -> None:
    note = Note.parse(f"{TEXT}\n{signatures}".encode())
    assert note.text == TEXT
    assert note.signed_by(PublicKey.parse(PETER))


def test_a_key_that_did_not_sign_did_not_sign() -> None:
    note = Note.parse(f"{TEXT}\n{PETER_SIGNED}".encode())
    assert not note.signed_by(PublicKey.parse(ENOCH))


def test_one_false_signature_in_a_keys_name_spoils_the_note() -> None:
    false = PETER_SIGNED.replace("ZJkuBS9", "ZJkuBS8")
    note = Note.parse(f"{TEXT}\n{PETER_SIGNED}{false}".encode())
    assert not note.signed_by(PublicKey.parse(PETER))


@pytest.mark.parametrize(
    "data",
    [
        TEXT,
        TEXT + "\n",
        f"{TEXT}\n{PETER_SIGNED[:-1]}",
        f"\x01{TEXT}\n{PETER_SIGNED}",
        f"{TEXT}\n{PETER_SIGNED}Unexpected line.\n",
        f"{TEXT}\n{PETER_SIGNED.replace('PeterNeumann', 'Peter Neumann')}",
        f"{TEXT}\n{PETER_SIGNED.replace('PeterNeumann', 'Peter+Neumann')}",
        f"{TEXT}\n{PETER_SIGNED.replace('PeterNeumann', '')}",
        f"{TEXT}\n{PETER_SIGNED.replace('x08g', '    ')}",
        f"{TEXT}\n{PETER_SIGNED.replace('=', '')}",
        f"{TEXT}\n{PETER_SIGNED.replace('AM=', 'AN=')}",
        f"{TEXT}\n— PeterNeumann x08g\n",
        f"{TEXT}\n{PETER_SIGNED * 101}",
        f"{TEXT}\n{PETER_SIGNED}".replace("\n", "\r\n"),
        "x" * 300_000 + f"\n\n{PETER_SIGNED}",
        "",
    ],
)
def test_what_is_no_signed_note_is_refused(data: str) -> None:
    with pytest.raises(Malformed):
        Note.parse(data.encode())


def test_a_note_that_is_not_text_is_refused() -> None:
    with pytest.raises(Malformed):
        Note.parse(b"\xff" + f"{TEXT}\n{PETER_SIGNED}".encode())


@given(st.binary(max_size=400))
def test_any_bytes_are_a_note_or_malformed(data: bytes) -> None:
    try:
        note = Note.parse(data)
    except Malformed:
        return
    assert not note.signed_by(PublicKey.parse(PETER))


# keys


@pytest.mark.parametrize("text", [PETER, ENOCH])
def test_a_published_key_reads_and_writes_the_same(text: str) -> None:
    assert str(PublicKey.parse(f"{text}\n")) == text


@given(st.integers(0, len(PETER) - 1), st.integers(0, 6))
def test_a_key_with_one_bit_turned_over_is_refused(at: int, bit: int) -> None:
    changed = flip(PETER.encode(), at, bit).decode()
    with pytest.raises(Malformed):
        PublicKey.parse(changed)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PeterNeumann",
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        PublicKey.parse(text)


def test_a_private_key_of_the_published_form_signs_in_its_name(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.key"
    path.write_text(PETER_PRIVATE)
    path.chmod(0o600)
    assert str(SigningKey.load_or_create(path).public) == PETER


def test_a_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "checkpoint.key"
    made = SigningKey.load_or_create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert made.public.name.startswith("caseward.example/")
    assert SigningKey.load_or_create(path).public == made.public
    assert [entry.name for entry in path.parent.iterdir()] == ["checkpoint.key"]


def test_programs_that_start_together_use_one_key(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.key"
    with ThreadPool(8) as pool:
        keys = pool.map(lambda _: SigningKey.load_or_create(path).public, range(16))
    assert len(set(keys)) == 1


def test_a_key_that_others_may_read_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.key"
    SigningKey.load_or_create(path)
    path.chmod(0o640)
    with pytest.raises(KeyUnusable, match=f"chmod 600 {path}"):
        SigningKey.load_or_create(path)


@pytest.mark.parametrize("content", ["", "PRIVATE+KEY+x", PETER, PETER_PRIVATE.replace("c7", "c8")])
def test_a_file_that_is_no_key_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "checkpoint.key"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(KeyUnusable, match="Restore it"):
        SigningKey.load_or_create(path)


def test_a_log_keeps_its_name(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.key"
    SigningKey.load_or_create(path, LOG_NAME)
    with pytest.raises(KeyUnusable, match="Set the name back"):
        SigningKey.load_or_create(path, "caseward.example/other")


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u2003b", "a\nb", "a\u200bb"])
def test_a_name_that_cannot_stand_in_a_note_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(KeyUnusable, match="must not be empty"):
        SigningKey(name, bytes(32))


# checkpoints


def test_the_published_checkpoint_is_read() -> None:
    read = Checkpoint.parse(Note.parse(EXAMPLE.encode()).text)
    assert (read.origin, read.size) == ("example.com/behind-the-sofa", 20852163)
    assert read.text() == EXAMPLE.split("\n\n")[0] + "\n"


def test_a_signed_checkpoint_says_what_was_signed(key: SigningKey) -> None:
    note = key.sign(checkpoint(12))
    assert note.decode().startswith(f"{LOG_NAME}\n12\n")
    assert read_checkpoint(note, key.public) == checkpoint(12)


@given(st.integers(0, 10_000), st.integers(0, 7))
@settings(max_examples=300)
def test_one_bit_turned_over_anywhere_spoils_a_checkpoint(at: int, bit: int) -> None:
    key = SigningKey(LOG_NAME, bytes(range(32)))
    note = key.sign(checkpoint(12))
    with pytest.raises(Malformed):
        read_checkpoint(flip(note, at % len(note), bit), key.public)


@pytest.mark.parametrize(
    "text",
    [
        "log\n1\n",
        "\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "log\n01\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "log\n-1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "log\n١\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        f"log\n{2**63}\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        f"log\n{'9' * 5000}\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "log\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2\n",
        "log\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n",
        "log\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        Checkpoint.parse(text)


def test_a_checkpoint_with_extension_lines_is_read() -> None:
    text = f"{checkpoint(3).text()}something a later version says\n"
    assert Checkpoint.parse(text) == checkpoint(3)


def test_a_checkpoint_of_another_log_is_refused_though_the_key_signed_it(key: SigningKey) -> None:
    note = key.sign(Checkpoint("caseward.example/other", 3, bytes(32)))
    with pytest.raises(Malformed, match="another log"):
        read_checkpoint(note, key.public)


# the folder


def test_there_is_no_checkpoint_before_the_first(folder: CheckpointFolder) -> None:
    assert folder.latest() is None
    assert folder.files() == []


def test_what_is_kept_is_the_latest_and_stays(folder: CheckpointFolder, key: SigningKey) -> None:
    for size in (3, 12):
        folder.keep(signed(key, size))
    assert folder.latest() == signed(key, 12)
    assert [path.name for path in folder.files()] == ["3.txt", "12.txt"]


def test_keeping_a_checkpoint_again_changes_nothing(
    folder: CheckpointFolder, key: SigningKey
) -> None:
    folder.keep(signed(key, 3))
    folder.keep(signed(key, 3))
    assert [path.name for path in folder.files()] == ["3.txt"]


def test_another_root_for_a_size_that_was_signed_is_an_alarm(
    folder: CheckpointFolder, key: SigningKey
) -> None:
    folder.keep(signed(key, 3))
    other = Checkpoint(LOG_NAME, 3, leaf_hash(b"other"))
    with pytest.raises(EvidenceAlarm, match=r"checkpoint 3\.txt"):
        folder.keep(SignedCheckpoint(other, key.sign(other)))
    assert folder.latest() == signed(key, 3)


def test_a_latest_checkpoint_that_was_altered_is_refused(
    folder: CheckpointFolder, key: SigningKey
) -> None:
    folder.keep(signed(key, 3))
    path = folder.directory / "latest.txt"
    path.write_bytes(path.read_bytes().replace(b"\n3\n", b"\n4\n"))
    with pytest.raises(Malformed, match="not signed by the key"):
        folder.latest()


def test_a_log_does_not_change_its_key_behind_its_readers(
    folder: CheckpointFolder, tmp_path: Path
) -> None:
    other = SigningKey.load_or_create(tmp_path / "other.key", LOG_NAME)
    with pytest.raises(KeyUnusable, match="another key"):
        folder.publish(other.public)


def test_old_checkpoints_are_thinned_out_and_none_is_far_from_the_next(
    folder: CheckpointFolder, key: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("incidents.evidence.checkpoint.KEPT_IN_FULL", 10)
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    for size in range(1, 101):
        folder.keep(signed(key, size))
    sizes = [int(path.stem) for path in folder.files()]
    assert sizes == [1, *range(10, 91, 10), *range(91, 101)]
    assert KEPT_IN_FULL > 1
