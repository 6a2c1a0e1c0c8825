"""`python -m incidents migrate`: tables are made once, only added to, and asked for at a start."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from durable import MustMigrate, Place, StoreUnavailable
from incidents.cli import main
from incidents.config import Settings
from incidents.installation import SCHEMAS, open_installation
from tests.support.office import SCHOOL_DIR


def run(var: Path, url: str | None, *arguments: str) -> Result:
    settings = {"VAR": str(var), "DATABASE_URL": url, "SCHOOL_DIR": str(SCHOOL_DIR)}
    return CliRunner().invoke(main, list(arguments), env=settings)


def test_tables_are_made_once(tmp_path: Path, database_url: str) -> None:
    count = sum(schema.size for schema in SCHEMAS)
    first = run(tmp_path, database_url, "migrate")
    assert first.output == f"The tables are up to date: {count} steps taken.\n"
    again = run(tmp_path, database_url, "migrate")
    assert again.output == "The tables are up to date: no steps taken.\n"
    settings = Settings(var=tmp_path, school_dir=SCHOOL_DIR, database_url=database_url)
    open_installation(settings).close()


def test_files_may_be_migrated_and_need_not(tmp_path: Path) -> None:
    assert run(tmp_path, None, "migrate").exit_code == 0
    assert "no steps taken" in run(tmp_path, None, "migrate").output


def test_who_starts_without_it_is_told_what_to_do(tmp_path: Path, database_url: str) -> None:
    outcome = run(tmp_path, database_url, "serve")
    assert outcome.exit_code == 2
    assert "python -m incidents migrate" in outcome.output


def test_a_table_that_a_newer_version_needs_is_asked_for(tmp_path: Path, database_url: str) -> None:
    place = Place(tmp_path, database_url)
    run(tmp_path, database_url, "migrate")
    for schema in SCHEMAS:
        newer = type(schema)(schema.name, (*schema.steps, "CREATE TABLE more (id INTEGER)"))
        with pytest.raises(MustMigrate):
            place.open(newer)
        place.open(schema).close()


def test_a_role_that_is_not_there_is_named(tmp_path: Path, database_url: str) -> None:
    outcome = run(tmp_path, database_url, "migrate", "--role", "nobody_of_this_name")
    assert outcome.exit_code == 2
    assert "nobody_of_this_name" in outcome.output


@pytest.mark.parametrize("url", ["no url at all", "postgresql://nobody@127.0.0.1:1/nothing"])
def test_a_database_that_cannot_be_reached_is_said_plainly(tmp_path: Path, url: str) -> None:
    outcome = run(tmp_path, url, "migrate")
    assert outcome.exit_code == 2
    assert "DATABASE_URL" in outcome.output
    assert "Traceback" not in outcome.output
    with pytest.raises(StoreUnavailable):
        Place(tmp_path, url).open(SCHEMAS[0])
