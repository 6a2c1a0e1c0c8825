"""A kept file comes back as it was kept, or says plainly why not."""

import os
from hashlib import sha256
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from durable import Place
from incidents.store import (
    BlobAltered,
    BlobErased,
    BlobGone,
    Owner,
    Store,
    StoreUnavailable,
    open_store,
)
from tests.incidents.store.sample import EVENTS, SCHOOL

CONTENT = b"%PDF-1.7 a letter that was sent, word for word"


@given(content=st.binary(max_size=5000))
@settings(max_examples=25, deadline=None)
def test_any_content_comes_back_and_is_named_by_its_sha256(shared: Store, content: bytes) -> None:
    case = uuid4()
    digest = shared.blobs.keep(SCHOOL, case, content)
    assert digest == sha256(content).hexdigest()
    assert shared.blobs.read(SCHOOL, case, digest) == content


def test_a_file_kept_before_a_restart_is_read_after_it(kept: Place) -> None:
    case = uuid4()
    with open_store(kept, events=EVENTS) as store:
        digest = store.blobs.keep(SCHOOL, case, CONTENT)
    with open_store(kept, events=EVENTS) as store:
        assert store.blobs.read(SCHOOL, case, digest) == CONTENT


def test_keeping_the_same_content_again_keeps_one_file(store: Store, var: Path) -> None:
    case = uuid4()
    digests = {store.blobs.keep(SCHOOL, case, CONTENT) for _ in range(3)}
    assert len(digests) == 1
    assert len(_files(var)) == 1
    assert store.blobs.read(SCHOOL, case, digests.pop()) == CONTENT


def test_neither_content_nor_its_hash_can_be_found_on_the_disk(store: Store, var: Path) -> None:
    one, two = uuid4(), uuid4()
    digest = store.blobs.keep(SCHOOL, one, CONTENT)
    store.blobs.keep(SCHOOL, two, CONTENT)

    first, second = _files(var)
    assert first.name != second.name
    for path in (first, second):
        assert path.stat().st_mode & 0o777 == 0o600
        assert digest not in str(path)
        assert CONTENT not in path.read_bytes()
        assert bytes.fromhex(digest) not in path.read_bytes()


def test_a_file_of_another_case_or_school_is_not_there(store: Store) -> None:
    case = uuid4()
    digest = store.blobs.keep(SCHOOL, case, CONTENT)
    for school, stream in ((SCHOOL, uuid4()), ("hillsidetwo", case)):
        with pytest.raises(BlobGone):
            store.blobs.read(school, stream, digest)
    with pytest.raises(BlobGone):
        store.blobs.read(SCHOOL, case, sha256(b"never kept").hexdigest())


def test_a_file_is_erased_with_the_key_of_its_case(store: Store) -> None:
    case = uuid4()
    digest = store.blobs.keep(SCHOOL, case, CONTENT)
    store.keys.destroy(Owner(SCHOOL, "stream", case))
    with pytest.raises(BlobErased):
        store.blobs.read(SCHOOL, case, digest)


@pytest.mark.parametrize("where", [0, 1, 20, 60, -1])
def test_one_changed_byte_and_the_file_is_refused(store: Store, var: Path, where: int) -> None:
    case = uuid4()
    digest = store.blobs.keep(SCHOOL, case, CONTENT)
    (path,) = _files(var)
    content = bytearray(path.read_bytes())
    content[where] ^= 0x40
    path.write_bytes(content)
    with pytest.raises(BlobAltered):
        store.blobs.read(SCHOOL, case, digest)


def test_a_file_that_was_cut_or_emptied_is_refused_and_mended_by_keeping_it_again(
    store: Store, var: Path
) -> None:
    case = uuid4()
    digest = store.blobs.keep(SCHOOL, case, CONTENT)
    (path,) = _files(var)
    for length in (0, 5, 90):
        path.write_bytes(path.read_bytes()[:length])
        with pytest.raises(BlobAltered):
            store.blobs.read(SCHOOL, case, digest)
    store.blobs.keep(SCHOOL, case, CONTENT)
    assert store.blobs.read(SCHOOL, case, digest) == CONTENT


def test_two_files_of_a_case_cannot_be_exchanged(store: Store, var: Path) -> None:
    case = uuid4()
    digests = [store.blobs.keep(SCHOOL, case, content) for content in (b"one", b"two")]
    first, second = _files(var)
    aside = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(aside)
    for digest in digests:
        with pytest.raises(BlobAltered):
            store.blobs.read(SCHOOL, case, digest)


@pytest.mark.parametrize("school", ["..", "../../etc", "a/b", "", "UPPERCASE", "short", "nul\0"])
def test_a_school_that_could_name_another_folder_is_refused(store: Store, school: str) -> None:
    with pytest.raises(ValueError, match="8 to 32"):
        store.blobs.keep(school, uuid4(), CONTENT)


@pytest.mark.parametrize("digest", ["", "..", "0" * 63, "G" * 64, "A" * 64])
def test_a_name_that_is_no_sha256_is_refused(store: Store, digest: str) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        store.blobs.read(SCHOOL, uuid4(), digest)


def test_a_disk_that_refuses_leaves_no_file_and_says_so(
    store: Store, var: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    case = uuid4()
    store.blobs.keep(SCHOOL, case, b"the folders are there")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreUnavailable, match="No space left on device"):
        store.blobs.keep(SCHOOL, case, CONTENT)
    assert len(_files(var)) == 1


def test_a_file_that_cannot_be_read_is_not_called_gone(store: Store, var: Path) -> None:
    case = uuid4()
    digest = store.blobs.keep(SCHOOL, case, CONTENT)
    (path,) = _files(var)
    path.unlink()
    path.mkdir()
    with pytest.raises(StoreUnavailable, match="cannot be read"):
        store.blobs.read(SCHOOL, case, digest)


def _files(var: Path) -> list[Path]:
    """The kept files, each under its school and its stream."""
    found = sorted(path for path in (var / "blobs").rglob("*") if path.is_file())
    for path in found:
        school, stream, _name = path.relative_to(var / "blobs").parts
        assert school == SCHOOL
        assert UUID(stream).hex == stream
    return found
