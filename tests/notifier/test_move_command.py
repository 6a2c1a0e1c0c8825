"""`python -m notifier move`: the ledger from its file to PostgreSQL and back."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result

from durable import Place
from durable.moving import Contents, contents, tables_of
from notifier.__main__ import main
from notifier.database import SCHEMA, open_ledger
from notifier.fates import Happening
from notifier.ledger import Ledger, NewLetter, letter_id
from notifier.outbox import Outbox


@pytest.fixture
def files(tmp_path: Path) -> Place:
    """A ledger in a file, with letters, and outcomes that incidents was told."""
    place = Place(tmp_path / "var")
    with closing(open_ledger(place)) as database:
        ledger = Ledger(database, Outbox(database), lambda: datetime.now(UTC))
        for _ in range(3):
            add_letter(ledger)
    return place


def add_letter(ledger: Ledger) -> None:
    event_id = uuid4()
    letter = NewLetter(
        letter_id=letter_id(event_id, "L2", None),
        event_id=event_id,
        school="oakfield01",
        case_id=uuid4(),
        letter="L2",
        is_alert=False,
        form="pdf",
        audience="subject_parent",
        recipient_ref=None,
        not_after=datetime.now(UTC) + timedelta(days=1),
    )
    ledger.add([letter])
    for happening in (Happening.WRITTEN, Happening.BODY_NEXT):
        ledger.move(letter.letter_id, happening)
    ledger.move(letter.letter_id, Happening.REPLY_LOST, reason="reply-lost", failed_try=True)


@pytest.fixture
def database(files: Place, database_url: str) -> Place:
    place = Place(files.folder, database_url)
    with closing(place.open(SCHEMA, migrate=False)) as made:
        made.migrate()
    return place


def move(database: Place, target: str) -> Result:
    env = {"VAR": str(database.folder), "DATABASE_URL": database.url}
    return CliRunner().invoke(main, ["move", "--to", target], env=env)


def everything(place: Place) -> dict[str, Contents]:
    with closing(open_ledger(place)) as database, database.writing() as connection:
        return {table.name: contents(connection, table) for table in tables_of(connection)}


def test_there_and_back_everything_is_the_same(files: Place, database: Place) -> None:
    before = everything(files)
    assert before["letters"].rows == 3
    there = move(database, "database")
    assert there.exit_code == 0, there.output
    assert everything(database) == before
    for path in files.folder.glob("*.db*"):
        path.unlink()
    back = move(database, "files")
    assert (back.exit_code, back.output) == (0, there.output)
    assert everything(files) == before


def test_letters_are_numbered_on_after_the_last_one(files: Place, database: Place) -> None:
    move(database, "database")
    with closing(open_ledger(database)) as ledger:
        add_letter(Ledger(ledger, Outbox(ledger), lambda: datetime.now(UTC)))
        with ledger.reading() as connection:
            numbers = connection.execute("SELECT number FROM letters ORDER BY number").fetchall()
    assert [number for (number,) in numbers] == [1, 2, 3, 4]


def test_nothing_is_moved_under_a_notifier_at_work(files: Place, database: Place) -> None:
    with closing(open_ledger(files)) as ledger, ledger.reading():
        outcome = move(database, "database")
    assert outcome.exit_code == 1
    assert "in use" in outcome.output


def test_a_ledger_that_holds_something_else_is_left_alone(files: Place, database: Place) -> None:
    with closing(open_ledger(database)) as ledger:
        add_letter(Ledger(ledger, Outbox(ledger), lambda: datetime.now(UTC)))
    before = everything(database)
    outcome = move(database, "database")
    assert outcome.exit_code == 1
    assert "holds something else" in outcome.output
    assert everything(database) == before


def test_without_a_database_there_is_nowhere_to_move_to(files: Place) -> None:
    outcome = move(files, "database")
    assert outcome.exit_code == 1
    assert "DATABASE_URL" in outcome.output
