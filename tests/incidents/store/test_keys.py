"""A destroyed key is gone from every file and every process; what it sealed reads as erased."""

import sqlite3
from pathlib import Path
from threading import Barrier, Thread
from typing import Any
from uuid import uuid4

import pytest

from durable import Place
from incidents.domain.facts import REDACTED, PersonId, Sealed
from incidents.store import (
    CannotOpen,
    MasterKeyUnusable,
    Owner,
    Store,
    StoreUnavailable,
    open_store,
)
from incidents.store.master import MasterKey
from tests.incidents.store.processes import process
from tests.incidents.store.sample import EVENTS, SCHOOL, NoteAdded, PersonNamed, fact, row
from tests.support.kept import in_files


def test_the_same_owner_gets_the_same_key_also_after_a_restart(kept: Place) -> None:
    owner = Owner(SCHOOL, "stream", uuid4())
    with open_store(kept, events=EVENTS) as store:
        kid = store.keys.of([owner])[owner].kid
        assert store.keys.of([owner, Owner(SCHOOL, "person", owner.id)])[owner].kid == kid
    with open_store(kept, events=EVENTS) as store:
        assert store.keys.of([owner])[owner].kid == kid


def test_a_key_is_named_by_chance_and_not_by_its_owner(store: Store) -> None:
    stream = uuid4()
    owners = [Owner(SCHOOL, "stream", stream), Owner(SCHOOL, "person", stream)]
    owners += [Owner("hillsidetwo", "stream", stream)]
    kids = [key.kid for key in store.keys.of(owners).values()]
    assert len(set(kids)) == 3
    assert all(stream.hex not in kid for kid in kids)


def test_many_threads_that_ask_at_once_for_a_new_key_get_the_same_one(store: Store) -> None:
    owner = Owner(SCHOOL, "stream", uuid4())
    together = Barrier(8)
    kids = []

    def ask() -> None:
        together.wait()
        kids.append(store.keys.of([owner])[owner].kid)

    threads = [Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(kids) == 8
    assert len(set(kids)) == 1


def test_once_its_key_is_destroyed_a_case_reads_as_erased_and_its_stored_bytes_stay(
    store: Store,
) -> None:
    case = uuid4()
    events = [store.seal(fact(NoteAdded(text=f"words {v}"), case, v)) for v in (1, 2)]
    receipts = store.append(events, state=row(case, 2))
    stored = store.stored(case)

    assert store.keys.destroy(Owner(SCHOOL, "stream", case))

    assert store.history(case) == events
    assert store.stored(case) == stored
    assert store.append(events, state=row(case, 2)) == receipts
    for recorded in store.history(case):
        assert isinstance(recorded.event, NoteAdded)
        assert isinstance(recorded.event.text, Sealed)
        assert store.open(recorded.event.text, school=SCHOOL, stream=case) == REDACTED


def test_destroying_says_whether_there_was_a_key_and_may_be_repeated(store: Store) -> None:
    owner = Owner(SCHOOL, "person", uuid4())
    assert not store.keys.destroy(owner)
    assert not store.keys.was_destroyed(owner)
    store.keys.of([owner])
    assert not store.keys.was_destroyed(owner)
    assert store.keys.destroy(owner)
    assert store.keys.was_destroyed(owner)
    assert not store.keys.destroy(owner)


def test_after_a_destroyed_key_the_owner_gets_a_new_one_that_opens_nothing_old(
    store: Store,
) -> None:
    case = uuid4()
    old, new = (fact(NoteAdded(text=f"words {v}"), case, v) for v in (1, 2))
    before = _text(store.seal(old).event)
    store.keys.destroy(Owner(SCHOOL, "stream", case))
    after = _text(store.seal(new).event)

    assert store.open(before, school=SCHOOL, stream=case) == REDACTED
    assert store.open(after, school=SCHOOL, stream=case) == "words 2"


@in_files
def test_a_destroyed_key_is_in_none_of_the_files(store: Store, var: Path) -> None:
    owners = [Owner(SCHOOL, "person", uuid4()) for _ in range(400)]
    for some in range(0, 400, 7):
        store.keys.of(owners[some : some + 7])
    wrapped = _wrapped_keys(var)
    victims = owners[::40]
    assert all(_in_files(var, wrapped[owner.id.hex]) for owner in victims)

    for owner in victims:
        store.keys.destroy(owner)
        assert not _in_files(var, wrapped[owner.id.hex])

    assert all(_in_files(var, wrapped[owner.id.hex]) for owner in set(owners) - set(victims))


def test_another_process_cannot_open_with_a_key_it_used_before_it_was_destroyed(
    store: Store, kept: Place
) -> None:
    case = uuid4()
    store.append([store.seal(fact(NoteAdded(text="words"), case))], state=row(case))
    with process("read", kept, case) as reader:
        assert reader.ask() == "words"
        store.keys.destroy(Owner(SCHOOL, "stream", case))
        assert reader.ask() == REDACTED


@in_files
def test_all_new_keys_of_an_event_are_made_in_one_transaction(store: Store, var: Path) -> None:
    before = _commits(var / "keys.db-wal")
    person = PersonNamed(person=PersonId(uuid4()), name="the caretaker", remark="new here")
    store.seal(fact(person, uuid4()))
    assert len(_wrapped_keys(var)) == 2
    assert _commits(var / "keys.db-wal") == before + 1


@in_files
def test_a_fresh_master_key_is_made_once_and_readable_by_its_owner_only(
    kept: Place, var: Path
) -> None:
    with open_store(kept, events=EVENTS):
        made = (var / "keys" / "master.key").read_text()
    with open_store(kept, events=EVENTS):
        assert (var / "keys" / "master.key").read_text() == made
    assert len(bytes.fromhex(made)) == 32
    assert (var / "keys" / "master.key").stat().st_mode & 0o777 == 0o600
    assert (var / "keys").stat().st_mode & 0o777 == 0o700
    assert (var / "keys.db").stat().st_mode & 0o777 == 0o600


def test_another_master_key_is_refused_at_the_start(kept: Place, var: Path) -> None:
    open_store(kept, events=EVENTS).close()
    (var / "keys" / "master.key").write_text("00" * 32)
    with pytest.raises(MasterKeyUnusable, match="Restore the two from the same backup"):
        open_store(kept, events=EVENTS)


def test_a_missing_master_key_is_never_made_anew_for_an_old_keystore(
    kept: Place, var: Path
) -> None:
    open_store(kept, events=EVENTS).close()
    (var / "keys" / "master.key").unlink()
    with pytest.raises(MasterKeyUnusable, match=r"master\.key is missing"):
        open_store(kept, events=EVENTS)
    assert not (var / "keys" / "master.key").exists()


@in_files
def test_a_missing_keystore_is_never_made_anew_for_an_old_log(kept: Place, var: Path) -> None:
    open_store(kept, events=EVENTS).close()
    for file in var.glob("keys.db*"):
        file.unlink()
    with pytest.raises(StoreUnavailable, match=r"keys\.db is missing"):
        open_store(kept, events=EVENTS)
    assert not (var / "keys.db").exists()


@pytest.mark.parametrize("content", [b"", b"not hexadecimal", b"00" * 31, b"\xff" * 64])
def test_a_malformed_master_key_is_refused_without_quoting_it(
    kept: Place, var: Path, content: bytes
) -> None:
    open_store(kept, events=EVENTS).close()
    (var / "keys" / "master.key").write_bytes(content)
    with pytest.raises(MasterKeyUnusable, match="64 hexadecimal digits are expected"):
        open_store(kept, events=EVENTS)


@in_files
def test_a_damaged_wrapped_key_does_not_open(kept: Place, var: Path) -> None:
    with open_store(kept, events=EVENTS) as store:
        case = uuid4()
        text = _text(store.seal(fact(NoteAdded(text="words"), case)).event)
    connection = sqlite3.connect(var / "keys.db", isolation_level=None)
    connection.execute("UPDATE keys SET wrapped = randomblob(40)")
    connection.close()
    with (
        open_store(kept, events=EVENTS) as store,
        pytest.raises(CannotOpen, match=r"A key in keys\.db is damaged"),
    ):
        store.open(text, school=SCHOOL, stream=case)


@in_files
def test_a_rotated_master_key_opens_everything_and_the_old_one_nothing(
    kept: Place, var: Path
) -> None:
    case, person = uuid4(), PersonId(uuid4())
    with open_store(kept, events=EVENTS) as store:
        text = _text(store.seal(fact(NoteAdded(text="words"), case)).event)
        store.keys.of([Owner(SCHOOL, "person", person)])
        store.keys.destroy(Owner(SCHOOL, "person", person))
        old, wrapped = (var / "keys" / "master.key").read_text(), _wrapped_keys(var)[case.hex]

        store.keys.rotate_master_key()

        assert store.open(text, school=SCHOOL, stream=case) == "words"
        assert store.keys.was_destroyed(Owner(SCHOOL, "person", person))
        assert (var / "keys" / "master.key").read_text() != old
        assert not _in_files(var, wrapped)
        assert not _in_files(var, old.encode())
    with open_store(kept, events=EVENTS) as store:
        assert store.open(text, school=SCHOOL, stream=case) == "words"
    (var / "keys" / "master.key").write_text(old)
    with pytest.raises(MasterKeyUnusable):
        open_store(kept, events=EVENTS)


def test_a_program_at_work_takes_up_a_rotated_master_key(kept: Place) -> None:
    known, unknown = uuid4(), uuid4()
    with (
        open_store(kept, events=EVENTS) as other,
        open_store(kept, events=EVENTS) as store,
    ):
        texts = {
            case: _text(store.seal(fact(NoteAdded(text="words"), case)).event)
            for case in (known, unknown)
        }
        assert other.open(texts[known], school=SCHOOL, stream=known) == "words"

        store.keys.rotate_master_key()

        for case, text in texts.items():
            assert other.open(text, school=SCHOOL, stream=case) == "words"
        store.keys.rotate_master_key()
        later = uuid4()
        text = _text(other.seal(fact(NoteAdded(text="later"), later)).event)
        assert store.open(text, school=SCHOOL, stream=later) == "later"


@in_files
def test_a_rotation_cut_short_before_or_after_its_commit_loses_no_key(
    kept: Place, var: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = uuid4()
    with open_store(kept, events=EVENTS) as store:
        text = _text(store.seal(fact(NoteAdded(text="words"), case)).event)
    for cut in ("wrap", "settle"):
        with open_store(kept, events=EVENTS) as store, monkeypatch.context() as patch:
            calls = iter([None, OSError("cut short")])
            real = getattr(MasterKey, cut)

            def cut_short(*arguments: object, real: Any = real, calls: Any = calls) -> Any:
                if error := next(calls):
                    raise error
                return real(*arguments)

            patch.setattr(MasterKey, cut, cut_short)
            with pytest.raises(OSError, match="cut short"):
                store.keys.rotate_master_key()
        assert (var / "keys" / "master.key.next").exists()
        with open_store(kept, events=EVENTS) as store:
            assert store.open(text, school=SCHOOL, stream=case) == "words"
    assert not (var / "keys" / "master.key.next").exists()


def _text(event: object) -> Sealed:
    assert isinstance(event, NoteAdded)
    assert isinstance(event.text, Sealed)
    return event.text


def _wrapped_keys(var: Path) -> dict[str, bytes]:
    connection = sqlite3.connect(var / "keys.db")
    found = dict(connection.execute("SELECT owner, wrapped FROM keys").fetchall())
    connection.close()
    return found


def _in_files(var: Path, secret: bytes) -> bool:
    return any(secret in path.read_bytes() for path in var.rglob("*") if path.is_file())


def _commits(wal: Path) -> int:
    """How many transactions a write-ahead log holds: frames that say how long the file then is."""
    content = wal.read_bytes()
    page = int.from_bytes(content[8:12], "big")
    frames = range(32, len(content), 24 + page)
    return sum(content[at + 4 : at + 8] != bytes(4) for at in frames)
