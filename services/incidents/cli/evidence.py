"""What happened, and whether anybody has altered it."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click
import msgspec

from durable import Place
from incidents.cli.ground import Failed, opened, settings_here
from incidents.cli.progress import progress

if TYPE_CHECKING:
    from incidents.evidence import Report


@click.command(
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
    from incidents.evidence.kept_files import can_be_opened

    place = settings_here().place
    if place.in_files and not (place.folder / "events.db").exists():
        raise Failed(f"There is no installation in {place.folder}. Set VAR.")
    report = checked(place, kept)
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


def checked(place: Place, kept: Sequence[Path] = ()) -> "Report":
    """Return what the check of everything at `place` finds."""
    from incidents.evidence import audit
    from incidents.evidence.kept_files import kept_files_agree
    from incidents.installation import EVENTS, UPCASTERS
    from incidents.state_check import state_rows_agree

    with progress() as begin:
        return audit(
            place,
            kept=kept,
            checks=[
                lambda: state_rows_agree(place, EVENTS, UPCASTERS, begin("State rows")),
                lambda: kept_files_agree(place, EVENTS, UPCASTERS, begin("Kept files")),
            ],
            progress=begin("Events"),
        )


@click.command(help="Show a case as its history adds up to, words withheld. For the operator.")
@click.argument("case_id", type=click.UUID)
@click.option("--version", type=int, help="As it was at this version.")
def replay(case_id: UUID, version: int | None) -> None:
    from incidents.domain import case as rules
    from incidents.domain.access import Sight
    from incidents.pages import case_page

    with opened(settings_here()) as installation:
        history = installation.cases.history(case_id, version)
        if not history:
            raise Failed("There is no such case.")
        entry = installation.registers.replayed(history)
        if entry is not None:
            _echo_json(entry)
            return
        page = case_page(
            rules.replay(history),
            Sight.AUDIT,
            lambda text: None if text is None else "[withheld]",
            installation.clock(),
        )
    _echo_json(page)


@click.command(help="Write the bundle of a case: a zip that verifies offline. Words stay sealed.")
@click.argument("case_id", type=click.UUID)
@click.argument("path", type=click.Path(path_type=Path))
def export(case_id: UUID, path: Path) -> None:
    from incidents.evidence import NotYetCovered, build_bundle

    with opened(settings_here()) as installation:
        events = installation.store.stored(case_id)
        if not events:
            raise Failed("There is no such case.")
        try:
            bundle = build_bundle(events, tree=installation.tree, folder=installation.checkpoints)
        except NotYetCovered as reason:
            raise Failed(str(reason)) from reason
    path.write_bytes(bundle)
    click.echo(f"{path}: {len(events)} events. Check it with: python verify.py {path}")


def _echo_json(value: object) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))
