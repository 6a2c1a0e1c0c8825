"""`python -m incidents verify`, as the operator types it: what it says, what it leaves alone."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from incidents import installation as parts
from incidents.cli import main
from incidents.config import Settings
from incidents.domain.facts import CaseText
from incidents.domain.moderation import CaptureEvidence
from incidents.domain.users import UserAdded
from incidents.domain.vocabulary import EvidenceKind
from incidents.evidence.verify import INCOMPLETE, INTACT, TAMPERED
from incidents.store import Upcaster
from tests.incidents.evidence.installation import opened
from tests.support.office import SCHOOL_DIR, Office

DATABASES = [f"{name}.db{log}" for name in ("events", "evidence", "keys") for log in ("", "-wal")]


@pytest.fixture
def var(office: Office, tmp_path: Path) -> Path:
    """A copy of a school's files at rest, with evidence kept and every event vouched for."""
    case = office.log()
    content = b"a post, copied"
    command = CaptureEvidence(
        kind=EvidenceKind.EXPORT,
        label="The post",
        media_type="text/plain",
        content=content,
        captured_at=office.now,
    )
    office.ask("staff", case, command)
    office.installation.sequencer().catch_up()
    office.close()
    return Path(shutil.copytree(office.installation.settings.var, tmp_path / "copy"))


def verify(var: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["verify", *options], env={"VAR": str(var)})


def report(var: Path, code: int) -> Any:
    outcome = verify(var, "--json")
    assert outcome.exit_code == code, outcome.output
    return json.loads(outcome.stdout)


def files(var: Path) -> Mapping[str, bytes]:
    """Every file but what SQLite leaves beside a database for its readers."""
    return {
        str(path.relative_to(var)): path.read_bytes()
        for path in var.rglob("*")
        if path.is_file() and not path.name.endswith(("-shm", "-wal"))
    }


def test_an_honest_installation_is_intact_and_left_as_it_is(var: Path) -> None:
    before = files(var)
    said = report(var, INTACT)
    assert (said["findings"], said["kept_files_opened"]) == ([], True)
    assert files(var) == before


def test_what_a_program_at_work_has_not_written_back_yet_is_left_to_it(
    office: Office, tmp_path: Path
) -> None:
    """Beside each file lies what was committed last; whoever opens it to write moves it there."""
    office.log()
    office.installation.sequencer().catch_up()
    copy = Path(shutil.copytree(office.installation.settings.var, tmp_path / "copy"))
    before = {name: (copy / name).read_bytes() for name in DATABASES}
    assert all(before.values())
    assert report(copy, INTACT)["findings"] == []
    assert {name: (copy / name).read_bytes() for name in DATABASES} == before


def test_a_copy_without_keys_is_checked_and_none_is_made(var: Path) -> None:
    shutil.rmtree(var / "keys")
    (var / "keys.db").unlink()
    before = files(var)
    assert not report(var, INTACT)["kept_files_opened"]
    assert verify(var).stdout.splitlines()[-2:] == [
        "The keys are not here: kept files were counted, not opened.",
        "INTACT: the log is what its checkpoints say.",
    ]
    assert files(var) == before
    assert not (var / "keys").exists()


def test_evidence_that_was_deleted_does_not_go_unnoticed(var: Path) -> None:
    shutil.rmtree(var / "blobs")
    (finding,) = report(var, INCOMPLETE)["findings"]
    assert finding["kind"] == "absent"
    assert finding["place"].startswith("evidence ")


def test_evidence_that_was_altered_is_tampering(var: Path) -> None:
    (path,) = (path for path in (var / "blobs").rglob("*") if path.is_file())
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    (finding,) = report(var, TAMPERED)["findings"]
    assert finding["kind"] == "changed"
    assert finding["place"].startswith("evidence ")


def test_a_damaged_event_is_named_by_the_tree_and_by_its_state_row(var: Path) -> None:
    with opened(var / "events.db") as attacker:
        (position,) = attacker.execute(
            "SELECT id FROM stored_events WHERE topic = 'incidents.incident_logged'"
        ).fetchone()
        attacker.execute(
            "UPDATE stored_events SET state = "
            "CAST(json_set(CAST(state AS TEXT), '$.actor.user', NULL) AS BLOB) WHERE id = ?",
            (position,),
        )
    findings = report(var, TAMPERED)["findings"]
    assert len(findings) == 2
    assert len({finding["place"] for finding in findings}) == 1
    assert findings[0]["place"].startswith(f"event at log position {position} ")


def test_a_database_that_cannot_be_read_where_it_lies_leaves_the_check_incomplete(
    var: Path,
) -> None:
    """As in a folder that may not be written, where nobody can make `-shm`."""
    (var / "events.db-shm").symlink_to(var / "nowhere" / "at all")
    findings = report(var, INCOMPLETE)["findings"]
    assert {finding["kind"] for finding in findings} <= {"unreadable", "absent"}
    assert any("copy all its files to one that may" in finding["what"] for finding in findings)


class UserAddedNow(UserAdded, frozen=True, kw_only=True):
    """A later schema of a kind that lies in every log."""

    SCHEMA = 2
    post: CaseText | None = None


def test_a_log_of_an_older_schema_is_still_intact(
    var: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told_posts(data: dict[str, Any]) -> dict[str, Any]:
        return {**data, "post": None}

    upcasters: Mapping[tuple[str, int], Upcaster] = {(UserAdded.TOPIC, 1): told_posts}
    monkeypatch.setattr(parts, "EVENTS", {**parts.EVENTS, UserAdded.TOPIC: UserAddedNow})
    monkeypatch.setattr(parts, "UPCASTERS", upcasters)
    assert report(var, INTACT)["findings"] == []
    again = parts.open_installation(Settings(var=var, school_dir=SCHOOL_DIR))
    first = again.store.log(0, 1)[0]
    assert isinstance(again.store.decode(first).event, UserAddedNow), "and the store reads it"
    again.close()


def test_where_there_is_no_installation_nothing_is_made(tmp_path: Path) -> None:
    outcome = verify(tmp_path / "empty")
    assert outcome.exit_code == INCOMPLETE
    assert "Set VAR." in outcome.output
    assert list(tmp_path.iterdir()) == []
