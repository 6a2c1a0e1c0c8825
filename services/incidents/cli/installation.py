"""The installation itself: its tables, and where they are."""

import sys
from contextlib import closing
from pathlib import Path
from typing import Final

import click

from durable import DatabaseError, Place, StoreUnavailable
from incidents.cli.evidence import checked
from incidents.cli.ground import Failed, settings_here
from incidents.cli.progress import progress
from incidents.config import Settings

DATABASE: Final = "database"


@click.command(
    help="""Make the tables in the database that DATABASE_URL names, or bring them up to date.

    To be run as the owner of the database, before a new version is started. Files need none of it:
    the programs see to them themselves.

    Example: python -m incidents migrate --role caseward_incidents
    """
)
@click.option("--role", help="The role that the service signs in with: grant it what it needs.")
def migrate(role: str | None) -> None:
    from incidents.installation import SCHEMAS

    place, taken = settings_here().place, 0
    try:
        for schema in SCHEMAS:
            with closing(place.open(schema, migrate=False)) as database:
                taken += database.migrate(role)
    except (DatabaseError, StoreUnavailable) as reason:
        raise Failed(str(reason)) from reason
    click.echo(f"The tables are up to date: {taken or 'no'} step{'s' * (taken != 1)} taken.")


@click.command(
    help="""Move the installation between the files in a folder and a PostgreSQL database.

    Each side is a folder, the word `database` for what DATABASE_URL names, or a URL of its own,
    which everybody on the machine can read while the command runs. Keys, kept files and checkpoints
    stay in the folder. Stop every program first; a database must have been migrated and be empty.
    To be run as the owner of the database.

    What arrives is compared with what was sent and verified: exits as `verify` does. Begun again,
    it goes on where it was cut short. The source is left as it is.

    Example: python -m incidents move --from var --to database
    """
)
@click.option("--from", "source", required=True, metavar="PLACE", help="Where everything is.")
@click.option("--to", "target", required=True, metavar="PLACE", help="Where it is to be.")
def move(source: str, target: str) -> None:
    from durable.moving import InUse, NotEmpty, NotTheSame
    from incidents import moving
    from incidents.school_files import BadSchoolFile
    from incidents.store import MasterKeyUnusable

    settings = settings_here()
    giving, taking = _sides(settings, source, target)
    refusals = (InUse, NotEmpty, NotTheSame, BadSchoolFile, MasterKeyUnusable)
    try:
        with progress() as begin:
            moved = moving.move(settings, giving, taking, begin)
    except (DatabaseError, StoreUnavailable, *refusals) as reason:
        raise Failed(str(reason)) from reason
    click.echo(
        f"Moved: {moved.rows} rows, the same on both sides. The last position is {moved.head}, the "
        f"root of the tree {moved.root.hex()}."
    )
    report = checked(taking)
    click.echo("\n".join(report.lines()))
    sys.exit(report.exit_code)


def _sides(settings: Settings, source: str, target: str) -> tuple[Place, Place]:
    urls = [_url(settings, each) for each in (source, target)]
    if None not in urls or urls == [None, None]:
        raise Failed("One side has to be a folder and the other a database; copy a folder with cp.")
    folder = Path(source if urls[0] is None else target)
    if urls[0] is None and not (folder / "events.db").exists():
        raise Failed(f"There is no installation in {folder}.")
    if not (folder / "keys").is_dir():
        raise Failed(
            f"The keys of the installation are not in {folder}. Name the folder they are in."
        )
    return Place(folder, urls[0]), Place(folder, urls[1])


def _url(settings: Settings, side: str) -> str | None:
    if side == DATABASE:
        if settings.database_url is None:
            raise Failed("DATABASE_URL is not set.")
        return settings.database_url
    return side if side.startswith(("postgresql://", "postgres://")) else None
