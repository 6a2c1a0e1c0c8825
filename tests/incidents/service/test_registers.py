"""The registers as the programs have them: the demonstration's account, and a replayed entry."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from incidents.cli import main
from incidents.config import Settings
from incidents.demonstration import prepare
from incidents.domain.registers import accounts
from incidents.domain.registers.account import AccountState
from incidents.installation import open_installation
from tests.support.office import SCHOOL_DIR


def test_the_register_of_accounts_begins_with_the_schools_only_one(tmp_path: Path) -> None:
    installation = open_installation(Settings(var=tmp_path, school_dir=SCHOOL_DIR))
    prepare(installation)
    prepare(installation)
    (school,) = installation.schools
    (account,) = installation.registers.all(school, accounts.REGISTER)
    assert account.state is AccountState.ACTIVE
    assert len({account.applicant, account.approver, account.creator}) == 3
    assert (
        installation.registers.words(account, max(accounts.REGISTER.sights.values()))(
            account.platform
        )
        == "Twitter"
    )
    installation.close()


def test_the_operator_sees_an_entry_without_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation = open_installation(Settings(var=tmp_path, school_dir=SCHOOL_DIR))
    prepare(installation)
    (school,) = installation.schools
    (account,) = installation.registers.all(school, accounts.REGISTER)
    installation.close()
    monkeypatch.setenv("VAR", str(tmp_path))
    monkeypatch.setenv("SCHOOL_DIR", str(SCHOOL_DIR))
    outcome = CliRunner().invoke(main, ["replay", str(account.id)])
    assert outcome.exit_code == 0, outcome.output
    shown = json.loads(outcome.stdout)
    assert (shown["state"], shown["platform"]) == ("active", "[withheld]")
    assert "Twitter" not in outcome.output
