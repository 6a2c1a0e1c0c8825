"""The check of a whole installation: is the log what its evidence, and every kept checkpoint, says?

Every stored event is read again, its leaf computed, the tree built anew, and its root compared
with every checkpoint there is. Events that no checkpoint vouches for yet are counted and said to
be so; they are no fault. Behind `python -m incidents verify`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from durable import Connection, DatabaseError, Place, Schema
from incidents.evidence.checkpoint import CheckpointFolder
from incidents.evidence.reconcile import Findings, Walk
from incidents.evidence.tree import TREE
from incidents.evidence.verify import (
    EMPTY_ROOT,
    INCOMPLETE,
    INTACT,
    MAX_NOTE,
    TAMPERED,
    TAMPERING,
    Checkpoint,
    Finding,
    Kind,
    Malformed,
    Note,
    PublicKey,
    plain,
    read_checkpoint,
    read_file,
)
from incidents.store.errors import StoreUnavailable
from incidents.store.tables import LOG

Check = Callable[[], Iterable[Finding]]
Progress = Callable[[int, int], None]

_TABLES: Final = {
    "stored_events": "id, originator_id, originator_version, topic, state",
    "leaves": "idx, position, stream, version, hash",
    "nodes": "level, idx, hash",
}
_EVERY: Final = 500
"""Events between two reports of progress."""


@dataclass(frozen=True, slots=True)
class Report:
    """What an audit found. `covered` events are vouched for by a checkpoint; the others not yet."""

    findings: tuple[Finding, ...]
    more: int
    events: int
    covered: int
    checkpoints: int
    exit_code: int

    @property
    def not_yet_covered(self) -> int:
        """Return how many events were recorded since the last checkpoint."""
        return max(0, self.events - self.covered)

    def lines(self) -> Iterator[str]:
        """Yield the report in plain English, the verdict last."""
        yield from map(str, self.findings)
        if self.more:
            yield f"... and {self.more} more."
        yield (
            f"{self.events} events, {self.covered} of them vouched for by {self.checkpoints} "
            "checkpoints."
        )
        if self.not_yet_covered and self.exit_code == INTACT:
            yield (
                f"{self.not_yet_covered} events are not yet covered by a checkpoint. They follow "
                "on each other as they should; only a checkpoint can vouch for them."
            )
        yield _VERDICTS[self.exit_code]


_VERDICTS: Final = {
    INTACT: "INTACT: the log is what its checkpoints say.",
    TAMPERED: "TAMPERED: keep copies of all files as they are, and see above for the place.",
    INCOMPLETE: "INCOMPLETE: not everything could be checked; see above.",
}


@dataclass(frozen=True, slots=True)
class _Kept:
    """A checkpoint as it was found, whether the log's key signed it or not."""

    place: str
    checkpoint: Checkpoint


def audit(
    place: Place,
    *,
    kept: Sequence[Path] = (),
    keys: Sequence[PublicKey] = (),
    checks: Iterable[Check] = (),
    progress: Progress = lambda done, total: None,
) -> Report:
    """Check the installation whose log, tree and checkpoints lie at `place`.

    `kept` are checkpoints from elsewhere, `keys` the public keys to believe (by default the one
    beside the checkpoints), `checks` further ones that add their findings, `progress` is told how
    many of how many events are done. It may run beside the programs it checks, and changes nothing.
    """
    findings = Findings()
    folder = CheckpointFolder(place.folder / "checkpoints")
    # Checkpoints first, then the tree, then the log: each can only be ahead of the one before.
    checkpoints = list(_read_checkpoints(folder, kept, keys, findings))
    sizes = {each.checkpoint.size for each in checkpoints}
    walk = Walk(sizes, findings, tree_name=place.name_of(TREE))
    _walk(place, walk, progress)
    covered = _compare(checkpoints, walk)
    _look_for_gaps(place, walk, checkpoints, covered)
    for check in checks:
        _take(check, findings)
    return Report(
        findings=tuple(findings.kept),
        more=findings.more,
        events=walk.events,
        covered=covered,
        checkpoints=len(checkpoints),
        exit_code=_exit_code(findings),
    )


def _take(check: Check, findings: Findings) -> None:
    try:
        for finding in check():
            findings.add(finding.kind, finding.place, finding.what)
    except Exception as error:
        # What it reads may make it stumble over anything. What was found before must still be told.
        what = f"it stopped before its end: {type(error).__name__}"
        findings.add(Kind.UNREADABLE, "a further check", what)


def _exit_code(findings: Findings) -> int:
    if findings.kinds & TAMPERING:
        return TAMPERED
    return INCOMPLETE if findings.kinds else INTACT


def _walk(place: Place, walk: Walk, progress: Progress) -> None:
    try:
        with ExitStack() as stack:
            evidence = _open(stack, place, TREE, ("leaves", "nodes"), walk.findings)
            leaves = _count(evidence, "SELECT count(*) FROM leaves")
            log = _open(stack, place, LOG, ("stored_events",), walk.findings)
            total = max(leaves, _count(log, "SELECT count(*) FROM stored_events"))

            def tell(done: int) -> None:
                if done % _EVERY == 0 or done == total:
                    progress(done, total)

            if log:
                walk.go(log, evidence, tell)
    except StoreUnavailable as error:
        where = f"the log after position {walk.reached}"
        walk.findings.add(Kind.UNREADABLE, where, error)


def _open(
    stack: ExitStack, place: Place, schema: Schema, tables: Sequence[str], findings: Findings
) -> Connection | None:
    """Return a snapshot of a database for as long as `stack` lives, or None if it is unusable."""
    if place.in_files and not (place.folder / f"{schema.name}.db").is_file():
        # Before the first event neither file needs to be there; afterwards `_look_for_gaps` asks.
        return None
    name = place.name_of(schema)
    try:
        database = place.open(schema, read_only=True)
        stack.callback(database.close)
        connection = stack.enter_context(database.snapshot())
        missing = [each for each in tables if not _has(connection, each)]
        damage = _damage(connection)
    except Exception as error:
        # A damaged file makes SQLite, and Python's reading of its messages, raise almost anything.
        # Nothing of it may end an audit before the rest was looked at.
        findings.add(Kind.UNREADABLE, name, plain(error))
        return None
    if missing:
        findings.add(Kind.UNREADABLE, name, f"the table {missing[0]} is not there")
        return None
    if damage is not None:
        findings.add(Kind.CHANGED, name, f"the file is damaged: {plain(damage)}")
    return connection


def _damage(connection: Connection) -> str | None:
    """What SQLite finds wrong with its file; PostgreSQL checks its pages as it reads them."""
    if connection.dialect != "sqlite":
        return None
    found = [text for (text,) in connection.execute("PRAGMA integrity_check(10)")]
    return None if found == ["ok"] else str(found[0])


def _has(connection: Connection, table: str) -> bool:
    try:
        with connection.apart():
            connection.execute(f"SELECT {_TABLES[table]} FROM {table} LIMIT 0")  # noqa: S608  ours
    except DatabaseError:
        return False
    return True


def _count(connection: Connection | None, statement: str, *parameters: str) -> int:
    if connection is None:
        return 0
    (count,) = connection.execute(statement, parameters).fetchone()
    return int(count)


def _read_checkpoints(
    folder: CheckpointFolder, kept: Sequence[Path], keys: Sequence[PublicKey], findings: Findings
) -> Iterator[_Kept]:
    latest = folder.directory / "latest.txt"
    paths = [*folder.files(), *([latest] if latest.exists() else []), *kept]
    try:
        keys = keys or [folder.key()]
    except Malformed as error:
        if paths:
            findings.add(Kind.ABSENT, "the public key of the log", error)
    for path in paths:
        place = f"checkpoint {plain(path.name)}"
        try:
            note = read_file(path, MAX_NOTE)
            checkpoint = Checkpoint.parse(Note.parse(note).text)
        except Malformed as error:
            findings.add(Kind.UNREADABLE if path in kept else Kind.FORGED, place, error)
            continue
        if path.stem.isdecimal() and path not in kept and int(path.stem) != checkpoint.size:
            findings.add(Kind.FORGED, place, f"it is the one of {checkpoint.size} events")
        _check_signature(note, keys, place, findings)
        yield _Kept(place, checkpoint)


def _check_signature(
    note: bytes, keys: Sequence[PublicKey], place: str, findings: Findings
) -> None:
    why = ""
    for key in keys:
        try:
            read_checkpoint(note, key)
        except Malformed as error:
            why = str(error)
        else:
            return
    if why:
        findings.add(Kind.FORGED, place, why)


def _compare(checkpoints: Sequence[_Kept], walk: Walk) -> int:
    """Compare every checkpoint with the tree; return the largest size that one vouches for."""
    agreed, position = 0, 0
    for size in sorted({each.checkpoint.size for each in checkpoints}):
        group = [each for each in checkpoints if each.checkpoint.size == size]
        root, last = walk.roots.get(size, (EMPTY_ROOT if size == 0 else None, 0))
        wrong = ", ".join(each.place for each in group if each.checkpoint.root != root)
        if root is None:
            if walk.finished:
                walk.findings.add(
                    Kind.DELETED,
                    f"the end of the log, after position {walk.reached}",
                    f"there is nothing more, but {wrong} vouches for {size} events",
                )
            break
        if wrong:
            walk.findings.add(
                Kind.CHANGED,
                f"the events at log positions {position + 1} to {last}",
                f"they are not the ones that {wrong} vouches for",
            )
            # What was rewritten here is in every later root: those cannot say where else.
            break
        agreed, position = size, last
    return agreed


def _look_for_gaps(place: Place, walk: Walk, checkpoints: Sequence[_Kept], agreed: int) -> None:
    """Report what has to be there once there are events, or checkpoints of some."""
    if place.in_files and not (place.folder / "events.db").is_file():
        walk.findings.add(Kind.ABSENT, "events.db", "the file is missing")
    elif walk.events and not checkpoints:
        walk.findings.add(
            Kind.ABSENT, "the checkpoints", "there is none: nothing vouches for this log"
        )
    if walk.leaves < max(agreed, min(walk.events, 1)):
        walk.findings.add(
            Kind.ABSENT,
            walk.tree_name,
            f"it holds {walk.leaves} of at least {max(agreed, 1)} leaves. Start the worker: it "
            "sequences the log again, and signs nothing that disagrees with a checkpoint",
        )
