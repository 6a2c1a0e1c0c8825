"""`make demo`: plays the scenarios through REST against the installation that runs here.

Each run adds new cases. What comes of them is kept in `VAR/demo/<scenario>/<reference>/`.
"""

import json
import sys
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console

from deploy.demo.client import PATIENCE_SECONDS, Client, Http, NotInTime, Refused
from deploy.demo.keeping import DoesNotVerify, keep, verify
from deploy.demo.narrator import Narrator
from deploy.demo.play import AtOnce, Play
from deploy.demo.post import Post
from deploy.demo.scenarios import SCENARIOS
from deploy.demo.steps import Scenario, Unexpected

NAMES: Final = tuple(scenario.name for scenario in SCENARIOS)
FAILED: Final = 1


class Failed(click.ClickException):
    """What can't be played, in words for whoever typed it."""

    exit_code = FAILED


@click.command(
    help="""Play the scenarios against the installation that runs here (`make run`).

    Without names, all of them. Days are told in a minute; every run adds new cases, and keeps
    their letters, history, proofs and e-mails in VAR/demo.

    Examples:

      python -m deploy.demo

      python -m deploy.demo a-threat --json
    """
)
@click.argument("names", nargs=-1, type=click.Choice(NAMES), metavar="[SCENARIO]...")
@click.option(
    "--var",
    envvar="VAR",
    default="var",
    show_default=True,
    show_envvar=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder of the installation.",
)
@click.option(
    "--patience",
    default=PATIENCE_SECONDS,
    show_default=True,
    help="Seconds to wait for a letter or an answer before giving up.",
)
@click.option("--json", "as_json", is_flag=True, help="Print only where everything is, as JSON.")
def main(names: tuple[str, ...], var: Path, patience: float, as_json: bool) -> None:
    narrator = Narrator(Console(stderr=as_json, quiet=as_json))
    client = Client(Http(_address(var)), _tokens(var), patience)
    wanted = [scenario for scenario in SCENARIOS if scenario.name in (names or NAMES)]
    narrator.say("These stories take days. They are played at once, with today's date.")
    try:
        kept = {scenario.name: str(_played(scenario, client, var, narrator)) for scenario in wanted}
        verdict = verify(var)
    except (NotInTime, Refused, Unexpected, DoesNotVerify) as reason:
        raise Failed(str(reason)) from reason
    narrator.say(f"\n{verdict}\nThe e-mails lie in {var / 'mailbox'}, everything else as said.")
    if as_json:
        click.echo(json.dumps({"kept": kept, "verdict": verdict}))


def _played(scenario: Scenario, client: Client, var: Path, narrator: Narrator) -> Path:
    play = Play(client, Post(var / "mailbox"), AtOnce())
    with narrator.playing(scenario):
        for step in scenario.steps:
            narrator.begins(step)
            narrator.done(step.take(play))
        folder = var / "demo" / scenario.name / play.reference
        keep(play, folder)
    narrator.kept(play.reference, folder)
    return folder


def _address(var: Path) -> str:
    running = _read(var / "run.json")
    if not running or not running.get("pids"):
        raise Failed(f"No installation runs in {var}. Start one with: make run")
    return str(running["api"])


def _tokens(var: Path) -> dict[str, str]:
    path = var / "demo" / "tokens.json"
    tokens = _read(path)
    if not tokens:
        raise Failed(
            f"{path} is missing: this installation has no demonstration school. `make run` makes "
            "one; so does: python -m incidents setup --demonstration"
        )
    return tokens


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    content = json.loads(path.read_text())
    assert isinstance(content, dict)
    return content


if __name__ == "__main__":
    sys.exit(main(prog_name="python -m deploy.demo"))
