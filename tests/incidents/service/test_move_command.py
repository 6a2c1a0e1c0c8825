"""`python -m incidents move`: from files to PostgreSQL and back, and nothing is lost or changed."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from durable import Place
from durable.moving import Contents, contents, tables_of
from incidents.cli import main
from incidents.config import Settings
from incidents.domain.intake import AcknowledgeReport
from incidents.domain.moderation import CaptureEvidence
from incidents.domain.vocabulary import EvidenceKind
from incidents.installation import SCHEMAS, Installation, open_installation
from incidents.moving import MOVED
from incidents.store.tables import LOG
from incidents.views.live import live_set
from incidents.views.rebuild import fingerprint
from tests.support.kept import kept_at, tampering
from tests.support.office import SCHOOL_DIR, Office


@pytest.fixture
def var(office: Office) -> Path:
    """The files of a school at rest: cases, users, evidence, letters to come and checkpoints."""
    for n in range(3):
        case = office.log()
        office.ask("slt", case, AcknowledgeReport())
        capture = CaptureEvidence(
            kind=EvidenceKind.EXPORT,
            label="The post",
            media_type="text/plain",
            content=f"a post, copied, {n}".encode(),
            captured_at=office.now,
        )
        office.ask("staff", case, capture)
    office.installation.sequencer().catch_up()
    office.follow()
    office.close()
    return office.installation.settings.var


def move(url: str | None, source: object, target: object) -> Result:
    env = {"DATABASE_URL": url, "SCHOOL_DIR": str(SCHOOL_DIR)}
    return CliRunner().invoke(main, ["move", "--from", str(source), "--to", str(target)], env=env)


def everything(place: Place) -> dict[str, Contents]:
    found = {}
    for schema in MOVED:
        with closing(place.open(schema)) as database, database.writing() as connection:
            for table in tables_of(connection):
                found[f"{schema.name}.{table.name}"] = contents(connection, table)
    return found


@contextmanager
def working(place: Place) -> Iterator[Installation]:
    settings = Settings(var=place.folder, database_url=place.url, school_dir=SCHOOL_DIR)
    with closing(open_installation(settings)) as installation:
        yield installation


def views_of(place: Place) -> str:
    with working(place) as installation:
        with installation.views.database.reading() as connection:
            live, _ = live_set(connection)
        return fingerprint(installation.views, live)


def test_there_and_back_everything_is_the_same(var: Path, database_url: str) -> None:
    files, database = Place(var), kept_at(var, database_url)
    before, views = everything(files), views_of(files)
    assert all(before[t].rows for t in ("events.stored_events", "keys.keys", "evidence.nodes"))

    there = move(database_url, var, "database")
    assert there.exit_code == 0, there.output
    assert "INTACT" in there.output
    assert everything(database) == before
    assert views_of(database) == views

    for path in var.glob("*.db*"):
        path.unlink()
    back = move(database_url, database_url, var)
    assert back.exit_code == 0, back.output
    assert there.output == back.output, "rows, head and root of the tree"
    assert everything(files) == before
    assert views_of(files) == views


def test_positions_go_on_after_the_last_one_and_the_tree_with_them(
    var: Path, database_url: str
) -> None:
    database = kept_at(var, database_url)
    assert move(database_url, var, "database").exit_code == 0
    with working(database) as installation:
        head = installation.store.head()
        (school,) = installation.schools
        installation.users.add(school, "The caretaker", "caretaker@example.org", [])
        assert installation.store.log(head, 10)[0].position == head + 1
        assert installation.sequencer().catch_up() == len(installation.store.log(0, 1000))


def test_a_move_that_was_cut_short_is_begun_again(var: Path, database_url: str) -> None:
    database = kept_at(var, database_url)
    with tampering(database, LOG) as connection:
        connection.execute("ALTER TABLE claims ADD CHECK (false)")
    assert move(database_url, var, "database").exit_code == 2
    assert everything(database)["events.stored_events"].rows == 0, "all of a schema or nothing"
    assert everything(database)["keys.keys"].rows > 0, "what came before it is there"
    with tampering(database, LOG) as connection:
        connection.execute("ALTER TABLE claims DROP CONSTRAINT claims_check")
    again = move(database_url, var, "database")
    assert again.exit_code == 0, again.output
    assert everything(database) == everything(Place(var))


def test_a_target_that_holds_something_else_is_left_alone(
    var: Path, database_url: str, tmp_path: Path
) -> None:
    database = kept_at(var, database_url)
    with tampering(database, LOG) as connection:
        connection.execute(
            "INSERT INTO claims VALUES ('fieldside', 'token', 'somebody', 'elses', '')"
        )
    outcome = move(database_url, var, "database")
    assert outcome.exit_code == 2
    assert "holds something else" in outcome.output
    assert everything(database)["events.stored_events"].rows == 0


@pytest.mark.parametrize("side", ["source", "target"])
def test_nothing_is_moved_under_a_program_at_work(var: Path, database_url: str, side: str) -> None:
    database = kept_at(var, database_url)
    with working(Place(var) if side == "source" else database):
        outcome = move(database_url, var, "database")
    assert outcome.exit_code == 2
    assert "Stop every program" in outcome.output
    assert everything(database)["keys.keys"].rows <= 1


def test_a_damaged_history_is_not_moved_as_if_it_were_whole(var: Path, database_url: str) -> None:
    kept_at(var, database_url)
    with tampering(Place(var), LOG) as attacker:
        attacker.execute("UPDATE stored_events SET topic = 'incidents.case_closed' WHERE id = 3")
    outcome = move(database_url, var, "database")
    assert outcome.exit_code == 1
    assert "TAMPERED" in outcome.output


@pytest.mark.parametrize(
    ("source", "target", "why"),
    [
        ("here", "there", "copy a folder with cp"),
        ("database", "postgresql://127.0.0.1/other", "copy a folder with cp"),
        ("here", "database", "There is no installation"),
        ("database", "here", "The keys of the installation are not in"),
    ],
)
def test_sides_that_cannot_be_moved_between_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, target: str, why: str
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = move("postgresql://127.0.0.1/caseward", source, target)
    assert outcome.exit_code == 2
    assert why in outcome.output
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_was_not_migrated_is_asked_for(var: Path, database_url: str) -> None:
    outcome = move(database_url, var, "database")
    assert outcome.exit_code == 2
    assert "migrate" in outcome.output


def test_every_schema_is_moved_or_made_anew() -> None:
    follows_from_the_log = {"views", "search", "followers", "statistics"}
    moved = {schema.name for schema in MOVED}
    assert {schema.name for schema in SCHEMAS} <= moved | follows_from_the_log
