"""The check of the state rows, on a school's own files: right beside a writer, right about others.

Each attack is made past the triggers that stop an honest mistake.
"""

from pathlib import Path
from threading import Event as Signal
from threading import Thread
from uuid import uuid4

import pytest

from durable import Place
from incidents.domain.assessment import StartAssessment
from incidents.domain.state import Case
from incidents.evidence import Finding, Kind
from incidents.installation import EVENTS, UPCASTERS
from incidents.state_check import state_rows_agree
from incidents.store import Stored
from incidents.store.reader import LogReader
from tests.incidents.evidence.installation import flip, opened
from tests.support.office import Office
from tests.support.waiting import LONGEST_SECONDS


def log_of(office: Office) -> Path:
    return office.installation.settings.var / "events.db"


def place_of(office: Office) -> Place:
    return office.installation.settings.place


def found(office: Office) -> list[Finding]:
    return list(state_rows_agree(place_of(office), EVENTS, UPCASTERS))


def tamper(office: Office, statement: str, *parameters: object) -> None:
    with opened(log_of(office)) as attacker:
        assert attacker.execute(statement, parameters).rowcount == 1


def row_of(case: Case) -> str:
    return f"state row of case {case.id}"


def event_of(office: Office, case: Case, version: int) -> str:
    position = office.installation.store.stored(case.id)[version - 1].position
    return f"event at log position {position} (record {case.id}, version {version})"


def test_what_an_honest_school_leaves_agrees(office: Office) -> None:
    case = office.log()
    office.ask("slt", case, StartAssessment())
    assert found(office) == []


def test_what_is_appended_during_the_check_accuses_nobody(office: Office) -> None:
    cases = [office.log() for _ in range(4)]
    begun, appended = Signal(), Signal()

    def write() -> None:
        assert begun.wait(LONGEST_SECONDS)
        for case in cases:
            office.ask("slt", case, StartAssessment())
        office.log()
        appended.set()

    def beside(done: int, _total: int) -> None:
        begun.set()
        assert done > 1 or appended.wait(LONGEST_SECONDS)

    writer = Thread(target=write)
    writer.start()
    findings = list(state_rows_agree(place_of(office), EVENTS, UPCASTERS, beside))
    writer.join()
    assert findings == []
    assert found(office) == []


def test_what_is_appended_between_a_row_and_its_history_accuses_nobody(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = office.log()
    history = LogReader.history

    def late(log: LogReader, stream: str) -> list[Stored]:
        if stream == case.id.hex:
            writer = Thread(target=office.ask, args=("slt", case, StartAssessment()))
            writer.start()
            writer.join()
        return history(log, stream)

    monkeypatch.setattr(LogReader, "history", late)
    assert found(office) == []
    assert office.installation.cases.load(case.id).version > case.version


def test_the_check_says_how_far_it_is(office: Office) -> None:
    office.log()
    streams = len(office.users) + 1
    told: list[tuple[int, int]] = []
    list(state_rows_agree(place_of(office), EVENTS, UPCASTERS, lambda *far: told.append(far)))
    assert told == [(done, streams) for done in range(1, streams + 1)]


# ── rows ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "change",
    [
        "state = CAST(replace(state, 'reported', 'assessed') AS BLOB)",
        "version = version + 1",
        "version = 'one'",
        "school = 'hillsidetwo'",
        "state = x'ff'",
        "state = 7",
    ],
)
def test_a_changed_row_is_found_at_its_place(office: Office, change: str) -> None:
    case, _ = office.log(), office.log()
    tamper(office, f"UPDATE states SET {change} WHERE stream = ?", case.id.hex)
    (finding,) = found(office)
    assert finding.kind is Kind.CHANGED
    assert finding.place.endswith(str(case.id))


def test_a_row_under_another_kind_is_found(office: Office) -> None:
    case = office.log()
    tamper(office, "UPDATE states SET kind = 'user' WHERE stream = ?", case.id.hex)
    assert [(f.kind, f.place) for f in found(office)] == [(Kind.CHANGED, event_of(office, case, 1))]


def test_a_row_of_no_kind_of_stream_is_found(office: Office) -> None:
    case = office.log()
    tamper(office, "UPDATE states SET kind = 'rumour' WHERE stream = ?", case.id.hex)
    place = f"state row of stream {case.id}"
    assert found(office) == [Finding(Kind.INSERTED, place, "there is no such kind of stream")]


def test_a_row_that_is_gone_is_found(office: Office) -> None:
    case = office.log()
    tamper(office, "DELETE FROM states WHERE stream = ?", case.id.hex)
    place = f"state row of stream {case.id}"
    assert found(office) == [Finding(Kind.DELETED, place, "it has events and no row")]


@pytest.mark.parametrize("stream", [uuid4().hex, "of nobody", "CAST(x'fffe' AS TEXT)", b"\xff", 7])
def test_a_row_without_any_events_is_found(office: Office, stream: str | bytes | int) -> None:
    case = office.log()
    value = stream if isinstance(stream, str) and "(" in stream else "?"
    parameters = () if value != "?" else (stream,)
    tamper(
        office,
        f"INSERT INTO states SELECT {value}, school, kind, version, state FROM states "
        f"WHERE stream = '{case.id.hex}'",
        *parameters,
    )
    (finding,) = found(office)
    assert finding.kind in (Kind.CHANGED, Kind.DELETED)


# ── events ────────────────────────────────────────────────────────────────────────────────────────


def test_an_event_without_the_user_it_needs_is_found_at_its_place(office: Office) -> None:
    case, other = office.log(), office.log()
    tamper(
        office,
        "UPDATE stored_events SET state = "
        "CAST(json_set(CAST(state AS TEXT), '$.actor.user', NULL) AS BLOB) "
        "WHERE originator_id = ? AND originator_version = 1",
        case.id.hex,
    )
    tamper(office, "UPDATE states SET version = 99 WHERE stream = ?", other.id.hex)
    assert {(f.kind, f.place) for f in found(office)} == {
        (Kind.CHANGED, event_of(office, case, 1)),
        (Kind.CHANGED, row_of(other)),
    }, "and what comes after it is looked at all the same"


def test_an_event_of_a_user_in_a_case_is_found_at_its_place(office: Office) -> None:
    case = office.log()
    graft(office, case.id.hex, case.version + 1, topic="incidents.role_given")
    assert [(f.kind, f.place) for f in found(office)] == [
        (Kind.CHANGED, event_of(office, case, case.version + 1))
    ]


def test_an_event_of_a_case_in_a_user_is_found(office: Office) -> None:
    office.log()
    user = office.id_of("slt")
    versions = len(office.installation.store.stored(user))
    graft(office, user.hex, versions + 1, topic="incidents.incident_logged")
    tamper(office, "UPDATE states SET version = version + 1 WHERE stream = ?", user.hex)
    (finding,) = found(office)
    assert finding.place.endswith(f"(record {user}, version {versions + 1})")


def graft(office: Office, stream: str, version: int, *, topic: str) -> None:
    """Put an event of this topic, taken from elsewhere, into a stream."""
    tamper(
        office,
        "INSERT INTO stored_events (originator_id, originator_version, topic, state) "
        "SELECT ?, ?, topic, state FROM stored_events WHERE topic = ? LIMIT 1",
        stream,
        version,
        topic,
    )


@pytest.mark.parametrize(
    ("column", "value"),
    [("topic", "incidents.rumour_heard"), ("state", b"["), ("state", b"[" * 100_000), ("state", 7)],
)
def test_an_event_that_cannot_be_read_is_found_at_its_place(
    office: Office, column: str, value: object
) -> None:
    case = office.log()
    tamper(
        office,
        f"UPDATE stored_events SET {column} = ? WHERE originator_id = ? AND originator_version = 2",
        value,
        case.id.hex,
    )
    assert [(f.kind, f.place) for f in found(office)] == [
        (Kind.CHANGED, event_of_position(office, case, 2))
    ]


def event_of_position(office: Office, case: Case, version: int) -> str:
    with opened(log_of(office)) as connection:
        (position,) = connection.execute(
            "SELECT id FROM stored_events WHERE originator_id = ? AND originator_version = ?",
            (case.id.hex, version),
        ).fetchone()
    return f"event at log position {position} (record {case.id}, version {version})"


# ── files ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_file_without_state_rows_is_said_to_be_unreadable(office: Office) -> None:
    with opened(log_of(office)) as attacker:
        attacker.execute("DROP TABLE states")
    assert [(f.kind, f.place) for f in found(office)] == [(Kind.UNREADABLE, "events.db")]


def test_a_damaged_page_is_said_to_be_unreadable_or_found(office: Office, tmp_path: Path) -> None:
    case = office.log()
    office.close()
    whole = log_of(office).read_bytes()
    at = whole.rindex(case.id.hex.encode())
    log_of(office).write_bytes(flip(whole, at - at % 4096, 3))
    assert found(office) != []


def test_no_finding_carries_what_the_rows_hold(office: Office) -> None:
    case = office.log()
    tamper(
        office,
        "UPDATE states SET state = CAST(replace(state, 'reported', 'planted words') AS BLOB) "
        "WHERE stream = ?",
        case.id.hex,
    )
    (finding,) = found(office)
    assert "planted" not in str(finding)
