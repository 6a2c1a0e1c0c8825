"""The incidents service as it is, on a machine whose clock was set back by an hour."""

from datetime import datetime, timedelta

from incidents import clock

_now = clock.now
BACK = timedelta(hours=1)


def an_hour_ago() -> datetime:
    return _now() - BACK


# Before anything has taken the clock for its own.
clock.now = an_hour_ago

if __name__ == "__main__":
    from incidents.cli import main

    main(prog_name="python -m tests.faults.early")
