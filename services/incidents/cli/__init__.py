"""The command line: `python -m incidents COMMAND`. A part is loaded only when it is asked for."""

import logging
import sys
from typing import Final

import click

from incidents.cli import evidence, generated, installation, running, users, views

_COMMANDS: Final = (
    running.serve,
    running.worker,
    running.setup,
    installation.migrate,
    installation.move,
    views.rebuild,
    evidence.verify,
    evidence.replay,
    evidence.export,
    users.user,
    generated.schemas,
    generated.docs,
)


@click.group(help="Caseward's incidents service. Settings come from the environment; see --help.")
def main() -> None:
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
        stream=sys.stderr,
    )


for command in _COMMANDS:
    main.add_command(command)
