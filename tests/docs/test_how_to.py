"""The recipes do what they say."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.request import Request, urlopen

import pytest

from deploy.ports import free_port
from tests.deploy.supervised import Supervised, supervised
from tests.docs.conftest import PROCFILE
from tests.docs.walk import blocks, folder_for, page, run, section, unkept
from tests.support.smtp_server import SmtpServer
from tests.support.waiting import until

UNCERTAIN: Final = "docs/how-to/when-a-letter-is-uncertain.md"
FAILED: Final = "\n## When it has failed\n"
ALERT_AND_LETTER: Final = 2
"""The mails that a report makes: to the senior leaders, and to the reporter."""
REPORTER: Final = "staff@demonstration.example.org"


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


def follow(recipe: str, installation: Supervised) -> None:
    """Run a recipe, and compare what comes out with what it says."""
    walk = blocks(recipe)
    broken = unkept(walk, run(walk, installation.var.parent))
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize("recipe", ["change-a-letter", "keep-checkpoints", "read-the-history"])
def test_every_command_of_a_recipe_prints_what_the_recipe_says(
    installation: Supervised, recipe: str
) -> None:
    case = report(installation)
    until(lambda: fate(installation, case) == ["sent"])
    until(lambda: covered(installation))
    follow(page(f"docs/how-to/{recipe}.md", installation), installation)


@pytest.fixture
def with_mail_server(tmp_path: Path, smtp_server: SmtpServer) -> Iterator[Supervised]:
    """An installation whose mail goes to `smtp_server`."""
    folder, port = folder_for(tmp_path / "walk"), free_port()
    with supervised(folder, PROCFILE.read_text(), port=port, SMTP_URL=smtp_server.url) as running:
        running.until_ready()
        yield running
        assert running.stop() == 0


def test_the_recipe_for_an_uncertain_letter_gets_it_sent(
    with_mail_server: Supervised, smtp_server: SmtpServer
) -> None:
    smtp_server.drop_after_data(kept=False, times=ALERT_AND_LETTER)
    case = report(with_mail_server)
    until(lambda: fate(with_mail_server, case) == ["uncertain"])
    follow(page(UNCERTAIN, with_mail_server).partition(FAILED)[0], with_mail_server)
    assert fate(with_mail_server, case) == ["sent"]
    assert [mail.recipients for mail in smtp_server.mails] == [[REPORTER]]


def test_the_recipe_for_a_failed_letter_gets_it_sent(
    with_mail_server: Supervised, smtp_server: SmtpServer
) -> None:
    smtp_server.refuse_recipient("550 5.1.1 no such mailbox", times=ALERT_AND_LETTER)
    case = report(with_mail_server)
    until(lambda: fate(with_mail_server, case) == ["failed"])
    tools, _, recipe = page(UNCERTAIN, with_mail_server).partition(FAILED)
    follow(f"{tools.partition('```text')[0].rpartition('```sh')[0]}{recipe}", with_mail_server)
    assert fate(with_mail_server, case) == ["sent"]
    assert [mail.recipients for mail in smtp_server.mails] == [[REPORTER]]
