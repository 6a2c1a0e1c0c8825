"""Every figure, one JSON line each: {"name", "ratio", "spread", "against", "bar", "holds"}.

A ratio compares two things measured in turns in one run on this machine, so that it means the same
on a slow one. Each part runs in a process of its own. Exits 1 if a figure misses its bar.
"""

import json
import subprocess
import sys
from typing import Final

PARTS: Final = ("tests.bench.store", "tests.bench.installation", "tests.bench.comparison")


def main() -> int:
    """Run every part and pass its lines on; return the exit code."""
    return max([_run(part) for part in PARTS])


def _run(part: str) -> int:
    """Return 1 if a figure misses its bar. Ends the program if the part itself has failed."""
    missed = False
    with subprocess.Popen(
        [sys.executable, "-m", part], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            missed |= json.loads(line)["holds"] is False
    if process.returncode != int(missed):
        sys.exit(f"{part} failed with exit code {process.returncode}")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
