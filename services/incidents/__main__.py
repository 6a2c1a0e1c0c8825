"""The command line: `python -m incidents COMMAND`. A part is loaded only when it is asked for."""

import json
import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click
import msgspec

from incidents.config import Settings

if TYPE_CHECKING:
    from incidents.installation import Installation

TAMPERED = 1
INCOMPLETE = 2


class Failed(click.ClickException):
    """What can't be done, in words for whoever typed it."""

    exit_code = INCOMPLETE


@click.group(help="Caseward's incidents service. Settings come from the environment; see --help.")
def main() -> None:
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
        stream=sys.stderr,
    )


@main.command(help="Answer REST requests on HOST:PORT, with API_WORKERS processes.")
def serve() -> None:
    from incidents.api.workers import Workers

    settings = _settings()
    if settings.api_workers > 1 and not settings.api_worker:
        command = (sys.executable, "-m", "incidents", "serve")
        Workers(command, settings.api_workers, logging.getLogger("incidents.api").warning).run()
    else:
        _serve(settings)


def _serve(settings: Settings) -> None:
    import uvicorn

    from incidents.api.app import create_app
    from incidents.api.workers import listening

    with _opened(settings) as installation:
        config = uvicorn.Config(
            create_app(installation),
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
        )
        config.load()
        # Only now, when nobody who connects has to wait for it.
        try:
            listener = listening(settings.host, settings.port, shared=settings.api_workers > 1)
        except OSError as reason:
            where = f"port {settings.port} of {settings.host}"
            raise Failed(f"Nothing can listen on {where}: {reason.strerror}.") from reason
        with listener, suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])


@main.command(help="Follow the log: views, evidence, deadlines, and the way to and from NATS.")
def worker() -> None:
    import asyncio

    from incidents.worker import run

    with _opened(_settings()) as installation:
        asyncio.run(run(installation))


@main.command(help="Create the streams and consumers in NATS. Changes nothing that is there.")
@click.option("--demonstration", is_flag=True, help="Also make a school to try things out with.")
def setup(demonstration: bool) -> None:
    import asyncio

    from incidents.broker import connect, set_up

    settings = _settings()

    async def streams() -> None:
        seed = settings.nats_nkey_seed_file
        broker = await connect(settings.nats_url, name="admin", nkey_seed_file=seed)
        try:
            await set_up(broker.jetstream)
        finally:
            await broker.close()

    asyncio.run(streams())
    if demonstration:
        from incidents.demonstration import prepare

        with _opened(settings) as installation:
            click.echo(f"Tokens of the demonstration school: {prepare(installation)}")


@main.command(
    help="""Check that nobody has altered the history. Exits 0 intact, 1 tampered, 2 incomplete.

    Example: python -m incidents verify --checkpoint kept/1234.txt
    """
)
@click.option(
    "--checkpoint",
    "kept",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A checkpoint that was kept elsewhere; may be given several times.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def verify(kept: tuple[Path, ...], as_json: bool) -> None:
    from incidents.evidence import audit
    from incidents.evidence.kept_files import can_be_opened, kept_files_agree
    from incidents.installation import EVENTS, UPCASTERS
    from incidents.state_check import state_rows_agree

    place = _settings().place
    if place.in_files and not (place.folder / "events.db").exists():
        raise Failed(f"There is no installation in {place.folder}. Set VAR.")
    with _progress() as begin:
        report = audit(
            place,
            kept=kept,
            checks=[
                lambda: state_rows_agree(place, EVENTS, UPCASTERS, begin("State rows")),
                lambda: kept_files_agree(place, EVENTS, UPCASTERS, begin("Kept files")),
            ],
            progress=begin("Events"),
        )
    if as_json:
        findings = [{"kind": f.kind, "place": f.place, "what": f.what} for f in report.findings]
        figures = {
            "events": report.events,
            "covered": report.covered,
            "kept_files_opened": can_be_opened(place),
        }
        click.echo(json.dumps({"exit": report.exit_code, **figures, "findings": findings}))
    else:
        lines = list(report.lines())
        if not can_be_opened(place):
            lines.insert(-1, "The keys are not here: kept files were counted, not opened.")
        click.echo("\n".join(lines))
    sys.exit(report.exit_code)


@main.command(help="Show a case as its history adds up to, words withheld. For the operator.")
@click.argument("case_id", type=click.UUID)
@click.option("--version", type=int, help="As it was at this version.")
def replay(case_id: UUID, version: int | None) -> None:
    from incidents.domain import case as rules
    from incidents.domain.access import Sight
    from incidents.pages import case_page

    with _opened(_settings()) as installation:
        history = installation.cases.history(case_id, version)
        if not history:
            raise Failed("There is no such case.")
        page = case_page(
            rules.replay(history),
            Sight.AUDIT,
            lambda text: None if text is None else "[withheld]",
            installation.clock(),
        )
    _echo_json(page)


@main.command(help="Write the bundle of a case: a zip that verifies offline. Words stay sealed.")
@click.argument("case_id", type=click.UUID)
@click.argument("path", type=click.Path(path_type=Path))
def export(case_id: UUID, path: Path) -> None:
    from incidents.evidence import NotYetCovered, build_bundle

    with _opened(_settings()) as installation:
        events = installation.store.stored(case_id)
        if not events:
            raise Failed("There is no such case.")
        try:
            bundle = build_bundle(events, tree=installation.tree, folder=installation.checkpoints)
        except NotYetCovered as reason:
            raise Failed(str(reason)) from reason
    path.write_bytes(bundle)
    click.echo(f"{path}: {len(events)} events. Check it with: python verify.py {path}")


@main.group(help="The users of a school, their roles and tokens.")
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
    with _opened(_settings()) as installation:
        if school not in installation.schools:
            raise Failed("There is no such school in SCHOOL_DIR.")
        click.echo(installation.users.add(SchoolId(school), name, email, map(Role, roles)))


@user.command("token", help="Issue a token and print it. It can't be shown again.")
@click.option("--school", required=True)
@click.option("--user", "user_id", required=True, type=click.UUID)
@click.option("--days", default=90, show_default=True, type=click.IntRange(1, 366))
def issue_token(school: str, user_id: UUID, days: int) -> None:
    from incidents.domain.facts import SchoolId, UserId

    with _opened(_settings()) as installation:
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
    with _opened(_settings()) as installation:
        try:
            installation.users.end_role(SchoolId(school), UserId(user_id), Role(role))
        except LookupError as reason:
            raise Failed(str(reason)) from reason


@user.command("revoke", help="Make all tokens of a user useless: he left, or one was lost.")
@click.option("--school", required=True)
@click.option("--user", "user_id", required=True, type=click.UUID)
def revoke_tokens(school: str, user_id: UUID) -> None:
    from incidents.domain.facts import SchoolId, UserId

    with _opened(_settings()) as installation:
        try:
            count = installation.users.revoke_all(SchoolId(school), UserId(user_id))
        except LookupError as reason:
            raise Failed(str(reason)) from reason
    click.echo(f"revoked: {count}")


@main.command(help="Write what schemas/ holds of this service, or check that it is up to date.")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--check", is_flag=True, help="Change nothing; exit 1 if a file differs.")
def schemas(folder: Path, check: bool) -> None:
    from incidents.api.app import openapi_document
    from incidents.contract import files

    _write_or_check(folder, {**files(), "openapi.json": openapi_document()}, check, "make schemas")


@main.command(help="Write the generated parts of docs/ and README.md, or check them.")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--check", is_flag=True, help="Change nothing; exit 1 if a file differs.")
def docs(folder: Path, check: bool) -> None:
    from incidents.reference import files

    _write_or_check(folder, files(folder), check, "make docs")


def _settings() -> Settings:
    try:
        return Settings.from_environment()
    except ValueError as reason:
        raise Failed(str(reason)) from reason


@contextmanager
def _opened(settings: Settings) -> "Iterator[Installation]":
    """The installation, closed again; what is wrong with it is said in words."""
    from incidents.installation import open_installation
    from incidents.school_files import BadSchoolFile
    from incidents.store import MasterKeyUnusable, StoreUnavailable

    try:
        installation = open_installation(settings)
    except (BadSchoolFile, MasterKeyUnusable, StoreUnavailable) as reason:
        raise Failed(str(reason)) from reason
    try:
        yield installation
    finally:
        installation.close()


@contextmanager
def _progress() -> Iterator[Callable[[str], Callable[[int, int], None]]]:
    """Begin a bar on a terminal, and nothing in a pipe: the report itself says what was done."""
    if not sys.stderr.isatty():
        yield lambda _what: lambda _done, _total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bars:

        def begin(what: str) -> Callable[[int, int], None]:
            task = bars.add_task(what)
            return lambda done, total: bars.update(task, completed=done, total=total)

        yield begin


def _echo_json(value: msgspec.Struct) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))


def _write_or_check(folder: Path, files: Mapping[str, bytes], check: bool, mend: str) -> None:
    """Every file that is not as it should be is written, or named."""
    differing = [
        name
        for name, content in files.items()
        if not (folder / name).exists() or (folder / name).read_bytes() != content
    ]
    if check and differing:
        click.echo(f"Out of date in {folder}: {', '.join(differing)}. Run: {mend}", err=True)
        sys.exit(1)
    for name in differing:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(files[name])
        click.echo(f"written: {folder / name}")


if __name__ == "__main__":
    main(prog_name="python -m incidents")
