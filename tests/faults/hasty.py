"""The notifier as it is, but for its pauses after a failed try: a minute of them is a second here.

Otherwise a mail server that is away at the wrong moment, twice, would be six minutes of waiting.
"""

from notifier import schedule
from notifier.__main__ import main

schedule.MINUTES = tuple(minutes / 60 for minutes in schedule.MINUTES)  # type: ignore[misc]  # Final for everybody else

if __name__ == "__main__":
    main(prog_name="python -m tests.faults.hasty")
