"""Every figure, one JSON line each: {"name", "ratio", "against", "bar", "holds"}.

A ratio compares two things measured in turns in one run on this machine, so that it means the same
on a slow one. Each part runs in a process of its own. Exits 1 if a figure misses its bar.
"""

import json
import subprocess
import sys
from typing import Final

PARTS: Final = ("tests.bench.store", "tests.bench.installation")


def main() -> int:
    """Run every part and pass its lines on; return the exit code."""
    missed = 0
    for part in PARTS:
        with subprocess.Popen(
            [sys.executable, "-m", part], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                sys.stdout.write(line)
                sys.stdout.flush()
                missed += json.loads(line)["holds"] is False
        if process.returncode != 0:
            sys.exit(f"{part} failed with exit code {process.returncode}")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
