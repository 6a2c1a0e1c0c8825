"""One program under supervision: its output, its end, and the wait before it is started again."""

import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from deploy.children import Child, Pace, describe
from deploy.procfile import Program
from tests.support.waiting import until

ROOT = Path(__file__).parents[2]


def ended(child: Child) -> bool:
    """Read and reap until the process has ended."""
    if child.output is not None:
        child.read()
    return child.reap()


def child_that(code: str, pace: Pace, said: list[bytes], *, kept: bool = False) -> Child:
    program = Program("example", [sys.executable, "-c", textwrap.dedent(code)], {})
    return Child(program, kept=kept, pace=pace, say=said.append)


def test_output_comes_in_whole_lines_the_last_one_also_without_its_end() -> None:
    said: list[bytes] = []
    code = r"""
        import os, time
        os.write(1, b"first half, "); os.write(2, b"second half\n\nanother"); os.write(1, b" one")
    """
    child = child_that(code, Pace(), said)
    child.start(ROOT)
    until(lambda: ended(child))
    assert said == [b"first half, second half", b"another one"]
    assert (child.exit_code, child.pid, child.start_due) == (0, None, None)


def test_a_line_without_end_does_not_fill_the_memory() -> None:
    said: list[bytes] = []
    child = child_that("print('x' * 1_000_000, end='')", Pace(), said)
    child.start(ROOT)
    until(lambda: ended(child))
    assert sum(map(len, said)) == 1_000_000
    assert max(map(len, said)) <= 2 << 16


@pytest.mark.parametrize(
    ("well", "expected"), [(3600.0, [0.01, 0.02, 0.04, 0.05, 0.05]), (0.0, [0.01] * 5)]
)
def test_the_wait_doubles_up_to_the_longest_and_is_forgotten_after_running_well(
    well: float, expected: list[float]
) -> None:
    said: list[bytes] = []
    pace = Pace(first=0.01, longest=0.05, well=well)
    child = child_that("import sys; sys.exit(7)", pace, said, kept=True)
    for wait in expected:
        before = time.monotonic()
        child.start(ROOT)
        until(lambda: ended(child))
        assert child.start_due is not None
        assert before + wait < child.start_due < time.monotonic() + wait
        assert said[-1] == b"ended with exit code 7; starting it again in %s s" % str(wait).encode()


DEAF = """
import signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open(sys.argv[1], "w").close()
signal.pause()
"""

GRACE = """
import sys
from pathlib import Path
from deploy.children import Pace
from deploy.procfile import Program
from deploy.supervisor import Supervisor

deaf, marker = sys.argv[1:]
supervisor = Supervisor(Path(), pace=Pace(grace=0.05), width=4, changed=lambda: None)
supervisor.keep(Program("deaf", [sys.executable, "-c", deaf, marker], {}))
assert supervisor.until(Path(marker).exists, 20)
print(list(supervisor.pids))
supervisor.stop()
print(list(supervisor.pids))
"""


def test_a_program_that_does_not_end_in_its_grace_is_killed(tmp_path: Path) -> None:
    # In a process of its own, because a supervisor takes over the signals.
    command = [sys.executable, "-c", GRACE, DEAF, str(tmp_path / "deaf")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert done.stdout == "['deaf']\n[]\n", done.stderr


@pytest.mark.parametrize(
    ("code", "words"),
    [(0, "ended with exit code 0"), (-9, "was ended by SIGKILL"), (-99, "was ended by signal 99")],
)
def test_an_end_is_put_in_words(code: int, words: str) -> None:
    assert describe(code) == words
