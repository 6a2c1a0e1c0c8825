"""The history verifies; one changed byte does not, and the place is named."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from deploy.demo.keeping import VERIFIER
from tests.scenarios.told import Told, Week
from tests.scenarios.town import ROOT
from tests.support.waiting import until

YEAR = b'"recorded_at":"2026'


class Verdict(NamedTuple):
    code: int
    report: Any


def verify(var: Path) -> Verdict:
    done = subprocess.run(
        [sys.executable, "-m", "incidents", "verify", "--json"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "services"), "VAR": str(var)},
        capture_output=True,
        text=True,
    )
    assert done.stdout, done.stderr
    return Verdict(done.returncode, json.loads(done.stdout))


def bundle(told: Told, path: Path) -> Path:
    """The bundle as an auditor takes it away, once a checkpoint covers the case."""
    asked = f"/api/cases/{told.case_id}/bundle"
    until(lambda: told.town.as_("auditor", "GET", asked).status == 200)
    path.write_bytes(told.town.as_("auditor", "GET", asked).body)
    return path


def check(path: Path) -> subprocess.CompletedProcess[str]:
    """Run the verifier by itself, as somebody does who has nothing else of ours."""
    arguments = [sys.executable, "-I", str(VERIFIER), str(path)]
    return subprocess.run(arguments, capture_output=True, text=True)


@pytest.fixture
def copy(week: Week, tmp_path: Path) -> Path:
    """A copy of the installation's files, once a checkpoint vouches for all of them."""
    until(lambda: verify(week.town.var).report["covered"] == week.town.installation.store.head())
    copied = Path(shutil.copytree(week.town.var, tmp_path / "var"))
    with closing(sqlite3.connect(copied / "events.db")) as events:
        events.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return copied


def place(told: Told, entry: Any) -> str:
    """How a finding names the place of an event in the log."""
    version = entry["version"]
    return f"event at log position {entry['position']} (record {told.case_id}, version {version})"


def flip(var: Path, position: int) -> None:
    """Change one byte of the event at this position where it lies in the file."""
    with closing(sqlite3.connect(var / "events.db")) as events:
        [state] = events.execute(
            "SELECT state FROM stored_events WHERE id = ?", (position,)
        ).fetchone()
    file = var / "events.db"
    content = bytearray(file.read_bytes())
    # Its own salt: the first bytes that no other event has.
    at = content.index(state[:60]) + state.index(YEAR) + len(YEAR) - 1
    content[at] ^= 1
    file.write_bytes(content)


def test_the_history_of_the_week_verifies(week: Week) -> None:
    verdict = verify(week.town.var)
    assert (verdict.code, verdict.report["findings"]) == (0, [])
    assert verdict.report["events"] == week.town.installation.store.head()


def test_one_changed_byte_is_found_and_its_place_is_named(week: Week, copy: Path) -> None:
    whole = (copy / "events.db").read_bytes()
    for told in week.all:
        changed = told.once("assessment_recorded")
        flip(copy, changed["position"])
        verdict = verify(copy)
        assert verdict.code == 1
        assert place(told, changed) in [finding["place"] for finding in verdict.report["findings"]]
        (copy / "events.db").write_bytes(whole)
    assert verify(copy).code == 0


def test_each_bundle_verifies_away_from_here(week: Week, tmp_path: Path) -> None:
    for told in week.all:
        done = check(bundle(told, tmp_path / f"{told.reference}.zip"))
        assert done.returncode == 0, done.stdout + done.stderr
        assert "INTACT" in done.stdout


def test_a_bundle_with_one_changed_byte_does_not_verify(week: Week, tmp_path: Path) -> None:
    whole, changed = bundle(week.post, tmp_path / "whole.zip"), tmp_path / "changed.zip"
    altered = "events/000003.json"
    with zipfile.ZipFile(whole) as before, zipfile.ZipFile(changed, "w") as after:
        for name in before.namelist():
            content = bytearray(before.read(name))
            if name == altered:
                content[content.index(YEAR) + len(YEAR) - 1] ^= 1
            after.writestr(name, bytes(content))
    done = check(changed)
    assert done.returncode == 1
    assert f"CHANGED event at log position {week.post.history[2]['position']} " in done.stdout
