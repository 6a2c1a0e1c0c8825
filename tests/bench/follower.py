"""Keeps the lists of an installation up to date until SIGTERM, as its worker does.

Only the views: what else a worker does (evidence, deadlines, the way to NATS) no peer does.
"""

import signal
from threading import Event

from incidents.config import Settings
from incidents.installation import open_installation


def main() -> None:
    stop = Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stop.set())
    installation = open_installation(Settings.from_environment())
    try:
        installation.views.follow(installation.store, stop)
    finally:
        installation.close()


if __name__ == "__main__":
    main()
