"""The command line: `python -m notifier` runs it, the other commands look after it."""

import asyncio
import ctypes
import json
import signal
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

import click

from durable import Database, DatabaseError, Place, StoreUnavailable
from notifier import logs
from notifier.clock import now
from notifier.config import Settings
from notifier.contract import NoSchema
from notifier.database import FILE, SCHEMA, LedgerInUse, open_ledger
from notifier.fates import State
from notifier.inbox import Inbox
from notifier.ledger import Ledger, LetterRow
from notifier.outbox import Outbox
from notifier.rules import BadLetters
from notifier.transports.smtp import BadSmtpUrl

EXAMPLES: Final = """
\b
Examples:
  python -m notifier                                run it
  python -m notifier letters --state uncertain      what waits for somebody to find out
  python -m notifier migrate --role ROLE            make its tables in PostgreSQL
  python -m notifier dead-letters --retry EVENT     try an event again that was given up
  python -m notifier lint --letters my-letters      check templates before they are used
"""

MALLOC: Final = ((-8, 1), (-3, 64 * 1024), (-1, 128 * 1024))
"""M_ARENA_MAX, M_MMAP_THRESHOLD and M_TRIM_THRESHOLD of glibc's malloc.h, and their values."""

AS_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


class Failed(click.ClickException):
    """Ends the program with 1 and a sentence."""


@click.group(invoke_without_command=True, epilog=EXAMPLES)
@click.pass_context
def main(context: click.Context) -> None:
    """Write the letters that cases ask for, and send them once they may be sent.

    Settings come from the environment: VAR, DATABASE_URL, NATS_URL, NATS_NKEY_SEED_FILE,
    SMTP_URL, SMTP_CONNECTIONS, MAIL_DOMAIN, LETTERS_DIR, SCHEMAS_DIR.
    """
    if context.invoked_subcommand is None:
        _run()


def _run() -> None:
    from notifier.consumer import LedgerBehind
    from notifier.outcomes import LedgerDiverged
    from notifier.service import BrokerClosed

    settings = _settings()
    logs.start()
    _keep_memory_small()
    try:
        asyncio.run(_until_told_to_stop(settings))
    except (
        BadLetters,
        BadSmtpUrl,
        BrokerClosed,
        LedgerBehind,
        LedgerDiverged,
        LedgerInUse,
        NoSchema,
        StoreUnavailable,
    ) as reason:
        raise Failed(str(reason)) from reason


def _keep_memory_small() -> None:
    """Measured after 300 letters: a steady 81 MB instead of 96.

    Threads share one heap, and what Typst needs for a page is given back once it is set.
    """
    with suppress(OSError, AttributeError):  # only glibc has it
        libc = ctypes.CDLL(None)
        for number, value in MALLOC:
            libc.mallopt(number, value)


async def _until_told_to_stop(settings: Settings) -> None:
    from notifier.service import run

    stopping, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await run(settings, stopping)


@main.command()
@click.option("--state", type=click.Choice([state.value for state in State]), help="Only these.")
@AS_JSON
def letters(state: str | None, as_json: bool) -> None:
    """List the letters and alerts of the ledger, oldest first."""
    with _database() as database:
        ledger = Ledger(database, Outbox(database), now)
        rows = ledger.in_state(State(state)) if state else ledger.letters()
        _show(map(_letter, rows), as_json)


@main.command()
@click.option("--retry", type=click.UUID, metavar="EVENT", help="Try this dead event again.")
@click.option("--skip", type=click.UUID, metavar="EVENT", help="Leave it undone, and go on.")
@AS_JSON
def dead_letters(retry: UUID | None, skip: UUID | None, as_json: bool) -> None:
    """List the events that are held or were given up, with what their cases wait for.

    A dead event holds up its own case, so that nothing happens out of order, until it is tried
    again successfully or skipped.
    """
    with _database() as database:
        inbox = Inbox(database)
        if retry is not None and not inbox.try_again(retry, now()):
            raise Failed("There is no dead event of this id.")
        if skip is not None and not inbox.skip(skip):
            raise Failed("There is no dead event of this id.")
        _show(
            (
                {
                    "event_id": str(waiting.event_id),
                    "case_id": str(waiting.case_id or "-"),
                    "type": waiting.type,
                    "state": waiting.state.value,
                    "age": _age(waiting.received_at),
                    "tries": waiting.tries,
                    "reason": waiting.reason or "",
                }
                for waiting in inbox.waiting()
            ),
            as_json,
        )


@main.command()
@click.option("--role", help="The role that the notifier signs in with: grant it what it needs.")
def migrate(role: str | None) -> None:
    """Make the ledger's tables in the database that DATABASE_URL names, or bring them up to date.

    To be run as the owner of the database, before the notifier of a new version is started. A file
    needs none of it: the notifier sees to it itself.
    """
    try:
        with closing(_settings().place.open(SCHEMA, migrate=False)) as database:
            taken = database.migrate(role)
    except (DatabaseError, StoreUnavailable) as reason:
        raise Failed(str(reason)) from reason
    click.echo(f"The ledger is up to date: {taken or 'no'} step{'s' * (taken != 1)} taken.")


@main.command()
@click.option("--to", "target", required=True, type=click.Choice(["database", "files"]))
def move(target: str) -> None:
    """Move the ledger between its file in VAR and the database that DATABASE_URL names.

    Stop the notifier first; the database must have been migrated and be empty. What arrives is
    compared with what was sent, and the source is left as it is. To be run as the owner of the
    database.
    """
    from durable.moving import InUse, NotEmpty, NotTheSame, expect_unused, move_schema

    database = _settings().place
    if database.in_files:
        raise Failed("Set DATABASE_URL to the database to move to or from.")
    files = Place(database.folder)
    giving, taking = (files, database) if target == "database" else (database, files)
    if giving is files and not (files.folder / FILE).exists():
        raise Failed(f"There is no ledger in {files.folder}. Set VAR to the notifier's folder.")
    try:
        for place in (giving, taking):
            expect_unused(place, [SCHEMA])
        with closing(open_ledger(giving)) as ledger, closing(open_ledger(taking)) as new:
            rows = move_schema(ledger, new)
    except (DatabaseError, InUse, NotEmpty, NotTheSame, StoreUnavailable) as reason:
        raise Failed(str(reason)) from reason
    click.echo(f"Moved: {rows} row{'s' * (rows != 1)}, the same on both sides.")


@main.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--check", is_flag=True, help="Change nothing; exit 1 if a file differs.")
def schemas(folder: Path, check: bool) -> None:
    """Write what FOLDER holds of this service's messages, or check that it is up to date."""
    from notifier.schema_files import stale, write

    if not check:
        for name in write(folder):
            click.echo(f"wrote {folder / name}")
        return
    if behind := stale(folder):
        listed = "\n".join(f"  {folder / name}" for name in behind)
        raise Failed(f"Not what the code says; run `make schemas`:\n{listed}")


@main.command()
@click.option("--letters", "folder", type=click.Path(file_okay=False, path_type=Path))
def lint(folder: Path | None) -> None:
    """Check the table of letters and every template, as a start does."""
    from notifier.render import Renderer

    settings = _settings()
    try:
        Renderer(folder or settings.letters_dir, settings.schemas_dir)
    except BadLetters as refused:
        raise Failed("\n".join(refused.problems)) from refused
    click.echo("All letters can be used.")


def _letter(row: LetterRow) -> dict[str, object]:
    return {
        "letter_id": str(row.letter_id),
        "letter": row.letter,
        "state": row.state.value,
        "age": _age(row.created_at),
        "failures": row.failures,
        "next_at": row.next_at.isoformat(timespec="seconds"),
        "reason": row.reason or "",
    }


def _show(rows: Iterable[Mapping[str, object]], as_json: bool) -> None:
    found = list(rows)
    if as_json:
        for row in found:
            click.echo(json.dumps(row))
    elif not found:
        click.echo("None.")
    else:
        names = list(found[0])
        table = [names, *([str(row[name]) for name in names] for row in found)]
        widths = [max(len(line[column]) for line in table) for column in range(len(names))]
        for line in table:
            padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
            click.echo("  ".join(padded).rstrip())


def _age(since: datetime) -> str:
    return str(timedelta(seconds=int((now() - since).total_seconds())))


@contextmanager
def _database() -> Iterator[Database]:
    """The ledger of a notifier, which may be running."""
    place = _settings().place
    path = place.folder / FILE
    if place.in_files and not path.exists():
        raise Failed(f"There is no ledger at {path}. Set VAR to the notifier's folder.")
    try:
        with closing(open_ledger(place)) as database:
            yield database
    except StoreUnavailable as reason:
        raise Failed(str(reason)) from reason


def _settings() -> Settings:
    try:
        return Settings.from_environment()
    except ValueError as reason:
        raise Failed(str(reason)) from reason


if __name__ == "__main__":
    sys.exit(main())
