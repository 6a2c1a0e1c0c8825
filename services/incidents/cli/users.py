"""The users of a school, as whoever runs the installation sees to them."""

from datetime import timedelta
from uuid import UUID

import click

from incidents.cli.ground import Failed, opened, settings_here


@click.group(help="The users of a school, their roles and tokens.")
def user() -> None:
    pass


@user.command("add", help="Add a user and print his id.")
@click.option("--school", required=True, help="The school's id, as in its school.toml.")
@click.option("--name", required=True)
@click.option("--email", required=True)
@click.option("--role", "roles", multiple=True, required=True, help="May be given several times.")
def add_user(school: str, name: str, email: str, roles: tuple[str, ...]) -> None:
    from incidents.domain.facts import SchoolId
    from incidents.domain.vocabulary import PEOPLES_ROLES, Role

    unknown = [role for role in roles if role not in PEOPLES_ROLES]
    if unknown:
        raise Failed(f"Not a role: {', '.join(unknown)}. Choose from {', '.join(PEOPLES_ROLES)}.")
    with opened(settings_here()) as installation:
        if school not in installation.schools:
            raise Failed("There is no such school in SCHOOL_DIR.")
        click.echo(installation.users.add(SchoolId(school), name, email, map(Role, roles)))


@user.command("token", help="Issue a token and print it. It can't be shown again.")
@click.option("--school", required=True)
@click.option("--user", "user_id", required=True, type=click.UUID)
@click.option("--days", default=90, show_default=True, type=click.IntRange(1, 366))
def issue_token(school: str, user_id: UUID, days: int) -> None:
    from incidents.domain.facts import SchoolId, UserId

    with opened(settings_here()) as installation:
        expires_at = installation.clock() + timedelta(days=days)
        try:
            token = installation.users.issue_token(SchoolId(school), UserId(user_id), expires_at)
        except LookupError as reason:
            raise Failed(str(reason)) from reason
    click.echo(token)


@user.command("end-role", help="Take a role away from a user, from now on.")
@click.option("--school", required=True)
@click.option("--user", "user_id", required=True, type=click.UUID)
@click.option("--role", required=True)
def end_role(school: str, user_id: UUID, role: str) -> None:
    from incidents.domain.facts import SchoolId, UserId
    from incidents.domain.vocabulary import PEOPLES_ROLES, Role

    if role not in PEOPLES_ROLES:
        raise Failed(f"Not a role: {role}. Choose from {', '.join(PEOPLES_ROLES)}.")
    with opened(settings_here()) as installation:
        try:
            installation.users.end_role(SchoolId(school), UserId(user_id), Role(role))
        except LookupError as reason:
            raise Failed(str(reason)) from reason


@user.command("revoke", help="Make all tokens of a user useless: he left, or one was lost.")
@click.option("--school", required=True)
@click.option("--user", "user_id", required=True, type=click.UUID)
def revoke_tokens(school: str, user_id: UUID) -> None:
    from incidents.domain.facts import SchoolId, UserId

    with opened(settings_here()) as installation:
        try:
            count = installation.users.revoke_all(SchoolId(school), UserId(user_id))
        except LookupError as reason:
            raise Failed(str(reason)) from reason
    click.echo(f"revoked: {count}")
