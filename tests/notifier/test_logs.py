"""The log says what happened, in codes: nobody's name, address or words get into it."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from notifier import logs

SECRET = "parent@example.org"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    root, ours = logging.getLogger(), logging.getLogger("notifier")
    before = (root.handlers[:], root.level, ours.level)
    stream = io.StringIO()
    logs.start(stream)
    yield stream
    root.handlers[:], root.level, level = before[0], before[1], before[2]
    ours.setLevel(level)


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_a_line_is_a_json_object_with_the_listed_fields_only(log: io.StringIO) -> None:
    extra = {"letter_id": 7, "reason": "smtp-550", "email": SECRET}
    logging.getLogger("notifier.desk").info("letter-failed", extra=extra)
    [line] = lines(log)
    assert line["what"] == "letter-failed"
    assert (line["letter_id"], line["reason"]) == ("7", "smtp-550")
    assert line.keys() == {"time", "level", "source", "what", "letter_id", "reason"}


def test_a_fault_is_told_by_its_kind_and_place_and_not_by_its_words(log: io.StringIO) -> None:
    try:
        raise ValueError(f"cannot write to {SECRET}")
    except ValueError as fault:
        logging.getLogger("notifier.desk").error("fault", exc_info=fault)
    [line] = lines(log)
    assert line["fault"] == "ValueError"
    assert "test_logs.py" in line["at"][0]
    assert SECRET not in log.getvalue()


def test_a_librarys_own_words_are_left_out(log: io.StringIO) -> None:
    logging.getLogger("nats.aio").error("could not deliver %s", SECRET)
    logging.getLogger("nats.aio").info("all is well")
    [line] = lines(log)
    assert (line["source"], line["level"]) == ("nats.aio", "error")
    assert SECRET not in log.getvalue()
