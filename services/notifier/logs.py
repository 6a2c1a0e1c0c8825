"""The log: one JSON object a line, of codes and ids; never what people wrote or are called.

A library's own words may quote what it was handed, so only where and of which kind its trouble was
is written down.
"""

import logging
import sys
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, TextIO

import msgspec

OURS: Final = "notifier"
FIELDS: Final = (
    "letter_id",
    "letter",
    "case_id",
    "event_id",
    "type",
    "state",
    "reason",
    "seconds",
    "count",
)
"""What a line may say beside what happened; everything else handed to a logger is left out."""


class JsonLine(logging.Formatter):
    """Formats a record as one line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "source": record.name,
        }
        if record.name.split(".")[0] == OURS:
            line["what"] = record.getMessage()
            line |= {n: str(v) for n in FIELDS if (v := getattr(record, n, None)) is not None}
        if record.exc_info and record.exc_info[0]:
            kind, _, at = record.exc_info
            line |= {"fault": kind.__name__, "at": _places(at)}
        return msgspec.json.encode(line).decode()


def _places(at: TracebackType | None) -> list[str]:
    """Return file, line and function of the innermost calls, without the values they were given."""
    return [f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(at)[-6:]]


def start(stream: TextIO = sys.stderr) -> None:
    """Write the log of this process to `stream`."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLine())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger(OURS).setLevel(logging.INFO)
