"""The installation itself: its tables."""

from contextlib import closing

import click

from durable import DatabaseError, StoreUnavailable
from incidents.cli.ground import Failed, settings_here


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
