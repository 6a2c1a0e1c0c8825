"""`python -m notifier`: what a person at the terminal sees."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from click.testing import CliRunner, Result

from durable import Database, Place
from notifier.__main__ import main
from notifier.database import FILE, SCHEMA, open_ledger
from notifier.fates import Happening
from notifier.inbox import Arrival, Inbox
from notifier.ledger import Ledger, NewLetter, letter_id
from notifier.outbox import Outbox

LETTERS = Path(__file__).parents[2] / "services/notifier/letters"
CASE = UUID(int=100)


@pytest.fixture
def var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VAR", str(tmp_path))
    return tmp_path


@pytest.fixture
def database(home: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setenv("VAR", str(home.folder))
    if home.url:
        monkeypatch.setenv("DATABASE_URL", home.url)
    with closing(open_ledger(home)) as database:
        yield database


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def lines(result: Result) -> list[dict[str, object]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.output.splitlines()]


@pytest.fixture
def letter(database: Database) -> UUID:
    """A letter that was handed over and never answered for."""
    event_id = uuid4()
    letter = letter_id(event_id, "L2", None)
    ledger = Ledger(database, Outbox(database), lambda: datetime.now(UTC))
    ledger.add(
        [
            NewLetter(
                letter_id=letter,
                event_id=event_id,
                school="oakfield01",
                case_id=CASE,
                letter="L2",
                is_alert=False,
                form="pdf",
                audience="subject_parent",
                recipient_ref=None,
                not_after=datetime.now(UTC) + timedelta(days=1),
            )
        ]
    )
    for happening in (Happening.WRITTEN, Happening.BODY_NEXT):
        ledger.move(letter, happening)
    ledger.move(letter, Happening.REPLY_LOST, reason="reply-lost", failed_try=True)
    return letter


def test_letters_are_listed_for_people_and_for_machines(letter: UUID) -> None:
    [row] = lines(call("letters", "--json"))
    assert (row["letter_id"], row["state"], row["reason"]) == (
        str(letter),
        "uncertain",
        "reply-lost",
    )
    heading, line = call("letters").output.splitlines()
    assert heading.split()[:3] == ["letter_id", "letter", "state"]
    assert line.split()[:3] == [str(letter), "L2", "uncertain"]


def test_letters_can_be_narrowed_to_a_state(letter: UUID) -> None:
    assert len(lines(call("letters", "--state", "uncertain", "--json"))) == 1
    assert call("letters", "--state", "failed").output == "None.\n"
    assert call("letters", "--state", "lost").exit_code == 2


@pytest.fixture
def dead(database: Database) -> UUID:
    arrival = Arrival(
        event_id=uuid4(), case_id=CASE, type="incidents.case_closed.v1", message=b"{}"
    )
    Inbox(database).give_up(arrival, datetime.now(UTC), "schema: required")
    return arrival.event_id


def test_a_dead_event_is_listed_and_can_be_tried_again_or_skipped(dead: UUID) -> None:
    [row] = lines(call("dead-letters", "--json"))
    assert (row["event_id"], row["state"], row["tries"]) == (str(dead), "dead", 1)
    [row] = lines(call("dead-letters", "--retry", str(dead), "--json"))
    assert (row["state"], row["tries"]) == ("held", 0)
    refused = call("dead-letters", "--skip", str(dead))
    assert refused.exit_code == 1
    assert "no dead event" in refused.output


def test_a_skipped_event_is_gone(dead: UUID) -> None:
    assert call("dead-letters", "--skip", str(dead)).output == "None.\n"
    assert call("dead-letters", "--retry", str(dead)).exit_code == 1


def test_without_a_ledger_it_says_where_it_looked(var: Path) -> None:
    result = call("letters")
    assert result.exit_code == 1
    assert f"no ledger at {var / FILE}" in result.output


def test_in_postgresql_the_tables_are_made_by_migrate_and_not_before(
    var: Path, contract: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCHEMAS_DIR", str(contract))
    monkeypatch.setenv("DATABASE_URL", database_url)
    for started in (call(), call("letters")):
        assert started.exit_code == 1
        assert "has not the tables" in started.output
        assert "python -m notifier migrate" in started.output
        assert "Traceback" not in started.output
    steps = len(SCHEMA.steps)
    assert call("migrate").output == f"The ledger is up to date: {steps} steps taken.\n"
    assert call("migrate").output == "The ledger is up to date: no steps taken.\n"
    assert call("letters").output == "None.\n"
    assert not (var / FILE).exists()


def test_migrate_says_which_role_is_not_there(
    var: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    refused = call("migrate", "--role", "caseward_nobody")
    assert refused.exit_code == 1
    assert 'role "caseward_nobody" does not exist' in refused.output
    assert call("letters").exit_code == 1


def test_a_file_needs_no_migration(var: Path) -> None:
    assert call("migrate").output == "The ledger is up to date: no steps taken.\n"
    assert call("letters").output == "None.\n"


def test_an_address_that_is_none_is_refused_without_its_password(
    var: Path, contract: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCHEMAS_DIR", str(contract))
    monkeypatch.setenv("DATABASE_URL", "postgres//notifier:secret@example.org/caseward")
    for refused in (call(), call("letters"), call("migrate")):
        assert refused.exit_code == 1
        assert "It reads like postgresql://" in refused.output
        assert "secret" not in refused.output


def test_schemas_are_written_and_then_up_to_date(tmp_path: Path) -> None:
    assert call("schemas", "--check", str(tmp_path)).exit_code == 1
    assert "wrote" in call("schemas", str(tmp_path)).output
    assert call("schemas", "--check", str(tmp_path)).exit_code == 0
    assert call("schemas", str(tmp_path)).output == ""
    changed = tmp_path / "events/notifier.letter_sent.v1.json"
    changed.write_text("{}")
    refused = call("schemas", "--check", str(tmp_path))
    assert str(changed) in refused.output
    assert "make schemas" in refused.output


def test_the_delivered_letters_pass_their_own_check(
    contract: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCHEMAS_DIR", str(contract))
    result = call("lint")
    assert (result.exit_code, result.output) == (0, "All letters can be used.\n")


def test_a_template_with_an_unknown_field_is_refused_with_its_place(
    contract: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCHEMAS_DIR", str(contract))
    for path in LETTERS.rglob("*"):
        if path.is_file():
            copy = tmp_path / "letters" / path.relative_to(LETTERS)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    alert = tmp_path / "letters" / "alert.j2"
    alert.write_text(alert.read_text() + "\n{{ refrence }}\n")
    result = call("lint", "--letters", str(tmp_path / "letters"))
    assert result.exit_code == 1
    assert "alert.j2, line" in result.output
    assert "reference" in result.output


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("SMTP_CONNECTIONS", "many", "environment variable"),
        ("SMTP_URL", "mail.example.org", "SMTP_URL begins with smtp://"),
        ("LETTERS_DIR", "/nowhere", "letters.toml"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(
    var: Path,
    contract: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
    words: str,
) -> None:
    monkeypatch.setenv("SCHEMAS_DIR", str(contract))
    monkeypatch.setenv(variable, value)
    result = call()
    assert result.exit_code == 1
    assert words in result.output
    assert "Traceback" not in result.output


def test_help_has_examples() -> None:
    result = call("--help")
    assert "python -m notifier letters --state uncertain" in result.output
    for command in ("letters", "dead-letters", "migrate", "schemas", "lint"):
        assert command in result.output
