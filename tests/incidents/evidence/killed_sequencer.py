"""A sequencer that kills itself at its n-th line: `killed_sequencer.py var n`, n = 0 for never.

Every line of the evidence and of the store counts, so that it dies in the middle of transactions
and between the writes of files as well as anywhere else. It prints how many lines it ran.
"""

import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any
from unittest.mock import patch

ROOT = Path(__file__).parents[3]
sys.path[:0] = [str(ROOT / "services"), str(ROOT)]

from incidents.evidence import sequencer  # noqa: E402  the path is set above
from tests.incidents.evidence.installation import Installation  # noqa: E402

COUNTED = (str(ROOT / "services" / "incidents"),)


def main(var: Path, last: int) -> None:
    """Sequence the log in small batches, a checkpoint after each."""
    lines = 0

    def count(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal lines
        if not frame.f_code.co_filename.startswith(COUNTED):
            return None
        lines += event == "line"
        if lines == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return count

    installation = Installation(var)
    with patch.object(sequencer, "BATCH", 7):
        sys.settrace(count)
        follower = installation.sequencer()
        follower.check_resumption()
        while batch := installation.log(reached(installation), 13):
            follower.take(batch)
            follower.sign()
        follower.sign()
        sys.settrace(None)
    print(lines)


def reached(installation: Installation) -> int:
    """Return the position of the last event that was sequenced."""
    with installation.tree().reading() as view:
        last = view.last()
    return last.position if last else 0


main(Path(sys.argv[1]), int(sys.argv[2]) or -1)
