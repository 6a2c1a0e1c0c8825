"""The tutorial and the README do what they say, on a real installation."""

import json

import pytest

from tests.deploy.supervised import Supervised
from tests.docs.walk import as_promised, blocks, page, run, section, unkept


def test_every_command_of_the_tutorial_prints_what_the_tutorial_says(
    installation: Supervised,
) -> None:
    walk = blocks(page("docs/tutorial.md", installation))
    broken = unkept(walk, run(walk, installation.var.parent))
    assert not broken, "\n".join(broken)


def test_the_commands_of_the_readme_report_an_incident_and_verify_it(
    installation: Supervised,
) -> None:
    readme = page("README.md", installation)
    headings = ("Reporting an incident", "Proving it")
    walk = [block for heading in headings for block in blocks(section(readme, heading))]
    reported, verified = run(walk, installation.var.parent)
    answer = json.loads(reported)
    assert answer.keys() == {"case_id", "reference", "version", "receipt"}
    assert [one["version"] for one in answer["receipt"]] == [*range(1, answer["version"] + 1)]
    assert verified.endswith("INTACT: the log is what its checkpoints say.\n")


@pytest.mark.parametrize(
    ("promised", "output", "kept"),
    [
        ("a\nb\n", "a\nb\n", True),
        ("a\nb\n", "a\nc\n", False),
        ("a\n", "a\nb\n", False),
        ("CW-… 4\n", "CW-7K4M-2QXD 4\n", True),
        ("CW-… 4\n", "CW-7K4M-2QXD 5\n", False),
        ("a\n…\nd\n", "a\nb\nc\nd\n", True),
        ("a\n…\nd\n", "a\nb\nc\n", False),
        ("a.c\n", "abc\n", False),
        ("", "", True),
        ("", "a\n", False),
    ],
)
def test_only_what_is_left_out_may_differ(promised: str, output: str, kept: bool) -> None:
    assert as_promised(promised, output) is kept
