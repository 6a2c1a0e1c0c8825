"""Files that are written from the code: schemas, and the generated parts of the documentation."""

import sys
from collections.abc import Mapping
from pathlib import Path

import click


@click.command(help="Write what schemas/ holds of this service, or check that it is up to date.")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--check", is_flag=True, help="Change nothing; exit 1 if a file differs.")
def schemas(folder: Path, check: bool) -> None:
    from incidents.api.app import openapi_document
    from incidents.contract import files

    _write_or_check(folder, {**files(), "openapi.json": openapi_document()}, check, "make schemas")


@click.command(help="Write the generated parts of docs/ and README.md, or check them.")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--check", is_flag=True, help="Change nothing; exit 1 if a file differs.")
def docs(folder: Path, check: bool) -> None:
    from incidents.reference import files

    _write_or_check(folder, files(folder), check, "make docs")


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
