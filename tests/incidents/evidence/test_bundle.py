"""Case bundles, checked as an auditor does: verify.py by itself, in an empty folder, with -I."""

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidents.evidence import verify
from incidents.evidence.alarm import EvidenceAlarm
from incidents.evidence.bundle import BundleTooLarge
from incidents.evidence.checkpoint import SigningKey
from incidents.evidence.proofs import NotYetCovered, prove_consistency, prove_inclusion
from incidents.evidence.verify import (
    INCOMPLETE,
    INTACT,
    MAX_BUNDLE,
    TAMPERED,
    Consistency,
    Kind,
    Outside,
    PublicKey,
    check_bundle,
)
from incidents.store.records import Stored
from tests.incidents.evidence.installation import CASES, LOG_NAME, Installation, flip

CASE = CASES[1]
POSITIONS = (2, 6, 10, 14, 18)
Files = dict[str, bytes]


def place(version: int) -> str:
    """Return how an event of the case is named once it can be read."""
    return f"event at log position {POSITIONS[version - 1]} (case {CASE}, version {version})"


def unpacked(bundle: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(files: Mapping[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return written.getvalue()


def edited(data: bytes, **fields: object) -> bytes:
    return json.dumps(json.loads(data) | fields).encode()


@pytest.fixture
def files(installation: Installation) -> Files:
    """The files of the case's bundle."""
    return unpacked(installation.bundle(CASE))


Check = Callable[..., tuple[int, list[tuple[Kind, str]]]]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Check the bytes of a bundle; return the exit code, and the findings' kinds and places."""

    def check(
        data: bytes | Files,
        key: PublicKey | None = None,
        kept: bytes | None = None,
        proof: Consistency | None = None,
    ) -> tuple[int, list[tuple[Kind, str]]]:
        path = tmp_path / "bundle.zip"
        path.write_bytes(data if isinstance(data, bytes) else packed(data))
        result = check_bundle(path, Outside(key, kept, proof))
        code = verify.exit_code(result.findings)
        return code, [(finding.kind, finding.place) for finding in result.findings]

    return check


# verify.py by itself


def run(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run verify.py from an empty folder, apart from everything of ours and from the user's."""
    (folder / "verify.py").write_bytes(Path(verify.__file__).read_bytes())
    return subprocess.run(
        [sys.executable, "-I", "verify.py", *map(str, arguments)],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONIOENCODING": "ascii", "COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_verifier_alone_says_what_it_needs(auditor: Path) -> None:
    (auditor / "verify.py").write_bytes(Path(verify.__file__).read_bytes())
    done = subprocess.run(
        # Without its site, Python finds no package that was installed.
        [sys.executable, "-I", "-S", "verify.py", "bundle.zip"],
        cwd=auditor,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == INCOMPLETE
    assert done.stderr == (
        "verify.py needs Python 3.11 or newer and its package cryptography. "
        "Install it with: pip install cryptography\n"
    )


@pytest.fixture
def auditor(tmp_path: Path) -> Path:
    """An auditor's empty folder."""
    folder = tmp_path / "auditor"
    folder.mkdir()
    return folder


def test_the_verifier_alone_finds_a_bundle_intact(
    installation: Installation, auditor: Path
) -> None:
    (auditor / "bundle.zip").write_bytes(installation.bundle(CASE, since=[8]))
    (auditor / "kept.txt").write_bytes(installation.folder.files()[0].read_bytes())
    key = str(installation.folder.key())
    done = run(auditor, "bundle.zip", "--key", key, "--checkpoint", "kept.txt")
    assert (done.returncode, done.stderr) == (INTACT, "")
    assert done.stdout.splitlines() == [
        f"Case {CASE}: 5 events, the last is version 5.",
        "The checkpoint vouches for 20 events of the whole log.",
        "The log continues the checkpoint of 8 events you kept.",
        "Events recorded after the last version in the bundle are not in it.",
        "INTACT: every event in the bundle is as it was recorded.",
    ]


def test_the_verifier_in_the_bundle_is_the_verifier(files: Files, auditor: Path) -> None:
    assert files["verify.py"] == Path(verify.__file__).read_bytes()


def test_the_verifier_alone_says_what_nothing_from_outside_vouches_for(
    installation: Installation, auditor: Path
) -> None:
    (auditor / "bundle.zip").write_bytes(installation.bundle(CASE, history=b"[]"))
    done = run(auditor, "bundle.zip")
    assert done.returncode == INTACT
    assert f"Compare it with the one you were given: {installation.folder.key()}" in done.stdout
    assert "No kept checkpoint was given" in done.stdout
    assert "history.json is a reading aid" in done.stdout


def test_the_verifier_alone_names_the_place_of_a_change(files: Files, auditor: Path) -> None:
    files["events/000003.json"] = files["events/000003.json"].replace(b"rang", b"came")
    (auditor / "bundle.zip").write_bytes(packed(files))
    done = run(auditor, "bundle.zip")
    assert (done.returncode, done.stderr) == (TAMPERED, "")
    assert done.stdout.splitlines()[0] == (
        f"CHANGED {place(3)}: the checkpoint does not vouch for this event"
    )
    assert done.stdout.splitlines()[-1] == "TAMPERED: see above for the place."


def test_the_verifier_alone_names_what_is_missing(files: Files, auditor: Path) -> None:
    del files["events/000003.json"], files["proofs/000003.json"]
    (auditor / "bundle.zip").write_bytes(packed(files))
    done = run(auditor, "bundle.zip")
    assert (done.returncode, done.stderr) == (INCOMPLETE, "")
    assert done.stdout.splitlines()[0] == (
        f"ABSENT version 3 of case {CASE}: missing from the bundle"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("missing.zip",),
        ("bundle.zip", "--key", "missing.txt"),
        ("bundle.zip", "--key", "a+00000000+bbbb"),
        ("bundle.zip", "--key", "x" * 5000),
        ("bundle.zip", "--checkpoint", "missing.txt"),
        ("bundle.zip", "--checkpoint", "/dev/zero"),
        ("bundle.zip", "--proof", "bundle.zip"),
        ("/dev/zero",),
        (".",),
        ("bundle.zip\x1b[2J",),
        ("bundle.zip", "another.zip"),
        (),
    ],
)
def test_the_verifier_alone_is_incomplete_without_a_traceback_when_it_is_called_wrongly(
    installation: Installation, auditor: Path, arguments: tuple[str, ...]
) -> None:
    (auditor / "bundle.zip").write_bytes(installation.bundle(CASE))
    done = run(auditor, *arguments)
    assert done.returncode == INCOMPLETE
    assert "Traceback" not in done.stdout + done.stderr
    assert "\x1b" not in done.stdout


def test_a_bundle_reads_the_same_in_a_program_of_its_own_and_in_ours(
    installation: Installation, auditor: Path
) -> None:
    path = auditor / "bundle.zip"
    path.write_bytes(installation.bundle(CASE))
    result = check_bundle(path, Outside())
    assert run(auditor, "bundle.zip").stdout.splitlines()[:-1] == result.notes


# what is in a bundle


def test_the_same_case_at_the_same_checkpoint_gives_the_same_bytes(
    installation: Installation,
) -> None:
    first = installation.bundle(CASE, since=[8], history=b"[]")
    assert installation.bundle(CASE, since=[8], history=b"[]") == first


def test_events_lie_in_a_bundle_byte_for_byte(installation: Installation, files: Files) -> None:
    for event in installation.stored(CASE):
        assert files[f"events/{event.version:06d}.json"] == event.state


def test_a_bundle_carries_a_proof_for_every_size_asked_for_that_can_have_one(
    installation: Installation,
) -> None:
    files = unpacked(installation.bundle(CASE, since=[0, 5, 8, 20, 21, -1]))
    assert [name for name in files if name.startswith("consistency/")] == [
        "consistency/5.json",
        "consistency/8.json",
    ]


def test_the_first_versions_of_a_case_make_a_bundle_too(
    installation: Installation, check: Check
) -> None:
    installation.record(CASE)
    with pytest.raises(NotYetCovered) as refused:
        installation.bundle(CASE)
    assert refused.value.position == 21
    installation.catch_up()
    assert check(installation.bundle(CASE)) == (INTACT, [])


def test_no_bundle_is_made_before_the_first_checkpoint(empty: Installation) -> None:
    empty.record(CASE)
    with pytest.raises(NotYetCovered):
        empty.bundle(CASE)


def test_no_bundle_is_made_of_an_event_put_in_behind_the_sequencer(
    installation: Installation,
) -> None:
    with installation.tampering() as attacker:
        attacker.execute("UPDATE sqlite_sequence SET seq = 30")
    installation.record(CASES[0])
    installation.catch_up()
    with installation.tampering() as attacker:
        attacker.execute(
            "INSERT INTO stored_events VALUES (25, ?, 6, 'incidents.note_added', ?)",
            (CASE.hex, installation.state(25)),
        )
    with pytest.raises(EvidenceAlarm, match="behind the sequencer"):
        installation.bundle(CASE)


def test_a_bundle_larger_than_a_verifier_reads_is_refused(installation: Installation) -> None:
    with pytest.raises(BundleTooLarge):
        installation.bundle(CASE, history=bytes(MAX_BUNDLE))


# tampering


def changed(name: str, old: bytes, new: bytes) -> Callable[[Files], None]:
    def change(files: Files) -> None:
        assert old in files[name]
        files[name] = files[name].replace(old, new)

    return change


def field(name: str, **fields: object) -> Callable[[Files], None]:
    def change(files: Files) -> None:
        files[name] = edited(files[name], **fields)

    return change


def swap(files: Files) -> None:
    second, third = (f"events/00000{n}.json" for n in (2, 3))
    files[second], files[third] = files[third], files[second]


def renumber(files: Files) -> None:
    """Take version 3 out and move the later ones up."""
    for folder in ("events", "proofs"):
        for version in (3, 4):
            files[f"{folder}/{version:06d}.json"] = files[f"{folder}/{version + 1:06d}.json"]
        del files[f"{folder}/000005.json"]
    for version in (3, 4):
        field(f"proofs/{version:06d}.json", version=version)(files)
    field("bundle.json", last_version=4)(files)


@pytest.mark.parametrize(
    ("tamper", "where"),
    [
        (changed("events/000004.json", b"rang", b"came"), place(4)),
        (changed("events/000004.json", b"hillviewprimary", b"otherviewprimar"), place(4)),
        (field("proofs/000002.json", topic="incidents.case_closed"), place(2)),
        (field("proofs/000002.json", index=4), place(2)),
        (field("proofs/000002.json", proof=[]), place(2)),
        (field("proofs/000001.json", previous=verify.b64(b"x" * 32)), place(1)),
        (field("proofs/000002.json", previous=verify.b64(b"x" * 32)), place(2)),
        (field("proofs/000002.json", version=3), f"version 2 of case {CASE}"),
        (field("proofs/000002.json", proof="none"), f"version 2 of case {CASE}"),
        (field("proofs/000002.json", index=-1), f"version 2 of case {CASE}"),
        (field("proofs/000002.json", index=True), f"version 2 of case {CASE}"),
        (field("proofs/000002.json", position=2**63), f"version 2 of case {CASE}"),
        (field("proofs/000002.json", topic=None), f"version 2 of case {CASE}"),
        (swap, place(2)),
        (renumber, f"case {CASE}, version 3"),
        (field("bundle.json", case=str(CASES[2])), f"case {CASES[2]}, version 1"),
        (changed("checkpoint.txt", b"\n20\n", b"\n21\n"), "checkpoint.txt of the bundle"),
        (lambda files: files.update({"events/000006.json": b"{}"}), f"version 6 of case {CASE}"),
        (
            lambda files: files.update({"events/000002.json": b"[]," * 3_000_000}),
            f"version 2 of case {CASE}",
        ),
        (lambda files: files.update({"more.txt": b""}), "file more.txt of the bundle"),
        (lambda files: files.update({"../../etc/x": b""}), "file ../../etc/x of the bundle"),
        (lambda files: files.update({"/events/000001.json": b""}), "file /events/000001.json"),
        (
            lambda files: files.update({"events/000001.json": b"[" * 99}),
            f"version 1 of case {CASE}",
        ),
    ],
)
def test_a_tampered_bundle_is_found_at_its_place(
    files: Files, check: Check, tamper: Callable[[Files], None], where: str
) -> None:
    tamper(files)
    code, found = check(files)
    assert code == (TAMPERED if "version 6" not in where else INCOMPLETE)
    assert any(where in at for _, at in found)


@pytest.mark.parametrize("version", range(1, 6))
def test_every_missing_version_is_incomplete_and_named(
    files: Files, check: Check, version: int
) -> None:
    del files[f"events/{version:06d}.json"], files[f"proofs/{version:06d}.json"]
    assert check(files) == (INCOMPLETE, [(Kind.ABSENT, f"version {version} of case {CASE}")])


def test_a_run_of_missing_versions_is_named_once(files: Files, check: Check) -> None:
    for version in (2, 3, 4):
        del files[f"events/{version:06d}.json"], files[f"proofs/{version:06d}.json"]
    assert check(files) == (INCOMPLETE, [(Kind.ABSENT, f"versions 2 to 4 of case {CASE}")])


@pytest.mark.parametrize("name", ["events/000002.json", "proofs/000002.json"])
def test_half_an_event_is_incomplete_and_named(files: Files, check: Check, name: str) -> None:
    del files[name]
    assert check(files) == (INCOMPLETE, [(Kind.ABSENT, f"version 2 of case {CASE}")])


@pytest.mark.parametrize("name", ["README.txt", "verify.py", "checkpoint.txt"])
def test_a_missing_paper_is_incomplete_and_named(files: Files, check: Check, name: str) -> None:
    del files[name]
    assert check(files) == (INCOMPLETE, [(Kind.ABSENT, f"file {name} of the bundle")])


@pytest.mark.parametrize("name", ["bundle.json", "key.txt"])
def test_a_bundle_without_its_header_or_key_cannot_be_read(
    files: Files, check: Check, name: str
) -> None:
    del files[name]
    assert check(files)[0] == INCOMPLETE


# the key and the checkpoint from outside


def forged(installation: Installation, files: Files, tmp_path: Path) -> Files:
    """Sign the bundle's checkpoint anew with another key in the log's name."""
    stranger = SigningKey.load_or_create(tmp_path / "stranger.key", LOG_NAME)
    latest = installation.folder.latest()
    assert latest is not None
    return files | {
        "key.txt": str(stranger.public).encode(),
        "checkpoint.txt": stranger.sign(latest.checkpoint),
    }


def test_a_bundle_signed_with_another_key_is_found_by_the_key_you_were_given(
    installation: Installation, files: Files, check: Check, tmp_path: Path
) -> None:
    bundle = forged(installation, files, tmp_path)
    assert check(bundle) == (INTACT, []), "it agrees with itself"
    assert check(bundle, key=installation.folder.key()) == (
        TAMPERED,
        [(Kind.FORGED, "checkpoint.txt of the bundle")],
    )


def test_a_bundle_signed_with_another_key_is_found_by_the_checkpoint_you_kept(
    installation: Installation, files: Files, check: Check, tmp_path: Path
) -> None:
    kept = installation.folder.files()[0].read_bytes()
    bundle = forged(installation, files, tmp_path)
    assert check(bundle, kept=kept) == (TAMPERED, [(Kind.FORGED, "the checkpoint you kept")])


def rewritten(installation: Installation) -> Installation:
    """Let somebody who holds the key change an event of another case and make everything anew."""
    with installation.tampering() as attacker:
        attacker.execute("UPDATE stored_events SET topic = 'incidents.case_closed' WHERE id = 3")
    installation.forget_evidence()
    for path in [*installation.folder.files(), installation.folder.directory / "latest.txt"]:
        path.unlink()
    installation.catch_up()
    return installation


@pytest.mark.parametrize("size", [8, 20])
def test_history_rewritten_by_who_holds_the_key_is_found_by_the_checkpoint_you_kept(
    installation: Installation, check: Check, size: int
) -> None:
    kept = (installation.folder.directory / f"{size}.txt").read_bytes()
    bundle = rewritten(installation).bundle(CASE, since=[8])
    assert check(bundle) == (INTACT, []), "nothing inside can tell"
    assert check(bundle, kept=kept) == (
        TAMPERED,
        [(Kind.CHANGED, f"the first {size} events of the log")],
    )


def test_a_bundle_older_than_the_checkpoint_you_kept_needs_a_proof_of_its_own(
    installation: Installation, files: Files, check: Check
) -> None:
    installation.record(*CASES)
    installation.catch_up()
    kept = installation.folder.files()[-1].read_bytes()
    assert check(files, kept=kept) == (INCOMPLETE, [(Kind.ABSENT, "the checkpoint you kept")])
    proof = msgspec.json.encode(prove_consistency(installation.tree(), 20, 24))
    assert check(files, kept=kept, proof=Consistency.parse(proof)) == (INTACT, [])


def test_a_bundle_without_the_proof_from_your_checkpoint_says_how_to_get_it(
    installation: Installation, check: Check
) -> None:
    kept = installation.folder.files()[0].read_bytes()
    assert check(installation.bundle(CASE), kept=kept)[0] == INCOMPLETE
    assert check(installation.bundle(CASE, since=[8]), kept=kept) == (INTACT, [])


def test_a_false_proof_from_your_checkpoint_is_found(
    installation: Installation, check: Check
) -> None:
    kept = installation.folder.files()[0].read_bytes()
    files = unpacked(installation.bundle(CASE, since=[8]))
    proof = json.loads(files["consistency/8.json"])["proof"]
    field("consistency/8.json", proof=proof[::-1])(files)
    assert check(files, kept=kept)[0] == TAMPERED


# archives made to do harm


def test_a_bundle_that_was_packed_again_is_refused_with_the_remedy(
    files: Files, tmp_path: Path
) -> None:
    path = tmp_path / "bundle.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    result = check_bundle(path, Outside())
    assert str(result.findings[0]).endswith("check it as it was downloaded")
    assert verify.exit_code(result.findings) == INCOMPLETE


def with_twice(files: Files) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, data in [*files.items(), ("events/000001.json", b"{}")]:
            if name in archive.namelist():
                with pytest.warns(UserWarning, match="Duplicate name"):
                    archive.writestr(name, data)
            else:
                archive.writestr(name, data)
    return written.getvalue()


def test_a_file_that_is_there_twice_is_found(files: Files, check: Check) -> None:
    code, found = check(with_twice(files))
    assert (code, found) == (
        TAMPERED,
        [(Kind.INSERTED, "file events/000001.json of the bundle")],
    )


def overlapping(files: Files) -> bytes:
    """Let every file of the directory point at the same large one, and claim its size."""
    large = bytes(200_000)
    data = bytearray(
        packed({f"events/{n:06d}.json": large if n == 1 else b"" for n in range(1, 9)})
    )
    first = data.index(b"PK\x01\x02")
    entry, at = data[first : data.index(b"PK\x01\x02", first + 1)], first
    while (at := data.find(b"PK\x01\x02", at)) >= 0 and at + len(entry) <= len(data):
        data[at + 16 : at + 28], data[at + 42 : at + 46] = entry[16:28], entry[42:46]
        at += len(entry)
    return bytes(data)


def of_too_many_files(files: Files) -> bytes:
    return packed({f"events/{n:06d}.json": b"" for n in range(verify.MAX_FILES + 1)})


def with_a_directory_that_is_too_large(files: Files) -> bytes:
    return packed({f"events/{n:06d}.json/{'x' * 60_000}": b"" for n in range(60)})


def in_64_bits(files: Files) -> bytes:
    data = packed(files)
    return data[:-22] + b"PK\x06\x07" + bytes(16) + data[-22:]


def larger_than_a_bundle(files: Files) -> bytes:
    return packed(files | {"history.json": bytes(MAX_BUNDLE)})


@pytest.mark.parametrize(
    "made",
    [
        overlapping,
        of_too_many_files,
        with_a_directory_that_is_too_large,
        in_64_bits,
        larger_than_a_bundle,
        lambda files: b"",
        lambda files: b"PK",
        lambda files: b"PK\x05\x06" + bytes(18),
        lambda files: packed(files)[:-1],
        lambda files: packed(files) + b"more",
        lambda files: packed(files | {"key.txt": bytes(100_000)}),
        lambda files: packed(files | {"bundle.json": bytes(100_000)}),
        lambda files: packed(files | {"bundle.json": b"[" * 50_000}),
        lambda files: packed(files | {"bundle.json": b'{"format":"caseward-bundle-2"}'}),
        lambda files: packed(
            files | {"bundle.json": edited(files["bundle.json"], last_version=10**9)}
        ),
        lambda files: packed(files | {"bundle.json": edited(files["bundle.json"], case="x")}),
    ],
)
def test_an_archive_made_to_do_harm_is_not_read(
    files: Files, check: Check, made: Callable[[Files], bytes]
) -> None:
    code, found = check(made(files))
    assert code == INCOMPLETE
    assert {kind for kind, _ in found} <= {Kind.UNREADABLE, Kind.ABSENT}


@given(st.data())
@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_damage_to_a_bundle_crashes_the_check_or_passes_for_intact(
    files: Files, check: Check, data: st.DataObject
) -> None:
    whole = packed(files)
    directory = whole.index(b"PK\x01\x02")
    changes = data.draw(
        st.lists(
            st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255))
            | st.tuples(st.integers(directory, len(whole) - 1), st.integers(0, 255)),
            min_size=1,
            max_size=6,
        )
    )
    damaged = bytearray(whole)
    for at, value in changes:
        damaged[at] = value
    code, _ = check(bytes(damaged[: data.draw(st.integers(0, len(whole)))] or damaged))
    if code == INTACT:
        # Only what is not read may differ: dates, attributes and versions of the archive.
        assert unpacked(bytes(damaged)) == files


# proofs for whoever holds a receipt


def test_a_receipt_is_enough_to_have_its_event_proved(installation: Installation) -> None:
    latest = installation.folder.latest()
    assert latest is not None
    for event in installation.log(0, 500):
        given_ = prove_inclusion(installation.tree(), event, latest.checkpoint.size)
        assert given_.state_sha256 == sha256(event.state).hexdigest()
        leaf = verify.Leaf(
            position=given_.event.position,
            school=given_.school,
            stream=given_.stream,
            version=given_.event.version,
            topic=given_.event.topic,
            recorded_at=given_.recorded_at,
            previous=verify.unb64(given_.event.previous, "previous"),
            state_hash=bytes.fromhex(given_.state_sha256),
        )
        proof = tuple(verify.unb64(each, "proof") for each in given_.event.proof)
        assert verify.b64(leaf.hash()) == given_.leaf_hash
        assert verify.includes(
            given_.event.index, given_.size, leaf.hash(), proof, latest.checkpoint.root
        )


@pytest.mark.parametrize("size", [0, 9])
def test_an_event_after_the_checkpoint_is_not_yet_covered(
    installation: Installation, size: int
) -> None:
    event = installation.log(9, 1)[0]
    with pytest.raises(NotYetCovered, match="log position 10 yet"):
        prove_inclusion(installation.tree(), event, size)


@pytest.mark.parametrize("state", [b"", b"{}"])
def test_no_proof_is_given_for_an_event_that_was_changed(
    installation: Installation, state: bytes
) -> None:
    event = installation.log(9, 1)[0]
    state = state or event.state + b" "
    changed_event = Stored(event.position, event.stream, event.version, event.topic, state)
    with pytest.raises(EvidenceAlarm, match="log position 10 "):
        prove_inclusion(installation.tree(), changed_event, 20)


def test_a_flipped_bit_of_any_event_in_a_bundle_is_found(files: Files, check: Check) -> None:
    name = "events/000002.json"
    whole = files[name]
    for at in range(0, len(whole), 17):
        code, found = check(files | {name: flip(whole, at, at % 8)})
        assert code == TAMPERED
        assert any(where in {place(2), f"version 2 of case {CASE}"} for _, where in found)
