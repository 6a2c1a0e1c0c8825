"""The lists and the search index: built anew from the history when that is wanted."""

import dataclasses
import json
import sys
from collections.abc import Mapping
from typing import Final

import click

from incidents.cli.ground import Failed, opened, settings_here
from incidents.cli.progress import progress

DIFFERENT: Final = 1
_COMPARED: Final[Mapping[bool | None, str]] = {
    True: "What was shown until now was the same, byte by byte.",
    False: "What was shown until now differed: the new lists have taken its place.",
    None: "What was shown until now was not as far, and is not compared.",
}


@click.command(
    help="""Build the lists anew beside those that are shown and change over; index all words again.

    Nothing stops meanwhile; ended on the way, it has changed nothing. With --check it exits 1 when
    what was shown differed.

    Example: python -m incidents rebuild --replay --check
    """
)
@click.option("--replay", is_flag=True, help="From the events, not from where the cases stand.")
@click.option("--check", is_flag=True, help="Compare, byte by byte, with what was shown so far.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
def rebuild(replay: bool, check: bool, as_json: bool) -> None:
    from durable import HeldElsewhere, StoreUnavailable
    from incidents.views.rebuild import History, States
    from incidents.views.rebuild import rebuild as build

    with opened(settings_here()) as installation, progress() as begin:
        try:
            built = build(
                installation.views,
                installation.store,
                History() if replay else States(),
                compare=check,
                progress=begin("Lists"),
            )
            installation.search.rebuild(begin("Search"))
        except (HeldElsewhere, StoreUnavailable) as reason:
            raise Failed(str(reason)) from reason
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(built)))
    else:
        click.echo(f"{built.cases} cases, up to position {built.position} of the log.")
        if check:
            click.echo(_COMPARED[built.same])
    sys.exit(DIFFERENT if check and built.same is False else 0)
