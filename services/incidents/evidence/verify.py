"""Check a Caseward case bundle offline, trusting nobody but the key you were given.

    python verify.py bundle.zip
    python verify.py bundle.zip --key key.txt --checkpoint kept.txt

`--key` is the log's public key as you received it from somebody you trust (a file, or the text
itself). `--checkpoint` is a checkpoint you kept from an earlier visit: with it, history that was
rewritten since, even by somebody who holds the signing key, is found. Without either, the check
says whether the bundle agrees with itself. Exit code: 0 intact, 1 tampered with, 2 incomplete or
not readable; every finding names its place.

This file runs alone: it needs Python 3.11 and the package `cryptography`, and nothing else of
Caseward. It is also where every format of the evidence stands, once: leaves, hashes, proofs,
checkpoints, bundles. That is why it is longer than a file of ours should be.

Sources: RFC 9162 section 2.1 (Merkle trees and proofs; the same as RFC 6962),
c2sp.org/signed-note, c2sp.org/tlog-checkpoint, RFC 8032 (Ed25519).
"""

import argparse
import base64
import binascii
import io
import json
import re
import struct
import sys
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final
from uuid import UUID

try:
    from enum import StrEnum

    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:
    if __name__ != "__main__":
        raise
    sys.stderr.write(
        "verify.py needs Python 3.11 or newer and its package cryptography. "
        "Install it with: pip install cryptography\n"
    )
    sys.exit(2)

# ---------------------------------------------------------------------------- findings

INTACT: Final = 0
TAMPERED: Final = 1
INCOMPLETE: Final = 2


class Malformed(ValueError):
    """An input is not of the form it must have. The text says what is wrong with it."""


class Missing(Malformed):
    """An input that must be there is not."""


class Kind(StrEnum):
    """What can be wrong. The first five mean tampering, the other two that nobody can tell."""

    CHANGED = "changed"
    DELETED = "deleted"
    INSERTED = "inserted"
    REORDERED = "reordered"
    FORGED = "forged"
    ABSENT = "absent"
    UNREADABLE = "unreadable"


TAMPERING: Final = frozenset(
    {Kind.CHANGED, Kind.DELETED, Kind.INSERTED, Kind.REORDERED, Kind.FORGED}
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: its kind, the place, and what was seen there. No personal data."""

    kind: Kind
    place: str
    what: str

    def __str__(self) -> str:
        return f"{self.kind.upper()} {self.place}: {self.what}"


def exit_code(findings: Iterable[Finding]) -> int:
    """Return 0 for no finding, 1 if any means tampering, else 2."""
    kinds = {finding.kind for finding in findings}
    if kinds & TAMPERING:
        return TAMPERED
    return INCOMPLETE if kinds else INTACT


def plain(text: object) -> str:
    """Return `text` short and in printable ASCII: it may come from somebody hostile."""
    shown = ascii(str(text))[1:-1]
    return shown if len(shown) <= 100 else shown[:97] + "..."


# ---------------------------------------------------------------------------- leaves

HASH_SIZE: Final = 32
LEAF_VERSION: Final = 1
FIRST_VERSION: Final = 1
NO_PREVIOUS: Final = bytes(HASH_SIZE)
"""Stands for the previous leaf in the first leaf of a stream."""
LARGEST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """What the tree says about one event. `previous` is the hash of the stream's leaf before it."""

    position: int
    school: str
    stream: UUID
    version: int
    topic: str
    recorded_at: str
    previous: bytes
    state_hash: bytes

    def encode(self) -> bytes:
        """Return the leaf's bytes: one version byte, then every field after its 4-byte length.

        Order: position in the log (8 bytes), school, stream (16 bytes), version (8 bytes), topic,
        recorded_at (the stored text), previous leaf hash, SHA-256 of the stored bytes. Numbers are
        big-endian, texts UTF-8.
        """
        fields = (
            self.position.to_bytes(8, "big"),
            self.school.encode(),
            self.stream.bytes,
            self.version.to_bytes(8, "big"),
            self.topic.encode(),
            self.recorded_at.encode(),
            self.previous,
            self.state_hash,
        )
        return bytes([LEAF_VERSION]) + b"".join(
            len(value).to_bytes(4, "big") + value for value in fields
        )

    def hash(self) -> bytes:
        """Return the leaf hash of RFC 9162."""
        return leaf_hash(self.encode())


def leaf_of(
    *, position: int, stream: UUID, version: int, topic: str, state: bytes, previous: bytes
) -> Leaf:
    """Return the leaf of a stored event. Raises Malformed if it is not one."""
    if not 0 < position <= LARGEST:
        raise Malformed("its position in the log is not a positive number")
    if not FIRST_VERSION <= version <= LARGEST:
        raise Malformed("its version is not a positive number")
    school, recorded_at = _envelope(state)
    _utf8(topic, "its topic")
    return Leaf(
        position=position,
        school=school,
        stream=stream,
        version=version,
        topic=topic,
        recorded_at=recorded_at,
        previous=previous,
        state_hash=sha256(state).digest(),
    )


def _envelope(state: bytes) -> tuple[str, str]:
    stored = read_object(state, "the stored bytes")
    school, recorded_at = stored.get("school"), stored.get("recorded_at")
    if not isinstance(school, str) or not isinstance(recorded_at, str):
        raise Malformed("the stored bytes name no school or no time of recording")
    _utf8(school, "its school")
    _utf8(recorded_at, "its time of recording")
    return school, recorded_at


def _utf8(text: str, name: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Malformed(f"{name} is not text") from None


def read_object(data: bytes, name: str) -> Mapping[str, object]:
    """Return a JSON object. Raises Malformed for anything else, however deep or odd."""
    try:
        value = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        raise Malformed(f"{name} cannot be read as JSON") from None
    if not isinstance(value, dict):
        raise Malformed(f"{name} is not a JSON object")
    return value


def event_place(position: int, stream: UUID, version: int, word: str = "record") -> str:
    """Return how a finding names an event."""
    return f"event at log position {position} ({word} {stream}, version {version})"


# ---------------------------------------------------------------------------- the tree

EMPTY_ROOT: Final = sha256(b"").digest()
MAX_PROOF: Final = 63


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf (RFC 9162, 2.1.1)."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node (RFC 9162, 2.1.1)."""
    return sha256(b"\x01" + left + right).digest()


def includes(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> bool:
    """Tell whether `proof` shows leaf hash `leaf` at `index` of the tree (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size <= LARGEST or not _are_hashes([leaf, root, *proof]):
        return False
    at, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(sibling, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def extends(
    first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Tell whether `proof` shows the second tree to only add to the first (RFC 9162, 2.1.4.2)."""
    if not 0 <= first <= second <= LARGEST or not _are_hashes([first_root, second_root, *proof]):
        return False
    if first == second:
        return not proof and first_root == second_root
    if first == 0:
        return not proof and first_root == EMPTY_ROOT
    path = list(proof) if first & (first - 1) else [first_root, *proof]
    if not path:
        return False
    return _roots_of_path(first - 1, second - 1, path) == (first_root, second_root)


def _roots_of_path(at: int, last: int, path: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = path[0]
    for node in path[1:]:
        if last == 0:
            return None
        if at & 1 or at == last:
            old, new = node_hash(node, old), node_hash(node, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, node)
        at, last = at >> 1, last >> 1
    return (old, new) if last == 0 else None


def _are_hashes(values: Sequence[bytes]) -> bool:
    return len(values) <= MAX_PROOF + 3 and all(len(value) == HASH_SIZE for value in values)


# ---------------------------------------------------------------------------- checkpoints

ED25519: Final = b"\x01"
MAX_NOTE: Final = 256 * 1024
MAX_SIGNATURES: Final = 100
SIGNATURE_LINE: Final = "— "


def b64(data: bytes) -> str:
    """Return standard base64."""
    return base64.b64encode(data).decode()


def unb64(text: object, name: str, size: int | None = None) -> bytes:
    """Return the bytes of canonical base64, `size` of them if given. Raises Malformed."""
    try:
        data = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (ValueError, binascii.Error):
        data = b""
    if not data or b64(data) != text or size not in (None, len(data)):
        raise Malformed(f"{name} is not base64" + (f" of {size} bytes" if size else ""))
    return data


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The key a log signs with: the log's name and 32 bytes of Ed25519."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        """The four bytes that name this key in a signature line."""
        return sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{b64(ED25519 + self.public)}"

    @classmethod
    def parse(cls, text: str) -> "PublicKey":
        """Read `name+id+base64`, the form of golang.org/x/mod/sumdb/note. Raises Malformed."""
        parts = text.strip().split("+", 2)
        if len(parts) != 3 or not is_key_name(parts[0]):
            raise Malformed("the key is not of the form name+id+base64")
        data = unb64(parts[2], "the key", 33)
        key = cls(parts[0], data[1:])
        if data[:1] != ED25519 or key.id.hex() != parts[1]:
            raise Malformed("the key is not an Ed25519 key, or a character of it was lost")
        return key

    def signed(self, text: bytes, signature: bytes) -> bool:
        """Tell whether `signature` is this key's over `text`."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text)
        except (InvalidSignature, ValueError):
            return False
        return True


def is_key_name(name: str) -> bool:
    """Tell whether `name` may name a key: not empty, no plus, no space, nothing invisible."""
    return bool(name) and not any(
        c == "+" or c.isspace() or unicodedata.category(c).startswith("C") for c in name
    )


@dataclass(frozen=True, slots=True)
class Note:
    """A signed note: its text, with the final newline, and its signatures as (name, id, bytes)."""

    text: str
    signatures: tuple[tuple[str, bytes, bytes], ...]

    @classmethod
    def parse(cls, data: bytes) -> "Note":
        """Read a note without believing it. Raises Malformed."""
        try:
            whole = data.decode("utf-8") if len(data) <= MAX_NOTE else ""
        except UnicodeDecodeError:
            whole = ""
        head, gap, tail = whole.rpartition("\n\n")
        lines = tail.split("\n")
        if not gap or lines.pop() != "" or not 0 < len(lines) <= MAX_SIGNATURES:
            raise Malformed("it is not a signed note")
        if any(c < " " and c != "\n" for c in whole):
            raise Malformed("it holds a control character")
        return cls(head + "\n", tuple(map(_signature, lines)))

    def signed_by(self, key: PublicKey) -> bool:
        """Tell whether `key` signed the note. Any false signature in its name spoils the note."""
        ours = [sig for name, id_, sig in self.signatures if (name, id_) == (key.name, key.id)]
        return bool(ours) and all(key.signed(self.text.encode(), sig) for sig in ours)


def _signature(line: str) -> tuple[str, bytes, bytes]:
    name, _, encoded = line.removeprefix(SIGNATURE_LINE).partition(" ")
    if not line.startswith(SIGNATURE_LINE) or not is_key_name(name):
        raise Malformed("one of its signature lines is not one")
    data = unb64(encoded, "one of its signatures")
    if len(data) < 5:
        raise Malformed("one of its signatures is too short")
    return name, data[:4], data[4:]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of a log at one size: its name, how many leaves, and their root hash."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """Return the text that is signed (c2sp.org/tlog-checkpoint)."""
        return f"{self.origin}\n{self.size}\n{b64(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Read the text of a note. Extension lines are allowed and ignored. Raises Malformed."""
        lines = text.split("\n")
        if len(lines) < 4 or not all(lines[:-1]):
            raise Malformed("it is not a checkpoint of three lines")
        if not re.fullmatch(r"0|[1-9][0-9]{0,18}", lines[1]) or int(lines[1]) > LARGEST:
            raise Malformed("its size is not a number")
        return cls(lines[0], int(lines[1]), unb64(lines[2], "its root hash", HASH_SIZE))


def read_checkpoint(data: bytes, key: PublicKey) -> Checkpoint:
    """Return what a signed checkpoint says. Raises Malformed unless `key` signed it as its log."""
    note = Note.parse(data)
    checkpoint = Checkpoint.parse(note.text)
    if not note.signed_by(key):
        raise Malformed(f"it is not signed by the key {plain(key)}")
    if checkpoint.origin != key.name:
        raise Malformed("it is a checkpoint of another log than its signature names")
    return checkpoint


@dataclass(frozen=True, slots=True)
class Consistency:
    """The proof that the log of size `second` only adds to the log of size `first`."""

    first: int
    second: int
    proof: tuple[bytes, ...]

    @classmethod
    def parse(cls, data: bytes) -> "Consistency":
        """Read `{"first", "second", "proof": [base64, …]}`. Raises Malformed."""
        value = read_object(data, "the consistency proof")
        return cls(_number(value, "first"), _number(value, "second"), _hashes(value.get("proof")))


def _number(value: Mapping[str, object], name: str) -> int:
    number = value.get(name)
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= LARGEST:
        raise Malformed(f"{name} is not a number")
    return number


def _hashes(value: object) -> tuple[bytes, ...]:
    if not isinstance(value, list) or len(value) > MAX_PROOF:
        raise Malformed("the proof is not a list of hashes")
    return tuple(unb64(item, "a hash of the proof", HASH_SIZE) for item in value)


# ---------------------------------------------------------------------------- bundles

BUNDLE_FORMAT: Final = "caseward-bundle-1"
HEADER, KEY, CHECKPOINT = "bundle.json", "key.txt", "checkpoint.txt"
README, VERIFIER, HISTORY = "README.txt", "verify.py", "history.json"
REQUIRED: Final = (README, HEADER, CHECKPOINT, KEY, VERIFIER)
EVENT_FILE: Final = re.compile(r"events/([0-9]{6})\.json")
PROOF_FILE: Final = re.compile(r"proofs/([0-9]{6})\.json")
CONSISTENCY_FILE: Final = re.compile(r"consistency/([0-9]{1,19})\.json")
MAX_BUNDLE: Final = 64 * 1024 * 1024
MAX_FILES: Final = 20_100
MAX_DIRECTORY: Final = MAX_FILES * 128
MAX_SMALL: Final = 64 * 1024
"""Every file but events, the history and this program."""
MAX_EVENT: Final = 8 * 1024 * 1024
NOT_A_BUNDLE: Final = "it is not a bundle as it was downloaded"
UNREADABLE_ARCHIVE: Final = (
    zipfile.BadZipFile,
    EOFError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
    struct.error,
)
"""What zipfile raises for archives that are not well made."""


def event_file(version: int) -> str:
    """Return the name of an event's stored bytes in a bundle."""
    return f"events/{version:06d}.json"


def proof_file(version: int) -> str:
    """Return the name of an event's proof in a bundle."""
    return f"proofs/{version:06d}.json"


def consistency_file(first: int) -> str:
    """Return the name of the proof that the bundle's checkpoint adds to the one of size `first`."""
    return f"consistency/{first}.json"


@dataclass(frozen=True, slots=True)
class Proof:
    """Where an event stands in the tree, and the proof of it."""

    index: int
    position: int
    version: int
    topic: str
    previous: bytes
    proof: tuple[bytes, ...]

    @classmethod
    def parse(cls, data: bytes) -> "Proof":
        """Read the JSON object of these six names, hashes in base64. Raises Malformed."""
        value = read_object(data, "the proof")
        topic = value.get("topic")
        if not isinstance(topic, str):
            raise Malformed("the proof names no topic")
        return cls(
            _number(value, "index"),
            _number(value, "position"),
            _number(value, "version"),
            topic,
            unb64(value.get("previous"), "the previous leaf", HASH_SIZE),
            _hashes(value.get("proof")),
        )


@dataclass(slots=True)
class Bundle:
    """The files of a bundle by name, and what was wrong with the archive itself."""

    files: dict[str, bytes] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def small(self, name: str, limit: int = MAX_SMALL) -> bytes:
        """Return a file that is never large. Raises Missing, or Malformed if it is."""
        if name not in self.files:
            raise Missing(f"{name} is missing from the bundle")
        data = self.files[name]
        if len(data) > limit:
            raise Malformed(f"{name} is too large")
        return data


def open_bundle(path: Path) -> Bundle:
    """Read an archive within bounds. Nothing is unpacked and no name in it is used as a path.

    A bundle is stored, not compressed, so that the same case gives the same bytes everywhere and
    nothing swells when it is read. Raises Malformed when it is no such archive.
    """
    data = read_file(path, MAX_BUNDLE)
    _check_directory(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _read_members(archive, len(data))
    except Malformed:
        raise
    except UNREADABLE_ARCHIVE:
        raise Malformed(NOT_A_BUNDLE) from None


def read_file(path: Path, limit: int) -> bytes:
    """Return the bytes of a regular file of at most `limit` bytes. Raises Malformed."""
    try:
        if not path.is_file():
            raise Missing(f"there is no file {plain(path)}")
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError:
        raise Malformed(f"the file {plain(path)} cannot be read") from None
    if len(data) > limit:
        raise Malformed(f"the file {plain(path)} is larger than {limit} bytes")
    return data


def _check_directory(data: bytes) -> None:
    """Refuse a directory that would be dear to read: zipfile reads all of it at once.

    The end record of a bundle has no comment and no 64-bit twin, so what stands here is what
    zipfile goes by.
    """
    end = data[-22:]
    if end[:4] != b"PK\x05\x06" or data[-42:-38] == b"PK\x06\x07":
        raise Malformed(NOT_A_BUNDLE)
    if int.from_bytes(end[12:16], "little") > MAX_DIRECTORY:
        raise Malformed("it holds too many files")


def _read_members(archive: zipfile.ZipFile, size: int) -> Bundle:
    bundle = Bundle()
    members = archive.infolist()
    if len(members) > MAX_FILES:
        raise Malformed("it holds too many files")
    if any(m.compress_type != zipfile.ZIP_STORED or m.flag_bits & 1 for m in members):
        raise Malformed("it was packed again; check it as it was downloaded")
    if sum(member.file_size for member in members) > size:
        raise Malformed("its files overlap, or are larger than the bundle itself")
    for member in members:
        place = f"file {plain(member.filename)} of the bundle"
        if member.filename in bundle.files:
            bundle.findings.append(Finding(Kind.INSERTED, place, "it is there twice"))
        elif not _belongs(member.filename):
            bundle.findings.append(Finding(Kind.INSERTED, place, "it is no part of a bundle"))
        else:
            _read_member(archive, member, place, bundle)
    return bundle


def _read_member(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, place: str, bundle: Bundle
) -> None:
    try:
        bundle.files[member.filename] = archive.read(member)
    except (zipfile.BadZipFile, EOFError):
        bundle.findings.append(Finding(Kind.CHANGED, place, "its checksum is wrong"))


def _belongs(name: str) -> bool:
    return name in (*REQUIRED, HISTORY) or any(
        pattern.fullmatch(name) for pattern in (EVENT_FILE, PROOF_FILE, CONSISTENCY_FILE)
    )


# ---------------------------------------------------------------------------- the check


@dataclass(slots=True)
class Result:
    """What a check found, and what it can tell apart from that."""

    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def found(self, kind: Kind, place: str, what: object) -> None:
        """Add a finding."""
        self.findings.append(Finding(kind, place, str(what)))


@dataclass(frozen=True, slots=True)
class Outside:
    """What the auditor brings: the key he trusts, a checkpoint he kept, a proof between the two."""

    key: PublicKey | None = None
    kept: bytes | None = None
    proof: Consistency | None = None


def check_bundle(path: Path, outside: Outside) -> Result:
    """Check everything a bundle claims. Never raises for anything that is in the file."""
    result = Result()
    try:
        bundle = open_bundle(path)
        result.findings += bundle.findings
        key = outside.key or PublicKey.parse(bundle.small(KEY).decode("utf-8", "replace"))
    except Malformed as error:
        result.found(Kind.UNREADABLE, "the bundle", error)
        return result
    checkpoint = _check_checkpoint(bundle, key, result)
    _check_events(bundle, checkpoint, result)
    if checkpoint and outside.kept is not None:
        _check_kept(bundle, checkpoint, key, outside, result)
    _say_what_is_not_proved(bundle, key, outside, result)
    return result


def _check_checkpoint(bundle: Bundle, key: PublicKey, result: Result) -> Checkpoint | None:
    place = f"{CHECKPOINT} of the bundle"
    for name in REQUIRED:
        if name not in bundle.files:
            result.found(Kind.ABSENT, f"file {name} of the bundle", "it is missing")
    if CHECKPOINT not in bundle.files:
        return None
    try:
        checkpoint = read_checkpoint(bundle.small(CHECKPOINT), key)
    except Malformed as error:
        result.found(Kind.FORGED, place, error)
        return None
    result.notes.append(f"The checkpoint vouches for {checkpoint.size} events of the whole log.")
    return checkpoint


def _check_events(bundle: Bundle, checkpoint: Checkpoint | None, result: Result) -> None:
    try:
        case, last = _header(bundle)
    except Malformed as error:
        result.found(Kind.UNREADABLE, f"{HEADER} of the bundle", error)
        return
    versions = sorted(set(_versions(bundle, EVENT_FILE)) | set(_versions(bundle, PROOF_FILE)))
    result.notes.insert(0, f"Case {case}: {len(versions)} events, the last is version {last}.")
    for gap in _gaps(versions, last):
        result.found(Kind.ABSENT, f"{gap} of case {case}", "missing from the bundle")
    before: tuple[int, int, bytes] = (FIRST_VERSION - 1, -1, NO_PREVIOUS)
    for version in versions:
        place = f"version {version} of case {case}"
        try:
            leaf, proof = _event(bundle, case, version)
        except Malformed as error:
            kind = Kind.ABSENT if isinstance(error, Missing) else Kind.CHANGED
            result.found(kind, place, error)
        else:
            _check_event(leaf, proof, before, checkpoint, result)
            before = (version, proof.index, leaf.hash())


def _check_event(
    leaf: Leaf,
    proof: Proof,
    before: tuple[int, int, bytes],
    checkpoint: Checkpoint | None,
    result: Result,
) -> None:
    """Check one event against the one `before` it (version, index, leaf hash) and the root."""
    place = event_place(leaf.position, leaf.stream, leaf.version, "case")
    version, index, previous = before
    if leaf.version == version + 1 and (leaf.previous != previous or proof.index <= index):
        result.found(Kind.REORDERED, place, "it does not follow on the event before it")
    if checkpoint and not includes(
        proof.index, checkpoint.size, leaf.hash(), proof.proof, checkpoint.root
    ):
        result.found(Kind.CHANGED, place, "the checkpoint does not vouch for this event")


def _header(bundle: Bundle) -> tuple[UUID, int]:
    header = read_object(bundle.small(HEADER), HEADER)
    if header.get("format") != BUNDLE_FORMAT:
        raise Malformed("it is of another format than this program knows")
    try:
        case = UUID(str(header.get("case")))
    except ValueError:
        raise Malformed("it names no case") from None
    last = _number(header, "last_version")
    if not 0 < last <= MAX_FILES:
        raise Malformed("its last version is out of bounds")
    return case, last


def _versions(bundle: Bundle, pattern: re.Pattern[str]) -> Iterator[int]:
    for name in bundle.files:
        if match := pattern.fullmatch(name):
            yield int(match[1])


def _gaps(versions: Sequence[int], last: int) -> Iterator[str]:
    """Name the runs of versions that should be there and are not."""
    before = FIRST_VERSION - 1
    for version in [*versions, last + 1]:
        if version - before == 2:
            yield f"version {before + 1}"
        elif version - before > 2:
            yield f"versions {before + 1} to {version - 1}"
        before = max(before, version)


def _event(bundle: Bundle, case: UUID, version: int) -> tuple[Leaf, Proof]:
    """Return an event's leaf and proof. Raises Missing when a file is, and Malformed."""
    state = bundle.small(event_file(version), MAX_EVENT)
    proof = Proof.parse(bundle.small(proof_file(version)))
    if proof.version != version:
        raise Malformed("its proof is of another version")
    leaf = leaf_of(
        position=proof.position,
        stream=case,
        version=version,
        topic=proof.topic,
        state=state,
        previous=proof.previous,
    )
    return leaf, proof


def _check_kept(
    bundle: Bundle, ours: Checkpoint, key: PublicKey, outside: Outside, result: Result
) -> None:
    """Compare the bundle's checkpoint with the one the auditor kept."""
    place = "the checkpoint you kept"
    try:
        kept = read_checkpoint(outside.kept or b"", key)
    except Malformed as error:
        result.found(Kind.FORGED, place, f"{error}: it and the bundle are not of one log")
        return
    old, new = sorted((kept, ours), key=lambda checkpoint: checkpoint.size)
    proof = _consistency(bundle, old, new, outside, result)
    if proof is None:
        result.found(
            Kind.ABSENT,
            place,
            f"no proof leads from {old.size} to {new.size} events; "
            f"ask for the bundle since {kept.size}, or give one with --proof",
        )
    elif not extends(old.size, new.size, old.root, new.root, proof):
        result.found(
            Kind.CHANGED,
            f"the first {old.size} events of the log",
            "the log does not continue the checkpoint you kept: history was rewritten",
        )
    else:
        result.notes.append(f"The log continues the checkpoint of {kept.size} events you kept.")


def _consistency(
    bundle: Bundle, old: Checkpoint, new: Checkpoint, outside: Outside, result: Result
) -> tuple[bytes, ...] | None:
    """Return the proof from `old` to `new`, from the auditor or from the bundle."""
    if old.size == new.size or old.size == 0:
        return ()
    offered = [outside.proof] if outside.proof else []
    name = consistency_file(old.size)
    if name in bundle.files:
        try:
            offered.append(Consistency.parse(bundle.small(name)))
        except Malformed as error:
            result.found(Kind.UNREADABLE, f"file {name} of the bundle", error)
    for claim in offered:
        if (claim.first, claim.second) == (old.size, new.size):
            return claim.proof
    return None


def _say_what_is_not_proved(
    bundle: Bundle, key: PublicKey, outside: Outside, result: Result
) -> None:
    if outside.key is None:
        result.notes.append(
            f"The key came with the bundle. Compare it with the one you were given: {plain(key)}"
        )
    if outside.kept is None:
        result.notes.append(
            "No kept checkpoint was given: whoever holds the signing key could have made all this."
        )
    if HISTORY in bundle.files:
        result.notes.append(
            f"{HISTORY} is a reading aid: its words were sealed, so no proof can cover them."
        )
    result.notes.append("Events recorded after the last version in the bundle are not in it.")


# ---------------------------------------------------------------------------- command line


def main(arguments: Sequence[str] | None = None) -> int:
    """Check one bundle, print what was found, and return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        outside = Outside(
            key=_key(options.key) if options.key else None,
            kept=_read_note(options.checkpoint) if options.checkpoint else None,
            proof=Consistency.parse(_read_note(options.proof)) if options.proof else None,
        )
    except Malformed as error:
        _say(f"INCOMPLETE: {plain(error)}")
        return INCOMPLETE
    result = check_bundle(Path(options.bundle), outside)
    for finding in result.findings:
        _say(plain_line(finding))
    for note in result.notes:
        _say(note)
    code = exit_code(result.findings)
    _say(VERDICTS[code])
    return code


VERDICTS: Final = {
    INTACT: "INTACT: every event in the bundle is as it was recorded.",
    TAMPERED: "TAMPERED: see above for the place.",
    INCOMPLETE: "INCOMPLETE: not everything could be checked; see above.",
}


def plain_line(finding: Finding) -> str:
    """Return a finding as one line of printable ASCII."""
    return ascii(str(finding))[1:-1]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="verify.py",
        description="Check a Caseward case bundle offline.",
        epilog="Exit code: 0 intact, 1 tampered with, 2 incomplete or not readable.",
    )
    parser.add_argument("bundle", help="the bundle as it was downloaded (a zip file)")
    parser.add_argument("--key", help="the log's public key: a file, or the text itself")
    parser.add_argument("--checkpoint", help="a checkpoint you kept earlier (a file)")
    parser.add_argument("--proof", help="a consistency proof between the two (a file)")
    return parser


def _key(text: str) -> PublicKey:
    if re.fullmatch(r"[^+]+\+[0-9a-f]{8}\+[^+].*", text):
        return PublicKey.parse(text)
    return PublicKey.parse(_read_note(text).decode("utf-8", "replace"))


def _read_note(name: str) -> bytes:
    return read_file(Path(name), MAX_NOTE)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
