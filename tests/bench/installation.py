"""What a whole installation on one machine costs: time to be ready, time to a mail, memory.

Run it with `services` and the repository's root on PYTHONPATH, `python -m
tests.bench.installation`. One JSON line per figure. These are absolute, so each is given as a share
of the bar it has to keep; they mean something on a machine that does nothing else.
"""

import json
import sys
from datetime import datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final

import psutil

from deploy.demo.scenarios import A_PARENTS_POST
from tests.support.whole import Whole, whole

READY_SECONDS: Final = 10.0
MAIL_SECONDS: Final = 0.150
MEGABYTES: Final = 350.0
ALERTS: Final = 40
PATIENCE: Final = 30.0
REPORT: Final = A_PARENTS_POST.steps[0]


def report(name: str, measured: float, bar: float, unit: str) -> bool:
    """Print a figure as a share of its bar, and say whether it keeps it."""
    ratio = measured / bar
    line = {
        "name": name,
        "ratio": round(ratio, 3),
        "against": f"a bar of {bar:g} {unit}",
        "bar": 1.0,
        "holds": ratio <= 1.0,
        "measured": round(measured, 4),
    }
    print(json.dumps(line), flush=True)
    return ratio <= 1.0


def main(folder: Path) -> int:
    """Return 0 when every bar holds."""
    with whole(folder):
        pass
    begun = perf_counter()
    with whole(folder) as running:
        ready = perf_counter() - begun
        to_mail = median(_seconds_to_mail(running) for _ in range(ALERTS))
        memory = _resident_megabytes(running)
    held = [
        report("`make run`, already set up, to ready", ready, READY_SECONDS, "s"),
        report("event committed to alert handed over, p50", to_mail, MAIL_SECONDS, "s"),
        report("resident memory of all processes, idle", memory, MEGABYTES, "MB"),
    ]
    return 0 if all(held) else 1


def _seconds_to_mail(running: Whole) -> float:
    """Report an incident, and return how long its alert took from the record to the mailbox."""
    play = running.play(running.client(PATIENCE))
    REPORT.take(play)
    [alert] = play.alerts("A1", 1)
    [mail] = play.post.about([alert["data"]["alert"]])
    arrived = datetime.strptime(mail.path.name.partition("-")[0], "%Y%m%dT%H%M%S.%f%z")
    recorded = datetime.fromisoformat(play.history()[0]["recorded_at"])
    # Nothing is left to do when the next report comes.
    play.letter("L1", "sent")
    return (arrived - recorded).total_seconds()


def _resident_megabytes(running: Whole) -> float:
    """The sum over all processes; what they share is counted for each."""
    pids = [running.state["supervisor"], *running.state["pids"].values()]
    return sum(psutil.Process(pid).memory_info().rss for pid in pids) / 1024**2


if __name__ == "__main__":
    with TemporaryDirectory() as here:
        sys.exit(main(Path(here)))
