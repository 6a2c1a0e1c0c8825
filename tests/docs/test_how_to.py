"""The recipes do what they say."""

import json
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from deploy.ports import free_port
from tests.deploy.supervised import Supervised, supervised
from tests.docs.conftest import PROCFILE
from tests.docs.walk import blocks, folder_for, page, run, section, unkept
from tests.support.smtp_server import SmtpServer
from tests.support.waiting import until


def read(installation: Supervised, who: str, path: str) -> Any:
    """Return what is at this address for this user of the demonstration school."""
    token = json.loads((installation.var / "demo" / "tokens.json").read_text())[who]
    asked = Request(installation.state["api"] + path, headers={"Authorization": f"Bearer {token}"})
    with urlopen(asked) as answer:
        return json.load(answer)


def report(installation: Supervised) -> str:
    """Report an incident as the README does, and return the path of the case."""
    walk = blocks(section(page("README.md", installation), "Reporting an incident"))
    (answer,) = run(walk, installation.var.parent)
    return f"/api/cases/{json.loads(answer)['case_id']}"


def fate(installation: Supervised, case: str) -> list[str]:
    letters = read(installation, "headteacher", case)["letters"]
    return [letter["state"] for letter in letters]


def covered(installation: Supervised) -> bool:
    """Whether the newest checkpoint vouches for everything that is in the log."""
    newest = installation.var / "checkpoints" / "latest.txt"
    size = int(newest.read_text().splitlines()[1]) if newest.exists() else 0
    with urlopen(f"{installation.state['api']}/metrics") as answer:
        return f"caseward_log_head {size}\n" in answer.read().decode()


def follow(name: str, installation: Supervised) -> None:
    """Run a recipe, and compare what comes out with what it says."""
    walk = blocks(page(name, installation))
    broken = unkept(walk, run(walk, installation.var.parent))
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize("recipe", ["change-a-letter", "keep-checkpoints", "read-the-history"])
def test_every_command_of_a_recipe_prints_what_the_recipe_says(
    installation: Supervised, recipe: str
) -> None:
    case = report(installation)
    until(lambda: fate(installation, case) == ["sent"])
    until(lambda: covered(installation))
    follow(f"docs/how-to/{recipe}.md", installation)


def test_the_recipe_for_an_uncertain_letter_gets_it_sent(
    tmp_path: Path, smtp_server: SmtpServer
) -> None:
    folder, port = folder_for(tmp_path / "walk"), free_port()
    with supervised(
        folder, PROCFILE.read_text(), port=port, SMTP_URL=smtp_server.url
    ) as installation:
        installation.until_ready()
        # The alert to the senior leaders, and the letter to the reporter.
        smtp_server.drop_after_data(kept=False, times=2)
        case = report(installation)
        until(lambda: fate(installation, case) == ["uncertain"])
        follow("docs/how-to/when-a-letter-is-uncertain.md", installation)
        assert fate(installation, case) == ["sent"]
        assert [mail.message["To"] for mail in smtp_server.mails] == [
            "The class teacher <staff@demonstration.example.org>"
        ]
        assert installation.stop() == 0
