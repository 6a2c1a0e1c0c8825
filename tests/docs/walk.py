"""The commands of a page, run as a reader runs them, and what the page says comes out.

A fenced block marked `sh` is run. A block marked `text` right below it is its output, where `…`
stands for anything within a line, and a line of `…` alone for any lines. Everything else has to be
there, to the letter; where no output is shown, there is none.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Final

from tests.deploy.supervised import Supervised

ROOT: Final = Path(__file__).parents[2]
ADDRESS: Final = "http://127.0.0.1:8000"
SECONDS: Final = 120
_FENCE: Final = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_BETWEEN: Final = "\x1e"
"""Printed in front of each block: no command of a page prints it."""


@dataclass(frozen=True, slots=True)
class Block:
    """Some commands, and the output that the page promises below them."""

    line: int
    commands: str
    promised: str = ""


def page(name: str, installation: Supervised) -> str:
    """Return a page that speaks of this installation instead of the usual address."""
    return (ROOT / name).read_text().replace(ADDRESS, installation.state["api"])


def blocks(text: str) -> list[Block]:
    """Return what is to be run in some Markdown, in order."""
    found: list[Block] = []
    end = -1
    for fence in _FENCE.finditer(text):
        match fence[1]:
            case "sh":
                found.append(Block(text.count("\n", 0, fence.start()) + 1, fence[2]))
            case "text":
                assert text[end : fence.start()] == "\n", f"an output with no commands: {fence[2]}"
                found[-1] = Block(found[-1].line, found[-1].commands, fence[2])
        end = fence.end()
    return found


def section(text: str, heading: str) -> str:
    """Return the part of a page under this heading of the second level."""
    _, _, rest = text.partition(f"\n## {heading}\n")
    assert rest, f"there is no heading “{heading}”"
    return rest.partition("\n## ")[0]


def folder_for(folder: Path) -> Path:
    """Make `folder` look like the checkout to a reader's commands, but for what they write.

    Its `.venv/bin/python` is the one that runs the tests.
    """
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec {quote(sys.executable)} "$@"\n')
    python.chmod(0o755)
    for name in ("deploy", "services"):
        (folder / name).symlink_to(ROOT / name)
    return folder


def run(walk: Sequence[Block], cwd: Path) -> list[str]:
    """Run all blocks in one bash, which ends at the first failure. Return what each printed.

    Raises `AssertionError` with the line and the output of the block that failed or did not end.
    """
    script = "set -euo pipefail\n" + "".join(
        f"printf '{_BETWEEN}'\n{block.commands}" for block in walk
    )
    bash = subprocess.Popen(
        ["bash", "-c", script],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT / "services")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        printed, _ = bash.communicate(timeout=SECONDS)
        how = f"ends with {bash.returncode}"
    except subprocess.TimeoutExpired:
        bash.kill()
        printed, _ = bash.communicate()
        how = f"has not ended after {SECONDS} s"
    outputs = printed.split(_BETWEEN)[1:]
    assert bash.returncode == 0, f"line {walk[len(outputs) - 1].line} {how}:\n{outputs[-1]}"
    return outputs


def unkept(walk: Iterable[Block], outputs: Iterable[str]) -> list[str]:
    """Return what the page promises and did not come out, or came out without a promise."""
    return [
        f"line {block.line} should print\n{block.promised}and printed\n{output}"
        for block, output in zip(walk, outputs, strict=True)
        if not as_promised(block.promised, output)
    ]


def as_promised(promised: str, output: str) -> bool:
    """Whether the output is what the page shows, where `…` stands for what was left out."""
    pattern = "".join(
        r"(?:.*\n)*" if line == "…" else re.escape(line).replace("…", ".*") + r"[ \r]*\n"
        for line in promised.splitlines()
    )
    return re.fullmatch(pattern, output) is not None
